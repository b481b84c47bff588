"""Keywords about arrays. Until 2019-09 ``items`` may be a list of places; 2020-12 calls that ``prefixItems``."""

from __future__ import annotations

import math

from .atoms import ContainsAtLeast, ItemAt, ItemsAtLeast, ItemsFrom, Kind, Unique
from .formula import FALSE, TRUE
from .keywords_common import KeywordFunction, Site


def min_items(site: Site, count: object) -> None:
    """Counts items."""
    least = site.count(count)
    if least:
        site.demand_that(Kind.ARRAY, ItemsAtLeast(least))


def max_items(site: Site, count: object) -> None:
    """Counts items."""
    most = site.count(count)
    site.demand_that(Kind.ARRAY, ItemsAtLeast(most + 1), False)


def prefix_items(site: Site, schemas: object) -> None:
    """The first items, each by its own schema."""
    if isinstance(schemas, list | tuple) and not schemas:
        return
    for index, schema in enumerate(site.schemas(schemas)):
        value = site.subschema(schema, str(index))
        if value != TRUE:
            site.demand_that(Kind.ARRAY, ItemAt(index, value))
    site.evaluated.items = max(site.evaluated.items, len(site.schemas(schemas)))


def items(site: Site, schema: object) -> None:
    """All items after those that ``prefixItems`` speaks of."""
    if isinstance(schema, list | tuple):
        raise site.invalid("a schema", schema, 'use prefixItems, or name an earlier draft with "$schema"')
    prefix = site.contents.get("prefixItems", ())
    _items_from(site, len(prefix) if isinstance(prefix, list | tuple) else 0, schema)


def items_until_2019(site: Site, schema: object) -> None:
    """All items, or from a list of schemas the first items, each by its own."""
    if isinstance(schema, list | tuple):
        prefix_items(site, schema)
    else:
        _items_from(site, 0, schema)


def additional_items(site: Site, schema: object) -> None:
    """All items after those that a list in ``items`` speaks of; says nothing without such a list."""
    places = site.contents.get("items")
    if isinstance(places, list | tuple):
        _items_from(site, len(places), schema)
    elif not isinstance(schema, dict | bool):
        raise site.invalid("a schema", schema)


def _items_from(site: Site, index: int, schema: object) -> None:
    value = site.subschema(schema)
    if value != TRUE:
        site.demand_that(Kind.ARRAY, ItemsFrom(index, value))
    site.evaluated.items = math.inf


def contains_until_7(site: Site, schema: object) -> None:
    """At least one item satisfies the schema."""
    _contains(site, schema, 1, None)


def contains_2019(site: Site, schema: object) -> None:
    """At least ``minContains`` (1) and at most ``maxContains`` items satisfy the schema."""
    least = _count_beside(site, "minContains")
    _contains(site, schema, 1 if least is None else least, _count_beside(site, "maxContains"))


def contains(site: Site, schema: object) -> None:
    """At least ``minContains`` (1) and at most ``maxContains`` items, which count as evaluated, satisfy the schema."""
    contains_2019(site, schema)
    site.evaluated.matching.append(site.subschema(schema))


def _count_beside(site: Site, keyword: str) -> int | None:
    return site.count(site.contents[keyword]) if keyword in site.contents else None


def _contains(site: Site, schema: object, least: int, most: int | None) -> None:
    value = site.subschema(schema)
    if least:
        site.demand(Kind.ARRAY, _contains_at_least(site, value, least))
    if most is not None:
        site.demand(Kind.ARRAY, site.formulas.negation(_contains_at_least(site, value, most + 1)))


def _contains_at_least(site: Site, value: int, count: int) -> int:
    if value == FALSE:
        return FALSE
    return site.atom(ItemsAtLeast(count) if value == TRUE else ContainsAtLeast(value, count))


def unique_items(site: Site, flag: object) -> None:
    """All items differ, whatever they are; ``1`` is equal to ``1.0``."""
    if not isinstance(flag, bool):
        raise site.invalid("true or false", flag)
    if flag:
        site.demand_that(Kind.ARRAY, Unique())


def unevaluated_items(site: Site, schema: object) -> None:
    """All items that no schema that holds for this array speaks of."""
    site.evaluated.unevaluated[Kind.ARRAY] = site.subschema(schema)


COMMON: dict[str, KeywordFunction] = {
    "minItems": min_items,
    "maxItems": max_items,
    "uniqueItems": unique_items,
}

DRAFT4: dict[str, KeywordFunction] = {
    **COMMON,
    "items": items_until_2019,
    "additionalItems": additional_items,
}

UNTIL_7: dict[str, KeywordFunction] = {**DRAFT4, "contains": contains_until_7}

DRAFT2019: dict[str, KeywordFunction] = {
    **DRAFT4,
    "contains": contains_2019,
    "unevaluatedItems": unevaluated_items,
}

DRAFT2020: dict[str, KeywordFunction] = {
    **COMMON,
    "items": items,
    "prefixItems": prefix_items,
    "contains": contains,
    "unevaluatedItems": unevaluated_items,
}
