"""Keywords that assert something and cannot be enforced yet: refused, unless what they say is void."""

from __future__ import annotations

from collections.abc import Callable

from .keywords_common import KeywordFunction, Site


def _never_void(site: Site, value: object) -> bool:
    return False


def _is_false(site: Site, value: object) -> bool:
    return value is False


def _is_zero(site: Site, value: object) -> bool:
    return value == 0 and not isinstance(value, bool)


def _is_empty(site: Site, value: object) -> bool:
    return value == {}


def _allows_all(site: Site, value: object) -> bool:
    return value is True or value == {}


def _without_branches(site: Site, value: object) -> bool:
    return "then" not in site.contents and "else" not in site.contents


def _counts_none(site: Site, value: object) -> bool:
    counted = "minContains" in site.contents
    return counted and _is_zero(site, site.contents["minContains"]) and "maxContains" not in site.contents


def _refuse(is_void: Callable[[Site, object], bool], remedy: str = "") -> KeywordFunction:
    def keyword(site: Site, value: object) -> None:
        if not is_void(site, value):
            raise site.unsupported(f"{site.keyword} is not supported yet", remedy)

    return keyword


_NOT = _refuse(_is_false, "say what the value is, not what it is not")
_COUNT = _refuse(_is_zero)

DRAFT4: dict[str, KeywordFunction] = {
    "not": _NOT,
    "patternProperties": _refuse(_is_empty, "list the names in properties"),
    "dependencies": _refuse(_is_empty),
    "uniqueItems": _refuse(_is_false),
    "minProperties": _COUNT,
    "maxProperties": _refuse(_never_void),
}

DRAFT6: dict[str, KeywordFunction] = {
    **DRAFT4,
    "propertyNames": _refuse(_allows_all, "list the names in properties"),
    "contains": _refuse(_never_void, "use items where all items are alike"),
}

DRAFT7: dict[str, KeywordFunction] = {
    **DRAFT6,
    "if": _refuse(_without_branches, "use anyOf"),
}

DRAFT2019: dict[str, KeywordFunction] = {
    **DRAFT7,
    "contains": _refuse(_counts_none, "use items where all items are alike"),
    "dependentRequired": _refuse(_is_empty),
    "dependentSchemas": _refuse(_is_empty),
    "unevaluatedItems": _refuse(_allows_all, "use items or additionalItems"),
    "unevaluatedProperties": _refuse(_allows_all, "use additionalProperties"),
}

DRAFT2020 = DRAFT2019
