"""Flat tables that grow while other threads read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Pool:
    """An array of rows to which rows can be appended.

    Growing moves the contents to a new array. The old ones are kept, since kernels of other threads may still be
    reading them through their addresses; together they are no larger than the current one.
    """

    __slots__ = ("_grown", "_retired", "_used", "array")

    def __init__(
        self, grown: Callable[[int], None], dtype: DTypeLike, width: int | None = None, capacity: int = 64
    ) -> None:
        """``grown`` is told how many more bytes the pool takes, before it takes them."""
        self._grown = grown
        self.array: NDArray[Any] = np.zeros(capacity if width is None else (capacity, width), dtype)
        self._used = 0
        self._retired: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self._used

    @property
    def address(self) -> int:
        return int(self.array.ctypes.data)

    def extend(self, rows: Any, count: int) -> int:
        """Append ``count`` rows (a scalar is repeated); the index of the first."""
        start = self._used
        if start + count > len(self.array):
            capacity = max(2 * len(self.array), start + count)
            self._grown(capacity * (self.array.nbytes // len(self.array)))
            larger = np.zeros((capacity, *self.array.shape[1:]), self.array.dtype)
            larger[:start] = self.array[:start]
            self._retired.append(self.array)
            self.array = larger
        self.array[start : start + count] = rows
        self._used = start + count
        return start
