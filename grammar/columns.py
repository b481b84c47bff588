"""The distinct columns of a table, for automata whose classes of characters are columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0x9E3779B97F4A7C15
"""Multiples of 2^64 over the golden ratio are spread evenly (Knuth, The Art of Computer Programming, 6.4)."""


def distinct_columns(table: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The distinct columns in lexicographic order, and for each column its place among them.

    What ``np.unique(table, axis=1, return_inverse=True)`` gives for numbers from 0 on: that sorts all columns as long
    strings, here they are told apart by a sum with scattered weights, which is looked over.
    """
    weights = np.arange(1, len(table) + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    weights ^= weights >> np.uint64(29)
    sums = weights @ table.astype(np.uint64)
    _, first, inverse = np.unique(sums, return_index=True, return_inverse=True)
    chosen, inverse = table[:, first], inverse.ravel()
    if not np.array_equal(chosen[:, inverse], table):  # two sums are equal by chance
        columns, places = np.unique(table, axis=1, return_inverse=True)
        return columns, places.ravel()
    spelled = [column.tobytes() for column in np.ascontiguousarray(chosen.T, ">i4")]
    order = np.array(sorted(range(len(spelled)), key=spelled.__getitem__), np.int64)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return chosen[:, order], places[inverse]
