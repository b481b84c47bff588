"""Items of which those before decide what they may be: nodes that stand in for others.

What such an item may be is compiled from the text of the items before it. A matcher keeps what it has asked for.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long, Longs, Nothing, bytes_at, ints_at, longs_at


@kernel(Long, Longs, Long, inline=True)
def first_item_from(slots, frame):
    """Where the first item of the array ``frame`` begins in the text; it must have one."""
    arena = ints_at(slots[ARENA])
    item = np.int64(arena[frame + OTHERS])
    while arena[item + ITEM_BEFORE] != 0:
        item = np.int64(arena[item + ITEM_BEFORE])
    return np.int64(arena[item + ITEM_FROM])


@kernel(Flag, Longs, Long, Long, Long)
def is_known_text(slots, row, start, size):
    """Is the text of the ``row`` that of the ``size`` bytes at ``start``?"""
    known = longs_at(slots[KNOWN] + row * KNOWN_WIDTH * 8)
    if known[KNOWN_TO] - known[KNOWN_FROM] != size:
        return False
    one = bytes_at(slots[KNOWN_TEXT] + known[KNOWN_FROM])
    other = bytes_at(slots[TEXT_READ] + start)
    for i in range(size):
        if one[i] != other[i]:
            return False
    return True


@kernel(Nothing, Longs, Long, Long, Long)
def want(slots, node, start, size):
    """Note the text of the items, which other branches of a walk will write over; what is noted first stays."""
    if slots[WANTED_SIZE] != NONE:
        return
    text = bytes_at(slots[TEXT_READ] + start)
    wanted = bytes_at(slots[WANTED_TEXT])
    for i in range(size):
        wanted[i] = text[i]
    slots[WANTED_NODE] = node
    slots[WANTED_SIZE] = size


@kernel(Long, Longs, Long, Long)
def known_node(slots, frame, node):
    """What stands in for ``node`` after the items that the array ``frame`` has; NONE if that is not known yet."""
    arena = ints_at(slots[ARENA])
    start = np.int64(0)
    size = np.int64(0)
    if arena[frame + OTHERS] != 0:
        start = first_item_from(slots, frame)
        size = arena[arena[frame + OTHERS] + ITEM_TO] - start
    for row in range(slots[KNOWN_COUNT]):
        known = longs_at(slots[KNOWN] + row * KNOWN_WIDTH * 8)
        if known[KNOWN_NODE] == node and is_known_text(slots, row, start, size):
            return known[KNOWN_INSTEAD]
    want(slots, node, start, size)
    return np.int64(NONE)
