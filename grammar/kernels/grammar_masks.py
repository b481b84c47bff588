"""Token masks inside a grammar's text.

Most tokens stay inside one terminal, or begin one after blanks that are ignored. Which ones is the scanner's business
alone, so it is worked out once for each of its states, and for each context: groups of tokens, of which each may become
the same terminals. The parser is asked once for a group. The rest, tokens in which a terminal ends, are *segments* of the
trie, which are walked.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import callback, kernel
from .frames import miss, put
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import (
    Flag,
    Ints,
    Long,
    Longs,
    Nothing,
    Words,
    bytes_at,
    call_step,
    call_walk,
    halves_at,
    ints_at,
    longs_at,
    words_at,
)
from .threads import context_ready, is_readable, read_terminal, scanned

Ints1 = types.Array(types.int32, 1, "C")
Slots = types.Array(types.int64, 1, "C")

MANY_STEPS = 1 << 11
"""A state from which a mask took so many steps is worth a record."""


@kernel(Nothing, Longs, Ints, Words)
def walk_everything(slots, stack, mask):
    roots = ints_at(slots[TRIE + 4])
    ends = ints_at(slots[TRIE + 3])
    for byte in range(256):
        if roots[byte] >= 0:
            root = np.int64(roots[byte])
            call_walk(slots[WALK], slots, stack, mask, TRIE, root, np.int64(ends[root]), 0, 0)


# --- what tokens do, as far as the scanner knows


@kernel(Flag, Longs, Long, inline=True)
def ends_unguarded(slots, state):
    """Does nothing that follows undo the ends of terminals in ``state``, unless they go on?"""
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    for k in range(where[0], where[0] + where[1]):
        if ints_at(slots[SCAN_ENDINGS])[np.int64(k) * ENDING_WIDTH + ENDING_GUARD] >= 0:
            return False
    return True


@kernel(Flag, Longs, Long, inline=True)
def only_ignored_ends(slots, state):
    """Does a terminal end in ``state``, and are all that do ignored?"""
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    terminals = ints_at(slots[TERMINALS])
    for k in range(where[0], where[0] + where[1]):
        ending = ints_at(slots[SCAN_ENDINGS] + np.int64(k) * ENDING_WIDTH * 4)
        if terminals[ending[ENDING_TERMINAL] * TERMINAL_WIDTH + TERMINAL_KIND] != IGNORED:
            return False
    return where[1] != 0 and ends_unguarded(slots, state)


@kernel(Flag, Longs, Long, Long, inline=True)
def simply_ends(slots, state, byte):
    """If a terminal ends in ``state`` before ``byte``, is that without any condition?"""
    return ends_unguarded(slots, state) and (slots[LONGEST_MATCH] == 0 or scanned(slots, state, byte) == DEAD)


@kernel(Flag, Longs, Long, Long, Long)
def may_end_before(slots, state, following, byte):
    """Can a terminal end in ``state`` if ``byte``, which leads to ``following``, comes next?"""
    if following != DEAD and slots[LONGEST_MATCH] != 0 and bytes_at(slots[SCAN_DECIDED])[following] != 0:
        return False
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    followers = bytes_at(slots[FOLLOWERS])
    for k in range(where[0], where[0] + where[1]):
        terminal = np.int64(ints_at(slots[SCAN_ENDINGS])[np.int64(k) * ENDING_WIDTH + ENDING_TERMINAL])
        if followers[(terminal << 8) + byte] != 0:
            return True
    return False


@kernel(Nothing, Slots, Long, types.Array(types.uint8, 1, "C"), entry=True)
def find_ending_bytes(slot_array, state, ending):
    """Set ``ending`` where a byte of its number simply ends a terminal in the scanner's ``state``."""
    slots = longs_at(slot_array.ctypes.data)
    for byte in range(256):
        following = scanned(slots, state, byte)
        ending[byte] = 1 if simply_ends(slots, state, byte) and may_end_before(slots, state, following, byte) else 0


@kernel(Long, Longs, Ints1, Ints1, Long, Long)
def add_path(slots, path, segments, count, depth):
    """Add segments for the nodes on the path above ``depth`` that have none yet; how many there are.

    ``path``: for each depth, the node, and its segment or ``NONE``.
    """
    for d in range(depth):
        if path[2 * d + 1] == NONE:
            path[2 * d + 1] = count
            segments[count * SEGMENT_WIDTH + SEGMENT_FROM] = path[2 * d]
            segments[count * SEGMENT_WIDTH + SEGMENT_TO] = path[2 * d] + 1
            count += 1
    return count


