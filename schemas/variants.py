"""Many substitutions into one formula that differ in a few variables only.

One substitution, the *base*, is carried out in full; another is carried out only above the variables in which it
differs. For a disjunction of hundreds of alternatives, of which a property's name concerns two, this is what makes a
state with hundreds of names affordable. Results are equal to those of ``Formulas.substitute``.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from .formula import FALSE, TRUE, Formulas, Operator

_NEUTRAL = {Operator.AND: TRUE, Operator.OR: FALSE, Operator.EXACTLY_ONE: FALSE}


class Variants:
    """Variants of the substitution ``base`` into ``formula``, which may be changed for good."""

    def __init__(self, formulas: Formulas, formula: int, base: Mapping[int, int]) -> None:
        self._formulas = formulas
        self._formula = formula
        self._parents: dict[int, list[int]] = {}
        self._results: dict[int, int] = {}
        self._kept: dict[int, dict[int, int]] = {}
        nodes = self._reachable()
        self._results.update((node, node) for node in nodes)
        self.change(base)

    def with_changes(self, changes: Mapping[int, int]) -> int:
        """``formula`` with the variables of ``changes`` replaced as these say, and the others as the base does."""
        return self._changed(changes).get(self._formula, self._results[self._formula])

    def change(self, changes: Mapping[int, int]) -> None:
        """Makes ``changes`` part of the base."""
        changed = self._changed(changes)
        self._results.update(changed)
        for node, result in changed.items():
            for parent in self._parents[node]:
                kept = self._kept.get(parent)
                if kept is not None:
                    self._keep(kept, self._formulas.operator(parent), node, result)

    def _reachable(self) -> set[int]:
        seen = {self._formula}
        self._parents[self._formula] = []
        stack = [self._formula]
        while stack:
            node = stack.pop()
            for operand in self._formulas.operands(node):
                if operand not in seen:
                    seen.add(operand)
                    self._parents[operand] = []
                    stack.append(operand)
                self._parents[operand].append(node)
        return seen

    def _changed(self, changes: Mapping[int, int]) -> dict[int, int]:
        """The nodes whose result is another one than in the base, with these; operands first, by their numbers."""
        results = self._results
        changed = {v: result for v, result in changes.items() if v in results and results[v] != result}
        waiting = {parent for variable in changed for parent in self._parents[variable]}
        altered: dict[int, list[int]] = {}
        for variable in changed:
            for parent in self._parents[variable]:
                altered.setdefault(parent, []).append(variable)
        order = list(waiting)
        heapify(order)
        while order:
            node = heappop(order)
            result = self._result(node, altered[node], changed)
            if result == results[node]:
                continue
            changed[node] = result
            for parent in self._parents[node]:
                altered.setdefault(parent, []).append(node)
                if parent not in waiting:
                    waiting.add(parent)
                    heappush(order, parent)
        return changed

    def _result(self, node: int, altered: list[int], changed: Mapping[int, int]) -> int:
        """What becomes of ``node`` when of its operands just those in ``altered`` become what ``changed`` says."""
        operator = self._formulas.operator(node)
        if operator is Operator.NOT:
            return self._formulas.negation(changed[altered[0]])
        kept = self._kept.get(node)
        if kept is None:
            kept = self._kept[node] = {}
            for operand in self._formulas.operands(node):
                self._keep(kept, operator, operand, self._results[operand])
        fresh = [changed[operand] for operand in altered]
        if kept:
            gone = set(altered)
            fresh += [result for operand, result in kept.items() if operand not in gone]
        return self._formulas.apply(operator, fresh)

    def _keep(self, kept: dict[int, int], operator: Operator, operand: int, result: int) -> None:
        if result != _NEUTRAL.get(operator):
            kept[operand] = result
        else:
            kept.pop(operand, None)
