"""One byte of the automaton: from a configuration to the next, or to none.

Configurations lie on a stack, one for each depth of a walk; ``step`` reads the one at ``depth`` and writes the one
above. A byte is refused unless some completion exists, so a walk never has to be taken back.
"""

from __future__ import annotations

import numpy as np

from .compilation import callback, kernel
from .equality import same_value, skip_blanks
from .keys import (
    any_key_live,
    class_node,
    encoded_length,
    fresh_key_left,
    is_duplicate,
    key_code_point,
    key_is_live,
    may_have_key,
    narrow,
    narrow_code_point,
    other_key_possible,
    partial_has_fresh_key,
)
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, Nothing, bytes_at, call_finished, call_step, ints_at, longs_at
from .repetition import known_node
from .text import accumulate, another_range, highest, is_viable, lowest, partial_is_viable, text_successor


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
    """The state of an array instead of ``state`` if its last item is one of those before; NONE if it must not be."""
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


@kernel(Flag, Longs, Long, Long, Long)
def may_settle(slots, frame, number, depth):
    """May the number in hand be in the state ``number``? Not if its value is settled, and that of an earlier item."""
    if ints_at(slots[NUMBER_NEXT])[(number << 4) + NUMBER_SETTLED] == 0 or not wants_unique(slots, frame):
        return True
    if not is_repeated(slots, frame, offset(slots) + depth):
        return True
    return state_if_repeated(slots, np.int64(ints_at(slots[ARENA])[frame + STATE])) != NONE


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
    put(stack, at, AFTER, frame, 0, 0, 0, FRESH, 0, top)
    return 1


@kernel(Flag, Longs, Long)
def may_close(slots, frame):
    arena = ints_at(slots[ARENA])
    kind = arena[frame + KIND]
    if kind == ROOT:
        return False
    state = np.int64(arena[frame + STATE])
    if state != PLAIN:
        if not state_ready(slots, state):
            return False
        return ints_at(slots[STATES])[(state << STATE_SHIFT) + CLOSE] != MAY_NOT_CLOSE
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    if kind == ARRAY:
        return arena[frame + COUNT] >= node[MIN_ITEMS]
    if arena[frame + COUNT] < node[MIN_KEYS]:
        return False
    if node[POLICY] == ORDERED:
        first = ints_at(slots[ORDER])[node[ORDER_AT] + ORDER_WIDTH * arena[frame + NEXT] + ORDER_FIRST]
        return first == node[KEY_HI] - node[KEY_LO]
    return arena[frame + NEXT] == 0


@kernel(Long, Longs, Ints, Long, Long, Long)
def close(slots, stack, at, frame, top):
    """The container ``frame``, which may close, closes."""
    arena = ints_at(slots[ARENA])
    state = np.int64(arena[frame + STATE])
    outcome = np.int64(PLAIN)
    if state != PLAIN:
        outcome = np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + CLOSE])
        if outcome == KEEP:
            outcome = np.int64(PLAIN)
    return finish(slots, stack, at, np.int64(arena[frame + PARENT]), outcome, top)


@kernel(Long, Longs, Long, Long)
def node_after_items(slots, frame, node):
    """What stands in for ``node`` after the items of ``frame``; NOTHING, or NONE and a miss if that is not known."""
    instead = np.int64(known_node(slots, frame, node))
    if instead == NONE:
        miss(slots, np.int64(MISS_AFTER), node)
    return instead


