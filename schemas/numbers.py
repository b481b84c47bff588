"""The automata of the numbers that a formula describes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction

from ..grammar.errors import LimitExceeded
from ..grammar.limits import Limits
from ..grammar.number_automaton import NumberAutomaton, number_automaton, number_range
from ..grammar.number_values import Compare, IntegerSyntax, Multiple, Observer
from .atoms import AtLeast, Atom, MoreThan, MultipleOf, NumberIn, WrittenAsInteger
from .formula import FALSE, TRUE, Formulas, Operator

_STATES_PER_OBSERVER = 50


def numbers_of(formulas: Formulas, formula: int, limits: Limits) -> NumberAutomaton:
    """The automaton of the numbers of which ``formula``, over number atoms, is true; its label is 1."""
    plain = _range(formulas, formula, limits)
    if plain is not None:
        return plain
    return labelled_numbers(formulas, formula, formulas.support(formula), lambda rest: int(rest == TRUE), limits)


def labelled_numbers(
    formulas: Formulas, formula: int, variables: Iterable[int], label_of: Callable[[int], int], limits: Limits
) -> NumberAutomaton:
    """An automaton that decides the number atoms of ``formula`` at once.

    ``variables``: the variables about the number, in any order. A number is labelled ``label_of(rest)``, where
    ``rest`` is ``formula`` with their truth put in.
    """
    variables = sorted(variables)
    atoms = [formulas.variable_of(variable).atom for variable in variables]
    observers = list(dict.fromkeys(observer for atom in atoms for observer in _observers(atom)))
    if len(observers) > limits.states // _STATES_PER_OBSERVER:
        raise LimitExceeded(
            f"{len(observers)} numbers to tell apart are too many for limits.states = {limits.states}",
            None,
            "raise limits.states, or list fewer numbers",
        )
    rests: dict[tuple[bool, ...], int] = {}

    def label(outcomes: tuple[int, ...]) -> int:
        seen = dict(zip(observers, outcomes, strict=True))
        truths = tuple(_truth(atom, seen) for atom in atoms)
        if truths not in rests:
            constants = {v: TRUE if truth else FALSE for v, truth in zip(variables, truths, strict=True)}
            rests[truths] = label_of(formulas.substitute(formula, constants))
        return rests[truths]

    return number_automaton(observers, label, limits)


def _observers(atom: Atom) -> list[Observer]:
    if isinstance(atom, AtLeast | MoreThan):
        return [Compare(atom.bound)]
    if isinstance(atom, MultipleOf):
        return [Multiple(atom.divisor)]
    if isinstance(atom, WrittenAsInteger):
        return [IntegerSyntax()]
    assert isinstance(atom, NumberIn)
    return [Compare(value) for value in sorted(atom.values)]


def _truth(atom: Atom, seen: dict[Observer, int]) -> bool:
    if isinstance(atom, AtLeast):
        return seen[Compare(atom.bound)] >= 0
    if isinstance(atom, MoreThan):
        return seen[Compare(atom.bound)] > 0
    if isinstance(atom, MultipleOf):
        return seen[Multiple(atom.divisor)] == 1
    if isinstance(atom, WrittenAsInteger):
        return seen[IntegerSyntax()] == 1
    assert isinstance(atom, NumberIn)
    return any(seen[Compare(value)] == 0 for value in atom.values)


def _range(formulas: Formulas, formula: int, limits: Limits) -> NumberAutomaton | None:
    """The automaton of a conjunction of bounds and multiples, which is built once for all schemas that have it."""
    low: tuple[Fraction, bool] | None = None
    high: tuple[Fraction, bool] | None = None
    divisor: Fraction | None = None
    written = False
    for part in formulas.conjuncts(formula):
        positive = formulas.operator(part) is not Operator.NOT
        variable = part if positive else formulas.operands(part)[0]
        atom = formulas.variable_of(variable).atom if formulas.operator(variable) is Operator.VARIABLE else None
        if isinstance(atom, AtLeast | MoreThan):
            bound, strict = atom.bound, isinstance(atom, MoreThan)
            if positive:
                low = max(low or (bound, strict), (bound, strict))
            else:  # below the bound, or equal to it where the bound itself had to be passed
                high = min((high or (bound, not strict)), (bound, not strict), key=lambda side: (side[0], not side[1]))
        elif isinstance(atom, MultipleOf) and positive:
            divisor = atom.divisor if divisor is None else _common_multiple(divisor, atom.divisor)
        elif isinstance(atom, WrittenAsInteger) and positive:
            written = True
        else:
            return None
    return number_range(
        None if low is None else low[0],
        low is not None and low[1],
        None if high is None else high[0],
        high is not None and high[1],
        divisor,
        written,
        limits,
    )


def _common_multiple(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(math.lcm(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator)
