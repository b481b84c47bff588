"""Recognises the formulas that need no formula at run time: plain conjunctions about one object or one array.

Almost all container states of schemas met in practice are of this form; a bitset of seen keys or a counter runs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .atoms import Every, Has, ItemAt, ItemsAtLeast, ItemsFrom, KeyOrder, Kind, NamedKey, OtherKeys
from .formula import Operator
from .lowering import Language
from .residual import Residual, named_keys


@dataclass(frozen=True)
class PlainObject:
    """An object whose properties are independent of each other.

    ``properties``: for each name that is mentioned, in the schema's order, the value formula of its value;
    ``others``: the value formula for all other names; ``required``: the names that have to come.
    """

    properties: dict[str, int]
    others: int
    required: frozenset[str]


@dataclass(frozen=True)
class PlainArray:
    """An array whose items are independent of each other.

    ``prefix``: the value formulas of the first items; ``rest``: that of all later ones; ``minimum`` and ``maximum``:
    how many items there may be.
    """

    prefix: tuple[int, ...]
    rest: int
    minimum: int
    maximum: int | None


def plain_object(language: Language, formula: int) -> PlainObject | None:
    """The object that ``formula``, over object atoms at depth 1, describes; ``None`` if it is no plain conjunction."""
    required: set[str] = set()
    named: list[tuple[str, int]] = []
    others: list[tuple[frozenset[str], int]] = []
    for atom, positive in _literals(language, formula):
        if not positive:
            return None
        if isinstance(atom, Has):
            required.add(atom.name)
        elif isinstance(atom, Every) and isinstance(atom.selector, NamedKey):
            named.append((atom.selector.name, atom.value))
        elif isinstance(atom, Every) and isinstance(atom.selector, OtherKeys):
            others.append((atom.selector.named, atom.value))
        elif not isinstance(atom, KeyOrder):
            return None
    conjunction = language.formulas.conjunction
    values: dict[str, list[int]] = {name: [] for name in named_keys(language, Residual(formula, (Kind.OBJECT,)))}
    for name, value in named:
        values[name].append(value)
    for excepted, value in others:
        for name in values.keys() - excepted:
            values[name].append(value)
    properties = {name: conjunction(demands) for name, demands in values.items()}
    return PlainObject(properties, conjunction(value for _, value in others), frozenset(required))


def plain_array(language: Language, formula: int) -> PlainArray | None:
    """The array that ``formula``, over array atoms at depth 1, describes; ``None`` if it is no plain conjunction."""
    minimum = 0
    maximum: int | None = None
    places: list[tuple[int, int]] = []
    onwards: list[tuple[int, int]] = []
    for atom, positive in _literals(language, formula):
        if isinstance(atom, ItemsAtLeast) and positive:
            minimum = max(minimum, atom.count)
        elif isinstance(atom, ItemsAtLeast):
            maximum = atom.count - 1 if maximum is None else min(maximum, atom.count - 1)
        elif isinstance(atom, ItemAt) and positive:
            places.append((atom.index, atom.value))
        elif isinstance(atom, ItemsFrom) and positive:
            onwards.append((atom.index, atom.value))
        else:
            return None
    length = max([index + 1 for index, _ in places] + [index for index, _ in onwards], default=0)
    prefix: list[list[int]] = [[] for _ in range(length)]
    for index, value in places:
        prefix[index].append(value)
    for start, value in onwards:
        for demands in prefix[start:]:
            demands.append(value)
    conjunction = language.formulas.conjunction
    rest = conjunction(value for _, value in onwards)
    return PlainArray(tuple(map(conjunction, prefix)), rest, minimum, maximum)


def _literals(language: Language, formula: int) -> Iterator[tuple[object, bool]]:
    """The conjuncts of ``formula`` as (atom, whether it is positive); ``(None, True)`` for one that is no literal."""
    formulas = language.formulas
    for part in formulas.conjuncts(formula):
        negative = formulas.operator(part) is Operator.NOT
        literal = formulas.operands(part)[0] if negative else part
        if formulas.operator(literal) is not Operator.VARIABLE:
            yield None, True
        else:
            variable = formulas.variable_of(literal)
            yield (variable.atom if variable.depth == 1 else None), not negative
