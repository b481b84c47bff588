"""Making the program of a pattern deterministic: lists of the places where a match may be, explored by a kernel.

A state of the automaton is a list of *items*: an instruction that reads a character, or a match, each with a condition
on the text ahead. Two look-aheads that are open at once are not for this kernel, nor look-aheads inside of one
(``UNSURE``).

Lists are *ordered* by preference and cut after the first match without a condition, as Python's patterns want it; or
sorted, for texts that match as a whole (``WHOLE``) or hold a match (``SEARCH``).
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .conditions import Slots, both, condition_of, derive, gather, holds_at_end, intern, is_member, sort, stands_behind
from .pointers import Flag, Long, Nothing, bytes_at, ints_at, longs_at
from .programs import *  # noqa: F403 -- the layout is these kernels' vocabulary


@kernel(Long, Slots, Long, Long, Long)
def add_item(slots, count, place, condition):
    """Add an item to the list, ``count`` long, unless an earlier one makes it needless; how many there are."""
    if condition == FALSE:
        return count
    size, out = slots[SIZE], longs_at(slots[OUT])
    taken = longs_at(slots[MARKS] + 8 * TAKEN * (size + 3))
    taken_under = longs_at(slots[MARKS] + 8 * TAKEN_UNDER * (size + 3))
    if count + 1 >= slots[LIST_ROOM]:
        slots[FAILURE] = NO_ROOM
        return count
    key = size + MATCHED if place == size + PENDING else place
    if taken[key] == slots[LISTED]:
        return count
    if condition == TRUE:
        taken[key] = slots[LISTED]
        if key == size + MATCHED and slots[MODE] != WHOLE:
            slots[CUT] = 1
            count = 0 if slots[MODE] == SEARCH else count
            out[count] = (place if place == key and slots[MODE] == ORDERED else size + DECIDED) << 32
            return count + 1
    elif taken_under[key] == slots[LISTED]:
        for i in range(count):
            listed = size + MATCHED if out[i] >> 32 == size + PENDING else out[i] >> 32
            if listed == key and out[i] & 0xFFFFFFFF == condition:
                return count
    taken_under[key] = slots[LISTED]
    out[count] = place << 32 | condition
    return count + 1


@kernel(Long, Slots, Long, Long)
def claim(slots, place, previous):
    """The condition that the look-ahead at ``place`` says."""
    longs_at(slots[BUFFER])[0] = NEGATIVE if ints_at(slots[PROGRAM])[3 * place + 2] != 0 else POSITIVE
    slots[STAMP] += 1
    return condition_of(slots, gather(slots, 1, place + 1, previous))


@kernel(Flag, Slots, Long, Long, Long)
def is_fresh(slots, place, own, stamp):
    """Whether ``place`` is seen for the first time since ``stamp`` under ``own``; marks it."""
    width = slots[SIZE] + 3
    seen, seen_under = longs_at(slots[MARKS] + 8 * SEEN * width), longs_at(slots[MARKS] + 8 * SEEN_UNDER * width)
    under = longs_at(slots[MARKS] + 8 * UNDER * width)
    slots[WORK] -= 1
    if seen[place] == stamp:
        return False
    if own == TRUE:
        seen[place] = stamp
        return True
    if seen_under[place] == stamp and under[place] == own:
        return False
    seen_under[place] = stamp
    under[place] = own
    return True


@kernel(Long, Slots, Long, Long, Long, Long)
def expand(slots, count, place, previous, base):
    """Add to the list the ways to go on at ``place`` under the condition ``base``; how many items there are."""
    program, stack = ints_at(slots[PROGRAM]), longs_at(slots[STACK])
    slots[STAMP] += 1
    stamp = slots[STAMP]
    top = np.int64(1)
    stack[0] = place
    stack[1] = TRUE
    while top > 0 and slots[FAILURE] == DONE and slots[CUT] == 0:
        top -= 1
        place, own = stack[2 * top], stack[2 * top + 1]
        if not is_fresh(slots, place, own, stamp):
            continue
        code = program[3 * place]
        a, b = np.int64(program[3 * place + 1]), np.int64(program[3 * place + 2])
        if code == CHAR:
            count = add_item(slots, count, place, both(slots, base, own))
            continue
        if code == MATCH:
            kind = PENDING if slots[MODE] == SEARCH else MATCHED
            count = add_item(slots, count, slots[SIZE] + kind, both(slots, base, own))
            if own == TRUE and slots[MODE] != WHOLE:
                return count
            continue
        following = place + 1
        if code == SPLIT:
            stack[2 * top] = place + b
            stack[2 * top + 1] = own
            top += 1
            following = place + a
        elif code == JUMP:
            following = place + a
        elif code == AHEAD:
            own = both(slots, own, claim(slots, place, previous))
            following = place + 1 + a
        elif (code == BEHIND and not stands_behind(slots, a, b, previous)) or (code == START and previous != AT_START):
            own = FALSE
        if own != FALSE:
            stack[2 * top] = following
            stack[2 * top + 1] = own
            top += 1
    return count


@kernel(Long, Slots, Long)
def settle(slots, count):
    """The state of the list, ``count`` long."""
    out = longs_at(slots[OUT])
    if slots[MODE] != ORDERED:
        sort(out, 0, count)
        kept = np.int64(0)
        for i in range(count):
            if kept == 0 or out[i] >> 32 != out[kept - 1] >> 32 or out[kept - 1] & 0xFFFFFFFF != TRUE:
                out[kept] = out[i]
                kept += 1
        count = kept
    return intern(slots, STATE_COUNT, STATE_ROOM, STATES_AT, STATE_ITEMS, STATE_TABLE, STATE_MASK, out, count)


@kernel(Long, Slots, Long, Long)
def successor(slots, state, symbol):
    """The state after ``symbol``."""
    program, items = ints_at(slots[PROGRAM]), longs_at(slots[STATE_ITEMS])
    at, size = longs_at(slots[STATES_AT]), slots[SIZE]
    slots[LISTED] += 1
    slots[CUT] = 0
    count = np.int64(0)
    for index in range(at[state], at[state + 1]):
        slots[WORK] -= 1
        place, condition = items[index] >> 32, items[index] & 0xFFFFFFFF
        if slots[CUT] != 0 or slots[FAILURE] != DONE:
            break
        if place < size:
            if is_member(slots, program[3 * place + 1], symbol):
                after = derive(slots, condition, symbol)
                if after != FALSE:
                    count = expand(slots, count, place + 1, symbol, after)
        elif place == size + DECIDED:
            if slots[MODE] == SEARCH:
                return state
        elif condition != TRUE and slots[MODE] != WHOLE:
            count = add_item(slots, count, size + PENDING, derive(slots, condition, symbol))
    return settle(slots, count)


# --- the exploration


@kernel(Long, Slots, Long, Long)
def tell_apart(slots, blocks, chars):
    """Part the blocks of classes by the set ``chars``; how many blocks there are, ``blocks`` before."""
    marks = longs_at(slots[SET_MARKS])
    if marks[chars] == slots[LISTED]:
        return blocks
    marks[chars] = slots[LISTED]
    block, remap = longs_at(slots[BLOCKS]), longs_at(slots[REMAP])
    for i in range(2 * blocks):
        remap[i] = -1
    found = np.int64(0)
    for symbol in range(slots[CLASSES]):
        key = 2 * block[symbol] + (1 if is_member(slots, chars, symbol) else 0)
        if remap[key] < 0:
            remap[key] = found
            found += 1
        block[symbol] = remap[key]
    return found


@kernel(Long, Slots, Long)
def blocks_of(slots, state):
    """Part the classes into blocks that ``state`` does not tell further apart; how many there are."""
    program, items, at = ints_at(slots[PROGRAM]), longs_at(slots[STATE_ITEMS]), longs_at(slots[STATES_AT])
    places, conditions_at = longs_at(slots[PLACES]), longs_at(slots[CONDITIONS_AT])
    block, behinds = longs_at(slots[BLOCKS]), ints_at(slots[BEHINDS])
    slots[LISTED] += 1
    for symbol in range(slots[CLASSES]):
        block[symbol] = 0
    blocks = np.int64(1)
    for i in range(slots[BEHIND_SETS]):
        blocks = tell_apart(slots, blocks, np.int64(behinds[i]))
    for index in range(at[state], at[state + 1]):
        place, condition = items[index] >> 32, items[index] & 0xFFFFFFFF
        if place < slots[SIZE]:
            blocks = tell_apart(slots, blocks, np.int64(program[3 * place + 1]))
        for i in range(conditions_at[condition] + 1, conditions_at[condition + 1]):
            if program[3 * places[i]] == CHAR:
                blocks = tell_apart(slots, blocks, np.int64(program[3 * places[i] + 1]))
    return blocks


@kernel(Nothing, Slots, Long)
def write_row(slots, state):
    """Find the successors of ``state``."""
    rows, block, targets = ints_at(slots[ROWS]), longs_at(slots[BLOCKS]), longs_at(slots[TARGETS])
    classes = slots[CLASSES]
    blocks_of(slots, state)
    known = np.int64(0)
    for symbol in range(classes):
        if block[symbol] == known:
            targets[known] = successor(slots, state, symbol)
            known += 1
        rows[state * classes + symbol] = np.int32(targets[block[symbol]])


@kernel(Nothing, Slots, Long)
def write_flags(slots, state):
    """Say whether ``state`` accepts, and whether it does if the text ends there."""
    items, at, size = longs_at(slots[STATE_ITEMS]), longs_at(slots[STATES_AT]), slots[SIZE]
    flags = np.int64(0)
    for index in range(at[state], at[state + 1]):
        place, condition = items[index] >> 32, items[index] & 0xFFFFFFFF
        if place == size + DECIDED or (place == size + MATCHED and condition == TRUE):
            flags |= ACCEPTS
        elif place >= size and holds_at_end(slots, condition):
            flags |= ACCEPTS_AT_END
    bytes_at(slots[FLAGS])[state] = np.uint8(flags)


@kernel(Long, Slots, Long)
def guard_of(slots, condition):
    """The number of ``condition`` among the guards."""
    numbers = ints_at(slots[GUARD_OF])
    if numbers[condition] == 0 and condition != FALSE:
        number = slots[GUARD_COUNT]
        slots[GUARD_COUNT] = number + 1
        numbers[condition] = np.int32(number)
        longs_at(slots[GUARDED])[number] = condition
        bytes_at(slots[GUARD_FLAGS])[number] = np.uint8(ACCEPTS_AT_END if holds_at_end(slots, condition) else 0)
    return np.int64(numbers[condition])


@kernel(Nothing, Slots)
def write_guards(slots):
    """Find the successors of all guards that endings name."""
    guards, guarded = ints_at(slots[GUARDS]), longs_at(slots[GUARDED])
    guard = np.int64(0)
    while guard < slots[GUARD_COUNT] and slots[FAILURE] == DONE:
        for symbol in range(slots[CLASSES]):
            slots[WORK] -= 1
            after = guard_of(slots, derive(slots, guarded[guard], symbol))
            guards[guard * slots[CLASSES] + symbol] = np.int32(after)
        guard += 1


@kernel(Nothing, Slots, Long)
def list_endings(slots, state):
    """List the ways to match that end in ``state``."""
    items, at, out = longs_at(slots[STATE_ITEMS]), longs_at(slots[STATES_AT]), longs_at(slots[OUT])
    endings = ints_at(slots[ENDINGS])
    for index in range(at[state], at[state + 1]):
        condition = items[index] & 0xFFFFFFFF
        if items[index] >> 32 != slots[SIZE] + MATCHED:
            continue
        preferred = state
        if condition != TRUE:
            for i in range(index - at[state]):
                out[i] = items[at[state] + i]
            preferred = settle(slots, np.int64(index - at[state]))
        if slots[ENDING_COUNT] >= slots[ENDING_ROOM]:
            slots[FAILURE] = NO_ROOM
            return
        ending = 3 * slots[ENDING_COUNT]
        endings[ending] = np.int32(state)
        endings[ending + 1] = np.int32(preferred)
        endings[ending + 2] = np.int32(NO_GUARD if condition == TRUE else guard_of(slots, condition))
        slots[ENDING_COUNT] += 1


@kernel(Long, Slots, entry=True)
def determinize(slots):
    """Explore all states, 0 the dead one and 1 that at the start, and the guards; ``DONE``, or why not."""
    buffer = longs_at(slots[BUFFER])
    for condition in (TRUE, FALSE):
        buffer[0] = condition
        intern(
            slots, CONDITION_COUNT, CONDITION_ROOM, CONDITIONS_AT, PLACES, CONDITION_TABLE, CONDITION_MASK, buffer, 1
        )
    slots[GUARD_COUNT] = 1  # what is never met
    longs_at(slots[GUARDED])[0] = FALSE
    guard_of(slots, TRUE)
    settle(slots, 0)
    slots[LISTED] += 1
    settle(slots, expand(slots, 0, 0, UNKNOWN if slots[MODE] == ORDERED else AT_START, TRUE))
    state = np.int64(0)
    while state < slots[STATE_COUNT] and slots[FAILURE] == DONE:
        if slots[WORK] < 0:
            return TOO_MUCH
        write_row(slots, state)
        write_flags(slots, state)
        if slots[MODE] == ORDERED:
            list_endings(slots, state)
        state += 1
    write_guards(slots)
    return slots[FAILURE]
