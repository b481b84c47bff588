"""Token masks inside a grammar's text.

Tokens that stay inside one terminal are known in groups (``token_sorting``), of which each may become the same
terminals: the parser is asked once for a group. The rest, tokens in which a terminal ends, are walked. Finished masks
are kept under all that they depend on: the scanner's state, the lines, and as many nodes of the parser's stack as the
walk looked at.
"""

from __future__ import annotations

import numpy as np

from .blockers import scanned
from .compilation import callback, kernel
from .frames import miss, put
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .lines import can_be_read, open_parentheses, read_terminal
from .masks import begin_reading, copy_mask, end_reading, kept_mask
from .pointers import (
    Flag,
    Ints,
    Long,
    Longs,
    Nothing,
    Words,
    address_of_words,
    bytes_at,
    call_restart,
    call_step,
    call_walk,
    halves_at,
    ints_at,
    longs_at,
    words_at,
)
from .threads import context_ready, plainly_scanned, thread_may_end
from .walks import load, walk_root

FEW_STEPS = 1 << 6
"""A mask that took more is kept."""

MANY_STEPS = 1 << 10
"""A state from which a mask takes so many steps is worth a record; an eighth of them from a place inside tokens on."""

NO_LIMIT = 1 << 40


@kernel(Long, Longs, Long, Long, Long)
def readable(slots, terminal, frontier, lines):
    """Can the parser read ``terminal``? MAY_READ where that depends on the columns of the line, which tokens change."""
    if terminal != slots[NEWLINE_TERMINAL] or slots[LINE_FACTS] == 0 or open_parentheses(slots, lines) > 0:
        can_read = can_be_read(slots, terminal, np.int64(DEAD), frontier, lines, np.int64(NONE))
        return np.int64(CAN_READ if can_read else CANNOT_READ)
    return np.int64(MAY_READ)


@kernel(Long, Longs, Long, Long, Long)
def can_become(slots, listed, frontier, lines):
    """Can the parser read one of the terminals listed at ``listed``? Keeps what it learns in ``READABLE``."""
    reach = ints_at(slots[REACHES] + listed * 4)
    known = bytes_at(slots[READABLE])
    found = np.int64(CANNOT_READ)
    for i in range(1, reach[0] + 1):
        terminal = np.int64(reach[i])
        if known[terminal] == UNKNOWN:
            known[terminal] = readable(slots, terminal, frontier, lines)
        if known[terminal] == CAN_READ:
            return np.int64(CAN_READ)
        if known[terminal] == MAY_READ:
            found = np.int64(MAY_READ)
    return found


@kernel(Nothing, Longs, Words, Longs, Long, inline=True)
def allow_group(slots, mask, group, within):
    """Allow the tokens of a group; ``within``: the address of a mask of those that matter, or 0."""
    only = words_at(within)
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


@kernel(Nothing, Longs, Ints, Words, Long, Long)
def allow_if_read(slots, stack, mask, token, base):
    """Allow a token of which the bytes from ``base`` on are read."""
    start = np.int64(ints_at(slots[TOKEN_OFFSETS])[token])
    content = bytes_at(slots[TOKEN_BYTES] + start)
    for depth in range(base, ints_at(slots[TOKEN_OFFSETS])[token + 1] - start):
        if call_step(slots[STEP], slots, stack, np.int64(depth), np.int64(content[depth])) == 0:
            return
    mask[token >> 5] |= np.uint32(1) << np.uint32(token & 31)


