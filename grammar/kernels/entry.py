"""The kernels that Python calls: each takes the slots of a matcher, and little else, because arguments cost time."""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .masks import fill
from .pointers import (
    Flag,
    Long,
    Longs,
    Nothing,
    atomic_add,
    bytes_at,
    call_step,
    ints_at,
    longs_at,
    words_at,
)
from .staying import walk_staying
from .structure import is_accepting, rarer_step, step_once
from .walks import keep, load, walk

Slots = types.Array(types.int64, 1, "C")
Outcomes = types.Array(types.int32, 1, "C")
Bitmask = types.Array(types.int32, 2, "C")
Found = types.Array(types.uint8, 1, "C")

CALLED_THROUGH_ADDRESSES = {WALK: walk, STEP: step_once, RARER_STEP: rarer_step}
"""By all matchers; FINISHED is called only where items have to be unique."""


@kernel(Flag, Longs, inline=True)
def has_room(slots):
    length = slots[LENGTH]
    top = ints_at(slots[HISTORY])[length * CONFIGURATION + TOP]
    if slots[KEEPS_TEXT] != 0 and ints_at(slots[OFFSETS])[length] + slots[MARGIN] > slots[TEXT_SIZE]:
        return False
    return top + slots[MARGIN] <= slots[ARENA_SIZE] and length + 1 < slots[HISTORY_SIZE]


@kernel(Long, Longs)
def refusal(slots):
    """Why a byte was refused: for want of room, of a compiled record, or because it is not allowed."""
    if slots[SHORT] != 0:
        return ARENA_FULL
    return MISSED if slots[MISS_COUNT] else REFUSED


@kernel(Long, Longs, Bitmask, Long)
def fill_row(slots, bitmask, row):
    words = slots[MASK_WORDS]
    if row < 0 or row >= bitmask.shape[0] or bitmask.shape[1] < words:
        return BAD_MASK
    if not has_room(slots):
        return ARENA_FULL
    slots[MISS_COUNT] = 0
    fill(slots, words_at(bitmask.ctypes.data + row * bitmask.shape[1] * 4))
    for i in range(words, bitmask.shape[1]):
        bitmask[row, i] = 0
    if slots[SHORT] != 0:
        return ARENA_FULL
    return MISSED if slots[MISS_COUNT] else DONE


@kernel(Long, Slots, Bitmask, Long, entry=True)
def fill_mask(slot_array, bitmask, row):
    """Write the mask of allowed tokens into row ``row``; DONE, MISSED, ARENA_FULL or BAD_MASK."""
    return fill_row(longs_at(slot_array.ctypes.data), bitmask, row)


@kernel(Nothing, Slots, Outcomes, Bitmask, Long, Long, entry=True)
def fill_masks(addresses, outcomes, bitmask, start, end):
    """``fill_mask`` for rows ``start .. end-1`` and the matchers whose slots begin at ``addresses``."""
    for row in range(start, end):
        outcomes[row] = fill_row(longs_at(addresses[row]), bitmask, row)


@kernel(Long, Slots, Long, entry=True)
def fill_stay_mask(slot_array, address):
    """Write the mask of the tokens that stay inside the matcher's TEXT or key (for one class) to ``address``."""
    slots = longs_at(slot_array.ctypes.data)
    stack = ints_at(slots[STACK])
    load(slots, stack)
    wanted = slots[STAY_WANTED]
    if stack[MODE] == OPEN_KEY:
        slots[ONLY_CLASS] = wanted & ((1 << COUNT_BITS) - 1)
    elif wanted & ((1 << COUNT_BITS) - 1) == ANY_COUNT:
        slots[ANY_LENGTH] = 1
    text = wanted >> (COUNT_BITS + STATE_BITS)
    walk_staying(slots, stack, words_at(address), text, (wanted >> COUNT_BITS) & ((1 << STATE_BITS) - 1))
    slots[ONLY_CLASS] = 0
    slots[ANY_LENGTH] = 0
    return DONE


@kernel(Long, Slots, entry=True)
def count_readers(header):
    """How many kernels are reading the cache of stay masks with this header; what was written before is seen by all."""
    return atomic_add(header.ctypes.data + STAY_READERS * 8, 0)


