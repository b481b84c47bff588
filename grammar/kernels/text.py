"""JSON strings: from bytes to code points, and automata over code points.

``STRING_NEXT`` drives a small transducer (UTF-8 and escapes, lone surrogates refused). While a code point is
incomplete, it is known to lie in a few ranges; the prefix is alive iff the automaton can go on with some code point of
them. The ranges are those of its string state and of ``another_range``, and so on.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Long, Longs, bytes_at, ints_at

MAX_CODE_POINT = 0x10FFFF


@kernel(Long, Long, inline=True)
def hex_digit(byte):
    if byte <= 0x39:
        return byte - 0x30
    return (byte | 0x20) - 0x57


@kernel(Long, Long, Long, Long, inline=True)
def accumulate(state, partial, byte):
    """The partial code point after ``byte`` was read in string state ``state``; 0 after the backslash of an escape."""
    if state == INSIDE:
        if byte == 0x5C:
            return np.int64(0)
        if byte < 0x80:
            return byte
        if byte < 0xE0:
            return byte & 0x1F
        if byte < 0xF0:
            return byte & 0x0F
        return byte & 0x07
    if state >= UTF8_1:
        return partial << 6 | (byte & 0x3F)
    if state == ESCAPE or state == MINIMAL_ESCAPE:
        if byte == 0x6E:
            return np.int64(10)
        if byte == 0x74:
            return np.int64(9)
        if byte == 0x72:
            return np.int64(13)
        if byte == 0x62:
            return np.int64(8)
        if byte == 0x66:
            return np.int64(12)
        if byte == 0x75:
            return np.int64(0)
        return byte
    if state == HIGH4:
        return (partial << 4 | hex_digit(byte)) & 0x3FF
    if state == LOW2:
        return partial << 2 | (hex_digit(byte) & 3)
    if state == LOW_BACKSLASH or state == LOW_U or state == LOW1:
        return partial
    if state == LOW4:
        return 0x10000 + (partial << 4 | hex_digit(byte))
    return partial << 4 | hex_digit(byte)


@kernel(Long, Long, Long, inline=True)
def lowest(state, partial):
    """The lowest code point of the range of ``state`` that a partial one can become."""
    if state == HEX2:
        return partial << 12
    if state == HEX3:
        return partial << 8
    if state == HEX4:
        return partial << 4
    if state == HEX2_D:
        return np.int64(0xD000)
    if state == HIGH3:
        return 0x10000 + ((partial & 3) << 18)
    if state == HIGH4:
        return 0x10000 + ((partial & 0x3F) << 14)
    if state == LOW_BACKSLASH or state == LOW_U or state == LOW1 or state == LOW2:
        return 0x10000 + (partial << 10)
    if state == LOW3:
        return 0x10000 + (partial << 8)
    if state == LOW4:
        return 0x10000 + (partial << 4)
    if state == UTF8_1:
        return partial << 6
    if state == UTF8_2:
        return partial << 12
    if state == UTF8_3:
        return partial << 18
    if state == UTF8_E0:
        return np.int64(0x800)
    if state == UTF8_ED:
        return np.int64(0xD000)
    if state == UTF8_F0:
        return np.int64(0x10000)
    if state == UTF8_F4:
        return np.int64(0x100000)
    if state == BEYOND_BMP:
        return np.int64(0x10000)
    if state == QUOTE:
        return np.int64(0x22)
    if state == BACKSLASH:
        return np.int64(0x5C)
    if state == VERTICAL_TAB:
        return np.int64(0xB)
    if state == FROM_SHIFT_OUT or state == TWO_SHIFTS:
        return np.int64(0xE)
    return np.int64(0)


@kernel(Long, Long, Long, inline=True)
def highest(state, low):
    """The highest code point of the range of ``state``, given the ``lowest``."""
    if state == HEX2:
        return low | 0xFFF
    if state == HEX3 or state == LOW3:
        return low | 0xFF
    if state == HEX4 or state == LOW4:
        return low | 0xF
    if state == HEX2_D or state == UTF8_ED:
        return np.int64(0xD7FF)
    if state == HIGH3:
        return low + 0x3FFFF
    if state == HIGH4:
        return low | 0x3FFF
    if state == LOW_BACKSLASH or state == LOW_U or state == LOW1 or state == LOW2:
        return low | 0x3FF
    if state == UTF8_1:
        return low | 0x3F
    if state == UTF8_2:
        return low | 0xFFF
    if state == UTF8_3:
        return low | 0x3FFFF
    if state == UTF8_E0:
        return np.int64(0xFFF)
    if state == UTF8_F0:
        return np.int64(0x3FFFF)
    if state == MINIMAL_ESCAPE or state == FROM_SHIFT_OUT:
        return np.int64(0x1F)
    if state >= MINIMAL_HEX1 and state <= MINIMAL_HEX4:
        return np.int64(7)
    if state == QUOTE or state == BACKSLASH or state == VERTICAL_TAB:
        return low
    if state == TWO_SHIFTS:
        return low + 1
    return np.int64(MAX_CODE_POINT)


@kernel(Long, Long)
def another_range(state):
    """The state of the next range that a partial code point can lie in, after that of ``state``; INSIDE if none."""
    if state == HEX2_D:
        return np.int64(BEYOND_BMP)
    if state == MINIMAL_ESCAPE:
        return np.int64(QUOTE)
    if state == QUOTE:
        return np.int64(BACKSLASH)
    if state >= MINIMAL_HEX1 and state <= MINIMAL_HEX3:
        return np.int64(FROM_SHIFT_OUT)
    if state == MINIMAL_HEX4:
        return np.int64(TWO_SHIFTS)
    if state == FROM_SHIFT_OUT or state == TWO_SHIFTS:
        return np.int64(VERTICAL_TAB)
    return np.int64(INSIDE)


@kernel(Long, Longs, Long, Long)
def interval_of(slots, text, code_point):
    """The index of the interval of the text automaton's alphabet that holds ``code_point``."""
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    starts = ints_at(slots[TEXT_START] + np.int64(record[TEXT_INTERVALS_AT]) * 4)
    low = np.int64(0)
    high = np.int64(record[TEXT_INTERVALS])
    while high - low > 1:
        middle = (low + high) >> 1
        if starts[middle] <= code_point:
            low = middle
        else:
            high = middle
    return low


