"""Running the automata of several terminals side by side: the states of a scanner, explored by a kernel.

A state of the scanner is a list of rows, the states of its terminals' automata that are still alive, the preferred ones
first. Rows of keywords (*followers*) come right behind the row of the terminal whose text they compare. What else is to
be known of a state is worked out in ``scanner_facts``.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .pointers import Flag, Long, Nothing

Ints1 = types.Array(types.int32, 1, "C")
Ints2 = types.Array(types.int32, 2, "C")
Bytes1 = types.Array(types.uint8, 1, "C")
Longs1 = types.Array(types.int64, 1, "C")
Words2 = types.Array(types.uint64, 2, "C")

# what is known of rows: the columns of ROWS
ROW_LABEL, ROW_FOLLOWS, ROW_DECIDED, ROW_DECIDED_AT_END, ROW_ENDINGS_AT, ROW_ENDINGS = range(6)
# the columns of the endings of a row, and of a state
ENDING_PREFERRED, ENDING_GUARD, ENDING_LABEL = range(3)
# how far the exploration has come: counters
STATES, ITEMS, ENDINGS, EXPLORED, LISTED = range(5)
EXPLORED_ALL, NO_ROOM = range(2)
NO_LABEL = -1


@kernel(Long, Ints1, Long, Long, Long, inline=True)
def slot_of(rows, start, count, size):
    """Where a list of rows is looked for first, in a table of ``size``, a power of two."""
    code = np.int64(count)
    for i in range(start, start + count):
        code = (code * 1000003) ^ np.int64(rows[i])
    return (code ^ (code >> 17)) & (size - 1)


@kernel(Nothing, Longs1, Ints1, Ints1, Ints1, entry=True)
def rehash(counters, items_at, items, table):
    """Fill an empty ``table`` with all states."""
    for state in range(1, counters[STATES]):
        start = np.int64(items_at[state])
        slot = slot_of(items, start, np.int64(items_at[state + 1]) - start, np.int64(len(table)))
        while table[slot] != 0:
            slot = (slot + 1) & (len(table) - 1)
        table[slot] = state


@kernel(Flag, Ints1, Ints1, Long, Ints1, Long, inline=True)
def is_state(items_at, items, state, buffer, count):
    """Has ``state`` the rows ``buffer[:count]``?"""
    start = np.int64(items_at[state])
    if items_at[state + 1] - start != count:
        return False
    for i in range(count):
        if items[start + i] != buffer[i]:
            return False
    return True


@kernel(Long, Longs1, Ints1, Ints1, Ints1, Ints1, Long, inline=True)
def found_state(counters, items_at, items, table, buffer, count):
    """``find_state``, where it is called often."""
    size = np.int64(len(table))
    slot = slot_of(buffer, 0, count, size)
    while table[slot] != 0:
        if is_state(items_at, items, np.int64(table[slot]), buffer, count):
            return np.int64(table[slot])
        slot = (slot + 1) & (size - 1)
    state = counters[STATES]
    start = counters[ITEMS]
    if state + 2 > len(items_at) or start + count > len(items) or 2 * state > size:
        return 0
    for i in range(count):
        items[start + i] = buffer[i]
    items_at[state + 1] = start + count
    table[slot] = state
    counters[STATES] = state + 1
    counters[ITEMS] = start + count
    return state


@kernel(Long, Longs1, Ints1, Ints1, Ints1, Ints1, Long, entry=True)
def find_state(counters, items_at, items, table, buffer, count):
    """The state of the rows ``buffer[:count]``, which is added if it is new; 0 if there is no room for it."""
    return found_state(counters, items_at, items, table, buffer, count)


@kernel(Long, Ints2, Ints2, Ints1, Long, Long, Long, Flag, Ints1, inline=True)
def advance(rows, next_row, items, start, end, column, cuts, buffer):
    """Write the rows after a byte of class ``column`` to ``buffer``; how many."""
    count = 0
    alive = False
    cut = False
    for i in range(start, end):
        row = np.int64(items[i])
        following = next_row[row, column]
        if rows[row, ROW_FOLLOWS] != 0:
            if alive and following != 0:
                buffer[count] = following
                count += 1
            continue
        if cut:
            break
        alive = following != 0
        if alive:
            buffer[count] = following
            count += 1
            cut = cuts and rows[following, ROW_DECIDED] != 0
    return count


@kernel(Flag, Ints2, Ints1, Long, Long, Long, inline=True)
def as_before(next_row, items, start, end, column):
    """Do the rows ``items[start:end]`` lead where they lead in the column before, as they mostly do?"""
    for i in range(start, end):
        row = np.int64(items[i])
        if next_row[row, column] != next_row[row, column - 1]:
            return False
    return True


@kernel(Long, Longs1, Ints2, Ints2, Ints1, Ints1, Ints1, Ints2, Bytes1, Bytes1, Ints2, Ints1, Long, Flag)
def endings_of(
    counters,
    rows,
    row_endings,
    items_at,
    items,
    table,
    state_endings,
    decided,
    decided_at_end,
    where,
    buffer,
    state,
    cuts,
):
    """Write the endings of ``state`` and whether it is decided; ``NO_ROOM`` if there is none."""
    start, end = np.int64(items_at[state]), np.int64(items_at[state + 1])
    where[state, 0] = counters[ENDINGS]
    where[state, 1] = 0
    decided[state] = 0
    decided_at_end[state] = 0
    for i in range(start, end):
        row = np.int64(items[i])
        if rows[row, ROW_FOLLOWS] != 0:
            continue
        if rows[row, ROW_DECIDED] != 0:
            decided[state] = 1
        if rows[row, ROW_DECIDED_AT_END] != 0:
            decided_at_end[state] = 1
        label = np.int64(rows[row, ROW_LABEL])
        if i + 1 < end and rows[items[i + 1], ROW_FOLLOWS] != 0 and rows[items[i + 1], ROW_LABEL] != NO_LABEL:
            label = np.int64(rows[items[i + 1], ROW_LABEL])
        first = np.int64(rows[row, ROW_ENDINGS_AT])
        for j in range(first, first + rows[row, ROW_ENDINGS]):
            preferred = np.int64(0)
            if cuts:
                count = 0
                for k in range(start, i):
                    if rows[items[k], ROW_FOLLOWS] == 0:
                        buffer[count] = items[k]
                        count += 1
                if row_endings[j, ENDING_PREFERRED] != 0:
                    buffer[count] = row_endings[j, ENDING_PREFERRED]
                    count += 1
                if count != 0:
                    preferred = np.int64(find_state(counters, items_at, items, table, buffer, count))
                    if preferred == 0:
                        return NO_ROOM
            at = counters[ENDINGS]
            if at >= len(state_endings):
                return NO_ROOM
            state_endings[at, ENDING_PREFERRED] = preferred
            state_endings[at, ENDING_GUARD] = row_endings[j, ENDING_GUARD]
            state_endings[at, ENDING_LABEL] = label
            counters[ENDINGS] = at + 1
            where[state, 1] += 1
    return EXPLORED_ALL


@kernel(
    Long, Longs1, Ints2, Ints2, Ints1, Ints1, Ints1, Ints2, Bytes1, Bytes1, Ints2, Ints2, Ints2, Ints1, Flag, entry=True
)
def explore(
    counters,
    rows,
    row_endings,
    items_at,
    items,
    table,
    state_endings,
    decided,
    decided_at_end,
    where,
    next_row,
    transitions,
    buffer,
    cuts,
):
    """Explore every state that is not explored yet; ``NO_ROOM`` where an array is too short for that."""
    while counters[EXPLORED] < counters[STATES]:
        state = counters[EXPLORED]
        if state >= len(transitions):
            return NO_ROOM
        before = counters[ENDINGS]
        if (
            endings_of(
                counters,
                rows,
                row_endings,
                items_at,
                items,
                table,
                state_endings,
                decided,
                decided_at_end,
                where,
                buffer,
                state,
                cuts,
            )
            == NO_ROOM
        ):
            counters[ENDINGS] = before
            return NO_ROOM
        start, end = np.int64(items_at[state]), np.int64(items_at[state + 1])
        following = np.int64(0)
        for column in range(transitions.shape[1]):
            if column == 0 or not as_before(next_row, items, start, end, column):
                following = np.int64(0)
                count = advance(rows, next_row, items, start, end, column, cuts, buffer)
                if count != 0:
                    following = np.int64(found_state(counters, items_at, items, table, buffer, count))
                    if following == 0:
                        counters[ENDINGS] = before
                        return NO_ROOM
            transitions[state, column] = following
        counters[EXPLORED] = state + 1
    return EXPLORED_ALL


@kernel(Long, Longs1, Ints1, Ints1, Ints1, Ints2, Ints2, Ints1, Long, entry=True)
def explore_follower(counters, items_at, items, table, rows, next_row, buffer, first):
    """Write the rows of a follower: states of keywords' automata side by side, without any being cut off.

    They stand from ``first`` on, in the order of their states, which are those of ``find_state``, from 1. The label of
    each is the first keyword that matches. ``NO_ROOM``: to be called again with more.
    """
    while counters[EXPLORED] < counters[STATES]:
        state = counters[EXPLORED]
        row = first + state - 1
        if row >= len(rows):
            return NO_ROOM
        start, end = np.int64(items_at[state]), np.int64(items_at[state + 1])
        rows[row, :] = 0
        rows[row, ROW_LABEL] = NO_LABEL
        rows[row, ROW_FOLLOWS] = 1
        for i in range(start, end):
            if rows[items[i], ROW_DECIDED] != 0:
                rows[row, ROW_LABEL] = rows[items[i], ROW_LABEL]
                break
        for column in range(next_row.shape[1]):
            count = advance(rows, next_row, items, start, end, column, False, buffer)
            following = np.int64(0)
            if count != 0:
                found = np.int64(found_state(counters, items_at, items, table, buffer, count))
                if found == 0:
                    return NO_ROOM
                following = first + found - 1
            next_row[row, column] = following
        counters[EXPLORED] = state + 1
    return EXPLORED_ALL
