"""Automata over the texts of JSON numbers, judged by their exact values.

Observers state facts about the finished number (how it compares with a bound, whether it is a multiple, whether it is
written as an integer), and ``number_dfa`` builds the product of the syntax with all of them. Its size grows with the
digits of the bounds, never with their values: of the integer digits read so far only their place among the equally long
prefixes of the bounds is kept, of a residue only what still tells multiples apart.

Texts without an exponent are judged with no restriction at all. With one, the value depends on an unlimited sum of
exponent and digits, which no finite automaton can follow. So where values matter (there is a ``Compare`` or a
``Multiple``), an exponent is accepted only

- after exactly one digit before the point, not zero: ``1.5e+300``, ``1e-07``, ``2E0010``, as Python's ``json.dumps``
  and JavaScript write; ``0e5`` and ``12e3`` are refused;
- with a ``Multiple`` also: after at most ``MAX_FRACTION_DIGITS`` fraction digits, the last of them not zero, and only
  where the part of the divisor that powers of ten leave is at most ``MAX_EXPONENT_MODULUS`` (3 for ``multipleOf: 0.3``;
  a multiple of 7919 takes no exponent).

Every value stays expressible, for each finite number can be written without an exponent.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, product
from math import gcd, inf, log10, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dfa import REJECT, Dfa
from .dfa_operations import explore, states_exceeded
from .errors import InvalidSchema, UnsupportedSchema
from .limits import Limits

CLASSES = 16
"""Columns of a number automaton: 15 symbols and one of padding."""

MINUS_SIGN, PLUS_SIGN, POINT, EXPONENT = 11, 12, 13, 14
"""Symbols beside the digits; digit ``d`` is symbol ``d + 1``, and 0 is whatever is no part of a number."""

NUMBER_SYMBOLS = 15

MAX_FRACTION_DIGITS = 16
"""As many as the shortest text of a double has in scientific notation."""

MAX_EXPONENT_MODULUS = 100

_MAX_BOUND_DIGITS = 4_000
_MAX_COMBINATIONS = 64


def _symbol_of_byte() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[ord("0") : ord("9") + 1] = np.arange(1, 11)
    for text, symbol in (("-", MINUS_SIGN), ("+", PLUS_SIGN), (".", POINT), ("eE", EXPONENT)):
        table[list(text.encode())] = symbol
    table.setflags(write=False)
    return table


SYMBOL_OF_BYTE = _symbol_of_byte()
"""uint8[256]: the symbol of each byte."""


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


def number_dfa(observers: Sequence[Observer], label_of: LabelOf, limits: Limits) -> Dfa:
    """The minimal automaton of the number texts to whose outcomes ``label_of`` gives a positive label.

    ``label_of`` gets one outcome for each observer, in order; it must be a pure function. Columns are the symbols of
    ``SYMBOL_OF_BYTE``, padded to ``CLASSES``. Raises ``LimitExceeded`` over ``limits.states``, ``UnsupportedSchema``
    for a bound that is no decimal fraction and ``InvalidSchema`` for a divisor that is not positive.
    """
    if not any(isinstance(observer, Compare | Multiple) for observer in observers):
        return _syntax_dfa(label_of((1,) * len(observers)), label_of((0,) * len(observers)))
    machine = _Machine(observers, label_of, limits)
    return explore(machine.start, machine.successors, machine.label, CLASSES, limits, "a number")


@lru_cache(maxsize=4096)
def number_range_dfa(
    minimum: Fraction | None,
    exclusive_minimum: bool,
    maximum: Fraction | None,
    exclusive_maximum: bool,
    divisor: Fraction | None,
    integer_syntax: bool,
    limits: Limits,
) -> Dfa:
    """``number_dfa`` of a plain conjunction, label 1; built once for equal arguments."""
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

    return number_dfa([observer for observer, _ in conditions], label_of, limits)


@lru_cache(maxsize=64)
def _syntax_dfa(integer_label: int, other_label: int) -> Dfa:
    """Every JSON number; ``integer_label`` for those without fraction and exponent."""
    digits, nonzero = range(1, 11), range(2, 11)
    integer: list[tuple[Sequence[int], str]] = [([POINT], "point"), ([EXPONENT], "exponent")]
    edges: dict[str, list[tuple[Sequence[int], str]]] = {
        "start": [([MINUS_SIGN], "minus"), ([1], "zero"), (nonzero, "integer")],
        "minus": [([1], "zero"), (nonzero, "integer")],
        "zero": integer,
        "integer": [*integer, (digits, "integer")],
        "point": [(digits, "fraction")],
        "fraction": [(digits, "fraction"), ([EXPONENT], "exponent")],
        "exponent": [([MINUS_SIGN, PLUS_SIGN], "sign"), (digits, "power")],
        "sign": [(digits, "power")],
        "power": [(digits, "power")],
    }
    labels = {"zero": integer_label, "integer": integer_label, "fraction": other_label, "power": other_label}

    return explore(
        "start", edges.__getitem__, lambda state: labels.get(state, REJECT), CLASSES, Limits(), "the syntax of numbers"
    )


# --- decimals among bounds


def _decimal_places(value: Fraction) -> int:
    rest, places = value.denominator, 0
    while gcd(rest, 10) > 1:
        rest //= gcd(rest, 10)
        places += 1
    if rest != 1:
        raise UnsupportedSchema(f"{value} is not a decimal fraction")
    return places


_BEYOND = (-1, 0)
_GAP, _EXACT = -1, -2

Place = tuple[int, int]
"""What is known of a decimal within the fraction digits: ``(_GAP, position)``, ``(_EXACT, index)`` (so far equal to
that number, which has no further digits) or ``(digits, scaled value)`` where several outcomes are still open."""


class _Decimals:
    """Where a non-negative decimal that is being read lies among distinct, sorted, non-negative ``values``.

    A position is ``2 * i`` for the gap below value ``i`` and ``2 * i + 1`` for the value itself.
    """

    def __init__(self, values: Sequence[Fraction]) -> None:
        self.places = max(map(_decimal_places, values), default=0)
        self.unit = 10**self.places
        self.scaled = [int(value * self.unit) for value in values]
        integers = [scaled // self.unit for scaled in self.scaled]
        self._integers = [(integer, _digit_count(integer)) for integer in integers if integer]
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
            return _BEYOND
        index = bisect_left(prefixes, value)
        if index < len(prefixes) and prefixes[index] == value:
            return digits, value
        return digits, prefixes[index - 1] + 1 if index else 10 ** (digits - 1)

    def is_between(self, digits: int, value: int) -> bool:
        """Whether no integer part begins with ``value``, so that further digits all lead to the same."""
        if (digits, value) == _BEYOND:
            return True
        prefixes = self._prefixes(digits)
        index = bisect_left(prefixes, value)
        return index == len(prefixes) or prefixes[index] != value

    def next_integer(self, digits: int, value: int, digit: int) -> tuple[int, int]:
        return _BEYOND if (digits, value) == _BEYOND else self.integer(digits + 1, 10 * value + digit)

    def position(self, scaled: int) -> int:
        index = bisect_left(self.scaled, scaled)
        return 2 * index + (index < len(self.scaled) and self.scaled[index] == scaled)

    def integer_position(self, digits: int, value: int) -> int:
        return 2 * len(self.scaled) if (digits, value) == _BEYOND else self.position(value * self.unit)

    def point(self, digits: int, value: int) -> Place:
        """The place of an integer part before any fraction digit."""
        if (digits, value) == _BEYOND:
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


def _digit_count(value: int) -> int:
    """Decimal digits of a positive integer."""
    count = int(value.bit_length() * log10(2))
    return count + int(value >= 10**count)


class _Side:
    """The numbers of one sign: their magnitudes among the magnitudes of the bounds with that sign."""

    def __init__(self, bounds: Sequence[Fraction], negative: bool) -> None:
        sign = -1 if negative else 1
        magnitudes = sorted({sign * bound for bound in bounds if sign * bound >= 0})
        self.order = _Decimals(magnitudes)
        self.top = 2 * len(magnitudes)
        scientific = [_scientific(magnitude) for magnitude in magnitudes if magnitude]
        significands = sorted({significand for significand, _ in scientific})
        self.significands = _Decimals(significands)
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
    exponent = _digit_count(int(value * 10**shift)) - 1 - shift
    return value / Fraction(10) ** exponent, exponent


# --- multiples


class _Divisor:
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
            last = max(self.places, _digit_count(self.modulus))
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
class _StepFunction:
    """A label for each integer: ``labels[i]`` from ``breaks[i - 1]`` on, ``labels[0]`` below all breaks."""

    breaks: tuple[int, ...]
    labels: tuple[int, ...]

    @classmethod
    def merged(cls, breaks: Sequence[int], labels: Sequence[int]) -> _StepFunction:
        kept = [i for i in range(len(breaks)) if labels[i] != labels[i + 1]]
        return cls(tuple(breaks[i] for i in kept), (labels[0], *(labels[i + 1] for i in kept)))

    def at(self, value: int) -> int:
        return self.labels[bisect_right(self.breaks, value)]

    def naturals(self, negate: bool) -> _StepFunction:
        """The same function of ``n >= 0``, or that of ``-n``."""
        split = bisect_right(self.breaks, 0)
        if not negate:
            return _StepFunction(self.breaks[split:], self.labels[split:])
        return _StepFunction(tuple(1 - value for value in self.breaks[:split][::-1]), self.labels[: split + 1][::-1])


# --- labels


class _Judge:
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


# --- the product

(_START, _SIGN, _ZERO, _ONE, _MANY, _FRACTION, _SIGNIFICAND, _POWER, _POWER_SIGN, _POWER_DIGITS) = range(10)

_OPEN, _TRAILING_ZERO, _CLOSED = 0, 1, 2
"""Whether an exponent may follow: yes, not after this digit, not any more."""

_State = tuple[Any, ...]
_Step = tuple[Sequence[int], _State | None]
_EACH_DIGIT = tuple(((digit + 1,), digit) for digit in range(10))
_ZERO_OR_NOT = ((1,), 0), (tuple(range(2, 11)), 1)
_ANY_DIGIT = ((tuple(range(1, 11)), 0),)


class _Machine:
    """The states of the product, explored on demand; each begins with its phase.

    ``(_ZERO, negative)``, ``(_ONE, negative, digit)`` and ``(_MANY, negative, digits, value, residues)`` are in the
    integer part, of the digit 0, one other digit, or several. Fraction digits follow as ``(_FRACTION, negative, count,
    place, needed)`` or, after one non-zero digit, as ``(_SIGNIFICAND, negative, count, exponent, place, needed,
    residues)``, where residue -1 tells that no exponent within the bounds makes a multiple. ``(_POWER, plus, minus)``,
    ``(_POWER_SIGN, function)`` and ``(_POWER_DIGITS, function, digits, value)`` read the exponent, for which all that
    came before has become a step function.
    """

    def __init__(self, observers: Sequence[Observer], label_of: LabelOf, limits: Limits) -> None:
        _check_size(observers, limits)
        self.judge = _Judge(observers, label_of)
        self.sides = self.judge.sides
        self.divisors = [_Divisor(observer.divisor) for observer in observers if isinstance(observer, Multiple)]
        self.signed = any(isinstance(observer, Compare) for observer in observers)
        self.places = max([1, *(divisor.places for divisor in self.divisors)])
        self.scientific = all(divisor.scientific_modulus <= MAX_EXPONENT_MODULUS for divisor in self.divisors)
        self._free = ((0, 1),) * len(self.divisors)
        self._highest = self._highest_exponent(False), self._highest_exponent(True)
        self._functions: list[tuple[_StepFunction, _Decimals]] = []
        self._function_ids: dict[_StepFunction, int] = {}
        self._powers: dict[tuple[Any, ...], _State | None] = {}
        self.start: _State = (_START,)
        self._whole = all(divisor.modulus == 1 for divisor in self.divisors)
        self._rules: tuple[Callable[..., Iterator[_Step]], ...] = (
            self._start,
            self._sign,
            self._zero,
            self._one,
            self._many,
            self._fraction,
            self._significand,
            self._power,
            self._power_sign,
            self._power_digits,
        )

    def successors(self, state: _State) -> Iterator[_Step]:
        return self._rules[state[0]](*state[1:])

    def label(self, state: _State) -> int:
        phase = state[0]
        if phase in (_START, _SIGN, _POWER, _POWER_SIGN):
            return REJECT
        if phase == _POWER_DIGITS:
            function, digits, value = state[1:]
            steps, _ = self._functions[function]
            return steps.labels[-1] if (digits, value) == _BEYOND else steps.at(value)
        side, negative = self.sides[state[1]], state[1]
        if phase == _ZERO:
            return self.judge.label(negative, side.order.position(0), (1,) * len(self.divisors), 1)
        if phase == _ONE:
            position = side.position(side.significands.position(state[2] * side.significands.unit), 0)
            return self.judge.label(negative, position, self._multiples(state[2]), 1)
        if phase == _MANY:
            _, _, digits, value, residues = state
            multiples = _known(self._needed(residues))
            return self.judge.label(negative, side.order.integer_position(digits, value), multiples, 1)
        if state[2] == 0:
            return REJECT
        if phase == _FRACTION:
            position, needed = side.order.span(state[3])[0], state[4]
        else:
            position, needed = side.position(side.significands.span(state[4])[0], 0), state[5]
        return self.judge.label(negative, position, _known(needed), 0)

    # --- the integer part

    def _start(self) -> Iterator[_Step]:
        yield (MINUS_SIGN,), (_SIGN,)
        yield from self._first(False)

    def _sign(self) -> Iterator[_Step]:
        return self._first(self.signed)

    def _first(self, negative: bool) -> Iterator[_Step]:
        yield (1,), (_ZERO, negative)
        side = self.sides[negative]
        alike: dict[object, int] = {}
        for symbols, digit in _EACH_DIGIT[1:]:
            known = side.order.integer(1, digit), side.significands.integer(1, digit)
            yield symbols, (_ONE, negative, alike.setdefault(known, digit) if self._whole else digit)

    def _zero(self, negative: bool) -> Iterator[_Step]:
        yield (POINT,), self._to_fraction(negative, 0, self.sides[negative].order.point(0, 0), self._needed_after(0))

    def _one(self, negative: bool, first: int) -> Iterator[_Step]:
        side = self.sides[negative]
        for symbols, digit in _EACH_DIGIT:
            value = 10 * first + digit
            yield symbols, self._to_many(negative, side.order.integer(2, value), self._residues(value))
        place = side.significands.point(1, first)
        exponent = _OPEN if self.scientific else _CLOSED
        residues = tuple(first % divisor.scientific_modulus for divisor in self.divisors)
        yield (POINT,), self._to_significand(negative, 0, exponent, place, self._needed_after(first), residues)
        if self.scientific:
            yield (EXPONENT,), self._to_power(negative, 0, place, residues)

    def _to_many(self, negative: bool, integer: tuple[int, int], residues: tuple[int, ...]) -> _State | None:
        side = self.sides[negative]
        alive = self.judge.alive(negative, side.order.integer_position(*integer), side.top, self._free, (0, 1))
        return (_MANY, negative, *integer, residues) if alive else None

    def _many(self, negative: bool, digits: int, value: int, residues: tuple[int, ...]) -> Iterator[_Step]:
        order = self.sides[negative].order
        for symbols, digit in _ANY_DIGIT if self._whole and order.is_between(digits, value) else _EACH_DIGIT:
            following = tuple(
                divisor.canonical((10 * residue + digit) % divisor.modulus)
                for divisor, residue in zip(self.divisors, residues, strict=True)
            )
            yield symbols, self._to_many(negative, order.next_integer(digits, value, digit), following)
        yield (POINT,), self._to_fraction(negative, 0, order.point(digits, value), self._needed(residues))

    def _residues(self, value: int) -> tuple[int, ...]:
        return tuple(divisor.canonical(value % divisor.modulus) for divisor in self.divisors)

    def _needed_after(self, value: int) -> tuple[int, ...]:
        return self._needed([value] * len(self.divisors))

    def _needed(self, residues: Sequence[int]) -> tuple[int, ...]:
        """What the fraction digits of each divisor must spell after an integer part with these residues."""
        return tuple(
            divisor.needed(residue, divisor.places) for divisor, residue in zip(self.divisors, residues, strict=True)
        )

    # --- fraction digits

    def _to_fraction(self, negative: bool, count: int, place: Place, needed: tuple[int, ...]) -> _State | None:
        low, high = self.sides[negative].order.span(place)
        alive = self.judge.alive(negative, low, high, _possible(needed), (0,))
        return (_FRACTION, negative, count, place, needed) if alive else None

    def _fraction(self, negative: bool, count: int, place: Place, needed: tuple[int, ...]) -> Iterator[_Step]:
        order = self.sides[negative].order
        after = min(count + 1, self.places)
        for symbols, digit in self._fraction_digits(count, place, needed):
            following = self._next_needed(needed, count, digit)
            yield symbols, self._to_fraction(negative, after, order.fraction(place, digit), following)

    def _fraction_digits(
        self, count: int, place: Place, needed: tuple[int, ...], residues: tuple[int, ...] = ()
    ) -> Sequence[tuple[Sequence[int], int]]:
        """Digits grouped by what they lead to: often only zero is special."""
        open_residue = any(
            residue >= 0 and divisor.scientific_modulus > 1
            for divisor, residue in zip(self.divisors, residues, strict=False)
        )
        open_needed = any(
            divisor.modulus > 1 and spell >= 0 and count < divisor.places
            for divisor, spell in zip(self.divisors, needed, strict=True)
        )
        return _EACH_DIGIT if place[0] >= 0 or open_residue or open_needed else _ZERO_OR_NOT

    def _next_needed(self, needed: tuple[int, ...], count: int, digit: int) -> tuple[int, ...]:
        return tuple(
            divisor.fraction(spell, divisor.places - count, digit)
            for divisor, spell in zip(self.divisors, needed, strict=True)
        )

    def _to_significand(
        self,
        negative: bool,
        count: int,
        exponent: int,
        place: Place,
        needed: tuple[int, ...],
        residues: tuple[int, ...],
    ) -> _State | None:
        side = self.sides[negative]
        if exponent != _CLOSED and not self.judge.alive(negative, 0, side.top, _possible(residues), (0,)):
            exponent = _CLOSED
        if exponent == _CLOSED:
            low, high = side.significands.span(place)
            low, high = side.position(low, 0), side.position(high, 0)
            if not self.judge.alive(negative, low, high, _possible(needed), (0,)):
                return None
            residues = ()
        if exponent == _CLOSED or not self.divisors:
            count = min(count, self.places)
        return _SIGNIFICAND, negative, count, exponent, place, needed, residues

    def _significand(
        self,
        negative: bool,
        count: int,
        exponent: int,
        place: Place,
        needed: tuple[int, ...],
        residues: tuple[int, ...],
    ) -> Iterator[_Step]:
        order = self.sides[negative].significands
        for symbols, digit in self._fraction_digits(count, place, needed, residues):
            follows = exponent
            if self.divisors and exponent != _CLOSED:
                follows = _CLOSED if count >= MAX_FRACTION_DIGITS else _OPEN if digit else _TRAILING_ZERO
            read = tuple(
                self._next_residue(divisor, residue, digit, count + 1, negative)
                for divisor, residue in zip(self.divisors, residues, strict=False)
            )
            following = self._next_needed(needed, count, digit)
            yield (
                symbols,
                self._to_significand(negative, count + 1, follows, order.fraction(place, digit), following, read),
            )
        if count and exponent == _OPEN:
            yield (EXPONENT,), self._to_power(negative, count, place, residues)

    def _next_residue(self, divisor: _Divisor, residue: int, digit: int, count: int, negative: bool) -> int:
        if residue < 0 or count - divisor.places + divisor.base > self._highest[negative]:
            return -1
        return (10 * residue + digit) % divisor.scientific_modulus

    def _multiples(self, value: int) -> tuple[int, ...]:
        return _known(self._needed_after(value))

    # --- the exponent

    def _highest_exponent(self, negative: bool) -> float:
        """The highest exponent of a number that can be accepted."""
        side = self.sides[negative]
        if self.judge.alive(negative, side.top, side.top, self._free, (0,)):
            return inf
        return side.exponents[-1] if side.exponents else -inf

    def _to_power(self, negative: bool, count: int, place: Place, residues: tuple[int, ...]) -> _State | None:
        significand = self.sides[negative].significands.span(place)[0]
        least = tuple(
            divisor.least_exponent(residue, count) if residue >= 0 else None
            for divisor, residue in zip(self.divisors, residues, strict=True)
        )
        key = negative, significand, least
        if key not in self._powers:
            function = self._function_of_exponent(negative, significand, least)
            plus, minus = (self._number_function(function.naturals(negate)) for negate in (False, True))
            self._powers[key] = None if plus is None and minus is None else (_POWER, plus, minus)
        return self._powers[key]

    def _function_of_exponent(self, negative: bool, significand: int, least: tuple[int | None, ...]) -> _StepFunction:
        side = self.sides[negative]
        edges = {exponent + after for exponent in side.exponents for after in (0, 1)}
        breaks = sorted(edges.union(value for value in least if value is not None))
        samples = [breaks[0] - 1, *breaks] if breaks else [0]
        labels = []
        for sample in samples:
            multiples = tuple(int(value is not None and sample >= value) for value in least)
            labels.append(self.judge.label(negative, side.position(significand, sample), multiples, 0))
        return _StepFunction.merged(breaks, labels)

    def _number_function(self, function: _StepFunction) -> int | None:
        if not any(function.labels):
            return None
        number = self._function_ids.setdefault(function, len(self._functions))
        if number == len(self._functions):
            self._functions.append((function, _Decimals([Fraction(value) for value in function.breaks])))
        return number

    def _power(self, plus: int | None, minus: int | None) -> Iterator[_Step]:
        if minus is not None:
            yield (MINUS_SIGN,), (_POWER_SIGN, minus)
        if plus is not None:
            yield (PLUS_SIGN,), (_POWER_SIGN, plus)
            yield from self._power_sign(plus)

    def _power_sign(self, function: int) -> Iterator[_Step]:
        return self._power_digits(function, 0, 0)

    def _power_digits(self, function: int, digits: int, value: int) -> Iterator[_Step]:
        order = self._functions[function][1]
        for symbols, digit in _ANY_DIGIT if digits and order.is_between(digits, value) else _EACH_DIGIT:
            leading_zero = digits == 0 and digit == 0
            following = (0, 0) if leading_zero else order.next_integer(digits, value, digit)
            yield symbols, (_POWER_DIGITS, function, *following)


def _known(needed: Sequence[int]) -> tuple[int, ...]:
    """Outcomes of multiples if the number ends here: nothing more may be needed."""
    return tuple(int(spell == 0) for spell in needed)


def _possible(states: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    return tuple((0,) if state < 0 else (0, 1) for state in states)


def _check_size(observers: Sequence[Observer], limits: Limits) -> None:
    """Each digit of a bound costs at least two states; refused before any work on its digits."""
    values = [observer.bound for observer in observers if isinstance(observer, Compare)]
    values += [observer.divisor for observer in observers if isinstance(observer, Multiple)]
    largest = max((max(abs(value.numerator), value.denominator) for value in values), default=1)
    if _digit_count(largest) > min(limits.states // 2, _MAX_BOUND_DIGITS):
        raise states_exceeded(f"a number bound of {_digit_count(largest)} digits", limits)
