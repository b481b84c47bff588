"""Following what the language forces from each of the few bytes that may come next, as a guess at the text.

Blanks and the beginning of an escape are passed over: where a blank may or may not stand, it is taken from a table of
*habits*, uint8[257, 1 + n]: row ``b`` holds how many blanks usually stand after byte ``b``, and these; row 256 is for
the beginning. The matcher is left where it was, but where a kernel stopped for want of something.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .entry import Found, Slots, accept_byte, next_bytes
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long, longs_at

Rows = types.Array(types.uint8, 2, "C")
Lengths = types.Array(types.int64, 1, "C")


@kernel(Flag, Long, inline=True)
def is_passed_over(byte):
    return byte == 0x20 or byte == 0x09 or byte == 0x0A or byte == 0x0D or byte == 0x5C


@kernel(Long, Found, Long)
def put_plain_first(found, count):
    """Drop the bytes that are passed over from the first ``count``, unless there are no others; how many are left."""
    plain = np.int64(0)
    for i in range(count):
        if not is_passed_over(np.int64(found[i])):
            found[plain] = found[i]
            plain += 1
    return plain if plain else count


@kernel(Long, Slots, Found)
def only_plain(slot_array, found):
    """The one plain byte that may come next; -1 if there are more or none, -2 - outcome where it stopped."""
    count = next_bytes(slot_array, found)
    if count < 0:
        return count - 1
    return np.int64(found[0]) if put_plain_first(found, count % MAY_END) == 1 else np.int64(-1)


@kernel(Long, Slots, Rows, Long)
def read_habit(slot_array, habits, last):
    """Read as many of the blanks after ``last`` as may come; how many, or -1 - outcome where it stopped."""
    for i in range(np.int64(habits[last, 0])):
        outcome = accept_byte(slot_array, np.int64(habits[last, 1 + i]))
        if outcome == REFUSED:
            return i
        if outcome != DONE:
            return -1 - outcome
    return np.int64(habits[last, 0])


@kernel(Long, Slots, Rows, Long, Long, Found, Rows, Long)
def follow(slot_array, habits, last, byte, few, texts, branch):
    """Read from ``byte`` on to where there is a choice; how many bytes were read and written, or -1 - outcome."""
    slots = longs_at(slot_array.ctypes.data)
    read = np.int64(0)
    most = texts.shape[1] - habits.shape[1]
    while byte >= 0 and read < most:
        blanks = read_habit(slot_array, habits, last)
        if blanks < 0:
            return blanks
        outcome = accept_byte(slot_array, byte)
        if outcome == REFUSED and blanks > 0:
            slots[LENGTH] -= blanks
            blanks = np.int64(0)
            outcome = accept_byte(slot_array, byte)
        if outcome == REFUSED:
            break
        if outcome != DONE:
            return -1 - outcome
        for i in range(blanks):
            texts[branch, read] = habits[last, 1 + i]
            read += 1
        texts[branch, read] = byte
        read += 1
        last = byte
        byte = only_plain(slot_array, few)
        if byte < -1:
            return byte + 1
    return read


@kernel(Long, Slots, Rows, Long, Found, Found, Rows, Lengths, entry=True)
def follow_branches(slot_array, habits, last, starts, few, texts, lengths):
    """Write to ``texts[i, : lengths[i]]`` the text that is forced from the i-th plain byte that may come next.

    ``last``: the last byte but blanks, a row of ``habits``. ``starts`` and ``few`` are scratch; the former holds a byte
    more than there are rows of ``texts`` and bytes passed over, the latter two more than these. Returns how many plain
    bytes there are (with more than rows of ``texts``, nothing is written), plus MAY_END where others may come as well;
    -1 - outcome where it stopped.
    """
    slots = longs_at(slot_array.ctypes.data)
    begin = slots[LENGTH]
    count = next_bytes(slot_array, starts)
    if count < 0:
        return count
    count %= MAY_END
    plain = put_plain_first(starts, count)
    if plain <= texts.shape[0]:
        for branch in range(plain):
            length = follow(slot_array, habits, last, np.int64(starts[branch]), few, texts, branch)
            if length < 0:
                return length
            lengths[branch] = length
            slots[LENGTH] = begin
    return plain + (MAY_END if plain < count else 0)
