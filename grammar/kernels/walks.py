"""Walks over tries of the vocabulary, depth first, leaving a subtree at the first byte that is refused."""

from __future__ import annotations

import numpy as np

from .compilation import callback, kernel
from .keys import key_byte, run_end
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Ints, Long, Longs, Nothing, Words, bytes_at, call_step, call_walk, halves_at, ints_at
from .structure import step
from .styles import style_of, use_style

FEW_NODES = 32

NO_LIMIT = 1 << 30


@kernel(Nothing, Longs, Words, Long, inline=True)
def allow(slots, mask, token):
    """Set the bit of ``token``, and of the tokens that stand for the same bytes."""
    same = ints_at(slots[TOKEN_SAME])
    while token >= 0:
        mask[token >> 5] |= np.uint32(1) << np.uint32(token & 31)
        token = np.int64(same[token])


@kernel(Nothing, Longs, Ints, inline=True)
def load(slots, stack):
    """Put the matcher's configuration at the bottom of the stack; its value's style comes into force."""
    history = ints_at(slots[HISTORY] + slots[LENGTH] * CONFIGURATION * 4)
    for i in range(CONFIGURATION):
        stack[i] = history[i]
    if slots[STYLES] != 0:
        use_style(slots, style_of(slots, stack, 0))


@kernel(Nothing, Longs, Ints, Long)
def keep(slots, stack, depth):
    """Put the configuration at ``depth`` of the stack behind those of the matcher, and count it.

    A value of a style that is not in force is a list of one thread up to here.
    """
    slots[LENGTH] += 1
    history = ints_at(slots[HISTORY] + slots[LENGTH] * CONFIGURATION * 4)
    at = depth * CONFIGURATION
    for i in range(CONFIGURATION):
        history[i] = stack[at + i]
    arena = ints_at(slots[ARENA])
    if stack[at + MODE] == SEVERAL and arena[stack[at + A]] == 1:
        for i in range(THREAD):
            history[i] = arena[stack[at + A] + 1 + i]
        if history[MODE] != OPEN_KEY:
            history[TOP] = stack[at + TOP]


@kernel(Nothing, Longs, Words, Long, Long, Long, inline=True)
def allow_bare_group(slots, mask, group, blanks_limit, newline_limit):
    """Allow the tokens that are ``group`` after leading blanks, if these are within the limits (in columns)."""
    offsets = ints_at(slots[BARE_OFFSETS])
    tokens = ints_at(slots[BARE_TOKENS])
    kinds = bytes_at(slots[BARE_BLANKS])
    columns = halves_at(slots[BARE_COLUMNS])
    for i in range(offsets[group], offsets[group + 1]):
        kind = kinds[i]
        if kind == BLANKS:
            allowed = columns[i] <= blanks_limit
        elif kind == NEWLINE:
            allowed = columns[i] <= newline_limit
        else:
            allowed = kind == NO_BLANKS or newline_limit == NO_LIMIT
        if allowed:
            token = tokens[i]
            mask[token >> 5] |= np.uint32(1) << np.uint32(token & 31)


@kernel(Nothing, Longs, Words, Long, Long, Long, inline=True)
def allow_tail_group(slots, mask, group, fewest, most):
    """Allow the tokens that are ``group`` after a closing quote, with ``fewest .. most`` code points before it."""
    offsets = ints_at(slots[TAIL_OFFSETS])
    tokens = ints_at(slots[TAIL_TOKENS])
    prefixes = halves_at(slots[TAIL_PREFIX])
    for i in range(offsets[group], offsets[group + 1]):
        if fewest <= prefixes[i] and prefixes[i] <= most:
            token = tokens[i]
            mask[token >> 5] |= np.uint32(1) << np.uint32(token & 31)


