"""What one matcher of a grammar writes down besides its configurations: nothing that outlives a call of a kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .pool import address_of

_FIRST_WORKSPACE = 1 << 11


class GrammarScratch:
    """A workspace for the steps of the parser, what it can read, and the key of the mask in hand.

    ``symbols``: how many terminals there are, 0 for a matcher without a grammar.
    """

    __slots__ = ("_mask_key", "_readable", "_workspace")

    def __init__(self, symbols: int) -> None:
        self._workspace: NDArray[np.int32] = np.zeros(_FIRST_WORKSPACE if symbols else 0, np.int32)
        self._readable = np.zeros(symbols, np.uint8)
        self._mask_key = np.zeros(at.LONGEST_KEY if symbols else 0, np.int32)

    def fresh(self) -> GrammarScratch:
        """As much room for another matcher."""
        return GrammarScratch(len(self._readable)) if len(self._workspace) else self

    def grow(self) -> None:
        self._workspace = np.zeros(2 * len(self._workspace), np.int32)

    def install(self, slots: NDArray[np.int64]) -> None:
        if not len(self._workspace):
            return
        slots[at.WORKSPACE] = address_of(self._workspace)
        slots[at.WORKSPACE_SIZE] = len(self._workspace)
        slots[at.READABLE] = address_of(self._readable)
        slots[at.MASK_KEY] = address_of(self._mask_key)


NO_SCRATCH = GrammarScratch(0)
"""For all matchers without a grammar."""
