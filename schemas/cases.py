"""Conjunctions about an object that leave its properties independent of each other, taken apart.

Such a conjunction is what is demanded in one *case*: of a union, or of an object that nothing else is demanded of.
Not supported: patterns of names, negated demands on values, and limits on how many properties there are where keys that
have come are told apart from others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..grammar.limits import Budget
from .atoms import Atom, Every, Has, KeyOrder, NamedKey, OtherKeys, PropertiesAtLeast
from .formula import FALSE, TRUE, Formulas, Operator

_MOST_PRODUCTS = 64
"""Conjunctions of alternatives are multiplied out into no more cases than this."""


@dataclass(slots=True)
class Case:
    """One way in which an object can be completed, as a conjunction.

    ``named``: what is asked of the values of properties, by name, with the formulas that say so; ``others``: formula,
    names left out and value formula of each demand on all other properties; ``required`` and ``absent``: names that
    have to come, and must not, with the formulas that say so; ``minimum`` and ``maximum``: how many more properties
    there may be; ``outer``: the formulas about the containers around; ``orders``: those that only say an order.
    ``rest``: what is asked of keys that the case does not mention. ``limit``: the least rank of a required name, where
    keys are ordered.
    """

    named: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    others: list[tuple[int, frozenset[str], int]] = field(default_factory=list)
    required: dict[str, int] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)
    minimum: int = 0
    maximum: int | None = None
    outer: list[int] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    rest: int = TRUE
    limit: int | None = None

    def mentions(self) -> Iterator[str]:
        """The names of which the case says something of their own; some may come twice."""
        yield from self.named
        yield from self.absent
        for _, names, _ in self.others:
            yield from names

    def speaks_of(self, name: str) -> bool:
        return name in self.named or name in self.absent or any(name in names for _, names, _ in self.others)

    def value(self, formulas: Formulas, name: str) -> int:
        """What is asked of the value of the property ``name``, if it comes."""
        if name in self.absent:
            return FALSE
        asked = self.named.get(name, ())
        others: list[int] = []
        for _, names, value in self.others:
            if name not in names:
                others.append(value)
        if len(asked) == 1 and not others:
            return asked[0][1]
        return formulas.conjunction([*others, *[value for _, value in asked]])

    def read(self, formulas: Formulas, parts: Iterable[int], depth: int) -> int | None:
        """Takes in ``parts``, up to one that is about ``depth`` and no supported literal; which one that is."""
        for part in parts:
            found = formulas.literal(part)
            if found is None or found[0].depth != depth:
                if formulas.depths(part) >> depth & 1:
                    return part
                self.outer.append(part)
            elif not self._read_literal(part, found[0].atom, found[1]):
                return part
        rests = [value for _, _, value in self.others]
        self.rest = rests[0] if len(rests) == 1 else formulas.conjunction(rests)
        return None

    def _read_literal(self, part: int, atom: Atom, is_true: bool) -> bool:
        """Takes in ``part``, that ``atom`` is true or false; whether that is supported."""
        if isinstance(atom, Every) and is_true:
            selector = atom.selector
            if isinstance(selector, NamedKey):
                self.named.setdefault(selector.name, []).append((part, atom.value))
                return True
            if isinstance(selector, OtherKeys) and not selector.patterns:
                self.others.append((part, selector.named, atom.value))
                return True
        elif isinstance(atom, Has):
            (self.required if is_true else self.absent)[atom.name] = part
            return True
        elif isinstance(atom, PropertiesAtLeast) and not atom.gone:
            if is_true:
                self.minimum = max(self.minimum, atom.count)
            else:
                self.maximum = atom.count - 1 if self.maximum is None else min(self.maximum, atom.count - 1)
            return True
        elif isinstance(atom, KeyOrder) and is_true:
            self.orders.append(part)
            return True
        return False


def case_of(formulas: Formulas, parts: Iterable[int], depth: int) -> Case | None:
    """The conjunction of ``parts``, whose innermost object is at ``depth``, if all that it says is supported."""
    case = Case()
    return case if case.read(formulas, parts, depth) is None else None


def cases_of(formulas: Formulas, formula: int, depth: int, budget: Budget) -> list[Case] | None:
    """Cases whose disjunction is ``formula``; what is not about ``depth`` is left as it is.

    ``None`` where there is something else than *and* and *or* about it, something that cases do not say, or too much
    would have to be multiplied out.
    """
    found: list[Case] = []
    stack = [formula]
    products = 0
    while stack:
        budget.check()
        formula = stack.pop()
        if formulas.operator(formula) is Operator.OR:
            stack.extend(reversed(formulas.operands(formula)))
            continue
        parts = formulas.conjuncts(formula)
        if FALSE in parts:
            continue
        case = Case()
        clause = case.read(formulas, parts, depth)
        if clause is None:
            found.append(case)
            continue
        if formulas.operator(clause) is not Operator.OR:
            return None
        rest = formulas.conjunction([part for part in parts if part != clause])
        products += len(formulas.operands(clause))
        if products > _MOST_PRODUCTS:
            return None
        stack.extend(formulas.conjunction((part, rest)) for part in reversed(formulas.operands(clause)))
    return found
