"""Reading those patterns of Python that hold no conditions: as programs (``programs``), with the widths of matches.

Read are characters, sets, ``.``, escapes of characters and of ``\\d``, ``\\s`` and ``\\w``, groups without names and
flags, alternatives, and repetitions that are not possessive, of what is not empty. Whatever else a pattern holds, and
all that Python refuses or warns of, is ``UNSURE``: Python's own parser says what it means.

Code is written as it is read. Places in it are relative, so that what is repeated or has an alternative can be moved.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .pointers import Flag, Long, Nothing
from .programs import CHAR, JUMP, MATCH, SPLIT
from .scanner_product import Ints1, Ints2, Longs1

UNSURE, READ = range(2)
NONE = -1
MOST_INSTRUCTIONS, MOST_SETS, MOST_RANGES, MOST_GROUPS = 1_000, 63, 8_000, 40
MOST_ROUNDS = 1_000
LAST = 0x10FFFF
ENDLESS = 1 << 40
"""The width of what may be repeated without end."""

# how far reading has come: slots of ``at``. The option in hand begins at OPTION; its group has the jumps from
# FIRST_JUMP on; GROUPS are open. DOTALL and WHOLE are given: does ``.`` match line feeds, does every match count
PLACE, SIZE, SETS, RANGES, OPTION, JUMPS, FIRST_JUMP, GROUPS, LOW, HIGH, GREEDY, DOTALL, WHOLE, SLOTS = range(14)
# widths: of the option in hand, and of those of its group before; least and most
LEAST, MOST, ALL_LEAST, ALL_MOST = range(4)
WIDTHS = 4

BACKSLASH, CARET, DOT, BAR, DASH, COMMA, LINE_FEED = (ord(c) for c in "\\^.|-,\n")
OPEN, CLOSE, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE = (ord(c) for c in "()[]{}")
STAR, PLUS, QUESTION, COLON, DOLLAR, AND, TILDE = (ord(c) for c in "*+?:$&~")
ZERO, NINE, LOWER_A, LOWER_Z, UPPER_A, UPPER_Z = (ord(c) for c in "09azAZ")
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
        if low <= LAST and not add_range(at, ranges, low, high):
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
    return code >= 0 and add_range(at, ranges, code, code)


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


# --- code


@kernel(Nothing, Ints1, Longs1, Long, Long, Long)
def emit(program, at, code, a, b):
    i = 3 * at[SIZE]
    program[i], program[i + 1], program[i + 2] = code, a, b
    at[SIZE] += 1


@kernel(Nothing, Ints1, Longs1, Long, Long, Flag)
def emit_fork(program, at, inside, past, greedy):
    if greedy:
        emit(program, at, SPLIT, inside, past)
    else:
        emit(program, at, SPLIT, past, inside)


@kernel(Nothing, Ints1, Longs1, Long)
def emit_copy(program, at, size):
    """Write once more the instructions that are kept behind the program."""
    for i in range(3 * size):
        program[3 * at[SIZE] + i] = program[3 * MOST_INSTRUCTIONS + i]
    at[SIZE] += size


@kernel(Flag, Ints1, Longs1, Long)
def repeat(program, at, atom):
    """Repeat the instructions from ``atom`` on; ``False`` if that is too much."""
    size, low, high, greedy = at[SIZE] - atom, at[LOW], at[HIGH], at[GREEDY] != 0
    copies = low + 1 if high == NONE else high
    if atom + copies * (size + 2) > MOST_INSTRUCTIONS - 2:
        return False
    for i in range(3 * size):
        program[3 * MOST_INSTRUCTIONS + i] = program[3 * atom + i]
    at[SIZE] = atom
    for _ in range(low):
        emit_copy(program, at, size)
    if high == NONE and low == 0:
        emit_fork(program, at, 1, size + 2, greedy)
        emit_copy(program, at, size)
        emit(program, at, JUMP, -size - 1, 0)
    elif high == NONE:
        emit_fork(program, at, -size, 1, greedy)
    else:
        for left in range(high - low, 0, -1):
            emit_fork(program, at, 1, left * (size + 1), greedy)
            emit_copy(program, at, size)
    return True


@kernel(Long, Ints1, Longs1)
def read_number(codes, at):
    """A decimal number, ``NONE`` if there is none or it is too large."""
    value, start = np.int64(0), at[PLACE]
    while value <= MOST_ROUNDS and ZERO <= code_at(codes, at[PLACE]) <= NINE:
        value = 10 * value + code_at(codes, at[PLACE]) - ZERO
        at[PLACE] += 1
    return value if at[PLACE] > start and value <= MOST_ROUNDS else np.int64(NONE)


@kernel(Flag, Ints1, Longs1)
def read_bounds(codes, at):
    """How often what stands before a brace may come; ``False`` if unsure."""
    at[LOW] = at[HIGH] = read_number(codes, at)
    if at[LOW] == NONE:
        return False
    if take(codes, at, COMMA):
        at[HIGH] = NONE
        if not take(codes, at, CLOSE_BRACE):
            at[HIGH] = read_number(codes, at)
            return at[HIGH] >= at[LOW] and take(codes, at, CLOSE_BRACE)
        return True
    return take(codes, at, CLOSE_BRACE)


@kernel(Flag, Ints1, Longs1)
def read_repetition(codes, at):
    """How often what was read may come, and whether rather more often; ``False`` if unsure."""
    at[LOW], at[HIGH], at[GREEDY] = 1, 1, 1
    if take(codes, at, STAR):
        at[LOW], at[HIGH] = 0, NONE
    elif take(codes, at, PLUS):
        at[HIGH] = NONE
    elif take(codes, at, QUESTION):
        at[LOW] = 0
    elif not take(codes, at, OPEN_BRACE):
        return True
    elif not read_bounds(codes, at):
        return False
    if take(codes, at, QUESTION):
        at[GREEDY] = 0
    following = code_at(codes, at[PLACE])
    return not (following == STAR or following == PLUS or following == QUESTION or following == OPEN_BRACE)


# --- widths


@kernel(Nothing, Longs1)
def end_option_width(widths):
    widths[ALL_LEAST] = min(widths[ALL_LEAST], widths[LEAST])
    widths[ALL_MOST] = max(widths[ALL_MOST], widths[MOST])
    widths[LEAST] = widths[MOST] = 0


@kernel(Nothing, Longs1)
def begin_widths(widths):
    widths[LEAST] = widths[MOST] = widths[ALL_MOST] = 0
    widths[ALL_LEAST] = ENDLESS


# --- the pattern


@kernel(Flag, Ints1, Longs1, Longs1, Longs1)
def another_option(program, at, jumps, widths):
    """End the option in hand, and begin another one; ``False`` if there is no room."""
    if at[SIZE] + 2 > MOST_INSTRUCTIONS - 2:
        return False
    option, size = at[OPTION], at[SIZE]
    for i in range(3 * size - 1, 3 * option - 1, -1):
        program[i + 3] = program[i]
    at[SIZE] = option
    emit(program, at, SPLIT, 1, size - option + 2)
    at[SIZE] = size + 1
    jumps[at[JUMPS]] = at[SIZE]
    at[JUMPS] += 1
    emit(program, at, JUMP, 0, 0)
    at[OPTION] = at[SIZE]
    end_option_width(widths)
    return True


@kernel(Nothing, Ints1, Longs1, Longs1, Longs1)
def end_options(program, at, jumps, widths):
    """Have all options of a group lead behind it."""
    end_option_width(widths)
    for i in range(at[FIRST_JUMP], at[JUMPS]):
        program[3 * jumps[i] + 1] = at[SIZE] - jumps[i]
    at[JUMPS] = at[FIRST_JUMP]


@kernel(Flag, Ints1, Longs1, Ints2, Longs1, Longs1)
def begin_group(codes, at, groups, outer_widths, widths):
    """Go on inside of a group, behind its parenthesis; ``False`` if unsure."""
    if code_at(codes, at[PLACE]) == QUESTION:
        if code_at(codes, at[PLACE] + 1) != COLON:
            return False
        at[PLACE] += 2
    depth = at[GROUPS]
    if depth == MOST_GROUPS:
        return False
    groups[depth, 0], groups[depth, 1], groups[depth, 2] = at[SIZE], at[OPTION], at[FIRST_JUMP]
    for i in range(WIDTHS):
        outer_widths[WIDTHS * depth + i] = widths[i]
    at[GROUPS] = depth + 1
    at[OPTION], at[FIRST_JUMP] = at[SIZE], at[JUMPS]
    begin_widths(widths)
    return True


@kernel(Long, Ints1, Longs1, Longs1, Ints2, Longs1, Longs1, Longs1)
def end_group(program, at, jumps, groups, outer_widths, widths, atom_widths):
    """Go on outside of a group; where it begins in the program, ``NONE`` if there is none."""
    if at[GROUPS] == 0:
        return NONE
    end_options(program, at, jumps, widths)
    atom_widths[LEAST], atom_widths[MOST] = widths[ALL_LEAST], widths[ALL_MOST]
    at[GROUPS] -= 1
    depth = at[GROUPS]
    at[OPTION], at[FIRST_JUMP] = groups[depth, 1], groups[depth, 2]
    for i in range(WIDTHS):
        widths[i] = outer_widths[WIDTHS * depth + i]
    return np.int64(groups[depth, 0])


@kernel(Flag, Ints1, Ints1, Longs1, Long, Longs1, Longs1)
def end_atom(codes, program, at, atom, widths, atom_widths):
    """Repeat what was read last if that is asked for, and count its width; ``False`` if unsure."""
    if not read_repetition(codes, at):
        return False
    if (at[LOW] != 1 or at[HIGH] != 1) and (atom_widths[LEAST] == 0 or not repeat(program, at, atom)):
        return False
    most = np.int64(ENDLESS) if at[HIGH] == NONE else atom_widths[MOST] * at[HIGH]
    widths[LEAST] += atom_widths[LEAST] * at[LOW]
    widths[MOST] = min(widths[MOST] + most, ENDLESS)
    return True


@kernel(Long, Ints1, Ints2, Ints1, Ints1, Ints2, Ints1, Longs1, Longs1, entry=True)
def read_pattern(codes, known, known_at, program, ranges, set_ends, at, widths):
    """Write the pattern ``codes`` to ``program``, and its sets to ``ranges``; ``READ`` or ``UNSURE``.

    ``known``: the ranges of categories, those of ``\\d``, ``\\s`` and ``\\w`` from ``known_at`` on, none if not known.
    ``program`` int32[6 * MOST_INSTRUCTIONS]; ``set_ends`` int32[MOST_SETS + 1]; ``at`` has ``SIZE`` and ``SETS`` then,
    ``widths`` int64[WIDTHS] the least and most characters of a match in ``ALL_LEAST`` and ``ALL_MOST``.
    """
    jumps = np.empty(MOST_INSTRUCTIONS, np.int64)
    groups = np.empty((MOST_GROUPS, 3), np.int32)
    outer_widths, atom_widths = np.empty(WIDTHS * MOST_GROUPS, np.int64), np.empty(WIDTHS, np.int64)
    begin_widths(widths)
    set_ends[0] = 0
    while at[PLACE] < len(codes):
        if at[SIZE] > MOST_INSTRUCTIONS - 4:
            return UNSURE
        if take(codes, at, OPEN):
            if not begin_group(codes, at, groups, outer_widths, widths):
                return UNSURE
            continue
        if take(codes, at, BAR):
            if not another_option(program, at, jumps, widths):
                return UNSURE
            continue
        if take(codes, at, CLOSE):
            atom = end_group(program, at, jumps, groups, outer_widths, widths, atom_widths)
        else:
            number = set_of(at, ranges, set_ends) if read_chars(codes, at, ranges, known, known_at) else np.int64(NONE)
            atom = at[SIZE] if number >= 0 else np.int64(NONE)
            atom_widths[LEAST] = atom_widths[MOST] = 1
            emit(program, at, CHAR, number, 0)
        if atom < 0 or not end_atom(codes, program, at, atom, widths, atom_widths):
            return UNSURE
    if at[GROUPS] != 0:
        return UNSURE
    end_options(program, at, jumps, widths)
    emit(program, at, MATCH, 0, 0)
    return READ
