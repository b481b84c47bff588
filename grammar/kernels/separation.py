"""Texts of terminals that nothing else can be taken for, and the bytes that end them for certain."""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .pointers import Flag, Long, Nothing
from .scanner_product import ENDING_PREFERRED, ROW_DECIDED, ROW_ENDINGS, ROW_ENDINGS_AT, Ints1, Ints2

Bytes2 = types.Array(types.uint8, 2, "C")

MOST_CANDIDATES = 1 << 10
# columns of what is found for a terminal
FOUND_ENDING, FOUND_FIRST = range(2)
NOT_FOUND = -1


@kernel(Long, Ints2, Long, Ints1, inline=True)
def spell(queue, place, text):
    """Write the columns that lead to a place of the queue to ``text``, behind their number."""
    count = np.int64(0)
    k = place
    while queue[k, 1] >= 0:
        count += 1
        k = np.int64(queue[k, 1])
    text[0] = count
    k = place
    while queue[k, 1] >= 0:
        text[count] = queue[k, 2]
        count -= 1
        k = np.int64(queue[k, 1])
    return np.int64(text[0])


@kernel(Flag, Ints2, Ints2, Ints1, Bytes2, Long, Ints1, Ints1)
def is_own_text(rows, next_row, starts, keyword_of, own, text, alive):
    """Is ``text`` read as the terminal ``own``, whichever others are looked for? Also sets ``alive``.

    ``starts``: first rows, the preferred ones first; ``keyword_of``: [n, m] is n a keyword of m; ``alive``: where the
    preferred ones are behind the text.
    """
    size = np.int64(text[0])
    for other in range(len(starts)):
        if other == own:
            continue
        row = np.int64(starts[other])
        taken = False
        for i in range(1, size + 1):
            row = np.int64(next_row[row, text[i]])
            if row == 0:
                break
            taken = taken or (rows[row, ROW_DECIDED] != 0 and (other < own or i == size))
        if other < own:
            alive[other] = row
        if taken and (keyword_of[own, other] == 0 if other < own else keyword_of[other, own] != 0):
            return False
    return True


@kernel(Flag, Ints2, Ints2, Ints2, Ints1, Long, Long, Ints1, Bytes2)
def note_stops(rows, row_endings, next_row, alive, own, row, found, stops):
    """Write the ending at ``row`` and the columns of bytes behind which nothing else can come about."""
    ending = np.int64(rows[row, ROW_ENDINGS_AT])
    preferred = np.int64(row_endings[ending, ENDING_PREFERRED])
    found[FOUND_ENDING] = ending
    stops_somewhere = False
    for column in range(next_row.shape[1]):
        stops[own, column] = 1 if next_row[preferred, column] == 0 else 0
        for other in range(own):
            if next_row[alive[other], column] != 0:
                stops[own, column] = 0
        stops_somewhere = stops_somewhere or stops[own, column] != 0
    return stops_somewhere


@kernel(Nothing, Ints2, Ints2, Ints2, Ints1, Bytes2, Ints2, Bytes2, entry=True)
def find_texts(rows, row_endings, next_row, starts, keyword_of, found, stops):
    """A short text of each terminal that is its own: in ``found``, its ending and the column of its first byte.

    ``stops`` uint8[terminals, columns]: see ``note_stops``; row 0 of the tables is that of what is dead.
    """
    queue = np.empty((MOST_CANDIDATES, 3), np.int32)
    text = np.empty(MOST_CANDIDATES + 1, np.int32)
    alive = np.zeros(len(starts), np.int32)
    for own in range(len(starts)):
        found[own, FOUND_ENDING] = NOT_FOUND
        queue[0, 0], queue[0, 1], queue[0, 2] = starts[own], -1, 0
        count = np.int64(1)
        k = np.int64(0)
        while k < count:
            row = np.int64(queue[k, 0])
            if k > 0 and rows[row, ROW_ENDINGS] != 0:
                spell(queue, k, text)
                if is_own_text(rows, next_row, starts, keyword_of, own, text, alive):
                    found[own, FOUND_FIRST] = text[1]
                    if note_stops(rows, row_endings, next_row, alive, own, row, found[own], stops):
                        break
            for column in range(next_row.shape[1]):
                following = np.int64(next_row[row, column])
                if following != 0 and count < MOST_CANDIDATES:
                    queue[count, 0], queue[count, 1], queue[count, 2] = following, k, column
                    count += 1
            k += 1
