"""The mask of the tokens that stay inside a text: a walk of the text's own automaton, by code points.

A mask that is kept (``stay_masks``) is the largest walk there is, over all tokens of the vocabulary. It needs little of
what a step of the engine does, so it has a loop of its own: with what open states save, 0.2 ms instead of 1.5 in the
mean of those that MaskBench's documents ask for.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Ints, Long, Longs, Nothing, Words, bytes_at, halves_at, ints_at, words_at
from .text import accumulate, is_viable, partial_is_viable, text_successor


@kernel(Long, Longs, Ints, Long, Long, Long, inline=True)
def staying_step(slots, stack, at, text, byte):
    """Any byte: a part of a character or of an escape, or all of it; 0 where it is refused or closes the string."""
    string_state = np.int64(stack[at + S])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following >= STRING_CLOSE:
        return 0
    state = np.int64(stack[at + B])
    length = np.int64(stack[at + C])
    read = accumulate(string_state, np.int64(stack[at + E]), byte)
    if following != INSIDE:
        if not partial_is_viable(slots, text, state, length + 1, following, read):
            return 0
    else:
        state = text_successor(slots, text, state, read)
        length += 1
        if not is_viable(slots, text, state, length):
            return 0
    above = at + CONFIGURATION
    stack[above + B] = state
    stack[above + C] = length
    stack[above + S] = following
    stack[above + E] = read
    return 1


@kernel(Nothing, Longs, Ints, Words, Long, Long)
def walk_staying(slots, stack, mask, text, state):
    """Allow the tokens that stay inside from ``state`` of the automaton ``text``; the stack's C says how long it is.

    Where ``ONLY_CLASS`` is set, the text is a key, which has to become one of that class. Below an open state the trie
    is only read for its tokens.
    """
    trie_byte = bytes_at(slots[TRIE])
    trie_depth = halves_at(slots[TRIE + 1])
    trie_terminal = ints_at(slots[TRIE + 2])
    trie_end = ints_at(slots[TRIE + 3])
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    successors = ints_at(slots[TEXT_NEXT] + np.int64(record[TEXT_BASE]) * 4)
    ascii_class = bytes_at(slots[TEXT_ASCII] + np.int64(record[TEXT_ASCII_AT]))
    classes = np.int64(record[TEXT_CLASSES])
    same = ints_at(slots[TOKEN_SAME])
    kinds = max(np.int64(record[TEXT_KEY_CLASSES]), 1)
    kind = max(slots[ONLY_CLASS] - 1, 0)
    is_open = bytes_at(slots[TEXT_OPEN] + np.int64(record[TEXT_OPEN_AT]))
    unlimited = record[TEXT_COLUMNS] == 0 or slots[ANY_LENGTH] != 0
    stay = words_at(slots[STAY])
    stack[B] = state
    i = np.int64(0)
    end = slots[TRIE_NODES]
    while i < end:
        byte = np.int64(trie_byte[i])
        at = np.int64(trie_depth[i]) << 3
        if stack[at + S] == INSIDE and byte < 0x80 and byte >= 0x20 and byte != 0x22 and byte != 0x5C:
            state = np.int64(successors[stack[at + B] * classes + ascii_class[byte]])
            length = np.int64(stack[at + C]) + 1
            if not is_viable(slots, text, state, length):
                i = np.int64(trie_end[i])
                continue
            stack[at + CONFIGURATION + B] = state
            stack[at + CONFIGURATION + C] = length
            stack[at + CONFIGURATION + S] = INSIDE
        elif staying_step(slots, stack, at, text, byte) == 0:
            i = np.int64(trie_end[i])
            continue
        above = at + CONFIGURATION
        behind = i + 1
        if unlimited and stack[above + S] == INSIDE and is_open[stack[above + B] * kinds + kind] != 0:
            behind = np.int64(trie_end[i])
        while i < behind:
            token = np.int64(trie_terminal[i])
            if token >= 0 and (stay[token >> 5] >> np.uint32(token & 31)) & 1:
                while token >= 0:
                    mask[token >> 5] |= np.uint32(1) << np.uint32(token & 31)
                    token = np.int64(same[token])
            i += 1
