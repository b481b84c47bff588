"""Sorted sets of byte strings: the keys of objects, and enumerated strings.

A set is a range of the key arrays, sorted by bytes; what a prefix leaves possible is a sub-range. Ranges are packed as
``lo << 32 | hi``; ``NONE`` is the empty one.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long, Longs, bytes_at, ints_at
from .text import MAX_CODE_POINT, another_range, highest, interval_of, lowest

LINEAR_BELOW = 8


@kernel(Long, Longs, Long, Long, inline=True)
def key_field(slots, key, field):
    return np.int64(ints_at(slots[KEYS])[KEY_WIDTH * key + field])


@kernel(Long, Longs, Long, Long, inline=True)
def key_byte(slots, key, position):
    if key_field(slots, key, KEY_LENGTH) <= position:
        return np.int64(-1)
    return np.int64(bytes_at(slots[KEY_BYTES])[key_field(slots, key, KEY_OFFSET) + position])


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
def run_end(slots, lo, hi, position, byte):
    """Where the keys end, from ``lo`` on, whose byte at ``position`` is ``byte``, as that of ``lo`` is.

    By doubling steps, since a loop over the bytes that may come passes over all keys in runs that are mostly short.
    """
    last = lo
    step = np.int64(1)
    while last + step < hi and key_byte(slots, last + step, position) == byte:
        last += step
        step <<= 1
    beyond = min(last + step, hi)
    while last + 1 < beyond:
        middle = (last + beyond) >> 1
        if key_byte(slots, middle, position) == byte:
            last = middle
        else:
            beyond = middle
    return last + 1


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


@kernel(Long, Longs, Long, inline=True)
def never_at(slots, frame):
    """Where the bitset of keys that the state of the object ``frame`` excludes lies among the dead keys."""
    state = np.int64(ints_at(slots[ARENA])[frame + STATE])
    return np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + NEVER_AT])


@kernel(Long, Longs, Long, Long, inline=True)
def entry_of(slots, frame, index):
    """Which entry the state of the object ``frame`` has for the key ``index``."""
    state = np.int64(ints_at(slots[ARENA])[frame + STATE])
    return np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + ENTRIES_AT]) + index


@kernel(Flag, Longs, Long, Long)
def key_is_live(slots, frame, key):
    """May ``key`` be the next key of the object ``frame``?"""
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    index = key - node[KEY_LO]
    count = np.int64(arena[frame + COUNT])
    in_any_order = policy == ANY_ORDER or policy == STATE_ANY_ORDER
    if in_any_order and (arena[frame + SEEN + (index >> 5)] >> (index & 31)) & 1:
        return False
    if policy == ANY_ORDER:
        left = arena[frame + NEXT] - key_field(slots, key, KEY_REQUIRED)
        return count + left < node[MAX_KEYS]
    if policy == ORDERED:
        rank = key_field(slots, key, KEY_RANK)
        following = arena[frame + NEXT]
        order = ints_at(slots[ORDER] + np.int64(node[ORDER_AT]) * 4)
        if rank < following or rank > order[ORDER_WIDTH * following + ORDER_FIRST]:
            return False
        after = ORDER_WIDTH * (rank + 1)
        if count + order[after + ORDER_REQUIRED_COUNT] >= node[MAX_KEYS]:
            return False
        enough = count + 1 + order[after + ORDER_LIVE_COUNT] >= node[MIN_KEYS]
        return key_field(slots, key, KEY_NODE) != NONE and (enough or node[OTHER] != NONE or node[CLASSES] != 0)
    if policy == STATE_ORDERED and key_field(slots, key, KEY_RANK) < arena[frame + NEXT]:
        return False
    never = ints_at(slots[DEAD_KEYS])
    return (never[never_at(slots, frame) + (index >> 5)] >> (index & 31)) & 1 == 0


@kernel(Flag, Longs, Long, Long, Long)
def any_rank_live(slots, frame, lo, hi):
    """Is one of the keys ``lo .. hi-1`` of an ordered object live, where it does not matter how many there are?

    Then those are whose rank is not below the next one and not above the first that is required. All keys together are
    counted in the order; where the ranks are few, they are looked at; else the keys are, but for blocks of which the
    least and the greatest rank tell enough.
    """
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    order = ints_at(slots[ORDER] + np.int64(node[ORDER_AT]) * 4)
    low = np.int64(node[KEY_LO])
    count = np.int64(node[KEY_HI]) - low
    following = np.int64(arena[frame + NEXT])
    first = np.int64(order[ORDER_WIDTH * following + ORDER_FIRST])
    if hi - lo == count:
        after = np.int64(0)
        if first < count:
            after = np.int64(order[ORDER_WIDTH * (first + 1) + ORDER_LIVE_COUNT])
        return order[ORDER_WIDTH * following + ORDER_LIVE_COUNT] > after
    if first - following < RANK_BLOCK:
        for rank in range(following, min(first + 1, count)):
            key = low + order[ORDER_WIDTH * rank + ORDER_KEY]
            if lo <= key and key < hi and key_field(slots, key, KEY_NODE) != NONE:
                return True
        return False
    blocks = ints_at(slots[ITEM_NODES] + np.int64(node[RANKS_AT]) * 4)
    key = lo
    while key < hi:
        block = (key - low) >> RANK_BLOCK_SHIFT
        begin = low + (block << RANK_BLOCK_SHIFT)
        end = min(begin + RANK_BLOCK, low + count)
        least = blocks[2 * block]
        greatest = blocks[2 * block + 1]
        if greatest >= following and least <= first:
            if key == begin and end <= hi and ((least >= following) or (greatest <= first)):
                return True
            for i in range(key, min(end, hi)):
                rank = key_field(slots, i, KEY_RANK)
                if key_field(slots, i, KEY_NODE) != NONE and rank >= following and rank <= first:
                    return True
        key = end
    return False


@kernel(Flag, Longs, Long, Long, Long, inline=True)
def any_key_live(slots, frame, lo, hi):
    """Is one of the keys ``lo .. hi-1`` live?"""
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    if policy == ORDERED and hi - lo > LINEAR_BELOW and node[MIN_KEYS] == 0 and node[MAX_KEYS] == UNBOUNDED:
        return any_rank_live(slots, frame, lo, hi)
    if policy == ORDERED or (policy == ANY_ORDER and node[MAX_KEYS] < UNBOUNDED):
        for key in range(lo, hi):
            if key_is_live(slots, frame, key):
                return True
        return False
    never = ints_at(slots[DEAD_KEYS])
    if policy != ANY_ORDER:
        never = ints_at(slots[DEAD_KEYS] + never_at(slots, frame) * 4)
    i = lo - node[KEY_LO]
    end = hi - node[KEY_LO]
    while i < end:
        excluded = np.int64(0)
        if policy != STATE_ORDERED:
            excluded = np.int64(arena[frame + SEEN + (i >> 5)])
        if policy != ANY_ORDER:
            excluded |= np.int64(never[i >> 5])
        left = (~excluded & 0xFFFFFFFF) >> (i & 31)
        following = (i | 31) + 1
        if following > end:
            left &= (np.int64(1) << (end - i)) - 1
        if policy == STATE_ORDERED:
            while left != 0:
                if left & 1 and key_field(slots, node[KEY_LO] + i, KEY_RANK) >= arena[frame + NEXT]:
                    return True
                left >>= 1
                i += 1
        if left != 0:
            return True
        i = following
    return False


@kernel(Long, Longs, Long, Long)
def class_node(slots, frame, number):
    """The node of the values of keys of class ``number`` (from 1), or NONE where none may come now.

    In a state, some other number until the entry is ready.
    """
    arena = ints_at(slots[ARENA])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    if policy == ANY_ORDER:
        if np.int64(arena[frame + COUNT]) + arena[frame + NEXT] >= node[MAX_KEYS]:
            return np.int64(NONE)
    elif policy == ORDERED:
        order = ints_at(slots[ORDER] + np.int64(node[ORDER_AT]) * 4)
        first = order[ORDER_WIDTH * arena[frame + NEXT] + ORDER_FIRST]
        if first != node[KEY_HI] - node[KEY_LO] or arena[frame + COUNT] >= node[MAX_KEYS]:
            return np.int64(NONE)
    else:
        entry = entry_of(slots, frame, np.int64(node[KEY_HI]) - node[KEY_LO] + number - 1)
        return np.int64(ints_at(slots[ENTRIES])[ENTRY_WIDTH * entry + ENTRY_NODE])
    if node[CLASSES] == 0:
        return np.int64(node[OTHER])
    return np.int64(ints_at(slots[ITEM_NODES])[node[CLASS_AT] + number - 1])


@kernel(Flag, Longs, Long, Long, Long, Long)
def begins_with(slots, key, start, size, exact):
    """Does the other key at ``key`` begin with the ``size`` bytes at ``start`` (or consist of them, if ``exact``)?"""
    arena = ints_at(slots[ARENA])
    if arena[key + KEY_SIZE] < size or (exact != 0 and arena[key + KEY_SIZE] != size):
        return False
    for i in range(size):
        if (arena[key + KEY_CONTENT + i] & 0xFF) != (arena[start + i] & 0xFF):
            return False
    return True


@kernel(Flag, Longs, Long, Long, Long)
def is_duplicate(slots, frame, start, size):
    """Has the object ``frame`` the key of the ``size`` bytes at ``start``, as one that is not named?"""
    arena = ints_at(slots[ARENA])
    key = np.int64(arena[frame + OTHERS])
    while key != 0:
        if begins_with(slots, key, start, size, 1):
            return True
        key = np.int64(arena[key + KEY_BEFORE])
    return False


@kernel(Long, Longs, Long)
def other_code_point(slots, at):
    """The code point whose bytes begin at ``at`` in the arena."""
    arena = ints_at(slots[ARENA])
    first = np.int64(arena[at] & 0xFF)
    if first < 0x80:
        return first
    count = np.int64(1) if first < 0xE0 else (np.int64(2) if first < 0xF0 else np.int64(3))
    code_point = first & (0x3F >> count)
    for i in range(1, count + 1):
        code_point = code_point << 6 | (np.int64(arena[at + i]) & 0x3F)
    return code_point


@kernel(Long, Longs, Long, Long, Long, Long, Long, Long)
def used_keys(slots, frame, number, start, size, low, high):
    """How many other keys of class ``number`` go on with a code point in ``low .. high`` after the ``size`` bytes.

    All that begin with these bytes, if ``high`` is negative.
    """
    arena = ints_at(slots[ARENA])
    key = np.int64(arena[frame + OTHERS])
    count = np.int64(0)
    while key != 0:
        if arena[key + KEY_CLASS] == number and begins_with(slots, key, start, size, 0):
            if high < 0:
                count += 1
            elif arena[key + KEY_SIZE] > size:
                code_point = other_code_point(slots, key + KEY_CONTENT + size)
                if low <= code_point and code_point <= high:
                    count += 1
        key = np.int64(arena[key + KEY_BEFORE])
    return count


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def fresh_key_left(slots, frame, text, state, start, size, low, high):
    """Is a key that has not come yet possible from ``state`` of the key automaton?

    ``state``: after the ``size`` bytes at ``start`` (``high`` < 0), or after a code point in ``low .. high`` as well.
    """
    if state == TEXT_DEAD:
        return False
    node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    classes = np.int64(node[CLASSES])
    left = ints_at(slots[TEXT_LEFT] + (np.int64(record[TEXT_LEFT_AT]) + state * classes) * 4)
    width = np.int64(1) if high < 0 else high - low + 1
    for number in range(1, classes + 1):
        count = np.int64(left[number - 1])
        if count == 0 or class_node(slots, frame, number) == NONE:
            continue
        if count >= UNBOUNDED or count * width > used_keys(slots, frame, number, start, size, low, high):
            return True
    return False


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def range_has_fresh_key(slots, frame, text, state, start, size, low, high):
    """``fresh_key_left`` after some code point of ``low .. high``."""
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    starts = ints_at(slots[TEXT_START] + np.int64(record[TEXT_INTERVALS_AT]) * 4)
    classes = ints_at(slots[TEXT_CLASS] + np.int64(record[TEXT_INTERVALS_AT]) * 4)
    row = ints_at(slots[TEXT_NEXT] + (np.int64(record[TEXT_BASE]) + state * record[TEXT_CLASSES]) * 4)
    count = np.int64(record[TEXT_INTERVALS])
    i = interval_of(slots, text, low)
    while i < count and starts[i] <= high:
        first = max(np.int64(starts[i]), low)
        last = min(np.int64(MAX_CODE_POINT) if i + 1 == count else np.int64(starts[i + 1]) - 1, high)
        surrogates_only = first >= 0xD800 and last <= 0xDFFF
        successor = np.int64(row[classes[i]])
        if not surrogates_only and fresh_key_left(slots, frame, text, successor, start, size, first, last):
            return True
        i += 1
    return False


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def partial_has_fresh_key(slots, frame, text, state, start, size, string_state, partial):
    """``fresh_key_left`` after some code point of which a part has been read."""
    while string_state != INSIDE:
        low = lowest(string_state, partial)
        if range_has_fresh_key(slots, frame, text, state, start, size, low, highest(string_state, low)):
            return True
        string_state = another_range(string_state)
    return False


@kernel(Flag, Longs, Long)
def other_key_possible(slots, frame):
    """May a key that is not named come in the object ``frame``?"""
    node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
    if node[CLASSES] == 0:
        return class_node(slots, frame, 1) != NONE
    text = np.int64(node[KEY_TEXT])
    first = np.int64(ints_at(slots[TEXTS])[(text << TEXT_SHIFT) + TEXT_FIRST])
    return fresh_key_left(slots, frame, text, first, 0, 0, 0, -1)


@kernel(Flag, Longs, Long)
def may_have_key(slots, frame):
    """May another key come in the object ``frame``?"""
    if other_key_possible(slots, frame):
        return True
    node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
    return any_key_live(slots, frame, np.int64(node[KEY_LO]), np.int64(node[KEY_HI]))