@kernel(Long, Slots, Long, entry=True)
def accept(slot_array, token):
    """Read a token, if it is allowed; DONE, REFUSED, MISSED or ARENA_FULL."""
    slots = longs_at(slot_array.ctypes.data)
    if token < 0 or token >= slots[VOCABULARY_SIZE] or slots[TERMINATED] != 0:
        return REFUSED
    if not has_room(slots):
        return ARENA_FULL
    slots[MISS_COUNT] = 0
    stack = ints_at(slots[STACK])
    load(slots, stack)
    offsets = ints_at(slots[TOKEN_OFFSETS])
    content = bytes_at(slots[TOKEN_BYTES])
    start = np.int64(offsets[token])
    count = np.int64(offsets[token + 1]) - start
    if count == 0:
        ends = ints_at(slots[END_TOKENS])
        for i in range(slots[END_COUNT]):
            if ends[i] == token and is_accepting(slots, stack, 0):
                slots[TERMINATED] = slots[LENGTH] + 1
        if slots[TERMINATED] == 0:
            return refusal(slots)
    text = bytes_at(slots[TEXT_READ] + ints_at(slots[OFFSETS])[slots[LENGTH]])
    for depth in range(count):
        if slots[KEEPS_TEXT] != 0:
            text[depth] = content[start + depth]
        if call_step(slots[STEP], slots, stack, depth, np.int64(content[start + depth])) == 0:
            return refusal(slots)
    keep(slots, stack, count)
    ints_at(slots[OFFSETS])[slots[LENGTH]] = ints_at(slots[OFFSETS])[slots[LENGTH] - 1] + count
    return DONE


@kernel(Long, Slots, Found, entry=True)
def next_bytes(slot_array, found):
    """Write the bytes that may come next to ``found``, as many as it holds; how many, plus MAY_END if the text may end.

    -1 - outcome where it stopped.
    """
    slots = longs_at(slot_array.ctypes.data)
    if not has_room(slots):
        return -1 - ARENA_FULL
    slots[MISS_COUNT] = 0
    stack = ints_at(slots[STACK])
    load(slots, stack)
    if slots[TERMINATED] != 0:
        return 0
    count = np.int64(0)
    ending = np.int64(MAY_END if is_accepting(slots, stack, 0) else 0)
    text = bytes_at(slots[TEXT_READ] + ints_at(slots[OFFSETS])[slots[LENGTH]])
    for byte in range(256):
        if count == found.shape[0] or slots[SHORT] != 0:
            break
        if slots[KEEPS_TEXT] != 0:
            text[0] = byte
        if call_step(slots[STEP], slots, stack, 0, byte) != 0:
            found[count] = byte
            count += 1
    if slots[MISS_COUNT] or slots[SHORT]:
        return -1 - refusal(slots)
    return count + ending


@kernel(Long, Slots, Long, entry=True)
def accept_byte(slot_array, byte):
    """Read one byte, which must be allowed, as if it were a token."""
    slots = longs_at(slot_array.ctypes.data)
    if not has_room(slots):
        return ARENA_FULL
    slots[MISS_COUNT] = 0
    stack = ints_at(slots[STACK])
    load(slots, stack)
    if slots[KEEPS_TEXT] != 0:
        bytes_at(slots[TEXT_READ] + ints_at(slots[OFFSETS])[slots[LENGTH]])[0] = byte
    if call_step(slots[STEP], slots, stack, 0, byte) == 0:
        return refusal(slots)
    keep(slots, stack, np.int64(1))
    ints_at(slots[OFFSETS])[slots[LENGTH]] = ints_at(slots[OFFSETS])[slots[LENGTH] - 1] + 1
    return DONE


@kernel(Long, Slots, entry=True)
def accepting(slot_array):
    """1 if the text so far is a complete member of the language, -1 - ARENA_FULL if there is no room to tell."""
    slots = longs_at(slot_array.ctypes.data)
    stack = ints_at(slots[STACK])
    load(slots, stack)
    found = 1 if is_accepting(slots, stack, 0) else 0
    return -1 - ARENA_FULL if slots[SHORT] != 0 else found
