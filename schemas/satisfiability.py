"""Whether there is still a way: does some value, or some completion of open containers, satisfy a formula?

A formula is searched for a set of literals that implies it and that every depth's theory finds consistent: clauses are
split on (after Davis, Putnam, Logemann and Loveland), and literals are judged as soon as they stand alone. What a
theory asks of the values inside a container is a question of its own. Recursive schemas make these questions circular;
the answer is the least fixpoint, found by a worklist: a question without an answer counts as "no", and is asked again
when one that it depends on turns out to be "yes". Neither deep schemas nor deep formulas use Python's stack.

Exact for the supported atoms. Not supported yet: negated object and array atoms other than ``ItemsAtLeast``, which only
negating keywords (``not``, ``oneOf``, ``if``) bring about. Not for several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..grammar.errors import LimitExceeded, UnsupportedSchema
from .atoms import (
    AtLeast,
    Atom,
    Every,
    Has,
    ItemAt,
    ItemsAtLeast,
    ItemsFrom,
    KeyOrder,
    Kind,
    MoreThan,
    MultipleOf,
    NamedKey,
    NumberIn,
    StringAtom,
    WrittenAsInteger,
)
from .formula import FALSE, TRUE, Operator
from .lowering import Language
from .residual import Residual, descend
from .theory_numbers import some_number
from .theory_strings import some_string

Ask = Callable[[int], bool]
"""Answers whether some value satisfies a value formula."""

_Literals = tuple[frozenset[Atom], frozenset[Atom]]

_KINDS = (Kind.NULL, Kind.TRUE, Kind.FALSE, Kind.NUMBER, Kind.STRING, Kind.ARRAY, Kind.OBJECT)


class Satisfier:
    """Answers questions about the formulas of one language, and remembers the answers.

    Raises ``LimitExceeded`` when a question takes more than ``limits.states`` steps or automaton states.
    """

    def __init__(self, language: Language) -> None:
        self._language = language
        self._limits = language.options.limits
        self._values: dict[int, bool] = {FALSE: False, TRUE: True}
        self._residuals: dict[Residual, bool] = {}
        self._scalars: dict[_Literals, bool] = {}

    def value(self, value: int) -> bool:
        """Whether some JSON value satisfies the value formula ``value``."""
        known = self._values.get(value)
        return self._solve(value) if known is None else known

    def value_of_kind(self, value: int, kind: Kind) -> bool:
        """Whether some value of ``kind`` satisfies the value formula ``value``."""
        return self._of_kind(value, kind, self.value)

    def residual(self, residual: Residual) -> bool:
        """Whether the open containers can be completed."""
        known = self._residuals.get(residual)
        if known is None:
            known = self._residuals[residual] = self._search(residual, self.value)
        return known

    def pending(self, pending: int, kinds: tuple[Kind, ...]) -> bool:
        """Whether some value can stand at the pending place so that the containers of ``kinds`` can be completed."""
        return any(self.residual(descend(self._language, pending, kinds, kind)) for kind in _KINDS)

    # --- the fixpoint

    def _solve(self, root: int) -> bool:
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
            asked = _Questions(self._values)
            if any(self._of_kind(value, kind, asked) for kind in _KINDS):
                self._values[value] = True
                again.update(dict.fromkeys(sorted(dependents[value])))
                continue
            for question in asked.open:
                if question not in dependents:
                    dependents[question] = set()
                    work.append(question)
                dependents[question].add(value)
        if root not in self._values:
            self._values.update((value, False) for value in dependents if value not in self._values)
        return self._values[root]

    def _of_kind(self, value: int, kind: Kind, ask: Ask) -> bool:
        return self._search(Residual(self._language.lower(value, kind, 1), (kind,)), ask)

    # --- the search

    def _search(self, residual: Residual, ask: Ask) -> bool:
        """Whether some consistent set of literals implies the formula. Depth first, on an explicit stack."""
        formulas = self._language.formulas
        stack = [residual.formula]
        seen: set[int] = set()
        while stack:
            self._language.stopwatch.check()
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
            if not self._consistent(literals, residual.kinds, ask):
                continue
            if not clauses:
                return True
            split = min(clauses, key=lambda clause: len(formulas.operands(clause)))
            rest = [*literals, *(clause for clause in clauses if clause != split)]
            stack.extend(formulas.conjunction([case, *rest]) for case in reversed(self._cases(split)))
        return False

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

    def _consistent(self, literals: Iterable[int], kinds: tuple[Kind, ...], ask: Ask) -> bool:
        """Whether the literals about each open container (or scalar) can be true together."""
        formulas = self._language.formulas
        positive: list[set[Atom]] = [set() for _ in kinds]
        negative: list[set[Atom]] = [set() for _ in kinds]
        for literal in literals:
            negated = formulas.operator(literal) is Operator.NOT
            depth, atom = formulas.variable_of(formulas.operands(literal)[0] if negated else literal)
            (negative if negated else positive)[depth - 1].add(atom)
        return all(
            self._theory(kind, frozenset(true), frozenset(false), ask)
            for kind, true, false in zip(kinds, positive, negative, strict=True)
            if true or false
        )

    def _theory(self, kind: Kind, positive: frozenset[Atom], negative: frozenset[Atom], ask: Ask) -> bool:
        if kind is Kind.OBJECT:
            return self._some_object(positive, negative, ask)
        if kind is Kind.ARRAY:
            return self._some_array(positive, negative, ask)
        key = (positive, negative)
        known = self._scalars.get(key)
        if known is None:
            known = self._scalars[key] = self._some_scalar(kind, positive, negative)
        return known

    def _some_scalar(self, kind: Kind, positive: frozenset[Atom], negative: frozenset[Atom]) -> bool:
        if kind is Kind.STRING:
            strings = [[atom for atom in atoms if isinstance(atom, StringAtom)] for atoms in (positive, negative)]
            return some_string(strings[0], strings[1], self._limits)
        numbers = [
            [atom for atom in atoms if isinstance(atom, NumberIn | AtLeast | MoreThan | MultipleOf | WrittenAsInteger)]
            for atoms in (positive, negative)
        ]
        return some_number(numbers[0], numbers[1], self._limits)

    def _some_object(self, positive: frozenset[Atom], negative: frozenset[Atom], ask: Ask) -> bool:
        """The required properties must exist; no other one has to."""
        required = {atom.name for atom in positive if isinstance(atom, Has)}
        for atom in negative:
            if isinstance(atom, KeyOrder) or (isinstance(atom, Has) and atom.name in required):
                return False
            if not isinstance(atom, Has):
                raise _negated(atom)
        demands: dict[str, list[int]] = {name: [] for name in required}
        for atom in positive:
            if isinstance(atom, Every):
                selector = atom.selector
                names = required & {selector.name} if isinstance(selector, NamedKey) else required - selector.named
                for name in names:
                    demands[name].append(atom.value)
        return self._all_answered(demands.values(), ask)

    def _some_array(self, positive: frozenset[Atom], negative: frozenset[Atom], ask: Ask) -> bool:
        """The items up to the least number must exist; those behind the last place mentioned ask for nothing more."""
        for atom in negative:
            if not isinstance(atom, ItemsAtLeast):
                raise _negated(atom)
        least = max((atom.count for atom in positive if isinstance(atom, ItemsAtLeast)), default=0)
        if any(isinstance(atom, ItemsAtLeast) and atom.count <= least for atom in negative):
            return False
        mentioned = [atom.index for atom in positive if isinstance(atom, ItemAt | ItemsFrom)]
        demands: list[list[int]] = [[] for _ in range(min(least, max(mentioned, default=-1) + 1))]
        for atom in positive:
            if isinstance(atom, ItemAt) and atom.index < len(demands):
                demands[atom.index].append(atom.value)
            elif isinstance(atom, ItemsFrom):
                for demand in demands[atom.index :]:
                    demand.append(atom.value)
        return self._all_answered(demands, ask)

    def _all_answered(self, demands: Iterable[list[int]], ask: Ask) -> bool:
        """Whether each of the conjunctions is satisfiable; asks for all, so that the worklist gets them all."""
        values = {self._language.formulas.conjunction(demand) for demand in demands}
        if FALSE in values:
            return False
        answers = [ask(value) for value in sorted(values)]
        return all(answers)


class _Questions:
    """Answers from what is known; a question that is not is noted in ``open`` and answered with "no"."""

    def __init__(self, known: dict[int, bool]) -> None:
        self.open: list[int] = []
        self._known = known

    def __call__(self, value: int) -> bool:
        answer = self._known.get(value)
        if answer is None:
            self.open.append(value)
        return answer is True


def _negated(atom: Atom) -> UnsupportedSchema:
    return UnsupportedSchema(f"negating {type(atom).__name__} is not supported yet")