@kernel(Long, Slots, Long, Long, Ints1, Ints1, Ints1, Ints1, entry=True)
def sort_tokens(slot_array, first, context_start, reached, segments, states, path):
    """What every token does from the scanner's state ``first`` on, or, if that is ``DEAD``, at ``context_start``.

    Writes to ``reached`` for every token that stays inside, 1 + where it is listed what the terminal may become; to
    ``segments`` the parts of the trie to be walked; returns how many. A segment has a negative ``SKIP`` if only what ends
    before its bytes counts, else it is one node on the way to others, which ``SKIP`` leaves out.
    """
    slots = longs_at(slot_array.ctypes.data)
    trie_byte = bytes_at(slots[TRIE])
    trie_depth = halves_at(slots[TRIE + 1])
    trie_terminal = ints_at(slots[TRIE + 2])
    trie_end = ints_at(slots[TRIE + 3])
    same = ints_at(slots[TOKEN_SAME])
    reach = ints_at(slots[SCAN_REACH])
    count = np.int64(0)
    states[0] = first
    i = np.int64(0)
    while i < slots[TRIE_NODES]:
        depth = np.int64(trie_depth[i])
        byte = np.int64(trie_byte[i])
        state = np.int64(states[depth])
        path[2 * depth] = i
        path[2 * depth + 1] = NONE
        following = scanned(slots, context_start if state == DEAD else state, byte)
        if state != DEAD:
            restarts = following == DEAD and context_start != DEAD and only_ignored_ends(slots, state)
            if restarts:
                following = scanned(slots, context_start, byte)
            elif may_end_before(slots, state, following, byte) and (depth != 0 or not simply_ends(slots, state, byte)):
                count = add_path(slots, path, segments, count, depth)
                segments[count * SEGMENT_WIDTH + SEGMENT_FROM] = i
                segments[count * SEGMENT_WIDTH + SEGMENT_TO] = trie_end[i]
                segments[count * SEGMENT_WIDTH + SEGMENT_SKIP] = NONE
                count += 1
        if following == DEAD:
            i = np.int64(trie_end[i])
            continue
        states[depth + 1] = following
        token = np.int64(trie_terminal[i])
        while token >= 0:
            reached[token] = 1 + reach[following]
            token = np.int64(same[token])
        i += 1
    set_skips(slots, segments, count)
    return count


@kernel(Nothing, Longs, Ints1, Long)
def set_skips(slots, segments, count):
    """For every segment that is a node on the way, the first one behind all that are below it."""
    ends = ints_at(slots[TRIE + 3])
    for k in range(count):
        at = k * SEGMENT_WIDTH
        if segments[at + SEGMENT_SKIP] != NONE:
            end = ends[segments[at + SEGMENT_FROM]]
            j = k + 1
            while j < count and segments[j * SEGMENT_WIDTH + SEGMENT_FROM] < end:
                j += 1
            segments[at + SEGMENT_SKIP] = j


# --- masks


@kernel(Nothing, Longs, Words, Longs, Long, inline=True)
def allow_group(slots, mask, group, within):
    """Allow the tokens of a group, if ``within`` (a record) is given only those that begin with its ending bytes."""
    only = words_at(np.int64(0) if within == 0 else longs_at(within)[TOKENS_ENDED_BY])
    if group[GROUP_SIZE] == NONE:
        tokens = words_at(group[GROUP_TOKENS_AT])
        for i in range(slots[MASK_WORDS]):
            mask[i] |= tokens[i] if within == 0 else tokens[i] & only[i]
        return
    listed = ints_at(group[GROUP_TOKENS_AT])
    for i in range(group[GROUP_SIZE]):
        token = listed[i]
        bit = np.uint32(1) << np.uint32(token & 31)
        if within == 0 or only[token >> 5] & bit != 0:
            mask[token >> 5] |= bit


@kernel(Nothing, Longs, Words, Longs, Long, Long, Long)
def allow_groups(slots, mask, record, frontier, lines, within):
    """Allow the groups of tokens of which the parser can read something."""
    for k in range(record[TOKENS_GROUPS]):
        group = longs_at(record[TOKENS_GROUPS_AT] + k * GROUP_WIDTH * 8)
        if is_readable(slots, group[GROUP_REACH], frontier, lines):
            allow_group(slots, mask, group, within)


@kernel(Nothing, Longs, Ints, Words, Longs, Long)
def walk_segments(slots, stack, mask, record, within):
    segments = ints_at(record[TOKENS_SEGMENTS_AT])
    depths = halves_at(slots[TRIE + 1])
    trie_bytes = bytes_at(slots[TRIE])
    ending = bytes_at(np.int64(0) if within == 0 else longs_at(within)[TOKENS_ENDING_BYTES])
    k = np.int64(0)
    while k < record[TOKENS_SEGMENTS]:
        segment = k * SEGMENT_WIDTH
        start = np.int64(segments[segment + SEGMENT_FROM])
        depth = np.int64(depths[start])
        byte = np.int64(trie_bytes[start])
        if segments[segment + SEGMENT_SKIP] < 0:
            slots[ONLY_ENDINGS] = 1 + depth
            call_walk(slots[WALK], slots, stack, mask, TRIE, start, np.int64(segments[segment + SEGMENT_TO]), 0, 0)
            slots[ONLY_ENDINGS] = 0
            k += 1
        elif (depth != 0 or within == 0 or ending[byte] != 0) and call_step(
            slots[STEP], slots, stack, depth, byte
        ) != 0:
            k += 1
        else:
            k = np.int64(segments[segment + SEGMENT_SKIP])