@kernel(Nothing, Longs, Ints, Words, Longs, Long, Long)
def judge_group(slots, stack, mask, group, within, base):
    """``allow_group`` for the tokens of which the bytes from ``base`` on are read."""
    only = words_at(within)
    listed = ints_at(group[GROUP_TOKENS_AT])
    if group[GROUP_SIZE] == NONE:
        for token in range(slots[VOCABULARY_SIZE]):
            bits = words_at(group[GROUP_TOKENS_AT])[token >> 5]
            if within != 0:
                bits &= only[token >> 5]
            if bits >> np.uint32(token & 31) & 1 != 0:
                allow_if_read(slots, stack, mask, np.int64(token), base)
        return
    for i in range(group[GROUP_SIZE]):
        member = np.int64(listed[i])
        if within == 0 or only[member >> 5] >> np.uint32(member & 31) & 1 != 0:
            allow_if_read(slots, stack, mask, member, base)


@kernel(Nothing, Longs, Ints, Words, Longs, Long, Long)
def allow_groups(slots, stack, mask, record, within, base):
    """Allow the groups of tokens of which the parser can read something, in the configuration at ``base``."""
    known = bytes_at(slots[READABLE])
    frontier, lines = np.int64(stack[(base << 3) + B]), np.int64(stack[(base << 3) + S])
    for terminal in range(slots[SYMBOLS]):
        known[terminal] = UNKNOWN
    for k in range(record[TOKENS_GROUPS]):
        group = longs_at(record[TOKENS_GROUPS_AT] + k * GROUP_WIDTH * 8)
        found = can_become(slots, group[GROUP_REACH], frontier, lines)
        if found == CAN_READ:
            allow_group(slots, mask, group, within)
        elif found == MAY_READ:
            judge_group(slots, stack, mask, group, within, base)


@kernel(Flag, Longs, Long)
def may_be_sorted(slots, frontier):
    """Is there, or can there be, a record for where the parser is? Not where values may come, or several contexts."""
    if frontier < 0:
        return False
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    return ints_at(slots[CONTEXTS])[context * CONTEXT_WIDTH + CONTEXT_EMBEDDED_COUNT] == 0


@kernel(Long, Longs, Long, Long)
def tokens_of_context(slots, frontier, place):
    """The record of what tokens do below a place where the parser is at ``frontier``; 0 where there is none."""
    if frontier < 0:
        return 0
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    if not context_ready(slots, context):
        return 0
    return longs_at(slots[CONTEXT_TOKENS])[context * slots[PLACE_COUNT] + place]


@kernel(Flag, Longs, Long, Long, Long)
def is_broad(slots, state, node, most):
    """Will a walk of the tokens below ``node`` (NONE: all) take more than ``most`` steps?

    ``state``: the scanner's. Nodes are counted behind two bytes that lead on. What follows where a terminal ends is not
    looked into.
    """
    ends, trie_bytes = ints_at(slots[TRIE + 3]), bytes_at(slots[TRIE])
    i = node + 1
    end = slots[TRIE_NODES] if node == NONE else np.int64(ends[node])
    count = np.int64(0)
    while i < end and count <= most:
        following = scanned(slots, state, np.int64(trie_bytes[i]))
        j = i + 1
        i = np.int64(ends[i])
        while following != DEAD and j < i and count <= most:
            if scanned(slots, following, np.int64(trie_bytes[j])) != DEAD:
                count += ends[j] - j
            j = np.int64(ends[j])
    return count > most


@kernel(Long, Long, inline=True)
def most_steps(place):
    return np.int64(MANY_STEPS if place == 0 else MANY_STEPS >> 3)


@kernel(Nothing, Longs, Long, Long)
def want_context(slots, frontier, place):
    """Ask for the record of the context where the parser is, for tokens below ``place``."""
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    if longs_at(slots[CONTEXT_TOKENS])[context * slots[PLACE_COUNT] + place] == 0:
        miss(slots, np.int64(MISS_CONTEXT_TOKENS), context * slots[PLACE_COUNT] + place)


