"""Making the program of a pattern deterministic: lists of the places where a match may be, explored by a kernel.

A *program* is a pattern in the instructions below, after Thompson (1968) and Pike. A state of the automaton is a list
of *items*: an instruction that reads a character, or a match, each with a *condition* on the text ahead. A condition is
a set of instructions of which one comes, or must not come, to arrive: what is left of one look-ahead. Two look-aheads
that are open at once are not for this kernel, nor look-aheads inside of one (``UNSURE``).

Lists are *ordered* by preference and cut after the first match without a condition, as Python's patterns want it; or
sorted, for texts that match as a whole (``WHOLE``) or hold a match (``SEARCH``).
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .pointers import Flag, Long, Longs, Nothing, bytes_at, ints_at, longs_at

Slots = types.Array(types.int64, 1, "C")

# instructions: (code, a, b), places relative to that of the instruction
CHAR = 0  # a character of set a
SPLIT = 1  # go on at a or, less preferred, at b
JUMP = 2  # go on at a
START = 3  # the text starts here
BEHIND = 4  # the character before is (b = 0) or is not (b = 1) of set a
AHEAD = 5  # the next a instructions do (b = 0) or do not (b = 1) arrive
END = 6  # inside AHEAD: the text ends here
ARRIVED = 7  # the end of an AHEAD
MATCH = 8  # the end of the program

ORDERED, WHOLE, SEARCH = range(3)
AT_START, UNKNOWN = -2, -1  # in place of the class of the character before

TRUE, FALSE = 0, 1  # conditions
POSITIVE, NEGATIVE = -1, -2  # the first entry of any other condition
# kinds of items that are no instruction, numbered from the length of the program on: a match ends here; one that ended
# before waits for its condition; one that ended before has met it, or all texts are accepted
MATCHED, PENDING, DECIDED = range(3)
NO_GUARD = -1
ACCEPTS, ACCEPTS_AT_END = 1, 2  # flags of states, the second one also of guards

# slots: sizes, and how far the exploration has come
(SIZE, SETS, CLASSES, MODE, BEHIND_SETS, LIST_ROOM, ENDING_ROOM, STATE_MASK, CONDITION_MASK) = range(9)
(STATE_ROOM, ITEM_ROOM, CONDITION_ROOM, PLACE_ROOM) = range(9, 13)
(STATE_COUNT, CONDITION_COUNT, ENDING_COUNT, GUARD_COUNT, WORK, STAMP, LISTED, CUT, FAILURE) = range(13, 22)
# slots: addresses
PROGRAM = 22  # int32[SIZE, 3]
MEMBER = 23  # uint8[SETS, CLASSES]
BEHINDS = 24  # int32[BEHIND_SETS]: the sets that are looked behind for
MARKS = 25  # int64[MARK_ROWS, SIZE + 3]
STACK = 26  # int64[2 SIZE + 2, 2]: places and conditions
INNER_STACK = 27  # int64[2 SIZE + 2]
OUT, BUFFER = 28, 29  # int64[LIST_ROOM]
STATES_AT, STATE_ITEMS, STATE_TABLE = 30, 31, 32  # int64[STATE_ROOM + 1], int64[ITEM_ROOM], int32[STATE_MASK + 1]
CONDITIONS_AT, PLACES, CONDITION_TABLE = 33, 34, 35  # the same for conditions
DERIVED = 36  # int32[CONDITION_ROOM, CLASSES]: 0 where not known, else what was found and 1
BLOCKS, REMAP, TARGETS, SET_MARKS = 37, 38, 39, 40  # int64[CLASSES], int64[2 CLASSES], int64[CLASSES], int64[SETS]
ROWS, FLAGS = 41, 42  # int32[STATE_ROOM, CLASSES], uint8[STATE_ROOM]
ENDINGS = 43  # int32[ENDING_ROOM, 3]: state, state that is preferred, guard
GUARDS, GUARD_FLAGS = 44, 45  # int32[CONDITION_ROOM, CLASSES], uint8[CONDITION_ROOM]
GUARD_OF, GUARDED = 46, 47  # int32[CONDITION_ROOM]: guards of conditions, int64[CONDITION_ROOM]: conditions of guards
SLOTS = 48
DONE, NO_ROOM, TOO_MUCH, UNSURE = range(4)
# rows of marks: when an instruction was last seen without a condition, under one, under which; in a condition; listed
SEEN, SEEN_UNDER, UNDER, GATHERED, TAKEN, TAKEN_UNDER, MARK_ROWS = range(7)


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
        i = np.int64(0) if at[number + 1] - start == count else count + 1
        while i < count and lists[start + i] == buffer[i]:
            i += 1
        if i == count:
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


# --- conditions


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


# --- lists of items


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
