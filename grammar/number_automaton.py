"""Numbers by an automaton and, where divisors are many or large, a residue beside it.

A divisor ``d = q * 2**i * 5**j * 10**k`` with ``q`` coprime to ten is two questions. With ``M`` the integer that all
digits make, a number is a multiple of ``d`` exactly if it is one of ``d / q``, and ``q`` divides
``M``: where the point stands does not matter for ``q``. Where all ``q`` together are small, ``number_dfa`` answers
both in its states. Where they are not, it answers the first only; ``M`` is followed modulo the least common multiple of
all ``q``, and what a state accepts depends on which of them divide ``M`` (``residues``).

Not supported: exponents beside residues, as with other large divisors (``number_dfa``); a common multiple of 2**42 or
more, more than ``MOST_DIVISORS`` different ``q``, and divisors whose part of twos and fives is large by itself, such as
2**20: ``LimitExceeded``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from .dfa import DEAD, REJECT, Dfa
from .errors import LimitExceeded
from .limits import Budget
from .number_dfa import number_dfa
from .number_parts import number_dfa_by_parts
from .number_settled import settled_states
from .number_values import Compare, Divisor, IntegerSyntax, LabelOf, Multiple, Observer
from .residues import Divisors, Residues

MAX_MODULUS_OF_STATES = 100
"""Up to here residues are states: a number then costs one look-up a digit."""


@dataclass(frozen=True, eq=False)
class NumberAutomaton:
    """An automaton over number texts; with ``residues``, its labels are only rows of outcomes."""

    dfa: Dfa
    residues: Residues | None = None

    @cached_property
    def settled(self) -> NDArray[np.bool_]:
        """The states after which the value cannot change any more; bool[states]."""
        return settled_states(self.dfa)

    @property
    def is_empty(self) -> bool:
        if self.residues is None:
            return self.dfa.is_empty
        return self.dfa.start == DEAD or not self.residues.is_live(self.dfa.start, 0)


def number_automaton(observers: Sequence[Observer], label_of: LabelOf, budget: Budget) -> NumberAutomaton:
    """``number_dfa``, with a residue beside it if the divisors ask for one; the same errors."""
    parts = {observer: _coprime_part(observer.divisor) for observer in observers if isinstance(observer, Multiple)}
    if math.lcm(*parts.values()) <= MAX_MODULUS_OF_STATES:
        return NumberAutomaton(number_dfa_by_parts(observers, label_of, budget))
    divisors = Divisors.of(parts.values())
    wanted = [divisors.mask(parts[observer]) if isinstance(observer, Multiple) else 0 for observer in observers]
    reduced = [Multiple(o.divisor / parts[o]) if isinstance(o, Multiple) else o for o in observers]
    asked = list(dict.fromkeys(reduced))
    places = [asked.index(observer) for observer in reduced]
    rows: dict[tuple[int, ...], int] = {}

    def row_of(outcomes: tuple[int, ...]) -> int:
        """The number of the row of labels, one for each choice of divisors."""
        known = [outcomes[place] for place in places]
        row = tuple(
            label_of(tuple(value if choice & mask == mask else 0 for value, mask in zip(known, wanted, strict=True)))
            for choice in divisors.choices
        )
        return rows.setdefault(row, len(rows) + 1) if any(row) else REJECT

    dfa = number_dfa(asked, row_of, budget, scientific=False)
    multiples = [observer for observer in asked if isinstance(observer, Multiple)]
    try:
        return NumberAutomaton(dfa, Residues(dfa, divisors, list(rows), _period(multiples, scaled=False), budget))
    except LimitExceeded:  # the period does not matter for what is right, only for how many progressions there are
        return NumberAutomaton(dfa, Residues(dfa, divisors, list(rows), _period(multiples, scaled=True), budget))


@lru_cache(maxsize=4096)
def number_range(
    minimum: Fraction | None,
    exclusive_minimum: bool,
    maximum: Fraction | None,
    exclusive_maximum: bool,
    divisor: Fraction | None,
    integer_syntax: bool,
    budget: Budget,
) -> NumberAutomaton:
    """``number_automaton`` of a plain conjunction, label 1; built once for equal arguments."""
    conditions: list[tuple[Observer, tuple[int, ...]]] = []
    if minimum is not None:
        conditions.append((Compare(minimum), (1,) if exclusive_minimum else (0, 1)))
    if maximum is not None:
        conditions.append((Compare(maximum), (-1,) if exclusive_maximum else (-1, 0)))
    if divisor is not None:
        conditions.append((Multiple(divisor), (1,)))
    if integer_syntax:
        conditions.append((IntegerSyntax(), (1,)))
    wanted = [outcomes for _, outcomes in conditions]

    def label_of(outcomes: tuple[int, ...]) -> int:
        return int(all(outcome in good for outcome, good in zip(outcomes, wanted, strict=True)))

    return number_automaton([observer for observer, _ in conditions], label_of, budget)


def _period(multiples: Sequence[Multiple], *, scaled: bool) -> int:
    """Of what they say of the digits of a number: each of its own last digits, or all of the last digit of any."""
    divisors = [Divisor(multiple.divisor) for multiple in multiples]
    places = max(divisor.places for divisor in divisors)
    return math.lcm(*(d.modulus * (10 ** (places - d.places) if scaled else 1) for d in divisors))


def _coprime_part(divisor: Fraction) -> int:
    """What is left of a divisor's digits without factors 2 and 5; 1 for divisors that are refused later."""
    part = max(divisor.numerator, 1)
    for prime in (2, 5):
        while part % prime == 0:
            part //= prime
    return part
