"""Boolean formulas over atoms, hash-consed: equal formulas are equal integers.

A formula is kept in negation normal form and simplified only by the constructors: conjunctions and disjunctions are
flat, sorted sets of operands, and negation stands only before variables and *exactly one*. *Exactly one* stays a node
of its own, because its expansion is quadratic. Binary decision diagrams were tried: they blow up on unions of objects.

A variable is an atom at a depth. Depth ``VALUE`` is the value that is about to come; the open containers that a formula
speaks about are at depths 1, 2, ..., outermost first. Not supported: use of one store by several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from .atoms import Atom

FALSE = 0
TRUE = 1

VALUE = 0
"""The depth of atoms about the value that is about to come."""

_WIDE = 16
"""What occurs in nodes of more operands is listed only when it is asked for; the operands of any node are listed."""


class Operator(IntEnum):
    """What a node is."""

    CONSTANT = 0
    VARIABLE = 1
    NOT = 2
    AND = 3
    OR = 4
    EXACTLY_ONE = 5


_NONE: frozenset[int] = frozenset()


class Variable(NamedTuple):
    """``atom``, said about the value or container at ``depth``."""

    depth: int
    atom: Atom


class Formulas:
    """A store of formulas; ``FALSE`` and ``TRUE`` are in each.

    The variables in a ``support`` and in the mapping of a ``substitute`` are given by their formulas, which are
    integers too; ``variable_of`` tells what such an integer stands for.
    """

    def __init__(self) -> None:
        self._operators = [Operator.CONSTANT, Operator.CONSTANT]
        self._operands: list[tuple[int, ...]] = [(), ()]
        self._supports: list[frozenset[int] | None] = [frozenset(), frozenset()]
        self._depths = [0, 0]
        self._nodes: dict[Operator, dict[tuple[int, ...], int]] = {operator: {} for operator in Operator}
        self._variables: dict[tuple[int, Atom], int] = {}
        self._variable_of: dict[int, Variable] = {}
        self._negations = {FALSE: TRUE, TRUE: FALSE}
        self._occurrences: dict[int, tuple[frozenset[int], frozenset[int]]] = {}

    # --- looking at formulas

    def operator(self, formula: int) -> Operator:
        return self._operators[formula]

    def operands(self, formula: int) -> tuple[int, ...]:
        """The direct parts of ``formula``, ascending; none for variables and constants."""
        return self._operands[formula]

    def support(self, formula: int) -> frozenset[int]:
        """The variables that occur in ``formula``."""
        support = self._supports[formula]
        if support is None:
            support = self._supports[formula] = self._joined_supports(self._operands[formula])
        return support

    def depths(self, formula: int) -> int:
        """The depths of the variables that occur in ``formula``, as a bitset."""
        return self._depths[formula]

    def variables_at(self, formula: int, depth: int) -> list[int]:
        """The variables at ``depth`` that occur in ``formula``, ascending."""
        wanted = 1 << depth
        found: list[int] = []
        seen = {formula}
        stack = [formula] if self._depths[formula] & wanted else []
        while stack:
            node = stack.pop()
            if self._operators[node] is Operator.VARIABLE:
                found.append(node)
            fresh = [part for part in self._operands[node] if self._depths[part] & wanted and part not in seen]
            seen.update(fresh)
            stack += fresh
        return sorted(found)

    def variables(self) -> Iterable[Variable]:
        """All variables of the store."""
        return self._variable_of.values()

    def variable_of(self, variable: int) -> Variable:
        return self._variable_of[variable]

    def literal(self, formula: int) -> tuple[Variable, bool] | None:
        """The variable that ``formula`` is, or negates, and whether it is true; ``None`` if it is something else."""
        variable = self._variable_of.get(formula)
        if variable is not None:
            return variable, True
        if self._operators[formula] is not Operator.NOT:
            return None
        variable = self._variable_of.get(self._operands[formula][0])
        return None if variable is None else (variable, False)

    def conjuncts(self, formula: int) -> tuple[int, ...]:
        """The operands of a conjunction; any other formula is the only one of its own, ``TRUE`` has none."""
        if formula == TRUE:
            return ()
        return self._operands[formula] if self._operators[formula] is Operator.AND else (formula,)

    def occurrences(self, formula: int) -> tuple[frozenset[int], frozenset[int]]:
        """The variables whose truth can help ``formula`` to be true, and those whose falsehood can."""
        known = self._occurrences.get(formula)
        if known is None:
            positive = {formula}
            negative: set[int] = set()
            done = {FALSE, TRUE}
            for node in self._postorder(formula, done):
                done.add(node)
                operator = self._operators[node]
                if operator is Operator.AND or operator is Operator.OR:
                    positive.update(self._operands[node])
                elif operator is Operator.NOT:
                    negative.update(self._operands[node])
                elif operator is Operator.EXACTLY_ONE:
                    positive |= self.support(node)
                    negative |= self.support(node)
            variables = self._variable_of.keys()
            known = self._occurrences[formula] = frozenset(positive & variables), frozenset(negative & variables)
        return known

    # --- building formulas

    def variable(self, depth: int, atom: Atom) -> int:
        formula = self._variables.get((depth, atom))  # a ``Variable`` is equal to such a pair
        return self.new_variable(depth, atom) if formula is None else formula

    def new_variable(self, depth: int, atom: Atom) -> int:
        """``variable`` for one that is known to be new."""
        formula = len(self._operators)
        self._operators.append(Operator.VARIABLE)
        self._operands.append(())
        self._supports.append(frozenset((formula,)))
        self._depths.append(1 << depth)
        variable = self._variable_of[formula] = Variable(depth, atom)
        self._variables[variable] = formula
        return formula

    def negation(self, formula: int) -> int:
        """``not formula``, pushed down to variables and *exactly one*."""
        known = self._negations.get(formula)
        if known is not None:
            return known
        for node in self._postorder(formula, self._negations):
            operator, operands = self._operators[node], self._operands[node]
            if operator is Operator.AND or operator is Operator.OR:
                dual = Operator.OR if operator is Operator.AND else Operator.AND
                negated = self._combine(dual, [self._negations[operand] for operand in operands])
            else:
                negated = self._node(Operator.NOT, (node,))
            self._negations[node] = negated
            self._negations.setdefault(negated, node)
        return self._negations[formula]

    def conjunction(self, formulas: Iterable[int]) -> int:
        return self._combine(Operator.AND, formulas)

    def part_of_conjunction(self, operands: Iterable[int]) -> int:
        """The conjunction of some operands of one that is there already: nothing in it is left to simplify."""
        parts = sorted(set(operands))
        if len(parts) <= 1:
            return parts[0] if parts else TRUE
        return self._node(Operator.AND, tuple(parts))

    def disjunction(self, formulas: Iterable[int]) -> int:
        return self._combine(Operator.OR, formulas)

    def exactly_one(self, formulas: Iterable[int]) -> int:
        """True when one of ``formulas`` holds and no other; a formula given twice counts twice."""
        once: set[int] = set()
        excluded: set[int] = set()
        certain = 0
        for formula in formulas:
            if formula == TRUE:
                certain += 1
            elif formula in once:
                excluded.add(formula)
            elif formula != FALSE:
                once.add(formula)
        if certain > 1:
            return FALSE
        if certain:
            return self.conjunction(self.negation(formula) for formula in once)
        once -= excluded
        operands = tuple(sorted(once))
        one = (
            FALSE if not operands else operands[0] if len(operands) == 1 else self._node(Operator.EXACTLY_ONE, operands)
        )
        return self.conjunction([one, *(self.negation(formula) for formula in excluded)])

    def substitute(self, formula: int, mapping: Mapping[int, int]) -> int:
        """``formula`` with each variable that is a key of ``mapping`` replaced by its value, all at once."""
        touched = frozenset(mapping)
        support = self._supports[formula]
        if support is not None and support.isdisjoint(touched):
            return formula
        done = dict(mapping)
        for node in self._postorder(formula, done, touched):
            operands = [done.get(operand, operand) for operand in self._operands[node]]
            done[node] = self.apply(self._operators[node], operands)
        return done[formula]

    def apply(self, operator: Operator, operands: Sequence[int]) -> int:
        """The formula that joins ``operands`` by ``operator``, which is not that of a constant or variable."""
        if operator is Operator.NOT:
            return self.negation(operands[0])
        if operator is Operator.EXACTLY_ONE:
            return self.exactly_one(operands)
        return self._combine(operator, operands)

    def evaluate(self, formula: int, truth: Callable[[Variable], bool]) -> bool:
        """The truth of ``formula`` when ``truth`` tells that of each variable."""
        done = {FALSE: False, TRUE: True}
        for node in self._postorder(formula, done):
            operator = self._operators[node]
            values = [done[operand] for operand in self._operands[node]]
            if operator is Operator.VARIABLE:
                done[node] = truth(self._variable_of[node])
            elif operator is Operator.NOT:
                done[node] = not values[0]
            elif operator is Operator.AND:
                done[node] = all(values)
            elif operator is Operator.OR:
                done[node] = any(values)
            else:
                done[node] = values.count(True) == 1
        return done[formula]

    # --- inside

    def _combine(self, operator: Operator, formulas: Iterable[int]) -> int:
        """The simplified conjunction or disjunction: flat, without what one operand makes redundant in another."""
        neutral, absorbing = (TRUE, FALSE) if operator is Operator.AND else (FALSE, TRUE)
        parts = set(formulas)
        if len(parts) <= 1:
            return parts.pop() if parts else neutral
        dual = Operator.OR if operator is Operator.AND else Operator.AND
        parts = self._flat(operator, parts)
        while True:
            parts.discard(neutral)
            negated = set(map(self._negations.get, parts))
            if absorbing in parts or not parts.isdisjoint(negated):
                return absorbing
            mixed = [part for part in parts if self._operators[part] is dual]
            if len(parts) == 1 or not mixed:
                break
            kept = parts.difference(mixed)
            kept.update(self._flat(operator, self._reduced(mixed, dual, kept, negated, neutral)))
            if kept == parts:
                break
            parts = kept
        if len(parts) <= 1:
            return parts.pop() if parts else neutral
        return self._node(operator, tuple(sorted(parts)))

    def _flat(self, operator: Operator, formulas: Iterable[int]) -> set[int]:
        operators = self._operators
        parts = set(formulas)
        for formula in [formula for formula in parts if operators[formula] is operator]:
            parts.remove(formula)
            parts.update(self._operands[formula])
        return parts

    def _reduced(
        self, mixed: list[int], dual: Operator, others: set[int], negated: set[int | None], neutral: int
    ) -> Iterator[int]:
        """``mixed``, of operator ``dual``, beside ``others``: absorbed by an operand, or without false operands.

        ``negated``: the negations, where they are known, of all parts.
        """
        telling = others | negated
        for part in mixed:
            operands = self._operands[part]
            if telling.isdisjoint(operands):
                yield part
            elif not others.isdisjoint(operands):
                yield neutral
            else:
                yield self._combine(dual, [operand for operand in operands if operand not in negated])

    def _node(self, operator: Operator, operands: tuple[int, ...]) -> int:
        known = self._nodes[operator]  # by tuples of numbers, which collections of garbage pass over
        formula = known.get(operands)
        if formula is None:
            depths = 0
            supports: list[frozenset[int]] = []
            for operand in operands:
                depths |= self._depths[operand]
                supports.append(self._supports[operand] or self.support(operand))
            support = _NONE.union(*supports) if len(operands) <= _WIDE else None
            formula = known[operands] = self._add(operator, operands, support, depths)
        return formula

    def _joined_supports(self, operands: tuple[int, ...]) -> frozenset[int]:
        return _NONE.union(*[self.support(operand) for operand in operands])

    def _add(self, operator: Operator, operands: tuple[int, ...], support: frozenset[int] | None, depths: int) -> int:
        self._operators.append(operator)
        self._operands.append(operands)
        self._supports.append(support)
        self._depths.append(depths)
        return len(self._operators) - 1

    def _postorder(self, root: int, done: Container[int], touched: frozenset[int] | None = None) -> Iterator[int]:
        """The nodes below ``root`` that are not ``done``, operands first; the caller adds each to ``done``.

        With ``touched``, nodes that hold none of these variables are passed over.
        """
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            waiting = [operand for operand in self._operands[node] if operand not in done]
            if touched is not None:
                supports = self._supports
                waiting = [o for o in waiting if not (supports[o] or self.support(o)).isdisjoint(touched)]
            if waiting:
                stack.extend(waiting)
            else:
                stack.pop()
                yield node
