"""One byte of a string value: of which only the length matters (STRING), or that an automaton judges (TEXT)."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .frames import finish, offset, put, wants_unique
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, bytes_at, call_finished, ints_at
from .text import accumulate, is_viable, partial_is_viable, text_successor


@kernel(Long, Longs, Ints, Long, Long)
def text_step(slots, stack, i, byte):
    """A byte inside a string that an automaton judges."""
    at = i + CONFIGURATION
    frame = np.int64(stack[i + FRAME])
    node_index = np.int64(stack[i + A])
    state = np.int64(stack[i + B])
    length = np.int64(stack[i + C])
    string_state = np.int64(stack[i + S])
    top = np.int64(stack[i + TOP])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    node = ints_at(slots[NODES] + (node_index << NODE_SHIFT) * 4)
    text = np.int64(node[TEXT_ID])
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    if following == STRING_CLOSE:
        label = np.int64(ints_at(slots[TEXT_LABEL])[record[TEXT_LABEL_AT] + state])
        if label == 0 or length < node[MIN_LENGTH]:
            return 0
        return finish(slots, stack, at, frame, label if node[JOINT] else np.int64(PLAIN), top)
    read = accumulate(string_state, np.int64(stack[i + E]), byte)
    if following != INSIDE:
        if not partial_is_viable(slots, text, state, length + 1, following, read):
            return 0
        put(stack, at, TEXT, frame, node_index, state, length, following, read, top)
        return 1
    state = text_successor(slots, text, state, read)
    if not is_viable(slots, text, state, length + 1):
        return 0
    if record[TEXT_COLUMNS] != 0 and (node[MAX_LENGTH] < UNBOUNDED or length < node[MIN_LENGTH]):
        length += 1
    put(stack, at, TEXT, frame, node_index, state, length, INSIDE, 0, top)
    return 1


@kernel(Flag, Longs, Ints, Long, Long)
def may_end_here(slots, stack, i, following):
    """Is a string that has become as long as it may be no repeated item? (Known when its last character is whole.)"""
    frame = np.int64(stack[i + FRAME])
    if following != INSIDE or not wants_unique(slots, frame):
        return True
    end = offset(slots) + (i >> 3) + 1
    bytes_at(slots[TEXT_READ])[end] = 0x22
    return call_finished(slots[FINISHED], slots, frame, np.int64(PLAIN), end + 1, np.int64(stack[i + TOP])) != NONE


@kernel(Long, Longs, Ints, Long, Long, inline=True)
def string_step(slots, stack, i, byte):
    """A byte inside a string of which only the length may matter."""
    at = i + CONFIGURATION
    string_state = np.int64(stack[i + S])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    node = ints_at(slots[NODES] + (np.int64(stack[i + A]) << NODE_SHIFT) * 4)
    length = np.int64(stack[i + C])
    if following == STRING_CLOSE:
        if length < node[MIN_LENGTH]:
            return 0
        return finish(slots, stack, at, np.int64(stack[i + FRAME]), np.int64(PLAIN), np.int64(stack[i + TOP]))
    if string_state == INSIDE:
        if node[MAX_LENGTH] < UNBOUNDED:
            if length >= node[MAX_LENGTH]:
                return 0
            length += 1
            if length == node[MAX_LENGTH] and not may_end_here(slots, stack, i, following):
                return 0
        elif length < node[MIN_LENGTH]:
            length += 1
    put(stack, at, STRING, stack[i + FRAME], stack[i + A], 0, length, following, 0, stack[i + TOP])
    return 1