@kernel(Flag, Longs, Long, Long)
def asks_for_context(slots, frontier, place):
    """Ask for the record of a context if a walk would be long without it.

    Where a value may come there are no records, and all has to be walked.
    """
    if not may_be_sorted(slots, frontier):
        return False
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    if not context_ready(slots, context):
        return True
    start = np.int64(ints_at(slots[CONTEXTS])[context * CONTEXT_WIDTH + CONTEXT_START])
    node = np.int64(NONE) if place == 0 else np.int64(ints_at(slots[PLACES])[place])
    if not is_broad(slots, start, node, most_steps(place)):
        return False
    want_context(slots, frontier, place)
    return True


@kernel(Nothing, Longs, Ints, Words, Long, Long)
def walk_below(slots, stack, mask, node, ending):
    """Walk the tokens below ``node`` (NONE: all) of which the next byte is one before which the terminal simply ends.

    ``ending``: the address of a table of these bytes.
    """
    depths, ends = halves_at(slots[TRIE + 1]), ints_at(slots[TRIE + 3])
    trie_bytes = bytes_at(slots[TRIE])
    is_ending = bytes_at(ending)
    i = node + 1
    end = slots[TRIE_NODES] if node == NONE else np.int64(ends[node])
    while i < end:
        if is_ending[trie_bytes[i]] != 0:
            slots[ONLY_ENDINGS] = 1 + np.int64(depths[i])
            call_walk(slots[WALK], slots, stack, mask, TRIE, i, np.int64(ends[i]), 0, 0)
            slots[ONLY_ENDINGS] = 0
        i = np.int64(ends[i])


@kernel(Nothing, Longs, Ints, Words, Longs, Long, Long)
def walk_segments(slots, stack, mask, record, ending, base):
    """Walk what a record leaves to be walked; ``ending``: a table of the bytes at ``base`` that matter, or 0."""
    segments = ints_at(record[TOKENS_SEGMENTS_AT])
    depths = halves_at(slots[TRIE + 1])
    trie_bytes = bytes_at(slots[TRIE])
    matters = bytes_at(ending)
    k = np.int64(0)
    while k < record[TOKENS_SEGMENTS]:
        segment = k * SEGMENT_WIDTH
        start = np.int64(segments[segment + SEGMENT_FROM])
        depth = np.int64(depths[start])
        byte = np.int64(trie_bytes[start])
        skip = segments[segment + SEGMENT_SKIP]
        if skip == ENDS:
            slots[ONLY_ENDINGS] = 1 + depth
            call_walk(slots[WALK], slots, stack, mask, TRIE, start, np.int64(segments[segment + SEGMENT_TO]), 0, 0)
            slots[ONLY_ENDINGS] = 0
            k += 1
        elif skip == RESTARTS:
            at = record[TOKENS_RESTARTS_AT] + segments[segment + SEGMENT_TO] * RESTART_WIDTH * 8
            call_restart(slots[GRAMMAR_RESTART], slots, stack, mask, longs_at(at), depth + 1)
            while longs_at(at)[RESTART_MORE] != 0:
                at += RESTART_WIDTH * 8
                call_restart(slots[GRAMMAR_RESTART], slots, stack, mask, longs_at(at), depth + 1)
            k += 1
        elif (depth != base or ending == 0 or matters[byte] != 0) and call_step(
            slots[STEP], slots, stack, depth, byte
        ) != 0:
            k += 1
        else:
            k = np.int64(skip)


