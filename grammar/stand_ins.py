"""The nodes of items that depend on those before them, as one matcher has come to know them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .automaton import Automaton
from .kernels import layout as at
from .pool import address_of

_NO_ROWS = np.zeros((0, at.KNOWN_WIDTH), np.int64)
_NO_TEXT = np.zeros(0, np.uint8)


class StandIns:
    """Rows of ``kernels.layout.KNOWN``, and the text of items for which a walk has found none."""

    def __init__(self) -> None:
        self._rows = _NO_ROWS
        self._text = _NO_TEXT
        self._wanted = _NO_TEXT

    def copy(self) -> StandIns:
        other = StandIns()
        other._rows, other._text = self._rows, self._text
        return other

    def add(self, slots: NDArray[np.int64], automaton: Automaton) -> None:
        """Compile what a walk has noted first; it will ask again for the rest."""
        node, size = int(slots[at.WANTED_NODE]), int(slots[at.WANTED_SIZE])
        if size == at.NONE:
            return
        items = bytes(self._wanted[:size])
        start = len(self._text)
        row = (node, start, start + size, automaton.node_after(node, items))
        self._rows = np.concatenate([self._rows, np.array([row], np.int64)])
        self._text = np.concatenate([self._text, self._wanted[:size]])
        slots[at.WANTED_SIZE] = at.NONE

    def install(self, slots: NDArray[np.int64], text_size: int) -> None:
        """Write the addresses into the matcher's slots; ``text_size``: of all the text it has room for."""
        slots[at.WANTED_SIZE] = at.NONE
        if not text_size:  # nor are there rows, which are about texts
            return
        if len(self._wanted) < text_size:
            self._wanted = np.zeros(text_size, np.uint8)
        slots[at.KNOWN] = address_of(self._rows)
        slots[at.KNOWN_COUNT] = len(self._rows)
        slots[at.KNOWN_TEXT] = address_of(self._text)
        slots[at.WANTED_TEXT] = address_of(self._wanted)
