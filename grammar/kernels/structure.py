"""One byte of the automaton: from a configuration to the next, or to none.

Configurations lie on a stack, one for each depth of a walk; ``step`` reads the one at ``depth`` and writes the one
above. A byte is refused unless some completion exists, so a walk never has to be taken back.
"""

from __future__ import annotations

import numpy as np

from .compilation import callback, kernel
from .frames import (
    copy_frame,
    finish,
    is_repeated_literal,
    may_settle,
    miss,
    node_ready,
    offset,
    put,
    settled_frame,
    state_ready,
    wants_unique,
)
from .key_steps import begin_key, key_step, open_key_step
from .keys import key_field, may_have_key
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, bytes_at, call_step, ints_at
from .repetition import known_node
from .residues import number_label, number_successor, residue_of
from .string_steps import string_step, text_step


@kernel(Flag, Longs, Long)
def may_close(slots, frame):
    arena = ints_at(slots[ARENA])
    kind = arena[frame + KIND]
    if kind == ROOT:
        return False
    state = np.int64(arena[frame + STATE])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    if state != PLAIN and (kind == ARRAY or node[POLICY] == STATE_ANY_ORDER or node[POLICY] == STATE_ORDERED):
        if not state_ready(slots, state):
            return False
        return ints_at(slots[STATES])[(state << STATE_SHIFT) + CLOSE] != MAY_NOT_CLOSE
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
        field = np.int64(CLOSE)
        if arena[frame + KIND] == OBJECT:
            policy = ints_at(slots[NODES])[(np.int64(arena[frame + NODE]) << NODE_SHIFT) + POLICY]
            if policy == ANY_ORDER or policy == ORDERED:
                field = np.int64(SETTLED_CLOSE)
        outcome = np.int64(ints_at(slots[STATES])[(state << STATE_SHIFT) + field])
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
        state = number_successor(slots, np.int64(node[NUMBER_START]), np.int64(0), byte)
        if state != DEAD and may_settle(slots, frame, np.int64(state), np.int64(node[JOINT]), at >> 3):
            mode = EMBEDDED_NUMBER if arena[frame + KIND] == EMBEDDED else NUMBER
            put(stack, at, mode, frame, state, node[JOINT], slots[RESIDUE_READ], 0, 0, top)
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
            moved = settled_frame(slots, frame, top)
            frame = moved >> 32
            top = moved & 0xFFFFFFFF
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
    following = number_successor(slots, state, residue_of(stack, i), byte)
    if following != DEAD:
        if not may_settle(slots, frame, np.int64(following), np.int64(stack[i + B]), at >> 3):
            return 0
        residue = slots[RESIDUE_READ]
        low = residue & ((np.int64(1) << RESIDUE_SHIFT) - 1)
        put(stack, at, NUMBER, frame, following, stack[i + B], low, 0, residue >> RESIDUE_SHIFT, top)
        return 1
    label = number_label(slots, state, residue_of(stack, i))
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
    if bytes_at(slots[KEY_BYTES])[key_field(slots, key, KEY_OFFSET) + position] != byte:
        return 0
    frame = np.int64(stack[i + FRAME])
    top = np.int64(stack[i + TOP])
    at = i + CONFIGURATION
    if position + 1 == key_field(slots, key, KEY_LENGTH):
        return finish(slots, stack, at, frame, np.int64(stack[i + B]), top)
    put(stack, at, LITERAL, frame, key, stack[i + B], position + 1, 0, 0, top)
    return 1


@callback(Long, Longs, Ints, Long, Long)
def rarer_step(slots, stack, i, byte):
    """A byte in the modes that are met less often, or take longer anyway."""
    mode = stack[i + MODE]
    if mode >= GRAMMAR:
        return call_step(slots[GRAMMAR_STEP], slots, stack, i >> 3, byte)
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
    if stack[i + MODE] >= GRAMMAR:
        return call_step(slots[GRAMMAR_ACCEPTS], slots, stack, depth, 0) != 0
    if ints_at(slots[ARENA])[stack[i + FRAME] + KIND] != ROOT:
        return False
    if stack[i + MODE] == AFTER:
        return stack[i + S] == FRESH
    return stack[i + MODE] == NUMBER and number_label(slots, np.int64(stack[i + A]), residue_of(stack, i)) != 0


@callback(Long, Longs, Ints, Long, Long)
def step_once(slots, stack, depth, byte):
    """``step``, compiled once for the callers that are not in a hurry."""
    return step(slots, stack, depth, byte)