@callback(Long, Longs, Ints, Words, Longs, Long)
def restart(slots, stack, mask, row, base):
    """The tokens that go on behind a place where the terminal of the thread at depth ``base`` simply ends."""
    i = base << 3
    state, outer, frontier = np.int64(stack[i + A]), np.int64(stack[i + FRAME]), np.int64(stack[i + B])
    lines, columns, top = np.int64(stack[i + S]), np.int64(stack[i + E]), np.int64(stack[i + TOP])
    place = row[RESTART_PLACE]
    node = np.int64(NONE) if place == 0 else np.int64(ints_at(slots[PLACES])[place])
    if stack[i + MODE] != GRAMMAR or stack[i + C] != 0:
        walk_below(slots, stack, mask, node, row[RESTART_BYTES])
        return 0
    terminal = np.int64(ints_at(slots[SCAN_ENDINGS])[row[RESTART_ENDING] * ENDING_WIDTH + ENDING_TERMINAL])
    slots[ALLOCATED] = top
    following = np.int64(read_terminal(slots, frontier, terminal, lines, columns))
    if following == 0:
        return 0
    after = slots[LINES]
    address = tokens_of_context(slots, following, place)
    if address == 0:
        if asks_for_context(slots, following, place):
            return 0
        most = slots[STEPS] + most_steps(place)
        slots[MOST_STEPS] = most if may_be_sorted(slots, following) else NO_LIMIT
        walk_below(slots, stack, mask, node, row[RESTART_BYTES])
        if slots[STEPS] > slots[MOST_STEPS]:
            want_context(slots, following, place)
        slots[MOST_STEPS] = NO_LIMIT
        return 0
    put(stack, i, GRAMMAR, outer, DEAD, following, 0, after, 0, slots[ALLOCATED])
    allow_groups(slots, stack, mask, longs_at(address), row[RESTART_TOKENS], base)
    walk_segments(slots, stack, mask, longs_at(address), row[RESTART_BYTES], base)
    put(stack, i, GRAMMAR, outer, state, frontier, 0, lines, columns, top)
    return 0


@kernel(Nothing, Longs, Ints, Words)
def walk_all(slots, stack, mask):
    for byte in range(256):
        if plainly_scanned(slots, stack, 0, np.int64(byte)) != DEAD:
            walk_root(slots, stack, mask, TRIE, byte, 0, 0)


@kernel(Nothing, Longs, Ints, Words)
def fill_without_record(slots, stack, mask):
    """The mask of a thread by a walk; asks for a record if that is long."""
    state, frontier = np.int64(stack[A]), np.int64(stack[B])
    if state == DEAD:
        if asks_for_context(slots, frontier, np.int64(0)):
            return
    elif is_broad(slots, state, np.int64(NONE), np.int64(MANY_STEPS)):
        miss(slots, np.int64(MISS_STATE_TOKENS), state)
        return
    slots[MOST_STEPS] = MANY_STEPS if state != DEAD or may_be_sorted(slots, frontier) else NO_LIMIT
    walk_all(slots, stack, mask)
    if slots[STEPS] > slots[MOST_STEPS]:
        if state == DEAD:
            want_context(slots, frontier, np.int64(0))
        else:
            miss(slots, np.int64(MISS_STATE_TOKENS), state)
    slots[MOST_STEPS] = NO_LIMIT


@kernel(Nothing, Longs, Ints, Words)
def fill_new(slots, stack, mask):
    """The mask of a thread, from what tokens do, as far as that is known."""
    state, frontier = np.int64(stack[A]), np.int64(stack[B])
    record = longs_at(slots[STATE_TOKENS])[state] if state != DEAD else tokens_of_context(slots, frontier, 0)
    slots[STEPS] = 0
    if record == 0:
        fill_without_record(slots, stack, mask)
        return
    slots[ALLOCATED] = stack[TOP]
    allow_groups(slots, stack, mask, longs_at(record), 0, 0)
    walk_segments(slots, stack, mask, longs_at(record), 0, 0)
    for k in range(longs_at(record)[TOKENS_AT_ROOT]):
        row = longs_at(longs_at(record)[TOKENS_RESTARTS_AT] + k * RESTART_WIDTH * 8)
        call_restart(slots[GRAMMAR_RESTART], slots, stack, mask, row, 0)
    slots[STEPS] += FEW_STEPS + 1  # worth keeping, whatever it was


# --- masks that are kept


