"""What the tokens below a node of the trie do from a state of the scanner on, kept for the next time it is asked.

States of the scanner differ in a few bytes and lead to the same ones by most others, so most of what is sorted for one
was sorted for others before. Only where a terminal that is ignored may end does the context matter.

``known`` is a header, a stack of the subtrees that are being sorted, and a hash table of rows (key, context, runs and
segments in ``pool``); ``pool`` holds these, as ``sort_tokens`` writes them. What finds no room is not kept.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long

Ints1 = types.Array(types.int32, 1, "C")
Longs1 = types.Array(types.int64, 1, "C")

# the header: smaller subtrees are not kept; how many are open; how many rows there are; how much of the pool is used
LEAST, OPENED, ROWS, USED, KNOWN_HEADER = range(5)
MOST_OPEN = 32
NO_END = 1 << 40
# a subtree that is open: where it ends, its key and context, how many runs and segments came before, ``own`` outside
OPEN_END, OPEN_KEY_OF, OPEN_CONTEXT, OPEN_RUNS, OPEN_SEGMENTS, OPEN_OWN, OPEN_WIDTH = range(7)
KNOWN_ROWS = KNOWN_HEADER + MOST_OPEN * OPEN_WIDTH
# a row
KNOWN_KEY, KNOWN_CONTEXT, KNOWN_RUNS_AT, KNOWN_RUNS, KNOWN_SEGMENTS_AT, KNOWN_SEGMENTS = range(6)
KNOWN_ROW = 6


@kernel(Long, Longs1, inline=True)
def top_of(known):
    """Where the innermost subtree that is open is described."""
    return KNOWN_HEADER + (known[OPENED] - 1) * OPEN_WIDTH


@kernel(Long, Longs1, inline=True)
def opened_end(known):
    """Where the innermost subtree that is open ends; NO_END if none is open."""
    return known[top_of(known) + OPEN_END] if known[OPENED] != 0 else np.int64(NO_END)


@kernel(Long, Longs1, Long, Long)
def row_of_key(known, key, context):
    rows = (len(known) - KNOWN_ROWS) // KNOWN_ROW
    code = key * 0x9E3779B97F4A7C1 ^ context * 0x85EBCA77
    number = (code >> 24) & (rows - 1)
    while True:
        row = KNOWN_ROWS + number * KNOWN_ROW
        if known[row] == 0 or (known[row] == key and known[row + KNOWN_CONTEXT] == context):
            return row
        number = (number + 1) & (rows - 1)


@kernel(Long, Longs1, Long, Long, Long)
def row_of(known, node, state, context):
    """The row of the subtree below ``node`` from ``state`` on; its key is 0 if nothing is known."""
    return row_of_key(known, (node + 1) << 32 | state, context)


@kernel(Long, Longs1, Ints1, Long, Ints1, Ints1, Long)
def recall(known, pool, row, runs, segments, count):
    """Add the runs and segments that are known; how many segments there are."""
    at, first = known[row + KNOWN_RUNS_AT], np.int64(runs[0])
    for k in range(3 * known[row + KNOWN_RUNS]):
        runs[1 + 3 * first + k] = pool[at + k]
    runs[0] = first + known[row + KNOWN_RUNS]
    at = known[row + KNOWN_SEGMENTS_AT]
    for k in range(known[row + KNOWN_SEGMENTS] * SEGMENT_WIDTH):
        segments[count * SEGMENT_WIDTH + k] = pool[at + k]
    return count + known[row + KNOWN_SEGMENTS]


@kernel(Long, Longs1, Long, Long, Long, Long, Long, Long, Long)
def open_subtree(known, node, state, context, end, runs, count, own):
    """From here on what is found belongs to the subtree below ``node``, too; the first of its own runs."""
    if known[OPENED] == MOST_OPEN:
        return own
    known[OPENED] += 1
    top = top_of(known)
    known[top + OPEN_END] = end
    known[top + OPEN_KEY_OF] = (node + 1) << 32 | state
    known[top + OPEN_CONTEXT] = context
    known[top + OPEN_RUNS] = runs
    known[top + OPEN_SEGMENTS] = count
    known[top + OPEN_OWN] = own
    return runs


@kernel(Flag, Longs1, Ints1, Long, Long, inline=True)
def has_room_for(known, pool, runs, segments):
    rows = (len(known) - KNOWN_ROWS) // KNOWN_ROW
    return 2 * known[ROWS] < rows and known[USED] + 3 * runs + SEGMENT_WIDTH * segments <= len(pool)


@kernel(Long, Longs1, Ints1, Ints1, Ints1, Long)
def close_subtree(known, pool, runs, segments, count):
    """Keep what was found in the innermost subtree that is open; ``own`` outside it.

    Segments of nodes on the way to the subtree are not its own.
    """
    top = top_of(known)
    first, found = known[top + OPEN_RUNS], np.int64(runs[0]) - known[top + OPEN_RUNS]
    key, context = known[top + OPEN_KEY_OF], known[top + OPEN_CONTEXT]
    if has_room_for(known, pool, found, count - known[top + OPEN_SEGMENTS]):
        row = row_of_key(known, key, context)
        at = known[USED]
        known[row] = key
        known[row + KNOWN_CONTEXT] = context
        known[row + KNOWN_RUNS_AT] = at
        known[row + KNOWN_RUNS] = found
        for k in range(3 * found):
            pool[at + k] = runs[1 + 3 * first + k]
        at += 3 * found
        known[row + KNOWN_SEGMENTS_AT] = at
        for k in range(known[top + OPEN_SEGMENTS], count):
            segment = k * SEGMENT_WIDTH
            if segments[segment + SEGMENT_FROM] >= key >> 32:  # a node behind the subtree's root
                for j in range(SEGMENT_WIDTH):
                    pool[at + j] = segments[segment + j]
                at += SEGMENT_WIDTH
        known[row + KNOWN_SEGMENTS] = (at - known[row + KNOWN_SEGMENTS_AT]) // SEGMENT_WIDTH
        known[USED] = at
        known[ROWS] += 1
    known[OPENED] -= 1
    return known[top + OPEN_OWN]