@kernel(Long, Longs, Ints, Long, Long, Long, Long, Long)
def begin_value(slots, stack, at, frame, node_index, top, byte):
    """The first byte of a value of ``node_index`` in the container ``frame``."""
    if not node_ready(slots, node_index):
        return 0
    node = ints_at(slots[NODES] + (node_index << NODE_SHIFT) * 4)
    if node[AFTER_ITEMS] == AS_IT_BEGINS:
        instead = node_after_items(slots, frame, node_index)
        if instead < 0 or not node_ready(slots, instead):
            return 0
        node_index = instead
        node = ints_at(slots[NODES] + (node_index << NODE_SHIFT) * 4)
    kinds = node[KINDS]
    arena = ints_at(slots[ARENA])
    if byte == 0x22:
        if kinds & IS_STRING:
            put(stack, at, STRING, frame, node_index, 0, 0, INSIDE, 0, top)
            return 1
        if kinds & IS_CHOICE:
            put(stack, at, CHOICE, frame, node[CHOICE_LO], node[CHOICE_HI], 0, INSIDE, 0, top)
            return 1
        if kinds & IS_TEXT:
            first = ints_at(slots[TEXTS])[(np.int64(node[TEXT_ID]) << TEXT_SHIFT) + TEXT_FIRST]
            put(stack, at, TEXT, frame, node_index, first, 0, INSIDE, 0, top)
            return 1
        return 0
    if byte == 0x7B:
        if not kinds & IS_OBJECT:
            return 0
        if not state_ready(slots, np.int64(node[OBJECT_STATE])):
            return 0
        words = np.int64(node[WORDS])
        arena[top + PARENT] = frame
        arena[top + KIND] = OBJECT
        arena[top + NODE] = node_index
        arena[top + STATE] = node[OBJECT_STATE]
        arena[top + COUNT] = 0
        arena[top + DEPTH] = arena[frame + DEPTH] + 1
        arena[top + NEXT] = node[REQUIRED] if node[POLICY] == ANY_ORDER else 0
        arena[top + OTHERS] = 0
        dead = ints_at(slots[DEAD_KEYS])
        for i in range(words):
            arena[top + SEEN + i] = 0 if node[DEAD_AT] == NONE else dead[node[DEAD_AT] + i]
        put(stack, at, FIRST_KEY, top, 0, 0, 0, FRESH, 0, top + SEEN + words)
        return 1
    if byte == 0x5B:
        if not kinds & IS_ARRAY:
            return 0
        if not state_ready(slots, np.int64(node[ARRAY_STATE])):
            return 0
        arena[top + PARENT] = frame
        arena[top + KIND] = ARRAY
        arena[top + NODE] = node_index
        arena[top + STATE] = node[ARRAY_STATE]
        arena[top + COUNT] = 0
        arena[top + DEPTH] = arena[frame + DEPTH] + 1
        arena[top + NEXT] = 0
        arena[top + OTHERS] = 0
        put(stack, at, FIRST_ITEM, top, 0, 0, 0, FRESH, 0, top + SEEN)
        return 1
    if byte == 0x6E:
        if kinds & IS_NULL and not is_repeated_literal(slots, frame, byte, np.int64(node[NULL_OUTCOME])):
            put(stack, at, LITERAL, frame, 1, node[NULL_OUTCOME], 1, 0, 0, top)
            return 1
        return 0
    if byte == 0x74:
        if kinds & IS_TRUE and not is_repeated_literal(slots, frame, byte, np.int64(node[TRUE_OUTCOME])):
            put(stack, at, LITERAL, frame, 2, node[TRUE_OUTCOME], 1, 0, 0, top)
            return 1
        return 0
    if byte == 0x66:
        if kinds & IS_FALSE and not is_repeated_literal(slots, frame, byte, np.int64(node[FALSE_OUTCOME])):
            put(stack, at, LITERAL, frame, 0, node[FALSE_OUTCOME], 1, 0, 0, top)
            return 1
        return 0
    if kinds & IS_NUMBER:
        state = ints_at(slots[NUMBER_NEXT])[(np.int64(node[NUMBER_START]) << 4) + bytes_at(slots[NUMBER_SYMBOL])[byte]]
        if state != DEAD and (node[JOINT] != 0 or may_settle(slots, frame, np.int64(state), at >> 3)):
            put(stack, at, NUMBER, frame, state, node[JOINT], 0, 0, 0, top)
            return 1
    return 0


@kernel(Long, Longs, Long, inline=True)
def general_item_node(slots, frame):
    """The node that the state of the array ``frame``, or the place, gives its next item; NONE where none may come."""
    arena = ints_at(slots[ARENA])
    state = np.int64(arena[frame + STATE])
    if state != PLAIN:
        if not state_ready(slots, state):
            return np.int64(NONE)
        return np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + ITEM_NODE])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    count = np.int64(arena[frame + COUNT])
    if count >= node[MAX_ITEMS]:
        return np.int64(NONE)
    if count < node[PREFIX]:
        return np.int64(ints_at(slots[ITEM_NODES])[node[PREFIX_AT] + count])
    return np.int64(node[ITEM])


