"""Tokens sorted by where they lead: two of one group leave the same to be written.

Two configurations are alike if a hash over all that decides about the rest is equal. It has 62 bits, so that two
different ones hardly ever agree by accident; who relies on it verifies.
What lies in the arena below the matcher's own top is the same for all tokens and is known by its place; what a token
has put there is compared by its contents.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .entry import has_room, refusal
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .parser import frontier_node, frontier_size
from .pointers import Ints, Long, Longs, bytes_at, call_step, halves_at, ints_at, longs_at
from .shortest import begins_a_used_key, code_point_that_counts, length_that_counts
from .successors import count_that_matters
from .walks import load

Slots = types.Array(types.int64, 1, "C")
Numbers = types.Array(types.int32, 1, "C")

TOO_MANY = -16


@kernel(Long, Long, Long, inline=True)
def mixed(found, value):
    found = (found ^ value) * 0x2545F4914F6CDD1D
    return found ^ ((found >> 31) & 0x1FFFFFFFF)


@kernel(Long, Longs, Long, Long, Long)
def mixed_stack(slots, found, node, base):
    """The parser's stack from ``node`` down to what lies below ``base``."""
    arena = ints_at(slots[ARENA])
    while node >= base:
        found = mixed(found, np.int64(arena[node + GSS_STATE]))
        if arena[node + GSS_MORE] != 0:
            found = mixed(found, np.int64(arena[node + GSS_MORE]))
        node = np.int64(arena[node + GSS_BELOW])
    return mixed(found, node)


@kernel(Long, Longs, Long, Long, Long)
def mixed_frontier(slots, found, frontier, base):
    if abs(frontier) < base:
        return mixed(found, frontier)
    for i in range(frontier_size(slots, frontier)):
        found = mixed_stack(slots, found, frontier_node(slots, frontier, i), base)
    return found


@kernel(Long, Longs, Long, Long, Long, Long, Long)
def mixed_list(slots, found, at, base, width, following):
    """A linked list of records of ``width`` integers, of which number ``following`` leads to the next."""
    arena = ints_at(slots[ARENA])
    while at >= base:
        for i in range(width):
            if i != following:
                found = mixed(found, np.int64(arena[at + i]))
        at = np.int64(arena[at + following])
    return mixed(found, at)


@kernel(Long, Longs, Long, Long, Long)
def mixed_keys(slots, found, key, base):
    """The keys of an object that are not named."""
    arena = ints_at(slots[ARENA])
    while key >= base:
        for i in range(arena[key + KEY_SIZE]):
            found = mixed(found, np.int64(arena[key + KEY_CONTENT + i]))
        found = mixed(found, np.int64(arena[key + KEY_CLASS]))
        key = np.int64(arena[key + KEY_BEFORE])
    return mixed(found, key)


@kernel(Long, Longs, Long, Long, Long)
def mixed_frames(slots, found, frame, base):
    """The open containers, from the innermost one out."""
    arena = ints_at(slots[ARENA])
    while frame >= base:
        for field in (KIND, NODE, STATE):
            found = mixed(found, np.int64(arena[frame + field]))
        if arena[frame + KIND] == EMBEDDED:
            found = mixed_frontier(slots, found, np.int64(arena[frame + COUNT]), base)
            found = mixed_list(slots, found, np.int64(arena[frame + NEXT]), base, LINES_WIDTH, LINES_OUTER)
            found = mixed_list(slots, found, np.int64(arena[frame + OTHERS]), base, BLOCKER_WIDTH, BLOCKER_NEXT)
        else:
            found = mixed(mixed(found, count_that_matters(slots, frame)), np.int64(arena[frame + NEXT]))
        if arena[frame + KIND] == OBJECT:
            words = np.int64(ints_at(slots[NODES])[(np.int64(arena[frame + NODE]) << NODE_SHIFT) + WORDS])
            for i in range(words):
                found = mixed(found, np.int64(arena[frame + SEEN + i]))
            found = mixed_keys(slots, found, np.int64(arena[frame + OTHERS]), base)
        elif arena[frame + KIND] == ARRAY:
            found = mixed(found, np.int64(arena[frame + OTHERS]))
        frame = np.int64(arena[frame + PARENT])
    return mixed(found, frame)


