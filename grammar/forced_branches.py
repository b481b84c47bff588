"""The texts that a language forces from each of the few bytes that may come next, as guesses for drafts.

Blanks that may or may not stand somewhere are guessed by habit. Escapes are not taken for choices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.compilation import without_checks
from .kernels.following import follow_branches
from .matcher import Matcher

NO_BYTE = 256
"""Stands for the byte before a text."""

_MOST_BLANKS = 127
_MOST_BYTES = 64
_PASSED_OVER = 5

_follow_branches = without_checks(follow_branches)


class BlankHabits:
    """Which blanks usually stand after each byte; at first none. Runs of more than 127 are not kept."""

    def __init__(self) -> None:
        self.table: NDArray[np.uint8] = np.zeros((NO_BYTE + 1, 1 + _MOST_BLANKS), np.uint8)
        self._known: dict[int, bytes] = {}

    def note(self, byte: int, blanks: bytes) -> None:
        """``blanks`` stood after ``byte``, or, after ``NO_BYTE``, in front of the text."""
        if self._known.get(byte, b"") != blanks:
            self._known[byte] = blanks
            kept = blanks if len(blanks) <= _MOST_BLANKS else b""
            self.table[byte, 0] = len(kept)
            self.table[byte, 1 : 1 + len(kept)] = np.frombuffer(kept, np.uint8)


class ForcedBranches:
    """``most``: how many plain bytes may come next at most, for their branches to be followed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._texts = np.zeros((most, _MOST_BYTES + 1 + _MOST_BLANKS), np.uint8)
        self._lengths = np.zeros(most, np.int64)
        self._starts = np.zeros(most + _PASSED_OVER + 1, np.uint8)
        self._few = np.zeros(_PASSED_OVER + 2, np.uint8)

    def after(self, matcher: Matcher, last: int, habits: BlankHabits) -> tuple[list[bytes], bool]:
        """A text for each branch, and whether blanks or an escape may come as well; no text if there are too many.

        ``last``: the last byte but blanks of what ``matcher`` has read, or ``NO_BYTE``. The matcher is left there.
        """
        arguments = habits.table, last, self._starts, self._few, self._texts, self._lengths
        slots = matcher._slots
        begin = int(slots[at.LENGTH])
        outcome = _follow_branches(slots, *arguments)
        while outcome < 0:
            try:
                matcher._make_way(-1 - outcome)
            finally:
                slots[at.LENGTH] = begin
            outcome = _follow_branches(slots, *arguments)
        count = outcome % at.MAY_END
        if count > self._most:
            return [], False
        texts = [self._texts[branch, : self._lengths[branch]].tobytes() for branch in range(count)]
        return texts, outcome >= at.MAY_END