@kernel(Long, Longs, Long)
def item_node(slots, frame):
    """The node of the next item of the array ``frame``, or NONE where none may come."""
    node = general_item_node(slots, frame)
    if node == NONE or not wants_unique(slots, frame):
        return node
    if not node_ready(slots, node):
        return np.int64(NONE)
    if ints_at(slots[NODES])[(node << NODE_SHIFT) + AFTER_ITEMS] == BEFORE_IT_BEGINS:
        node = max(node_after_items(slots, frame, node), np.int64(NONE))
    return node


@kernel(Long, Longs, Long, Long, Long, inline=True)
def frame_with_item(slots, frame, top, depth):
    """The array ``frame`` after one more item has begun, at ``depth`` or later, as ``frame << 32 | top``."""
    arena = ints_at(slots[ARENA])
    state = np.int64(arena[frame + STATE])
    following = state
    if state != PLAIN:
        following = np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + ITEM_STATE])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    counts = state == PLAIN and (node[MIN_ITEMS] != 0 or node[MAX_ITEMS] < UNBOUNDED or node[PREFIX] != 0)
    if following == state and not counts and node[UNIQUE] == 0:
        return frame << 32 | top
    end = copy_frame(slots, frame, top)
    arena[top + STATE] = following
    arena[top + COUNT] += 1
    if node[UNIQUE] != 0:
        arena[top + NEXT] = offset(slots) + depth
    return top << 32 | end


@kernel(Long, Longs, Ints, Long, Long, Long, Long, Long, Long, Long, inline=True)
def blank(slots, stack, at, i, frame, blanks, columns, position, byte):
    """A whitespace byte in a structural mode: the configuration stays, the blanks grow, if they may."""
    mode = stack[i + MODE]
    style = slots[WHITESPACE]
    if style == COMPACT:
        return 0
    if style == BLANKS_BY_PATTERN:
        if position == AT_ROOT:
            return 0
        blanks = np.int64(ints_at(slots[BLANK_NEXT])[(blanks << BLANK_SHIFT) + byte])
        if blanks == NONE:
            return 0
    elif style == FORMATTED:
        if byte == 0x0A:
            if blanks != FRESH or mode == COLON or position != AFTER_COMMA:
                return 0
            blanks = np.int64(INDENTED)
            columns = np.int64(0)
        elif blanks == INDENTED and byte != 0x0D:
            columns += 1 if byte == 0x20 else TAB_COLUMNS
            if columns > COLUMNS_PER_LEVEL * ints_at(slots[ARENA])[frame + DEPTH]:
                return 0
        elif blanks == FRESH and byte == 0x20 and (mode == VALUE or mode == NEXT_KEY) and position != AT_ROOT:
            blanks = np.int64(ONE_SPACE)
        else:
            return 0
    put(stack, at, mode, frame, stack[i + A], stack[i + B], 0, blanks, columns, stack[i + TOP])
    return 1


@kernel(Flag, Long, inline=True)
def is_blank(byte):
    return byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09


@kernel(Flag, Longs, Long, Long, inline=True)
def blanks_may_end(slots, frame, blanks):
    """May something else follow the blanks that have been read in ``frame``, as far as a pattern judges them?"""
    if slots[WHITESPACE] != BLANKS_BY_PATTERN or ints_at(slots[ARENA])[frame + KIND] == ROOT:
        return True
    return ints_at(slots[BLANK_NEXT])[(blanks << BLANK_SHIFT) + BLANKS_MAY_END] != 0


