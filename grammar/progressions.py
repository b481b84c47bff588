"""Sets of equally long digit strings as arithmetic progressions, built from their last digit to their first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

Choices = frozenset[int]


class Progression(NamedTuple):
    """The digit strings that spell ``start + step * j``, ``0 <= j < size``, and the choices accepted after them."""

    start: int
    step: int
    size: int
    accepted: Choices


Ways = dict[int, list[Progression]]
"""Digit strings by length. All have the same step, the *period*, which has no prime factors but 2 and 5: what bounds
and divisors leave of all strings is a range of each class of numbers modulo the period, or a few ranges."""

_FEW = 60


def prefixed(children: Mapping[int, Ways], period: int) -> Ways:
    """The strings with one more digit in front: ``children[digit]`` are those after ``digit``."""
    found: defaultdict[int, list[Progression]] = defaultdict(list)
    for digit, ways in children.items():
        for length, progressions in ways.items():
            found[length + 1] += [p._replace(start=p.start + digit * 10**length) for p in progressions]
    return {length: _connected(progressions, period) for length, progressions in found.items()}


def union(parts: Iterable[Ways], period: int) -> Ways:
    """The strings of all parts."""
    found: defaultdict[int, list[Progression]] = defaultdict(list)
    for part in parts:
        for length, progressions in part.items():
            found[length] += progressions
    ways = {length: _connected(progressions, period) for length, progressions in found.items()}
    return _without_covered(ways) if sum(map(len, ways.values())) <= _FEW else ways


def are_zeros(ways: Ways) -> bool:
    """Whether no digit but zero occurs."""
    return all(p.start == 0 and p.size == 1 for progressions in ways.values() for p in progressions)


def _connected(progressions: Sequence[Progression], period: int) -> list[Progression]:
    """Neighbours and overlapping ones of the same class and choices put together."""
    groups: defaultdict[tuple[Choices, int], list[Progression]] = defaultdict(list)
    for progression in progressions:
        groups[progression.accepted, progression.start % period].append(progression)
    found: list[Progression] = []
    for group in groups.values():
        group.sort(key=lambda p: p.start)
        current = group[0]
        for progression in group[1:]:
            places = (progression.start - current.start) // period
            if places <= current.size:
                current = current._replace(size=max(current.size, places + progression.size))
            else:
                found.append(current)
                current = progression
        found.append(current)
    return found


def _without_covered(ways: Ways) -> Ways:
    """Without strings that equal longer ones up to zeros at the end.

    Such zeros do not change which integers coprime to ten divide.
    """
    longest = max(ways, default=0)
    kept: list[Progression] = []
    found: Ways = {}
    for length in sorted(ways, reverse=True):
        zeros = 10 ** (longest - length)
        lengthened = [p._replace(start=p.start * zeros, step=p.step * zeros) for p in ways[length]]
        if not all(any(_covers(other, progression) for other in kept) for progression in lengthened):
            found[length] = ways[length]
            kept += lengthened
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


def joined(progressions: Iterable[Progression], period: int) -> list[Progression]:
    """The same strings in fewer progressions: where classes make up a class of a smaller modulus, that one."""
    left = set(progressions)
    found: list[Progression] = []
    for step in _divisors(period):
        if len(left) < period // step:
            continue
        groups: defaultdict[tuple[Choices, int], list[Progression]] = defaultdict(list)
        for progression in left:
            groups[progression.accepted, progression.start % step].append(progression)
        for group in groups.values():
            for members in _aligned(sorted(group, key=lambda p: p.start), step, period // step):
                left.difference_update(members)
                first = members[0]
                found.append(Progression(first.start, step, sum(p.size for p in members), first.accepted))
    return [*found, *left]


@lru_cache(maxsize=64)
def _divisors(period: int) -> tuple[int, ...]:
    """Those less than ``period`` itself, which may be huge, but has no prime factors but 2 and 5."""
    found = {1}
    for prime in (2, 5):
        power = prime
        while period % power == 0:
            found |= {power * divisor for divisor in found if divisor % prime}
            power *= prime
    return tuple(sorted(found - {period}))


def _aligned(group: Sequence[Progression], step: int, count: int) -> Iterator[Sequence[Progression]]:
    """Runs of ``count`` members that begin ``step`` after each other and go on without a gap to a common end."""
    at = 0
    while at + count <= len(group):
        members = group[at : at + count]
        start, size = members[0].start, members[0].size
        sizes = [p.size for p in members]
        in_step = all(p.start == start + i * step for i, p in enumerate(members))
        if in_step and sizes[-1] >= size - 1 and sizes == sorted(sizes, reverse=True):
            yield members
            at += count
        else:
            at += 1
