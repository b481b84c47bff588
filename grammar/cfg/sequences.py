"""Texts one after another: concatenations and repetitions of automata over bytes, made deterministic.

A state is the set of states of all parts in which a text may be; where a part accepts, the parts linked to it begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..dfa_operations import explore
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa
from .regular import byte_classes, over_bytes

_State = tuple[bool, frozenset[int]]
"""Whether the empty text is accepted here in any case, and states of the parts, numbered through."""


def concatenation(parts: Sequence[ByteDfa], budget: Budget) -> ByteDfa:
    """A text of each of ``parts``, in this order."""
    following = [*range(1, len(parts)), None]
    return _Linked(parts, following, len(parts) - 1).determinised(not parts, budget, "a concatenation")


def repetition(part: ByteDfa, budget: Budget) -> ByteDfa:
    """Any number of texts of ``part``, none included."""
    return _Linked([part], [0], 0).determinised(True, budget, "a repetition")


class _Linked:
    """``parts``, of which the first begins a text and ``last`` ends it.

    ``following``: for each part the one that may begin where it ends.
    """

    def __init__(self, parts: Sequence[ByteDfa], following: Sequence[int | None], last: int) -> None:
        tables, self._classes = byte_classes([part.transitions for part in parts])
        offsets = [0]
        self._rows: list[list[int]] = []
        for table in tables:
            self._rows += np.where(table == DEAD, DEAD - 1, table + offsets[-1]).tolist()
            offsets.append(len(self._rows))
        starts = [{offset + part.start} - {offset + DEAD} for offset, part in zip(offsets, parts, strict=False)]
        self._start = starts[0] if parts else set()
        self._begun: dict[int, set[int]] = {}
        self._ends: set[int] = set()
        for index, part in enumerate(parts):
            accepting = [offsets[index] + state for state in np.flatnonzero(part.decided).tolist()]
            next_part = following[index]
            if next_part is not None:
                self._begun |= dict.fromkeys(accepting, starts[next_part])
            if index == last:
                self._ends.update(accepting)

    def determinised(self, empty: bool, budget: Budget, subject: str) -> ByteDfa:
        """The minimal automaton; ``empty``: it accepts the empty text in any case."""
        width = int(self._classes.max()) + 1
        start = (empty, self._closed(self._start))
        return over_bytes(explore(start, self._successors, self._label, width, budget, subject), self._classes)

    def _closed(self, states: Iterable[int]) -> frozenset[int]:
        found = set(states)
        pending = list(found)
        for state in pending:
            fresh = self._begun.get(state, set()) - found
            found |= fresh
            pending.extend(fresh)
        return frozenset(found)

    def _successors(self, state: _State) -> Iterator[tuple[list[int], _State]]:
        symbols_to: dict[tuple[int, ...], list[int]] = {}
        for symbol, targets in enumerate(zip(*(self._rows[number] for number in state[1]), strict=True)):
            symbols_to.setdefault(targets, []).append(symbol)
        for targets, symbols in symbols_to.items():
            moved = self._closed(target for target in targets if target > DEAD)
            if moved:
                yield symbols, (False, moved)

    def _label(self, state: _State) -> int:
        return int(state[0] or not self._ends.isdisjoint(state[1]))