@kernel(Long, Longs, Long, Ints, Long, Long, Long)
def mixed_configuration(slots, found, cells, i, top, base):
    """The configuration at ``i``; ``top``: its TOP."""
    mode = np.int64(cells[i + MODE])
    frame = np.int64(cells[i + FRAME])
    found = mixed(found, mode)
    if mode == GRAMMAR:
        found = mixed(mixed(found, np.int64(cells[i + A])), np.int64(cells[i + E]))
        found = mixed_frontier(slots, found, np.int64(cells[i + B]), base)
        found = mixed_list(slots, found, np.int64(cells[i + C]), base, BLOCKER_WIDTH, BLOCKER_NEXT)
        return mixed_list(slots, found, np.int64(cells[i + S]), base, LINES_WIDTH, LINES_OUTER)
    found = mixed(mixed(mixed_frames(slots, found, frame, base), np.int64(cells[i + A])), np.int64(cells[i + S]))
    if mode == NUMBER or mode == EMBEDDED_NUMBER:
        return mixed(mixed(mixed(found, np.int64(cells[i + B])), np.int64(cells[i + C])), np.int64(cells[i + E]))
    if mode == STRING:
        return mixed(found, length_that_counts(slots, cells, i))
    if mode == OPEN_KEY:
        arena = ints_at(slots[ARENA])
        size = np.int64(cells[i + C])
        start = top - size
        found = mixed(mixed(found, np.int64(cells[i + B])), code_point_that_counts(slots, cells, i, top))
        found = mixed(found, np.int64(arena[top - 1]) >> KEY_STATE_SHIFT)
        if cells[i + A] < 0 and not begins_a_used_key(slots, frame, start, size):
            return found
        for j in range(size):
            found = mixed(found, np.int64(arena[start + j]))
        return found
    if mode == LITERAL or mode == TEXT or mode == CHOICE or mode == KEY:
        found = mixed(mixed(found, np.int64(cells[i + B])), length_that_counts(slots, cells, i))
        return mixed(found, np.int64(cells[i + E]))
    if slots[WHITESPACE] == BLANKS_BY_PATTERN:
        found = mixed(found, np.int64(cells[i + E]))
    return mixed(found, np.int64(cells[i + B])) if mode == VALUE else found


@kernel(Long, Longs, Ints, Long, Long)
def outcome_of(slots, stack, i, base):
    """The hash of the configuration at ``i`` of the stack; never 0."""
    top = np.int64(stack[i + TOP])
    if stack[i + MODE] != SEVERAL:
        return mixed_configuration(slots, np.int64(1), stack, i, top, base) | 1
    arena = ints_at(slots[ARENA])
    threads = np.int64(stack[i + A])
    found = np.int64(3 if arena[threads] != 1 else 1)
    for k in range(arena[threads]):
        thread = threads + 1 + k * THREAD
        found = mixed_configuration(slots, found, arena, thread, np.int64(arena[thread + TOP]), base)
    return found | 1


@kernel(Long, Longs, Long, Slots, Numbers, Numbers, Long)
def group_of(slots, key, keys, numbers, samples, token):
    """The number of the group ``key``, from 1; a new one gets ``token`` for its sample; ``TOO_MANY`` without room."""
    wrap = len(keys) - 1
    slot = (key >> 7) & wrap
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + 1) & wrap
    if keys[slot] == 0:
        count = np.int64(samples[0]) + 1
        if count >= len(samples):
            return np.int64(TOO_MANY)
        keys[slot] = key
        numbers[slot] = count
        samples[0] = count
        samples[count] = token
    return np.int64(numbers[slot])


@kernel(Long, Slots, Long, Numbers, Slots, Numbers, Numbers, entry=True)
def sort_by_outcome(slot_array, trie, groups, keys, numbers, samples):
    """Write into ``groups`` the group of every token of ``trie`` (TRIE or CROSS) that may come next; others stay.

    ``keys`` and ``numbers``: a hash table of the groups, a power of two long and longer than ``samples``, whose first
    entry is the number of groups, followed by a token of each. The number of groups; ``TOO_MANY``; or -1 - outcome.
    """
    slots = longs_at(slot_array.ctypes.data)
    if not has_room(slots):
        return -1 - ARENA_FULL
    slots[MISS_COUNT] = 0
    stack = ints_at(slots[STACK])
    load(slots, stack)
    base = np.int64(stack[TOP])
    trie_byte = bytes_at(slots[trie])
    trie_depth = halves_at(slots[trie + 1])
    trie_terminal = ints_at(slots[trie + 2])
    trie_end = ints_at(slots[trie + 3])
    same = ints_at(slots[TOKEN_SAME])
    admits = bytes_at(slots[ADMITS])
    text = bytes_at(slots[TEXT_READ])
    start = ints_at(slots[OFFSETS])[slots[LENGTH]]
    for first in range(256):
        i = np.int64(ints_at(slots[trie + 4])[first])
        end = np.int64(trie_end[i]) if i >= 0 else np.int64(NONE)
        while i < end:
            depth = np.int64(trie_depth[i])
            byte = np.int64(trie_byte[i])
            if slots[KEEPS_TEXT] != 0:
                text[start + depth] = byte
            admitted = admits[(np.int64(stack[(depth << 3) + MODE]) << 8) + byte] != 0
            if not admitted or call_step(slots[STEP], slots, stack, depth, byte) == 0:
                i = np.int64(trie_end[i])
                continue
            token = np.int64(trie_terminal[i])
            if token >= 0:
                key = outcome_of(slots, stack, (depth + 1) << 3, base)
                group = group_of(slots, key, keys, numbers, samples, token)
                if group < 0:
                    return np.int64(TOO_MANY)
                while token >= 0:
                    groups[token] = group
                    token = np.int64(same[token])
            i += 1
    if slots[MISS_COUNT] or slots[SHORT]:
        return -1 - refusal(slots)
    return np.int64(samples[0])
