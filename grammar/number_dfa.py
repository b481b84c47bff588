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

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import starmap
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dfa import REJECT, Dfa
from .dfa_operations import explore, states_exceeded
from .limits import Budget
from .number_values import (
    BEYOND,
    Compare,
    Decimals,
    Divisor,
    Judge,
    LabelOf,
    Multiple,
    Observer,
    Place,
    StepFunction,
    digit_count,
)

CLASSES = 16
"""Columns of a number automaton: 15 symbols and one of padding."""

MINUS_SIGN, PLUS_SIGN, POINT, EXPONENT = 11, 12, 13, 14
"""Symbols beside the digits; digit ``d`` is symbol ``d + 1``, and 0 is whatever is no part of a number."""

NUMBER_SYMBOLS = 15

MAX_FRACTION_DIGITS = 16
"""As many as the shortest text of a double has in scientific notation."""

MAX_EXPONENT_MODULUS = 100

_MAX_BOUND_DIGITS = 4_000


def _symbol_of_byte() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[ord("0") : ord("9") + 1] = np.arange(1, 11)
    for text, symbol in (("-", MINUS_SIGN), ("+", PLUS_SIGN), (".", POINT), ("eE", EXPONENT)):
        table[list(text.encode())] = symbol
    table.setflags(write=False)
    return table


SYMBOL_OF_BYTE = _symbol_of_byte()
"""uint8[256]: the symbol of each byte."""


def number_dfa(observers: Sequence[Observer], label_of: LabelOf, budget: Budget, scientific: bool = True) -> Dfa:
    """The minimal automaton of the number texts to whose outcomes ``label_of`` gives a positive label.

    ``label_of`` gets one outcome for each observer, in order; it must be a pure function. ``scientific``: whether
    exponents are accepted at all where values matter. Columns are the symbols of
    ``SYMBOL_OF_BYTE``, padded to ``CLASSES``. Raises ``LimitExceeded`` over the limit of states, ``UnsupportedSchema``
    for a bound that is no decimal fraction and ``InvalidSchema`` for a divisor that is not positive.
    """
    if not any(isinstance(observer, Compare | Multiple) for observer in observers):
        return _syntax_dfa(label_of((1,) * len(observers)), label_of((0,) * len(observers)))
    machine = _Machine(observers, label_of, budget, scientific)
    return explore(machine.start, machine.successors, machine.label, CLASSES, budget, "a number")


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
        "start", edges.__getitem__, lambda state: labels.get(state, REJECT), CLASSES, Budget(), "the syntax of numbers"
    )


# --- the product

(_START, _SIGN, _ZERO, _ONE, _MANY, _FRACTION, _SIGNIFICAND, _POWER, _POWER_SIGN, _POWER_DIGITS) = range(10)

_OPEN, _TRAILING_ZERO, _CLOSED = 0, 1, 2
"""Whether an exponent may follow: yes, not after this digit, not any more."""

_State = tuple[Any, ...]
_Step = tuple[Sequence[int], _State | None]
_EACH_DIGIT = tuple(((digit + 1,), digit) for digit in range(10))
_ZERO_OR_NOT = ((1,), 0), (tuple(range(2, 11)), 1)


@lru_cache(None)
def _run(first: int, past: int) -> tuple[tuple[int, ...], int]:
    """The symbols of the digits from ``first`` on, before ``past``, and the first of them."""
    return tuple(range(first + 1, past + 1)), first


