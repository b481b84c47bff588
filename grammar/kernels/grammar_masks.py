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
from .masks import begin_reading, copy_mask, end_reading, kept_mask, load
from .parser import can_shift
from .pointers import (
    Flag,
    Ints,
    Long,
    Longs,
    Nothing,
    Words,
    bytes_at,
    call_restart,
    call_step,
    call_walk,
    halves_at,
    ints_at,
    address_of_words,
    longs_at,
    words_at,
)
from .threads import context_ready, is_inevitable, open_parentheses, read_terminal, scanned

Ints1 = types.Array(types.int32, 1, "C")
Bytes1 = types.Array(types.uint8, 1, "C")
Slots = types.Array(types.int64, 1, "C")

FEW_STEPS = 1 << 4
"""A mask that took more is kept."""

MANY_STEPS = 1 << 11
NO_LIMIT = 1 << 40
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


NOT, SIMPLY, PERHAPS = range(3)


@kernel(Long, Longs, Long, Long)
def ends_before(slots, ending, byte):
    """Does a terminal end if ``byte`` comes next? ``ending``: which of all endings of the scanner. ``PERHAPS``: it depends."""
    row = ints_at(slots[SCAN_ENDINGS] + ending * ENDING_WIDTH * 4)
    if bytes_at(slots[FOLLOWERS])[(np.int64(row[ENDING_TERMINAL]) << 8) + byte] == 0:
        return NOT
    if slots[LONGEST_MATCH] == 0:
        return SIMPLY
    answer = SIMPLY
    preferred = np.int64(row[ENDING_PREFERRED])
    if preferred != DEAD:
        preferred = scanned(slots, preferred, byte)
        if preferred != DEAD:
            if is_inevitable(slots, preferred, byte):
                return NOT
            answer = PERHAPS
    guard = np.int64(row[ENDING_GUARD])
    if guard >= 0:
        verdict = bytes_at(slots[GUARD_VERDICT])[ints_at(slots[GUARD_NEXT])[(guard << 8) + byte]]
        if verdict == GUARD_VIOLATED:
            return NOT
        if verdict == GUARD_PENDING:
            return PERHAPS
    return answer


@kernel(Flag, Longs, Long, Long, Long)
def may_end_before(slots, state, byte, answer):
    """Does some terminal in ``state`` end if ``byte`` comes next? At least as surely as ``answer``, or, if negative, just so."""
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    for k in range(where[0], where[0] + where[1]):
        found = ends_before(slots, np.int64(k), byte)
        if found == -answer or (answer > 0 and found != NOT):
            return True
    return False


@kernel(Flag, Longs, Long, Long)
def simply_ends_somewhere(slots, state, context_start):
    """Is there a byte before which a terminal simply ends in ``state``, other than one that ``sort_tokens`` looks past?"""
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    if where[1] == 0 or (context_start != DEAD and only_ignored_ends(slots, state)):
        return False
    for byte in range(256):
        if may_end_before(slots, state, byte, -SIMPLY):
            return True
    return False


@kernel(Nothing, Slots, Long, Bytes1, entry=True)
def find_ending_bytes(slot_array, ending, found):
    """Set ``found`` where the scanner's ending simply counts before a byte of its number."""
    slots = longs_at(slot_array.ctypes.data)
    for byte in range(256):
        found[byte] = 1 if ends_before(slots, ending, byte) == SIMPLY else 0


@kernel(Nothing, Slots, Long, Bytes1, Ints1, entry=True)
def tokens_below(slot_array, node, bytes_wanted, mask):
    """Allow in ``mask`` the tokens below ``node`` of the trie (NONE: all) whose next byte is wanted."""
    slots = longs_at(slot_array.ctypes.data)
    ends, trie_bytes, terminals = ints_at(slots[TRIE + 3]), bytes_at(slots[TRIE]), ints_at(slots[TRIE + 2])
    same = ints_at(slots[TOKEN_SAME])
    i = node + 1
    end = slots[TRIE_NODES] if node == NONE else np.int64(ends[node])
    while i < end:
        if bytes_wanted[trie_bytes[i]] != 0:
            for j in range(i, ends[i]):
                token = terminals[j]
                while token >= 0:
                    mask[token >> 5] |= np.int32(1) << np.int32(token & 31)
                    token = same[token]
        i = np.int64(ends[i])


@kernel(
    Nothing,
    types.Array(types.uint8, 1, "C"),
    types.Array(types.uint16, 1, "C"),
    Bytes1,
    Bytes1,
    Bytes1,
    entry=True,
)
def gather_contents(trie_byte, trie_depth, class_of, below, contents):
    """Set ``contents`` of every node to the classes of the bytes below it. ``below``: zeros, one for each depth and more."""
    for i in range(len(trie_byte) - 1, -1, -1):
        depth = trie_depth[i]
        contents[i] = below[depth]
        if depth > 0:
            below[depth - 1] |= below[depth] | class_of[trie_byte[i]]
        below[depth] = 0


