"""Sets of equally long digit strings as arithmetic progressions, built from their last digit to their first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

Choices = frozenset[int]


class Progression(NamedTuple):
    """The digit strings that spell ``start + step * j``, ``0 <= j < size``, and the choices accepted after them.

    ``step`` has no other prime factors than 2 and 5. A single string of ``n`` digits has the step ``10**n``, so that
    it is a whole period: one string for each way in which the digits before may be put.
    """

    start: int
    step: int
    size: int
    accepted: Choices


Ways = dict[int, list[Progression]]
"""Digit strings by length."""


def prefixed(children: Mapping[int, Ways]) -> Ways:
    """The strings with one more digit in front: ``children[digit]`` are those after ``digit``.

    What comes after several digits alike becomes one progression where it is one.
    """
    found: Ways = {}
    for length in sorted({length for ways in children.values() for length in ways}):
        digits_of: defaultdict[Progression, list[int]] = defaultdict(list)
        for digit, ways in sorted(children.items()):
            for progression in ways.get(length, ()):
                digits_of[progression].append(digit)
        behind = [p for progression, digits in digits_of.items() for p in _behind(progression, digits, 10**length)]
        found[length + 1] = _whole_periods(behind, 10 ** (length + 1))
    return found


def union(parts: Iterable[Ways]) -> Ways:
    """The strings of all parts, but for those that equal others up to zeros at the end.

    Such zeros do not change which integers coprime to ten divide.
    """
    alike = {(-p.size, length, p) for part in parts for length, progressions in part.items() for p in progressions}
    longest = max((length for _, length, _ in alike), default=0)
    kept: list[Progression] = []
    found: Ways = {}
    for _, length, progression in sorted(alike, key=lambda entry: (*entry[:2], entry[2].start)):
        zeros = 10 ** (longest - length)
        lengthened = progression._replace(start=progression.start * zeros, step=progression.step * zeros)
        if not any(_covers(other, lengthened) for other in kept):
            kept.append(lengthened)
            found.setdefault(length, []).append(progression)
    return found


def _behind(progression: Progression, digits: Sequence[int], unit: int) -> Iterator[Progression]:
    """``progression``, of numbers below ``unit``, behind each of ``digits``."""
    start, step, count, accepted = progression
    spacing = digits[1] - digits[0] if len(digits) > 1 else 1
    if step * count != unit:
        yield from (Progression(start + digit * unit, step, count, accepted) for digit in digits)
    elif list(digits) == list(range(10)):
        yield Progression(start, step, 10 * count, accepted)
    elif count == 1 and spacing * len(digits) == 10 and list(digits) == list(range(digits[0], 10, spacing)):
        yield Progression(start + digits[0] * unit, spacing * unit, len(digits), accepted)
    elif count == 1:
        yield from (Progression(start + digit * unit, 10 * unit, 1, accepted) for digit in digits)
    else:
        for first, length in _runs(digits):
            yield Progression(start + first * unit, step, count * length, accepted)


def _runs(digits: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and length of each run of consecutive digits, which ascend."""
    first = length = 0
    for digit in digits:
        if length and digit == first + length:
            length += 1
            continue
        if length:
            yield first, length
        first, length = digit, 1
    if length:
        yield first, length


def _whole_periods(progressions: Sequence[Progression], size: int) -> list[Progression]:
    """Progressions through all of ``0 .. size-1`` whose starts are a progression themselves become one."""
    groups: defaultdict[tuple[int, int, Choices], set[int]] = defaultdict(set)
    found = []
    for progression in progressions:
        if progression.step * progression.size == size:
            groups[progression.step, progression.size, progression.accepted].add(progression.start)
        else:
            found.append(progression)
    for (step, count, accepted), starts in groups.items():
        for parts in _numbers_of_twos_and_fives(len(starts)):
            spacing = step // parts
            if step % parts == 0:
                for first in [start for start in starts if start < spacing]:
                    members = range(first, step, spacing)
                    if starts.issuperset(members):
                        starts.difference_update(members)
                        found.append(Progression(first, spacing, parts * count, accepted))
    return found


def _numbers_of_twos_and_fives(most: int) -> list[int]:
    """Those up to ``most``, descending."""
    powers = [2**i * 5**j for i in range(most.bit_length()) for j in range(most.bit_length())]
    return sorted((number for number in powers if number <= most), reverse=True)


def joined(progressions: Iterable[Progression]) -> list[Progression]:
    """The same strings in fewer progressions: neighbours become one where the step stays the same."""
    found: list[Progression] = []
    for progression in sorted(progressions, key=lambda p: (sorted(p.accepted), p.start)):
        last = found[-1] if found else None
        if last is not None and last.accepted == progression.accepted:
            step = last.step if last.size > 1 else progression.start - last.start
            alike = step == progression.step or (progression.size == 1 and (last.size > 1 or step == 1))
            if alike and progression.start == last.start + step * last.size:
                found[-1] = last._replace(step=step, size=last.size + progression.size)
                continue
        found.append(progression)
    return found


def _covers(other: Progression, progression: Progression) -> bool:
    """Whether every member of ``progression`` is one of ``other``, with at least its choices."""
    first, last = progression.start, progression.start + progression.step * (progression.size - 1)
    return (
        first >= other.start
        and last <= other.start + other.step * (other.size - 1)
        and (first - other.start) % other.step == 0
        and (progression.size == 1 or progression.step % other.step == 0)
        and progression.accepted <= other.accepted
    )