class _Machine:
    """The states of the product, explored on demand; each begins with its phase.

    ``(_ZERO, negative)``, ``(_ONE, negative, digit)`` and ``(_MANY, negative, digits, value, residues)`` are in the
    integer part, of the digit 0, one other digit, or several. Fraction digits follow as ``(_FRACTION, negative, count,
    place, needed)`` or, after one non-zero digit, as ``(_SIGNIFICAND, negative, count, exponent, place, needed,
    residues)``, where residue -1 tells that no exponent within the bounds makes a multiple. ``(_POWER, plus, minus)``,
    ``(_POWER_SIGN, function)`` and ``(_POWER_DIGITS, function, digits, value)`` read the exponent, for which all that
    came before has become a step function.
    """

    def __init__(self, observers: Sequence[Observer], label_of: LabelOf, budget: Budget, scientific: bool) -> None:
        _check_size(observers, budget)
        self.judge = Judge(observers, label_of)
        self.sides = self.judge.sides
        self.divisors = [Divisor(observer.divisor) for observer in observers if isinstance(observer, Multiple)]
        self.signed = any(isinstance(observer, Compare) for observer in observers)
        self.places = max([1, *(divisor.places for divisor in self.divisors)])
        moduli = [divisor.scientific_modulus for divisor in self.divisors]
        self.scientific = scientific and max(moduli, default=1) <= MAX_EXPONENT_MODULUS
        self._free = ((0, 1),) * len(self.divisors)
        self._highest = self._highest_exponent(False), self._highest_exponent(True)
        self._functions: list[tuple[StepFunction, Decimals]] = []
        self._function_ids: dict[StepFunction, int] = {}
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
            return steps.labels[-1] if (digits, value) == BEYOND else steps.at(value)
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
        for symbols, digit in self._next_digits(side.order, 1, first):
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
        for symbols, digit in self._next_digits(order, digits, value):
            following = tuple(
                divisor.canonical((10 * residue + digit) % divisor.modulus)
                for divisor, residue in zip(self.divisors, residues, strict=True)
            )
            yield symbols, self._to_many(negative, order.next_integer(digits, value, digit), following)
        yield (POINT,), self._to_fraction(negative, 0, order.point(digits, value), self._needed(residues))

    def _next_digits(self, order: Decimals, digits: int, value: int) -> Iterable[tuple[Sequence[int], int]]:
        """The digits that may follow an integer part, those together that lead to the same."""
        return starmap(_run, order.runs(digits, value)) if self._whole else _EACH_DIGIT

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

    def _next_residue(self, divisor: Divisor, residue: int, digit: int, count: int, negative: bool) -> int:
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

    def _function_of_exponent(self, negative: bool, significand: int, least: tuple[int | None, ...]) -> StepFunction:
        side = self.sides[negative]
        edges = {exponent + after for exponent in side.exponents for after in (0, 1)}
        breaks = sorted(edges.union(value for value in least if value is not None))
        samples = [breaks[0] - 1, *breaks] if breaks else [0]
        labels = []
        for sample in samples:
            multiples = tuple(int(value is not None and sample >= value) for value in least)
            labels.append(self.judge.label(negative, side.position(significand, sample), multiples, 0))
        return StepFunction.merged(breaks, labels)

    def _number_function(self, function: StepFunction) -> int | None:
        if not any(function.labels):
            return None
        number = self._function_ids.setdefault(function, len(self._functions))
        if number == len(self._functions):
            self._functions.append((function, Decimals([Fraction(value) for value in function.breaks])))
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
        if not digits:
            yield (1,), (_POWER_DIGITS, function, 0, 0)
        for symbols, digit in starmap(_run, order.runs(digits, value, first=int(not digits))):
            yield symbols, (_POWER_DIGITS, function, *order.next_integer(digits, value, digit))


def _known(needed: Sequence[int]) -> tuple[int, ...]:
    """Outcomes of multiples if the number ends here: nothing more may be needed."""
    return tuple(int(spell == 0) for spell in needed)


def _possible(states: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    return tuple((0,) if state < 0 else (0, 1) for state in states)


def _check_size(observers: Sequence[Observer], budget: Budget) -> None:
    """Each digit of a bound costs at least two states; refused before any work on its digits."""
    values = [observer.bound for observer in observers if isinstance(observer, Compare)]
    values += [observer.divisor for observer in observers if isinstance(observer, Multiple)]
    largest = max((max(abs(value.numerator), value.denominator) for value in values), default=1)
    if digit_count(largest) > min(budget.limits.states // 2, _MAX_BOUND_DIGITS):
        raise states_exceeded(f"a number bound of {digit_count(largest)} digits", budget)
