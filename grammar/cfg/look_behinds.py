"""What stands just before: look-behinds as sets of partial matches that move along with the text.

A terminal does not know the text before it. So a look-behind is tracked twice, from where the terminal starts and from
anywhere before; where only the latter has arrived, the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Callable

from .python_nodes import Behind

Tracker = tuple[frozenset[int], frozenset[int]]
"""Partial matches that began inside the terminal, and those that may have begun before it."""

Steps = tuple[tuple[int, int], ...]
"""(mask of classes, continuation)"""

IDLE = -1
"""In place of a tracker that nothing asks any more."""


class LookBehinds:
    """The look-behinds of a pattern; ``steps`` and ``arrived`` say what a continuation is."""

    def __init__(self, steps: Callable[[int], Steps], arrived: int) -> None:
        self._steps = steps
        self._arrived = arrived
        self._openings: list[int] = []
        self._trackers: list[tuple[int, Tracker]] = []
        self._numbers: dict[tuple[int, Tracker], int] = {}
        self._advanced: dict[tuple[int, int], int] = {}
        self.nodes: list[Behind] = []

    def add(self, node: Behind, opening: int) -> int:
        """The number of look-behind ``node`` whose body, up to here, is ``opening``."""
        self.nodes.append(node)
        self._openings.append(opening)
        return len(self._openings) - 1

    def start(self) -> tuple[int, ...]:
        return tuple(
            self._number(index, (frozenset([opening]), self._underway(opening)))
            for index, opening in enumerate(self._openings)
        )

    def _number(self, index: int, tracker: Tracker) -> int:
        number = self._numbers.setdefault((index, tracker), len(self._trackers))
        if number == len(self._trackers):
            self._trackers.append((index, tracker))
        return number

    def _underway(self, opening: int) -> frozenset[int]:
        found: set[int] = set()
        pending = [opening]
        for continuation in pending:
            fresh = {target for _, target in self._steps(continuation)} - found
            found |= fresh
            pending.extend(fresh)
        return frozenset(found)

    def answer(self, tracker: int) -> bool | None:
        """Whether the look-behind holds here, ``None`` if the text before the terminal decides."""
        _, (sure, possible) = self._trackers[tracker]
        return True if self._arrived in sure else None if self._arrived in possible else False

    def advance(self, trackers: tuple[int, ...], symbol: int) -> tuple[int, ...]:
        return tuple(tracker if tracker == IDLE else self._moved(tracker, symbol) for tracker in trackers)

    def _moved(self, tracker: int, symbol: int) -> int:
        key = (tracker, symbol)
        if key not in self._advanced:
            index, (sure, possible) = self._trackers[tracker]
            moved = self._after(sure, symbol) | {self._openings[index]}
            self._advanced[key] = self._number(index, (moved, self._after(possible, symbol)))
        return self._advanced[key]

    def _after(self, continuations: frozenset[int], symbol: int) -> frozenset[int]:
        return frozenset(target for each in continuations for mask, target in self._steps(each) if mask >> symbol & 1)

    def masks(self, trackers: tuple[int, ...]) -> set[int]:
        """The sets of classes that trackers tell apart."""
        return {
            mask
            for tracker in trackers
            if tracker != IDLE
            for part in self._trackers[tracker][1]
            for continuation in part
            for mask, _ in self._steps(continuation)
        }
