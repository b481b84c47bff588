"""Styles: how blanks and escapes of a value of JSON are written, where values of one grammar differ in that.

What depends on the style stands in neighbouring slots. A walk begins with the style of the value in hand in force, so
that nothing in a value's steps asks for it; a value of another style that begins in the middle of a walk is a list of
one thread, because threads bring their own styles.
"""

from __future__ import annotations

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Ints, Long, Longs, Nothing, ints_at, longs_at


@kernel(Long, Longs, Ints, Long)
def style_of(slots, stack, i):
    """The style of the value that the configuration at ``i`` is in the middle of; 0 if it is in none."""
    mode = stack[i + MODE]
    if mode >= GRAMMAR:
        return 0
    arena = ints_at(slots[ARENA])
    frame = stack[i + FRAME]
    if arena[frame + KIND] == EMBEDDED:
        return ints_at(slots[TERMINALS])[arena[frame + NODE] * TERMINAL_WIDTH + TERMINAL_STYLE]
    return ints_at(slots[NODES])[(arena[frame + NODE] << NODE_SHIFT) + NODE_STYLE]


@kernel(Nothing, Longs, Long)
def use_style(slots, style):
    """From here on ``style`` is in force."""
    width = STYLE_END - STYLE_FIRST
    row = longs_at(slots[STYLES] + style * width * 8)
    for i in range(width):
        slots[STYLE_FIRST + i] = row[i]
    slots[STYLE] = style
