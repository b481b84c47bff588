"""Boolean formulas over numbered atoms, hash-consed in disjunctive normal form.

A formula is an integer; a clause is a set of literals: an atom, or ``~atom`` for what is not so. The normal form keeps
the number of formulas over given atoms finite, which is what lets them be states of automata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

FALSE, TRUE = 0, 1

Clause = frozenset[int]


class Formulas:
    """The table of formulas and the operations on them; ``charge`` is told how many clauses are about to be made."""

    def __init__(self, charge: Callable[[int], None]) -> None:
        self._charge = charge
        self.clauses: list[frozenset[Clause]] = [frozenset(), frozenset([frozenset()])]
        self._numbers = {clauses: number for number, clauses in enumerate(self.clauses)}
        self._known: dict[tuple[int, int, int], int] = {}

    def atom(self, atom: int) -> int:
        return self._intern({frozenset((atom,))})

    def _intern(self, clauses: Iterable[Clause]) -> int:
        kept = _absorbed(set(clauses))
        if any(len(clause) == 1 and frozenset(~literal for literal in clause) in kept for clause in kept):
            return TRUE
        frozen = frozenset(kept)
        number = self._numbers.setdefault(frozen, len(self.clauses))
        if number == len(self.clauses):
            self.clauses.append(frozen)
        return number

    def both(self, left: int, right: int) -> int:
        if left in (right, FALSE) or right == TRUE:
            return left
        if left == TRUE or right == FALSE:
            return right
        key = (0, min(left, right), max(left, right))
        if key not in self._known:
            self._charge(len(self.clauses[left]) * len(self.clauses[right]))
            joined = (one | other for one in self.clauses[left] for other in self.clauses[right])
            self._known[key] = self._intern(
                clause for clause in joined if not any(~literal in clause for literal in clause)
            )
        return self._known[key]

    def either(self, left: int, right: int) -> int:
        if left in (right, TRUE) or right == FALSE:
            return left
        if left == FALSE or right == TRUE:
            return right
        key = (1, min(left, right), max(left, right))
        if key not in self._known:
            self._charge(len(self.clauses[left]) + len(self.clauses[right]))
            self._known[key] = self._intern(self.clauses[left] | self.clauses[right])
        return self._known[key]

    def negation(self, formula: int) -> int:
        key = (2, formula, formula)
        if key not in self._known:
            result = TRUE
            for clause in self.clauses[formula]:
                result = self.both(result, self._intern(frozenset((~literal,)) for literal in clause))
            self._known[key] = result
        return self._known[key]

    def implies(self, formula: int, other: int) -> bool:
        """Whether ``formula`` evidently implies ``other``."""
        return formula == other or self.either(formula, other) == other

    def atoms(self, formula: int) -> set[int]:
        return {max(literal, ~literal) for clause in self.clauses[formula] for literal in clause}

    def replaced(self, formula: int, replacement: Callable[[int], int]) -> int:
        """``formula`` with another one for each atom."""
        result = FALSE
        for clause in self.clauses[formula]:
            product = TRUE
            for literal in clause:
                found = replacement(max(literal, ~literal))
                product = self.both(product, self.negation(found) if literal < 0 else found)
                if product == FALSE:
                    break
            result = self.either(result, product)
        return result

    def holds(self, formula: int, value: Callable[[int], bool]) -> bool:
        return any(all(value(max(lit, ~lit)) == (lit >= 0) for lit in clause) for clause in self.clauses[formula])


def _absorbed(clauses: set[Clause]) -> set[Clause]:
    """Without the clauses that hold another one."""
    if len(clauses) < 2:
        return clauses
    return {clause for clause in clauses if not any(other < clause for other in clauses)}