@kernel(Long, Longs, Ints, Long, Long, Long, Long, Long, Long)
def after_value(slots, stack, i, frame, blanks, columns, top, byte):
    """A byte after a complete value in ``frame``; ``i`` is the configuration read, the next one is written above it."""
    at = i + CONFIGURATION
    arena = ints_at(slots[ARENA])
    kind = arena[frame + KIND]
    if is_blank(byte):
        if slots[WHITESPACE] == ANY_BLANKS:
            put(stack, at, AFTER, frame, 0, 0, 0, FRESH, 0, top)
            return 1
        if slots[WHITESPACE] == COMPACT or kind == ROOT:
            return 0
        if slots[WHITESPACE] == BLANKS_BY_PATTERN:
            blanks = np.int64(ints_at(slots[BLANK_NEXT])[(blanks << BLANK_SHIFT) + byte])
            put(stack, at, AFTER, frame, 0, 0, 0, blanks, 0, top)
            return 0 if blanks == NONE else 1
        if not may_close(slots, frame):
            return 0
        if byte == 0x0A and blanks == FRESH:
            put(stack, at, AFTER, frame, 0, 0, 0, INDENTED, 0, top)
            return 1
        if blanks != INDENTED or byte == 0x0A or byte == 0x0D:
            return 0
        columns += 1 if byte == 0x20 else TAB_COLUMNS
        if columns > COLUMNS_PER_LEVEL * arena[frame + DEPTH]:
            return 0
        put(stack, at, AFTER, frame, 0, 0, 0, INDENTED, columns, top)
        return 1
    if kind == ROOT or not blanks_may_end(slots, frame, blanks):
        return 0
    if not state_ready(slots, np.int64(arena[frame + STATE])):
        return 0
    if byte == 0x2C:
        if blanks == INDENTED and slots[WHITESPACE] == FORMATTED:
            return 0
        if kind == OBJECT:
            if not may_have_key(slots, frame):
                return 0
            put(stack, at, NEXT_KEY, frame, 0, AFTER_COMMA, 0, FRESH, 0, top)
            return 1
        node = item_node(slots, frame)
        if node == NONE:
            return 0
        moved = frame_with_item(slots, frame, top, at >> 3)
        put(stack, at, VALUE, moved >> 32, node, AFTER_COMMA, 0, FRESH, 0, moved & 0xFFFFFFFF)
        return 1
    if byte == (0x7D if kind == OBJECT else 0x5D) and may_close(slots, frame):
        return close(slots, stack, at, frame, top)
    return 0


@kernel(Long, Longs, Ints, Long, Long, Long, Long)
def begin_key(slots, stack, at, frame, top, byte):
    """A byte where a key of the object ``frame`` has to begin."""
    arena = ints_at(slots[ARENA])
    if byte != 0x22 or not state_ready(slots, np.int64(arena[frame + STATE])):
        return 0
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    lo = np.int64(node[KEY_LO])
    hi = np.int64(node[KEY_HI])
    named = any_key_live(slots, frame, lo, hi)
    if not other_key_possible(slots, frame):
        put(stack, at, KEY, frame, lo, hi, 0, INSIDE, 0, top)
        return 1 if named else 0
    arena[top + KEY_BEFORE] = arena[frame + OTHERS]
    first = np.int64(0)
    if node[CLASSES] != 0:
        first = np.int64(ints_at(slots[TEXTS])[(np.int64(node[KEY_TEXT]) << TEXT_SHIFT) + TEXT_FIRST])
    arena[top + KEY_START] = first << KEY_STATE_SHIFT
    if lo == hi:
        lo = np.int64(NONE)
        hi = np.int64(NONE)
    put(stack, at, OPEN_KEY, frame, lo, hi, 0, INSIDE, 0, top + KEY_CONTENT)
    return 1


@kernel(Long, Longs, Ints, Long, Long, Long, Long)
def finish_key(slots, stack, at, frame, key, top):
    """The named key with index ``key`` is complete."""
    arena = ints_at(slots[ARENA])
    end = copy_frame(slots, frame, top)
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    index = key - node[KEY_LO]
    if policy == STATE_ANY_ORDER or policy == STATE_ORDERED:
        state = ints_at(slots[STATES] + (np.int64(arena[frame + STATE]) << STATE_SHIFT) * 4)
        entry = ints_at(slots[ENTRIES] + (np.int64(state[ENTRIES_AT]) + 2 * index) * 4)
        value = np.int64(entry[0])
        arena[top + STATE] = entry[1]
    else:
        value = np.int64(ints_at(slots[KEY_NODE])[key])
    if policy == ORDERED or policy == STATE_ORDERED:
        arena[top + NEXT] = ints_at(slots[KEY_RANK])[key] + 1
    else:
        arena[top + SEEN + (index >> 5)] |= np.int32(1) << np.int32(index & 31)
        if policy == ANY_ORDER:
            arena[top + NEXT] -= bytes_at(slots[KEY_REQUIRED])[key]
    arena[top + COUNT] += 1
    put(stack, at, COLON, top, value, 0, 0, FRESH, 0, end)
    return 1


