"""Numbering distinct rows of integers by a hash table with open addressing.

A slot of ``table``, whose length is a power of two and more than the rows that it may come to hold, is 0 or the number
of a row in ``store`` plus one.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .minimizing import Ints1, Ints2
from .pointers import Long, Nothing

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""Multiples of 2^64 over the golden ratio are spread evenly (Knuth, The Art of Computer Programming, 6.4)."""


@kernel(Long, Ints2, Long, Long, inline=True)
def place_of(rows, row, mask):
    """Where in a table to look first for the ``row``."""
    found = np.uint64(0)
    for column in range(rows.shape[1]):
        found = (found ^ np.uint64(rows[row, column])) * _GOLDEN
        found ^= found >> np.uint64(29)
    return np.int64(found & np.uint64(mask))


@kernel(Long, Ints2, Ints2, Long, Ints1, Ints1, entry=True)
def number_rows(rows, store, count, table, numbers):
    """Write to ``numbers`` that of each row; new ones are added to ``store``, which holds ``count``. How many then."""
    mask = table.size - 1
    for row in range(rows.shape[0]):
        place = place_of(rows, row, mask)
        while True:
            known = np.int64(table[place]) - 1
            if known < 0:
                for column in range(rows.shape[1]):
                    store[count, column] = rows[row, column]
                count += 1
                table[place] = count
                numbers[row] = count - 1
                break
            same = np.int64(0)
            while same < rows.shape[1] and store[known, same] == rows[row, same]:
                same += 1
            if same == rows.shape[1]:
                numbers[row] = known
                break
            place = (place + 1) & mask
    return count


@kernel(Nothing, Ints2, Long, Ints1, entry=True)
def enter_rows(store, count, table):
    """Enter the first ``count`` rows of ``store``, which are distinct, into an empty ``table``."""
    mask = table.size - 1
    for row in range(count):
        place = place_of(store, row, mask)
        while table[place] != 0:
            place = (place + 1) & mask
        table[place] = row + 1
