"""The state of an object whose formula is a union of plain conjunctions: which keys may come, and what follows one.

Most formulas with alternatives are of this form, or can be brought into it. Each alternative is a *case*, and cases are
independent: a key may come if it may in some case, by what that case says of the key alone. So the keys that may come are
told for all keys together, without a formula for each; what follows a key is worked out when one comes.

Not supported: limits on how many properties there are, patterns of names, *exactly one*, and negated demands on values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .atoms import Every, Has, KeyOrder, Kind, NamedKey, OtherKeys
from .formula import FALSE, TRUE, Formulas, Operator
from .implicants import is_literal, literal
from .lowering import Language
from .residual import Residual
from .satisfiability import Satisfier

_MOST_PRODUCTS = 64
"""Conjunctions of alternatives are multiplied out into no more cases than this."""

_STRINGS = frozenset((Kind.STRING,))

Groups = dict[int, list[int]]
"""By value formula of the value to come: formulas over the open containers, one of which has to hold as well."""


@dataclass(slots=True)
class _Case:
    """One way in which an object can be completed, as a conjunction.

    ``named``: what is asked of the values of properties, by name, with the formulas that say so; ``others``: formula,
    names left out and value formula of each demand on all other properties; ``required`` and ``absent``: names that
    have to come, and must not; ``kept``: the formulas that stay whatever comes. ``rest``: what is asked of keys that
    the case does not mention. ``limit``: the least rank of a required name, where keys are ordered.
    """

    named: dict[str, list[tuple[int, int]]]
    others: list[tuple[int, frozenset[str], int]]
    required: dict[str, int]
    absent: dict[str, int]
    kept: list[int]
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


class UnionOfObjects:
    """The cases of ``residual``, whose innermost container is an object.

    ``ranks``: the places of the names where keys are ordered; else ``None``.
    """

    def __init__(
        self, language: Language, satisfier: Satisfier, residual: Residual, ranks: Mapping[str, int] | None
    ) -> None:
        self._formulas = language.formulas
        self._satisfier = satisfier
        self._plain = language.plain
        self._ranks = ranks
        self._cases: list[_Case] = []
        self._by_name: dict[str, list[_Case]] = {}
        self._open: list[_Case] = []
        depth = len(residual.kinds)
        found = _conjunctions(self._formulas, residual.formula, depth)
        self.is_known = found is not None
        for parts in found or ():
            case = _case(self._formulas, parts, depth)
            if case is None:
                self.is_known = False
                return
            if self._is_live(case, residual):
                self._add(case)

    def _add(self, case: _Case) -> None:
        self._cases.append(case)
        for name in set(case.mentions()):
            self._by_name.setdefault(name, []).append(case)
        if self._satisfier.value(case.rest):
            self._open.append(case)

    def _is_live(self, case: _Case, residual: Residual) -> bool:
        """Whether objects of this case can be completed; also works out ``rest`` and ``limit``."""
        formulas = self._formulas
        case.rest = formulas.conjunction([value for _, _, value in case.others])
        if self._ranks is not None and case.required:
            case.limit = min(map(self._ranks.__getitem__, case.required))
        if not case.required.keys().isdisjoint(case.absent):
            return False
        if not all(self._satisfier.value(self._value(case, name)) for name in case.required):
            return False
        outer = residual.kinds[:-1]
        around = formulas.conjunction([part for part in case.kept if formulas.depths(part) < 1 << len(residual.kinds)])
        return around == TRUE or self._satisfier.residual(Residual(around, outer))

    # --- what may come

    def closed(self) -> int:
        """The formula over the containers around when the object closes now."""
        done = [case for case in self._cases if not case.required]
        return self._formulas.disjunction(self._formulas.conjunction(self._around(case)) for case in done)

    def _around(self, case: _Case) -> list[int]:
        return [part for part in case.kept if not self._is_key_order(part)]

    def _is_key_order(self, part: int) -> bool:
        formulas = self._formulas
        is_variable = formulas.operator(part) is Operator.VARIABLE
        return is_variable and isinstance(formulas.variable_of(part).atom, KeyOrder)

    def live(self, names: Iterable[str]) -> list[bool]:
        """Which of ``names`` may come next."""
        return [any(self._allows(case, name) for case in self._concerned(name)) for name in names]

    def tags(self, count: int) -> list[str]:
        """The names whose values are strings by which at least ``count`` cases may be told apart."""
        found: list[str] = []
        for name, cases in self._by_name.items():
            allowing = [case for case in cases if self._allows(case, name)] if len(cases) >= count else ()
            values = {self._value(case, name) for case in allowing}
            if len(values) >= count and all(self._plain.kinds_of(value) == _STRINGS for value in values):
                found.append(name)
        return found

    def others_may_come(self) -> bool:
        """Whether keys may come that no case mentions."""
        return any(self._lets_others(case) for case in self._open)

    def _concerned(self, name: str) -> Iterator[_Case]:
        yield from self._by_name.get(name, ())
        for case in self._open:
            if not case.speaks_of(name):
                yield case

    def _allows(self, case: _Case, name: str) -> bool:
        if name in case.absent or (case.limit is not None and self._ranks is not None and self._ranks[name] > case.limit):
            return False
        return self._satisfier.value(self._value(case, name))

    def _lets_others(self, case: _Case) -> bool:
        return self._ranks is None or not case.required

    def _value(self, case: _Case, name: str) -> int:
        """What ``case`` asks of the value of the property ``name``."""
        own = case.named.get(name, ())
        values = [value for _, value in own]
        values += [value for _, names, value in case.others if name not in names]
        return values[0] if len(values) == 1 else self._formulas.conjunction(values)

    # --- what follows

    def after(self, name: str) -> Groups:
        """What follows the key ``name``."""
        groups: Groups = {}
        for case in self._concerned(name):
            if self._allows(case, name):
                groups.setdefault(self._value(case, name), []).append(self._remainder(case, name))
        return groups

    def after_other(self) -> Groups:
        """What follows a key that no case mentions."""
        groups: Groups = {}
        for case in self._open:
            if self._lets_others(case):
                groups.setdefault(case.rest, []).append(self._remainder(case, None))
        return groups

    def _remainder(self, case: _Case, name: str | None) -> int:
        """What ``case`` still asks when ``name`` has come, ``None`` for a key that no case mentions.

        Where keys are ordered, those before it are known never to come.
        """
        parts = [*case.kept, *(variable for variable, _, _ in case.others)]
        for other, demands in case.named.items():
            if other != name and self._may_follow(other, name):
                parts += [variable for variable, _ in demands]
        parts += [variable for other, variable in case.required.items() if other != name]
        parts += [negated for other, negated in case.absent.items() if self._may_follow(other, name)]
        return self._formulas.conjunction(parts)

    def _may_follow(self, name: str, after: str | None) -> bool:
        ranks = self._ranks
        return ranks is None or (after is not None and ranks[name] > ranks[after])


def _conjunctions(formulas: Formulas, formula: int, depth: int) -> list[tuple[int, ...]] | None:
    """Conjunctions whose disjunction is ``formula``; what is not about ``depth`` is left as it is.

    ``None`` where there is something else than *and* and *or* about it, or too much would have to be multiplied out.
    """
    found: list[tuple[int, ...]] = []
    stack = [formula]
    products = 0
    while stack:
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


def _case(formulas: Formulas, parts: Iterable[int], depth: int) -> _Case | None:
    """A conjunction as a case, if it says nothing that is not supported."""
    case = _Case({}, [], {}, {}, [])
    for part in parts:
        if not formulas.depths(part) >> depth & 1:
            case.kept.append(part)
            continue
        found = literal(formulas, part)
        if found is None:
            return None
        (_, atom), is_true = found
        if isinstance(atom, Has):
            (case.required if is_true else case.absent)[atom.name] = part
        elif not is_true:
            return None
        elif isinstance(atom, KeyOrder):
            case.kept.append(part)
        elif isinstance(atom, Every) and isinstance(atom.selector, NamedKey):
            case.named.setdefault(atom.selector.name, []).append((part, atom.value))
        elif isinstance(atom, Every) and isinstance(atom.selector, OtherKeys) and not atom.selector.patterns:
            case.others.append((part, atom.selector.named, atom.value))
        else:
            return None
    return case
