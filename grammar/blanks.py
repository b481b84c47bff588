"""The blanks between JSON's tokens, where a pattern says which: an automaton over the bytes of one run of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .dfa import DEAD, REJECT, TextDfa
from .errors import MaskwrightError
from .kernels import layout as at
from .limits import Budget, Limits
from .regex import compile_pattern
from .regex_form import Regex

_BLANKS = (0x09, 0x0A, 0x0D, 0x20)


@lru_cache(maxsize=32)
def blank_runs(expression: Regex, limits: Limits) -> NDArray[np.int32]:
    """The automaton of the runs of blanks that ``expression`` matches as a whole, as ``kernels.layout`` describes it.

    int32[states, 1 << BLANK_SHIFT]. Raises ``MaskwrightError`` if the expression matches a text that is not JSON's
    whitespace or matches none, ``InvalidPattern``, ``UnsupportedPattern`` or ``LimitExceeded``.
    """
    text = compile_pattern(expression.pattern, Budget(limits), anchored=True)
    if text.dfa.is_empty:
        raise MaskwrightError(f"{expression} matches nothing", remedy=_REMEDY)
    foreign = _foreign_code_point(text)
    if foreign is not None:
        raise MaskwrightError(f"{expression} matches U+{foreign:04X}, which is no whitespace in JSON", remedy=_REMEDY)
    table = np.full((len(text.dfa.labels), 1 << at.BLANK_SHIFT), at.NONE, np.int32)
    table[:, at.BLANKS_MAY_END] = text.dfa.labels != REJECT
    number = np.arange(len(table), dtype=np.int32)
    number[text.dfa.start], number[DEAD] = at.FRESH, at.NONE  # the start gets the row of DEAD, which needs none
    for blank in _BLANKS:
        interval = np.searchsorted(text.alphabet.starts, blank, "right") - 1
        table[:, blank] = number[text.dfa.transitions[:, text.alphabet.classes[interval]]]
    table[at.FRESH] = table[text.dfa.start]
    return table


def state_after(runs: NDArray[np.int32], blanks: bytes) -> int:
    """The state of the automaton ``runs`` after ``blanks``, ``NONE`` if no run begins so; slow, for the interpreter."""
    state = at.FRESH
    for blank in blanks:
        if state == at.NONE:
            break
        state = int(runs[state, blank])
    return state


_REMEDY = r"use only spaces, \t, \n and \r, as in '[ \t\n\r]*'"


def _foreign_code_point(text: TextDfa) -> int | None:
    """A code point that some text holds and that is no blank, None if there is none."""
    starts, classes = text.alphabet.starts.tolist(), text.alphabet.classes.tolist()
    used = (text.dfa.transitions != DEAD).any(axis=0)
    for start, end, number in zip(starts, [*starts[1:], 0x110000], classes, strict=True):
        if used[number]:
            for code_point in range(start, min(end, start + len(_BLANKS) + 1)):
                if code_point not in _BLANKS:
                    return code_point
    return None
