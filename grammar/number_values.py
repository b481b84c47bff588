"""What the digits of a number read so far tell of its value: the parts of which number automata are made.

Each part follows one statement digit by digit and keeps no more than can still matter: where a decimal lies among
bounds, what a multiple still needs, for which exponents a label is given.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, product
from math import gcd, log10, prod

import numpy as np

from .dfa import REJECT
from .errors import InvalidSchema, UnsupportedSchema

_MAX_COMBINATIONS = 64


@dataclass(frozen=True)
class Compare:
    """Outcome -1, 0 or 1: the number is below, equal to or above ``bound``, a decimal fraction."""

    bound: Fraction


@dataclass(frozen=True)
class Multiple:
    """Outcome 1 if the number is an integer multiple of ``divisor``, a positive decimal fraction, else 0."""

    divisor: Fraction


@dataclass(frozen=True)
class IntegerSyntax:
    """Outcome 1 if the number is written without fraction and exponent, else 0."""


Observer = Compare | Multiple | IntegerSyntax
LabelOf = Callable[[tuple[int, ...]], int]


# --- decimals among bounds


def _decimal_places(value: Fraction) -> int:
    rest, places = value.denominator, 0
    while gcd(rest, 10) > 1:
        rest //= gcd(rest, 10)
        places += 1
    if rest != 1:
        raise UnsupportedSchema(f"{value} is not a decimal fraction")
    return places


BEYOND = (-1, 0)
_GAP, _EXACT = -1, -2

Place = tuple[int, int]
"""What is known of a decimal within the fraction digits: ``(_GAP, position)``, ``(_EXACT, index)`` (so far equal to
that number, which has no further digits) or ``(digits, scaled value)`` where several outcomes are still open."""


class Decimals:
    """Where a non-negative decimal that is being read lies among distinct, sorted, non-negative ``values``.

    A position is ``2 * i`` for the gap below value ``i`` and ``2 * i + 1`` for the value itself.
    """

    def __init__(self, values: Sequence[Fraction]) -> None:
        self.places = max(map(_decimal_places, values), default=0)
        self.unit = 10**self.places
        self.scaled = [int(value * self.unit) for value in values]
        integers = [scaled // self.unit for scaled in self.scaled]
        self._integers = [(integer, digit_count(integer)) for integer in integers if integer]
        self._prefixes_of: dict[int, list[int]] = {}

    def _prefixes(self, digits: int) -> list[int]:
        """The first ``digits`` digits of each integer part that has as many, ascending."""
        found = self._prefixes_of.get(digits)
        if found is None:
            prefixes = {integer // 10 ** (length - digits) for integer, length in self._integers if length >= digits}
            found = self._prefixes_of[digits] = sorted(prefixes)
        return found

    def integer(self, digits: int, value: int) -> tuple[int, int]:
        """Stands for all integer parts of ``digits`` digits that continue just like ``value``."""
        prefixes = self._prefixes(digits)
        if not prefixes:
            return BEYOND
        index = bisect_left(prefixes, value)
        if index < len(prefixes) and prefixes[index] == value:
            return digits, value
        return digits, prefixes[index - 1] + 1 if index else 10 ** (digits - 1)

    def runs(self, digits: int, value: int, first: int = 0) -> list[tuple[int, int]]:
        """Next digits after the integer part ``value``, from ``first`` on, in runs that lead to the same.

        Each run is given by its first digit, and the one behind its last.
        """
        found: list[tuple[int, int]] = []
        if (digits, value) != BEYOND:
            prefixes, tens = self._prefixes(digits + 1), 10 * value
            for prefix in prefixes[bisect_left(prefixes, tens + first) : bisect_left(prefixes, tens + 10)]:
                digit = prefix - tens
                if first < digit:
                    found.append((first, digit))
                found.append((digit, digit + 1))
                first = digit + 1
        if first < 10:
            found.append((first, 10))
        return found

    def next_integer(self, digits: int, value: int, digit: int) -> tuple[int, int]:
        return BEYOND if (digits, value) == BEYOND else self.integer(digits + 1, 10 * value + digit)

    def position(self, scaled: int) -> int:
        index = bisect_left(self.scaled, scaled)
        return 2 * index + (index < len(self.scaled) and self.scaled[index] == scaled)

    def integer_position(self, digits: int, value: int) -> int:
        return 2 * len(self.scaled) if (digits, value) == BEYOND else self.position(value * self.unit)

    def point(self, digits: int, value: int) -> Place:
        """The place of an integer part before any fraction digit."""
        if (digits, value) == BEYOND:
            return _GAP, 2 * len(self.scaled)
        return self._place(0, value * self.unit)

    def fraction(self, place: Place, digit: int) -> Place:
        """The place after one more fraction digit."""
        kind, value = place
        if kind == _GAP or (kind == _EXACT and not digit):
            return place
        if kind == _EXACT:
            return _GAP, 2 * value + 2
        return self._place(kind + 1, value + digit * 10 ** (self.places - kind - 1))

    def _place(self, digits: int, scaled: int) -> Place:
        low = bisect_left(self.scaled, scaled)
        high = bisect_left(self.scaled, scaled + 10 ** (self.places - digits))
        if low == high:
            return _GAP, 2 * low
        if high == low + 1 and self.scaled[low] == scaled:
            return _EXACT, low
        return digits, scaled

    def span(self, place: Place) -> tuple[int, int]:
        """The position if the number ended now, and the highest that further digits can lead to."""
        kind, value = place
        if kind == _GAP:
            return value, value
        if kind == _EXACT:
            return 2 * value + 1, 2 * value + 2
        return self.position(value), 2 * bisect_left(self.scaled, value + 10 ** (self.places - kind))


def digit_count(value: int) -> int:
    """Decimal digits of a positive integer."""
    count = int(value.bit_length() * log10(2))
    return count + int(value >= 10**count)


class _Side:
    """The numbers of one sign: their magnitudes among the magnitudes of the bounds with that sign."""

    def __init__(self, bounds: Sequence[Fraction], negative: bool) -> None:
        sign = -1 if negative else 1
        magnitudes = sorted({sign * bound for bound in bounds if sign * bound >= 0})
        self.order = Decimals(magnitudes)
        self.top = 2 * len(magnitudes)
        scientific = [_scientific(magnitude) for magnitude in magnitudes if magnitude]
        significands = sorted({significand for significand, _ in scientific})
        self.significands = Decimals(significands)
        self.exponents = sorted({exponent for _, exponent in scientific})
        self._keys = [(exponent, 2 * bisect_left(significands, part) + 1) for part, exponent in scientific]
        self._zeros = self.top - 2 * len(scientific)
        index = {magnitude: 2 * place + 1 for place, magnitude in enumerate(magnitudes)}
        places = np.array([index.get(sign * bound, -1) for bound in bounds], np.int64)
        signs = sign * np.sign(np.arange(self.top + 1)[:, None] - places)
        self.outcomes: list[tuple[int, ...]] = list(map(tuple, signs.tolist()))
        """By position, how the number compares with each bound; those of the other sign lie before all positions."""

    def position(self, significand: int, exponent: int) -> int:
        """The position among the magnitudes, from that among the significands and the exponent."""
        key = exponent, significand
        index = bisect_left(self._keys, key)
        return self._zeros + 2 * index + (index < len(self._keys) and self._keys[index] == key)


def _scientific(value: Fraction) -> tuple[Fraction, int]:
    """Significand in [1, 10) and exponent of a positive number."""
    shift = _decimal_places(value)
    exponent = digit_count(int(value * 10**shift)) - 1 - shift
    return value / Fraction(10) ** exponent, exponent


# --- multiples


class Divisor:
    """Multiples of ``modulus / 10**places``, judged digit by digit from the residue of the digits read."""

    def __init__(self, divisor: Fraction) -> None:
        if divisor <= 0:
            raise InvalidSchema(f"{divisor} is not a positive divisor")
        self.places = _decimal_places(divisor)
        self.modulus = int(divisor * 10**self.places)
        twos, fives = _valuation(self.modulus, 2), _valuation(self.modulus, 5)
        self.base = min(twos, fives)
        self.scientific_modulus: int = self.modulus // 10**self.base
        self._canonical: dict[int, int] = {}
        self._representative: dict[tuple[int, ...], int] = {}

    def canonical(self, residue: int) -> int:
        """One residue for all that the same further integer and fraction digits complete to a multiple."""
        found = self._canonical.get(residue)
        if found is None:
            last = max(self.places, digit_count(self.modulus))
            signature = tuple(self.needed(residue, count) for count in range(self.places, last + 1))
            found = self._canonical[residue] = self._representative.setdefault(signature, residue)
        return found

    def needed(self, residue: int, count: int) -> int:
        """The least number that ``count`` more digits must spell to give a multiple, -1 if they cannot."""
        return self._reduce(-residue * 10**count, count)

    def fraction(self, needed: int, count: int, digit: int) -> int:
        """``needed`` after reading ``digit``, with ``count`` digits left before it."""
        if needed < 0 or count <= 0:
            return needed if not digit else -1
        return self._reduce(needed - digit * 10 ** (count - 1), count - 1)

    def _reduce(self, needed: int, count: int) -> int:
        needed %= self.modulus
        return needed if needed < int(10**count) else -1

    def least_exponent(self, residue: int, digits: int) -> int | None:
        """The least exponent that makes a multiple of a significand with ``digits`` fraction digits, or ``None``.

        ``residue`` is that of its digits modulo ``scientific_modulus``; they do not end in zero.
        """
        for extra in range(self.scientific_modulus.bit_length()):
            if residue * 10**extra % self.scientific_modulus == 0:
                return digits - self.places + self.base + extra
        return None


def _valuation(value: int, prime: int) -> int:
    count = 0
    while value % prime == 0:
        value //= prime
        count += 1
    return count


# --- exponents


@dataclass(frozen=True)
class StepFunction:
    """A label for each integer: ``labels[i]`` from ``breaks[i - 1]`` on, ``labels[0]`` below all breaks."""

    breaks: tuple[int, ...]
    labels: tuple[int, ...]

    @classmethod
    def merged(cls, breaks: Sequence[int], labels: Sequence[int]) -> StepFunction:
        kept = [i for i in range(len(breaks)) if labels[i] != labels[i + 1]]
        return cls(tuple(breaks[i] for i in kept), (labels[0], *(labels[i + 1] for i in kept)))

    def at(self, value: int) -> int:
        return self.labels[bisect_right(self.breaks, value)]

    def naturals(self, negate: bool) -> StepFunction:
        """The same function of ``n >= 0``, or that of ``-n``."""
        split = bisect_right(self.breaks, 0)
        if not negate:
            return StepFunction(self.breaks[split:], self.labels[split:])
        return StepFunction(tuple(1 - value for value in self.breaks[:split][::-1]), self.labels[: split + 1][::-1])


# --- labels


class Judge:
    """Turns what is known of a number, by its sign, position and multiples, into labels; memoised."""

    def __init__(self, observers: Sequence[Observer], label_of: LabelOf) -> None:
        bounds = [observer.bound for observer in observers if isinstance(observer, Compare)]
        self.sides = _Side(bounds, False), _Side(bounds, True)
        kinds = [(Compare, Multiple, IntegerSyntax).index(type(observer)) for observer in observers]
        self._order = sorted(range(len(kinds)), key=kinds.__getitem__)
        self._label_of = label_of
        self._syntaxes = kinds.count(2)
        self._labels: dict[tuple[bool, int, tuple[int, ...], int], int] = {}
        self._accepted: dict[tuple[bool, tuple[int, ...], int], list[int]] = {}
        self._alive: dict[tuple[object, ...], bool] = {}

    def label(self, negative: bool, position: int, multiples: tuple[int, ...], integer: int) -> int:
        key = negative, position, multiples, integer
        label = self._labels.get(key)
        if label is None:
            outcomes = [0] * len(self._order)
            known = (*self.sides[negative].outcomes[position], *multiples, *(integer,) * self._syntaxes)
            for slot, outcome in zip(self._order, known, strict=True):
                outcomes[slot] = outcome
            label = self._labels[key] = self._label_of(tuple(outcomes))
        return label

    def alive(
        self, negative: bool, low: int, high: int, multiples: tuple[tuple[int, ...], ...], integers: tuple[int, ...]
    ) -> bool:
        """Whether some position ``low .. high`` with one of the other possible outcomes is accepted."""
        key = negative, low, high, multiples, integers
        found = self._alive.get(key)
        if found is None:
            found = prod(map(len, multiples)) > _MAX_COMBINATIONS or any(
                self._accepts(negative, low, high, choice, integer)
                for choice in product(*multiples)
                for integer in integers
            )
            self._alive[key] = found
        return found

    def _accepts(self, negative: bool, low: int, high: int, multiples: tuple[int, ...], integer: int) -> bool:
        key = negative, multiples, integer
        counts = self._accepted.get(key)
        if counts is None:
            positions = range(self.sides[negative].top + 1)
            accepted = (self.label(negative, position, multiples, integer) != REJECT for position in positions)
            counts = self._accepted[key] = list(accumulate(accepted, initial=0))
        return counts[high + 1] > counts[low]
