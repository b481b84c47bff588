"""Flat tables that grow while other threads read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from ctypes import addressof, c_char
from itertools import accumulate
from struct import pack_into
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import LimitExceeded

_ALIGNED = 64


def address_of(array: NDArray[Any]) -> int:
    """Where the contents of ``array``, contiguous and writable, begin; a fifth of what ``array.ctypes.data`` costs."""
    buffer: Any = array  # not before Python 3.12 do types say that arrays are buffers
    return addressof(c_char.from_buffer(buffer)) if array.size else 0


class Beginning:
    """The rows that all pools of one sort begin with, maybe none, and room for some more.

    ``least``: for so many rows there is room from the start.
    """

    __slots__ = ("dtype", "least", "place", "rows", "shape", "start", "used")

    def __init__(self, place: int, rows: NDArray[Any], least: int = 64) -> None:
        """``place``: which of the addresses is that of the pool."""
        self.place = place
        self.rows = rows
        self.least = least
        self.shape: tuple[int, ...] = (least, *rows.shape[1:])
        self.dtype = rows.dtype
        self.used = len(rows)
        self.start = 0

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.rows.itemsize


class Layout:
    """One stretch of memory with the beginnings of all pools of an automaton, so that it is copied all at once."""

    def __init__(self, beginnings: Sequence[Beginning]) -> None:
        sizes = [-(-beginning.nbytes // _ALIGNED) * _ALIGNED for beginning in beginnings]
        self.content = np.zeros(sum(sizes), np.uint8)
        self.starts = np.zeros(len(beginnings), np.int64)
        for beginning, start in zip(beginnings, accumulate(sizes[:-1], initial=0), strict=True):
            beginning.start = start
            self.starts[beginning.place] = start
            first = beginning.rows.view(np.uint8).ravel()
            self.content[start : start + len(first)] = first


class Memory:
    """The memory of the pools of one automaton: where they begin, ``addresses``, and how much they take together."""

    __slots__ = ("_most", "_taken", "addresses", "first")

    def __init__(self, layout: Layout, most: int) -> None:
        """``most``: so many bytes may be taken beside the beginnings."""
        self.first = layout.content.copy()
        self.addresses = layout.starts + address_of(self.first)
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

    __slots__ = ("_memory", "_place", "_retired", "_used", "array")

    def __init__(self, memory: Memory, beginning: Beginning) -> None:
        self._memory = memory
        self._place = beginning.place
        self.array: NDArray[Any] = np.ndarray(beginning.shape, beginning.dtype, memory.first, beginning.start)
        self._used = beginning.used
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

    def append_words(self, words: Sequence[int]) -> int:
        """``extend`` by a list, where rows are single numbers of 32 bits: 12 ns for each, with numpy 28."""
        count = len(words)
        start = self.reserve(count)
        buffer: Any = self.array
        pack_into(f"{count}i", buffer, 4 * start, *words)
        return start

    def append_bytes(self, content: bytes) -> int:
        """``extend``, where rows are bytes."""
        start = self.reserve(len(content))
        self.array.data[start : self._used] = content
        return start

    def reserve(self, count: int) -> int:
        """Append ``count`` rows of zeros; the index of the first."""
        start = self._used
        if start + count > len(self.array):
            self._grow(start + count)
        self._used = start + count
        return start

    def _grow(self, needed: int) -> None:
        capacity = max(2 * len(self.array), needed)
        self._memory.take(capacity * self.array.strides[0])
        larger = np.zeros((capacity, *self.array.shape[1:]), self.array.dtype)
        larger[: self._used] = self.array[: self._used]
        self._retired.append(self.array)
        self.array = larger
        self._memory.addresses[self._place] = address_of(larger)