@kernel(Long, Ints1, Ints1, Ints1, Ints1, Ints1, entry=True)
def group_tokens(tokens, reached, sizes, groups, members):
    """Gather the ``tokens`` that reach the same: ``members`` group by group, and how many of each; the number of groups.

    ``sizes``: zeros, as many as there are values of ``reached``. ``groups``: pairs of what is reached and a size.
    """
    count = 0
    for i in range(len(tokens)):
        value = reached[tokens[i]]
        if sizes[value] == 0:
            groups[2 * count] = value
            count += 1
        sizes[value] += 1
    start = 0
    for k in range(count):
        value = groups[2 * k]
        groups[2 * k + 1] = sizes[value]
        start += sizes[value]
        sizes[value] = start - sizes[value]
    for i in range(len(tokens)):
        value = reached[tokens[i]]
        members[sizes[value]] = tokens[i]
        sizes[value] += 1
    for k in range(count):
        sizes[groups[2 * k]] = 0
    return count


@kernel(Nothing, Longs, Ints1, Long)
def set_skips(slots, segments, count):
    """For every segment that is a node on the way, the first one behind all that are below it."""
    ends = ints_at(slots[TRIE + 3])
    for k in range(count):
        at = k * SEGMENT_WIDTH
        if segments[at + SEGMENT_SKIP] >= 0:
            end = ends[segments[at + SEGMENT_FROM]]
            j = k + 1
            while j < count and segments[j * SEGMENT_WIDTH + SEGMENT_FROM] < end:
                j += 1
            segments[at + SEGMENT_SKIP] = j


@kernel(Long, Longs, Long, inline=True)
def place_of(slots, node):
    """Which of the places with much to go on the trie's node is, or 0."""
    return np.int64(halves_at(slots[PLACE_OF])[node])


@kernel(Nothing, Ints1, Long, Long, Long, Long, inline=True)
def add_segment(segments, count, first, to, skip):
    segments[count * SEGMENT_WIDTH + SEGMENT_FROM] = first
    segments[count * SEGMENT_WIDTH + SEGMENT_TO] = to
    segments[count * SEGMENT_WIDTH + SEGMENT_SKIP] = skip


@kernel(Long, Longs, Ints1, Ints1, Long, Long)
def add_path(slots, path, segments, count, depth):
    """Add segments for the nodes on the path above ``depth`` that have none yet; how many there are.

    ``path``: for each depth, the node, and its segment or ``NONE``.
    """
    for d in range(depth):
        if path[2 * d + 1] == NONE:
            path[2 * d + 1] = count
            add_segment(segments, count, path[2 * d], path[2 * d] + 1, 0)
            count += 1
    return count


@kernel(Long, Slots, Long, Long, Long, Ints1, Ints1, Ints1, Ints1, Ints1, entry=True)
def sort_tokens(slot_array, place, first, context_start, tokens, reached, segments, states, path):
    """What the tokens below a place of the trie do from the scanner's state ``first`` on, or from ``context_start`` on.

    The latter if ``first`` is ``DEAD``. Writes to ``tokens`` those that stay inside, behind their number, and to
    ``reached``, for each of them, 1 + where it is listed what the terminal may become; to ``segments`` what has to be walked (``SEGMENT_TO`` of restarts is the state); returns
    how many segments there are.
    """
    slots = longs_at(slot_array.ctypes.data)
    trie_byte = bytes_at(slots[TRIE])
    trie_depth = halves_at(slots[TRIE + 1])
    trie_terminal = ints_at(slots[TRIE + 2])
    trie_end = ints_at(slots[TRIE + 3])
    same = ints_at(slots[TOKEN_SAME])
    reach = ints_at(slots[SCAN_REACH])
    contents, loops = bytes_at(slots[CONTENTS]), bytes_at(slots[LOOPS])
    count = np.int64(0)
    i = np.int64(0)
    end = slots[TRIE_NODES]
    base = np.int64(0)
    if place != 0:
        i = np.int64(ints_at(slots[PLACES])[place]) + 1
        end = np.int64(trie_end[i - 1])
        base = np.int64(trie_depth[i])
    for d in range(base):
        path[2 * d + 1] = 0
    states[base] = first
    while i < end:
        depth = np.int64(trie_depth[i])
        byte = np.int64(trie_byte[i])
        state = np.int64(states[depth])
        path[2 * depth] = i
        path[2 * depth + 1] = NONE
        following = scanned(slots, context_start if state == DEAD else state, byte)
        if state != DEAD:
            at_place = depth == 0 or (depth > base and place_of(slots, np.int64(path[2 * depth - 2])) != 0)
            if following == DEAD and context_start != DEAD and only_ignored_ends(slots, state):
                following = scanned(slots, context_start, byte)
            elif may_end_before(slots, state, byte, -PERHAPS if at_place else SIMPLY):
                count = add_path(slots, path, segments, count, depth)
                add_segment(segments, count, i, np.int64(trie_end[i]), ENDS)
                count += 1
        if following == DEAD:
            i = np.int64(trie_end[i])
            continue
        states[depth + 1] = following
        stop = i + 1
        if contents[i] & ~loops[following] == 0 and place_of(slots, i) == 0:
            stop = np.int64(trie_end[i])  # whatever follows leads here again
        for j in range(i, stop):
            token = np.int64(trie_terminal[j])
            while token >= 0:
                reached[token] = 1 + reach[following]
                tokens[0] += 1
                tokens[tokens[0]] = token
                token = np.int64(same[token])
        if stop > i + 1:
            i = stop
            continue
        if place_of(slots, i) != 0 and simply_ends_somewhere(slots, following, context_start):
            count = add_path(slots, path, segments, count, depth + 1)
            add_segment(segments, count, i, following, RESTARTS)
            count += 1
        i += 1
    set_skips(slots, segments, count)
    return count


