"""Patterns of Python without conditions, which most are, from their text to their automata by kernels alone.

What these kernels do not read, or not within their room, is for ``python_pattern``, which makes the same automata.
"""

from __future__ import annotations

from functools import lru_cache
from re import _parser as parser
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import pattern_characters as chars
from ..kernels import pattern_reading as at
from ..kernels.pattern_automata import UNSURE, automaton_of
from .compact_dfa import CompactDfa
from .python_sets import category

_MOST_COLUMNS = 1 << 16
_MOST_STATES = 1 << 12
_FLAGS = {"i", "m", "s"}
_WIDEST = int(getattr(parser, "MAXWIDTH", parser.MAXREPEAT))
"""Python's width of what has no end."""


@lru_cache(maxsize=1 << 12)
def plain_width(pattern: str, flags: frozenset[str]) -> tuple[int, int] | None:
    """The least and most characters of a match, as Python counts them; ``None`` if the pattern is not read here."""
    found = _Reading.of(pattern, flags)
    return None if found is None else found.width


@lru_cache(maxsize=1024)
def plain_pattern_dfa(pattern: str, flags: frozenset[str], most_states: int) -> CompactDfa | None:
    """The automaton of ``pattern``; ``None`` if it is not read here, can match nothing, or has too many states."""
    found = _Reading.of(pattern, flags)
    return None if found is None or found.width[0] == 0 else found.automaton(most_states)


def whole_dfa(pattern: str, most_states: int) -> CompactDfa | None:
    """All that ``pattern`` can match, the empty text too; ``None`` as above."""
    found = _Reading(pattern, frozenset(), whole=True)
    return found.automaton(most_states) if found.is_sure else None


class _Reading:
    """What the kernel has read: a program and its sets."""

    def __init__(self, pattern: str, flags: frozenset[str], whole: bool = False) -> None:
        self._program = np.empty(6 * at.MOST_INSTRUCTIONS, np.int32)
        self._ranges = np.empty((chars.MOST_RANGES, 2), np.int32)
        self._set_ends = np.empty(chars.MOST_SETS + 1, np.int32)
        self._at = np.zeros(chars.SLOTS, np.int64)
        self._at[chars.DOTALL], self._at[chars.IGNORES_CASE], self._at[chars.WHOLE] = "s" in flags, "i" in flags, whole
        widths = np.empty(at.WIDTHS, np.int64)
        codes = np.array([*map(ord, pattern)], np.int32)
        outcome = at.read_pattern(
            codes, *_known(pattern), self._program, self._ranges, self._set_ends, self._at, widths
        )
        self.is_sure = outcome == at.READ
        least, most = int(widths[at.ALL_LEAST]), int(widths[at.ALL_MOST])
        self.width = least, _WIDEST if most == at.ENDLESS else most

    @classmethod
    def of(cls, pattern: str, flags: frozenset[str]) -> _Reading | None:
        if not flags <= _FLAGS or len(pattern) > at.MOST_INSTRUCTIONS * 8:
            return None
        found = cls(pattern, flags)
        return found if found.is_sure else None

    def automaton(self, most_states: int) -> CompactDfa | None:
        columns, accepting = np.empty(_MOST_COLUMNS, np.int32), np.zeros(_MOST_STATES, np.uint8)
        class_of = np.empty(256, np.uint8)
        most = min(most_states, _MOST_STATES)
        states = automaton_of(self._program, self._at, self._ranges, self._set_ends, most, columns, class_of, accepting)
        if states == UNSURE:
            return None
        width = int(class_of.max()) + 1
        table = columns[: states * width].reshape(states, width).copy()
        return CompactDfa(table, class_of, accepting[:states].view(np.bool_).copy())


_Known = tuple[NDArray[np.int32], NDArray[np.int32]]


def _known(pattern: str) -> _Known:
    """The categories that ``pattern`` may name, as the kernel wants them."""
    return _categories("".join(letter for letter in "dsw" if _names(pattern, letter)))


def _names(pattern: str, letter: str) -> bool:
    return f"\\{letter}" in pattern or f"\\{letter.upper()}" in pattern


@lru_cache(maxsize=8)
def _categories(letters: str) -> _Known:
    sets: list[Any] = [category(letter, False) if letter in letters else () for letter in "dsw"]
    ends = np.cumsum([0, *map(len, sets)], dtype=np.int32)
    return np.array([each for found in sets for each in found], np.int32).reshape(-1, 2), ends
