"""Whether two JSON values, given by their text, are equal: for arrays whose items have to be unique.

Texts are well-formed, because the automaton has read them. Strings are compared by code points, numbers by value
(1, 1.0 and 10e-1 are equal), objects whatever the order of their keys.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Bytes, Flag, Long, Longs, bytes_at
from .text import accumulate

MOST_EXPONENT = 1 << 40


@kernel(Long, Bytes, Long)
def skip_blanks(text, at):
    while text[at] == 0x20 or text[at] == 0x0A or text[at] == 0x0D or text[at] == 0x09:
        at += 1
    return at


@kernel(Long, Bytes, Long)
def skip_string(text, at):
    """Behind the string whose opening quote is at ``at``."""
    at += 1
    while text[at] != 0x22:
        at += 2 if text[at] == 0x5C else 1
    return at + 1


@kernel(Long, Bytes, Long, Long)
def skip_value(text, at, end):
    """Behind the value that begins at ``at``; no value goes beyond ``end``."""
    depth = 0
    while at < end:
        byte = text[at]
        if byte == 0x22:
            at = skip_string(text, at)
            if depth == 0:
                return at
            continue
        if byte == 0x7B or byte == 0x5B:
            depth += 1
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth == 0:
                return at + 1
            if depth < 0:
                return at
        elif depth == 0 and (byte == 0x2C or byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09):
            return at
        at += 1
    return at


@kernel(Long, Longs, Bytes, Long, inline=True)
def read_code_point(slots, text, at):
    """The code point that begins at ``at`` inside a string, and where the next one does, as ``after << 32 | it``."""
    table = bytes_at(slots[STRING_NEXT])
    code_point = np.int64(0)
    state = np.int64(INSIDE)
    while True:
        byte = np.int64(text[at])
        code_point = accumulate(state, code_point, byte)
        state = np.int64(table[(state << 8) + byte])
        at += 1
        if state == INSIDE:
            return at << 32 | code_point


@kernel(Flag, Longs, Bytes, Long, Long)
def same_string(slots, text, a, b):
    """Do the strings whose opening quotes are at ``a`` and ``b`` have the same code points?"""
    a += 1
    b += 1
    while text[a] != 0x22 and text[b] != 0x22:
        one = read_code_point(slots, text, a)
        other = read_code_point(slots, text, b)
        if one & 0xFFFFFFFF != other & 0xFFFFFFFF:
            return False
        a = one >> 32
        b = other >> 32
    return text[a] == 0x22 and text[b] == 0x22


@kernel(Flag, Long, inline=True)
def is_digit(byte):
    return byte >= 0x30 and byte <= 0x39


@kernel(Long, Bytes, Long, Long)
def first_significant(text, at, end):
    """Where the first digit that is not 0 stands, ``end`` if the number is zero."""
    while at < end and text[at] != 0x65 and text[at] != 0x45:
        if is_digit(np.int64(text[at])) and text[at] != 0x30:
            return at
        at += 1
    return end


@kernel(Long, Bytes, Long, Long, Long)
def magnitude(text, at, first, end):
    """The decimal exponent of the digit at ``first`` of the number whose digits begin at ``at``."""
    point = at
    while point < end and is_digit(np.int64(text[point])):
        point += 1
    exponent = point - first - 1 if first < point else point - first
    while at < end and text[at] != 0x65 and text[at] != 0x45:
        at += 1
    at += 1
    if at >= end:
        return exponent
    negative = text[at] == 0x2D
    if negative or text[at] == 0x2B:
        at += 1
    stated = np.int64(0)
    while at < end:
        stated = min(stated * 10 + text[at] - 0x30, np.int64(MOST_EXPONENT))
        at += 1
    return exponent - stated if negative else exponent + stated


@kernel(Long, Bytes, Long, Long)
def next_digit(text, at, end):
    """Where the next digit from ``at`` on stands, before an exponent; ``end`` if there is none."""
    if at < end and text[at] == 0x2E:
        at += 1
    return at if at < end and is_digit(np.int64(text[at])) else end


@kernel(Flag, Bytes, Long, Long, Long, Long)
def same_number(text, a, a_end, b, b_end):
    a_negative = text[a] == 0x2D
    b_negative = text[b] == 0x2D
    a += 1 if a_negative else 0
    b += 1 if b_negative else 0
    one = first_significant(text, a, a_end)
    other = first_significant(text, b, b_end)
    if one == a_end or other == b_end:
        return one == a_end and other == b_end
    if a_negative != b_negative or magnitude(text, a, one, a_end) != magnitude(text, b, other, b_end):
        return False
    while one < a_end or other < b_end:
        first = np.int64(0x30) if one == a_end else np.int64(text[one])
        second = np.int64(0x30) if other == b_end else np.int64(text[other])
        if first != second:
            return False
        one = a_end if one == a_end else next_digit(text, one + 1, a_end)
        other = b_end if other == b_end else next_digit(text, other + 1, b_end)
    return True


@kernel(Long, Bytes, Long, Long)
def members(text, at, end):
    """How many items or properties the container that begins at ``at`` has."""
    at = skip_blanks(text, at + 1)
    count = 0
    while text[at] != 0x5D and text[at] != 0x7D:
        at = skip_blanks(text, skip_value(text, at, end))
        if text[at] == 0x3A:
            at = skip_blanks(text, skip_value(text, skip_blanks(text, at + 1), end))
        count += 1
        if text[at] == 0x2C:
            at = skip_blanks(text, at + 1)
    return count


@kernel(Long, Longs, Bytes, Long, Long, Long)
def member_named(slots, text, at, end, name):
    """Where the value of the property of the object at ``at`` stands whose name is that at ``name``; -1 if none."""
    at = skip_blanks(text, at + 1)
    while text[at] != 0x7D:
        value = skip_blanks(text, skip_blanks(text, skip_string(text, at)) + 1)
        if same_string(slots, text, at, name):
            return value
        at = skip_blanks(text, skip_value(text, value, end))
        if text[at] == 0x2C:
            at = skip_blanks(text, at + 1)
    return np.int64(-1)


@kernel(Flag, Longs, Bytes, Long, Long, Long, Long)
def same_value(slots, text, a, a_end, b, b_end):
    """Are the values that begin at ``a`` and ``b`` equal? They end before ``a_end`` and ``b_end``."""
    a = skip_blanks(text, a)
    b = skip_blanks(text, b)
    if text[a] == 0x22 or text[b] == 0x22:
        return text[a] == text[b] and same_string(slots, text, a, b)
    a_end = skip_value(text, a, a_end)
    b_end = skip_value(text, b, b_end)
    if text[a] != 0x7B and text[a] != 0x5B:
        is_number = text[a] == 0x2D or is_digit(np.int64(text[a]))
        if is_number:
            if text[b] != 0x2D and not is_digit(np.int64(text[b])):
                return False
            return same_number(text, a, a_end, b, b_end)
        return text[a] == text[b]
    if text[a] != text[b] or members(text, a, a_end) != members(text, b, b_end):
        return False
    is_object = text[a] == 0x7B
    start = b
    a = skip_blanks(text, a + 1)
    b = skip_blanks(text, b + 1)
    while text[a] != 0x5D and text[a] != 0x7D:
        if is_object:
            name = a
            a = skip_blanks(text, skip_blanks(text, skip_string(text, a)) + 1)
            b = member_named(slots, text, start, b_end, name)
            if b < 0:
                return False
        if not same_value(slots, text, a, a_end, b, b_end):
            return False
        a = skip_blanks(text, skip_value(text, a, a_end))
        b = skip_blanks(text, skip_value(text, b, b_end))
        if text[a] == 0x2C:
            a = skip_blanks(text, a + 1)
        if text[b] == 0x2C:
            b = skip_blanks(text, b + 1)
    return True
