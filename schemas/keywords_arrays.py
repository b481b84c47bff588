"""Keywords about arrays. Until 2019-09 ``items`` may be a list of places; 2020-12 calls that ``prefixItems``."""

from __future__ import annotations

from .atoms import ItemAt, ItemsAtLeast, ItemsFrom, Kind
from .formula import TRUE
from .keywords_common import KeywordFunction, Site


def min_items(site: Site, count: object) -> None:
    least = site.count(count)
    if least:
        site.demand(Kind.ARRAY, site.atom(ItemsAtLeast(least)))


def max_items(site: Site, count: object) -> None:
    most = site.count(count)
    site.demand(Kind.ARRAY, site.formulas.negation(site.atom(ItemsAtLeast(most + 1))))


def prefix_items(site: Site, schemas: object) -> None:
    for index, schema in enumerate(site.schemas(schemas)):
        value = site.subschema(schema, str(index))
        if value != TRUE:
            site.demand(Kind.ARRAY, site.atom(ItemAt(index, value)))


def items(site: Site, schema: object) -> None:
    if isinstance(schema, list | tuple):
        raise site.invalid("a schema", schema, 'use prefixItems, or name an earlier draft with "$schema"')
    prefix = site.contents.get("prefixItems", ())
    _items_from(site, len(prefix) if isinstance(prefix, list | tuple) else 0, schema)


def items_until_2019(site: Site, schema: object) -> None:
    if isinstance(schema, list | tuple):
        if schema:
            prefix_items(site, schema)
    else:
        _items_from(site, 0, schema)


def additional_items(site: Site, schema: object) -> None:
    """Speaks only about the items after a list of places."""
    places = site.contents.get("items")
    if isinstance(places, list | tuple):
        _items_from(site, len(places), schema)
    elif not isinstance(schema, dict | bool):
        raise site.invalid("a schema", schema)


def _items_from(site: Site, index: int, schema: object) -> None:
    value = site.subschema(schema)
    if value != TRUE:
        site.demand(Kind.ARRAY, site.atom(ItemsFrom(index, value)))


COMMON: dict[str, KeywordFunction] = {
    "minItems": min_items,
    "maxItems": max_items,
}

UNTIL_2019: dict[str, KeywordFunction] = {
    **COMMON,
    "items": items_until_2019,
    "additionalItems": additional_items,
}

FROM_2020: dict[str, KeywordFunction] = {
    **COMMON,
    "items": items,
    "prefixItems": prefix_items,
}
