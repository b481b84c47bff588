"""Whether the terminals of a grammar can be kept apart, so that no way to cut a text leads to a dead end.

For each terminal there should be a text that is read as just this one, whichever others are looked for, and behind it
the first byte of such a text of each terminal that may follow should make nothing longer, or else a blank that is
ignored should stand between the two. Then whatever the parser wants next can be written, from wherever a terminal has
ended like this; and what is left is whether all ways to end, and not that text alone, can be followed like this. All of
it is told by the terminals' automata alone, for the context that has all of them: with fewer, less is preferred.

What is not looked into are ends in the middle of other terminals, where what is preferred goes on for a while.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..kernels import scanner_product as at
from ..kernels.separation import are_separable
from .contexts import Contexts
from .lr_tables import LrTables
from .model import Grammar

Table = NDArray[np.bool_]
_BLANKS = b" \n\t"


def is_separable(grammar: Grammar, lr: LrTables, contexts: Contexts) -> bool:
    """Of a grammar in which the longest match counts."""
    rows = contexts.scanner.rows
    order = sorted(rows.first_row, key=lambda number: (grammar.terminals[number].rank, number))
    places = np.zeros(len(grammar.terminals), np.int32)
    places[order] = np.arange(len(order))
    is_ignored = np.array([number in grammar.ignored for number in order], np.bool_)
    follow = _behind(lr, lr.actions != 0)[np.ix_(order, [*order, lr.end])]
    follow[is_ignored] = [*~is_ignored, True]  # anything may come behind what is ignored
    known = np.ones((len(order), len(order)), np.bool_)
    if grammar.regions:
        known = _behind(lr, contexts.known[contexts.of_state], np.bitwise_and)[np.ix_(order, order)]
    return bool(
        are_separable(
            *(rows.rows, rows.endings, rows.next_row, rows.byte_class),
            *(rows.guard_transitions, rows.guard_verdicts, rows.guard_at_end),
            *(np.array([rows.first_row[number] for number in order], np.int32), places, is_ignored.view(np.uint8)),
            *(_keywords(grammar, rows.first_row, places, len(order)), follow.view(np.uint8), known.view(np.uint8)),
            np.array([*{int(rows.byte_class[byte]) for byte in _BLANKS}], np.int32),
        )
    )


def _keywords(
    grammar: Grammar, first_row: Mapping[int, int], places: NDArray[np.int32], count: int
) -> NDArray[np.uint8]:
    """uint8[n, m]: is the terminal ``n`` a keyword of ``m``, by their places."""
    found = np.zeros((count, count), np.uint8)
    for number in first_row:
        terminal = grammar.terminals[number]
        if terminal.keywords or terminal.folded_keywords:
            keywords = [*filter(first_row.__contains__, (*terminal.keywords.values(), *terminal.folded_keywords))]
            found[places[keywords], places[number]] = 1
    return found


def _behind(lr: LrTables, of_state: Table, operation: np.ufunc = np.bitwise_or) -> Table:
    """bool[symbols, n]: rows of all states behind a terminal, joined."""
    before = np.full(len(of_state), at.NO_LABEL)
    before[lr.shifts[:, 1]] = lr.shifts[:, 0]  # all edges to a state have its symbol
    states = np.argsort(before, kind="stable")
    states = states[np.searchsorted(before[states], 0) :]
    shifted, places = np.unique(before[states], return_index=True)
    found = np.zeros((lr.end + 1, of_state.shape[1]), np.bool_)
    joined = operation.reduceat(np.packbits(of_state[states], axis=1), places, axis=0)
    found[shifted] = np.unpackbits(joined, axis=1, count=of_state.shape[1])
    return found
