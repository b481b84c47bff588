"""The dialects of JSON Schema: for each, the keywords that assert something, and the function that reads each of them.

A keyword that a dialect does not have is an annotation there, of any value. Not supported: draft 3 and earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..grammar.errors import MaskwrightError, UnsupportedSchema
from . import (
    keywords_any,
    keywords_arrays,
    keywords_numbers,
    keywords_objects,
    keywords_references,
    keywords_silent,
    keywords_strings,
)
from .keywords_common import KeywordFunction
from .keywords_silent import SilentKeyword


@dataclass(frozen=True, eq=False)
class Dialect:
    """What the keywords of a dialect are. Compared by identity.

    ``keywords``: those that assert something; ``silent``: the others.
    ``places``: the keywords whose value is a schema or an array of schemas; ``maps``: those with an object of schemas.
    ``ref_hides_siblings``: whether keywords beside ``$ref`` are ignored; ``id_keyword``: ``$id`` or ``id``;
    ``names_in_ids``: whether the fragment of an id is a name; ``anchor_keywords``: other keywords that give names;
    ``dynamic_anchor``: the keyword of what dynamic references look for, ``""`` where there are none.
    """

    name: str
    uri: str
    keywords: Mapping[str, KeywordFunction]
    silent: Mapping[str, SilentKeyword]
    places: frozenset[str]
    maps: frozenset[str]
    ref_hides_siblings: bool = False
    id_keyword: str = "$id"
    names_in_ids: bool = False
    anchor_keywords: tuple[str, ...] = ()
    dynamic_anchor: str = ""


@lru_cache(4096)
def parted(dialect: Dialect, keywords: tuple[str, ...]) -> tuple[list[str], list[tuple[str, SilentKeyword]]]:
    """Which of a schema's ``keywords`` assert something, and which are silent; other schemas have the same ones."""
    if dialect.ref_hides_siblings and "$ref" in keywords:
        return ["$ref"], []
    silent = [(keyword, dialect.silent[keyword]) for keyword in keywords if keyword in dialect.silent]
    return [keyword for keyword in keywords if keyword in dialect.keywords], silent


_CORE = {**keywords_any.COMMON, **keywords_references.COMMON, **keywords_strings.COMMON, **keywords_objects.COMMON}
_CORE6 = {**_CORE, **keywords_numbers.COMMON, **keywords_objects.FROM_6, "const": keywords_any.const}
_CORE7 = {**_CORE6, "if": keywords_any.if_}
_CORE2019 = {**_CORE7, **keywords_objects.FROM_2019}

_PLACES4 = frozenset(("items", "additionalItems", "additionalProperties", "allOf", "anyOf", "oneOf", "not"))
_PLACES6 = _PLACES4 | {"contains", "propertyNames"}
_PLACES7 = _PLACES6 | {"if", "then", "else"}
_PLACES2019 = _PLACES7 | {"contentSchema", "unevaluatedItems", "unevaluatedProperties"}
_PLACES2020 = (_PLACES2019 | {"prefixItems"}) - {"additionalItems"}
_MAPS = frozenset(("definitions", "properties", "patternProperties"))
_MAPS2019 = _MAPS | {"$defs", "dependentSchemas"}

DRAFT4 = Dialect(
    "draft4",
    "http://json-schema.org/draft-04/schema",
    {**_CORE, **keywords_numbers.DRAFT4, **keywords_arrays.DRAFT4, "type": keywords_any.type_draft4},
    keywords_silent.DRAFT4,
    _PLACES4,
    _MAPS | {"dependencies"},
    ref_hides_siblings=True,
    id_keyword="id",
    names_in_ids=True,
)
DRAFT6 = Dialect(
    "draft6",
    "http://json-schema.org/draft-06/schema",
    {**_CORE6, **keywords_arrays.UNTIL_7},
    keywords_silent.DRAFT6,
    _PLACES6,
    _MAPS | {"dependencies"},
    ref_hides_siblings=True,
    names_in_ids=True,
)
DRAFT7 = Dialect(
    "draft7",
    "http://json-schema.org/draft-07/schema",
    {**_CORE7, **keywords_arrays.UNTIL_7},
    keywords_silent.DRAFT7,
    _PLACES7,
    _MAPS | {"dependencies"},
    ref_hides_siblings=True,
    names_in_ids=True,
)
DRAFT2019 = Dialect(
    "2019-09",
    "https://json-schema.org/draft/2019-09/schema",
    {
        **_CORE2019,
        **keywords_arrays.DRAFT2019,
        "$recursiveRef": keywords_references.recursive_ref,
    },
    keywords_silent.DRAFT2019,
    _PLACES2019,
    _MAPS2019,
    anchor_keywords=("$anchor",),
    dynamic_anchor="$recursiveAnchor",
)
DRAFT2020 = Dialect(
    "2020-12",
    "https://json-schema.org/draft/2020-12/schema",
    {
        **_CORE2019,
        **keywords_arrays.DRAFT2020,
        "$dynamicRef": keywords_references.dynamic_ref,
    },
    keywords_silent.DRAFT2020,
    _PLACES2020,
    _MAPS2019,
    anchor_keywords=("$anchor", "$dynamicAnchor"),
    dynamic_anchor="$dynamicAnchor",
)

DEFAULT = DRAFT2020

ALL = (DRAFT4, DRAFT6, DRAFT7, DRAFT2019, DRAFT2020)
_BY_NAME = {dialect.name: dialect for dialect in ALL}
_BY_ADDRESS = {dialect.uri.partition("://")[2]: dialect for dialect in ALL}
_UNSUPPORTED = tuple(f"json-schema.org/draft-0{number}/schema" for number in (0, 1, 2, 3))


def dialect_named(name: str) -> Dialect:
    """The dialect that an option names, by its short name or its URI."""
    dialect = _BY_NAME.get(name) or _BY_ADDRESS.get(_without_scheme(name))
    if dialect is None:
        raise MaskwrightError(f"there is no dialect {name!r}", remedy=f"it can be one of {', '.join(_BY_NAME)}")
    return dialect


@lru_cache(64)
def dialect_at(uri: str) -> Dialect | None:
    """The dialect whose metaschema is at ``uri``, which may end in ``#`` and be http or https; ``None`` for others."""
    address = _without_scheme(uri)
    if address in _UNSUPPORTED:
        raise UnsupportedSchema(f"the dialect {uri!r} is not supported", None, "draft 4 is the earliest one that is")
    return _BY_ADDRESS.get(address)


def _without_scheme(uri: str) -> str:
    return uri.partition("#")[0].partition("://")[2]
