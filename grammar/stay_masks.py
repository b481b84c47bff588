"""A bounded cache of masks: which tokens stay inside a string that an automaton judges.

Such a mask depends on the state of the automaton alone (and on the length, where that matters), not on what surrounds
the string, so it is walked once for all sequences of a constraint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.entry import fill_stay_mask
from .pool import address_of

_MULTIPLIER = 0x9E3779B97F4A7C1
_SIGN = 1 << 63


def _slot(key: int, capacity: int) -> int:
    product = (key * _MULTIPLIER + _SIGN) % (2 * _SIGN) - _SIGN
    return (product >> 20) & (capacity - 1)


class StayMasks:
    """An open-addressing table from keys (``kernels.masks.stay_key``) to masks, at most ``memory`` bytes of them."""

    def __init__(self, words: int, memory: int) -> None:
        self._words = words
        self._left = max(1, memory // (4 * words))
        self._masks: dict[int, NDArray[np.int32]] = {}
        self._retired: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._keys = np.zeros(64, np.int64)
        self._rows = np.zeros(64, np.int64)

    def install(self, slots: NDArray[np.int64]) -> None:
        slots[at.STAY_KEYS] = address_of(self._keys)
        slots[at.STAY_ROWS] = address_of(self._rows)
        slots[at.STAY_CAPACITY] = len(self._keys)
        slots[at.STAY_OPEN] = self._left > 0

    def add(self, slots: NDArray[np.int64]) -> None:
        """Compute and keep the mask that a matcher asked for."""
        key = int(slots[at.STAY_WANTED])
        if key in self._masks or self._left == 0:
            return
        mask = np.zeros(self._words, np.int32)
        fill_stay_mask(slots, mask.ctypes.data)
        self._masks[key] = mask
        self._left -= 1
        if 2 * len(self._masks) > len(self._keys):
            self._grow()
        else:
            self._insert(key, mask)

    def _insert(self, key: int, mask: NDArray[np.int32]) -> None:
        slot = _slot(key, len(self._keys))
        while self._keys[slot]:
            slot = (slot + 1) % len(self._keys)
        self._rows[slot] = mask.ctypes.data
        self._keys[slot] = key

    def _grow(self) -> None:
        self._retired.append((self._keys, self._rows))
        capacity = 2 * len(self._keys)
        self._keys, self._rows = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
        for key, mask in self._masks.items():
            self._insert(key, mask)
