"""What some value evidently satisfies: told from the keywords alone, without lowering and without a search.

Most schemas are conjunctions of simple demands: kinds of value, and properties and items that may be left out. That
something satisfies these can be read off. A "no" means only that it is not evident: ``satisfiability`` decides it then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from .atoms import (
    Atom,
    Every,
    Has,
    HasFormat,
    ItemAt,
    ItemsAtLeast,
    ItemsFrom,
    Kind,
    LengthAtLeast,
    Literal,
    NamedKey,
    NumberAtom,
    PropertiesAtLeast,
    StringAtom,
    StringIn,
    Unique,
)
from .formula import FALSE, TRUE, Operator
from .lowering import Language
from .selectors import selects
from .theory_numbers import some_number
from .theory_strings import some_string

_DEEPEST = 40
"""Values that need values are followed so far, on Python's stack."""

_MOST_ITEMS = 16
"""Arrays that need more items than this are left to the search."""

_CHEAP_FIRST = (Kind.NULL, Kind.TRUE, Kind.FALSE, Kind.STRING, Kind.OBJECT, Kind.ARRAY, Kind.NUMBER)


class Evident:
    """Says of value formulas of ``language`` whether some value evidently satisfies them, and remembers it."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._plain = language.plain
        self._known = {FALSE: False, TRUE: True}
        self._kinds: dict[tuple[int, Kind], bool] = {}
        self._depth = 0

    def value(self, value: int) -> bool:
        """Whether some value evidently satisfies the value formula ``value``."""
        known = self._known.get(value)
        if known is not None:
            return known
        if self._plain.is_free(value):
            self._known[value] = True
            return True
        self._known[value] = False  # a value that needs itself is not evident
        if self._depth == _DEEPEST:
            return False
        self._depth += 1
        formulas = self._language.formulas
        if formulas.operator(value) is Operator.OR:
            found = any(map(self.value, formulas.operands(value)))
        else:
            possible = self._plain.kinds_of(value)
            found = any(self.of_kind(value, kind) for kind in _CHEAP_FIRST if kind in possible)
        self._depth -= 1
        self._known[value] = found
        return found

    def of_kind(self, value: int, kind: Kind) -> bool:
        """Whether some value of ``kind`` evidently does."""
        found = self._kinds.get((value, kind))
        if found is None:
            literals = self._plain.sufficient_literals(value, kind)
            if literals:
                with self._language.placed(value):
                    found = self._judge(literals, kind)
            else:
                found = literals is not None
            self._kinds[value, kind] = found
        return found

    def container(self, literals: Collection[Literal], kind: Kind) -> bool:
        """Whether some value of ``kind`` evidently satisfies all ``literals``, of which there may be none."""
        return not literals or self._judge(tuple(literals), kind)

    def _judge(self, literals: tuple[Literal, ...], kind: Kind) -> bool:
        if kind is Kind.STRING:
            return self._some_string(literals)
        positive = [atom for atom, is_true in literals if is_true]
        negative = [atom for atom, is_true in literals if not is_true]
        if kind is Kind.OBJECT:
            return self._some_object(positive, negative)
        if kind is Kind.ARRAY:
            return self._some_array(positive, negative)
        numbers = [atom for atom in positive if isinstance(atom, NumberAtom)]
        others = [atom for atom in negative if isinstance(atom, NumberAtom)]
        return some_number(numbers, others, self._language.budget) is not None

    def _some_string(self, literals: tuple[Literal, ...]) -> bool:
        [(atom, is_true), *more] = literals
        if is_true and not more and isinstance(atom, StringIn):
            return bool(atom.values)
        if is_true and not more and isinstance(atom, LengthAtLeast | HasFormat):
            return True  # no limit on length that a format has by itself excludes all of its strings
        return (
            some_string(
                [atom for atom, is_true in literals if is_true and isinstance(atom, StringAtom)],
                [atom for atom, is_true in literals if not is_true and isinstance(atom, StringAtom)],
                self._language.budget,
            )
            is not None
        )

    def _some_object(self, positive: list[Atom], negative: list[Atom]) -> bool:
        """Whether an object of just the properties that are required will do."""
        required = dict.fromkeys(atom.name for atom in positive if isinstance(atom, Has))
        demands = [atom for atom in positive if isinstance(atom, Every)]
        for atom in positive:
            if isinstance(atom, PropertiesAtLeast) and atom.count > len(required):
                return False
        for atom in negative:
            if isinstance(atom, PropertiesAtLeast):
                if len(required) >= atom.count:
                    return False
            elif not isinstance(atom, Has) or atom.name in required:
                return False
        return all(self.value(value) for value in self._demanded(demands, required))

    def _demanded(self, demands: list[Every], names: Iterable[str]) -> Iterator[int]:
        """What is asked of the properties ``names``, one after the other."""
        language = self._language
        values: dict[str, list[int]] = {name: [] for name in names}
        for atom in demands:
            if isinstance(atom.selector, NamedKey):
                values.get(atom.selector.name, []).append(atom.value)
            else:
                for name in values:
                    if selects(language, atom.selector, name):
                        values[name].append(atom.value)
        for asked in values.values():
            yield asked[0] if len(asked) == 1 else language.formulas.conjunction(asked)

    def _some_array(self, positive: list[Atom], negative: list[Atom]) -> bool:
        """Whether an array of as few items as possible will do."""
        least = max((atom.count for atom in positive if isinstance(atom, ItemsAtLeast)), default=0)
        if least > _MOST_ITEMS:
            return False
        for atom in negative:
            if not isinstance(atom, ItemsAtLeast) or atom.count <= least:
                return False
        for atom in positive:
            if isinstance(atom, Unique):
                if least > 1 or atom.seen:
                    return False
            elif not isinstance(atom, ItemsAtLeast | ItemAt | ItemsFrom):
                return False
        conjunction = self._language.formulas.conjunction
        return all(self.value(conjunction(_asked(positive, index))) for index in range(least))


def _asked(positive: list[Atom], index: int) -> Iterator[int]:
    """What is asked of the item at ``index``."""
    for atom in positive:
        if isinstance(atom, ItemAt):
            if atom.index == index:
                yield atom.value
        elif isinstance(atom, ItemsFrom) and atom.index <= index:
            yield atom.value
