"""From the program of a pattern without conditions to the smallest automaton over bytes, all in one kernel.

A state is a list of places of the program, the preferred ones first, cut after a match unless every match counts. So
has it ``determinizing``, which knows conditions, too, and takes its memory from outside. Classes of code points,
states, equivalent ones and their spelling in bytes follow each other here without Python in between, which takes as
long as all of them together.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .minimizing import merge_states, number_columns
from .pattern_characters import LAST, SETS, SIZE, WHOLE
from .pointers import Flag, Long
from .programs import CHAR, JUMP, MATCH
from .scanner_product import Bytes1, Ints1, Ints2, Longs1
from .spelling import LEAVES, NO_ROOM, ROW, find_leaves, spell, spell_ascii

Words1 = types.Array(types.uint64, 1, "C")

UNSURE = 0
MOST_STATES, MOST_CLASSES, MOST_ITEMS, MOST_ROOM = 500, 250, 8_000, 4_000
FIRST_SURROGATE, PAST_SURROGATES = 0xD800, 0xE000

# slots of how far the exploration has come
STATES, ITEMS, STAMP = range(3)


# --- classes of code points


@kernel(Long, Ints2, Ints1, Long, Ints1, Long)
def next_bound(ranges, set_ends, sets, bounds, code):
    """The first code point behind ``code`` that some set tells from those before it.

    ``bounds``: for each set, how many of its bounds (beginnings and ends of ranges) are passed; brought forward.
    """
    found = np.int64(LAST + 1)
    for number in range(sets):
        past = 2 * np.int64(set_ends[number + 1])
        bound = np.int64(bounds[number])
        while bound < past:
            place = np.int64(ranges[bound >> 1, bound & 1]) + (bound & 1)
            if place > code:
                found = min(found, place)
                break
            bound += 1
        bounds[number] = bound
    return found


@kernel(Long, Ints2, Ints1, Long, Ints1, Ints1, Words1)
def find_classes(ranges, set_ends, sets, starts, classes, masks):
    """Cut code points into classes that no set tells further apart; how many intervals there are, or ``UNSURE``.

    ``masks``: for each class, as bits, the sets that hold it, and behind the classes their number. No text holds
    surrogates: they are of the class before them.
    """
    bounds = np.empty(sets + 1, np.int32)
    for number in range(sets):
        bounds[number] = 2 * set_ends[number]
    count, size = np.int64(0), np.int64(0)
    code = np.int64(0)
    while code <= LAST:
        following = next_bound(ranges, set_ends, sets, bounds, code)
        if code < PAST_SURROGATES:
            following = min(following, np.int64(PAST_SURROGATES))
        mask = np.uint64(0)
        for number in range(sets):
            if bounds[number] & 1 != 0:
                mask |= np.uint64(1) << np.uint64(number)
        if code < FIRST_SURROGATE or code >= PAST_SURROGATES:
            found = np.int64(0)
            while found < size and masks[found] != mask:
                found += 1
            if found == size:
                if size == MOST_CLASSES:
                    return UNSURE
                masks[size] = mask
                size += 1
            if count == 0 or classes[count - 1] != found:
                starts[count] = code
                classes[count] = found
                count += 1
        code = following
    masks[MOST_CLASSES] = np.uint64(size)
    return count


# --- states


@kernel(Flag, Words1, Long, Long, inline=True)
def holds(masks, symbol, number):
    """Does the set ``number`` hold the class ``symbol``?"""
    return masks[symbol] >> np.uint64(number) & np.uint64(1) != 0


@kernel(Long, Ints1, Flag, Long, Longs1, Longs1, Ints1, Ints1, Long)
def follow(program, whole, place, seen, counters, stack, found, count):
    """Add to ``found`` the ways to go on at ``place``; how many there are then, below 0 if it is cut after a match."""
    stack[0] = place
    top = 1
    while top > 0:
        top -= 1
        place = np.int64(stack[top])
        if seen[place] == counters[STAMP]:
            continue
        seen[place] = counters[STAMP]
        code = program[3 * place]
        if code == CHAR or code == MATCH:
            found[count] = place
            count += 1
            if code == MATCH and not whole:
                return -count
        elif code == JUMP:
            stack[top] = place + program[3 * place + 1]
            top += 1
        else:
            stack[top] = place + program[3 * place + 2]
            stack[top + 1] = place + program[3 * place + 1]
            top += 2
    return count


@kernel(Long, Longs1, Ints1, Ints1, Ints1, Ints1, Long)
def state_of(counters, items_at, items, codes, found, count):
    """The state of the places ``found[:count]``, added if it is new; below 0 if there is no room. None is state 0."""
    code = np.int64(count)
    for i in range(count):
        code = (code * 31 + found[i]) & 0x3FFFFFFF
    for state in range(counters[STATES]):
        start = np.int64(items_at[state])
        if codes[state] == code and items_at[state + 1] - start == count:
            i = 0
            while i < count and items[start + i] == found[i]:
                i += 1
            if i == count:
                return state
    state, start = counters[STATES], counters[ITEMS]
    if state == MOST_STATES or start + count > MOST_ITEMS:
        return -1
    for i in range(count):
        items[start + i] = found[i]
    items_at[state + 1] = start + count
    codes[state] = code
    counters[STATES] = state + 1
    counters[ITEMS] = start + count
    return state


@kernel(Flag, Ints1, Flag, Long, Words1, Long, Ints2, Ints1, Longs1)
def explore(program, whole, size, masks, classes, transitions, accepts, counters):
    """Find all states, 0 the dead one and 1 that at the start, and their ``transitions``; ``False`` if too many."""
    items_at, items = np.zeros(MOST_STATES + 1, np.int32), np.empty(MOST_ITEMS, np.int32)
    codes = np.zeros(MOST_STATES, np.int32)
    seen, stack, found = np.zeros(size, np.int64), np.empty(size + 2, np.int32), np.empty(size + 1, np.int32)
    counters[STATES], counters[ITEMS], counters[STAMP] = 1, 0, 1
    state_of(counters, items_at, items, codes, found, abs(follow(program, whole, 0, seen, counters, stack, found, 0)))
    state = np.int64(0)
    while state < counters[STATES]:
        start, past = np.int64(items_at[state]), np.int64(items_at[state + 1])
        for index in range(start, past):
            accepts[state] = max(accepts[state], np.int32(1 if program[3 * items[index]] == MATCH else 0))
        for symbol in range(classes):
            counters[STAMP] += 1
            count = np.int64(0)
            i = start
            while i < past and count >= 0:
                place = np.int64(items[i])
                if program[3 * place] == CHAR and holds(masks, symbol, np.int64(program[3 * place + 1])):
                    count = follow(program, whole, place + 1, seen, counters, stack, found, count)
                i += 1
            following = state_of(counters, items_at, items, codes, found, abs(count))
            if following < 0:
                return False
            transitions[state, symbol] = following
        state += 1
    return True


# --- bytes


@kernel(Long, Ints2, Ints1, Ints1, Long, Long, Ints1, Bytes1)
def write_bytes(states, starts, classes, size, most, columns, class_of):
    """Spell ``states`` in bytes, each of ``columns`` the bytes that it does not tell apart; ``UNSURE`` if too many."""
    leaves, leaf_of = np.empty((size + 1 + len(starts) + 1, ROW), np.int32), np.empty(LEAVES, np.int32)
    leaf_count = find_leaves(starts, classes, size, leaves, leaf_of)
    is_beyond = np.zeros(size, np.uint8)
    for i in range(len(starts)):
        if i + 1 == len(starts) or starts[i + 1] > 0x80:
            is_beyond[classes[i]] = 1
    beyond = np.empty(size, np.int32)
    count = np.int64(0)
    for symbol in range(size):
        if is_beyond[symbol] != 0:
            beyond[count] = symbol
            count += 1
    room, written = 2 * len(states) + 32, np.int64(NO_ROOM)
    result = np.zeros((1, 256), np.int32)
    while written == NO_ROOM:
        room *= 4
        if room > 4 * MOST_ROOM:
            return UNSURE
        result = np.zeros((room, 256), np.int32)
        written = spell(states, leaves, leaf_count, leaf_of, beyond[:count], result)
    if written > most:
        return UNSURE
    spell_ascii(states, starts, classes, result)
    numbers, firsts = np.empty(256, np.int32), np.empty(256, np.int32)
    width = number_columns(result[:written], numbers, firsts)
    if written * width > len(columns):
        return UNSURE
    for byte in range(256):
        class_of[byte] = numbers[byte]
    for state in range(written):
        for column in range(width):
            columns[state * width + column] = result[state, firsts[column]]
    return written


@kernel(Long, Ints1, Longs1, Ints2, Ints1, Long, Ints1, Bytes1, Bytes1, entry=True)
def automaton_of(program, at, ranges, set_ends, most, columns, class_of, accepting):
    """The automaton of what ``read_pattern`` has read, of at most ``most`` states; how many there are, or ``UNSURE``.

    State 0 is dead, 1 the start. ``class_of`` uint8[256]: the column of each byte; ``columns``: for each state, the
    states after, so many as there are columns; ``accepting`` uint8[states].
    """
    sets, size = at[SETS], at[SIZE]
    room = 2 * np.int64(set_ends[sets]) + 3
    starts, classes = np.empty(room, np.int32), np.empty(room, np.int32)
    masks = np.empty(MOST_CLASSES + 1, np.uint64)
    intervals = find_classes(ranges, set_ends, sets, starts, classes, masks)
    if intervals == UNSURE:
        return UNSURE
    class_count = np.int64(masks[MOST_CLASSES])
    held = np.uint64(0)
    for i in range(class_count):
        held |= masks[i]
    if held != (np.uint64(1) << np.uint64(sets)) - np.uint64(1):
        return UNSURE  # a set of surrogates leads nowhere
    transitions, accepts = np.empty((MOST_STATES, class_count), np.int32), np.zeros(MOST_STATES, np.int32)
    counters = np.zeros(3, np.int64)
    if not explore(program, at[WHOLE] != 0, size, masks, class_count, transitions, accepts, counters):
        return UNSURE
    count = counters[STATES]
    numbers, firsts = np.empty(count, np.int32), np.empty(count, np.int32)
    count = np.int64(merge_states(transitions[:count], accepts[:count], 2, numbers, firsts))
    states = np.empty((count, class_count), np.int32)
    for state in range(count):
        for symbol in range(class_count):
            states[state, symbol] = numbers[transitions[firsts[state], symbol]]
        accepting[state] = accepts[firsts[state]]
    return write_bytes(states, starts[:intervals], classes[:intervals], class_count, most, columns, class_of)
