"""The state of an object whose formula is a union of plain conjunctions: which keys may come, and what follows one.

Most formulas with alternatives are of this form, or can be brought into it. Each alternative is a *case*, and cases
are independent: a key may come if it may in some case, by what that case says of the key alone. So the keys that may
come are told for all together, without a formula for each; what follows a key is worked out when one comes.

Not supported: limits on how many properties there are, patterns of names, *exactly one*, and negated demands on values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from .atoms import Kind
from .cases import Case, cases_of
from .formula import TRUE
from .lowering import Language
from .residual import Residual
from .satisfiability import Satisfier
from .tags import string_constants

_STRINGS = frozenset((Kind.STRING,))

Groups = dict[int, list[int]]
"""By value formula of the value to come: formulas over the open containers, one of which has to hold as well."""


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
        self._budget = language.budget
        self._ranks = ranks
        self._cases: list[Case] = []
        self._by_name: dict[str, list[Case]] = {}
        self._open: list[Case] = []
        depth = len(residual.kinds)
        found = cases_of(self._formulas, residual.formula, depth, self._budget)
        self.is_known = found is not None
        for case in found or ():
            self._budget.check()
            if case.minimum or case.maximum is not None:
                self.is_known = False
                return
            if self._is_live(case, residual):
                self._add(case)
        self._open.sort(key=_limit, reverse=True)

    def _add(self, case: Case) -> None:
        self._cases.append(case)
        for name in set(case.mentions()):
            self._by_name.setdefault(name, []).append(case)
        if self._satisfier.value(case.rest):
            self._open.append(case)

    def _is_live(self, case: Case, residual: Residual) -> bool:
        """Whether objects of this case can be completed; also works out ``limit``."""
        if self._ranks is not None and case.required:
            case.limit = min(map(self._ranks.__getitem__, case.required))
        if not all(self._satisfier.value(case.value(self._formulas, name)) for name in case.required):
            return False
        around = self._formulas.conjunction(case.outer)
        return around == TRUE or self._satisfier.residual(Residual(around, residual.kinds[:-1]))

    # --- what may come

    def closed(self) -> int:
        """The formula over the containers around when the object closes now."""
        done = [case for case in self._cases if not case.required]
        return self._formulas.disjunction(self._formulas.conjunction(case.outer) for case in done)

    def live(self, names: Iterable[str]) -> list[bool]:
        """Which of ``names`` may come next."""
        return [self._is_live_key(name) for name in names]

    def _is_live_key(self, name: str) -> bool:
        self._budget.check()
        return any(self._allows(case, name) for case in self._by_name.get(name, ())) or self._may_be_other(name)

    def _may_be_other(self, name: str) -> bool:
        """Whether ``name`` may come in a case that does not mention it; those with the greatest limits are first."""
        for case in self._open:
            if not self._is_in_order(case, name):
                break
            if not case.speaks_of(name):
                return True
        return False

    def tags(self, count: int) -> list[str]:
        """The names whose values are constant strings by which at least ``count`` cases may be told apart."""
        found: list[str] = []
        for name, cases in self._by_name.items():
            self._budget.check()
            asked = {value for case in cases for _, value in case.named.get(name, ())} if len(cases) >= count else ()
            allowing = [case for case in cases if self._allows(case, name)] if len(asked) >= count else ()
            values = {case.value(self._formulas, name) for case in allowing}
            if len(values) >= count and all(map(self._is_listed, values)):
                found.append(name)
        return found

    def _is_listed(self, value: int) -> bool:
        return self._plain.kinds_of(value) == _STRINGS and string_constants(self._plain, value) is not None

    def others_may_come(self) -> bool:
        """Whether keys may come that no case mentions."""
        return any(self._lets_others(case) for case in self._open)

    def _concerned(self, name: str) -> Iterator[Case]:
        yield from self._by_name.get(name, ())
        for case in self._open:
            if not case.speaks_of(name):
                yield case

    def _allows(self, case: Case, name: str) -> bool:
        return self._is_in_order(case, name) and self._satisfier.value(case.value(self._formulas, name))

    def _is_in_order(self, case: Case, name: str) -> bool:
        return self._ranks is None or self._ranks[name] <= _limit(case)

    def _lets_others(self, case: Case) -> bool:
        return self._ranks is None or not case.required

    # --- what follows

    def after(self, name: str) -> Groups:
        """What follows the key ``name``."""
        groups: Groups = {}
        for case in self._concerned(name):
            self._budget.check()
            if self._allows(case, name):
                groups.setdefault(case.value(self._formulas, name), []).append(self._remainder(case, name))
        return groups

    def after_other(self) -> Groups:
        """What follows a key that no case mentions."""
        groups: Groups = {}
        for case in self._open:
            self._budget.check()
            if self._lets_others(case):
                groups.setdefault(case.rest, []).append(self._remainder(case, None))
        return groups

    def _remainder(self, case: Case, name: str | None) -> int:
        """What ``case`` still asks when ``name`` has come, ``None`` for a key that no case mentions.

        Where keys are ordered, those before it are known never to come.
        """
        ranks = self._ranks
        last = math.inf if name is None or ranks is None else ranks[name]
        parts = [*case.outer, *case.orders, *(variable for variable, _, _ in case.others)]
        for other, demands in case.named.items():
            if other != name and (ranks is None or ranks[other] > last):
                parts += [variable for variable, _ in demands]
        parts += [variable for other, variable in case.required.items() if other != name]
        parts += [negated for other, negated in case.absent.items() if ranks is None or ranks[other] > last]
        return self._formulas.part_of_conjunction(parts)


def _limit(case: Case) -> float:
    return math.inf if case.limit is None else case.limit
