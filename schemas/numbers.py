"""The automata of the numbers that a formula describes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from ..grammar.errors import LimitExceeded
from ..grammar.limits import Budget
from ..grammar.number_automaton import NumberAutomaton, number_automaton, number_range
from ..grammar.number_values import Compare, IntegerSyntax, Multiple, Observer
from .atoms import AtLeast, Atom, MoreThan, MultipleOf, NumberIn, WrittenAsInteger
from .formula import FALSE, TRUE, Formulas, Operator
from .variants import Variants

_STATES_PER_OBSERVER = 50


def numbers_of(formulas: Formulas, formula: int, budget: Budget) -> NumberAutomaton:
    """The automaton of the numbers of which ``formula``, over number atoms, is true; its label is 1."""
    plain = _range(formulas, formula, budget)
    if plain is not None:
        return plain
    return labelled_numbers(formulas, formula, formulas.support(formula), lambda rest: int(rest == TRUE), budget)


def labelled_numbers(
    formulas: Formulas, formula: int, variables: Iterable[int], label_of: Callable[[int], int], budget: Budget
) -> NumberAutomaton:
    """An automaton that decides the number atoms of ``formula`` at once.

    ``variables``: the variables about the number, in any order. A number is labelled ``label_of(rest)``, where
    ``rest`` is ``formula`` with their truth put in.
    """
    atoms = {variable: formulas.variable_of(variable).atom for variable in sorted(variables)}
    holding = _holding(atoms)
    listed = sorted(holding)
    others = {variable: atom for variable, atom in atoms.items() if not isinstance(atom, NumberIn)}
    observers: list[Observer] = [Compare(value) for value in listed]
    observers = list(dict.fromkeys([*observers, *map(_observer, others.values())]))
    if len(observers) > budget.limits.states // _STATES_PER_OBSERVER:
        raise LimitExceeded(
            f"{len(observers)} numbers to tell apart are too many for limits.states = {budget.limits.states}",
            None,
            "raise limits.states, or list fewer numbers",
        )
    slots = {observer: slot for slot, observer in enumerate(observers)}
    variants = Variants(formulas, formula, dict.fromkeys(atoms, FALSE))
    labels: dict[tuple[int, ...], int] = {}

    def label(outcomes: tuple[int, ...]) -> int:
        compared = outcomes[: len(listed)]
        truths = [variable for variable, atom in others.items() if _truth(atom, outcomes[slots[_observer(atom)]])]
        truths += holding[listed[compared.index(0)]] if 0 in compared else ()
        key = tuple(truths)
        if key not in labels:
            labels[key] = label_of(variants.with_changes(dict.fromkeys(truths, TRUE)))
        return labels[key]

    return number_automaton(observers, label, budget)


def _holding(atoms: Mapping[int, Atom]) -> dict[Fraction, list[int]]:
    """The variables whose lists hold a number, for each number listed."""
    holding: dict[Fraction, list[int]] = {}
    for variable, atom in atoms.items():
        for value in atom.values if isinstance(atom, NumberIn) else ():
            holding.setdefault(value, []).append(variable)
    return holding


def _observer(atom: Atom) -> Observer:
    """What tells whether ``atom``, which is no list, is true."""
    if isinstance(atom, AtLeast | MoreThan):
        return Compare(atom.bound)
    if isinstance(atom, MultipleOf):
        return Multiple(atom.divisor)
    assert isinstance(atom, WrittenAsInteger)
    return IntegerSyntax()


def _truth(atom: Atom, outcome: int) -> bool:
    """Whether ``atom``, which is no list, is true when its observer has this ``outcome``."""
    return outcome >= 0 if isinstance(atom, AtLeast) else outcome > 0


def _range(formulas: Formulas, formula: int, budget: Budget) -> NumberAutomaton | None:
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
        budget,
    )


def _common_multiple(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(math.lcm(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator)
