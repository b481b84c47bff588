"""What is known of the states of a scanner, worked out for the new ones whenever a context is explored."""

from __future__ import annotations

import numpy as np

from .characters import CHARACTERS
from .compilation import kernel
from .pointers import Long, Nothing
from .scanner_product import ENDING_LABEL, EXPLORED_ALL, LISTED, NO_ROOM, Bytes1, Ints1, Ints2, Longs1, Words2

UNLISTED = -1

LEADS = (
    (1, 0x80, 0xBF),  # C2 .. DF
    (2, 0x80, 0xBF),  # E1 .. EC, EE, EF
    (3, 0x80, 0xBF),  # F1 .. F3
    (2, 0xA0, 0xBF),  # E0
    (2, 0x80, 0x9F),  # ED
    (3, 0x90, 0xBF),  # F0
    (3, 0x80, 0x8F),  # F4
)
"""Kinds of first bytes of characters: how many bytes follow, and the range of the first of these."""

_ALL_LEADS = (1 << len(LEADS)) - 1
_AFTER_ONE, _AFTER_TWO, _AFTER_THREE = (
    sum(1 << number for number, lead in enumerate(LEADS) if lead[0] == rest) for rest in (1, 2, 3)
)
# the bits of a column's roles: what its bytes may be
ROLE_OF_LEAD, ROLE_CONTINUATION, ROLE_OF_CLASS = 0, 7, 8
_ALL_CLASSES = (1 << CHARACTERS) - 1


@kernel(Nothing, Ints2, Ints2, Ints2, Words2, Long, Long, entry=True)
def reachable_labels(transitions, where, state_endings, reach, first, states):
    """Which labels states ``first .. states-1`` may still end with, as bits, from those of the states before."""
    for state in range(first, states):
        for j in range(where[state, 0], where[state, 0] + where[state, 1]):
            label = np.int64(state_endings[j, ENDING_LABEL])
            reach[state, label >> 6] |= np.uint64(1) << np.uint64(label & 63)
    changed = True
    while changed:
        changed = False
        for state in range(states - 1, first - 1, -1):
            for column in range(transitions.shape[1]):
                following = transitions[state, column]
                if following != 0 and following != state:
                    for word in range(reach.shape[1]):
                        bits = reach[following, word] | reach[state, word]
                        if bits != reach[state, word]:
                            reach[state, word] = bits
                            changed = True


@kernel(Nothing, Ints2, Bytes1, Longs1, Bytes1, Bytes1, Ints1, Long, Long, entry=True)
def note_facts(transitions, decided, roles, complete, inevitable, loops, first, states):
    """Set ``inevitable`` and ``loops`` of states ``first .. states-1``.

    ``roles``: of each column, as bits, by number in ``LEADS``, whether its bytes continue a character so begun; whether
    they continue any; and by class of bytes, whether they are of it. ``complete``: for each state, as bits, whether
    every way to continue a character by 0, 1, 2 or 3 bytes matches.
    """
    for state in range(first, states):
        complete[state] = 1 if decided[state] != 0 else 0
    for rest in range(1, 4):
        for state in range(first, states):
            matches = True
            for column in range(transitions.shape[1]):
                if roles[column] >> ROLE_CONTINUATION & 1 != 0:
                    matches = matches and complete[transitions[state, column]] >> (rest - 1) & 1 != 0
            if matches:
                complete[state] |= np.uint8(1 << rest)
    for state in range(first, states):
        leads, classes = np.int64(_ALL_LEADS), np.int64(0)
        for column in range(transitions.shape[1]):
            following = np.int64(transitions[state, column])
            role = roles[column]
            if following != state:
                classes |= role >> ROLE_OF_CLASS
            after = np.int64(complete[following])
            met = np.int64(0)
            if after & 1 != 0:
                met |= _AFTER_ONE
            if after & 2 != 0:
                met |= _AFTER_TWO
            if after & 4 != 0:
                met |= _AFTER_THREE
            leads &= met | ~role
        inevitable[state] = np.uint8(leads & _ALL_LEADS)
        loops[state] = np.int32(~classes & _ALL_CLASSES)


@kernel(Long, Words2, Long, Long)
def slot_of_reach(reach, state, size):
    """Where a state's set of labels is looked for first, in a table of ``size``, a power of two."""
    code = np.uint64(0x9E3779B97F4A7C15)
    for word in range(reach.shape[1]):
        code = (code ^ reach[state, word]) * np.uint64(0xC2B2AE3D27D4EB4F)
        code ^= code >> np.uint64(29)
    return np.int64(code & np.uint64(size - 1))


@kernel(Long, Longs1, Words2, Ints1, Ints1, Ints1, Long, Long, entry=True)
def list_reaches(counters, reach, table, listed, lists, first, states):
    """List the labels of each set that states ``first .. states-1`` may end with, unless it is listed already.

    ``listed``: for each state, where, ``UNLISTED`` at first; ``lists``: how many labels, and these; ``table``: states
    by their sets, zeros at first, twice as long as there are states. ``NO_ROOM``: to be called again with more
    ``lists``.
    """
    for state in range(first, states):
        slot = slot_of_reach(reach, state, np.int64(len(table)))
        while table[slot] != 0:
            other = np.int64(table[slot])
            same = True
            for word in range(reach.shape[1]):
                same = same and reach[other, word] == reach[state, word]
            if same:
                break
            slot = (slot + 1) & (len(table) - 1)
        if table[slot] != 0:
            listed[state] = listed[table[slot]]
            continue
        if listed[state] == UNLISTED:
            used = counters[LISTED]
            if used + 1 + 64 * reach.shape[1] > len(lists):
                return NO_ROOM
            listed[state] = used
            for label in range(64 * reach.shape[1]):
                if reach[state, label >> 6] >> np.uint64(label & 63) & np.uint64(1) != 0:
                    used += 1
                    lists[used] = label
            lists[listed[state]] = used - listed[state]
            counters[LISTED] = used + 1
        table[slot] = state
    return EXPLORED_ALL
