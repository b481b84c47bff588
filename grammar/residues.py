"""What the digits of a number leave modulo some integers coprime to ten, beside the states of a number automaton.

A state alone cannot say whether a number can still be completed: the residue decides too. From most states enough
digits may follow to reach any residue, so they are always live. From the others the digits that may follow are few
arithmetic progressions (``progressions``), and each becomes a ``Check``: a linear congruence tells where in the
progression the divisors wanted divide, and that place must lie within it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .dfa import REJECT, Dfa
from .digits_ahead import DigitsAhead
from .errors import LimitExceeded
from .limits import Budget
from .progressions import Progression, Ways, joined

MOST_DIVISORS = 12
"""A row of outcomes has an entry for each subset of the divisors."""

LARGEST_MODULUS = 2**42 - 1
"""So that kernels multiply half of a residue by another in 64 bits."""


@dataclass(frozen=True)
class Divisors:
    """Distinct integers over 1, coprime to ten.

    ``modulus``: their least common multiple. ``choices``: the sets of them, as masks, that can be all those that divide
    one integer.
    """

    values: tuple[int, ...]
    modulus: int
    choices: tuple[int, ...]

    @classmethod
    def of(cls, parts: Iterable[int]) -> Divisors:
        values = tuple(sorted(set(parts) - {1}))
        modulus = math.lcm(*values)
        if modulus > LARGEST_MODULUS:
            named = ", ".join(map(str, values))
            raise LimitExceeded(
                f"multiples of {named} (without factors 2 and 5) need residues modulo {modulus},"
                f" which is more than {LARGEST_MODULUS}",
                remedy="give divisors with fewer digits",
            )
        if len(values) > MOST_DIVISORS:
            raise LimitExceeded(
                f"{len(values)} divisors of one number are more than {MOST_DIVISORS}", remedy="give fewer divisors"
            )
        found = [0]
        for choice in found:
            product = math.lcm(*_members(values, choice))
            for value in values:
                larger = _dividing(values, math.lcm(product, value))
                if larger not in found:
                    found.append(larger)
        return cls(values, modulus, tuple(found))

    def mask(self, part: int) -> int:
        """The set of ``part`` alone, empty for 1."""
        return 0 if part == 1 else 1 << self.values.index(part)

    def dividing(self, number: int) -> int:
        """Which of them divide ``number``."""
        return _dividing(self.values, number)

    def product(self, choice: int) -> int:
        """The least common multiple of those in ``choice``."""
        return math.lcm(*_members(self.values, choice))


def _members(values: Sequence[int], choice: int) -> list[int]:
    return [value for index, value in enumerate(values) if choice >> index & 1]


def _dividing(values: Sequence[int], number: int) -> int:
    return sum(1 << index for index, value in enumerate(values) if number % value == 0)


@dataclass(frozen=True)
class Check:
    """Whether some digits ``start + step * j``, ``0 <= j <= last``, after a residue ``r`` give an accepted choice.

    The integers ``r * power + start + step * j`` are meant, modulo the divisors' modulus. Those that the integers of
    one choice divide are ``j = (factor * r + shift) % period`` and every ``period``-th from there on, of which
    ``tries`` are enough: among ``2**k`` members of an arithmetic progression one is divisible by none of ``k`` primes
    that do not divide its step (Kanold 1967 on Jacobsthal's function), so other divisors cannot spoil them all.
    """

    power: int
    start: int
    step: int
    factor: int
    shift: int
    period: int
    last: int
    tries: int
    accepted: frozenset[int]

    def holds(self, divisors: Divisors, residue: int) -> bool:
        first = (self.factor * residue + self.shift) % self.period
        return any(
            divisors.dividing(residue * self.power + self.start + self.step * j) in self.accepted
            for j in range(first, min(self.last + 1, first + self.period * self.tries), self.period)
        )


class Residues:
    """Outcomes and liveness of the states of ``dfa``, whose labels are numbers of ``rows``, by residue.

    ``rows[i - 1]`` holds, for label ``i``, an outcome for each of ``divisors.choices``. ``period``: of what the states
    say of the twos and fives in the divisors. ``checks``: for each state, ``None`` if it is live whatever the residue,
    else the checks of which one must hold.
    """

    def __init__(
        self, dfa: Dfa, divisors: Divisors, rows: Sequence[tuple[int, ...]], period: int, budget: Budget
    ) -> None:
        self.divisors = divisors
        self._period = period
        self._labels = dfa.labels
        self.outcomes = np.zeros((len(rows) + 1, 1 << len(divisors.values)), np.int64)
        """By label and mask of the divisors that divide; int64[labels, masks]."""
        for label, row in enumerate(rows, 1):
            self.outcomes[label, list(divisors.choices)] = row
        choices = [frozenset(c for c in divisors.choices if outcomes[c] != REJECT) for outcomes in self.outcomes]
        ahead = DigitsAhead(dfa, choices, frozenset(divisors.choices), period, self._is_enough, budget)
        self.checks = [None if ways is None else tuple(self._checks(ways)) for ways in ahead.ways]

    def label(self, state: int, residue: int) -> int:
        """The label of a number that ends in ``state``."""
        return int(self.outcomes[self._labels[state], self.divisors.dividing(residue)])

    def after(self, residue: int, digit: int) -> int:
        """The residue once ``digit`` has been read."""
        return (10 * residue + digit) % self.divisors.modulus

    def is_live(self, state: int, residue: int) -> bool:
        """Whether some text leads to an outcome from ``state``."""
        checks = self.checks[state]
        return checks is None or any(check.holds(self.divisors, residue) for check in checks)

    def _is_enough(self, progression: Progression) -> bool:
        return any(
            progression.size >= self.divisors.product(choice) * self._tries(choice) for choice in progression.accepted
        )

    def _tries(self, choice: int) -> int:
        return 1 << (len(self.divisors.values) - choice.bit_count())

    def _checks(self, ways: Ways) -> Iterator[Check]:
        for length, progressions in ways.items():
            for progression in joined(progressions, self._period):
                if progression.size == 1:
                    yield self._check(length, progression, 1, 1)
                    continue
                for choice in sorted(progression.accepted, key=self.divisors.product):
                    yield self._check(length, progression, self.divisors.product(choice), self._tries(choice))

    def _check(self, length: int, progression: Progression, period: int, tries: int) -> Check:
        start, step, count, accepted = progression
        modulus, inverse = self.divisors.modulus, pow(step, -1, period)
        return Check(
            power=pow(10, length, modulus),
            start=start % modulus,
            step=step % modulus,
            factor=-pow(10, length, period) * inverse % period,
            shift=-start * inverse % period,
            period=period,
            last=min(count, period * tries) - 1,
            tries=tries,
            accepted=accepted,
        )
