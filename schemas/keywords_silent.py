"""Keywords that demand nothing by themselves: annotations, what names schemas, what another keyword reads.

Only their values are checked, as the metaschemas would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .values import exact, is_text

_NAME_2019 = re.compile(r"[A-Za-z][-A-Za-z0-9.:_]*")
_NAME_2020 = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*")


@dataclass(frozen=True)
class SilentKeyword:
    """``purpose``: what the keyword is for; a value that is not ``expected`` fails ``accepts``."""

    purpose: str
    expected: str
    accepts: Callable[[object], bool]
    remedy: str = ""


def _is_string(value: object) -> bool:
    return isinstance(value, str) and (value.isascii() or is_text(value))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_schema(value: object) -> bool:
    return isinstance(value, dict | bool)


def _is_count(value: object) -> bool:
    number = exact(value)
    return number is not None and number >= 0 and number.denominator == 1


def _is_vocabularies(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(flag, bool) for flag in value.values())


def _text(purpose: str) -> SilentKeyword:
    return SilentKeyword(purpose, "a string", _is_string)


def _flag(purpose: str) -> SilentKeyword:
    return SilentKeyword(purpose, "true or false", _is_flag)


def _schema(purpose: str) -> SilentKeyword:
    return SilentKeyword(purpose, "a schema", _is_schema)


def _count(purpose: str) -> SilentKeyword:
    return SilentKeyword(purpose, "a whole number that is not negative", _is_count)


def _name(purpose: str, expected: str, form: re.Pattern[str]) -> SilentKeyword:
    return SilentKeyword(purpose, expected, lambda name: isinstance(name, str) and form.fullmatch(name) is not None)


_ANNOTATION = "an annotation"
_NAMES = "gives the schema a name that references can use"
_ADDRESS = "gives the schema the URI that references are relative to"
_DEFINITIONS = SilentKeyword(
    "holds schemas for references; one that nothing refers to is not read",
    "an object",
    lambda value: isinstance(value, dict),
)
_NOT_HERE = "belongs to 2019-09 and is ignored in 2020-12"
_ID_2019 = SilentKeyword(
    _ADDRESS,
    "a URI without fragment",
    lambda uri: _is_string(uri) and not str(uri).partition("#")[2],
    "name the schema by $anchor",
)
_EXPECTED_2020 = "a name of letters, digits and -_. that begins with a letter or _"
_ANCHOR_2020 = _name(_NAMES, _EXPECTED_2020, _NAME_2020)

_COMMON = {
    "$schema": _text("chooses the dialect"),
    "definitions": _DEFINITIONS,
    "title": _text(_ANNOTATION),
    "description": _text(_ANNOTATION),
    "default": SilentKeyword(_ANNOTATION, "a JSON value", lambda _: True),
}

DRAFT4 = {**_COMMON, "id": _text(_ADDRESS)}

DRAFT6 = {
    **_COMMON,
    "$id": _text(_ADDRESS),
    "examples": SilentKeyword(_ANNOTATION, "an array", lambda value: isinstance(value, list | tuple)),
}

DRAFT7 = {
    **DRAFT6,
    "then": _schema("read with if; says nothing without it"),
    "else": _schema("read with if; says nothing without it"),
    "$comment": _text(_ANNOTATION),
    "readOnly": _flag(_ANNOTATION),
    "contentEncoding": _text(_ANNOTATION),
    "contentMediaType": _text(_ANNOTATION),
}

DRAFT2019 = {
    **DRAFT7,
    "$id": _ID_2019,
    "$defs": _DEFINITIONS,
    "$anchor": _name(_NAMES, "a name of letters, digits and -_:. that begins with a letter", _NAME_2019),
    "$recursiveAnchor": _flag("gives the schema the name that $recursiveRef looks for"),
    "$vocabulary": SilentKeyword(
        "in a metaschema: the vocabularies whose keywords count", "an object of true and false", _is_vocabularies
    ),
    "minContains": _count("read with contains; says nothing without it"),
    "maxContains": _count("read with contains; says nothing without it"),
    "writeOnly": _flag(_ANNOTATION),
    "deprecated": _flag(_ANNOTATION),
    "contentSchema": _schema(_ANNOTATION),
}

DRAFT2020 = {
    **DRAFT2019,
    "$anchor": _ANCHOR_2020,
    "$dynamicAnchor": _ANCHOR_2020,
    "$recursiveAnchor": _name(_NOT_HERE, _EXPECTED_2020, _NAME_2020),
    "$recursiveRef": _text(_NOT_HERE),
}
