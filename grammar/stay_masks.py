"""A bounded cache of masks: which tokens stay inside a string that an automaton judges.

Such a mask depends on the state of the automaton alone (and on the length, where that matters), not on what surrounds
the string, so it is walked once for all sequences of a constraint. When the cache is full, the masks that were used
longest ago make way.

Kernels of other threads read the cache without a lock. They count themselves as readers while they do, and find the
table by one address. So what is dropped is out of use once the address was replaced and the count was seen at 0, which
is when its memory is given back.
"""

from __future__ import annotations

from ctypes import string_at

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.entry import count_readers, fill_stay_mask
from .pool import address_of

_FIRST_CAPACITY = 64
_EVICTED_SHARE = 4  # a quarter of the masks makes way at once, because the table is built anew
_MULTIPLIER = 0x9E3779B97F4A7C1
_SIGN = 1 << 63
_NO_TABLE = np.array([1, 0, 0, 0], np.int64)  # of capacity 1, without a mask; shared, since nothing is ever put into it
_NO_TABLE_AT = address_of(_NO_TABLE)
_NO_COLUMNS = _NO_TABLE[1:2], _NO_TABLE[2:3], _NO_TABLE[3:4]


def _slot(key: int, capacity: int) -> int:
    product = (key * _MULTIPLIER + _SIGN) % (2 * _SIGN) - _SIGN
    return (product >> 20) & (capacity - 1)


class StayMasks:
    """An open-addressing table from keys (``kernels.layout``) to masks, at most ``memory`` bytes of them."""

    def __init__(self, words: int, memory: int) -> None:
        self._words = words
        self._most = memory // (4 * words)
        self._masks: dict[int, NDArray[np.int32]] = {}
        self._retired: list[object] = []
        self._header = np.zeros(at.STAY_HEADER, np.int64)
        self._header_at = address_of(self._header)
        self._header[at.STAY_TABLE] = _NO_TABLE_AT
        self._table = _NO_TABLE
        self._keys, self._rows, self._used = _NO_COLUMNS

    def __len__(self) -> int:
        return len(self._masks)

    def install(self, slots: NDArray[np.int64]) -> None:
        slots[at.STAY_CACHE] = self._header_at
        slots[at.STAY_MOST] = self._most

    def add(self, slots: NDArray[np.int64]) -> None:
        """Compute and keep the mask that a matcher asked for."""
        key = int(slots[at.STAY_WANTED])
        if key in self._masks:
            return
        mask = np.zeros(self._words, np.int32)
        fill_stay_mask(slots, mask.ctypes.data)
        self._keep(key, mask)

    def keep(self, slots: NDArray[np.int64]) -> None:
        """Keep the mask that was computed in a grammar's text, behind what it depends on."""
        key = int(slots[at.STAY_WANTED])
        if key not in self._masks:
            wanted = int(np.frombuffer(string_at(int(slots[at.MASK_KEY]), 4), np.int32)[0])
            content = string_at(int(slots[at.MASK_KEY]), 4 * wanted) + string_at(int(slots[at.FILLED]), 4 * self._words)
            self._keep(key, np.frombuffer(content, np.int32).copy())

    def _keep(self, key: int, mask: NDArray[np.int32]) -> None:
        self._header[at.STAY_CLOCK] += 1
        if len(self._masks) == self._most:
            self._evict()
        self._masks[key] = mask
        if 2 * len(self._masks) > len(self._keys):
            self._build(max(_FIRST_CAPACITY, 2 * len(self._keys)))
        else:
            self._insert(key, mask, int(self._header[at.STAY_CLOCK]))
        if self._retired and not count_readers(self._header):
            self._retired.clear()

    def _insert(self, key: int, mask: NDArray[np.int32], used: int) -> None:
        slot = _slot(key, len(self._keys))
        while self._keys[slot]:
            slot = (slot + 1) % len(self._keys)
        self._rows[slot] = mask.ctypes.data
        self._used[slot] = used
        self._keys[slot] = key

    def _evict(self) -> None:
        """Drop the masks that were used longest ago."""
        taken = np.flatnonzero(self._keys)
        count = -(-len(taken) // _EVICTED_SHARE)
        oldest = taken[np.argsort(self._used[taken], kind="stable")[:count]]
        self._retired += [self._masks.pop(key) for key in self._keys[oldest].tolist()]
        self._build(len(self._keys))

    def _build(self, capacity: int) -> None:
        """Put all masks into a new table, with the times of their use."""
        table = np.zeros(1 + 3 * capacity, np.int64)
        table[0] = capacity
        times: dict[int, int] = {}
        if self._table is not _NO_TABLE:
            times = dict(zip(self._keys.tolist(), self._used.tolist(), strict=True))
            self._retired.append(self._table)
        self._table = table
        self._keys, self._rows, self._used = table[1:].reshape(3, capacity)
        for key, mask in self._masks.items():
            self._insert(key, mask, times.get(key, int(self._header[at.STAY_CLOCK])))
        self._header[at.STAY_TABLE] = table.ctypes.data
