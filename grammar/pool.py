"""Flat tables that grow while other threads read them."""

from __future__ import annotations

from ctypes import addressof, c_char
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import LimitExceeded


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


class Memory:
    """Where the pools of one automaton begin, ``addresses``, and how much memory they take together."""

    __slots__ = ("_most", "_taken", "addresses")

    def __init__(self, addresses: NDArray[np.int64], most: int) -> None:
        self.addresses = addresses
        self._most = most
        self._taken = 0

    def take(self, nbytes: int) -> None:
        """Count memory that a pool is about to take. Raises ``LimitExceeded``."""
        self._taken += nbytes
        if self._taken > self._most:
            raise LimitExceeded(
                f"the tables of the constraint need more than limits.memory = {self._most} bytes",
                None,
                "raise limits.memory, or simplify the schema",
            )


class Pool:
    """An array of rows to which rows can be appended.

    Growing moves the contents to a new array. The old ones are kept, since kernels of other threads may still be
    reading them through their address; together they are no larger than the current one.
    """

    __slots__ = ("_beginning", "_memory", "_place", "_retired", "_used", "array")

    def __init__(self, memory: Memory, place: int, beginning: Beginning) -> None:
        """``place``: which of the addresses is that of this pool."""
        self._memory = memory
        self._place = place
        self._beginning = beginning
        self.array = beginning.array
        self._used = len(beginning.array)
        self._retired: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self._used

    def extend(self, rows: Any, count: int) -> int:
        """Append ``count`` rows (a scalar is repeated); the index of the first."""
        start = self._used
        end = start + count
        if end > len(self.array):
            self._grow(end)
        self.array[start:end] = rows
        self._used = end
        return start

    def reserve(self, count: int) -> int:
        """Append ``count`` rows of zeros; the index of the first."""
        start = self._used
        if start + count > len(self.array):
            self._grow(start + count)
        self._used = start + count
        return start

    def _grow(self, needed: int) -> None:
        beginning = self._beginning
        capacity = max(2 * len(self.array), needed, beginning.least)
        self._memory.take(capacity * beginning.row_bytes)
        if capacity == beginning.least:
            larger = beginning.roomy.copy()
        else:
            larger = np.zeros((capacity, *self.array.shape[1:]), self.array.dtype)
            larger[: self._used] = self.array[: self._used]
        self._retired.append(self.array)
        self.array = larger
        self._memory.addresses[self._place] = address_of(larger)
