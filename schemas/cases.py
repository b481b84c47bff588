"""Conjunctions about an object that leave its properties independent of each other, taken apart.

Such a conjunction is what is demanded in one *case*: of a union, or of an object that nothing else is demanded of.
Not supported: patterns of names, negated demands on values, and limits on how many properties there are where keys that
have come are told apart from others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..grammar.limits import Budget
from .atoms import Every, Has, KeyOrder, NamedKey, OtherKeys, PropertiesAtLeast
from .formula import FALSE, TRUE, Formulas, Operator
from .implicants import is_literal, literal_of

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
        values = [value for _, value in self.named.get(name, ())]
        values += [value for _, names, value in self.others if name not in names]
        return values[0] if len(values) == 1 else formulas.conjunction(values)


def case_of(formulas: Formulas, parts: Iterable[int], depth: int) -> Case | None:
    """The conjunction of ``parts``, whose innermost object is at ``depth``, if all that it says is supported."""
    case = Case()
    for part in parts:
        if not formulas.depths(part) >> depth & 1:
            case.outer.append(part)
            continue
        found = literal_of(formulas, part)
        if found is None:
            return None
        (_, atom), is_true = found
        if isinstance(atom, Has):
            (case.required if is_true else case.absent)[atom.name] = part
        elif isinstance(atom, PropertiesAtLeast) and not atom.gone:
            if is_true:
                case.minimum = max(case.minimum, atom.count)
            else:
                case.maximum = atom.count - 1 if case.maximum is None else min(case.maximum, atom.count - 1)
        elif isinstance(atom, KeyOrder) and is_true:
            case.orders.append(part)
        elif not isinstance(atom, Every) or not is_true:
            return None
        elif isinstance(atom.selector, NamedKey):
            case.named.setdefault(atom.selector.name, []).append((part, atom.value))
        elif isinstance(atom.selector, OtherKeys) and not atom.selector.patterns:
            case.others.append((part, atom.selector.named, atom.value))
        else:
            return None
    rests = [value for _, _, value in case.others]
    case.rest = rests[0] if len(rests) == 1 else formulas.conjunction(rests)
    return case


def conjunctions(formulas: Formulas, formula: int, depth: int, budget: Budget) -> list[tuple[int, ...]] | None:
    """Conjunctions whose disjunction is ``formula``; what is not about ``depth`` is left as it is.

    ``None`` where there is something else than *and* and *or* about it, or too much would have to be multiplied out.
    """
    found: list[tuple[int, ...]] = []
    stack = [formula]
    products = 0
    while stack:
        budget.check()
        case = stack.pop()
        if formulas.operator(case) is Operator.OR:
            stack.extend(reversed(formulas.operands(case)))
            continue
        parts = formulas.conjuncts(case)
        clause = next((p for p in parts if formulas.depths(p) >> depth & 1 and not is_literal(formulas, p)), None)
        if clause is None:
            found.append(parts)
            continue
        if formulas.operator(clause) is not Operator.OR:
            return None
        rest = formulas.conjunction([part for part in parts if part != clause])
        products += len(formulas.operands(clause))
        if products > _MOST_PRODUCTS:
            return None
        stack.extend(formulas.conjunction((part, rest)) for part in reversed(formulas.operands(clause)))
    return [parts for parts in found if FALSE not in parts]
