"""Kernels of shortest completions: the least way out of a scalar, a text read at once, and its fewest tokens."""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .entry import has_room, refusal
from .keys import begins_with
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, Nothing, bytes_at, call_step, ints_at, longs_at
from .residues import number_label, residue_of
from .walks import keep, load

Slots = types.Array(types.int64, 1, "C")
Numbers = types.Array(types.int32, 1, "C")
Content = types.Array(types.uint8, 1, "C")

# a row of the search: a configuration, which row it was reached from, by which byte, the last byte of an open key, and
# C and E as far as they count
FROM, BY, CELL, COUNTS, BEGUN, ROW = 8, 9, 10, 11, 12, 13
# an exit from a scalar: its row, the mode after it, A and the frame's state and NEXT then
EXIT_ROW, EXIT_MODE, EXIT_A, EXIT_STATE, EXIT_NEXT, EXIT_WIDTH = range(6)
FULL = -16  # the search came to its end without looking at everything


@kernel(Long, Slots, Content, Long, Long, entry=True)
def read_bytes(slot_array, content, start, end):
    """Read bytes, no more than the longest token has, as if they were a token; as ``entry.accept``."""
    slots = longs_at(slot_array.ctypes.data)
    if slots[TERMINATED] != 0:
        return REFUSED
    if not has_room(slots):
        return ARENA_FULL
    slots[MISS_COUNT] = 0
    stack = ints_at(slots[STACK])
    load(slots, stack)
    text = bytes_at(slots[TEXT_READ] + ints_at(slots[OFFSETS])[slots[LENGTH]])
    count = end - start
    for depth in range(count):
        if slots[KEEPS_TEXT] != 0:
            text[depth] = content[start + depth]
        if call_step(slots[STEP], slots, stack, depth, np.int64(content[start + depth])) == 0:
            return refusal(slots)
    keep(slots, stack, count)
    ints_at(slots[OFFSETS])[slots[LENGTH]] = ints_at(slots[OFFSETS])[slots[LENGTH] - 1] + count
    return DONE


@kernel(Long, Longs, Ints, Long)
def length_that_counts(slots, stack, i):
    """C of a configuration, or less where the automaton goes on alike whatever it is."""
    mode = stack[i + MODE]
    if mode == OPEN_KEY and stack[i + A] < 0:
        return np.int64(0)
    if mode != STRING and mode != TEXT:
        return np.int64(stack[i + C])
    node = ints_at(slots[NODES] + (np.int64(stack[i + A]) << NODE_SHIFT) * 4)
    if node[MAX_LENGTH] >= UNBOUNDED:
        return min(np.int64(stack[i + C]), np.int64(node[MIN_LENGTH]))
    return np.int64(stack[i + C])


@kernel(Flag, Longs, Long, Long, Long)
def begins_a_used_key(slots, frame, start, size):
    arena = ints_at(slots[ARENA])
    key = np.int64(arena[frame + OTHERS])
    while key != 0:
        if begins_with(slots, key, start, size, 0):
            return True
        key = np.int64(arena[key + KEY_BEFORE])
    return False


@kernel(Long, Longs, Ints, Long, Long)
def code_point_that_counts(slots, stack, i, top):
    """E of a configuration with this TOP, or 0 where it does not matter which character it is that has begun."""
    mode = stack[i + MODE]
    if mode == STRING:
        return np.int64(0)
    if mode == OPEN_KEY and stack[i + A] < 0:
        frame = np.int64(stack[i + FRAME])
        node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
        size = np.int64(stack[i + C])
        if node[CLASSES] == 0 and not begins_a_used_key(slots, frame, top - size, size):
            return np.int64(0)
    return np.int64(stack[i + E])


@kernel(Long, Longs, Ints, Long, inline=True)
def last_cell(slots, stack, i):
    """The last byte of an open key, and the state of the key automaton after it, as they lie in the arena."""
    if stack[i + MODE] != OPEN_KEY:
        return np.int64(0)
    return np.int64(ints_at(slots[ARENA])[stack[i + TOP] - 1])