@kernel(Long, Longs, Ints, Long, Long, Long, Long, Long)
def finish_other_key(slots, stack, at, frame, number, size, top):
    """A key of class ``number`` is complete, whose ``size`` bytes end at ``top``."""
    arena = ints_at(slots[ARENA])
    value = class_node(slots, frame, number)
    end = copy_frame(slots, frame, top)
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    policy = node[POLICY]
    count = node[KEY_HI] - node[KEY_LO]
    if policy == STATE_ANY_ORDER or policy == STATE_ORDERED:
        state = ints_at(slots[STATES] + (np.int64(arena[frame + STATE]) << STATE_SHIFT) * 4)
        if node[CLASSES] == 0:
            arena[top + STATE] = state[OTHER_STATE]
        else:
            arena[top + STATE] = ints_at(slots[ENTRIES])[state[ENTRIES_AT] + 2 * (count + number - 1) + 1]
    if policy == ORDERED or policy == STATE_ORDERED:
        arena[top + NEXT] = count
    key = top - size - KEY_CONTENT
    arena[key + KEY_SIZE] = size
    arena[key + KEY_CLASS] = number
    arena[top + OTHERS] = key
    arena[top + COUNT] += 1
    put(stack, at, COLON, top, value, 0, 0, FRESH, 0, end)
    return 1


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def some_key_in_range(slots, mode, frame, lo, hi, position, low, high):
    """Is there a (live) key whose code point at ``position`` lies in ``low .. high``?"""
    for key in range(lo, hi):
        code_point = key_code_point(slots, key, position)
        if low <= code_point and code_point <= high and (mode == CHOICE or key_is_live(slots, frame, key)):
            return True
    return False


@kernel(Flag, Longs, Long, Long, Long, Long, Long, Long, Long)
def some_key_begins(slots, mode, frame, lo, hi, position, string_state, partial):
    """Is there a (live) key that goes on with a code point of which a part has been read?"""
    while string_state != INSIDE:
        low = lowest(string_state, partial)
        if some_key_in_range(slots, mode, frame, lo, hi, position, low, highest(string_state, low)):
            return True
        string_state = another_range(string_state)
    return False


@kernel(Long, Longs, Ints, Long, Long)
def key_step(slots, stack, i, byte):
    """A byte inside the quotes of a key that must be named (KEY) or of an enumerated string (CHOICE)."""
    at = i + CONFIGURATION
    mode = np.int64(stack[i + MODE])
    frame = np.int64(stack[i + FRAME])
    lo = np.int64(stack[i + A])
    hi = np.int64(stack[i + B])
    position = np.int64(stack[i + C])
    string_state = np.int64(stack[i + S])
    top = np.int64(stack[i + TOP])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    if following == STRING_CLOSE:
        if ints_at(slots[KEY_LENGTH])[lo] != position:
            return 0
        if mode == CHOICE:
            return finish(slots, stack, at, frame, np.int64(PLAIN), top)
        return finish_key(slots, stack, at, frame, lo, top) if key_is_live(slots, frame, lo) else 0
    read = accumulate(string_state, np.int64(stack[i + E]), byte)
    found = lo << 32 | hi
    if string_state >= UTF8_1 or (string_state == INSIDE and byte != 0x5C):
        found = narrow(slots, lo, hi, position, byte)
        position += 1
        read = np.int64(0)
    elif following == INSIDE:
        found = narrow_code_point(slots, lo, hi, position, read)
        position += encoded_length(read)
        read = np.int64(0)
    elif not some_key_begins(slots, mode, frame, lo, hi, position, following, read):
        return 0
    if found < 0:
        return 0
    if mode == KEY and not any_key_live(slots, frame, found >> 32, found & 0xFFFFFFFF):
        return 0
    put(stack, at, mode, frame, found >> 32, found & 0xFFFFFFFF, position, following, read, top)
    return 1


@kernel(Long, Longs, Long, Long, Long)
def append_code_point(slots, top, code_point, tag):
    """Append the bytes of a code point of an open key, each with ``tag``; the new top."""
    arena = ints_at(slots[ARENA])
    if code_point < 0x80:
        arena[top] = tag | code_point
        return top + 1
    count = encoded_length(code_point) - 1
    lead = (np.int64(0xFF00) >> (count + 1)) & 0xFF
    arena[top] = tag | lead | code_point >> 6 * count
    for left in range(count):
        arena[top + count - left] = tag | 0x80 | (code_point >> 6 * left) & 0x3F
    return top + 1 + count


