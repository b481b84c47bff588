"""What the parser reads when a terminal has ended: with lines that indent, more than the terminal, or nothing.

Lines are Lark's ``Indenter`` as a linked list: blocks within blocks, and how deep in parentheses the text is.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .parser import allocate, can_shift, frontier_node, frontier_size, shift
from .pointers import Flag, Long, Longs, ints_at, longs_at


@kernel(Long, Longs, Long, inline=True)
def open_parentheses(slots, lines):
    return np.int64(0) if lines == 0 else np.int64(ints_at(slots[ARENA])[lines + LINES_OPEN])


@kernel(Long, Longs, Long, inline=True)
def block_columns(slots, lines):
    return np.int64(0) if lines == 0 else np.int64(ints_at(slots[ARENA])[lines + LINES_COLUMNS])


@kernel(Long, Longs, Long, inline=True)
def outer_lines(slots, lines):
    return np.int64(0) if lines == 0 else np.int64(ints_at(slots[ARENA])[lines + LINES_OUTER])


@kernel(Long, Longs, Long, Long, Long)
def new_lines(slots, opened, columns, outer):
    lines = allocate(slots, LINES_WIDTH)
    arena = ints_at(slots[ARENA])
    arena[lines + LINES_OPEN] = opened
    arena[lines + LINES_COLUMNS] = columns
    arena[lines + LINES_OUTER] = outer
    return lines


@kernel(Long, Longs, Long, Long, inline=True)
def columns_after(slots, columns, byte):
    """How many columns there are after the last line feed of the terminal in hand, ``NONE`` if it has none so far."""
    if slots[TAB_WIDTH] == 0 or byte == 0x0A:
        return np.int64(0)
    if columns == NONE:
        return columns
    if byte == 0x20:
        return columns + 1
    return columns + slots[TAB_WIDTH] if byte == 0x09 else columns


@kernel(Flag, Longs, Long, Long)
def text_may_end(slots, frontier, lines):
    """May the text end where the parser is at ``frontier``, after the blocks still open are ended?"""
    if slots[ACCEPTS_EMPTY] != 0:
        for i in range(frontier_size(slots, frontier)):
            if frontier_node(slots, frontier, i) == GSS_BOTTOM:
                return True
    while block_columns(slots, lines) > 0 and frontier != 0:
        frontier = shift(slots, frontier, slots[DEDENT_TERMINAL])
        lines = outer_lines(slots, lines)
    return frontier != 0 and can_shift(slots, frontier, slots[SYMBOLS] - 1)


@kernel(Flag, Longs, Long, Long)
def goes_on(slots, frontier, lines):
    """Can anything come that has a text, or the end?"""
    for terminal in range(slots[SYMBOLS] - 1):
        is_supplied = terminal == slots[INDENT_TERMINAL] or terminal == slots[DEDENT_TERMINAL]
        if not is_supplied and can_shift(slots, frontier, np.int64(terminal)):
            return True
    return text_may_end(slots, frontier, lines)


@kernel(Long, Longs, Long, Long, Long)
def read_newline(slots, frontier, lines, columns):
    """The frontier after a line feed outside parentheses and what it indents; ``LINES`` is set. 0 if refused."""
    if columns == NONE:
        return 0
    frontier = shift(slots, frontier, slots[NEWLINE_TERMINAL])
    if frontier != 0 and columns > block_columns(slots, lines):
        lines = new_lines(slots, 0, columns, lines)
        frontier = shift(slots, frontier, slots[INDENT_TERMINAL])
    while columns < block_columns(slots, lines) and frontier != 0:
        lines = outer_lines(slots, lines)
        frontier = shift(slots, frontier, slots[DEDENT_TERMINAL])
    slots[LINES] = lines
    if frontier == 0 or columns != block_columns(slots, lines) or not goes_on(slots, frontier, lines):
        return 0
    return frontier


@kernel(Long, Longs, Long, Long, Long, Long)
def read_terminal(slots, frontier, terminal, lines, columns):
    """The frontier after ``terminal``, 0 if it is refused; ``LINES`` is set."""
    kind = ints_at(slots[TERMINALS])[terminal * TERMINAL_WIDTH + TERMINAL_KIND]
    slots[LINES] = lines
    if kind == IGNORED:
        return frontier
    opened = open_parentheses(slots, lines)
    if terminal == slots[NEWLINE_TERMINAL]:
        return frontier if opened > 0 else read_newline(slots, frontier, lines, columns)
    if kind == OPENER or kind == CLOSER:
        opened += 1 if kind == OPENER else -1
        if opened < 0:
            return 0
        slots[LINES] = new_lines(slots, opened, block_columns(slots, lines), outer_lines(slots, lines))
    return shift(slots, frontier, terminal)


@kernel(Flag, Longs, Long, Long, Long)
def can_have(slots, state, columns, wanted):
    """Can the line that has ``columns`` in the scanner's ``state`` come to have those wanted?"""
    if slots[LINE_FACTS] == 0:
        return True
    facts = longs_at(slots[LINE_FACTS] + state * LINE_WIDTH * 8)
    if facts[LINE_ANEW] >> min(wanted, np.int64(LAST_COLUMN)) & 1 != 0:
        return True
    if columns == NONE or columns > wanted:
        return False
    return facts[LINE_FURTHER] >> min(wanted - columns, np.int64(LAST_COLUMN)) & 1 != 0


