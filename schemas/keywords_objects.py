"""Keywords about objects."""

from __future__ import annotations

from collections.abc import Mapping

from .atoms import (
    Every,
    Has,
    KeyOrder,
    KeysSatisfying,
    Kind,
    MatchingKeys,
    NamedKey,
    OtherKeys,
    Present,
    PropertiesAtLeast,
    Selector,
    Values,
)
from .formula import FALSE, TRUE
from .keywords_common import KeywordFunction, Site
from .references import escape

_ALL_KEYS = OtherKeys(frozenset())


def evaluated_keys(contents: Mapping[str, object]) -> list[Selector]:
    """The properties of which a schema speaks by itself, which therefore count as evaluated where it holds."""
    named, patterns = contents.get("properties", {}), contents.get("patternProperties", {})
    if not isinstance(named, dict) or not isinstance(patterns, dict):
        return []
    found: list[Selector] = [*map(NamedKey, named), *map(MatchingKeys, patterns)]
    return [*found, _ALL_KEYS] if "additionalProperties" in contents else found


def properties(site: Site, schemas: object) -> None:
    """The values of the properties named; with ``property_order="schema"`` also their order."""
    values = {name: value for name, value in site.subschemas(site.members(schemas)).items() if value != TRUE}
    if values:
        site.demand_all(Kind.OBJECT, Values(values))
    _order(site)


def pattern_properties(site: Site, schemas: object) -> None:
    """The values of all properties in whose names an expression is found, by an automaton over keys."""
    for pattern, schema in site.members(schemas).items():
        site.expression(pattern, f"{site.pointer}/{escape(pattern)}")
        _every(site, MatchingKeys(pattern), site.subschema(schema, pattern))


def additional_properties(site: Site, schema: object) -> None:
    """The values of all properties that ``properties`` and ``patternProperties`` beside it do not speak of."""
    named, patterns = site.contents.get("properties", {}), site.contents.get("patternProperties", {})
    value = site.subschema(schema)
    if isinstance(named, dict) and isinstance(patterns, dict):
        _every(site, OtherKeys(frozenset(named), frozenset(patterns)), value)


def property_names(site: Site, schema: object) -> None:
    """The names of all properties, as strings, by an automaton over keys."""
    refused = site.formulas.negation(site.subschema(schema))
    if refused == TRUE:
        _every(site, _ALL_KEYS, FALSE)
    elif refused != FALSE:
        _every(site, KeysSatisfying(refused), FALSE)


def unevaluated_properties(site: Site, schema: object) -> None:
    """The values of all properties that no schema that holds for this object speaks of."""
    site.evaluated.unevaluated[Kind.OBJECT] = site.subschema(schema)


def required(site: Site, names: object) -> None:
    """The properties named, also those that ``properties`` does not name."""
    if isinstance(names, bool):
        raise site.invalid("an array", names, "list the name in the required of the object that has the property")
    needed = site.texts(names)
    if needed:
        site.demand_all(Kind.OBJECT, Present(needed))
    if "properties" not in site.contents:
        _order(site)


def min_properties(site: Site, count: object) -> None:
    """Counts properties."""
    least = site.count(count)
    if least:
        site.demand_that(Kind.OBJECT, PropertiesAtLeast(least))


def max_properties(site: Site, count: object) -> None:
    """Counts properties."""
    most = site.count(count)
    site.demand_that(Kind.OBJECT, PropertiesAtLeast(most + 1), False)


def dependent_required(site: Site, names: object) -> None:
    """Where a property is present, the others named for it are too."""
    for name, needed in site.members(names).items():
        _depends(site, name, _all_present(site, site.texts(needed)))


def dependent_schemas(site: Site, schemas: object) -> None:
    """Where a property is present, the object satisfies the schema given for it."""
    for name, schema in site.members(schemas).items():
        _depends_on_schema(site, name, schema)


def dependencies(site: Site, members: object) -> None:
    """As ``dependentRequired`` where names are given, as ``dependentSchemas`` where a schema is."""
    for name, needed in site.members(members).items():
        if isinstance(needed, list | tuple):
            _depends(site, name, _all_present(site, site.texts(needed)))
        else:
            _depends_on_schema(site, name, needed)


def _depends_on_schema(site: Site, name: str, schema: object) -> None:
    value = site.applied(schema, name)
    site.evaluates_as(value, site.atom(Has(name)), Kind.OBJECT)
    _depends(site, name, value)


def _depends(site: Site, name: str, formula: int) -> None:
    """Where there is a property ``name``, ``formula`` has to hold."""
    site.mention((name,))
    absent = site.formulas.negation(site.atom(Has(name)))
    site.demand(Kind.OBJECT, site.formulas.disjunction((absent, formula)))


def _all_present(site: Site, names: list[str]) -> int:
    site.mention(names)
    return site.formulas.conjunction(site.atom(Has(name)) for name in names)


def _every(site: Site, selector: Selector, value: int) -> None:
    if value != TRUE:
        site.demand_that(Kind.OBJECT, Every(selector, value))


def _order(site: Site) -> None:
    """Properties come as ``properties`` lists them, then those that are only ``required``."""
    listed, needed = site.contents.get("properties", {}), site.contents.get("required", [])
    if not isinstance(listed, dict) or not isinstance(needed, list | tuple):
        return
    texts = [name for name in needed if isinstance(name, str)]
    site.mention(listed)
    site.mention(texts)
    if site.options.property_order == "schema" and (listed or texts):
        site.demand_that(Kind.OBJECT, KeyOrder(tuple(dict.fromkeys((*listed, *texts)))))


COMMON: dict[str, KeywordFunction] = {
    "properties": properties,
    "patternProperties": pattern_properties,
    "required": required,
    "additionalProperties": additional_properties,
    "minProperties": min_properties,
    "maxProperties": max_properties,
    "dependencies": dependencies,
}

FROM_6: dict[str, KeywordFunction] = {"propertyNames": property_names}

FROM_2019: dict[str, KeywordFunction] = {
    "dependentRequired": dependent_required,
    "dependentSchemas": dependent_schemas,
    "unevaluatedProperties": unevaluated_properties,
}