@kernel(Long, Longs, Ints, Long, Long, Long)
def close_open_key(slots, stack, i, lo, state):
    """The closing quote of an open key, in ``state`` of the key automaton."""
    at = i + CONFIGURATION
    frame = np.int64(stack[i + FRAME])
    size = np.int64(stack[i + C])
    top = np.int64(stack[i + TOP])
    if lo >= 0 and ints_at(slots[KEY_LENGTH])[lo] == size:
        return finish_key(slots, stack, at, frame, lo, top) if key_is_live(slots, frame, lo) else 0
    node = ints_at(slots[NODES] + (np.int64(ints_at(slots[ARENA])[frame + NODE]) << NODE_SHIFT) * 4)
    number = np.int64(1)
    if node[CLASSES] != 0:
        record = ints_at(slots[TEXTS] + (np.int64(node[KEY_TEXT]) << TEXT_SHIFT) * 4)
        number = np.int64(ints_at(slots[TEXT_LABEL])[record[TEXT_LABEL_AT] + state])
        if number == 0:
            return 0
    if class_node(slots, frame, number) == NONE or is_duplicate(slots, frame, top - size, size):
        return 0
    return finish_other_key(slots, stack, at, frame, number, size, top)


@kernel(Long, Longs, Ints, Long, Long)
def open_key_step(slots, stack, i, byte):
    """A byte inside the quotes of a key that may be named or not.

    Its bytes are kept in the arena, each with the state of the key automaton after the last whole code point.
    """
    at = i + CONFIGURATION
    arena = ints_at(slots[ARENA])
    frame = np.int64(stack[i + FRAME])
    lo = np.int64(stack[i + A])
    hi = np.int64(stack[i + B])
    size = np.int64(stack[i + C])
    string_state = np.int64(stack[i + S])
    top = np.int64(stack[i + TOP])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    state = np.int64(arena[top - 1]) >> KEY_STATE_SHIFT
    if following == STRING_CLOSE:
        return close_open_key(slots, stack, i, lo, state)
    read = accumulate(string_state, np.int64(stack[i + E]), byte)
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    has_classes = node[CLASSES] != 0
    text = np.int64(node[KEY_TEXT])
    raw = string_state >= UTF8_1 or (string_state == INSIDE and byte != 0x5C)
    fresh = True
    if has_classes and following == INSIDE:
        state = text_successor(slots, text, state, read)
    elif has_classes:
        before = size
        if string_state >= UTF8_1:  # the bytes of this character that are there already
            while (arena[top - size + before - 1] & 0xC0) == 0x80:
                before -= 1
            before -= 1
        fresh = partial_has_fresh_key(slots, frame, text, state, top - size, before, following, read)
    found = np.int64(NONE) if lo < 0 else lo << 32 | hi
    start = top - size
    if raw:
        if lo >= 0:
            found = narrow(slots, lo, hi, size, byte)
        arena[top] = state << KEY_STATE_SHIFT | byte
        top += 1
    elif following == INSIDE:
        if lo >= 0:
            found = narrow_code_point(slots, lo, hi, size, read)
        top = append_code_point(slots, top, read, state << KEY_STATE_SHIFT)
    elif not fresh and (lo < 0 or not some_key_begins(slots, KEY, frame, lo, hi, size, following, read)):
        return 0
    if has_classes and following == INSIDE:
        fresh = fresh_key_left(slots, frame, text, state, start, top - start, 0, -1)
    if not fresh and (found < 0 or not any_key_live(slots, frame, found >> 32, found & 0xFFFFFFFF)):
        return 0
    if following == INSIDE:
        read = np.int64(0)
    if found < 0:
        put(stack, at, OPEN_KEY, frame, NONE, NONE, top - start, following, read, top)
    else:
        put(stack, at, OPEN_KEY, frame, found >> 32, found & 0xFFFFFFFF, top - start, following, read, top)
    return 1


