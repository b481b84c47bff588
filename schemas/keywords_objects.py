"""Keywords about objects."""

from __future__ import annotations

from .atoms import Every, Has, KeyOrder, Kind, NamedKey, OtherKeys, Selector
from .formula import TRUE
from .keywords_common import KeywordFunction, Site


def properties(site: Site, schemas: object) -> None:
    members = site.members(schemas)
    for name, schema in members.items():
        _every(site, NamedKey(name), site.subschema(schema, name))
    _order(site)


def required(site: Site, names: object) -> None:
    for name in site.texts(names):
        site.demand(Kind.OBJECT, site.atom(Has(name)))
    _order(site)


def additional_properties(site: Site, schema: object) -> None:
    named = site.contents.get("properties", {})
    value = site.subschema(schema)
    if isinstance(named, dict):
        _every(site, OtherKeys(frozenset(named)), value)


def _every(site: Site, selector: Selector, value: int) -> None:
    if value != TRUE:
        site.demand(Kind.OBJECT, site.atom(Every(selector, value)))


def _order(site: Site) -> None:
    """Properties come as ``properties`` lists them, then those that are only ``required``."""
    listed, needed = site.contents.get("properties", {}), site.contents.get("required", [])
    if not isinstance(listed, dict) or not isinstance(needed, list | tuple):
        return
    names = tuple(dict.fromkeys([*listed, *(name for name in needed if isinstance(name, str))]))
    site.mention(names)
    if names and site.options.property_order == "schema":
        site.demand(Kind.OBJECT, site.atom(KeyOrder(names)))


COMMON: dict[str, KeywordFunction] = {
    "properties": properties,
    "required": required,
    "additionalProperties": additional_properties,
}
