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
from .atoms import ArrayAtom, Atom, Kind, Literal, NumberAtom, ObjectAtom, StringAtom
from .evident import Evident
from .few_strings import SomeStrings, few_strings
from .formula import FALSE, TRUE, Operator
from .implicants import guess, parted, propagated, refinements
from .lowering import Language
from .residual import Residual, descend
from .strings import strings_of
from .theory_arrays import Ask, some_array
from .theory_numbers import some_number
from .theory_objects import some_object
from .theory_strings import some_string
from .witness import Witness, constant

_PLAIN = {kind: constant(value) for kind, value in ((Kind.NULL, None), (Kind.TRUE, True), (Kind.FALSE, False))}
"""The only values of their kinds."""

_ANYTHING = constant(None, plenty=True)

_ENOUGH = 16
"""After so many new questions, or cases since one, a search waits for answers."""

_CONTAINER_COST = 4
"""For how many scalars an object or array counts where values are listed."""

_KINDS = (Kind.NULL, Kind.TRUE, Kind.FALSE, Kind.NUMBER, Kind.STRING, Kind.ARRAY, Kind.OBJECT)


class Satisfier:
    """Answers questions about the formulas of one language, and remembers the answers.

    Raises ``LimitExceeded`` when a question takes more than ``limits.states`` steps or automaton states.
    """

    def __init__(self, language: Language) -> None:
        self._language = language
        self._budget = language.budget
        self._evident = Evident(language)
        self._values: dict[int, Witness | None] = {FALSE: None, TRUE: _ANYTHING}
        self._residuals: dict[Residual, bool] = {}
        self._pending: dict[tuple[int, tuple[Kind, ...]], bool] = {}
        self._theories: dict[tuple[Kind, frozenset[int]], Witness | None] = {}
        self._some: dict[tuple[int, int], tuple[list[object], bool]] = {}
        self._found = frozenset[int]()

    def value(self, value: int) -> bool:
        """Whether some JSON value satisfies the value formula ``value``."""
        return self._evident.value(value) or self.witness(value) is not None

    def witness(self, value: int) -> Witness | None:
        """Some JSON value that satisfies the value formula ``value``, if there is one."""
        return self._values[value] if value in self._values else self._solve(value)

    def value_of_kind(self, value: int, kind: Kind) -> bool:
        """Whether some value of ``kind`` satisfies the value formula ``value``."""
        return self._evident.of_kind(value, kind) or self._of_kind(value, kind, self.witness) is not None

    def residual(self, residual: Residual) -> bool:
        """Whether the open containers can be completed."""
        known = self._residuals.get(residual)
        if known is None:
            known = self._is_evident(residual) or self._search(residual, self.witness) is not None
            self._residuals[residual] = known
        return known

    def example(self, residual: Residual) -> Iterable[object]:
        """What is in the innermost container, the keys of an object, of a way to complete the open ones."""
        witness = self._search(residual, self.witness)
        value = None if witness is None else witness.value
        return value if isinstance(value, dict | list) else ()

    def _is_evident(self, residual: Residual) -> bool:
        """Whether the formula, or its first alternative, is a conjunction of literals that evidently can be true."""
        formulas = self._language.formulas
        formula = residual.formula
        while formulas.operator(formula) is Operator.OR:
            formula = formulas.operands(formula)[0]
        if formula == FALSE:
            return False
        literals: list[list[Literal]] = [[] for _ in residual.kinds]
        for part in formulas.conjuncts(formula):
            found = formulas.literal(part)
            if found is None:
                return False
            (depth, atom), is_true = found
            literals[depth - 1].append(Literal(atom, is_true))
        return all(map(self._evident.container, literals, residual.kinds))

    def few_values(self, value: int, most: int) -> list[int] | None:
        """All constants, as value formulas, that satisfy ``value``, where these are few; else ``None``.

        Few are at most ``most`` scalars; an object or array counts for several, being harder to tell from the others.
        """
        found, are_all = self._some_values(value, most)
        return [self._language.constant(each) for each in found] if are_all else None

    def is_scarce(self, value: int, most: int) -> bool:
        """Whether only finitely many values satisfy ``value``; if these are not few, so it may only seem."""
        return bool(self._some_values(value, most)[0]) or not self.value(value)

    def _some_values(self, value: int, most: int) -> tuple[list[object], bool]:
        """As many different values as are few, and whether these are all; none if one is known to be abundant."""
        key = (value, most)
        if key not in self._some:
            self._some[key] = self._find_some_values(value, most)
        return self._some[key]

    def _find_some_values(self, value: int, most: int) -> tuple[list[object], bool]:
        formulas = self._language.formulas
        found: list[object] = []
        left = most
        witness = self.witness(value)
        if witness is not None and not witness.abundant:
            strings = self._some_strings(value, most)
            if strings is not None:
                found += () if strings.abundant else strings.texts or (witness.value,)
                return found, strings.are_all
        while witness is not None:
            if witness.abundant:
                return [], False
            left -= _CONTAINER_COST if isinstance(witness.value, list | dict) else 1
            if left < 0:
                return found, False
            found.append(witness.value)
            others = formulas.negation(self._language.one_of(found))
            witness = self.witness(formulas.conjunction((value, others)))
        return found, True

    def _some_strings(self, value: int, most: int) -> SomeStrings | None:
        """The same for a value that can only be a string, of which literals are true; ``None`` for others."""
        formulas = self._language.formulas
        if self._language.plain.kinds_of(value) != {Kind.STRING}:
            return None
        formula = self._language.lower(value, Kind.STRING, 1)
        if parted(formulas, formula)[1]:  # the automaton of alternatives can be far larger than that of each
            return None
        return few_strings(strings_of(formulas, formula, self._budget), most, self._budget)

    def pending(self, pending: int, kinds: tuple[Kind, ...]) -> bool:
        """Whether some value can stand at the pending place so that the containers of ``kinds`` can be completed.

        Alternatives are looked at one by one: those that a key does not concern are known from the key before.
        """
        formulas = self._language.formulas
        cases = formulas.operands(pending) if formulas.operator(pending) is Operator.OR else (pending,)
        return any(self._pending_case(case, kinds) for case in cases)

    def _pending_case(self, pending: int, kinds: tuple[Kind, ...]) -> bool:
        known = self._pending.get((pending, kinds))
        if known is None:
            ways = (descend(self._language, pending, kinds, kind) for kind in _KINDS)
            known = self._pending[pending, kinds] = any(map(self.residual, ways))
        return known

    # --- the fixpoint

    def _solve(self, root: int) -> Witness | None:
        dependents: dict[int, set[int]] = {root: set()}
        work = [root]
        again: dict[int, None] = {}
        while (work or again) and root not in self._values:
            self._language.budget.check()
            if not work:
                work, again = list(again), {}
            value = work.pop()
            if value in self._values:
                continue
            asked = _Questions(self._values, dependents)
            with self._language.placed(value):
                found = self._of_some_kind(value, asked)
            if found is not None:
                self._values[value] = found
                again.update(dict.fromkeys(sorted(dependents[value])))
                continue
            if asked.was_cut_short:
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
        possible = self._language.plain.kinds_of(value)
        for kind in _KINDS:
            found = self._of_kind(value, kind, asked) if kind in possible else None
            if found is not None:
                return found
        return None

    def _of_kind(self, value: int, kind: Kind, ask: Ask) -> Witness | None:
        formula = self._language.lower(value, kind, 1)
        return None if formula == FALSE else self._search(Residual(formula, (kind,)), ask)

    # --- the search

    def _search(self, residual: Residual, ask: Ask) -> Witness | None:
        """A witness for the innermost container (or scalar), if some consistent set of literals implies the formula.

        Depth first, on an explicit stack of the cases still to be looked at.
        """
        if residual.formula == FALSE:
            return None
        formulas = self._language.formulas
        literals, clauses = parted(formulas, residual.formula)
        guessed = self._guessed(residual, ask) if clauses else None
        if guessed is not None:
            return guessed
        stack = [iter((residual.formula,))]
        seen = {FALSE}
        while stack:
            self._language.budget.check()
            if isinstance(ask, _Questions) and ask.are_enough(len(seen)):
                return None
            formula = next(stack[-1], None)
            if formula is None:
                stack.pop()
                continue
            if formula in seen:
                continue
            seen.add(formula)
            if len(seen) > self._budget.limits.states:
                raise LimitExceeded(
                    f"more than {self._budget.limits.states} cases to decide whether the schema can be satisfied",
                    remedy="raise Limits.states, or use fewer nested alternatives",
                )
            literals, clauses = propagated(formulas, formula)
            if FALSE in clauses:
                continue
            witness = self._consistent(literals, residual.kinds, ask)
            if witness is not None and not clauses:
                self._found = frozenset(literals)
                return witness
            if witness is not None:
                stack.append(refinements(formulas, literals, clauses))
        return None

    def _guessed(self, residual: Residual, ask: Ask) -> Witness | None:
        """A witness, if the literals found last, or the first cases of clauses, lead to one."""
        literals = guess(self._language.formulas, residual.formula, self._found)
        witness = None if literals is None else self._consistent(literals, residual.kinds, ask)
        if witness is not None and literals is not None:
            self._found = frozenset(literals)
        return witness

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
                self._budget,
            )
        if kind is Kind.NUMBER:
            return some_number(
                [atom for atom in positive if isinstance(atom, NumberAtom)],
                [atom for atom in negative if isinstance(atom, NumberAtom)],
                self._budget,
            )
        return _PLAIN[kind]


class _Questions:
    """Answers from what is known; a question that is not is noted in ``open`` and answered with "no".

    When enough new ones have come, or one a while ago, it is better to see to those first than to search on for what
    "no" leaves possible.
    """

    def __init__(self, known: dict[int, Witness | None], noted: Container[int]) -> None:
        self.open: list[int] = []
        self.was_cut_short = False
        self._known = known
        self._noted = noted
        self._new: set[int] = set()

    def are_enough(self, cases: int) -> bool:
        """Whether a search that has looked at so many ``cases`` should wait for answers."""
        enough = len(self._new) >= _ENOUGH or (bool(self._new) and cases > _ENOUGH)
        self.was_cut_short = self.was_cut_short or enough
        return enough

    def __call__(self, value: int) -> Witness | None:
        if value not in self._known:
            self.open.append(value)
            if value not in self._noted:
                self._new.add(value)
        return self._known.get(value)
