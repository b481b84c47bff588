"""Sorted sets of byte strings: the keys of objects, and enumerated strings.

A set is a range of the key arrays, sorted by bytes; what a prefix leaves possible is a sub-range. Ranges are packed as
``lo << 32 | hi``; ``NONE`` is the empty one.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long, Longs, bytes_at, ints_at

LINEAR_BELOW = 8


@kernel(Long, Longs, Long, Long, inline=True)
def key_byte(slots, key, position):
    if ints_at(slots[KEY_LENGTH])[key] <= position:
        return np.int64(-1)
    return np.int64(bytes_at(slots[KEY_BYTES])[ints_at(slots[KEY_OFFSET])[key] + position])


@kernel(Long, Longs, Long, Long, Long, Long, inline=True)
def narrow(slots, lo, hi, position, byte):
    """The keys of ``lo .. hi-1`` whose byte at ``position`` is ``byte``."""
    if hi - lo > LINEAR_BELOW:
        low = lo
        high = hi
        while low < high:
            middle = (low + high) >> 1
            if key_byte(slots, middle, position) < byte:
                low = middle + 1
            else:
                high = middle
        end = low
        high = hi
        while end < high:
            middle = (end + high) >> 1
            if key_byte(slots, middle, position) <= byte:
                end = middle + 1
            else:
                high = middle
    else:
        low = lo
        while low < hi and key_byte(slots, low, position) < byte:
            low += 1
        end = low
        while end < hi and key_byte(slots, end, position) == byte:
            end += 1
    if low == end:
        return np.int64(NONE)
    return low << 32 | end


@kernel(Long, Longs, Long, Long, Long, Long)
def narrow_code_point(slots, lo, hi, position, code_point):
    """``narrow`` by all bytes of a code point."""
    if code_point < 0x80:
        return narrow(slots, lo, hi, position, code_point)
    if code_point < 0x800:
        left = np.int64(1)
        lead = 0xC0 | code_point >> 6
    elif code_point < 0x10000:
        left = np.int64(2)
        lead = 0xE0 | code_point >> 12
    else:
        left = np.int64(3)
        lead = 0xF0 | code_point >> 18
    found = narrow(slots, lo, hi, position, lead)
    while found >= 0 and left > 0:
        left -= 1
        position += 1
        found = narrow(slots, found >> 32, found & 0xFFFFFFFF, position, 0x80 | (code_point >> 6 * left) & 0x3F)
    return found


@kernel(Long, Long, inline=True)
def encoded_length(code_point):
    if code_point < 0x80:
        return np.int64(1)
    if code_point < 0x800:
        return np.int64(2)
    if code_point < 0x10000:
        return np.int64(3)
    return np.int64(4)


@kernel(Long, Longs, Long, Long)
def key_code_point(slots, key, position):
    """The code point of ``key`` that begins at byte ``position``, or NONE at its end."""
    first = key_byte(slots, key, position)
    if first < 0x80:
        return first
    count = np.int64(1) if first < 0xE0 else (np.int64(2) if first < 0xF0 else np.int64(3))
    code_point = first & (0x3F >> count)
    for i in range(1, count + 1):
        code_point = code_point << 6 | (key_byte(slots, key, position + i) & 0x3F)
    return code_point


@kernel(Flag, Longs, Long, Long)
def key_is_live(slots, frame, key):
    """May ``key`` be the next key of the object ``frame``?"""
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    index = key - node[KEY_LO]
    if policy == ANY_ORDER or policy == STATE_ANY_ORDER:
        if (arena[frame + SEEN + (index >> 5)] >> (index & 31)) & 1:
            return False
        if policy == ANY_ORDER:
            return True
    if policy == ORDERED:
        rank = ints_at(slots[KEY_RANK])[key]
        following = arena[frame + NEXT]
        limit = ints_at(slots[ORDER])[node[ORDER_AT] + 2 * following]
        return following <= rank and rank <= limit and ints_at(slots[KEY_NODE])[key] != NONE
    if policy == STATE_ORDERED and ints_at(slots[KEY_RANK])[key] < arena[frame + NEXT]:
        return False
    state = ints_at(slots[STATES] + (np.int64(arena[frame + STATE]) << STATE_SHIFT) * 4)
    return ints_at(slots[ENTRIES])[state[ENTRIES_AT] + 2 * index] != NONE


@kernel(Flag, Longs, Long, Long, Long, inline=True)
def any_key_live(slots, frame, lo, hi):
    """Is one of the keys ``lo .. hi-1`` live?"""
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    if node[POLICY] != ANY_ORDER:
        for key in range(lo, hi):
            if key_is_live(slots, frame, key):
                return True
        return False
    i = lo - node[KEY_LO]
    end = hi - node[KEY_LO]
    while i < end:
        unseen = (~np.int64(arena[frame + SEEN + (i >> 5)])) & 0xFFFFFFFF
        unseen >>= i & 31
        following = (i | 31) + 1
        if following > end:
            unseen &= (np.int64(1) << (end - i)) - 1
        if unseen != 0:
            return True
        i = following
    return False


@kernel(Long, Longs, Long)
def other_node(slots, frame):
    """The node of the values of keys that are not named, or NONE where none may come now."""
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    if policy == ANY_ORDER:
        return np.int64(node[OTHER])
    if policy == ORDERED:
        limit = ints_at(slots[ORDER])[node[ORDER_AT] + 2 * arena[frame + NEXT]]
        return np.int64(node[OTHER]) if limit == node[KEY_HI] - node[KEY_LO] else np.int64(NONE)
    state = ints_at(slots[STATES] + (np.int64(arena[frame + STATE]) << STATE_SHIFT) * 4)
    return np.int64(state[OTHER_NODE])


@kernel(Flag, Longs, Long)
def may_have_key(slots, frame):
    """May another key come in the object ``frame``?"""
    if other_node(slots, frame) != NONE:
        return True
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    if node[POLICY] == ANY_ORDER:
        return arena[frame + COUNT] < node[LIVE_KEYS]
    if node[POLICY] == ORDERED:
        return ints_at(slots[ORDER])[node[ORDER_AT] + 2 * arena[frame + NEXT] + 1] != 0
    return any_key_live(slots, frame, np.int64(node[KEY_LO]), np.int64(node[KEY_HI]))
