"""Spelling the characters that an automaton reads in the bytes of UTF-8.

All code points are cut into *leaves* of 64 that differ in their last byte, those into *branches* of 64 leaves and those
into five *roots*. Which leaves and branches differ is found once for all states. A state inside of a character is
known by where the next byte leads.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ..dfa import DEAD
from .compilation import kernel
from .pointers import Long, Nothing

Ints1 = types.Array(types.int32, 1, "C")
Ints2 = types.Array(types.int32, 2, "C")
Longs1 = types.Array(types.int64, 1, "C")

ROW = 64  # the continuation bytes of a position
LEAVES, BRANCHES, ROOTS = 17_408, 272, 5  # 0x110000 code points
ASCII_LEAVES, TWO_BYTE_LEAVES, THREE_BYTE_BRANCHES = 2, 32, 16
FIRST_SURROGATE_LEAF, PAST_SURROGATE_LEAVES = 864, 896
NO_ROOM = -1


@kernel(Nothing, Ints2, Long, Long)
def fill(vectors, place, value):
    for i in range(ROW):
        vectors[place, i] = value


@kernel(Long, Ints1)
def code_of(vector):
    code = np.int64(0)
    for i in range(len(vector)):
        code = (code * 1000003) ^ vector[i]
    return code ^ (code >> 17)


@kernel(Long, Ints2, Longs1, Long, Long, Ints1)
def place_of(vectors, codes, first, past, vector):
    """Where ``vector`` is among ``vectors[first:past]``, or ``past``, where it is written then."""
    code = code_of(vector)
    for place in range(first, past):
        i = 0 if codes[place] == code else ROW + 1
        while i < ROW and vectors[place, i] == vector[i]:
            i += 1
        if i == ROW:
            return place
    for i in range(ROW):
        vectors[past, i] = vector[i]
    codes[past] = code
    return past


@kernel(Long, Ints1, Ints1, Long, Ints2, Ints1, entry=True)
def find_leaves(starts, classes, size, leaves, leaf_of):
    """Write the different leaves, classes of their code points, and for all leaves which of these it is; how many.

    The leaf ``size``, that of no character, and before it those of whole classes come first.
    """
    for leaf in range(size + 1):
        fill(leaves, leaf, size)
    codes = np.empty(len(leaves), np.int64)
    count = np.int64(size + 1)
    vector = np.empty(ROW, np.int32)
    interval, leaf = 0, 0
    while leaf < LEAVES:
        while interval + 1 < len(starts) and starts[interval + 1] <= leaf * ROW:
            interval += 1
        past = LEAVES if interval + 1 == len(starts) else starts[interval + 1] // ROW
        value = size
        if leaf < ASCII_LEAVES:
            past = ASCII_LEAVES
        elif FIRST_SURROGATE_LEAF <= leaf < PAST_SURROGATE_LEAVES:
            past = PAST_SURROGATE_LEAVES
        elif past > leaf:
            past = min(past, FIRST_SURROGATE_LEAF) if leaf < FIRST_SURROGATE_LEAF else past
            value = np.int64(classes[interval])
            fill(leaves, value, value)
        else:
            for i in range(ROW):
                while interval + 1 < len(starts) and starts[interval + 1] <= leaf * ROW + i:
                    interval += 1
                vector[i] = classes[interval]
            past = leaf + 1
            value = place_of(leaves, codes, size + 1, count, vector)
            count = max(count, value + 1)
        for same in range(leaf, past):
            leaf_of[same] = value
        leaf = past
    return count


@kernel(Long, Ints1, Long, Long, Ints2, Ints1)
def find_branches(leaf_of, leaf_count, nothing, branches, branch_of):
    """Write the different branches, leaves, the first without any, and for all branches which it is; how many."""
    vector = np.full(ROW, nothing, np.int32)
    codes = np.empty(BRANCHES + 2, np.int64)
    count = np.int64(place_of(branches, codes, 0, 0, vector) + 1)
    uniform = np.full(leaf_count, -1, np.int32)  # the branches of one leaf, which most are
    for branch in range(BRANCHES):
        first = leaf_of[branch * ROW]
        i = 0 if branch > 0 else ROW + 1
        while i < ROW and leaf_of[branch * ROW + i] == first:
            i += 1
        if i == ROW and uniform[first] >= 0:
            branch_of[branch] = uniform[first]
            continue
        is_uniform = i == ROW
        for i in range(ROW):
            leaf = branch * ROW + i
            vector[i] = nothing if leaf < TWO_BYTE_LEAVES else leaf_of[leaf]
        branch_of[branch] = place_of(branches, codes, 0, count, vector)
        count = max(count, np.int64(branch_of[branch]) + 1)
        if is_uniform:
            uniform[first] = branch_of[branch]
    return count


@kernel(Long, Ints2, Ints1, Long, Ints1)
def state_of(result, table, count, vector):
    """The state from which continuation bytes lead as ``vector`` says, ``count`` if it is new; NO_ROOM for it."""
    alive = False
    for i in range(ROW):
        alive = alive or vector[i] != DEAD
    if not alive:
        return DEAD
    mask = np.int64(len(table) - 1)
    slot = code_of(vector) & mask
    while table[slot] != 0:
        state = np.int64(table[slot])
        i = 0
        while i < ROW and result[state, 0x80 + i] == vector[i]:
            i += 1
        if i == ROW:
            return state
        slot = (slot + 1) & mask
    if count == len(result):
        return NO_ROOM
    table[slot] = count
    for i in range(ROW):
        result[count, 0x80 + i] = vector[i]
    return count


@kernel(Ints1, Ints2, Long)
def parts_of(vectors, count):
    """The different entries of each vector, from where the first ``count + 1`` entries say."""
    parts = np.empty(count + 1 + count * ROW, np.int32)
    size = count + 1
    for index in range(count):
        first = parts[index] = size
        for i in range(ROW):
            entry = vectors[index, i]
            j = first if i == 0 or entry != vectors[index, i - 1] else size + 1
            while j < size and parts[j] != entry:
                j += 1
            if j == size:
                parts[size] = entry
                size += 1
    parts[count] = size
    return parts


@kernel(Long, Ints2, Ints1, Long, Ints2, Ints1, Ints1, Ints1, Ints1)
def step_back(result, table, count, vectors, parts, targets, before, found):
    """Find the states whose continuation bytes lead to the ``targets`` of ``vectors``; how many states there are.

    ``before``: the targets with which those in ``found`` were found, which become these; most stay as they are.
    """
    vector = np.empty(ROW, np.int32)
    for index in range(len(found)):
        stays, leads = True, False
        for j in range(parts[index], parts[index + 1]):
            target = targets[parts[j]]
            stays = stays and target == before[parts[j]]
            leads = leads or target != DEAD
        if stays:
            continue
        found[index] = DEAD
        if leads:
            for i in range(ROW):
                vector[i] = targets[vectors[index, i]]
            state = state_of(result, table, count, vector)
            if state == NO_ROOM:
                return NO_ROOM
            found[index] = state
            count = max(count, state + 1)
    for i in range(len(targets)):
        before[i] = targets[i]
    return count


@kernel(Long, Ints2, Ints1, Long, Ints1)
def like_before(transitions, table, state, beyond):
    """A state before ``state`` that goes on alike after all but ASCII, or ``state``, which ``table`` gets then."""
    row = np.empty(len(beyond), np.int32)
    for index in range(len(beyond)):
        row[index] = transitions[state, beyond[index]]
    mask = np.int64(len(table) - 1)
    slot = code_of(row) & mask
    while table[slot] != 0:
        other = np.int64(table[slot]) - 1
        index = 0
        while index < len(beyond) and transitions[other, beyond[index]] == row[index]:
            index += 1
        if index == len(beyond):
            return other
        slot = (slot + 1) & mask
    table[slot] = state + 1
    return state


@kernel(Ints1, Long)
def table_for(count):
    """An empty table in which ``count`` entries are found fast."""
    room = 2
    while room < 2 * count:
        room *= 2
    return np.zeros(room, np.int32)


@kernel(Nothing, Ints2, Ints1, Ints1, Ints2, entry=True)
def spell_ascii(transitions, starts, classes, result):
    """Fill the columns of ASCII."""
    interval = 0
    for byte in range(0x80):
        while interval + 1 < len(starts) and starts[interval + 1] <= byte:
            interval += 1
        for state in range(len(transitions)):
            result[state, byte] = transitions[state, classes[interval]]


@kernel(Nothing, Ints2, Long, Ints1, Ints1, Ints1, Ints1, Ints1)
def write_leads(result, state, leaf_of, branch_of, second, third, fourth):
    """Fill the columns of bytes that begin a character beyond ASCII."""
    for leaf in range(ASCII_LEAVES, TWO_BYTE_LEAVES):
        result[state, 0xC0 + leaf] = second[leaf_of[leaf]]
    for branch in range(THREE_BYTE_BRANCHES):
        result[state, 0xE0 + branch] = third[branch_of[branch]]
    for root in range(ROOTS):
        result[state, 0xF0 + root] = fourth[root]


@kernel(Long, Ints2, Ints2, Long, Ints1, Ints1, Ints2, entry=True)
def spell(transitions, leaves, leaf_count, leaf_of, beyond, result):
    """Fill rows of ``result`` beyond ASCII, and those of states inside of characters; how many, ``NO_ROOM`` if more.

    ``beyond``: the classes with characters beyond ASCII.
    """
    states, size = transitions.shape
    branches, branch_of = np.empty((BRANCHES + 2, ROW), np.int32), np.empty(BRANCHES, np.int32)
    branch_count = find_branches(leaf_of, leaf_count, size, branches, branch_of)
    roots = np.zeros((ROOTS, ROW), np.int32)
    for branch in range(THREE_BYTE_BRANCHES, BRANCHES):
        roots[branch // ROW, branch % ROW] = branch_of[branch]
    leaf_parts, branch_parts = parts_of(leaves, leaf_count), parts_of(branches, branch_count)
    root_parts = parts_of(roots, ROOTS)
    targets, before = np.zeros(size + 1, np.int32), np.full(size + 1, -1, np.int32)
    second, second_before = np.empty(leaf_count, np.int32), np.full(leaf_count, -1, np.int32)
    third, third_before = np.empty(branch_count, np.int32), np.full(branch_count, -1, np.int32)
    fourth = np.empty(ROOTS, np.int32)
    table, rows = table_for(len(result)), table_for(states)
    count = np.int64(states)
    for state in range(states):
        other = like_before(transitions, rows, state, beyond)
        if other != state:
            for byte in range(0x80, 256):
                result[state, byte] = result[other, byte]
            continue
        for index in range(len(beyond)):
            targets[beyond[index]] = transitions[state, beyond[index]]
        count = step_back(result, table, count, leaves, leaf_parts, targets, before, second)
        if count != NO_ROOM:
            count = step_back(result, table, count, branches, branch_parts, second, second_before, third)
        if count != NO_ROOM:
            count = step_back(result, table, count, roots, root_parts, third, third_before, fourth)
        if count == NO_ROOM:
            return NO_ROOM
        write_leads(result, state, leaf_of, branch_of, second, third, fourth)
    return count