@kernel(Flag, Longs, Long, Long, Long)
def can_exceed(slots, state, columns, limit):
    """Can the line that has ``columns`` in the scanner's ``state`` come to have more than ``limit``?"""
    if slots[LINE_FACTS] == 0:
        return True
    facts = longs_at(slots[LINE_FACTS] + state * LINE_WIDTH * 8)
    if facts[LINE_ANEW] >> min(limit + 1, np.int64(LAST_COLUMN)) != 0:
        return True
    return columns != NONE and facts[LINE_FURTHER] >> min(max(limit + 1 - columns, np.int64(0)), LAST_COLUMN) != 0


@kernel(Flag, Longs, Long, Long, Long, Long)
def line_goes_on(slots, state, frontier, lines, columns):
    """Are there columns that the line feed in hand, outside parentheses, can come to have and the parser can read?"""
    allocated = slots[ALLOCATED]
    block = lines
    found = False
    while not found:
        wanted = block_columns(slots, block)
        found = can_have(slots, state, columns, wanted) and read_newline(slots, frontier, lines, wanted) != 0
        if block == lines and not found:
            further = can_exceed(slots, state, columns, wanted)
            found = further and read_newline(slots, frontier, lines, wanted + 1) != 0
        if wanted == 0:
            break
        block = outer_lines(slots, block)
    slots[ALLOCATED] = allocated
    return found


@kernel(Flag, Longs, Long, Long, Long, Long, Long)
def can_be_read(slots, terminal, state, frontier, lines, columns):
    """Does ``terminal``, which the scanner's ``state`` may become, go on from ``frontier``, or is it left out there?"""
    if ints_at(slots[TERMINALS])[terminal * TERMINAL_WIDTH + TERMINAL_KIND] == IGNORED:
        return True
    if terminal == slots[NEWLINE_TERMINAL]:
        return open_parentheses(slots, lines) > 0 or line_goes_on(slots, state, frontier, lines, columns)
    return can_shift(slots, frontier, terminal)


@kernel(Flag, Longs, Long, Long, Long, Long)
def is_viable(slots, state, frontier, lines, columns):
    """Can one of the terminals that the scanner's ``state`` may become be read by the parser?"""
    reach = ints_at(slots[REACHES] + np.int64(ints_at(slots[SCAN_REACH])[state]) * 4)
    for i in range(1, reach[0] + 1):
        if can_be_read(slots, np.int64(reach[i]), state, frontier, lines, columns):
            return True
    return False


@kernel(Flag, Longs, Long, Long, inline=True)
def is_as_viable(slots, state, before):
    """Is ``state`` known to be viable since ``before``, from which it follows in the same terminal, was?"""
    reach = ints_at(slots[SCAN_REACH])
    if reach[state] != reach[before]:
        return False
    if slots[LINE_FACTS] == 0:
        return True
    facts = longs_at(slots[LINE_FACTS] + state * LINE_WIDTH * 8)
    return facts[LINE_FURTHER] == 0 and facts[LINE_ANEW] == 0
