"""The dialects of JSON Schema: for each, the keywords that assert something, and the function that reads each of them.

A keyword that is not in a dialect's table is an annotation there. Not supported: draft 3 and earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..grammar.errors import InvalidSchema, MaskwrightError, UnsupportedSchema
from . import keywords_any, keywords_arrays, keywords_numbers, keywords_objects, keywords_strings, keywords_unsupported
from .keywords_common import KeywordFunction


@dataclass(frozen=True)
class Dialect:
    """``ref_hides_siblings``: whether keywords beside ``$ref`` are ignored; ``id_keyword``: ``$id`` or ``id``."""

    name: str
    keywords: Mapping[str, KeywordFunction]
    ref_hides_siblings: bool = False
    id_keyword: str = "$id"


_CORE = {**keywords_any.COMMON, **keywords_strings.COMMON, **keywords_objects.COMMON}
_CORE6 = {**_CORE, **keywords_numbers.COMMON, **keywords_objects.FROM_6, "const": keywords_any.const}
_CORE7 = {**_CORE6, "if": keywords_any.if_}
_CORE2019 = {**_CORE7, **keywords_objects.FROM_2019}

DRAFT4 = Dialect(
    "draft4",
    {**_CORE, **keywords_numbers.DRAFT4, **keywords_arrays.DRAFT4, "type": keywords_any.type_draft4},
    ref_hides_siblings=True,
    id_keyword="id",
)
DRAFT6 = Dialect("draft6", {**_CORE6, **keywords_arrays.UNTIL_7}, ref_hides_siblings=True)
DRAFT7 = Dialect("draft7", {**_CORE7, **keywords_arrays.UNTIL_7}, ref_hides_siblings=True)
DRAFT2019 = Dialect("2019-09", {**_CORE2019, **keywords_arrays.DRAFT2019, **keywords_unsupported.DRAFT2019})
DRAFT2020 = Dialect("2020-12", {**_CORE2019, **keywords_arrays.DRAFT2020, **keywords_unsupported.DRAFT2020})

DEFAULT = DRAFT2020

_BY_NAME = {dialect.name: dialect for dialect in (DRAFT4, DRAFT6, DRAFT7, DRAFT2019, DRAFT2020)}
_BY_URI = {
    "json-schema.org/draft-04/schema": DRAFT4,
    "json-schema.org/draft-06/schema": DRAFT6,
    "json-schema.org/draft-07/schema": DRAFT7,
    "json-schema.org/draft/2019-09/schema": DRAFT2019,
    "json-schema.org/draft/2020-12/schema": DRAFT2020,
}
_UNSUPPORTED = tuple(f"json-schema.org/draft-0{number}/schema" for number in (0, 1, 2, 3))


def dialect_named(name: str) -> Dialect:
    """The dialect that an option names, by its short name or its URI."""
    dialect = _BY_NAME.get(name) or _BY_URI.get(_without_scheme(name))
    if dialect is None:
        raise MaskwrightError(f"there is no dialect {name!r}", remedy=f"it can be one of {', '.join(_BY_NAME)}")
    return dialect


def dialect_of(contents: object, default: Dialect) -> Dialect:
    """The dialect that the ``$schema`` of ``contents`` names; ``default`` where there is none or an unknown one."""
    if not isinstance(contents, dict) or "$schema" not in contents:
        return default
    uri = contents["$schema"]
    if not isinstance(uri, str):
        raise InvalidSchema(f"$schema must be a string, not {uri!r}", "/$schema")
    address = _without_scheme(uri)
    if address in _UNSUPPORTED:
        raise UnsupportedSchema(
            f"the dialect {uri!r} is not supported", "/$schema", "draft 4 is the earliest one that is"
        )
    return _BY_URI.get(address, default)


def _without_scheme(uri: str) -> str:
    return uri.partition("#")[0].partition("://")[2]
