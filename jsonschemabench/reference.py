"""``jsonschema`` as the judge of what is written, without what it leaves to Python: floats, ``re``, formats.

Numbers are exact fractions. Patterns are translated from ECMA-262 to Python's ``re`` as far as the classes ``\\d``,
``\\w`` and ``\\s``, the dot and ``$`` go; not supported are property escapes and other syntax that ``re`` has not. A
format is judged by the engine itself, as a schema of its own: only its interplay with other keywords is checked.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jsonschema
from jsonschema.validators import validator_for

import maskwright as mw

_MOST_EXPONENT_DIGITS = 3
_SPACES = r"\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACES}
_TOKENS = re.compile(r"\\c?.|[\[\].$]|[^\\\[\].$]+", re.DOTALL)


class CannotJudgeError(ValueError):
    """``jsonschema`` has no say here: a pattern that ``re`` cannot run, a number of a thousand digits."""


class Judge:
    """Judges texts by one schema. Raises ``CannotJudgeError``."""

    def __init__(self, schema: Any) -> None:
        kind = validator_for(schema, default=jsonschema.Draft202012Validator)
        self._draft4 = kind is jsonschema.Draft4Validator
        formats = jsonschema.FormatChecker(formats=())
        for name in _formats_in(schema):
            formats.checks(name)(_format_judge(name))
        self._validator = kind(self._exact(_translated(schema)), format_checker=formats)

    def accepts(self, text: bytes) -> bool:
        document = json.loads(text, parse_float=_fraction)
        return bool(self._validator.is_valid(self._exact(document)))

    def _exact(self, value: Any) -> Any:
        """``value`` with fractions for floats; but ``1.0`` is the integer 1, save in draft 4."""
        if isinstance(value, dict):
            return {name: self._exact(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._exact(inner) for inner in value]
        if isinstance(value, float):
            value = Fraction(repr(value))
        if isinstance(value, Fraction) and value.denominator == 1 and not self._draft4:
            return value.numerator
        return value


def _fraction(text: str) -> Fraction:
    if len(text.lower().partition("e")[2]) > _MOST_EXPONENT_DIGITS:
        raise CannotJudgeError(text)
    return Fraction(text)


# --- patterns


def _translated(schema: Any) -> Any:
    """``schema`` with all its patterns in Python's syntax."""
    if isinstance(schema, list):
        return [_translated(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    changed: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "pattern" and isinstance(value, str):
            changed[keyword] = python_pattern(value)
        elif keyword == "patternProperties" and isinstance(value, dict):
            changed[keyword] = {python_pattern(pattern): _translated(inner) for pattern, inner in value.items()}
        elif keyword in ("enum", "const", "default", "examples"):
            changed[keyword] = value
        else:
            changed[keyword] = _translated(value)
    return changed


@functools.cache
def python_pattern(pattern: str) -> str:
    """An ECMA-262 pattern in the syntax of ``re``."""
    parts, in_class = [], False
    for token in _TOKENS.findall(pattern):
        if token == "[" and not in_class:
            in_class = True
            parts.append(token)
        elif token == "]" and in_class:
            in_class = False
            parts.append(token)
        else:
            parts.append(_class_member(token) if in_class else _outside(token))
    translated = "".join(parts)
    try:
        re.compile(translated)
    except re.error as error:
        raise CannotJudgeError(pattern) from error
    return translated


def _class_member(token: str) -> str:
    if token[:1] == "\\" and token[1:].lower() in _CLASSES:
        if token[1:].isupper():
            raise CannotJudgeError(token)
        return _CLASSES[token[1:]]
    return re.sub(r"[\[&~|]|--", lambda found: "".join("\\" + each for each in found[0]), token)


def _outside(token: str) -> str:
    if token == "$":
        return r"\Z"
    if token == ".":
        return r"[^\n\r\u2028\u2029]"
    if token[:1] == "\\" and token[1:].lower() in _CLASSES:
        return f"[{'^' if token[1:].isupper() else ''}{_CLASSES[token[1:].lower()]}]"
    return "\\" + token if token == "]" else token


# --- formats


def _formats_in(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set[str]().union(*map(_formats_in, schema))
    if not isinstance(schema, dict):
        return set()
    named = {schema["format"]} if isinstance(schema.get("format"), str) else set()
    return named.union(*map(_formats_in, schema.values()))


@functools.cache
def _format_judge(name: str) -> Callable[[object], bool]:
    vocabulary = mw.Vocabulary.from_tokens([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])
    matcher = mw.compile({"type": "string", "format": name}, vocabulary).matcher()

    def accepts(value: object) -> bool:
        if not isinstance(value, str):
            return True
        text = json.dumps(value, ensure_ascii=False).encode()
        matcher.reset()
        return matcher.accept_tokens(list(text)) == len(text) and matcher.is_accepting()

    return accepts
