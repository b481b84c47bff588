"""The characters of Python's patterns: escapes, sets, and what equals them where case is ignored.

Part of ``pattern_reading``, whose slots of ``at`` are defined here.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .pointers import Flag, Long, Nothing
from .scanner_product import Ints1, Ints2, Longs1

NONE = -1
MOST_SETS, MOST_RANGES = 63, 8_000
LAST, LAST_ASCII = 0x10FFFF, 0x7F

# how far reading has come: slots of ``at``. The option in hand begins at OPTION; its group has the jumps from
# FIRST_JUMP on; GROUPS are open. Given are WHOLE, does every match count, and at first DOTALL, does ``.`` match line
# feeds, and IGNORES_CASE
PLACE, SIZE, SETS, RANGES, OPTION, JUMPS, FIRST_JUMP, GROUPS, LOW, HIGH, GREEDY = range(11)
WHOLE, DOTALL, IGNORES_CASE, SLOTS = range(11, 15)

BACKSLASH, CARET, DOT, BAR, DASH, LINE_FEED = (ord(c) for c in "\\^.|-\n")
OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE = (ord(c) for c in "[]{")
STAR, PLUS, QUESTION, DOLLAR, AND, TILDE = (ord(c) for c in "*+?$&~")
ZERO, NINE, LOWER_A, LOWER_Z, UPPER_A, UPPER_Z = (ord(c) for c in "09azAZ")
LOWER_I, LOWER_K, LOWER_S = (ord(c) for c in "iks")
# what equals one of these letters, and no ASCII letter, when case is ignored
DOTTED_I, DOTLESS_I, KELVIN, LONG_S = 0x130, 0x131, 0x212A, 0x17F
CASE = 0x20
"""What differs between the two cases of a letter."""
SHORT_HEX, LONG_HEX, LONGEST_HEX = (ord(c) for c in "xuU")
NAMED = np.array([ord(c) for c in "nrtfva"], np.int32)
NAMED_CODES = np.array([ord(c) for c in "\n\r\t\f\v\a"], np.int32)
CATEGORIES = np.array([ord(c) for c in "dswDSW"], np.int32)


@kernel(Long, Ints1, Long, inline=True)
def code_at(codes, place):
    return np.int64(codes[place]) if place < len(codes) else np.int64(NONE)


@kernel(Flag, Ints1, Longs1, Long)
def take(codes, at, wanted):
    """Whether ``wanted`` comes next; goes past it then."""
    if code_at(codes, at[PLACE]) != wanted:
        return False
    at[PLACE] += 1
    return True


@kernel(Long, Long)
def digit_of(code):
    """The value of a hexadecimal digit, or ``NONE``."""
    if ZERO <= code <= NINE:
        return code - ZERO
    lower = code | 0x20
    return lower - LOWER_A + 10 if LOWER_A <= lower < LOWER_A + 6 else np.int64(NONE)


@kernel(Long, Ints1, Longs1)
def read_escape(codes, at):
    """The character that stands behind a backslash, or ``NONE`` if that is something else."""
    letter = code_at(codes, at[PLACE])
    at[PLACE] += 1
    digits = 2 if letter == SHORT_HEX else 4 if letter == LONG_HEX else 8 if letter == LONGEST_HEX else 0
    if digits > 0:
        value = np.int64(0)
        for _ in range(digits):
            digit = digit_of(code_at(codes, at[PLACE]))
            at[PLACE] += 1
            if digit < 0:
                return NONE
            value = 16 * value + digit
        return value if value <= LAST else np.int64(NONE)
    for i in range(len(NAMED)):
        if letter == NAMED[i]:
            return np.int64(NAMED_CODES[i])
    lower = letter | 0x20
    if letter < 0 or ZERO <= letter <= NINE or LOWER_A <= lower <= LOWER_Z:
        return NONE
    return letter


# --- sets


@kernel(Flag, Longs1, Ints2, Long, Long)
def add_range(at, ranges, low, high):
    if low > high or at[RANGES] == len(ranges):
        return low > high
    ranges[at[RANGES], 0] = low
    ranges[at[RANGES], 1] = high
    at[RANGES] += 1
    return True


@kernel(Flag, Longs1, Ints2, Long, Long)
def add_other_case(at, ranges, low, high):
    """Add what equals a character of ASCII from ``low`` to ``high`` when case is ignored; ``False`` if unsure."""
    if high > LAST_ASCII:
        return False
    added = True
    first, last = max(low, np.int64(UPPER_A)), min(high, np.int64(UPPER_Z))
    if first <= last:
        added = add_range(at, ranges, first + CASE, last + CASE)
    first, last = max(low, np.int64(LOWER_A)), min(high, np.int64(LOWER_Z))
    if first <= last:
        added = added and add_range(at, ranges, first - CASE, last - CASE)
    if low <= LOWER_I <= high or low <= LOWER_I - CASE <= high:
        added = added and add_range(at, ranges, DOTTED_I, DOTLESS_I)
    if low <= LOWER_K <= high or low <= LOWER_K - CASE <= high:
        added = added and add_range(at, ranges, KELVIN, KELVIN)
    if low <= LOWER_S <= high or low <= LOWER_S - CASE <= high:
        added = added and add_range(at, ranges, LONG_S, LONG_S)
    return added


@kernel(Flag, Longs1, Ints2, Long, Long)
def add_spelled(at, ranges, low, high):
    """Add characters that the pattern spells, and where it ignores case what equals them; ``False`` if unsure."""
    return add_range(at, ranges, low, high) and (at[IGNORES_CASE] == 0 or add_other_case(at, ranges, low, high))


@kernel(Long, Ints1, Longs1)
def category_behind(codes, at):
    """Which of ``CATEGORIES`` stands behind a backslash, or ``NONE``."""
    letter = code_at(codes, at[PLACE])
    for i in range(len(CATEGORIES)):
        if letter == CATEGORIES[i]:
            return i
    return NONE


@kernel(Flag, Longs1, Ints2, Ints2, Ints1, Long)
def add_category(at, ranges, known, known_at, category):
    """Add a category; ``False`` if it is not known."""
    first, past = np.int64(known_at[category % 3]), np.int64(known_at[category % 3 + 1])
    before = np.int64(0)
    added = first < past
    for i in range(first, past):
        if category < 3:
            added = added and add_range(at, ranges, np.int64(known[i, 0]), np.int64(known[i, 1]))
        else:
            added = added and add_range(at, ranges, before, np.int64(known[i, 0]) - 1)
            before = np.int64(known[i, 1]) + 1
    return added and (category < 3 or add_range(at, ranges, before, LAST))


@kernel(Nothing, Longs1, Ints2, Long)
def put_in_order(at, ranges, first):
    """Sort the ranges from ``first`` on, and join those that touch."""
    for i in range(first + 1, at[RANGES]):
        low, high = ranges[i, 0], ranges[i, 1]
        j = i
        while j > first and ranges[j - 1, 0] > low:
            ranges[j, 0], ranges[j, 1] = ranges[j - 1, 0], ranges[j - 1, 1]
            j -= 1
        ranges[j, 0], ranges[j, 1] = low, high
    kept = first
    for i in range(first + 1, at[RANGES]):
        if ranges[i, 0] <= ranges[kept, 1] + 1:
            ranges[kept, 1] = max(ranges[kept, 1], ranges[i, 1])
        else:
            kept += 1
            ranges[kept, 0], ranges[kept, 1] = ranges[i, 0], ranges[i, 1]
    at[RANGES] = min(at[RANGES], kept + 1)


@kernel(Flag, Longs1, Ints2, Long)
def complement(at, ranges, first):
    """Turn the ranges from ``first`` on, which are in order, into those between them."""
    past, before = at[RANGES], np.int64(0)
    at[RANGES] = first
    for i in range(first, past):
        low, high = np.int64(ranges[i, 0]), np.int64(ranges[i, 1])
        add_range(at, ranges, before, low - 1)
        before = high + 1
    return add_range(at, ranges, before, LAST)


@kernel(Long, Ints1, Longs1, Ints2, Ints2, Ints1)
def read_member(codes, at, ranges, known, known_at):
    """The character at hand in a set; a category is added, and ``LAST + 1`` returned; ``NONE`` if unsure."""
    code = code_at(codes, at[PLACE])
    at[PLACE] += 1
    if code == BACKSLASH:
        category = category_behind(codes, at)
        if category == NONE:
            return read_escape(codes, at)
        at[PLACE] += 1
        return LAST + 1 if add_category(at, ranges, known, known_at, category) else np.int64(NONE)
    doubled = code == code_at(codes, at[PLACE]) and (code == DASH or code == AND or code == TILDE or code == BAR)
    return np.int64(NONE) if code == OPEN_BRACKET or doubled else code


@kernel(Flag, Ints1, Longs1, Ints2, Ints2, Ints1)
def read_set(codes, at, ranges, known, known_at):
    """Write the set behind a bracket to ``ranges``; ``False`` if unsure."""
    first = at[RANGES]
    negated = take(codes, at, CARET)
    start = at[PLACE]
    while at[PLACE] == start or not take(codes, at, CLOSE_BRACKET):
        low = read_member(codes, at, ranges, known, known_at)
        if low < 0:
            return False
        high = low
        if code_at(codes, at[PLACE]) == DASH and code_at(codes, at[PLACE] + 1) != CLOSE_BRACKET:
            at[PLACE] += 1
            high = read_member(codes, at, ranges, known, known_at)
            if high < low or high > LAST or high == DASH:
                return False
        if low <= LAST and not add_spelled(at, ranges, low, high):
            return False
    put_in_order(at, ranges, first)
    return not negated or complement(at, ranges, first)


@kernel(Flag, Ints1, Longs1, Ints2, Ints2, Ints1)
def read_chars(codes, at, ranges, known, known_at):
    """Write what one character may be at hand to ``ranges``; ``False`` if unsure."""
    first = at[RANGES]
    code = code_at(codes, at[PLACE])
    at[PLACE] += 1
    if code == OPEN_BRACKET:
        return read_set(codes, at, ranges, known, known_at)
    if code == DOT:
        added = add_range(at, ranges, LINE_FEED, LINE_FEED)
        if at[DOTALL] != 0:
            ranges[first, 0], ranges[first, 1] = 0, LAST
            return added
        return added and complement(at, ranges, first)
    if code == BACKSLASH:
        category = category_behind(codes, at)
        if category != NONE:
            at[PLACE] += 1
            return add_category(at, ranges, known, known_at, category)
        code = read_escape(codes, at)
    elif code == STAR or code == PLUS or code == QUESTION or code == OPEN_BRACE or code == CARET or code == DOLLAR:
        return False
    if code < 0 or not add_spelled(at, ranges, code, code):
        return False
    put_in_order(at, ranges, first)
    return True


@kernel(Long, Longs1, Ints2, Ints1)
def set_of(at, ranges, set_ends):
    """The number of the set last written; ``NONE`` if it is empty or one too many."""
    sets = at[SETS]
    first, past = np.int64(set_ends[sets]), at[RANGES]
    for other in range(sets):
        start = np.int64(set_ends[other])
        i = 0 if set_ends[other + 1] - start == past - first else past + 1
        while (
            first + i < past
            and ranges[start + i, 0] == ranges[first + i, 0]
            and ranges[start + i, 1] == ranges[first + i, 1]
        ):
            i += 1
        if first + i == past:
            at[RANGES] = first
            return other
    if first == past or sets == MOST_SETS:
        return NONE
    set_ends[sets + 1] = past
    at[SETS] = sets + 1
    return sets