# --- masks


@kernel(Flag, Longs, Long, Long, Long)
def is_read(slots, terminal, frontier, lines):
    if ints_at(slots[TERMINALS])[terminal * TERMINAL_WIDTH + TERMINAL_KIND] == IGNORED:
        return True
    if terminal == slots[NEWLINE_TERMINAL] and open_parentheses(slots, lines) > 0:
        return True
    return can_shift(slots, frontier, terminal)


@kernel(Flag, Longs, Long, Long, Long)
def can_become(slots, listed, frontier, lines):
    """Can the parser read one of the terminals listed at ``listed``? Keeps what it learns in ``READABLE``."""
    reach = ints_at(slots[REACHES] + listed * 4)
    known = bytes_at(slots[READABLE])
    for i in range(1, reach[0] + 1):
        terminal = np.int64(reach[i])
        if known[terminal] == UNKNOWN:
            known[terminal] = CAN_READ if is_read(slots, terminal, frontier, lines) else CANNOT_READ
        if known[terminal] == CAN_READ:
            return True
    return False


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


@kernel(Nothing, Longs, Words, Longs, Long, Long, Long)
def allow_groups(slots, mask, record, frontier, lines, within):
    """Allow the groups of tokens of which the parser can read something."""
    known = bytes_at(slots[READABLE])
    for terminal in range(slots[SYMBOLS]):
        known[terminal] = UNKNOWN
    for k in range(record[TOKENS_GROUPS]):
        group = longs_at(record[TOKENS_GROUPS_AT] + k * GROUP_WIDTH * 8)
        if can_become(slots, group[GROUP_REACH], frontier, lines):
            allow_group(slots, mask, group, within)


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


@kernel(Nothing, Longs, Long, Long, Long)
def want_context(slots, frontier, place, steps):
    """Ask for the record of a context if the mask took many steps, after the first ``steps``, for want of it.

    Where a value may come there are no records, and all has to be walked.
    """
    if slots[STEPS] - steps <= (MANY_STEPS if place == 0 else MANY_STEPS >> 3) or not may_be_sorted(slots, frontier):
        return
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    if longs_at(slots[CONTEXT_TOKENS])[context * slots[PLACE_COUNT] + place] == 0:
        slots[WANTED_PLACE] = place
        miss(slots, np.int64(MISS_CONTEXT_TOKENS), context)


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
        steps = slots[STEPS]
        if may_be_sorted(slots, following):
            slots[MOST_STEPS] = steps + (MANY_STEPS if place == 0 else MANY_STEPS >> 3)
        walk_below(slots, stack, mask, node, row[RESTART_BYTES])
        want_context(slots, following, place, steps)
        slots[MOST_STEPS] = NO_LIMIT
        return 0
    put(stack, i, GRAMMAR, outer, DEAD, following, 0, after, 0, slots[ALLOCATED])
    allow_groups(slots, mask, longs_at(address), following, after, row[RESTART_TOKENS])
    walk_segments(slots, stack, mask, longs_at(address), row[RESTART_BYTES], base)
    put(stack, i, GRAMMAR, outer, state, frontier, 0, lines, columns, top)
    return 0


@kernel(Nothing, Longs, Ints, Words)
def fill_new(slots, stack, mask):
    """The mask of a thread, from what tokens do, as far as that is known."""
    state, frontier = np.int64(stack[A]), np.int64(stack[B])
    record = longs_at(slots[STATE_TOKENS])[state] if state != DEAD else tokens_of_context(slots, frontier, 0)
    slots[STEPS] = 0
    if record == 0:
        slots[MOST_STEPS] = MANY_STEPS if state != DEAD or may_be_sorted(slots, frontier) else NO_LIMIT
        walk_everything(slots, stack, mask)
        slots[MOST_STEPS] = NO_LIMIT
        if state == DEAD:
            want_context(slots, frontier, 0, 0)
        elif slots[STEPS] > MANY_STEPS:
            miss(slots, np.int64(MISS_STATE_TOKENS), state)
        return
    slots[ALLOCATED] = stack[TOP]
    allow_groups(slots, mask, longs_at(record), frontier, np.int64(stack[S]), 0)
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
    """Ask for the mask to be kept, if it is known what it depends on."""
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
        walk_everything(slots, stack, mask)
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
