"""Reading those patterns of Python that hold no conditions: as programs (``programs``), with the widths of matches.

Read are characters, sets, ``.``, escapes of characters and of ``\\d``, ``\\s`` and ``\\w``, groups without names, the
flags ``i``, ``m`` and ``s``, alternatives, and repetitions that are not possessive, of what is not empty. Whatever else
a pattern holds, and all that Python refuses or warns of, is ``UNSURE``: Python's own parser says what it means.

Code is written as it is read. Places in it are relative, so that what is repeated or has an alternative can be moved.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .pattern_characters import (
    BAR,
    DOTALL,
    FIRST_JUMP,
    GREEDY,
    GROUPS,
    HIGH,
    IGNORES_CASE,
    JUMPS,
    LOW,
    LOWER_I,
    LOWER_S,
    NINE,
    NONE,
    OPEN_BRACE,
    OPTION,
    PLACE,
    PLUS,
    QUESTION,
    SIZE,
    STAR,
    ZERO,
    code_at,
    read_chars,
    set_of,
    take,
)
from .pointers import Flag, Long, Nothing
from .programs import CHAR, JUMP, MATCH, SPLIT
from .scanner_product import Ints1, Ints2, Longs1

UNSURE, READ = range(2)
MOST_INSTRUCTIONS, MOST_GROUPS, MOST_ROUNDS = 1_000, 40, 1_000
ENDLESS = 1 << 40
"""The width of what may be repeated without end."""

# widths: of the option in hand, and of those of its group before; least and most
LEAST, MOST, ALL_LEAST, ALL_MOST = range(4)
WIDTHS = 4

OPEN, CLOSE, CLOSE_BRACE, COLON, COMMA, LOWER_M = (ord(c) for c in "()}:,m")


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


@kernel(Flag, Ints1, Longs1)
def read_flags(codes, at):
    """Set the flags of a group, up to its colon; ``False`` if unsure."""
    while not take(codes, at, COLON):
        if take(codes, at, LOWER_S):
            at[DOTALL] = 1
        elif take(codes, at, LOWER_I):
            at[IGNORES_CASE] = 1
        elif not take(codes, at, LOWER_M):  # there are no anchors
            return False
    return True


@kernel(Flag, Ints1, Longs1, Ints2, Longs1, Longs1)
def begin_group(codes, at, groups, outer_widths, widths):
    """Go on inside of a group, behind its parenthesis; ``False`` if unsure."""
    depth = at[GROUPS]
    if depth == MOST_GROUPS:
        return False
    groups[depth, 0], groups[depth, 1], groups[depth, 2] = at[SIZE], at[OPTION], at[FIRST_JUMP]
    groups[depth, 3], groups[depth, 4] = at[DOTALL], at[IGNORES_CASE]
    if take(codes, at, QUESTION) and not read_flags(codes, at):
        return False
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
    at[DOTALL], at[IGNORES_CASE] = groups[depth, 3], groups[depth, 4]
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
    groups = np.empty((MOST_GROUPS, 5), np.int32)
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
