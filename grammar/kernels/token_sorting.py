"""What each token does from a state of the scanner on, or where a terminal of a context begins.

Most tokens stay inside one terminal, or begin one after blanks that are ignored. Which ones is the scanner's business
alone, so it is worked out once. The others are *segments* of the trie, to be walked.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .blockers import is_inevitable, scanned
from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long, Longs, Nothing, bytes_at, halves_at, ints_at, longs_at
from .sorted_subtrees import (
    KNOWN_SEGMENTS,
    LEAST,
    OPENED,
    close_subtree,
    open_subtree,
    opened_end,
    recall,
    row_of,
)

Ints1 = types.Array(types.int32, 1, "C")
Bytes1 = types.Array(types.uint8, 1, "C")
Longs1 = types.Array(types.int64, 1, "C")
Slots = Longs1
MANY_TOKENS = 8
"""A group with more tokens than an eighth of a mask's words is a mask."""


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
    """Does a terminal end if ``byte`` comes next? ``ending``: which of all endings of the scanner.

    ``PERHAPS``: it depends.
    """
    row = ints_at(slots[SCAN_ENDINGS] + ending * ENDING_WIDTH * 4)
    if bytes_at(slots[FOLLOWERS])[(np.int64(row[ENDING_TERMINAL]) << 8) + byte] == 0:
        return NOT
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
    """Does some terminal in ``state`` end if ``byte`` comes next?

    ``answer``: as ``ends_before`` says at least, or, if negative, just as it says.
    """
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    for k in range(where[0], where[0] + where[1]):
        found = ends_before(slots, np.int64(k), byte)
        if found == -answer or (answer > 0 and found != NOT):
            return True
    return False


@kernel(Flag, Longs, Long, Long)
def simply_ends_somewhere(slots, state, context_start):
    """Is there a byte before which a terminal simply ends in ``state``, if ``sort_tokens`` does not look past it?"""
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


@kernel(Nothing, Slots, Long, Bytes1, Ints1, Ints1, Ints1, entry=True)
def tokens_below(slot_array, node, bytes_wanted, order, order_at, mask):
    """Allow in ``mask`` the tokens below ``node`` of the trie (NONE: all) whose next byte is wanted.

    ``order``: the tokens in the order of the trie; those from a node on begin at its number in ``order_at``.
    """
    slots = longs_at(slot_array.ctypes.data)
    ends, trie_bytes = ints_at(slots[TRIE + 3]), bytes_at(slots[TRIE])
    i = node + 1
    end = slots[TRIE_NODES] if node == NONE else np.int64(ends[node])
    while i < end:
        if bytes_wanted[trie_bytes[i]] != 0:
            for k in range(order_at[i], order_at[ends[i]]):
                token = order[k]
                mask[token >> 5] |= np.int32(1) << np.int32(token & 31)
        i = np.int64(ends[i])


@kernel(Flag, Long, Long, inline=True)
def is_many(size, words):
    return size > words // MANY_TOKENS


@kernel(Long, Long, Long, inline=True)
def room_of(size, words):
    """How many integers a group takes, as a list or as a mask."""
    return words if is_many(size, words) else size


@kernel(Long, Ints1, Ints1, Ints1, Long, entry=True)
def count_groups(runs, sizes, groups, words):
    """How many tokens reach the same, in ``groups``: how many pairs, and pairs of what is reached, and a number.

    How many integers all groups take. ``sizes``: zeros, as many as there are values of what is reached; afterwards, one
    more than the group's number.
    """
    count = 0
    for k in range(runs[0]):
        value = runs[3 * k + 1]
        if sizes[value] == 0:
            groups[2 * count + 1] = value
            groups[2 * count + 2] = 0
            count += 1
            sizes[value] = count
        groups[2 * sizes[value]] += runs[3 * k + 3] - runs[3 * k + 2]
    groups[0] = count
    room = np.int64(0)
    for k in range(count):
        room += room_of(np.int64(groups[2 * k + 2]), words)
    return room


@kernel(Nothing, Ints1, Ints1, Long, Long, Long, inline=True)
def forbid(contents, order, place, first, past):
    for j in range(first, past):
        token = order[j]
        contents[place + (token >> 5)] &= ~(np.int32(1) << np.int32(token & 31))