@callback(Long, Longs, Ints, Words, Long, Long, Long, Long, Long)
def walk(slots, stack, mask, trie, i, end, low, high):
    """Allow what ends at the nodes ``i .. end-1`` of a trie and the automaton reads.

    ``trie``: the slot at which the trie's five arrays begin. ``low`` and ``high`` limit the members of a group: blanks
    and newlines in columns (bare trie), code points before the quote (tails). One function for all tries, because
    ``step`` is inlined into it and takes long to compile.
    """
    trie_byte = bytes_at(slots[trie])
    trie_depth = halves_at(slots[trie + 1])
    trie_terminal = ints_at(slots[trie + 2])
    trie_end = ints_at(slots[trie + 3])
    admits = bytes_at(slots[ADMITS])
    text_kept = slots[KEEPS_TEXT] != 0
    text = bytes_at(slots[TEXT_READ])
    start = ints_at(slots[OFFSETS])[slots[LENGTH]]
    while i < end:
        depth = np.int64(trie_depth[i])
        byte = np.int64(trie_byte[i])
        at = depth << 3
        mode = np.int64(stack[at + MODE])
        if text_kept:
            text[start + depth] = byte
        if admits[(mode << 8) + byte] == 0 or step(slots, stack, depth, byte) == 0:
            i = np.int64(trie_end[i])
            continue
        terminal = np.int64(trie_terminal[i])
        if terminal >= 0:
            if trie == BARE:
                allow_bare_group(slots, mask, terminal, low, high)
            elif trie == TAIL:
                allow_tail_group(slots, mask, terminal, low, high)
            else:
                allow(slots, mask, terminal)
        i += 1
    return 0


@kernel(Nothing, Longs, Ints, Words, Long, Long, Long, Long)
def walk_root(slots, stack, mask, trie, byte, low, high):
    """``walk`` over the subtree of ``byte`` at the root of a trie."""
    root = np.int64(ints_at(slots[trie + 4])[byte])
    if root >= 0:
        call_walk(slots[WALK], slots, stack, mask, trie, root, np.int64(ints_at(slots[trie + 3])[root]), low, high)


@kernel(Nothing, Longs, Ints, Words, Long)
def walk_second(slots, stack, mask, node):
    """``walk`` over the subtree of a second byte."""
    if node >= 0:
        end = np.int64(ints_at(slots[TRIE + 3])[node])
        call_walk(slots[WALK], slots, stack, mask, TRIE, node, end, 0, 0)


@kernel(Nothing, Longs, Ints, Words, Long, Long, Long, Long)
def walk_as_keys_go_on(slots, stack, mask, byte, key, hi, position):
    """``walk_root``, where after ``byte`` only the bytes at ``position`` of the keys ``key .. hi-1`` may come.

    The children of a node lie far apart: with nothing in the processor's caches, a mask at the beginning of 3,000
    strings took 75 us, and takes 28.
    """
    root = np.int64(ints_at(slots[TRIE + 4])[byte])
    if root < 0 or ints_at(slots[TRIE + 3])[root] - root <= FEW_NODES:
        walk_root(slots, stack, mask, TRIE, byte, 0, 0)
        return
    if slots[KEEPS_TEXT] != 0:
        bytes_at(slots[TEXT_READ])[ints_at(slots[OFFSETS])[slots[LENGTH]]] = byte
    if call_step(slots[STEP], slots, stack, 0, byte) == 0:
        return
    terminal = np.int64(ints_at(slots[TRIE + 2])[root])
    if terminal >= 0:
        allow(slots, mask, terminal)
    seconds = ints_at(slots[TRIE_SECOND] + byte * 256 * 4)
    walk_second(slots, stack, mask, np.int64(seconds[0x22]))
    walk_second(slots, stack, mask, np.int64(seconds[0x5C]))
    while key < hi:
        second = key_byte(slots, key, position)
        if second < 0:
            key += 1
        else:
            if second != 0x22 and second != 0x5C:
                walk_second(slots, stack, mask, np.int64(seconds[second]))
            key = run_end(slots, key, hi, position, second)
