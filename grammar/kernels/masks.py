"""Token masks: walks of the automaton over tries of the vocabulary.

A walk visits a trie depth first and leaves a subtree at the first byte that is refused. Which trie, and where the walk
enters it, is fitted to the mode: tokens without their leading blanks between JSON's own tokens, what follows a closing
quote inside strings (the tokens that stay inside are one precomputed mask), and so on.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .frames import finish, is_in_unique_item, miss
from .key_steps import finish_other_key
from .keys import begins_with, class_node, key_byte, run_end
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import (
    Flag,
    Ints,
    Long,
    Longs,
    Nothing,
    Words,
    atomic_add,
    bytes_at,
    call_fill,
    call_walk,
    ints_at,
    longs_at,
    words_at,
)
from .residues import number_label, residue_of
from .staying import walk_staying
from .structure import is_accepting, may_close
from .walks import NO_LIMIT, allow_bare_group, allow_tail_group, load, walk_as_keys_go_on, walk_root


@kernel(Nothing, Longs, Words, Long, inline=True)
def copy_mask(slots, mask, address):
    source = words_at(address)
    for i in range(slots[MASK_WORDS]):
        mask[i] = source[i]


@kernel(Nothing, Longs, Ints, Words)
def fill_string(slots, stack, mask):
    node = ints_at(slots[NODES] + (np.int64(stack[A]) << NODE_SHIFT) * 4)
    length = np.int64(stack[C])
    left = np.int64(node[MAX_LENGTH]) - length
    if node[MAX_LENGTH] < UNBOUNDED and left < slots[LONGEST]:
        copy_mask(slots, mask, slots[STAY_WITHIN] + left * slots[MASK_WORDS] * 4)
    else:
        copy_mask(slots, mask, slots[STAY])
    fewest = node[MIN_LENGTH] - length
    if is_in_unique_item(slots, np.int64(stack[FRAME])):
        for byte in range(256):
            walk_root(slots, stack, mask, CROSS, byte, 0, 0)
        return
    if fewest <= slots[LONGEST]:
        finish(slots, stack, 0, np.int64(stack[FRAME]), PLAIN, np.int64(stack[TOP]))
        allow_tail_group(slots, mask, 0, fewest, left)
        call_walk(slots[WALK], slots, stack, mask, TAIL, 0, slots[TAIL_NODES], fewest, left)


@kernel(Nothing, Longs, Ints, Words, Long)
def walk_crossing_from(slots, stack, mask, byte):
    """Judge the tokens that begin with ``byte`` and hold a closing quote anew, one by one."""
    root = np.int64(ints_at(slots[CROSS + 4])[byte])
    if root < 0:
        return
    end = np.int64(ints_at(slots[CROSS + 3])[root])
    tokens = ints_at(slots[CROSS + 2])
    same = ints_at(slots[TOKEN_SAME])
    for i in range(root, end):
        token = tokens[i]
        while token >= 0:
            mask[token >> 5] &= ~(np.uint32(1) << np.uint32(token & 31))
            token = same[token]
    call_walk(slots[WALK], slots, stack, mask, CROSS, root, end, 0, 0)


@kernel(Long, Longs, Long)
def kept_mask(slots, key):
    """The address of what is kept under ``key``, 0 if nothing is. Only between the two ends of reading."""
    header = longs_at(slots[STAY_CACHE])
    table = longs_at(header[STAY_TABLE])
    capacity = table[0]
    slot = (key * 0x9E3779B97F4A7C1 >> 20) & (capacity - 1)
    while table[1 + slot] != 0 and table[1 + slot] != key:
        slot = (slot + 1) & (capacity - 1)
    if table[1 + slot] != key:
        return np.int64(0)
    table[1 + 2 * capacity + slot] = header[STAY_CLOCK]
    return table[1 + capacity + slot]


@kernel(Long, Longs, Long)
def find_stay_mask(slots, key):
    """The address of a kept mask; 0, and a miss, if there is none. Only between the two ends of reading."""
    row = kept_mask(slots, key)
    if row == 0:
        slots[STAY_WANTED] = key
        miss(slots, MISS_STAY, 0)
    return row


@kernel(Nothing, Longs, inline=True)
def begin_reading(slots):
    """From here on no mask in the cache is given back, nor a table of it, until ``end_reading``."""
    atomic_add(slots[STAY_CACHE] + STAY_READERS * 8, 1)


@kernel(Nothing, Longs, inline=True)
def end_reading(slots):
    atomic_add(slots[STAY_CACHE] + STAY_READERS * 8, -1)


@kernel(Nothing, Longs, Ints, Words)
def fill_anything(slots, stack, mask):
    for byte in range(256):
        walk_root(slots, stack, mask, TRIE, byte, 0, 0)


@kernel(Nothing, Longs, Long, inline=True)
def mark(slots, byte):
    """Note that tokens beginning with ``byte`` have to be judged one by one; -1 stands for the quote."""
    if byte < 0:
        byte = np.int64(0x22)
    slots[MARKED + (byte >> 6)] |= np.int64(1) << (byte & 63)


@kernel(Nothing, Longs, Long, Long, Long)
def mark_named(slots, key, hi, position):
    """``mark`` how the named keys ``key .. hi-1`` go on at ``position``: as they are, or by an escape."""
    if key < 0:
        return
    mark(slots, 0x5C)
    while key < hi:
        byte = key_byte(slots, key, position)
        mark(slots, byte)
        key = key + 1 if byte < 0 else run_end(slots, key, hi, position, byte)


@kernel(Nothing, Longs, Long, Long, Long)
def mark_used(slots, frame, start, size):
    """``mark`` how the other keys that the object has go on after the ``size`` bytes at ``start``."""
    arena = ints_at(slots[ARENA])
    key = np.int64(arena[frame + OTHERS])
    while key != 0:
        if begins_with(slots, key, start, size, 0):
            mark(slots, 0x5C)
            ended = arena[key + KEY_SIZE] == size
            mark(slots, np.int64(0x22) if ended else np.int64(arena[key + KEY_CONTENT + size]) & 0xFF)
        key = np.int64(arena[key + KEY_BEFORE])


@kernel(Flag, Longs, Ints, Long, Long, inline=True)
def may_run_out(slots, record, state, count):
    """May a token lead from ``state`` to where the ``count`` keys that have come are all that there are?"""
    if record[TEXT_SCARCE_AT] == 0:
        return False
    return count >= FEW_KEYS or ints_at(slots[TEXT_LEFT])[record[TEXT_SCARCE_AT] + state] <= slots[LONGEST]


@kernel(Nothing, Longs, Ints, Words, Long, Long)
def fill_classed_key(slots, stack, mask, text, classes):
    """An open key whose class an automaton tells: the tokens that leave some live class possible, one mask for each,
    those that hold a quote, and those that a named key begins with, which are walked as if no other keys were possible.

    Where few keys of a class may be left, which of them have come matters: then all tokens are walked.
    """
    for i in range(slots[MASK_WORDS]):
        mask[i] = 0
    frame = np.int64(stack[FRAME])
    arena = ints_at(slots[ARENA])
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    state = np.int64(arena[stack[TOP] - 1]) >> KEY_STATE_SHIFT
    if slots[STAY_MOST] < 2 * classes or may_run_out(slots, record, state, np.int64(arena[frame + COUNT])):
        fill_anything(slots, stack, mask)
        return
    left = ints_at(slots[TEXT_LEFT] + (np.int64(record[TEXT_LEFT_AT]) + state * classes) * 4)
    is_open = bytes_at(slots[TEXT_OPEN] + np.int64(record[TEXT_OPEN_AT]) + state * classes)
    begin_reading(slots)
    for number in range(1, classes + 1):
        if left[number - 1] == 0 or class_node(slots, frame, number) == NONE:
            continue
        row = slots[STAY]
        if is_open[number - 1] == 0:
            row = find_stay_mask(slots, ((text << STATE_BITS) | state) << COUNT_BITS | number)
            if row == 0:
                end_reading(slots)
                return
        source = words_at(row)
        for i in range(slots[MASK_WORDS]):
            mask[i] |= source[i]
    end_reading(slots)
    for byte in range(256):
        walk_root(slots, stack, mask, CROSS, byte, 0, 0)
    if stack[A] != NONE:  # what may only become a named key
        stack[MODE] = KEY
        for byte in range(256):
            if (slots[MARKED + (byte >> 6)] >> (byte & 63)) & 1:
                walk_root(slots, stack, mask, TRIE, byte, 0, 0)
        stack[MODE] = OPEN_KEY


@kernel(Nothing, Longs, Ints, Words)
def fill_open_key(slots, stack, mask):
    """A key that may be named or any other; between code points."""
    frame = np.int64(stack[FRAME])
    size = np.int64(stack[C])
    top = np.int64(stack[TOP])
    for i in range(4):
        slots[MARKED + i] = 0
    mark_named(slots, np.int64(stack[A]), np.int64(stack[B]), size)
    mark_used(slots, frame, top - size, size)
    node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
    if node[CLASSES] != 0:
        fill_classed_key(slots, stack, mask, np.int64(node[KEY_TEXT]), np.int64(node[CLASSES]))
        return
    copy_mask(slots, mask, slots[STAY])
    if is_in_unique_item(slots, frame):
        for byte in range(256):
            walk_root(slots, stack, mask, CROSS, byte, 0, 0)
        return
    finish_other_key(slots, stack, 0, frame, 1, size, top)
    allow_tail_group(slots, mask, 0, 0, NO_LIMIT)
    call_walk(slots[WALK], slots, stack, mask, TAIL, 0, slots[TAIL_NODES], 0, NO_LIMIT)
    load(slots, stack)
    for byte in range(256):
        if (slots[MARKED + (byte >> 6)] >> (byte & 63)) & 1:
            walk_crossing_from(slots, stack, mask, byte)


@kernel(Nothing, Longs, Ints, Words)
def fill_keys(slots, stack, mask):
    """KEY and CHOICE, between code points: only tokens that begin as some key goes on."""
    walk_root(slots, stack, mask, TRIE, 0x22, 0, 0)
    walk_root(slots, stack, mask, TRIE, 0x5C, 0, 0)
    key = np.int64(stack[A])
    hi = np.int64(stack[B])
    position = np.int64(stack[C])
    while key < hi:
        byte = key_byte(slots, key, position)
        if byte < 0:
            key += 1
        else:
            end = run_end(slots, key, hi, position, byte)
            if byte != 0x22 and byte != 0x5C:
                walk_as_keys_go_on(slots, stack, mask, byte, key, end, position + 1)
            key = end


@kernel(Long, Longs, Ints, Ints, inline=True)
def most_code_points(slots, stack, record):
    """How many code points may follow in a TEXT if the limits of length forbid nothing else; NONE if they may.

    In the free columns of a text's table they forbid nothing, and those behind are all dead where they reach up to the
    maximum.
    """
    length = np.int64(stack[C])
    if record[TEXT_COLUMNS] == 0:
        return np.int64(NO_LIMIT)
    left = np.int64(record[TEXT_FREE_TO]) - 1 - length
    if length < record[TEXT_FREE_FROM] or left < 0:
        return np.int64(NONE)
    if left >= slots[LONGEST]:
        return np.int64(NO_LIMIT)
    node = ints_at(slots[NODES] + (np.int64(stack[A]) << NODE_SHIFT) * 4)
    to_the_end = node[MAX_LENGTH] < UNBOUNDED and record[TEXT_FREE_TO] == record[TEXT_COLUMNS] - 1
    return left if to_the_end else np.int64(NONE)


@kernel(Nothing, Longs, Ints, Words)
def fill_text(slots, stack, mask):
    node = ints_at(slots[NODES] + (np.int64(stack[A]) << NODE_SHIFT) * 4)
    text = np.int64(node[TEXT_ID])
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    most = most_code_points(slots, stack, record)
    if most != NONE and bytes_at(slots[TEXT_OPEN])[record[TEXT_OPEN_AT] + stack[B]] != 0:
        copy_mask(slots, mask, slots[STAY_WITHIN] + min(most, slots[LONGEST] - 1) * slots[MASK_WORDS] * 4)
    elif slots[STAY_MOST] != 0:
        count = np.int64(stack[C]) + 2 if most == NONE else np.int64(ANY_COUNT)
        begin_reading(slots)
        row = find_stay_mask(slots, ((text << STATE_BITS) | stack[B]) << COUNT_BITS | count)
        if row != 0:
            copy_mask(slots, mask, row)
        end_reading(slots)
        if row == 0:
            return
        if most >= 0 and most < slots[LONGEST]:
            within = words_at(slots[STAY_WITHIN] + most * slots[MASK_WORDS] * 4)
            for i in range(slots[MASK_WORDS]):
                mask[i] &= within[i]
    else:
        walk_staying(slots, stack, mask, text, np.int64(stack[B]))
        load(slots, stack)
    for byte in range(256):
        walk_root(slots, stack, mask, CROSS, byte, 0, 0)


@kernel(Nothing, Longs, Ints, Words, Long)
def fill_admitted(slots, stack, mask, mode):
    """All tokens that begin with a byte that ``mode`` admits, with their blanks."""
    admits = bytes_at(slots[ADMITS])
    for byte in range(0x7E):
        if admits[(mode << 8) + byte] != 0:
            walk_root(slots, stack, mask, TRIE, byte, 0, 0)


@kernel(Nothing, Longs, Ints, Words)
def fill_structural(slots, stack, mask):
    """VALUE, AFTER, FIRST_KEY, NEXT_KEY, COLON, FIRST_ITEM: tokens by what follows their leading blanks."""
    mode = np.int64(stack[MODE])
    if slots[WHITESPACE] == BLANKS_BY_PATTERN:
        fill_admitted(slots, stack, mask, mode)
        return
    frame = np.int64(stack[FRAME])
    arena = ints_at(slots[ARENA])
    blanks_limit = np.int64(0)
    newline_limit = np.int64(-1)
    if slots[WHITESPACE] == ANY_BLANKS:
        blanks_limit = np.int64(NO_LIMIT)
        newline_limit = np.int64(NO_LIMIT)
    elif slots[WHITESPACE] == FORMATTED and arena[frame + KIND] != ROOT:
        level = COLUMNS_PER_LEVEL * np.int64(arena[frame + DEPTH])
        if stack[S] == INDENTED:
            blanks_limit = level - stack[E]
        elif stack[S] == FRESH:
            if mode == NEXT_KEY or mode == VALUE:
                blanks_limit = np.int64(1)
            if mode == AFTER:
                if may_close(slots, frame):
                    newline_limit = level
            elif mode != COLON and not (mode == VALUE and stack[B] != AFTER_COMMA):
                newline_limit = level
    admits = bytes_at(slots[ADMITS])
    allow_bare_group(slots, mask, 0, blanks_limit, newline_limit)
    for byte in range(0x22, 0x7E):
        if admits[(mode << 8) + byte] != 0:
            limit = newline_limit
            if mode == AFTER and byte == 0x2C and limit != NO_LIMIT:
                limit = np.int64(-1)
            walk_root(slots, stack, mask, BARE, byte, blanks_limit, limit)


@kernel(Nothing, Longs, Ints, Words)
def fill_number(slots, stack, mask):
    state = np.int64(stack[A])
    label = number_label(slots, state, residue_of(stack, 0))
    if label != 0:
        outcome = label if stack[B] != 0 else np.int64(PLAIN)
        if finish(slots, stack, 0, np.int64(stack[FRAME]), outcome, np.int64(stack[TOP])) != 0:
            fill_structural(slots, stack, mask)
        load(slots, stack)
    symbols = bytes_at(slots[NUMBER_SYMBOL])
    row = ints_at(slots[NUMBER_NEXT] + (state << NUMBER_SHIFT) * 4)
    for byte in range(0x2B, 0x66):
        if row[symbols[byte]] != DEAD:
            walk_root(slots, stack, mask, TRIE, byte, 0, 0)


@kernel(Nothing, Longs, Words)
def fill(slots, mask):
    """Write the mask of the matcher's configuration."""
    stack = ints_at(slots[STACK])
    load(slots, stack)
    mode = stack[MODE]
    inside = stack[S] == INSIDE
    if mode == STRING and inside:
        fill_string(slots, stack, mask)
        return
    if mode == OPEN_KEY and inside:
        fill_open_key(slots, stack, mask)
        return
    for i in range(slots[MASK_WORDS]):
        mask[i] = 0
    if slots[TERMINATED] != 0:
        return
    if mode == TEXT and inside:
        fill_text(slots, stack, mask)
    elif (mode == KEY or mode == CHOICE) and inside:
        fill_keys(slots, stack, mask)
    elif mode == NUMBER:
        fill_number(slots, stack, mask)
    elif mode == LITERAL:
        byte = key_byte(slots, np.int64(stack[A]), np.int64(stack[C]))
        walk_root(slots, stack, mask, TRIE, byte, 0, 0)
    elif mode <= COLON or mode == FIRST_ITEM:
        fill_structural(slots, stack, mask)
    elif mode == GRAMMAR:
        call_fill(slots[GRAMMAR_FILL], slots, stack, mask)
    else:
        fill_anything(slots, stack, mask)
    load(slots, stack)
    if is_accepting(slots, stack, 0):
        tokens = ints_at(slots[END_TOKENS])
        for i in range(slots[END_COUNT]):
            mask[tokens[i] >> 5] |= np.uint32(1) << np.uint32(tokens[i] & 31)
