"""Configurations and frames: writing them, and what happens when a value is complete.

A configuration is written in place, a frame never changes: it is copied to the top of the arena with what is new. What
a walk needs and nobody has compiled yet is noted as a *miss*.
"""

from __future__ import annotations

import numpy as np

from .compilation import callback, kernel
from .equality import first_significant, same_value, skip_blanks
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, Nothing, bytes_at, call_finished, ints_at, longs_at


@kernel(Nothing, Ints, *[Long] * 9, inline=True)
def put(stack, at, mode, frame, a, b, c, s, e, top):
    stack[at + MODE] = mode
    stack[at + FRAME] = frame
    stack[at + A] = a
    stack[at + B] = b
    stack[at + C] = c
    stack[at + S] = s
    stack[at + E] = e
    stack[at + TOP] = top


@kernel(Nothing, Longs, Long, Long)
def miss(slots, kind, index):
    """Note that something has to be compiled before this configuration can be judged."""
    code = index << MISS_BITS | kind
    misses = longs_at(slots[MISSES])
    count = slots[MISS_COUNT]
    for i in range(count):
        if misses[i] == code:
            return
    if count < MISS_CAPACITY:
        misses[count] = code
        slots[MISS_COUNT] = count + 1


@kernel(Flag, Longs, Long, inline=True)
def node_ready(slots, node):
    ready = ints_at(slots[NODES])[(node << NODE_SHIFT) + READY]
    if ready != 0 and ready <= slots[EPOCH]:
        return True
    miss(slots, np.int64(MISS_NODE), node)
    return False


@kernel(Flag, Longs, Long, inline=True)
def state_ready(slots, state):
    if state == PLAIN:
        return True
    ready = ints_at(slots[STATES])[(state << STATE_SHIFT) + STATE_READY]
    if ready != 0 and ready <= slots[EPOCH]:
        return True
    miss(slots, np.int64(MISS_STATE), state)
    return False


@kernel(Flag, Longs, Long, inline=True)
def entry_ready(slots, entry):
    ready = ints_at(slots[ENTRIES])[ENTRY_WIDTH * entry + ENTRY_READY]
    if ready != 0 and ready <= slots[EPOCH]:
        return True
    miss(slots, np.int64(MISS_ENTRY), entry)
    return False


@kernel(Long, Longs, Long, Long)
def copy_frame(slots, frame, top):
    """Copy ``frame`` to ``top``; the new top."""
    arena = ints_at(slots[ARENA])
    words = np.int64(0)
    if arena[frame + KIND] == OBJECT:
        words = np.int64(ints_at(slots[NODES])[(np.int64(arena[frame + NODE]) << NODE_SHIFT) + WORDS])
    for i in range(SEEN + words):
        arena[top + i] = arena[frame + i]
    return top + SEEN + words


@kernel(Long, Longs, Long, Long)
def settled_frame(slots, frame, top):
    """The object ``frame`` as it goes on, as ``frame << 32 | top``: a plain one, if its state, which is ready, says so.

    The keys of the plain object are among those that there were before. That some have come is put into its bitset of
    keys seen, or decides which rank is next.
    """
    arena = ints_at(slots[ARENA])
    before = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    state = ints_at(slots[STATES] + (np.int64(arena[frame + STATE]) << STATE_SHIFT) * 4)
    in_state = before[POLICY] == STATE_ANY_ORDER or before[POLICY] == STATE_ORDERED
    if not in_state or arena[frame + STATE] == PLAIN or state[SETTLED_NODE] == NONE:
        return frame << 32 | top
    node = ints_at(slots[NODES] + (np.int64(state[SETTLED_NODE]) << NODE_SHIFT) * 4)
    places = ints_at(slots[ITEM_NODES] + np.int64(node[BEFORE_AT]) * 4)
    words = np.int64(node[WORDS])
    keys = np.int64(node[KEY_HI]) - node[KEY_LO]
    for i in range(SEEN):
        arena[top + i] = arena[frame + i]
    arena[top + NODE] = state[SETTLED_NODE]
    arena[top + COUNT] = 0
    arena[top + NEXT] = node[REQUIRED]
    if node[POLICY] == ORDERED:
        rank = np.int64(0)
        while rank < keys and places[rank] < arena[frame + NEXT]:
            rank += 1
        arena[top + NEXT] = rank
        return top << 32 | top + SEEN + words
    dead = ints_at(slots[DEAD_KEYS])
    for i in range(words):
        arena[top + SEEN + i] = 0 if node[DEAD_AT] == NONE else dead[node[DEAD_AT] + i]
    for i in range(keys):
        seen = (arena[frame + SEEN + (places[i] >> 5)] >> (places[i] & 31)) & 1
        arena[top + SEEN + (i >> 5)] |= np.int32(seen) << np.int32(i & 31)
    return top << 32 | top + SEEN + words


