"""Some JSON number that satisfies a conjunction of number atoms and negated ones: exact, by fractions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from ..grammar.errors import LimitExceeded
from ..grammar.limits import Budget
from .atoms import AtLeast, MoreThan, MultipleOf, NumberAtom, NumberIn, WrittenAsInteger
from .witness import Witness, constant


def number_satisfies(atom: NumberAtom, number: Fraction, *, written_as_integer: bool) -> bool:
    """Whether ``atom`` is true of ``number``, given how it is written."""
    if isinstance(atom, NumberIn):
        return number in atom.values
    if isinstance(atom, AtLeast):
        return number >= atom.bound
    if isinstance(atom, MoreThan):
        return number > atom.bound
    if isinstance(atom, MultipleOf):
        return (number / atom.divisor).denominator == 1
    return written_as_integer


def some_number(positive: Sequence[NumberAtom], negative: Sequence[NumberAtom], budget: Budget) -> Witness | None:
    """A number of which all ``positive`` atoms are true and all ``negative`` ones false, if there is one."""
    written = [WrittenAsInteger() in positive, WrittenAsInteger() in negative]
    if all(written):
        return None
    finite = [atom.values for atom in positive if isinstance(atom, NumberIn)]
    if finite:
        candidates = frozenset.intersection(*finite)
        found = (number for number in sorted(candidates) if _all_true(positive, negative, number))
        return next(map(constant, found), None)
    interval = _interval(positive, negative)
    divisors = [atom.divisor for atom in positive if isinstance(atom, MultipleOf)] + [Fraction(1)] * written[0]
    excluded = [value for atom in negative if isinstance(atom, NumberIn) for value in atom.values]
    nonmultiples = [atom.divisor for atom in negative if isinstance(atom, MultipleOf)]
    if divisors:
        return _some_multiple(interval, _common_multiple(divisors), nonmultiples, excluded, budget)
    if interval.is_point:
        return constant(interval.low) if _all_true(positive, negative, interval.low) else None
    if interval.is_empty:
        return None
    return Witness(lambda _: _between(interval, positive, negative), (), True)


def _between(interval: _Interval, positive: Sequence[NumberAtom], negative: Sequence[NumberAtom]) -> Fraction:
    """A number within an interval that is no point; only finitely many parts of it can be excluded."""
    low = interval.low if interval.low is not None else (interval.high or Fraction(0)) - 1
    high = interval.high if interval.high is not None else low + 1
    bits = 0
    while True:
        bits += 1
        for factor in range(2**bits + 1):
            number = low + (high - low) * Fraction(factor, 2**bits)
            if _all_true(positive, negative, number):
                return number


def _all_true(positive: Iterable[NumberAtom], negative: Iterable[NumberAtom], number: Fraction | None) -> bool:
    """``number`` can be written both with and without a fraction, if it is an integer."""
    if number is None:
        return False
    integer = number.denominator == 1
    return all(number_satisfies(atom, number, written_as_integer=integer) for atom in positive) and not any(
        number_satisfies(atom, number, written_as_integer=False) for atom in negative
    )


@dataclass(frozen=True)
class _Interval:
    """``None`` is a bound that does not exist; an open end is one that the interval does not hold."""

    low: Fraction | None
    low_open: bool
    high: Fraction | None
    high_open: bool

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    @property
    def is_point(self) -> bool:
        return self.low is not None and self.low == self.high and not self.is_empty


def _interval(positive: Sequence[NumberAtom], negative: Sequence[NumberAtom]) -> _Interval:
    lows = [(atom.bound, isinstance(atom, MoreThan)) for atom in positive if isinstance(atom, AtLeast | MoreThan)]
    highs = [(atom.bound, isinstance(atom, MoreThan)) for atom in negative if isinstance(atom, AtLeast | MoreThan)]
    low, low_open = max(lows) if lows else (None, False)
    high, high_closed = min(highs) if highs else (None, False)
    return _Interval(low, low_open, high, not high_closed)


def _common_multiple(divisors: Sequence[Fraction]) -> Fraction:
    scale = math.lcm(*(divisor.denominator for divisor in divisors))
    return Fraction(math.lcm(*(int(divisor * scale) for divisor in divisors)), scale)


def _some_multiple(
    interval: _Interval,
    step: Fraction,
    nonmultiples: Sequence[Fraction],
    excluded: Sequence[Fraction],
    budget: Budget,
) -> Witness | None:
    """A multiple of ``step`` in ``interval``, not ``excluded`` and no multiple of ``nonmultiples``."""
    periods = [int(_common_multiple([step, divisor]) / step) for divisor in nonmultiples]
    if 1 in periods:
        return None
    first = None if interval.low is None else _first_factor(interval.low, step, interval.low_open)
    last = None if interval.high is None else -_first_factor(-interval.high, step, interval.high_open)
    taken = {value / step for value in excluded}

    def free(factors: Iterable[int]) -> Iterator[int]:
        return (factor for factor in factors if factor not in taken and all(factor % period for period in periods))

    if last is None:
        return Witness(lambda _: next(free(count(first or 0))) * step, (), True)
    if first is None:
        return Witness(lambda _: next(free(count(last, -1))) * step, (), True)
    found = next(free(range(first, min(last, first + budget.limits.states) + 1)), None)
    if found is None and last > first + budget.limits.states:
        raise LimitExceeded(f"more than {budget.limits.states} numbers tried", remedy="raise Limits.states")
    return None if found is None else constant(found * step)


def _first_factor(low: Fraction, step: Fraction, is_open: bool) -> int:
    """The least integer whose product with ``step`` is at least, or if ``is_open`` more than, ``low``."""
    quotient = low / step
    return math.floor(quotient) + 1 if is_open else math.ceil(quotient)
