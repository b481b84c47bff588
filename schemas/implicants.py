"""Sets of literals that imply a formula.

The formula is split on its clauses (after Davis, Putnam, Logemann and Loveland), one case at a time, since the first
will mostly do. A *guess* picks one case of each clause, those first that literals found before make true: after a key
has been read, what completed the object before mostly completes it still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from math import inf

from .atoms import FALSE_OF_NOTHING
from .formula import FALSE, TRUE, Formulas, Operator

_MODEST, _DEMANDING, _CLAUSE = 1, 2, 3
"""Prices of literals and clauses."""


def is_literal(formulas: Formulas, formula: int) -> bool:
    """Whether ``formula`` is a variable or a negated one."""
    return formulas.literal(formula) is not None


def parted(formulas: Formulas, formula: int) -> tuple[list[int], list[int]]:
    """The literals and the clauses of which ``formula`` is the conjunction."""
    literals: list[int] = []
    clauses: list[int] = []
    for part in formulas.conjuncts(formula):
        (literals if is_literal(formulas, part) else clauses).append(part)
    return literals, clauses


def propagated(formulas: Formulas, formula: int) -> tuple[list[int], list[int]]:
    """Literals and clauses whose conjunction is ``formula``, with the truth of the literals put into the clauses.

    ``[FALSE]`` are the clauses where these exclude each other.
    """
    fresh, clauses = parted(formulas, formula)
    literals: list[int] = []
    while fresh and clauses:
        literals += fresh
        truths = {literal: TRUE for literal in fresh if formulas.operator(literal) is Operator.VARIABLE}
        truths |= {formulas.negation(literal): FALSE for literal in fresh if literal not in truths}
        fresh, clauses = parted(formulas, formulas.substitute(formulas.conjunction(clauses), truths))
    return literals + fresh, clauses


def refinements(formulas: Formulas, literals: list[int], clauses: list[int]) -> Iterator[int]:
    """Formulas whose disjunction is the conjunction of ``literals`` and ``clauses``: the cases of a short clause."""
    split = min(clauses, key=lambda clause: len(formulas.operands(clause)))
    rest = formulas.conjunction([*literals, *(clause for clause in clauses if clause != split)])
    for case in _cases(formulas, split):
        yield formulas.conjunction((case, rest))


def guess(formulas: Formulas, formula: int, preferred: Set[int]) -> set[int] | None:
    """Literals that imply ``formula``, many of them among ``preferred``; ``None`` if the choices made exclude it."""
    chosen: set[int] = set()
    excluded: set[int] = set()
    work = [formula]
    clauses: list[int] = []
    while work or clauses:
        if not work:
            clauses.sort(key=lambda clause: len(formulas.operands(clause)), reverse=True)
            case = _fitting(formulas, clauses.pop(), chosen, excluded, preferred)
            work.append(case)
        part = work.pop()
        if part == FALSE or part in excluded:
            return None
        if is_literal(formulas, part):
            chosen.add(part)
            excluded.add(formulas.negation(part))
        elif formulas.operator(part) is Operator.AND:
            work.extend(formulas.operands(part))
        elif part != TRUE:
            clauses.append(part)
    return chosen


def _fitting(formulas: Formulas, clause: int, chosen: set[int], excluded: set[int], preferred: Set[int]) -> int:
    """The case of ``clause`` that asks for least beyond what is ``chosen`` or ``preferred``."""

    def price(case: int) -> float:
        parts = formulas.conjuncts(case)
        if not excluded.isdisjoint(parts):
            return inf
        return sum(_price(formulas, part) for part in parts if part not in chosen and part not in preferred)

    if formulas.operator(clause) is Operator.OR:
        return _cheapest(formulas.operands(clause), price)
    if formulas.operator(clause) is Operator.EXACTLY_ONE:
        return _cheapest_only(formulas, formulas.operands(clause), price)
    operands = formulas.operands(formulas.operands(clause)[0])
    first, second, *_ = sorted(operands, key=price)
    none = formulas.conjunction(map(formulas.negation, operands))
    return _cheapest((none, formulas.conjunction((first, second))), price)


def _cheapest(cases: Iterable[int], price: Callable[[int], float]) -> int:
    best, least = FALSE, inf
    for case in cases:
        asked = price(case)
        if asked < least:
            best, least = case, asked
            if not asked:
                break
    return best


def _cheapest_only(formulas: Formulas, operands: tuple[int, ...], price: Callable[[int], float]) -> int:
    """The cheapest way in which one of ``operands`` holds and no other: each is looked at once, none written out."""
    alone = [price(one) for one in operands]
    without = [price(formulas.negation(one)) for one in operands]
    certain = [index for index, asked in enumerate(without) if asked == inf]
    if len(certain) > 1:
        return FALSE
    candidates = certain or range(len(operands))
    best = min(candidates, key=lambda index: alone[index] - (0 if certain else without[index]))
    return FALSE if alone[best] == inf else _only(formulas, operands, operands[best])


def _price(formulas: Formulas, part: int) -> int:
    """Less for what is true of containers that hold nothing more: it does not stand in the way of anything else."""
    negative = formulas.operator(part) is Operator.NOT
    variable = formulas.operands(part)[0] if negative else part
    if formulas.operator(variable) is not Operator.VARIABLE:
        return _CLAUSE
    wants_more = isinstance(formulas.variable_of(variable).atom, FALSE_OF_NOTHING)
    return _MODEST if wants_more == negative else _DEMANDING


def _cases(formulas: Formulas, clause: int) -> Iterator[int]:
    """Formulas whose disjunction is ``clause``."""
    operands = formulas.operands(clause)
    operator = formulas.operator(clause)
    if operator is Operator.OR:
        yield from operands
    elif operator is Operator.EXACTLY_ONE:
        for one in operands:
            yield _only(formulas, operands, one)
    else:
        operands = formulas.operands(operands[0])
        yield formulas.conjunction(map(formulas.negation, operands))
        for index, one in enumerate(operands):
            for other in operands[:index]:
                yield formulas.conjunction((one, other))


def _only(formulas: Formulas, operands: Iterable[int], one: int) -> int:
    return formulas.conjunction([one, *(formulas.negation(other) for other in operands if other != one)])