@kernel(Long, Longs, Ints, Long, Long)
def text_step(slots, stack, i, byte):
    """A byte inside a string that an automaton judges."""
    at = i + CONFIGURATION
    frame = np.int64(stack[i + FRAME])
    node_index = np.int64(stack[i + A])
    state = np.int64(stack[i + B])
    length = np.int64(stack[i + C])
    string_state = np.int64(stack[i + S])
    top = np.int64(stack[i + TOP])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    node = ints_at(slots[NODES] + (node_index << NODE_SHIFT) * 4)
    text = np.int64(node[TEXT_ID])
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    if following == STRING_CLOSE:
        label = np.int64(ints_at(slots[TEXT_LABEL])[record[TEXT_LABEL_AT] + state])
        if label == 0 or length < node[MIN_LENGTH]:
            return 0
        return finish(slots, stack, at, frame, label if node[JOINT] else np.int64(PLAIN), top)
    read = accumulate(string_state, np.int64(stack[i + E]), byte)
    if following != INSIDE:
        if not partial_is_viable(slots, text, state, length + 1, following, read):
            return 0
        put(stack, at, TEXT, frame, node_index, state, length, following, read, top)
        return 1
    state = text_successor(slots, text, state, read)
    if not is_viable(slots, text, state, length + 1):
        return 0
    if record[TEXT_COLUMNS] != 0 and (node[MAX_LENGTH] < UNBOUNDED or length < node[MIN_LENGTH]):
        length += 1
    put(stack, at, TEXT, frame, node_index, state, length, INSIDE, 0, top)
    return 1


@kernel(Flag, Longs, Ints, Long, Long)
def may_end_here(slots, stack, i, following):
    """Is a string that has become as long as it may be no repeated item? (Known when its last character is whole.)"""
    frame = np.int64(stack[i + FRAME])
    if following != INSIDE or not wants_unique(slots, frame):
        return True
    end = offset(slots) + (i >> 3) + 1
    bytes_at(slots[TEXT_READ])[end] = 0x22
    return call_finished(slots[FINISHED], slots, frame, np.int64(PLAIN), end + 1, np.int64(stack[i + TOP])) != NONE


@kernel(Long, Longs, Ints, Long, Long, inline=True)
def string_step(slots, stack, i, byte):
    """A byte inside a string of which only the length may matter."""
    at = i + CONFIGURATION
    string_state = np.int64(stack[i + S])
    following = np.int64(bytes_at(slots[STRING_NEXT])[(string_state << 8) + byte])
    if following == STRING_REJECT:
        return 0
    node = ints_at(slots[NODES] + (np.int64(stack[i + A]) << NODE_SHIFT) * 4)
    length = np.int64(stack[i + C])
    if following == STRING_CLOSE:
        if length < node[MIN_LENGTH]:
            return 0
        return finish(slots, stack, at, np.int64(stack[i + FRAME]), np.int64(PLAIN), np.int64(stack[i + TOP]))
    if string_state == INSIDE:
        if node[MAX_LENGTH] < UNBOUNDED:
            if length >= node[MAX_LENGTH]:
                return 0
            length += 1
            if length == node[MAX_LENGTH] and not may_end_here(slots, stack, i, following):
                return 0
        elif length < node[MIN_LENGTH]:
            length += 1
    put(stack, at, STRING, stack[i + FRAME], stack[i + A], 0, length, following, 0, stack[i + TOP])
    return 1


@kernel(Long, Longs, Ints, Long, Long)
def structural_step(slots, stack, i, byte):
    """A byte between tokens of JSON: VALUE, FIRST_KEY, NEXT_KEY, COLON or FIRST_ITEM."""
    at = i + CONFIGURATION
    mode = stack[i + MODE]
    frame = np.int64(stack[i + FRAME])
    top = np.int64(stack[i + TOP])
    if is_blank(byte):
        position = np.int64(AFTER_COMMA)
        if mode == VALUE:
            position = np.int64(stack[i + B])
        return blank(slots, stack, at, i, frame, np.int64(stack[i + S]), np.int64(stack[i + E]), position, byte)
    if not blanks_may_end(slots, frame, np.int64(stack[i + S])):
        return 0
    if mode == VALUE:
        return begin_value(slots, stack, at, frame, np.int64(stack[i + A]), top, byte)
    if mode == COLON:
        if byte != 0x3A:
            return 0
        put(stack, at, VALUE, frame, stack[i + A], AFTER_COLON, 0, FRESH, 0, top)
        return 1
    if mode == NEXT_KEY:
        return begin_key(slots, stack, at, frame, top, byte)
    if mode == FIRST_KEY:
        if byte == 0x7D:
            return close(slots, stack, at, frame, top) if may_close(slots, frame) else 0
        return begin_key(slots, stack, at, frame, top, byte)
    if byte == 0x5D:
        return close(slots, stack, at, frame, top) if may_close(slots, frame) else 0
    node = item_node(slots, frame)
    if node == NONE:
        return 0
    moved = frame_with_item(slots, frame, top, i >> 3)
    return begin_value(slots, stack, at, moved >> 32, node, moved & 0xFFFFFFFF, byte)


