"""The coarsest partition of an automaton's states that its symbols respect.

After Valmari and Lehtinen, "Efficient minimization of DFAs with partial transition functions" (2008): the states are
parted into blocks and the transitions into cords, and each refines the other. Time grows with the transitions times the
logarithm of their number. 0.1 ms for 257 states in a row, which take 2.5 ms by sets of Python.

A partition is a permutation of its elements, set after set: ``ELEMENTS``, where each stands in it (``PLACE``), and the
set of each (``SET``); and for each set where it begins (``FIRST``) and ends (``PAST``) and how many of it are marked.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel

Ints1 = types.Array(types.int32, 1, "C")
Longs1 = types.Array(types.int64, 1, "C")
Ints2 = types.Array(types.int32, 2, "C")

ELEMENTS, PLACE, SET, FIRST, PAST, MARKED, TOUCHED, ROWS = range(8)


@kernel(types.int64, Ints2, types.int64, types.int64, inline=True)
def mark(partition, touched, element):
    """Mark ``element``, which is not marked; how many sets have marked elements then."""
    found = partition[SET, element]
    place = partition[PLACE, element]
    target = partition[FIRST, found] + partition[MARKED, found]
    other = partition[ELEMENTS, target]
    partition[ELEMENTS, place] = other
    partition[PLACE, other] = place
    partition[ELEMENTS, target] = element
    partition[PLACE, element] = target
    if partition[MARKED, found] == 0:
        partition[TOUCHED, touched] = found
        touched += 1
    partition[MARKED, found] += 1
    return touched


@kernel(types.int64, Ints2, types.int64, types.int64)
def split(partition, touched, count):
    """Make sets of the marked elements, or of the others if these are fewer; how many there are, ``count`` before."""
    while touched > 0:
        touched -= 1
        found = partition[TOUCHED, touched]
        middle = partition[FIRST, found] + partition[MARKED, found]
        partition[MARKED, found] = 0
        if middle == partition[PAST, found]:
            continue
        if middle - partition[FIRST, found] <= partition[PAST, found] - middle:
            partition[FIRST, count] = partition[FIRST, found]
            partition[PAST, count] = middle
            partition[FIRST, found] = middle
        else:
            partition[FIRST, count] = middle
            partition[PAST, count] = partition[PAST, found]
            partition[PAST, found] = middle
        for place in range(partition[FIRST, count], partition[PAST, count]):
            partition[SET, partition[ELEMENTS, place]] = count
        count += 1
    return count


@kernel(types.void, Ints2, Ints1, types.int64)
def begin(partition, order, count):
    """Fill the places of elements that stand in ``order``; the ends of ``count`` sets are there."""
    for number in range(count):
        for place in range(partition[FIRST, number], partition[PAST, number]):
            partition[ELEMENTS, place] = order[place]
            partition[PLACE, order[place]] = place
            partition[SET, order[place]] = number


@kernel(types.int64, Ints2, Ints2, Ints1, Ints1, Ints1, Ints1, types.int64, types.int64)
def refine(blocks, cords, by_label, by_symbol, tails, entering, block_count, cord_count):
    """Refine ``blocks`` of states and ``cords`` of transitions, whose first sets are given; how many blocks there are.

    ``by_label`` and ``by_symbol``: the states and transitions in the order of the sets. ``tails``: where a transition
    comes from. ``entering``: for each state where, in the rest of the array, those that enter it begin; then their end.
    """
    begin(blocks, by_label, block_count)
    begin(cords, by_symbol, cord_count)
    states = blocks.shape[1]
    block, cord = 1, 0
    while cord < cord_count:
        touched = 0
        for place in range(cords[FIRST, cord], cords[PAST, cord]):
            touched = mark(blocks, touched, np.int64(tails[cords[ELEMENTS, place]]))
        block_count = split(blocks, touched, block_count)
        cord += 1
        while block < block_count:
            touched = 0
            for place in range(blocks[FIRST, block], blocks[PAST, block]):
                state = blocks[ELEMENTS, place]
                for index in range(entering[state], entering[state + 1]):
                    touched = mark(cords, touched, np.int64(entering[states + 1 + index]))
            cord_count = split(cords, touched, cord_count)
            block += 1
    return block_count


@kernel(types.int64, Ints2, Ints1, Ints1, entry=True)
def number_columns(table, numbers, firsts):
    """Give equal columns of ``table`` equal ``numbers``, in the order of their ``firsts``; how many differ."""
    rows, columns = table.shape
    codes = np.zeros(columns, np.int64)
    for row in range(rows):
        for column in range(columns):
            codes[column] = (codes[column] * 1000003) ^ table[row, column]
    found = 0
    for column in range(columns):
        number = 0
        while number < found:
            first = firsts[number]
            if codes[first] == codes[column]:
                row = 0
                while row < rows and table[row, first] == table[row, column]:
                    row += 1
                if row == rows:
                    break
            number += 1
        numbers[column] = number
        if number == found:
            firsts[found] = column
            found += 1
    return found


@kernel(types.int64, Ints2, Ints1, types.int64)
def part_states(blocks, labels, size):
    """Part states by their labels, all below ``size``; how many parts there are. ``TOUCHED`` gets their order."""
    at = np.zeros(size + 1, np.int64)
    for label in labels:
        at[label + 1] += 1
    count = 0
    for label in range(size):
        if at[label + 1] > 0:
            blocks[FIRST, count] = at[label]
            blocks[PAST, count] = at[label] + at[label + 1]
            count += 1
        at[label + 1] += at[label]
    for state in range(len(labels)):
        blocks[TOUCHED, at[labels[state]]] = state
        at[labels[state]] += 1
    return count


@kernel(types.int64, Ints2, Ints2, Ints1, types.int64, Ints1)
def part_transitions(cords, transitions, columns, count, tails):
    """Part the transitions that are not dead by their symbols, the first ``count`` of ``columns``; how many parts."""
    parts = 0
    place = 0
    for index in range(count):
        first = place
        for state in range(len(transitions)):
            if transitions[state, columns[index]] != 0:
                tails[place] = state
                cords[TOUCHED, place] = place
                place += 1
        if place > first:
            cords[FIRST, parts] = first
            cords[PAST, parts] = place
            parts += 1
    return parts


@kernel(types.void, Ints2, Ints1, types.int64, Ints1, types.int64)
def list_entering(transitions, columns, count, entering, total):
    """Fill ``entering`` as ``refine`` wants it, from transitions in the order of ``part_transitions``."""
    states = len(transitions)
    for index in range(count):
        for state in range(states):
            entering[transitions[state, columns[index]]] += 1
    entering[0] = 0
    end = 0
    for state in range(states):
        end += entering[state]
        entering[state] = end
    entering[states] = end
    place = total
    for index in range(count - 1, -1, -1):
        for state in range(states - 1, -1, -1):
            target = transitions[state, columns[index]]
            if target != 0:
                place -= 1
                entering[target] -= 1
                entering[states + 1 + entering[target]] = place


@kernel(types.int64, Ints2, Ints1, types.int64, Ints1, Ints1, entry=True)
def merge_states(transitions, labels, size, numbers, firsts):
    """Give equivalent states equal ``numbers``, in the order of their ``firsts``; how many differ.

    ``transitions`` are those of a trimmed automaton whose state 0 is dead; ``labels`` are below ``size``.
    """
    states, symbols = transitions.shape
    columns, of_column = np.empty(symbols, np.int32), np.empty(symbols, np.int32)
    count = number_columns(transitions, of_column, columns)
    total = 0
    for index in range(count):
        for state in range(states):
            if transitions[state, columns[index]] != 0:
                total += 1
    blocks, cords = np.zeros((ROWS, states), np.int32), np.zeros((ROWS, total), np.int32)
    tails, entering = np.empty(total, np.int32), np.zeros(states + 1 + total, np.int32)
    block_count = part_states(blocks, labels, size)
    cord_count = part_transitions(cords, transitions, columns, count, tails)
    list_entering(transitions, columns, count, entering, total)
    refine(blocks, cords, blocks[TOUCHED], cords[TOUCHED], tails, entering, block_count, cord_count)
    renumbered = np.full(states, -1, np.int32)
    found = 0
    for state in range(states):
        block = blocks[SET, state]
        if renumbered[block] < 0:
            renumbered[block] = found
            firsts[found] = state
            found += 1
        numbers[state] = renumbered[block]
    return found