@kernel(Long, Longs, Ints, Long)
def write_key(slots, stack, depth):
    """Write all that the mask depends on, if it looks at ``depth`` nodes of the parser's stack; the length, or 0."""
    key = ints_at(slots[MASK_KEY])
    arena = ints_at(slots[ARENA])
    key[1] = stack[A]
    key[2] = stack[E]
    count = 3
    lines = np.int64(stack[S])
    while lines != 0:
        if count + 2 > LONGEST_KEY:
            return 0
        key[count] = arena[lines + LINES_OPEN]
        key[count + 1] = arena[lines + LINES_COLUMNS]
        count += 2
        lines = np.int64(arena[lines + LINES_OUTER])
    if count + depth + 1 > LONGEST_KEY:
        return 0
    key[count] = NONE
    count += 1
    node = np.int64(stack[B])
    for _ in range(depth):
        if node < 0:
            break
        if arena[node + GSS_MORE] != 0:
            return 0
        key[count] = arena[node + GSS_STATE]
        count += 1
        node = np.int64(arena[node + GSS_BELOW])
    key[0] = count
    return count


@kernel(Long, Longs)
def key_code(slots):
    """A negative number for the key that was written: those of strings are positive."""
    key = ints_at(slots[MASK_KEY])
    code = np.int64(key[0])
    for i in range(1, key[0]):
        code = (code ^ np.int64(key[i])) * 0x5851F42D4C957F2D
        code ^= code >> 29
    return code | np.int64(-0x8000000000000000)


@kernel(Flag, Longs, Words)
def copy_kept(slots, mask):
    """Copy the mask that is kept for the key, if there is one."""
    key = ints_at(slots[MASK_KEY])
    begin_reading(slots)
    row = kept_mask(slots, key_code(slots))
    found = row != 0
    if found:
        known = ints_at(row)
        for i in range(key[0]):
            if known[i] != key[i]:
                found = False
                break
    if found:
        copy_mask(slots, mask, row + 4 * np.int64(key[0]))
    end_reading(slots)
    return found


@kernel(Long, Longs, Ints)
def depth_at(slots, stack):
    """Where it is kept how many nodes of the stack masks have looked at in a state like this one."""
    top = ints_at(slots[ARENA])[stack[B] + GSS_STATE]
    return slots[DEPTHS] + 4 * ((np.int64(stack[A]) * 31 + top * 17) & (KEY_DEPTHS - 1))


@kernel(Nothing, Longs, Ints, Words, Long)
def want_to_keep(slots, stack, mask, height):
    """Ask for the mask to be kept, if it is known what it depends on: with the tokens that end the text."""
    slots[ALLOCATED] = stack[TOP]
    thread_may_end(slots, stack, 0)
    if slots[MISS_COUNT] != 0 or slots[SHORT] != 0 or slots[STAY_MOST] == 0:
        return
    depths = ints_at(depth_at(slots, stack))
    depth = height - slots[LOWEST] + 1
    if depth > depths[0]:
        depths[0] = depth
    if write_key(slots, stack, np.int64(depths[0])) != 0:
        slots[STAY_WANTED] = key_code(slots)
        slots[FILLED] = address_of_words(mask)
        miss(slots, np.int64(MISS_MASK), 0)


@callback(Long, Longs, Ints, Words)
def fill_grammar(slots, stack, mask):
    """The mask of one thread in a grammar's text, which is all zeros before."""
    frontier = np.int64(stack[B])
    if stack[C] != 0 or frontier < 0:
        slots[MOST_STEPS] = NO_LIMIT
        walk_all(slots, stack, mask)
        return 0
    if write_key(slots, stack, np.int64(ints_at(depth_at(slots, stack))[0])) != 0 and copy_kept(slots, mask):
        return 0
    height = np.int64(ints_at(slots[ARENA])[frontier + GSS_HEIGHT])
    slots[LOWEST] = height
    fill_new(slots, stack, mask)
    if slots[STEPS] > FEW_STEPS:
        load(slots, stack)
        want_to_keep(slots, stack, mask, height)
    return 0
