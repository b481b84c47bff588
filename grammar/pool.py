"""Flat tables that grow while other threads read them."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import addressof, c_char
from typing import Any

import numpy as np
from numpy.typing import NDArray


def address_of(array: NDArray[Any]) -> int:
    """Where the contents of ``array``, contiguous and writable, begin; a fifth of what ``array.ctypes.data`` costs."""
    buffer: Any = array  # not before Python 3.12 do types say that arrays are buffers
    return addressof(c_char.from_buffer(buffer)) if array.size else 0


class Beginning:
    """The rows that all pools of one sort begin with, maybe none; they share these and never write to them.

    ``least``: for so many rows there is room when the first one is added.
    """

    __slots__ = ("address", "array", "least", "roomy", "row_bytes")

    def __init__(self, array: NDArray[Any], least: int = 64) -> None:
        self.array = array
        self.address = address_of(array)
        self.least = least
        self.row_bytes = array.strides[0]
        self.roomy = np.zeros((least, *array.shape[1:]), array.dtype)
        self.roomy[: len(array)] = array


class Pool:
    """An array of rows to which rows can be appended.

    Growing moves the contents to a new array. The old ones are kept, since kernels of other threads may still be
    reading them through their ``address``; together they are no larger than the current one.
    """

    __slots__ = ("_beginning", "_grown", "_retired", "_used", "address", "array")

    def __init__(self, grown: Callable[[int], None], beginning: Beginning) -> None:
        """``grown`` is told how many more bytes the pool takes, before it takes them."""
        self._grown = grown
        self._beginning = beginning
        self.array = beginning.array
        self.address = beginning.address
        self._used = len(beginning.array)
        self._retired: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self._used

    def extend(self, rows: Any, count: int) -> int:
        """Append ``count`` rows (a scalar is repeated); the index of the first."""
        start = self._used
        if start + count > len(self.array):
            self._grow(start + count)
        self.array[start : start + count] = rows
        self._used = start + count
        return start

    def reserve(self, count: int) -> int:
        """Append ``count`` rows of zeros; the index of the first."""
        start = self._used
        if start + count > len(self.array):
            self._grow(start + count)
        self._used = start + count
        return start

    def _grow(self, needed: int) -> None:
        capacity = max(2 * len(self.array), needed, self._beginning.least)
        self._grown(capacity * self._beginning.row_bytes)
        if capacity == self._beginning.least:
            larger = self._beginning.roomy.copy()
        else:
            larger = np.zeros((capacity, *self.array.shape[1:]), self.array.dtype)
            larger[: self._used] = self.array[: self._used]
        self._retired.append(self.array)
        self.array, self.address = larger, address_of(larger)
