"""Parameters of rules, as llguidance writes them: ``list::set_bit(3)``, and ``%if bit_clear(3)`` behind an alternative.

A parameter is an integer of 64 bits, ``_`` in the rule that has it. What a rule is given is a function of the parameter
of the rule around it, and so is a condition. Ranges ``[x:y]`` are the bits from ``x`` on, less those from ``y`` on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt, ne

from ..errors import InvalidGrammar
from .source import error_at

BITS = 64
MOST_NESTED = 100
"""Conditions inside of each other."""

_ALL = (1 << BITS) - 1

_BLANK = re.compile(r"[^\S\n]*")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")
_NAME = re.compile(r"[a-z_]+")
_NOTHING = re.compile(r"[^\S\n]*\([^\S\n]*\)")


@dataclass(frozen=True)
class Value:
    """``of``: what a rule is given where the parameter around it is ``p``; ``reads``: does it depend on ``p``."""

    of: Callable[[int], int]
    reads: bool


@dataclass(frozen=True)
class Condition:
    """Whether an alternative is there where the parameter is ``p``; ``reads``: does it depend on ``p``."""

    holds: Callable[[int], bool]
    reads: bool


@dataclass(frozen=True)
class Call:
    """The rule ``rule`` with a parameter, at ``offset`` of the text."""

    rule: str
    value: Value
    offset: int


@dataclass(frozen=True)
class Parameters:
    """``rules``: those with a parameter, and where they are defined; by the names that stand for them in what Lark
    reads, ``calls`` (rules) and ``conditions`` (terminals)."""

    rules: dict[str, int] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)


def value_at(text: str, offset: int) -> tuple[Value, int]:
    """What a rule is given at ``text[offset]``, and where that ends. Raises ``InvalidGrammar``."""
    reading = _Reading(text, offset)
    if _NUMBER.match(text, reading.place):
        number = reading.number(_ALL)
        return Value(lambda p: number, False), reading.place
    name = reading.name(("_", *_VALUES))
    if name == "_":
        return Value(lambda p: p, True), reading.place
    return Value(reading.in_brackets(_VALUES[name]), True), reading.place


def condition_at(text: str, offset: int) -> tuple[Condition, int]:
    """The condition at ``text[offset]``, and where it ends. Raises ``InvalidGrammar``."""
    reading = _Reading(text, offset)
    found = reading.condition()
    return found, reading.place


class _Reading:
    """Goes through what stands behind ``::`` or ``%if``."""

    def __init__(self, text: str, offset: int) -> None:
        self._text = text
        self._nested = 0
        self.place = self._skipped(offset)

    def _skipped(self, offset: int) -> int:
        found = _BLANK.match(self._text, offset)
        return found.end() if found else offset

    def _error(self, *expected: str) -> InvalidGrammar:
        return error_at(self._text, self.place, "this is no parameter or condition", expected=expected)

    def name(self, known: tuple[str, ...]) -> str:
        found = _NAME.match(self._text, self.place)
        if found is None or found[0] not in known:
            raise self._error(*known)
        self.place = found.end()
        return found[0]

    def mark(self, mark: str) -> None:
        place = self._skipped(self.place)
        if not self._text.startswith(mark, place):
            self.place = place
            raise self._error(mark)
        self.place = place + len(mark)

    def number(self, most: int) -> int:
        """A number up to ``most``."""
        self.place = self._skipped(self.place)
        found = _NUMBER.match(self._text, self.place)
        if found is None:
            raise self._error("a number")
        is_long = len(found[0]) > BITS  # of so many digits, Python may not make a number
        number = most + 1 if is_long else int(found[0], 16 if found[0][1:2] in ("x", "X") else 10)
        if number > most:
            raise error_at(self._text, self.place, f"the number {found[0]:.30} is greater than {most}")
        self.place = found.end()
        return number

    def bits(self) -> tuple[int, int]:
        """``[x:y]`` as ``x`` and ``y``; ``_`` is all."""
        self.place = self._skipped(self.place)
        if self._text.startswith("_", self.place):
            self.place += 1
            return 0, BITS
        if not self._text.startswith("[", self.place):
            raise self._error("_", "[0:8]")
        start = self.place
        self.mark("[")
        first = self.number(BITS - 1)
        self.mark(":")
        last = self.number(BITS)
        self.mark("]")
        if last <= first:
            raise error_at(self._text, start, f"the bits [{first}:{last}] are none", expected=("[0:8]",))
        return first, last

    def in_brackets(self, read: Callable[[_Reading], Callable[[int], int]]) -> Callable[[int], int]:
        self.mark("(")
        found = read(self)
        self.mark(")")
        return found

    def condition(self) -> Condition:
        self.place = self._skipped(self.place)
        name = self.name(_CONDITIONS)
        if name == "true":
            if nothing := _NOTHING.match(self._text, self.place):
                self.place = nothing.end()
            return Condition(lambda p: True, False)
        self.mark("(")
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise error_at(self._text, self.place, f"more than {MOST_NESTED} conditions are nested in each other")
        holds = _TESTS[name](self) if name in _TESTS else self._comparison(name)
        self._nested -= 1
        self.mark(")")
        return Condition(holds, True)

    def _comparison(self, name: str) -> Callable[[int], bool]:
        first, last = self.bits()
        self.mark(",")
        compare = _COMPARISONS[name.removeprefix("bit_count_")]
        bits = (1 << last - first) - 1
        if name.startswith("bit_count_"):
            count = self.number(BITS)
            return lambda p: compare((p >> first & bits).bit_count(), count)
        number = self.number(_ALL)
        return lambda p: compare(p >> first & bits, number)


# --- values


def _set_bit(reading: _Reading) -> Callable[[int], int]:
    bit = 1 << reading.number(BITS - 1)
    return lambda p: p | bit


def _clear_bit(reading: _Reading) -> Callable[[int], int]:
    others = _ALL ^ 1 << reading.number(BITS - 1)
    return lambda p: p & others


def _bit_and(reading: _Reading) -> Callable[[int], int]:
    bits = reading.number(_ALL)
    return lambda p: p & bits


def _bit_or(reading: _Reading) -> Callable[[int], int]:
    bits = reading.number(_ALL)
    return lambda p: p | bits


def _incr(reading: _Reading) -> Callable[[int], int]:
    first, last = reading.bits()
    bits, one = (1 << last) - (1 << first), 1 << first
    return lambda p: p if p & bits == bits else p + one


def _decr(reading: _Reading) -> Callable[[int], int]:
    first, last = reading.bits()
    bits, one = (1 << last) - (1 << first), 1 << first
    return lambda p: p - one if p & bits else p


_VALUES: Mapping[str, Callable[[_Reading], Callable[[int], int]]] = {
    "set_bit": _set_bit,
    "clear_bit": _clear_bit,
    "bit_and": _bit_and,
    "bit_or": _bit_or,
    "incr": _incr,
    "decr": _decr,
}


# --- conditions


def _bit_clear(reading: _Reading) -> Callable[[int], bool]:
    bit = 1 << reading.number(BITS - 1)
    return lambda p: not p & bit


def _bit_set(reading: _Reading) -> Callable[[int], bool]:
    bit = 1 << reading.number(BITS - 1)
    return lambda p: bool(p & bit)


def _is_zeros(reading: _Reading) -> Callable[[int], bool]:
    first, last = reading.bits()
    bits = (1 << last) - (1 << first)
    return lambda p: not p & bits


def _is_ones(reading: _Reading) -> Callable[[int], bool]:
    first, last = reading.bits()
    bits = (1 << last) - (1 << first)
    return lambda p: p & bits == bits


def _both(reading: _Reading) -> Callable[[int], bool]:
    one = reading.condition().holds
    reading.mark(",")
    other = reading.condition().holds
    return lambda p: one(p) and other(p)


def _either(reading: _Reading) -> Callable[[int], bool]:
    one = reading.condition().holds
    reading.mark(",")
    other = reading.condition().holds
    return lambda p: one(p) or other(p)


def _not(reading: _Reading) -> Callable[[int], bool]:
    one = reading.condition().holds
    return lambda p: not one(p)


_TESTS: Mapping[str, Callable[[_Reading], Callable[[int], bool]]] = {
    "bit_clear": _bit_clear,
    "bit_set": _bit_set,
    "is_zeros": _is_zeros,
    "is_ones": _is_ones,
    "and": _both,
    "or": _either,
    "not": _not,
}
_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}
_CONDITIONS = ("true", *_TESTS, *_COMPARISONS, *(f"bit_count_{name}" for name in _COMPARISONS))