@kernel(Nothing, Longs, Ints, Words, Long)
def walk_endings(slots, stack, mask, within):
    """All tokens before which the terminal of the thread at the bottom of ``stack`` simply ends, one by one."""
    roots = ints_at(slots[TRIE + 4])
    ends = ints_at(slots[TRIE + 3])
    ending = bytes_at(longs_at(within)[TOKENS_ENDING_BYTES])
    for byte in range(256):
        if ending[byte] != 0 and roots[byte] >= 0:
            root = np.int64(roots[byte])
            slots[ONLY_ENDINGS] = 1
            call_walk(slots[WALK], slots, stack, mask, TRIE, root, np.int64(ends[root]), 0, 0)
            slots[ONLY_ENDINGS] = 0


@kernel(Long, Longs, Long)
def tokens_of_context(slots, frontier):
    """The record of what tokens do where the parser is at ``frontier``, 0 where there is none."""
    if frontier < 0:
        return 0
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    if not context_ready(slots, context):
        return 0
    record = longs_at(slots[CONTEXT_TOKENS])[context]
    embedded = ints_at(slots[CONTEXTS])[context * CONTEXT_WIDTH + CONTEXT_EMBEDDED_COUNT]
    return record if embedded == 0 else np.int64(0)


@kernel(Nothing, Longs, Long)
def want_context(slots, frontier):
    """Ask for the record of a context if the mask took many steps without it."""
    if frontier > 0 and slots[STEPS] > MANY_STEPS:
        context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
        if longs_at(slots[CONTEXT_TOKENS])[context] == 0:
            miss(slots, np.int64(MISS_CONTEXT_TOKENS), context)


@kernel(Nothing, Longs, Ints, Words, *[Long] * 4)
def fill_from_context(slots, stack, mask, outer, frontier, lines, within):
    """The tokens that begin a terminal where the parser is at ``frontier``, which has a record."""
    record = longs_at(tokens_of_context(slots, frontier))
    allow_groups(slots, mask, record, frontier, lines, within)
    put(stack, np.int64(0), GRAMMAR, outer, DEAD, frontier, 0, lines, 0, slots[ALLOCATED])
    walk_segments(slots, stack, mask, record, within)


@kernel(Nothing, Longs, Ints, Words, Long)
def fill_endings(slots, stack, mask, within):
    """The tokens before whose first byte the terminal in hand simply ends; ``within``: the record of its state."""
    state, outer, frontier = np.int64(stack[A]), np.int64(stack[FRAME]), np.int64(stack[B])
    lines, columns, top = np.int64(stack[S]), np.int64(stack[E]), np.int64(stack[TOP])
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    one_by_one = False
    for k in range(where[0], where[0] + where[1]):
        terminal = np.int64(ints_at(slots[SCAN_ENDINGS])[np.int64(k) * ENDING_WIDTH + ENDING_TERMINAL])
        slots[ALLOCATED] = top
        following = np.int64(read_terminal(slots, frontier, terminal, lines, columns))
        if following == 0:
            continue
        if tokens_of_context(slots, following) == 0:
            slots[STEPS] = 0
            put(stack, np.int64(0), GRAMMAR, outer, state, frontier, 0, lines, columns, top)
            walk_endings(slots, stack, mask, within)
            want_context(slots, following)
            return
        fill_from_context(slots, stack, mask, outer, following, slots[LINES], within)


@callback(Long, Longs, Ints, Words)
def fill_grammar(slots, stack, mask):
    """The mask of one thread in a grammar's text, which is all zeros before."""
    state, frontier = np.int64(stack[A]), np.int64(stack[B])
    slots[ALLOCATED] = stack[TOP]
    slots[STEPS] = 0
    if stack[C] != 0:
        walk_everything(slots, stack, mask)
    elif state == DEAD:
        if tokens_of_context(slots, frontier) != 0:
            fill_from_context(slots, stack, mask, np.int64(stack[FRAME]), frontier, np.int64(stack[S]), 0)
        else:
            walk_everything(slots, stack, mask)
            want_context(slots, frontier)
    else:
        record = longs_at(slots[STATE_TOKENS])[state]
        if record == 0:
            walk_everything(slots, stack, mask)
            if slots[STEPS] > MANY_STEPS:
                miss(slots, np.int64(MISS_STATE_TOKENS), state)
        else:
            allow_groups(slots, mask, longs_at(record), frontier, np.int64(stack[S]), 0)
            walk_segments(slots, stack, mask, longs_at(record), 0)
            fill_endings(slots, stack, mask, record)
    return 0
