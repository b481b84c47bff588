"""Keywords about values of any kind: ``type``, ``enum``, ``const`` and Boolean combinations."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .atoms import Kind, MultipleOf, NumberIn, StringIn, WrittenAsInteger
from .formats import FORMATS
from .keywords_common import KeywordFunction, Site
from .meant import perhaps
from .values import are_texts, kind_of

_KINDS = {
    "null": frozenset((Kind.NULL,)),
    "boolean": frozenset((Kind.FALSE, Kind.TRUE)),
    "number": frozenset((Kind.NUMBER,)),
    "string": frozenset((Kind.STRING,)),
    "array": frozenset((Kind.ARRAY,)),
    "object": frozenset((Kind.OBJECT,)),
}

_OF_OTHER_LANGUAGES = {
    "str": "string",
    "text": "string",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "dict": "object",
    "map": "object",
    "list": "array",
    "tuple": "array",
    "bool": "boolean",
    "none": "null",
    "nil": "null",
}

_INTEGER, _INTEGER_DRAFT4 = MultipleOf(Fraction(1)), WrittenAsInteger()


def type_(site: Site, names: object) -> None:
    """The kinds of value; ``1.0`` is an integer."""
    _type(site, names, _INTEGER_DRAFT4 if site.options.integers == "plain" else _INTEGER)


def type_draft4(site: Site, names: object) -> None:
    """The kinds of value; ``1.0`` is no integer."""
    _type(site, names, _INTEGER_DRAFT4)


def _type(site: Site, value: object, integer: MultipleOf | WrittenAsInteger) -> None:
    if isinstance(value, str) and value in _KINDS:
        site.allow(_KINDS[value])
        return
    names = [value] if isinstance(value, str) else value
    known = [*_KINDS, "integer"]
    if not isinstance(names, list | tuple) or not names or not all(name in known for name in names):
        raise site.invalid(f"one of {', '.join(known)}, or a list of them", value, _type_remedy(names, known))
    kinds = {kind for name in names for kind in _KINDS.get(name, frozenset())}
    if "integer" in names and Kind.NUMBER not in kinds:
        kinds.add(Kind.NUMBER)
        site.demand_that(Kind.NUMBER, integer)
    site.allow(frozenset(kinds))


def _type_remedy(names: object, known: list[str]) -> str:
    """What the first wrong name was probably meant to be."""
    wrong = next((name for name in names if name not in known), None) if isinstance(names, list | tuple) else None
    if not isinstance(wrong, str):
        return ""
    if wrong in FORMATS:
        return f'write "type": "string", "format": "{wrong}"'
    other = _OF_OTHER_LANGUAGES.get(wrong.lower())
    return perhaps(wrong, known, "leave type out to allow all") if other is None else f"perhaps {other!r} is meant"


def enum(site: Site, values: object) -> None:
    """The values listed, of any kind; ``1`` is equal to ``1.0``."""
    _one_of(site, site.array(values))


def const(site: Site, value: object) -> None:
    """The one value, of any kind; ``1`` is equal to ``1.0``."""
    _one_of(site, [value])


def _one_of(site: Site, values: list[Any]) -> None:
    if values and are_texts(values):
        site.allow(_KINDS["string"])
        site.demand_that(Kind.STRING, StringIn(frozenset(values)))
        return
    kinds: set[Kind] = set()
    numbers: set[Fraction] = set()
    strings: set[str] = set()
    containers: dict[Kind, list[int]] = {Kind.ARRAY: [], Kind.OBJECT: []}
    for value in values:
        kind = kind_of(value)
        if kind is None:
            raise site.invalid("a JSON value" if site.keyword == "const" else "an array of JSON values", value)
        kinds.add(kind)
        if kind is Kind.NUMBER:
            numbers.add(site.number(value))
        elif kind is Kind.STRING:
            strings.add(site.text(value))
        elif kind in containers:
            containers[kind].append(site.constant(value))
    site.allow(frozenset(kinds))
    if numbers:
        site.demand_that(Kind.NUMBER, NumberIn(frozenset(numbers)))
    if strings:
        site.demand_that(Kind.STRING, StringIn(frozenset(strings)))
    for kind, constants in containers.items():
        if constants:
            site.demand(kind, site.formulas.disjunction(constants))


def all_of(site: Site, schemas: object) -> None:
    """All schemas, decided together in one residual formula."""
    for value in _alternatives(site, schemas):
        site.demand_always(value)


def any_of(site: Site, schemas: object) -> None:
    """At least one of the schemas, decided together in one residual formula."""
    site.demand_always(site.formulas.disjunction(_alternatives(site, schemas)))


def one_of(site: Site, schemas: object) -> None:
    """Exactly one of the schemas, decided together in one residual formula."""
    site.demand_always(site.formulas.exactly_one(_alternatives(site, schemas)))


def _alternatives(site: Site, schemas: object) -> list[int]:
    values = [site.applied(schema, str(index)) for index, schema in enumerate(site.schemas(schemas))]
    for value in values:
        site.evaluates_as(value)
    return values


def not_(site: Site, schema: object) -> None:
    """Not the schema, whatever it says: the negation of its formula."""
    site.demand_always(site.formulas.negation(site.applied(schema)))


def if_(site: Site, schema: object) -> None:
    """With ``then`` and ``else``: the schema and ``then``, or not the schema and ``else``."""
    formulas = site.formulas
    condition, then, otherwise = site.applied(schema), site.applied_beside("then"), site.applied_beside("else")
    refused = formulas.negation(condition)
    site.evaluates_as(condition)
    site.evaluates_as(then, condition)
    site.evaluates_as(otherwise, refused)
    site.demand_always(formulas.disjunction((refused, then)))
    site.demand_always(formulas.disjunction((condition, otherwise)))


COMMON: dict[str, KeywordFunction] = {
    "type": type_,
    "enum": enum,
    "allOf": all_of,
    "anyOf": any_of,
    "oneOf": one_of,
    "not": not_,
}
