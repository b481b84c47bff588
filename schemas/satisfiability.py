"""Whether there is still a way: does some value, or some completion of open containers, satisfy a formula?

A formula is searched for a set of literals that implies it and that every depth's theory finds consistent: clauses are
split on (after Davis, Putnam, Logemann and Loveland), and literals are judged as soon as they stand alone. What a
theory asks of the values inside a container is a question of its own. Recursive schemas make these questions circular;
the answer is the least fixpoint, found by a worklist: a question without an answer counts as "no", and is asked again
when one that it depends on turns out to be "yes". Neither deep schemas nor deep formulas use Python's stack.

An answer is a witness, from which a value that satisfies the formula can be built. Exact for all atoms. Not for several
threads at once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from ..grammar.errors import LimitExceeded
from .atoms import ArrayAtom, Atom, Kind, NumberAtom, ObjectAtom, StringAtom
from .formula import FALSE, TRUE, Operator
from .lowering import Language
from .residual import Residual, descend
from .theory_arrays import Ask, some_array
from .theory_numbers import some_number
from .theory_objects import some_object
from .theory_strings import some_string
from .witness import Witness, constant

_PLAIN = {kind: constant(value) for kind, value in ((Kind.NULL, None), (Kind.TRUE, True), (Kind.FALSE, False))}
"""The only values of their kinds."""

_ENOUGH = 16
"""After so many new questions a search waits for answers."""

_KINDS = (Kind.NULL, Kind.TRUE, Kind.FALSE, Kind.NUMBER, Kind.STRING, Kind.ARRAY, Kind.OBJECT)


class Satisfier:
    """Answers questions about the formulas of one language, and remembers the answers.

    Raises ``LimitExceeded`` when a question takes more than ``limits.states`` steps or automaton states.
    """

    def __init__(self, language: Language) -> None:
        self._language = language
        self._limits = language.options.limits
        self._values: dict[int, Witness | None] = {FALSE: None, TRUE: constant(None, abundant=True)}
        self._residuals: dict[Residual, bool] = {}
        self._theories: dict[tuple[Kind, frozenset[int]], Witness | None] = {}

    def value(self, value: int) -> bool:
        """Whether some JSON value satisfies the value formula ``value``."""
        return self.witness(value) is not None

    def witness(self, value: int) -> Witness | None:
        """Some JSON value that satisfies the value formula ``value``, if there is one."""
        return self._values[value] if value in self._values else self._solve(value)

    def value_of_kind(self, value: int, kind: Kind) -> bool:
        """Whether some value of ``kind`` satisfies the value formula ``value``."""
        return self._of_kind(value, kind, self.witness) is not None

    def residual(self, residual: Residual) -> bool:
        """Whether the open containers can be completed."""
        known = self._residuals.get(residual)
        if known is None:
            known = self._residuals[residual] = self._search(residual, self.witness) is not None
        return known

    def few_values(self, value: int, most: int) -> list[int] | None:
        """All constants, as value formulas, that satisfy ``value``, where these are at most ``most``; else ``None``."""
        found = self._some_values(value, most + 1)
        return None if found is None or len(found) > most else [self._language.constant(each) for each in found]

    def is_scarce(self, value: int, most: int) -> bool:
        """Whether only finitely many values satisfy ``value``; if these are more than ``most``, so it may only seem."""
        return self._some_values(value, most + 1) is not None

    def _some_values(self, value: int, count: int) -> list[object] | None:
        """Up to ``count`` different values; ``None`` if one of them is known to be abundant."""
        formulas = self._language.formulas
        found: list[object] = []
        witness = self.witness(value)
        while witness is not None and len(found) < count:
            if witness.abundant:
                return None
            found.append(witness.value)
            others = formulas.negation(self._language.one_of(found))
            witness = self.witness(formulas.conjunction((value, others)))
        return found

    def pending(self, pending: int, kinds: tuple[Kind, ...]) -> bool:
        """Whether some value can stand at the pending place so that the containers of ``kinds`` can be completed."""
        return any(self.residual(descend(self._language, pending, kinds, kind)) for kind in _KINDS)

    # --- the fixpoint

    def _solve(self, root: int) -> Witness | None:
        dependents: dict[int, set[int]] = {root: set()}
        work = [root]
        again: dict[int, None] = {}
        while (work or again) and root not in self._values:
            self._language.stopwatch.check()
            if not work:
                work, again = list(again), {}
            value = work.pop()
            if value in self._values:
                continue
            asked = _Questions(self._values, dependents)
            found = self._of_some_kind(value, asked)
            if found is not None:
                self._values[value] = found
                again.update(dict.fromkeys(sorted(dependents[value])))
                continue
            if asked.are_enough:
                again[value] = None
            for question in asked.open:
                if question not in dependents:
                    dependents[question] = set()
                    work.append(question)
                dependents[question].add(value)
        if root not in self._values:
            self._values.update((value, None) for value in dependents if value not in self._values)
        return self._values[root]

    def _of_some_kind(self, value: int, asked: _Questions) -> Witness | None:
        for kind in _KINDS:
            found = self._of_kind(value, kind, asked)
            if found is not None:
                return found
        return None

    def _of_kind(self, value: int, kind: Kind, ask: Ask) -> Witness | None:
        return self._search(Residual(self._language.lower(value, kind, 1), (kind,)), ask)

    # --- the search

    def _search(self, residual: Residual, ask: Ask) -> Witness | None:
        """A witness for the innermost container (or scalar), if some consistent set of literals implies the formula.

        Depth first, on an explicit stack.
        """
        formulas = self._language.formulas
        stack = [residual.formula]
        seen: set[int] = set()
        while stack:
            self._language.stopwatch.check()
            if isinstance(ask, _Questions) and ask.are_enough:
                return None
            formula = stack.pop()
            if formula in seen or formula == FALSE:
                continue
            seen.add(formula)
            if len(seen) > self._limits.states:
                raise LimitExceeded(
                    f"more than {self._limits.states} cases to decide whether the schema can be satisfied",
                    remedy="raise Limits.states, or use fewer nested alternatives",
                )
            literals: list[int] = []
            clauses: list[int] = []
            for part in formulas.conjuncts(formula):
                (literals if self._is_literal(part) else clauses).append(part)
            witness = self._consistent(literals, residual.kinds, ask)
            if witness is None:
                continue
            if not clauses:
                return witness
            split = min(clauses, key=lambda clause: len(formulas.operands(clause)))
            rest = [*literals, *(clause for clause in clauses if clause != split)]
            stack.extend(formulas.conjunction([case, *rest]) for case in reversed(self._cases(split)))
        return None

    def _is_literal(self, formula: int) -> bool:
        formulas = self._language.formulas
        operator = formulas.operator(formula)
        if operator is Operator.NOT:
            operator = formulas.operator(formulas.operands(formula)[0])
        return operator is Operator.VARIABLE

    def _cases(self, clause: int) -> list[int]:
        """Formulas whose disjunction is ``clause``."""
        formulas = self._language.formulas
        operands = formulas.operands(clause)
        operator = formulas.operator(clause)
        if operator is Operator.OR:
            return list(operands)
        if operator is Operator.EXACTLY_ONE:
            return [self._only(operands, one) for one in operands]
        operands = formulas.operands(operands[0])
        none = formulas.conjunction(map(formulas.negation, operands))
        pairs = [(one, other) for index, one in enumerate(operands) for other in operands[:index]]
        return [none, *map(formulas.conjunction, pairs)]

    def _only(self, operands: Iterable[int], one: int) -> int:
        formulas = self._language.formulas
        return formulas.conjunction([one, *(formulas.negation(other) for other in operands if other != one)])

    # --- the theories

    def _consistent(self, literals: Iterable[int], kinds: tuple[Kind, ...], ask: Ask) -> Witness | None:
        """A witness for the innermost kind, if the literals about each container (or scalar) can be true together."""
        formulas = self._language.formulas
        by_depth: list[list[int]] = [[] for _ in kinds]
        for literal in literals:
            negated = formulas.operator(literal) is Operator.NOT
            variable = formulas.operands(literal)[0] if negated else literal
            by_depth[formulas.variable_of(variable).depth - 1].append(literal)
        witness: Witness | None = None
        for depth, kind in enumerate(kinds):
            if by_depth[depth] or depth == len(kinds) - 1:
                witness = self._theory(kind, frozenset(by_depth[depth]), ask)
                if witness is None:
                    return None
        return witness

    def _theory(self, kind: Kind, literals: frozenset[int], ask: Ask) -> Witness | None:
        """A witness for ``literals`` about one value; "no" is kept unless it rests on unanswered questions."""
        key = (kind, literals)
        if key in self._theories:
            return self._theories[key]
        formulas = self._language.formulas
        positive: list[Atom] = []
        negative: list[Atom] = []
        for literal in sorted(literals):
            if formulas.operator(literal) is Operator.NOT:
                negative.append(formulas.variable_of(formulas.operands(literal)[0]).atom)
            else:
                positive.append(formulas.variable_of(literal).atom)
        witness = self._judge(kind, positive, negative, ask)
        if witness is not None or not isinstance(ask, _Questions) or kind not in (Kind.OBJECT, Kind.ARRAY):
            self._theories[key] = witness
        return witness

    def _judge(self, kind: Kind, positive: list[Atom], negative: list[Atom], ask: Ask) -> Witness | None:
        if kind is Kind.OBJECT:
            return some_object(
                self._language,
                [atom for atom in positive if isinstance(atom, ObjectAtom)],
                [atom for atom in negative if isinstance(atom, ObjectAtom)],
                ask,
            )
        if kind is Kind.ARRAY:
            return some_array(
                self._language,
                [atom for atom in positive if isinstance(atom, ArrayAtom)],
                [atom for atom in negative if isinstance(atom, ArrayAtom)],
                ask,
            )
        if kind is Kind.STRING:
            return some_string(
                [atom for atom in positive if isinstance(atom, StringAtom)],
                [atom for atom in negative if isinstance(atom, StringAtom)],
                self._limits,
            )
        if kind is Kind.NUMBER:
            return some_number(
                [atom for atom in positive if isinstance(atom, NumberAtom)],
                [atom for atom in negative if isinstance(atom, NumberAtom)],
                self._limits,
            )
        return _PLAIN[kind]


class _Questions:
    """Answers from what is known; a question that is not is noted in ``open`` and answered with "no".

    When enough new ones have come, it is better to see to those first than to search on for what "no" leaves possible.
    """

    def __init__(self, known: dict[int, Witness | None], noted: Container[int]) -> None:
        self.open: list[int] = []
        self._known = known
        self._noted = noted
        self._new: set[int] = set()

    @property
    def are_enough(self) -> bool:
        return len(self._new) >= _ENOUGH

    def __call__(self, value: int) -> Witness | None:
        if value not in self._known:
            self.open.append(value)
            if value not in self._noted:
                self._new.add(value)
        return self._known.get(value)