@kernel(Flag, Longs, Long, inline=True)
def wants_unique(slots, frame):
    """Is ``frame`` an array of which it matters whether its items are different from each other?"""
    if slots[KEEPS_TEXT] == 0:
        return False
    arena = ints_at(slots[ARENA])
    return (
        arena[frame + KIND] == ARRAY
        and ints_at(slots[NODES])[(np.int64(arena[frame + NODE]) << NODE_SHIFT) + UNIQUE] != 0
    )


@kernel(Flag, Longs, Long)
def is_in_unique_item(slots, frame):
    """Will what is read in ``frame`` be compared with earlier items? Then a walk has to see whole tokens."""
    arena = ints_at(slots[ARENA])
    while slots[KEEPS_TEXT] != 0 and arena[frame + KIND] != ROOT:
        if wants_unique(slots, frame):
            return True
        frame = np.int64(arena[frame + PARENT])
    return False


@kernel(Long, Longs, inline=True)
def offset(slots):
    """How many bytes the tokens read so far have."""
    return np.int64(ints_at(slots[OFFSETS])[slots[LENGTH]])


@kernel(Flag, Longs, Long, Long)
def is_repeated(slots, frame, end):
    """Is the item in hand of the array ``frame``, which ends before ``end``, equal to one before it?"""
    arena = ints_at(slots[ARENA])
    text = bytes_at(slots[TEXT_READ])
    item = np.int64(arena[frame + OTHERS])
    while item != 0:
        start = np.int64(arena[item + ITEM_FROM])
        if same_value(slots, text, np.int64(arena[frame + NEXT]), end, start, np.int64(arena[item + ITEM_TO])):
            return True
        item = np.int64(arena[item + ITEM_BEFORE])
    return False


@kernel(Long, Longs, Long)
def state_if_repeated(slots, state):
    """The state of an array instead of ``state`` if its last item repeats an earlier one; NONE if it must not."""
    if state == PLAIN or not state_ready(slots, state):
        return np.int64(NONE)
    repeated = np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + REPEATED])
    return np.int64(NONE) if repeated == PLAIN else repeated


@kernel(Flag, Longs, Long, Long, Long)
def is_repeated_literal(slots, frame, byte, outcome):
    """Has the array ``frame`` the literal (null, true, false) that begins with ``byte``, which must not come again?"""
    if not wants_unique(slots, frame):
        return False
    arena = ints_at(slots[ARENA])
    state = outcome if outcome != PLAIN else np.int64(arena[frame + STATE])
    if state != PLAIN and not state_ready(slots, state):
        return True
    if state_if_repeated(slots, state) != NONE:
        return False
    text = bytes_at(slots[TEXT_READ])
    item = np.int64(arena[frame + OTHERS])
    while item != 0:
        if text[skip_blanks(text, np.int64(arena[item + ITEM_FROM]))] == byte:
            return True
        item = np.int64(arena[item + ITEM_BEFORE])
    return False


@kernel(Flag, Longs, Long, Long)
def is_zero_to_any_power(slots, frame, end):
    """Does the number in hand of the array ``frame``, which ends before ``end``, end in an exponent of zero?"""
    text = bytes_at(slots[TEXT_READ])
    if text[end - 1] != 0x65 and text[end - 1] != 0x45:
        return False
    return first_significant(text, np.int64(ints_at(slots[ARENA])[frame + NEXT]), end) == end