@kernel(Long, Longs, Ints, Long, Long)
def number_step(slots, stack, i, byte):
    at = i + CONFIGURATION
    state = np.int64(stack[i + A])
    frame = np.int64(stack[i + FRAME])
    top = np.int64(stack[i + TOP])
    following = ints_at(slots[NUMBER_NEXT])[(state << 4) + bytes_at(slots[NUMBER_SYMBOL])[byte]]
    if following != DEAD:
        if stack[i + B] == 0 and not may_settle(slots, frame, np.int64(following), at >> 3):
            return 0
        put(stack, at, NUMBER, frame, following, stack[i + B], 0, 0, 0, top)
        return 1
    label = np.int64(ints_at(slots[NUMBER_LABEL])[state])
    if label == 0:
        return 0
    if stack[i + B] == 0 and not wants_unique(slots, frame):
        return after_value(slots, stack, i, frame, FRESH, 0, top, byte)
    if finish(slots, stack, at, frame, label if stack[i + B] != 0 else np.int64(PLAIN), top) == 0:
        return 0
    return after_value(slots, stack, i, np.int64(stack[at + FRAME]), FRESH, 0, np.int64(stack[at + TOP]), byte)


@kernel(Long, Longs, Ints, Long, Long)
def literal_step(slots, stack, i, byte):
    key = np.int64(stack[i + A])
    position = np.int64(stack[i + C])
    if bytes_at(slots[KEY_BYTES])[ints_at(slots[KEY_OFFSET])[key] + position] != byte:
        return 0
    frame = np.int64(stack[i + FRAME])
    top = np.int64(stack[i + TOP])
    at = i + CONFIGURATION
    if position + 1 == ints_at(slots[KEY_LENGTH])[key]:
        return finish(slots, stack, at, frame, np.int64(stack[i + B]), top)
    put(stack, at, LITERAL, frame, key, stack[i + B], position + 1, 0, 0, top)
    return 1


@callback(Long, Longs, Ints, Long, Long)
def rarer_step(slots, stack, i, byte):
    """A byte in the modes that are met less often, or take longer anyway."""
    mode = stack[i + MODE]
    if mode == OPEN_KEY:
        return open_key_step(slots, stack, i, byte)
    if mode == KEY or mode == CHOICE:
        return key_step(slots, stack, i, byte)
    if mode == TEXT:
        return text_step(slots, stack, i, byte)
    return literal_step(slots, stack, i, byte)


@kernel(Long, Longs, Ints, Long, Long, inline=True)
def step(slots, stack, depth, byte):
    """Read ``byte`` in the configuration at ``depth`` of the stack, write the next one above it; 0 if refused."""
    i = depth << 3
    mode = stack[i + MODE]
    if mode == STRING:
        return string_step(slots, stack, i, byte)
    if mode == AFTER:
        return after_value(
            slots,
            stack,
            i,
            np.int64(stack[i + FRAME]),
            np.int64(stack[i + S]),
            np.int64(stack[i + E]),
            np.int64(stack[i + TOP]),
            byte,
        )
    if mode == NUMBER:
        return number_step(slots, stack, i, byte)
    if mode <= COLON or mode == FIRST_ITEM:
        return structural_step(slots, stack, i, byte)
    return call_step(slots[RARER_STEP], slots, stack, i, byte)


@kernel(Flag, Longs, Ints, Long)
def is_accepting(slots, stack, depth):
    """Is the text read so far a complete document?"""
    i = depth << 3
    if ints_at(slots[ARENA])[stack[i + FRAME] + KIND] != ROOT:
        return False
    if stack[i + MODE] == AFTER:
        return stack[i + S] == FRESH
    return stack[i + MODE] == NUMBER and ints_at(slots[NUMBER_LABEL])[stack[i + A]] != 0


@callback(Long, Longs, Ints, Long, Long)
def step_once(slots, stack, depth, byte):
    """``step``, compiled once for the callers that are not in a hurry."""
    return step(slots, stack, depth, byte)