@kernel(Nothing, Ints1, Ints1, Ints1, Ints1, Ints1, Ints1, Longs1, entry=True)
def write_groups(runs, order, sizes, groups, everything, contents, rows):
    """Write each group's tokens to ``contents``, as a list, or as a mask if they are many, and its row to ``rows``; and
    set ``sizes`` to zeros again.

    ``groups``: as ``count_groups`` leaves them; afterwards, where the next group's tokens begin, or what is left of the
    list's. ``everything``: the mask of all tokens, from which one is made that has most of them. ``contents``: zeros.
    """
    words = np.int64(len(everything))
    most = np.int64(NONE)
    passed = np.int64(0)  # how many tokens, in the trie's order, the mask that has most of them is right about
    start = np.int64(0)
    for k in range(groups[0]):
        size = np.int64(groups[2 * k + 2])
        row = k * GROUP_WIDTH
        rows[row + GROUP_REACH] = groups[2 * k + 1]
        rows[row + GROUP_SIZE] = NONE if is_many(size, words) else size
        rows[row + GROUP_TOKENS_AT] = contents.ctypes.data + 4 * start
        if 2 * size > len(order) and is_many(size, words):
            most = np.int64(k)
            contents[start : start + words] = everything
        groups[2 * k + 2] = start
        start += room_of(size, words)
    for k in range(runs[0]):
        group = np.int64(sizes[runs[3 * k + 1]]) - 1
        place = np.int64(groups[2 * group + 2])
        first, past = np.int64(runs[3 * k + 2]), np.int64(runs[3 * k + 3])
        if group == most:
            forbid(contents, order, place, passed, first)
            passed = past
        elif rows[group * GROUP_WIDTH + GROUP_SIZE] == NONE:
            for j in range(first, past):
                token = order[j]
                contents[place + (token >> 5)] |= np.int32(1) << np.int32(token & 31)
        else:
            for j in range(first, past):
                contents[place] = order[j]
                place += 1
            groups[2 * group + 2] = place
    if most != NONE:
        forbid(contents, order, np.int64(groups[2 * most + 2]), passed, np.int64(len(order)))
    for k in range(groups[0]):
        sizes[groups[2 * k + 1]] = 0


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


@kernel(Nothing, Ints1, Long, Long, Long, Long, inline=True)
def add_run(runs, own, value, start, past):
    """Add the tokens ``start .. past-1``, in the trie's order, to the last run if they reach the same.

    The first ``own`` runs are left as they are.
    """
    if start == past:
        return
    last = np.int64(runs[0]) - 1
    if last >= own and runs[3 * last + 1] == value and runs[3 * last + 3] == start:
        runs[3 * last + 3] = past
        return
    runs[3 * last + 4] = value
    runs[3 * last + 5] = start
    runs[3 * last + 6] = past
    runs[0] = last + 2


@kernel(Flag, Longs, Long)
def may_be_ignored(slots, listed):
    """Is one of the terminals listed at ``listed`` ignored?"""
    reach = ints_at(slots[REACHES] + listed * 4)
    for i in range(1, reach[0] + 1):
        if ints_at(slots[TERMINALS])[np.int64(reach[i]) * TERMINAL_WIDTH + TERMINAL_KIND] == IGNORED:
            return True
    return False


@kernel(Long, Slots, Long, Long, Long, Ints1, Ints1, Ints1, Ints1, Ints1, Longs1, Ints1, entry=True)
def sort_tokens(slot_array, place, first, context_start, order_at, runs, segments, states, path, known, pool):
    """What the tokens below a place of the trie do from the scanner's state ``first`` on, or from ``context_start`` on.

    The latter if ``first`` is ``DEAD``. Writes to ``runs`` those that stay inside, behind the number of runs: rows of
    what they reach (where it is listed what the terminal may become), and from which to which token in the order of the
    trie; to ``segments`` what has to be walked (``SEGMENT_TO`` of restarts is the state); returns how many segments
    there are. ``known``, ``pool``: what ``sorted_subtrees`` knows.
    """
    slots = longs_at(slot_array.ctypes.data)
    trie_byte = bytes_at(slots[TRIE])
    trie_depth = halves_at(slots[TRIE + 1])
    trie_end = ints_at(slots[TRIE + 3])
    reach = ints_at(slots[SCAN_REACH])
    contents, loops = ints_at(slots[CONTENTS]), ints_at(slots[LOOPS])
    count = np.int64(0)
    runs[0] = 0
    own = np.int64(0)  # the first of the runs of the innermost subtree that is being noted
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
    known[OPENED] = 0
    closes = opened_end(known)
    while i < end:
        while i >= closes:
            own = close_subtree(known, pool, runs, segments, count)
            closes = opened_end(known)
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
        add_run(runs, own, np.int64(reach[following]), np.int64(order_at[i]), np.int64(order_at[stop]))
        if stop > i + 1:
            i = stop
            continue
        if place_of(slots, i) != 0 and simply_ends_somewhere(slots, following, context_start):
            count = add_path(slots, path, segments, count, depth + 1)
            add_segment(segments, count, i, following, RESTARTS)
            count += 1
        if trie_end[i] - i > known[LEAST]:
            context = context_start if may_be_ignored(slots, np.int64(reach[following])) else np.int64(NONE)
            row = row_of(known, i, following, context)
            if known[row] != 0:
                if known[row + KNOWN_SEGMENTS] != 0:
                    count = add_path(slots, path, segments, count, depth + 1)
                count = recall(known, pool, row, runs, segments, count)
                i = np.int64(trie_end[i])
                continue
            own = open_subtree(known, i, following, context, np.int64(trie_end[i]), np.int64(runs[0]), count, own)
            closes = opened_end(known)
        i += 1
    while known[OPENED] != 0:
        own = close_subtree(known, pool, runs, segments, count)
    set_skips(slots, segments, count)
    return count
