"""What a schema demands where that is a conjunction of literals, as it is for most: read off without lowering.

Alternatives are told apart by the kinds of value that they allow, as far as keywords say so by themselves.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .atoms import Kind, Literal, SchemaAtom, Statement
from .formula import FALSE, TRUE, Operator
from .keywords_common import ALL_KINDS

if TYPE_CHECKING:
    from .lowering import Language

_DEEPEST = 20
"""What kinds of value are possible is looked for so far below a formula, on Python's stack."""

_ALTERNATIVES = (Operator.OR, Operator.EXACTLY_ONE)


class PlainDemands:
    """Answers questions about the value formulas of ``language``, all of whose schemas have been read."""

    def __init__(self, language: Language) -> None:
        self._language: Language = weakref.proxy(language)  # which holds this
        self._formulas = language.formulas
        self._sites = language.sites
        self._kinds: dict[int, frozenset[Kind]] = {FALSE: frozenset(), TRUE: ALL_KINDS}
        self._literals: dict[tuple[int, Kind], tuple[Statement, ...] | None] = {}

    # --- kinds

    def is_free(self, value: int) -> bool:
        """Whether ``value`` is a schema that evidently allows all values of some kind."""
        site = self._sites.get(value)
        if site is None or site.everywhere:
            return False
        by_kind, unevaluated = site.by_kind, site.unevaluated
        for kind in site.allowed:  # noqa: SIM110 -- mostly one, for which a generator costs more
            if kind not in by_kind and kind not in unevaluated:
                return True
        return False

    def kinds_of(self, value: int, depth: int = _DEEPEST) -> frozenset[Kind]:
        """The kinds that the value formula ``value`` may leave possible; the others it certainly does not."""
        known = self._kinds.get(value)
        if known is None:
            known = self._kinds[value] = ALL_KINDS if depth == 0 else self._kinds_left(value, depth - 1)
        return known

    def _kinds_left(self, value: int, depth: int) -> frozenset[Kind]:
        site = self._sites.get(value)
        if site is not None:
            return site.allowed.intersection(*[self.kinds_of(part, depth) for part in site.everywhere])
        operator = self._formulas.operator(value)
        operands = [self.kinds_of(part, depth) for part in self._formulas.operands(value)]
        if operator is Operator.AND:
            return ALL_KINDS.intersection(*operands)
        return frozenset[Kind]().union(*operands) if operator in _ALTERNATIVES else ALL_KINDS

    # --- literals

    def literals(self, value: int, kind: Kind) -> tuple[Statement, ...] | None:
        """The literals about a value of ``kind`` whose conjunction ``value`` demands; of objects, also several in one.

        ``None`` where it demands something else, such as alternatives, or certainly cannot be satisfied.
        """
        key = (value, kind)
        if key not in self._literals:
            self._literals[key] = self._conjunction_of_literals(value, kind, is_guess=False)
        return self._literals[key]

    def sufficient_literals(self, value: int, kind: Kind) -> tuple[Statement, ...] | None:
        """Literals whose conjunction implies ``value`` for a value of ``kind``: where there are alternatives, one."""
        found = self.literals(value, kind)
        return self._conjunction_of_literals(value, kind, is_guess=True) if found is None else found

    def _conjunction_of_literals(self, value: int, kind: Kind, *, is_guess: bool) -> tuple[Statement, ...] | None:
        alone = self._literals_of_one_schema(value, kind)
        if alone is not None:
            return alone
        conjuncts = self._formulas.conjuncts
        found: list[Statement] = []
        seen: set[int] = set()
        work = list(conjuncts(value))
        for part in work:
            if part in seen:
                continue
            seen.add(part)
            demands = self._parts(part, kind, is_guess)
            if demands is None:
                return None
            for demand in demands:
                if isinstance(demand, int):
                    work += conjuncts(demand)
                else:
                    found.append(demand)
        return tuple(found)

    def _literals_of_one_schema(self, value: int, kind: Kind) -> tuple[Statement, ...] | None:
        """The literals of a schema that demands nothing else, as most do."""
        site = self._sites.get(value)
        if site is None or site.everywhere or kind not in site.allowed or kind in site.unevaluated:
            return None
        own = site.by_kind.get(kind, ())
        literals = tuple([part for part in own if not isinstance(part, int)])
        return literals if len(literals) == len(own) else None

    def _parts(self, formula: int, kind: Kind, is_guess: bool) -> Iterable[int | Statement] | None:
        """Formulas and literals whose conjunction is ``formula``, or which imply it as a guess."""
        formulas = self._formulas
        operator = formulas.operator(formula)
        if operator is Operator.VARIABLE:
            return self.demands(formula, kind)
        if operator is not Operator.NOT:
            return self._alternative(formula, kind, is_guess)
        [negated] = formulas.operands(formula)
        if formulas.operator(negated) is not Operator.VARIABLE:
            return None
        atom = formulas.variable_of(negated).atom
        return None if isinstance(atom, SchemaAtom) else (Literal(atom, False),)

    def demands(self, variable: int, kind: Kind) -> Iterable[int | Statement] | None:
        """All that a variable about the value demands of one of ``kind``: formulas over such variables, and literals.

        ``None`` where that is not so plain.
        """
        atom = self._formulas.variable_of(variable).atom
        return self._demands(atom.schema, kind) if isinstance(atom, SchemaAtom) else (Literal(atom, True),)

    def _demands(self, schema: int, kind: Kind) -> Iterable[int | Statement] | None:
        """All that a schema demands of a value of ``kind``; ``None`` where that is not so plain."""
        site = self._language.site(schema)
        if site is None:
            return (self._language.demand(schema, kind),)
        if kind not in site.allowed or kind in site.unevaluated:
            return None
        own = site.by_kind.get(kind, ())
        return [*site.everywhere, *own] if site.everywhere else own

    def _alternative(self, formula: int, kind: Kind, is_guess: bool) -> tuple[int] | None:
        """The one operand of *or* or *exactly one* that may hold for a value of ``kind``; of *or*, any as a guess."""
        operator = self._formulas.operator(formula)
        if operator not in _ALTERNATIVES:
            return None
        possible = [part for part in self._formulas.operands(formula) if kind in self.kinds_of(part)]
        if len(possible) == 1 or (possible and is_guess and operator is Operator.OR):
            return (possible[0],)
        return None
