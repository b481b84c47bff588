"""Recognises the formulas that need no formula at run time: plain conjunctions about one object or one array.

Almost all container states of schemas met in practice are of this form; a bitset of seen keys or a counter runs them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeGuard

from .atoms import (
    Every,
    Has,
    ItemAt,
    ItemsAtLeast,
    ItemsFrom,
    KeyOrder,
    Literal,
    NamedKey,
    OtherKeys,
    Present,
    PropertiesAtLeast,
    SchemaAtom,
    Selector,
    Statement,
    Unique,
    Values,
    literals_in,
)
from .formula import FALSE, TRUE, Operator
from .key_classes import KeyClasses, classes_for, in_order
from .lowering import Language
from .selectors import names_in, selects

_OTHER = Literal(SchemaAtom(-1), True)
"""Stands for what is no literal about an object or array; no such schema exists."""


class PlainObject(NamedTuple):
    """An object whose properties are independent of each other.

    ``properties``: for each name that is told apart, in the schema's order, the value formula of its value;
    ``required``: the names that have to come; ``minimum`` and ``maximum``: how many properties there may be.
    ``others``: the value formula for all other names, where ``classes`` is ``None``; else these are parted into
    ``classes``, and ``class_values[n - 1]`` is the value formula for the names of class ``n``.
    """

    properties: dict[str, int]
    others: int
    required: frozenset[str]
    minimum: int = 0
    maximum: int | None = None
    classes: KeyClasses | None = None
    class_values: tuple[int, ...] = ()


class PlainArray(NamedTuple):
    """An array whose items are independent of each other.

    ``prefix``: the value formulas of the first items; ``rest``: that of all later ones; ``minimum`` and ``maximum``:
    how many items there may be; ``unique``: whether they have to be different from each other.
    """

    prefix: tuple[int, ...]
    rest: int
    minimum: int
    maximum: int | None
    unique: bool = False


def plain_object(language: Language, formula: int) -> PlainObject | None:
    """The object that ``formula``, over object atoms at depth 1, describes; ``None`` if it is no plain conjunction."""
    return object_of(language, _literals(language, formula))


def object_of(language: Language, statements: Iterable[Statement]) -> PlainObject | None:
    """The object of which all ``statements`` are true; ``None`` where such objects are not plain."""
    return _of_one_schema(statements) or _of_several(language, statements)


def _of_one_schema(statements: Iterable[Statement]) -> PlainObject | None:
    """``object_of`` where each sort of statement comes once at most and all names are properties, as mostly."""
    named: dict[str, int] = {}
    required: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    others: tuple[frozenset[str], int] | None = None
    for statement in statements:
        if isinstance(statement, Values) and not named:
            named = statement.by_name
        elif isinstance(statement, Present) and not required:
            required = frozenset(statement.names)
        elif not isinstance(statement, Literal) or not statement.is_true:
            return None
        elif isinstance(statement.atom, KeyOrder) and not order:
            order = statement.atom.names
        elif isinstance(statement.atom, Every) and _by_name(statement.atom.selector) and others is None:
            others = statement.atom.selector.named, statement.atom.value
        else:
            return None
    properties = {name: named.get(name, TRUE) for name in order} if order else named
    names = properties.keys()
    if not (names >= required and names >= named.keys() and (others is None or names == others[0])):
        return None
    return PlainObject(properties, TRUE if others is None else others[1], required)


def _of_several(language: Language, statements: Iterable[Statement]) -> PlainObject | None:
    required: set[str] = set()
    named: dict[str, int] = {}
    demands: list[Every] = []
    minimum, maximum = 0, None
    orders: list[tuple[str, ...]] = []
    literals: list[Literal] = []
    for statement in statements:
        if isinstance(statement, Literal):
            literals.append(statement)
        elif isinstance(statement, Present):
            required.update(statement.names)
        elif named:
            literals += statement.literals()
        else:
            named.update(statement.by_name)
    for atom, positive in literals:
        if isinstance(atom, Every) and positive:
            selector = atom.selector
            if isinstance(selector, NamedKey) and selector.name not in named:
                named[selector.name] = atom.value
            else:
                demands.append(atom)
        elif isinstance(atom, PropertiesAtLeast) and positive:
            minimum = max(minimum, atom.count)
        elif isinstance(atom, PropertiesAtLeast):
            maximum = atom.count - 1 if maximum is None else min(maximum, atom.count - 1)
        elif isinstance(atom, Has) and not positive:
            demands.append(Every(NamedKey(atom.name), FALSE))
        elif not positive:
            return None
        elif isinstance(atom, Has):
            required.add(atom.name)
        elif isinstance(atom, KeyOrder):
            orders.append(atom.names)
        else:
            return None
    is_patterned = False
    mentioned = required | named.keys()
    for atom in demands:
        selector = atom.selector
        if isinstance(selector, NamedKey):
            mentioned.add(selector.name)
        else:
            mentioned |= names_in(language, atom)
            is_patterned = is_patterned or not _by_name(selector)
    names: Iterable[str] = in_order(language, mentioned, orders)
    classes = classes_for(language, names, [atom.selector for atom in demands]) if is_patterned else None
    if classes is not None:
        names = classes.named
    properties = _named_values(language, names, named, demands)
    if classes is None:
        others = language.formulas.conjunction([atom.value for atom in demands if isinstance(atom.selector, OtherKeys)])
        return PlainObject(properties, others, frozenset(required), minimum, maximum)
    values = tuple(
        language.formulas.conjunction(atom.value for atom in demands if names.is_selected(atom.selector))
        for names in classes.classes
    )
    if len(set(values)) == 1:
        return PlainObject(properties, values[0], frozenset(required), minimum, maximum)
    return PlainObject(properties, FALSE, frozenset(required), minimum, maximum, classes, values)


def _by_name(selector: Selector) -> TypeGuard[OtherKeys]:
    return isinstance(selector, OtherKeys) and not selector.patterns


def _named_values(
    language: Language, names: Iterable[str], named: dict[str, int], demands: Iterable[Every]
) -> dict[str, int]:
    """What is asked of the value of each of ``names``: what ``named`` tells, and all ``demands`` that select it."""
    values = {name: named.get(name, TRUE) for name in names}
    more: dict[str, list[int]] = {}
    for selector, value in demands:
        if isinstance(selector, NamedKey):
            selected: Iterable[str] = (selector.name,)
        elif isinstance(selector, OtherKeys) and not selector.patterns:
            selected = values.keys() - selector.named
        else:
            selected = [name for name in values if selects(language, selector, name)]
        for name in selected:
            more.setdefault(name, [values[name]]).append(value)
    for name, wanted in more.items():
        values[name] = language.formulas.conjunction(wanted)
    return values


def plain_array(language: Language, formula: int) -> PlainArray | None:
    """The array that ``formula``, over array atoms at depth 1, describes; ``None`` if it is no plain conjunction."""
    return array_of(language, _literals(language, formula))


def array_of(language: Language, statements: Iterable[Statement]) -> PlainArray | None:
    """The array of which all ``statements`` are true; ``None`` where such arrays are not plain."""
    minimum = 0
    maximum: int | None = None
    unique = False
    places: list[tuple[int, int]] = []
    onwards: list[tuple[int, int]] = []
    for atom, positive in literals_in(statements):
        if isinstance(atom, ItemsAtLeast) and positive:
            minimum = max(minimum, atom.count)
        elif isinstance(atom, ItemsAtLeast):
            maximum = atom.count - 1 if maximum is None else min(maximum, atom.count - 1)
        elif isinstance(atom, Unique) and positive and not atom.seen:
            unique = True
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
    return PlainArray(tuple(map(conjunction, prefix)), rest, minimum, maximum, unique)


def _literals(language: Language, formula: int) -> list[Literal]:
    """The conjuncts of ``formula``; one that is no literal about this object or array is ``_OTHER``."""
    formulas = language.formulas
    found: list[Literal] = []
    for part in formulas.conjuncts(formula):
        negative = formulas.operator(part) is Operator.NOT
        literal = formulas.operands(part)[0] if negative else part
        if formulas.operator(literal) is not Operator.VARIABLE or formulas.variable_of(literal).depth != 1:
            found.append(_OTHER)
        else:
            found.append(Literal(formulas.variable_of(literal).atom, not negative))
    return found