@kernel(Flag, Longs, Long, Long, Long)
def may_come_again(slots, frame, number, joint):
    """May the array ``frame`` have the settled number in the state ``number`` once more?

    ``joint``: whether the state of the array depends on the number's label, of which there may be one before a point
    and zeros, and one behind them.
    """
    if joint == 0:
        return state_if_repeated(slots, np.int64(ints_at(slots[ARENA])[frame + STATE])) != NONE
    following = ints_at(slots[NUMBER_NEXT])
    labels = ints_at(slots[NUMBER_LABEL])
    if following[(number << NUMBER_SHIFT) + NUMBER_FACTS] >> RECORD_SHIFT != 0:
        return True
    while labels[number] == 0 and following[(number << NUMBER_SHIFT) + ZERO_SYMBOL] != DEAD:
        number = np.int64(following[(number << NUMBER_SHIFT) + ZERO_SYMBOL])
    if labels[number] != 0 and state_if_repeated(slots, np.int64(labels[number])) != NONE:
        return True
    number = np.int64(following[(number << NUMBER_SHIFT) + POINT_SYMBOL])
    while number != DEAD and labels[number] == 0:
        number = np.int64(following[(number << NUMBER_SHIFT) + ZERO_SYMBOL])
    return number != DEAD and state_if_repeated(slots, np.int64(labels[number])) != NONE


@kernel(Flag, Longs, Long, Long, Long, Long)
def may_settle(slots, frame, number, joint, depth):
    """May the number in hand be in the state ``number``? Not if its value is settled, and that of an earlier item.

    That zeros stay zero behind an exponent is seen by their text, and not by states of their own in each automaton.
    """
    if not wants_unique(slots, frame):
        return True
    end = offset(slots) + depth
    is_settled = ints_at(slots[NUMBER_NEXT])[(number << NUMBER_SHIFT) + NUMBER_FACTS] & SETTLED != 0
    if not is_settled and not is_zero_to_any_power(slots, frame, end):
        return True
    return not is_repeated(slots, frame, end) or may_come_again(slots, frame, number, joint)


@callback(Long, Longs, Long, Long, Long, Long)
def frame_with_finished(slots, frame, outcome, end, top):
    """The array ``frame`` after the item in hand, as ``frame << 32 | top``; NONE if that must not be repeated, and is.

    ``outcome``: the array's new state if the item is not repeated, or PLAIN to leave it.
    """
    arena = ints_at(slots[ARENA])
    state = outcome if outcome != PLAIN else np.int64(arena[frame + STATE])
    if state != PLAIN and not state_ready(slots, state):
        return np.int64(NONE)
    repeated = state_if_repeated(slots, state)
    if repeated != state and is_repeated(slots, frame, end):
        if repeated == NONE:
            return np.int64(NONE)
        state = repeated
    arena[top + ITEM_BEFORE] = arena[frame + OTHERS]
    arena[top + ITEM_FROM] = arena[frame + NEXT]
    arena[top + ITEM_TO] = end
    copy = top + ITEM_SIZE
    after = copy_frame(slots, frame, copy)
    arena[copy + OTHERS] = top
    arena[copy + STATE] = state
    return copy << 32 | after


@kernel(Long, Longs, Ints, Long, Long, Long, Long)
def finish(slots, stack, at, frame, outcome, top):
    """A value is complete in ``frame``; ``outcome`` is the frame's new state, or PLAIN to leave it."""
    if wants_unique(slots, frame):
        moved = np.int64(call_finished(slots[FINISHED], slots, frame, outcome, offset(slots) + (at >> 3), top))
        if moved == NONE:
            return 0
        frame = moved >> 32
        top = moved & 0xFFFFFFFF
    elif outcome != PLAIN:
        arena = ints_at(slots[ARENA])
        end = copy_frame(slots, frame, top)
        arena[top + STATE] = outcome
        frame = top
        top = end
    mode = ENDED if ints_at(slots[ARENA])[frame + KIND] == EMBEDDED else AFTER
    put(stack, at, mode, frame, 0, 0, 0, FRESH, 0, top)
    return 1
