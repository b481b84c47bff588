"""Texts as tokens: the fewest whose bytes are those of a text."""

from __future__ import annotations

import weakref
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels.shortest import cover
from ..token_tables import TokenTables

if TYPE_CHECKING:
    from ..matcher import Matcher

_MOST_KEPT = 1 << 14
UNSPELLABLE = 1 << 20
"""What a byte counts that no token has."""

_costs: weakref.WeakKeyDictionary[TokenTables, dict[bytes, int]] = weakref.WeakKeyDictionary()


class Spelling:
    """The tokens of one vocabulary, by way of a matcher's tables."""

    def __init__(self, matcher: Matcher) -> None:
        tables = matcher.constraint._tables
        self._slots: NDArray[np.int64] = matcher._slots
        self._offsets = tables.offsets
        self._kept = _costs.setdefault(tables, {})

    def tokens(self, content: bytes) -> list[int] | None:
        """The fewest tokens for ``content``; None if no tokens spell it."""
        size = len(content)
        fewest, first = np.zeros(size + 1, np.int32), np.zeros(size + 1, np.int32)
        if cover(self._slots, np.frombuffer(bytearray(content), np.uint8), fewest, first) < 0:
            return None
        found, place = [], 0
        while place < size:
            token = int(first[place])
            found.append(token)
            place += int(self._offsets[token + 1] - self._offsets[token])
        return found

    @cached_property
    def lacks_bytes(self) -> bool:
        """Are there ASCII characters that no token spells?"""
        return any(self.cost(bytes([byte])) >= UNSPELLABLE for byte in range(0x20, 0x7F))

    def count(self, content: bytes) -> int | None:
        """How many tokens ``tokens`` would give."""
        size = len(content)
        fewest, first = np.zeros(size + 1, np.int32), np.zeros(size + 1, np.int32)
        count = int(cover(self._slots, np.frombuffer(bytearray(content), np.uint8), fewest, first))
        return None if count < 0 else count

    def cost(self, piece: bytes) -> int:
        """What a piece of text costs: tokens first, then bytes. Adding up costs gives what all is worth at most."""
        known = self._kept.get(piece)
        if known is None:
            count = self.count(piece)
            known = len(piece) + (UNSPELLABLE if count is None else 64 * count)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[piece] = known
        return known
