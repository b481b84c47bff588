"""Which columns a line of an indented language can still have, for each state of the scanner.

A line feed may be read while some columns that the line can come to have are right. Mostly a terminal for line feeds
takes in further ones, so that a line can always come to have any columns, and nothing has to be asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from .model import Indentation
from .scanner import Scanner

ANY = (1 << at.LAST_COLUMN + 1) - 1
_FEED, _SPACE, _TAB = 0x0A, 0x20, 0x09


def line_facts(scanner: Scanner, indentation: Indentation, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """``kernels.layout``'s facts about lines; int64[states, LINE_WIDTH]. ``known``: those about the first states."""
    facts = np.zeros((scanner.states, at.LINE_WIDTH), np.int64)
    facts[: len(known)] = known
    further, anew = facts[:, at.LINE_FURTHER], facts[:, at.LINE_ANEW]
    further[len(known) :] = _may_end(scanner, indentation.newline, len(known))
    states = len(known) + np.flatnonzero(_may_become(scanner, facts, len(known)))
    following = scanner.transitions[states]
    feed, space, tab = (following[:, scanner.byte_class[byte]] for byte in (_FEED, _SPACE, _TAB))
    others = following[:, np.unique(np.delete(scanner.byte_class, [_FEED, _SPACE, _TAB]))]
    while True:
        before = facts[states]
        further[states] |= np.bitwise_or.reduce(further[others], axis=1)
        further[states] |= _moved(further[space], 1) | _moved(further[tab], indentation.tab_columns)
        anew[states] |= np.bitwise_or.reduce(anew[following], axis=1) | further[feed]
        if (facts[states] == before).all():
            return facts


def are_free(facts: NDArray[np.int64]) -> bool:
    """Can a line come to have any columns in every state that may become a line feed?"""
    return bool((facts[facts.any(axis=1), at.LINE_ANEW] == ANY).all())


def _may_end(scanner: Scanner, terminal: int, first: int) -> NDArray[np.bool_]:
    """In which states from ``first`` on ``terminal`` may end."""
    starts, counts = scanner.where[first : scanner.states].T
    state = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(state)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
    found = np.zeros(len(counts), np.bool_)
    found[state[scanner.endings[place, at.ENDING_TERMINAL] == terminal]] = True
    return found


def _may_become(scanner: Scanner, facts: NDArray[np.int64], first: int) -> NDArray[np.bool_]:
    """The states from ``first`` on from which one of which something is known can be reached."""
    found = np.array(facts.any(axis=1), np.bool_)
    following = scanner.transitions[first : len(facts)]
    while True:
        before = found[first:].copy()
        found[first:] |= np.any(found[following], axis=1)
        if (found[first:] == before).all():
            return before


def _moved(columns: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Sets of columns, each more by ``count``."""
    shift = min(count, at.LAST_COLUMN)
    most = np.where(columns >> (at.LAST_COLUMN - shift) != 0, np.int64(1 << at.LAST_COLUMN), np.int64(0))
    kept = columns & ((1 << at.LAST_COLUMN - shift) - 1)
    moved: NDArray[np.int64] = (kept << shift) | most
    return moved
