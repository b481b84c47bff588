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


@kernel(types.int64, Ints2, Ints2, Ints1, Ints1, Ints1, Ints1, types.int64, types.int64, entry=True)
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
