"""One byte of a key, or of an enumerated string: from the quote that opens it to the frame that knows it."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .frames import copy_frame, entry_ready, finish, put, state_ready
from .keys import (
    any_key_live,
    class_node,
    encoded_length,
    entry_of,
    fresh_key_left,
    is_duplicate,
    key_code_point,
    key_field,
    key_is_live,
    narrow,
    narrow_code_point,
    other_key_possible,
    partial_has_fresh_key,
)
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, bytes_at, ints_at
from .text import accumulate, another_range, highest, lowest, text_successor


@kernel(Long, Longs, Ints, Long, Long, Long, Long)
def begin_key(slots, stack, at, frame, top, byte):
    """A byte where a key of the object ``frame`` has to begin."""
    arena = ints_at(slots[ARENA])
    if byte != 0x22 or not state_ready(slots, np.int64(arena[frame + STATE])):
        return 0
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    lo = np.int64(node[KEY_LO])
    hi = np.int64(node[KEY_HI])
    named = any_key_live(slots, frame, lo, hi)
    if not other_key_possible(slots, frame):
        put(stack, at, KEY, frame, lo, hi, 0, INSIDE, 0, top)
        return 1 if named else 0
    arena[top + KEY_BEFORE] = arena[frame + OTHERS]
    first = np.int64(0)
    if node[CLASSES] != 0:
        first = np.int64(ints_at(slots[TEXTS])[(np.int64(node[KEY_TEXT]) << TEXT_SHIFT) + TEXT_FIRST])
    arena[top + KEY_START] = first << KEY_STATE_SHIFT
    if lo == hi:
        lo = np.int64(NONE)
        hi = np.int64(NONE)
    put(stack, at, OPEN_KEY, frame, lo, hi, 0, INSIDE, 0, top + KEY_CONTENT)
    return 1


@kernel(Long, Longs, Ints, Long, Long, Long, Long)
def finish_key(slots, stack, at, frame, key, top):
    """The named key with index ``key`` is complete."""
    arena = ints_at(slots[ARENA])
    end = copy_frame(slots, frame, top)
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    index = key - node[KEY_LO]
    if policy == STATE_ANY_ORDER or policy == STATE_ORDERED:
        number = entry_of(slots, frame, index)
        if not entry_ready(slots, number):
            return 0
        entry = ints_at(slots[ENTRIES] + number * ENTRY_WIDTH * 4)
        value = np.int64(entry[ENTRY_NODE])
        arena[top + STATE] = entry[ENTRY_STATE]
    else:
        value = key_field(slots, key, KEY_NODE)
    if policy == ORDERED or policy == STATE_ORDERED:
        arena[top + NEXT] = key_field(slots, key, KEY_RANK) + 1
    else:
        arena[top + SEEN + (index >> 5)] |= np.int32(1) << np.int32(index & 31)
        if policy == ANY_ORDER:
            arena[top + NEXT] -= key_field(slots, key, KEY_REQUIRED)
    arena[top + COUNT] += 1
    put(stack, at, COLON, top, value, 0, 0, FRESH, 0, end)
    return 1


@kernel(Long, Longs, Ints, Long, Long, Long, Long, Long)
def finish_other_key(slots, stack, at, frame, number, size, top):
    """A key of class ``number`` is complete, whose ``size`` bytes end at ``top``."""
    arena = ints_at(slots[ARENA])
    value = class_node(slots, frame, number)
    end = copy_frame(slots, frame, top)
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    count = node[KEY_HI] - node[KEY_LO]
    if policy == STATE_ANY_ORDER or policy == STATE_ORDERED:
        entry = entry_of(slots, frame, count + number - 1)
        if not entry_ready(slots, entry):
            return 0
        arena[top + STATE] = ints_at(slots[ENTRIES])[ENTRY_WIDTH * entry + ENTRY_STATE]
    if policy == ORDERED or policy == STATE_ORDERED:
        arena[top + NEXT] = count
    key = top - size - KEY_CONTENT
    arena[key + KEY_SIZE] = size
    arena[key + KEY_CLASS] = number
    arena[top + OTHERS] = key
    arena[top + COUNT] += 1
    put(stack, at, COLON, top, value, 0, 0, FRESH, 0, end)
    return 1


@kernel(Long, Longs, Long, Long, Long, Long)
def first_key_from(slots, lo, hi, position, code_point):
    """The first of the keys ``lo .. hi-1``, equal before ``position``, that goes on with ``code_point`` or a higher.

    The order of UTF-8's bytes is that of code points.
    """
    while lo < hi:
        middle = (lo + hi) >> 1
        if key_code_point(slots, middle, position) < code_point:
            lo = middle + 1
        else:
            hi = middle
    return lo


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def some_key_in_range(slots, mode, frame, lo, hi, position, low, high):
    """Is there a (live) key whose code point at ``position`` lies in ``low .. high``?"""
    first = first_key_from(slots, lo, hi, position, low)
    end = first_key_from(slots, first, hi, position, high + 1)
    return first < end and (mode == CHOICE or any_key_live(slots, frame, first, end))


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def some_key_begins(slots, mode, frame, lo, hi, position, string_state, partial):
    """Is there a (live) key that goes on with a code point of which a part has been read?"""
    while string_state != INSIDE:
        low = lowest(string_state, partial)
        if some_key_in_range(slots, mode, frame, lo, hi, position, low, highest(string_state, low)):
            return True
        string_state = another_range(string_state)
    return False


@kernel(Long, Longs, Ints, Long, Long)
def key_step(slots, stack, i, byte):
    """A byte inside the quotes of a key that must be named (KEY) or of an enumerated string (CHOICE)."""
    at = i + CONFIGURATION
    mode = np.int64(stack[i + MODE])
    frame = np.int64(stack[i + FRAME])
    lo = np.int64(stack[i + A])
    hi = np.int64(stack[i + B])
    position = np.int64(stack[i + C])
    string_state = np.int64(stack[i + S])
    top = np.int64(stack[i + TOP])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    if following == STRING_CLOSE:
        if key_field(slots, lo, KEY_LENGTH) != position:
            return 0
        if mode == CHOICE:
            return finish(slots, stack, at, frame, key_field(slots, lo, KEY_RANK), top)
        return finish_key(slots, stack, at, frame, lo, top) if key_is_live(slots, frame, lo) else 0
    read = accumulate(string_state, np.int64(stack[i + E]), byte)
    found = lo << 32 | hi
    if string_state >= UTF8_1 or (string_state == INSIDE and byte != 0x5C):
        found = narrow(slots, lo, hi, position, byte)
        position += 1
        read = np.int64(0)
    elif following == INSIDE:
        found = narrow_code_point(slots, lo, hi, position, read)
        position += encoded_length(read)
        read = np.int64(0)
    elif not some_key_begins(slots, mode, frame, lo, hi, position, following, read):
        return 0
    if found < 0:
        return 0
    if mode == KEY and not any_key_live(slots, frame, found >> 32, found & 0xFFFFFFFF):
        return 0
    put(stack, at, mode, frame, found >> 32, found & 0xFFFFFFFF, position, following, read, top)
    return 1


@kernel(Long, Longs, Long, Long, Long)
def append_code_point(slots, top, code_point, tag):
    """Append the bytes of a code point of an open key, each with ``tag``; the new top."""
    arena = ints_at(slots[ARENA])
    if code_point < 0x80:
        arena[top] = tag | code_point
        return top + 1
    count = encoded_length(code_point) - 1
    lead = (np.int64(0xFF00) >> (count + 1)) & 0xFF
    arena[top] = tag | lead | code_point >> 6 * count
    for left in range(count):
        arena[top + count - left] = tag | 0x80 | (code_point >> 6 * left) & 0x3F
    return top + 1 + count


@kernel(Long, Longs, Ints, Long, Long, Long)
def close_open_key(slots, stack, i, lo, state):
    """The closing quote of an open key, in ``state`` of the key automaton."""
    at = i + CONFIGURATION
    frame = np.int64(stack[i + FRAME])
    size = np.int64(stack[i + C])
    top = np.int64(stack[i + TOP])
    if lo >= 0 and key_field(slots, lo, KEY_LENGTH) == size:
        return finish_key(slots, stack, at, frame, lo, top) if key_is_live(slots, frame, lo) else 0
    node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
    number = np.int64(1)
    if node[CLASSES] != 0:
        record = ints_at(slots[TEXTS] + (np.int64(node[KEY_TEXT]) << TEXT_SHIFT) * 4)
        number = np.int64(ints_at(slots[TEXT_LABEL])[record[TEXT_LABEL_AT] + state])
        if number == 0:
            return 0
    if class_node(slots, frame, number) == NONE or is_duplicate(slots, frame, top - size, size):
        return 0
    return finish_other_key(slots, stack, at, frame, number, size, top)


@kernel(Long, Longs, Ints, Long, Long)
def open_key_step(slots, stack, i, byte):
    """A byte inside the quotes of a key that may be named or not.

    Its bytes are kept in the arena, each with the state of the key automaton after the last whole code point.
    """
    at = i + CONFIGURATION
    arena = ints_at(slots[ARENA])
    frame = np.int64(stack[i + FRAME])
    lo = np.int64(stack[i + A])
    hi = np.int64(stack[i + B])
    size = np.int64(stack[i + C])
    string_state = np.int64(stack[i + S])
    top = np.int64(stack[i + TOP])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    state = np.int64(arena[top - 1]) >> KEY_STATE_SHIFT
    if following == STRING_CLOSE:
        return close_open_key(slots, stack, i, lo, state)
    read = accumulate(string_state, np.int64(stack[i + E]), byte)
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    has_classes = node[CLASSES] != 0
    text = np.int64(node[KEY_TEXT])
    raw = string_state >= UTF8_1 or (string_state == INSIDE and byte != 0x5C)
    fresh = True
    if has_classes and following == INSIDE:
        state = text_successor(slots, text, state, read)
    elif has_classes:
        before = size
        if string_state >= UTF8_1:  # the bytes of this character that are there already
            while (arena[top - size + before - 1] & 0xC0) == 0x80:
                before -= 1
            before -= 1
        fresh = partial_has_fresh_key(slots, frame, text, state, top - size, before, following, read)
    found = np.int64(NONE) if lo < 0 else lo << 32 | hi
    start = top - size
    if raw:
        if lo >= 0:
            found = narrow(slots, lo, hi, size, byte)
        arena[top] = state << KEY_STATE_SHIFT | byte
        top += 1
    elif following == INSIDE:
        if lo >= 0:
            found = narrow_code_point(slots, lo, hi, size, read)
        top = append_code_point(slots, top, read, state << KEY_STATE_SHIFT)
    elif not fresh and (lo < 0 or not some_key_begins(slots, KEY, frame, lo, hi, size, following, read)):
        return 0
    if has_classes and following == INSIDE:
        fresh = fresh_key_left(slots, frame, text, state, start, top - start, 0, -1)
    if not fresh and (found < 0 or not any_key_live(slots, frame, found >> 32, found & 0xFFFFFFFF)):
        return 0
    if following == INSIDE:
        read = np.int64(0)
    if found < 0:
        put(stack, at, OPEN_KEY, frame, NONE, NONE, top - start, following, read, top)
    else:
        put(stack, at, OPEN_KEY, frame, found >> 32, found & 0xFFFFFFFF, top - start, following, read, top)
    return 1
