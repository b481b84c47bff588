"""Distinct rows of integers, numbered in the order in which they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels.row_numbers import enter_rows, number_rows

_ROOM = 64


class RowNumbers:
    """Rows of ``width`` integers, numbered from 0."""

    def __init__(self, width: int) -> None:
        self._count = 0
        self._store = np.empty((_ROOM, width), np.int32)
        self._table = np.zeros(4 * _ROOM, np.int32)

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> NDArray[np.int32]:
        """int32[rows, width]: row ``i`` has the number ``i``; no copy."""
        return self._store[: self._count]

    def add(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """The number of each of ``rows`` (int32[rows, width]); those that are new get the next numbers."""
        self._make_room(self._count + len(rows))
        numbers = np.empty(len(rows), np.int32)
        self._count = number_rows(np.ascontiguousarray(rows), self._store, self._count, self._table, numbers)
        return numbers

    def _make_room(self, count: int) -> None:
        if count > len(self._store):
            store = np.empty((max(count, 2 * len(self._store)), self._store.shape[1]), np.int32)
            store[: self._count] = self.rows
            self._store = store
            self._table = np.zeros(1 << (2 * len(store)).bit_length(), np.int32)
            enter_rows(store, self._count, self._table)