@kernel(Long, Longs, Long, Long, Long, inline=True)
def text_successor(slots, text, state, code_point):
    """The state after a whole code point, or TEXT_DEAD."""
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    if code_point < 0x80:
        symbol = np.int64(bytes_at(slots[TEXT_ASCII])[record[TEXT_ASCII_AT] + code_point])
    else:
        interval = interval_of(slots, text, code_point)
        symbol = np.int64(ints_at(slots[TEXT_CLASS])[record[TEXT_INTERVALS_AT] + interval])
    return np.int64(ints_at(slots[TEXT_NEXT])[record[TEXT_BASE] + state * record[TEXT_CLASSES] + symbol])


@kernel(Flag, Longs, Long, Long, Long, inline=True)
def is_viable(slots, text, state, length):
    """Can the text be completed from ``state``, ``length`` code points having been read?

    Where only one class is considered, the text is a key of that class.
    """
    if state == TEXT_DEAD:
        return False
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    columns = np.int64(record[TEXT_COLUMNS])
    if columns == 0 or slots[ANY_LENGTH] != 0:
        only = slots[ONLY_CLASS]
        if only == 0:
            return True
        return ints_at(slots[TEXT_LEFT])[record[TEXT_LEFT_AT] + state * record[TEXT_KEY_CLASSES] + only - 1] != 0
    column = min(length, columns - 1)
    free_from = np.int64(record[TEXT_FREE_FROM])
    free_to = np.int64(record[TEXT_FREE_TO])
    if free_to > columns:
        free_to = columns
    left_out = free_to - free_from if free_to > free_from else np.int64(0)
    if column >= free_from:
        if column < free_from + left_out:
            return True
        column -= left_out
    return bytes_at(slots[TEXT_VIABLE])[record[TEXT_VIABLE_AT] + state * (columns - left_out) + column] != 0


@kernel(Flag, Longs, Long, Long, Long, Long, Long)
def range_is_viable(slots, text, state, length, low, high):
    """Is there a code point in ``low .. high`` after which the text can still be completed?"""
    record = ints_at(slots[TEXTS] + (text << TEXT_SHIFT) * 4)
    starts = ints_at(slots[TEXT_START] + np.int64(record[TEXT_INTERVALS_AT]) * 4)
    classes = ints_at(slots[TEXT_CLASS] + np.int64(record[TEXT_INTERVALS_AT]) * 4)
    row = ints_at(slots[TEXT_NEXT] + (np.int64(record[TEXT_BASE]) + state * record[TEXT_CLASSES]) * 4)
    count = np.int64(record[TEXT_INTERVALS])
    i = interval_of(slots, text, low)
    while i < count and starts[i] <= high:
        last = np.int64(MAX_CODE_POINT) if i + 1 == count else np.int64(starts[i + 1]) - 1
        surrogates_only = max(np.int64(starts[i]), low) >= 0xD800 and min(last, high) <= 0xDFFF
        if not surrogates_only and is_viable(slots, text, np.int64(row[classes[i]]), length):
            return True
        i += 1
    return False


@kernel(Flag, Longs, Long, Long, Long, Long, Long, inline=True)
def partial_is_viable(slots, text, state, length, string_state, partial):
    """Can the text be completed when a code point has been read in part? ``length`` counts that code point."""
    while string_state != INSIDE:
        low = lowest(string_state, partial)
        if range_is_viable(slots, text, state, length, low, highest(string_state, low)):
            return True
        string_state = another_range(string_state)
    return False
