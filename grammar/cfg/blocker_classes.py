"""What must not come to match, as states of one minimal automaton.

Where a terminal has ended, bytes that would make a preferred match of what was read are forbidden (``blockers``). Most
ways to end forbid the same, a letter behind a name for instance: what a scanner's states and guards forbid is one
automaton over bytes, minimised here, and *blocked* is a set of its states, none of which must come about.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .byte_dfa import DEAD, SATISFIED, VIOLATED
from .scanner import Scanner

Blocked = frozenset[int]
NOTHING: Blocked = frozenset()


class BlockerClasses:
    """Of a ``scanner`` all of whose contexts are explored.

    ``byte_class`` uint8[256]: bytes that neither the scanner nor guards tell apart; ``column_byte``: one of each class.
    """

    def __init__(self, scanner: Scanner) -> None:
        self._scanner_states = states = scanner.states
        guards, verdicts = scanner.rows.guard_transitions, scanner.rows.guard_verdicts
        keys = np.concatenate([scanner.byte_class[None].astype(np.int32), guards])
        _, self.column_byte, classes = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        self.byte_class = classes.ravel().astype(np.uint8)
        forbidden = states + len(guards)
        following = scanner.transitions[:states, scanner.byte_class[self.column_byte]]
        guarded = guards[:, self.column_byte]
        free_or_pending = np.where(verdicts[guarded] == SATISFIED, DEAD, guarded + states)
        successors = np.concatenate(
            [
                np.where(scanner.decided[following] != 0, forbidden, following),
                np.where(verdicts[guarded] == VIOLATED, forbidden, free_or_pending),
                np.full((1, len(self.column_byte)), forbidden),
            ]
        )
        lets_end = np.concatenate(
            [scanner.decided_at_end[:states] == 0, scanner.rows.guard_at_end != 0, np.zeros(1, np.bool_)]
        )
        self._class_of = _coarsest(successors, lets_end, forbidden)
        representative = np.unique(self._class_of, return_index=True)[1]
        self._successors = self._class_of[successors[representative]].tolist()
        self._lets_end = lets_end[representative].tolist()
        self._free, self._forbidden = int(self._class_of[DEAD]), int(self._class_of[forbidden])
        self._rows: dict[Blocked, list[Blocked | None]] = {}

    def fresh(self, preferred: int, guard: int) -> Blocked:
        """What an ending forbids: the scanner's state ``preferred``, and the ``guard``, -1 for none."""
        places = [preferred] if guard < 0 else [preferred, self._scanner_states + guard]
        return frozenset(self._class_of[places].tolist()) - {self._free}

    def row(self, blocked: Blocked) -> list[Blocked | None]:
        """``blocked`` after a byte of each class; None where that is forbidden."""
        if blocked not in self._rows:
            self._rows[blocked] = [self._after(blocked, column) for column in range(len(self.column_byte))]
        return self._rows[blocked]

    def _after(self, blocked: Blocked, column: int) -> Blocked | None:
        after = {self._successors[number][column] for number in blocked}
        return None if self._forbidden in after else frozenset(after - {self._free})

    def let_end(self, blocked: Blocked) -> bool:
        """May the text end where this is forbidden?"""
        return all(self._lets_end[number] for number in blocked)


def _coarsest(successors: NDArray[np.int64], lets_end: NDArray[np.bool_], forbidden: int) -> NDArray[np.int64]:
    """The classes of states that cannot be told apart (Moore)."""
    classes = lets_end.astype(np.int64)
    classes[forbidden] = 2
    count = 0
    while True:
        rows = np.column_stack([classes, classes[successors]])
        _, found = np.unique(rows, axis=0, return_inverse=True)
        classes = found.ravel()
        if classes.max() + 1 == count:
            return classes
        count = int(classes.max()) + 1
