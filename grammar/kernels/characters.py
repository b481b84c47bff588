"""Characters beyond ASCII: which parts of a trie hold whole ones, and which states of a scanner read them in place.

A subtree of the trie whose bytes all lead a state to itself need not be walked. Bytes beyond ASCII never do so one by
one, but in the text of a string whole characters do.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .pointers import Flag, Long, Nothing
from .scanner_product import Bytes1, Ints1, Ints2

Halves1 = types.Array(types.uint16, 1, "C")

CHARACTERS, MALFORMED = 28, 29
"""The numbers, behind those of the classes of ASCII bytes, of bytes of characters, and of bytes that spell none."""

_LETTERS = 0


@kernel(Long, Long)
def lead_of(byte):
    """What follows the first byte of a character: how many bytes, and the range of the next; 0 if it is none."""
    found = np.int64(0)
    if 0xC2 <= byte <= 0xDF:
        found = np.int64(0x180BF)
    elif 0xE0 <= byte <= 0xEF:
        found = np.int64(0x2A0BF if byte == 0xE0 else 0x2809F if byte == 0xED else 0x280BF)
    elif 0xF0 <= byte <= 0xF4:
        found = np.int64(0x390BF if byte == 0xF0 else 0x3808F if byte == 0xF4 else 0x380BF)
    return found


@kernel(Flag, Ints2, Bytes1, Ints1, Long, Long, Long)
def last_leads_home(transitions, byte_class, listed, home, state, lead):
    if listed[state] != listed[home]:
        return False
    for byte in range(lead >> 8 & 0xFF, (lead & 0xFF) + 1):
        if transitions[state, byte_class[byte]] != home:
            return False
    return True


@kernel(Flag, Ints2, Bytes1, Ints1, Long, Long, Long)
def two_lead_home(transitions, byte_class, listed, home, state, lead):
    if listed[state] != listed[home]:
        return False
    before = np.int64(-1)
    for byte in range(lead >> 8 & 0xFF, (lead & 0xFF) + 1):
        following = np.int64(transitions[state, byte_class[byte]])
        if following != before and not last_leads_home(transitions, byte_class, listed, home, following, 0x80BF):
            return False
        before = following
    return True


@kernel(Flag, Ints2, Bytes1, Ints1, Long, Long, Long)
def three_lead_home(transitions, byte_class, listed, home, state, lead):
    if listed[state] != listed[home]:
        return False
    before = np.int64(-1)
    for byte in range(lead >> 8 & 0xFF, (lead & 0xFF) + 1):
        following = np.int64(transitions[state, byte_class[byte]])
        if following != before and not two_lead_home(transitions, byte_class, listed, home, following, 0x80BF):
            return False
        before = following
    return True


@kernel(Nothing, Ints2, Bytes1, Ints1, Ints1, Long, Long, entry=True)
def note_characters(transitions, byte_class, listed, loops, first, states):
    """Add ``CHARACTERS`` to the ``loops`` of states ``first .. states-1`` to which all characters lead back, past
    states that may become the same terminals. Only where letters do."""
    for state in range(first, states):
        returns = state != 0 and loops[state] >> _LETTERS & 1 != 0
        for byte in range(0xC2, 0xF5):
            if not returns:
                break
            lead = lead_of(byte)
            following = np.int64(transitions[state, byte_class[byte]])
            if lead >> 16 == 1:
                returns = last_leads_home(transitions, byte_class, listed, state, following, lead)
            elif lead >> 16 == 2:
                returns = two_lead_home(transitions, byte_class, listed, state, following, lead)
            else:
                returns = three_lead_home(transitions, byte_class, listed, state, following, lead)
        if returns:
            loops[state] |= np.int32(1 << CHARACTERS)


@kernel(Nothing, Bytes1, Halves1, Ints1, Ints1, Ints1, Ints1, Ints1, entry=True)
def gather_contents(trie_byte, trie_depth, class_of, leads, own, below, contents):
    """Set ``contents`` of every node to the classes, as bits, of the bytes below it.

    ``class_of``: of each ASCII byte, as a bit. ``leads`` and ``below``: zeros, one for each depth and more; ``own``:
    room for the classes of the nodes themselves. Where a node ends inside a character, ``MALFORMED`` is below it.
    """
    malformed, characters = np.int32(1 << MALFORMED), np.int32(1 << CHARACTERS)
    for i in range(len(trie_byte)):
        depth, byte = trie_depth[i], np.int64(trie_byte[i])
        lead = np.int64(leads[depth])  # what is still to come before this byte
        after = np.int64(0)
        if lead == 0:
            after = lead_of(byte)
            own[i] = class_of[byte] if byte < 0x80 else characters if after != 0 else malformed
        elif lead >> 8 & 0xFF <= byte <= lead & 0xFF:
            own[i] = characters
            after = ((lead >> 16) - 1) << 16 | 0x80BF if lead >> 16 > 1 else np.int64(0)
        else:
            own[i] = malformed
        leads[depth + 1] = after
        contents[i] = malformed if after != 0 else 0
    for i in range(len(trie_byte) - 1, -1, -1):
        depth = trie_depth[i]
        contents[i] |= below[depth]
        if depth > 0:
            below[depth - 1] |= below[depth] | own[i]
        below[depth] = 0