@kernel(Flag, Numbers, Long, Ints, Long, Long, Long)
def is_row(rows, row, stack, length, begun, cell):
    """Is the configuration at the second place of the stack that of ``row``? ``length``, ``begun``: its C and E, as far
    as they count.
    """
    at = row * ROW
    return (
        rows[at + CELL] >> KEY_STATE_SHIFT == cell >> KEY_STATE_SHIFT
        and rows[at + MODE] == stack[CONFIGURATION + MODE]
        and rows[at + A] == stack[CONFIGURATION + A]
        and rows[at + B] == stack[CONFIGURATION + B]
        and rows[at + COUNTS] == length
        and rows[at + S] == stack[CONFIGURATION + S]
        and rows[at + BEGUN] == begun
    )


@kernel(Long, Ints, Long, Long, Long)
def hashed(stack, length, begun, cell):
    found = np.int64(stack[CONFIGURATION + MODE]) ^ (cell >> KEY_STATE_SHIFT << 5)
    for i in (A, B, S):
        found = (found * 1000003) ^ np.int64(stack[CONFIGURATION + i])
    found = (((found * 1000003) ^ begun) * 1000003) ^ length
    return (found ^ (found >> 29)) * 0x9E3779B1 >> 7


@kernel(Long, Numbers, Long, Long, Long, Long, Long, Long)
def note_exit(exits, count, row, mode, a, state, following):
    """Add an exit unless one with the same consequences was found; how many there are."""
    for i in range(count):
        at = EXIT_WIDTH * i
        same = exits[at + EXIT_MODE] == mode and exits[at + EXIT_A] == a
        if same and exits[at + EXIT_STATE] == state and exits[at + EXIT_NEXT] == following:
            return count
    at = EXIT_WIDTH * count
    exits[at + EXIT_ROW] = row
    exits[at + EXIT_MODE] = mode
    exits[at + EXIT_A] = a
    exits[at + EXIT_STATE] = state
    exits[at + EXIT_NEXT] = following
    return count + 1


@kernel(Nothing, Longs, Numbers, Long)
def load_row(slots, rows, row):
    """Put the configuration of ``row`` at the bottom of the stack, and the bytes of its open key into the arena."""
    stack = ints_at(slots[STACK])
    arena = ints_at(slots[ARENA])
    for i in range(CONFIGURATION):
        stack[i] = rows[row * ROW + i]
    while stack[MODE] == OPEN_KEY and rows[row * ROW + FROM] >= 0:
        arena[rows[row * ROW + TOP] - 1] = rows[row * ROW + CELL]
        row = np.int64(rows[row * ROW + FROM])


@kernel(Long, Longs, Numbers, Long, Long)
def lay_text(slots, rows, row, start):
    """Write the bytes that led to ``row`` behind the text that was read, which ends at ``start``; how many they are."""
    text = bytes_at(slots[TEXT_READ])
    size = np.int64(0)
    at = row
    while rows[at * ROW + FROM] >= 0:
        size += 1
        at = np.int64(rows[at * ROW + FROM])
    for i in range(size):
        if start + size - i < slots[TEXT_SIZE]:
            text[start + size - 1 - i] = rows[row * ROW + BY]
        row = np.int64(rows[row * ROW + FROM])
    return size


@kernel(Flag, Long, inline=True)
def is_number(mode):
    return mode == NUMBER or mode == EMBEDDED_NUMBER


@kernel(Flag, Numbers, Long, inline=True)
def is_leaving(rows, row):
    mode = rows[row * ROW + MODE]
    return mode == AFTER or mode == COLON or mode == ENDED


