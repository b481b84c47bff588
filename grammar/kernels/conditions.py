"""Conditions on the text ahead, while a program is made deterministic.

A condition is a set of instructions of which one comes, or must not come, to arrive: what is left of one look-ahead.
Like the states, conditions are lists that are numbered in the order in which they come.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .pointers import Flag, Long, Longs, Nothing, bytes_at, ints_at, longs_at
from .programs import *  # noqa: F403 -- the layout is these kernels' vocabulary

Slots = types.Array(types.int64, 1, "C")


@kernel(Long, Slots, Long, Long, Long, Long, Long, Long, Longs, Long)
def intern(slots, counter, room, at_slot, lists_slot, table_slot, mask_slot, buffer, count):
    """The number of the list ``buffer[:count]``, which is added if it is new."""
    at, lists, table = longs_at(slots[at_slot]), longs_at(slots[lists_slot]), ints_at(slots[table_slot])
    code = np.int64(count)
    for i in range(count):
        code = (code * 1000003) ^ buffer[i] ^ (buffer[i] >> 29)
    slot = (code ^ (code >> 17)) & slots[mask_slot]
    while table[slot] != 0:
        number = np.int64(table[slot]) - 1
        start = at[number]
        same = at[number + 1] - start == count
        for i in range(count if same else 0):
            if lists[start + i] != buffer[i]:
                same = False
                break
        if same:
            return number
        slot = (slot + 1) & slots[mask_slot]
    number = slots[counter]
    start = at[number]
    if number >= slots[room] or start + count > slots[room + 1]:
        slots[FAILURE] = NO_ROOM
        return 0
    for i in range(count):
        lists[start + i] = buffer[i]
    at[number + 1] = start + count
    table[slot] = np.int32(number + 1)
    slots[counter] = number + 1
    return number


@kernel(Nothing, Longs, Long, Long)
def sort(values, start, stop):
    """Sort ``values[start:stop]``, which is nearly in order."""
    for i in range(start + 1, stop):
        value = values[i]
        j = i
        while j > start and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@kernel(Flag, Slots, Long, Long)
def is_member(slots, chars, symbol):
    return bytes_at(slots[MEMBER])[chars * slots[CLASSES] + symbol] != 0


@kernel(Flag, Slots, Long, Long, Long)
def stands_behind(slots, chars, negated, previous):
    """Whether a look-behind of one character holds after ``previous``."""
    if previous == UNKNOWN:
        slots[FAILURE] = UNSURE
        return False
    if previous == AT_START:
        return negated != 0
    return is_member(slots, chars, previous) != (negated != 0)


@kernel(Long, Slots, Long, Long, Long)
def gather(slots, count, place, previous):
    """Add to the buffer's ``count`` what may come next at ``place``; how many entries there are, -1 on arrival."""
    program, buffer, stack = ints_at(slots[PROGRAM]), longs_at(slots[BUFFER]), longs_at(slots[INNER_STACK])
    seen = longs_at(slots[MARKS] + 8 * GATHERED * (slots[SIZE] + 3))
    top = np.int64(1)
    stack[0] = place
    while top > 0:
        top -= 1
        place = stack[top]
        if seen[place] == slots[STAMP]:
            continue
        seen[place] = slots[STAMP]
        slots[WORK] -= 1
        code = program[3 * place]
        a, b = np.int64(program[3 * place + 1]), np.int64(program[3 * place + 2])
        if code == CHAR or code == END:
            buffer[count] = place
            count += 1
        elif code == ARRIVED:
            return -1
        elif code == SPLIT:
            stack[top] = place + b
            stack[top + 1] = place + a
            top += 2
        elif code == JUMP:
            stack[top] = place + a
            top += 1
        elif code == BEHIND:
            if stands_behind(slots, a, b, previous):
                stack[top] = place + 1
                top += 1
        elif code == START:
            if previous == AT_START:
                stack[top] = place + 1
                top += 1
        else:
            slots[FAILURE] = UNSURE
    return count


@kernel(Long, Slots, Long)
def condition_of(slots, count):
    """The condition in the buffer, a sign and instructions; ``count`` is -1 where one of them has arrived."""
    buffer = longs_at(slots[BUFFER])
    positive = buffer[0] == POSITIVE
    if count == -1:
        return TRUE if positive else FALSE
    if count == 1:
        return FALSE if positive else TRUE
    sort(buffer, 1, count)
    return intern(
        slots, CONDITION_COUNT, CONDITION_ROOM, CONDITIONS_AT, PLACES, CONDITION_TABLE, CONDITION_MASK, buffer, count
    )


@kernel(Long, Slots, Long, Long)
def derive(slots, condition, symbol):
    """What ``condition`` asks of the text after ``symbol``."""
    if condition == TRUE or condition == FALSE:
        return condition
    derived = ints_at(slots[DERIVED])
    entry = condition * slots[CLASSES] + symbol
    if derived[entry] != 0:
        return np.int64(derived[entry]) - 1
    program, places, buffer = ints_at(slots[PROGRAM]), longs_at(slots[PLACES]), longs_at(slots[BUFFER])
    at = longs_at(slots[CONDITIONS_AT])
    slots[STAMP] += 1
    count = np.int64(1)
    buffer[0] = places[at[condition]]
    for index in range(at[condition] + 1, at[condition + 1]):
        place = places[index]
        if count > 0 and program[3 * place] == CHAR and is_member(slots, program[3 * place + 1], symbol):
            count = gather(slots, count, place + 1, symbol)
    found = condition_of(slots, count)
    derived[entry] = np.int32(found + 1)
    return found


@kernel(Flag, Slots, Long)
def holds_at_end(slots, condition):
    """Whether ``condition`` is met if the text ends here."""
    if condition == TRUE or condition == FALSE:
        return condition == TRUE
    program, places, at = ints_at(slots[PROGRAM]), longs_at(slots[PLACES]), longs_at(slots[CONDITIONS_AT])
    positive = places[at[condition]] == POSITIVE
    for index in range(at[condition] + 1, at[condition + 1]):
        if program[3 * places[index]] == END:
            return positive
    return not positive


@kernel(Flag, Slots, Long)
def asks_for_end(slots, condition):
    """Whether ``condition`` says just that the text ends here."""
    at, places = longs_at(slots[CONDITIONS_AT]), longs_at(slots[PLACES])
    start = at[condition]
    if condition == TRUE or condition == FALSE or at[condition + 1] - start != 2 or places[start] != POSITIVE:
        return False
    return ints_at(slots[PROGRAM])[3 * places[start + 1]] == END


@kernel(Long, Slots, Long, Long)
def both(slots, one, other):
    """The condition that both conditions are met, as far as it is one."""
    if one == other or other == TRUE or one == FALSE:
        return one
    if one == TRUE or other == FALSE:
        return other
    if asks_for_end(slots, one):
        return one if holds_at_end(slots, other) else FALSE
    if asks_for_end(slots, other):
        return other if holds_at_end(slots, one) else FALSE
    slots[FAILURE] = UNSURE
    return FALSE
