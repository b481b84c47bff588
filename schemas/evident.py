"""What some value evidently satisfies: told from the keywords alone, without lowering and without a search.

Most schemas are conjunctions of simple demands: kinds of value, and properties and items that may be left out. That
something satisfies these can be read off. A "no" means only that it is not evident: ``satisfiability`` decides it then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from math import ceil, floor

from ..grammar.regex_evident import Matched, outline
from ..grammar.text_dfa import FIRST_SURROGATE, LAST_SURROGATE
from .atoms import (
    AtLeast,
    Atom,
    ConsistsOf,
    Every,
    Has,
    HasFormat,
    ItemAt,
    ItemsAtLeast,
    ItemsFrom,
    Kind,
    LengthAtLeast,
    Literal,
    Matches,
    MoreThan,
    MultipleOf,
    NamedKey,
    NumberAtom,
    OtherKeys,
    Present,
    PropertiesAtLeast,
    Selector,
    Statement,
    StringAtom,
    StringIn,
    Unique,
    Values,
    WrittenAsInteger,
    literals_in,
)
from .formula import FALSE, TRUE, Operator
from .lowering import Language
from .selectors import selects
from .theory_numbers import some_number
from .theory_strings import some_string

_INTEGER = MultipleOf(Fraction(1))

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
        self._sites = language.sites
        self._limits = language.budget.limits
        self._known = {FALSE: False, TRUE: True}
        self._kinds: dict[tuple[int, Kind], bool] = {}
        self._depth = 0

    def value(self, value: int) -> bool:
        """Whether some value evidently satisfies the value formula ``value``."""
        known = self._known.get(value)
        if known is not None:
            return known
        site = self._sites.get(value)
        if site is not None and (site.evident_within is self._limits or self._plain.is_free(value)):
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
            found = self._of_some_kind(value)
        self._depth -= 1
        self._known[value] = found
        if found and site is not None and site.is_everywhere:
            site.evident_within = self._limits
        return found

    def _of_some_kind(self, value: int) -> bool:
        possible = self._plain.kinds_of(value)
        for kind in _CHEAP_FIRST:  # noqa: SIM110 -- most values are of one kind, for which a generator costs more
            if kind in possible and self.of_kind(value, kind):
                return True
        return False

    def of_kind(self, value: int, kind: Kind) -> bool:
        """Whether some value of ``kind`` evidently does."""
        found = self._kinds.get((value, kind))
        if found is None:
            literals = self._plain.sufficient_literals(value, kind)
            if not literals:
                found = literals is not None
            elif kind is Kind.OBJECT:
                found = self._some_object(literals)  # what exceeds a limit in it is placed there
            else:
                with self._language.placed(value):
                    found = self._judge(tuple(literals_in(literals)), kind)
            self._kinds[value, kind] = found
        return found

    def container(self, literals: Collection[Literal], kind: Kind) -> bool:
        """Whether some value of ``kind`` evidently satisfies all ``literals``, of which there may be none."""
        return not literals or self._judge(tuple(literals), kind)

    def _judge(self, literals: tuple[Literal, ...], kind: Kind) -> bool:
        if kind is Kind.STRING:
            return self._some_string(literals)
        if kind is Kind.OBJECT:
            return self._some_object(literals)
        if kind is Kind.NUMBER and _some_integer(literals):
            return True
        positive = [atom for atom, is_true in literals if is_true]
        negative = [atom for atom, is_true in literals if not is_true]
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
        if self._some_match(literals):
            return True
        return (
            some_string(
                [atom for atom, is_true in literals if is_true and isinstance(atom, StringAtom)],
                [atom for atom, is_true in literals if not is_true and isinstance(atom, StringAtom)],
                self._language.budget,
            )
            is not None
        )

    def _some_match(self, literals: tuple[Literal, ...]) -> bool:
        """Whether ``literals`` are one pattern and limits of length, and its syntax tells that something fits."""
        lengths = [(atom.count, is_true) for atom, is_true in literals if isinstance(atom, LengthAtLeast)]
        if len(lengths) + 1 != len(literals):
            return False
        [(pattern, is_positive)] = [literal for literal in literals if not isinstance(literal.atom, LengthAtLeast)]
        matched = self._matched(pattern) if is_positive else None
        if matched is None:
            return False
        least = max((count for count, is_true in lengths if is_true), default=0)
        most = min((count - 1 for count, is_true in lengths if not is_true), default=None)
        if least > matched.shortest and not matched.is_open:
            return False
        return most is None or max(least, matched.shortest) <= most

    def _matched(self, atom: Atom) -> Matched | None:
        """How long the strings can be of which ``atom`` is true, where its syntax tells."""
        if isinstance(atom, Matches):
            return outline(atom.pattern, self._language.budget).matched
        if isinstance(atom, ConsistsOf) and any(
            low < FIRST_SURROGATE or high > LAST_SURROGATE for low, high in atom.chars
        ):
            return Matched(0, is_open=True)
        return None

    def _some_object(self, statements: Iterable[Statement]) -> bool:
        """Whether an object of just the properties that are required will do."""
        required: list[str] = []
        demands: list[Every | Values] = []
        every: list[Every] = []
        others: list[Literal] = []
        for statement in statements:
            if isinstance(statement, Values):
                demands.append(statement)
            elif isinstance(statement, Present):
                required += statement.names
            elif not statement.is_true:
                others.append(statement)
            elif isinstance(statement.atom, Every):
                every.append(statement.atom)
            elif isinstance(statement.atom, Has):
                required.append(statement.atom.name)
            else:
                others.append(statement)
        names = dict.fromkeys(required)
        for atom, is_true in others:
            if isinstance(atom, PropertiesAtLeast):
                if (atom.count > len(names)) if is_true else (atom.count <= len(names)):
                    return False
            elif not is_true and (not isinstance(atom, Has) or atom.name in names):
                return False
        if not names:
            return True
        demands += [atom for atom in every if not _passes_over(atom.selector, names)]
        return all(map(self.value, self._demanded(demands, names)))

    def _demanded(self, demands: list[Every | Values], names: Collection[str]) -> Iterator[int]:
        """What is asked of the properties ``names``, one after the other."""
        language = self._language
        if len(demands) == 1 and isinstance(demands[0], Values):
            by_name = demands[0].by_name
            yield from [by_name[name] for name in names if name in by_name]
            return
        values: dict[str, list[int]] = {name: [] for name in names}
        for demand in demands:
            if isinstance(demand, Values):
                for name in values.keys() & demand.by_name.keys():
                    values[name].append(demand.by_name[name])
            elif isinstance(demand.selector, NamedKey):
                values.get(demand.selector.name, []).append(demand.value)
            else:
                for name in values:
                    if selects(language, demand.selector, name):
                        values[name].append(demand.value)
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


def _some_integer(literals: tuple[Literal, ...]) -> bool:
    """Whether an integer satisfies ``literals``, if these are bounds, and that it has to be one, and nothing else."""
    least: tuple[Fraction, bool] | None = None
    most: tuple[Fraction, bool] | None = None
    for atom, is_true in literals:
        if isinstance(atom, AtLeast | MoreThan):
            excludes = isinstance(atom, MoreThan) == is_true
            if is_true:
                least = max(least or (atom.bound, excludes), (atom.bound, excludes))
            else:
                most = min(most or (atom.bound, not excludes), (atom.bound, not excludes))
        elif not is_true or not (isinstance(atom, WrittenAsInteger) or atom == _INTEGER):
            return False
    if least is None or most is None:
        return True
    smallest = floor(least[0]) + 1 if least[1] else ceil(least[0])
    return smallest < most[0] or (smallest == most[0] and most[1])


def _passes_over(selector: Selector, names: dict[str, None]) -> bool:
    return isinstance(selector, OtherKeys) and selector.named.issuperset(names)


def _asked(positive: list[Atom], index: int) -> Iterator[int]:
    """What is asked of the item at ``index``."""
    for atom in positive:
        if isinstance(atom, ItemAt):
            if atom.index == index:
                yield atom.value
        elif isinstance(atom, ItemsFrom) and atom.index <= index:
            yield atom.value