@kernel(Long, Slots, Content, Numbers, Numbers, Numbers, Long, entry=True)
def find_exits(slot_array, alphabet, rows, table, exits, most):
    """Breadth first from the matcher's configuration, in a scalar or a key, to where that is complete.

    ``alphabet``: the bytes to try, in this order. ``rows``: room for the configurations met; ``table``: zeros, a power
    of two of them, at least twice as many as there are rows; ``exits``: room for ``most``. How many exits were found;
    ``FULL - exits`` if there was no room for all; -1 - outcome where something has to be compiled first.
    """
    slots = longs_at(slot_array.ctypes.data)
    stack = ints_at(slots[STACK])
    if not has_room(slots):
        return -1 - ARENA_FULL
    slots[MISS_COUNT] = 0
    load(slots, stack)
    for i in range(CONFIGURATION):
        rows[i] = stack[i]
    rows[FROM] = -1
    rows[CELL] = last_cell(slots, stack, 0)
    used, found, row = 1, 0, 0
    wrap = len(table) - 1
    offsets = ints_at(slots[OFFSETS])
    text = bytes_at(slots[TEXT_READ])
    start = np.int64(offsets[slots[LENGTH]])
    here = start
    while row < used and found < most:
        if is_leaving(rows, row) or rows[row * ROW + TOP] + slots[MARGIN] // 2 > slots[ARENA_SIZE]:
            row += 1
            continue
        load_row(slots, rows, row)
        if slots[KEEPS_TEXT] != 0:
            here = start + lay_text(slots, rows, row, start)
            if here + slots[MARGIN] // 2 > slots[TEXT_SIZE]:
                row += 1
                continue
            offsets[slots[LENGTH]] = here
        if is_number(stack[MODE]):
            label = number_label(slots, np.int64(stack[A]), residue_of(stack, 0))
            if label != 0:
                found = note_exit(exits, found, row, NUMBER, 0, label if stack[B] != 0 else np.int64(PLAIN), 0)
        for i in range(len(alphabet)):
            if found == most:
                break
            byte = np.int64(alphabet[i])
            if slots[KEEPS_TEXT] != 0:
                text[here] = byte
            if call_step(slots[STEP], slots, stack, 0, byte) == 0:
                continue
            mode = stack[CONFIGURATION + MODE]
            if is_number(stack[MODE]) and not is_number(mode):
                continue
            length = length_that_counts(slots, stack, CONFIGURATION)
            cell = last_cell(slots, stack, CONFIGURATION)
            begun = code_point_that_counts(slots, stack, CONFIGURATION, np.int64(stack[CONFIGURATION + TOP]))
            slot = hashed(stack, length, begun, cell) & wrap
            leaves = mode == AFTER or mode == COLON or mode == ENDED
            while not leaves and table[slot] != 0:
                if is_row(rows, np.int64(table[slot]) - 1, stack, length, begun, cell):
                    break
                slot = (slot + 1) & wrap
            if not leaves and table[slot] != 0:
                continue
            if (used + 1) * ROW > len(rows):
                offsets[slots[LENGTH]] = start
                return FULL - found
            for j in range(CONFIGURATION):
                rows[used * ROW + j] = stack[CONFIGURATION + j]
            rows[used * ROW + COUNTS] = length
            rows[used * ROW + BEGUN] = begun
            rows[used * ROW + FROM] = row
            rows[used * ROW + BY] = byte
            rows[used * ROW + CELL] = cell
            if leaves:
                frame = ints_at(slots[ARENA] + np.int64(stack[CONFIGURATION + FRAME]) * 4)
                a = np.int64(stack[CONFIGURATION + A]) if mode == COLON else np.int64(0)
                before = found
                found = note_exit(exits, found, used, mode, a, np.int64(frame[STATE]), np.int64(frame[NEXT]))
                used += found - before
            else:
                table[slot] = used + 1
                used += 1
        row += 1
    offsets[slots[LENGTH]] = start
    if slots[MISS_COUNT] or slots[SHORT]:
        return -1 - refusal(slots)
    return found


@kernel(Long, Longs, Long, Long, inline=True)
def child(slots, node, byte):
    """The node of the trie of all tokens below ``node`` for ``byte``, or NONE."""
    trie_byte = bytes_at(slots[TRIE])
    trie_end = ints_at(slots[TRIE + 3])
    found = node + 1
    end = np.int64(trie_end[node])
    while found < end:
        if trie_byte[found] == byte:
            return found
        found = np.int64(trie_end[found])
    return np.int64(NONE)


@kernel(Long, Slots, Content, Numbers, Numbers, entry=True)
def cover(slot_array, content, fewest, first):
    """The fewest tokens whose bytes are ``content``, NONE if there are none.

    ``fewest``, ``first``: for each place in it, how many tokens spell what follows (NONE), and the first of them.
    """
    slots = longs_at(slot_array.ctypes.data)
    terminal = ints_at(slots[TRIE + 2])
    roots = ints_at(slots[TRIE + 4])
    size = len(content)
    fewest[size] = 0
    for i in range(size):
        place = size - 1 - i
        fewest[place] = NONE
        node = np.int64(roots[content[place]])
        end = place + 1
        while node >= 0:
            token = terminal[node]
            if token >= 0 and fewest[end] != NONE and (fewest[place] == NONE or fewest[end] + 1 <= fewest[place]):
                fewest[place] = fewest[end] + 1
                first[place] = token
            if end == size:
                break
            node = child(slots, node, np.int64(content[end]))
            end += 1
    return np.int64(fewest[0])
