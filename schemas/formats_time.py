"""The formats of RFC 3339: dates, times with their leap seconds, and durations.

A leap second is one in UTC: ``23:59:60Z`` is ``01:29:60+01:30``, so whether ``:60`` is right depends on the offset that
comes later. The automaton must remember each of the 1,440 minutes of a day until then; it is laid out as tables, since
exploring its states one by one would take half a second. In a date-time the day must be the one on which June or
December ends in UTC, the months that RFC 3339 names. Not checked: in which years there was a leap second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import DEAD, REJECT, Alphabet, Dfa, TextDfa
from ..grammar.dfa_operations import trim
from ..grammar.limits import Budget
from ..grammar.regex import ACCEPT, compile_pattern
from ..grammar.text_product import product

_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = (
    r"(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_HALF_YEAR_STARTS = r"\d{4}-0[17]-01"
_HALF_YEAR_ENDS = r"\d{4}-(?:06-30|12-31)"

_TIME_DURATION = r"T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"
_DATE_DURATION = r"(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)"
_DURATION = rf"P(?:{_DATE_DURATION}(?:{_TIME_DURATION})?|{_TIME_DURATION}|\d+W)"

_MINUTES = 24 * 60
_CLASS_OF = {**{str(digit): digit for digit in range(10)}, "-": 10, ":": 11, ".": 12, "+": 13}
_CLASS_OF |= {"T": 14, "t": 14, "Z": 15, "z": 15}
_OTHER = 16
_DIGITS, _TO_5 = range(10), range(6)


def date() -> TextDfa:
    return compile_pattern(_DATE, anchored=True)


def duration() -> TextDfa:
    """Appendix A of RFC 3339: no unit may be left out between two others; units are capitals, as ISO 8601 says."""
    return compile_pattern(_DURATION, anchored=True)


def time() -> TextDfa:
    clock = _Clock()
    minutes = np.arange(_MINUTES)
    zulu = minutes == _MINUTES - 1
    start = clock.leaping(_Leap(zulu, (minutes + 1) % _MINUTES, _MINUTES - 1 - minutes))
    return clock.finished(start)


def date_time() -> TextDfa:
    """A clock follows each kind of day: those on which half a year ends or starts, and all others."""
    clock = _Clock()
    minutes = np.arange(_MINUTES)
    never = np.full(_MINUTES, _NO_OFFSET)
    last = minutes == _MINUTES - 1
    ends = _Leap(last, np.where(last, 0, _NO_OFFSET), _MINUTES - 1 - minutes)
    starts = _Leap(np.zeros(_MINUTES, np.bool_), np.where(last, _NO_OFFSET, minutes + 1), never)
    entries = {1: clock.ordinary(), 2: clock.leaping(starts), 3: clock.leaping(ends)}
    days = product(
        [compile_pattern(pattern, anchored=True) for pattern in (_DATE, _HALF_YEAR_STARTS, _HALF_YEAR_ENDS)],
        lambda labels: labels[0] and 1 + (labels[1] != REJECT) + 2 * (labels[2] != REJECT),
        Budget(),
    )
    return clock.finished(clock.dated(days, entries))


_NO_OFFSET = -1


@dataclass(frozen=True)
class _Leap:
    """With which offsets each minute of the day can have a 61st second.

    ``zulu``: bool[1440], whether with ``Z``; ``plus`` and ``minus``: int[1440], the one offset of that sign, in
    minutes, or ``_NO_OFFSET``.
    """

    zulu: NDArray[np.bool_]
    plus: NDArray[np.int64]
    minus: NDArray[np.int64]


class _Clock:
    """A transition table that grows; states are numbered by blocks. Each method returns the state it starts in."""

    def __init__(self) -> None:
        self._size = 1
        self._rows = np.zeros((32_768, _OTHER + 1), np.int32)
        self._end = self._block(1)
        self._expected = self._expected_offset()
        self._second = self._ordinary_second()

    def finished(self, start: int) -> TextDfa:
        labels = np.full(self._size, REJECT, np.int32)
        labels[self._end] = ACCEPT
        return TextDfa(_alphabet(), trim(Dfa(self._rows[: self._size].copy(), labels, start)))

    def dated(self, days: TextDfa, entries: dict[int, int]) -> int:
        """The states of ``days``, whose label says which of ``entries`` follows ``T``."""
        count = len(days.dfa.labels)
        base = self._block(count - 1) - 1
        for char, column in _CLASS_OF.items():
            symbol = days.alphabet.classes[np.searchsorted(days.alphabet.starts, ord(char), "right") - 1]
            targets = days.dfa.transitions[1:, symbol]
            self._rows[base + 1 : base + count, column] = np.where(targets == DEAD, DEAD, targets + base)
        for label, entry in entries.items():
            self._rows[base + np.flatnonzero(days.dfa.labels == label), _CLASS_OF["T"]] = entry
        return base + days.dfa.start

    def ordinary(self) -> int:
        """A time without leap seconds: nothing of the hour and minute need be known."""
        start, before_four, before_ten, colon, tens, ones, colon_2 = (self._block(1) for _ in range(7))
        self._edge(start, (0, 1), before_ten)
        self._edge(start, (2,), before_four)
        self._edge(before_four, range(4), colon)
        self._edge(before_ten, _DIGITS, colon)
        self._edge(colon, ":", tens)
        self._edge(tens, _TO_5, ones)
        self._edge(ones, _DIGITS, colon_2)
        seconds = self._block(1)
        self._edge(colon_2, ":", seconds)
        self._edge(seconds, _TO_5, self._second)
        return start

    def leaping(self, leap: _Leap) -> int:
        """A time whose second may be 60 as ``leap`` says."""
        start = self._block(1)
        tens = self._block(3)
        hours, minute = self._block(24), self._block(24)
        for hour in range(24):
            self._edge(start, (hour // 10,), tens + hour // 10)
            self._edge(tens + hour // 10, (hour % 10,), hours + hour)
        self._edge(hours + np.arange(24), ":", minute + np.arange(24))
        minute_ones, after, second = self._block(24 * 6), self._block(_MINUTES), self._block(_MINUTES)
        every = np.arange(_MINUTES)
        for digit in _TO_5:
            self._edge(minute + np.arange(24), (digit,), minute_ones + 6 * np.arange(24) + digit)
        for digit in _DIGITS:
            self._edge(minute_ones + np.arange(24 * 6), (digit,), after + 10 * np.arange(24 * 6) + digit)
        self._edge(after + every, ":", second + every)
        self._edge(second + every, _TO_5, self._second)
        self._sixty(second + every, leap)
        return start

    def _sixty(self, seconds: NDArray[np.int64], leap: _Leap) -> None:
        every = np.arange(_MINUTES)
        six, sixty, point, fraction = (self._block(_MINUTES) + every for _ in range(4))
        self._edge(seconds, (6,), six)
        self._edge(six, (0,), sixty)
        self._edge(sixty, ".", point)
        self._edge(point, _DIGITS, fraction)
        self._edge(fraction, _DIGITS, fraction)
        for before in (sixty, fraction):
            self._edge(before[leap.zulu], "Z", self._end)
            for sign, offsets in (("+", leap.plus), ("-", leap.minus)):
                possible = offsets != _NO_OFFSET
                self._edge(before[possible], sign, self._expected + offsets[possible])

    def _ordinary_second(self) -> int:
        """The state after the first digit of an ordinary second; any offset may follow."""
        ones, whole, point, fraction, hour, four, ten, colon, tens, last = (self._block(1) for _ in range(10))
        self._edge(ones, _DIGITS, whole)
        self._edge(whole, ".", point)
        self._edge(point, _DIGITS, fraction)
        self._edge(fraction, _DIGITS, fraction)
        for before in (whole, fraction):
            self._edge(before, "Z", self._end)
            self._edge(before, "+", hour)
            self._edge(before, "-", hour)
        self._edge(hour, (0, 1), ten)
        self._edge(hour, (2,), four)
        self._edge(four, range(4), colon)
        self._edge(ten, _DIGITS, colon)
        self._edge(colon, ":", tens)
        self._edge(tens, _TO_5, last)
        self._edge(last, _DIGITS, self._end)
        return ones

    def _expected_offset(self) -> int:
        """For each offset in minutes, a state that asks for just that one; the first of these."""
        whole, hour_ones = self._block(_MINUTES), self._block(600)
        colons, tens, ones = self._block(60), self._block(60), self._block(10)
        for offset in range(_MINUTES):
            hour, minute = divmod(offset, 60)
            self._rows[whole + offset, hour // 10] = hour_ones + hour % 10 * 60 + minute
        for index in range(600):
            self._rows[hour_ones + index, index // 60] = colons + index % 60
        for minute in range(60):
            self._edge(colons + minute, ":", tens + minute)
            self._rows[tens + minute, minute // 10] = ones + minute % 10
        for digit in _DIGITS:
            self._rows[ones + digit, digit] = self._end
        return whole

    def _block(self, count: int) -> int:
        first = self._size
        self._size += count
        return first

    def _edge(
        self, sources: int | NDArray[np.int64], symbols: str | range | tuple[int, ...], targets: int | NDArray[np.int64]
    ) -> None:
        for column in (_CLASS_OF[symbols],) if isinstance(symbols, str) else symbols:
            self._rows[sources, column] = targets


def _alphabet() -> Alphabet:
    points = sorted(_CLASS_OF)
    starts = [0]
    classes = [_OTHER]
    for char in points:
        starts += [ord(char), ord(char) + 1]
        classes += [_CLASS_OF[char], _OTHER]
    keep = [i for i in range(len(starts)) if i + 1 == len(starts) or starts[i] != starts[i + 1]]
    return Alphabet(
        np.array([starts[i] for i in keep], np.int32), np.array([classes[i] for i in keep], np.int32), _OTHER + 1
    )
