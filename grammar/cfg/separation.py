"""Whether the terminals of a grammar can be kept apart, so that no way to cut a text leads to a dead end.

For each terminal there should be a text that is read as just this one, whichever others are looked for, and behind it
the first byte of such a text of each terminal that may follow should make nothing longer, or else a blank that is
ignored should stand between the two. Then whatever the parser wants next can be written, from wherever a terminal has
ended like this; and what is left is whether all ways to end, and not that text alone, can be followed like this. All of
it is told by the terminals' automata alone, for the context that has all of them: with fewer, less is preferred.

What is not looked into are ends in the middle of other terminals, where what is preferred goes on for a while.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..kernels import scanner_product as at
from ..kernels.separation import FOUND_ENDING, FOUND_FIRST, NOT_FOUND, find_texts
from .byte_dfa import DEAD, SATISFIED
from .contexts import Contexts
from .lr_tables import LrTables
from .model import Grammar

Table = NDArray[np.bool_]
_BLANKS = b" \n\t"


def is_separable(grammar: Grammar, lr: LrTables, contexts: Contexts) -> bool:
    """Of a grammar in which the longest match counts."""
    return _Separation(grammar, lr, contexts).holds()


class _Separation:
    """Terminals are numbered by preference. ``follow`` bool[terminals, terminals + 1]: may the second (last: the end of
    the text) come behind the first, anything behind what is ignored; ``first``: the columns in which the texts begin.
    """

    def __init__(self, grammar: Grammar, lr: LrTables, contexts: Contexts) -> None:
        self._grammar = grammar
        self.rows = rows = contexts.scanner.rows
        self.order = order = sorted(rows.first_row, key=lambda number: (grammar.terminals[number].rank, number))
        self.starts = np.array([rows.first_row[number] for number in order], np.int32)
        self.is_ignored = np.array([number in grammar.ignored for number in order], np.bool_)
        found, stops = np.zeros((len(order), 2), np.int32), np.zeros((len(order), rows.columns), np.uint8)
        find_texts(rows.rows, rows.endings, rows.next_row, self.starts, self._keywords(), found, stops)
        self.first, self._found, self._stops = found[:, FOUND_FIRST], found[:, FOUND_ENDING], stops != 0
        self.follow = _behind(lr, lr.actions != 0)[order][:, [*order, lr.end]]
        self.follow[self.is_ignored] = [*~self.is_ignored, True]
        self._known = _behind(lr, contexts.known[contexts.of_state], np.bitwise_and) if grammar.regions else None

    def _keywords(self) -> NDArray[np.uint8]:
        """uint8[n, m]: is the terminal ``n`` a keyword of ``m``."""
        places = {number: place for place, number in enumerate(self.order)}
        found = np.zeros((len(places), len(places)), np.uint8)
        for place, number in enumerate(self.order):
            terminal = self._grammar.terminals[number]
            for keyword in (*terminal.keywords.values(), *terminal.folded_keywords):
                if keyword in places:
                    found[places[keyword], place] = 1
        return found

    def holds(self) -> bool:
        if (self._found[~self.is_ignored] == NOT_FOUND).any() or self._may_hide_ignored():
            return False
        rows, labels = self.rows, np.zeros(int(max(self.order, default=0)) + 1, np.int64)
        labels[self.order] = np.arange(len(self.order))
        texts = self._found != NOT_FOUND
        of_texts, texts_may_end = self._unconditional(self._found[texts])
        if not self._followed(np.flatnonzero(texts), self._stops[texts] & of_texts, texts_may_end).all():
            return False
        stops, may_end = self._unconditional(np.arange(len(rows.endings)))
        is_followed = self._followed(labels[rows.endings[:, at.ENDING_LABEL]], stops, may_end)
        return bool(is_followed.all()) or self._goes_on_to_others(is_followed)

    def _may_hide_ignored(self) -> bool:
        """Is a byte that may be all of what is ignored the beginning of a terminal that is preferred to it?"""
        behind = self.rows.next_row[self.starts]
        begins, ends = behind != DEAD, self.rows.rows[behind, at.ROW_ENDINGS] != 0
        ignored = np.flatnonzero(self.is_ignored).tolist()
        return any((ends[place] & begins[:place][~self.is_ignored[:place]]).any() for place in ignored)

    def _goes_on_to_others(self, is_followed: NDArray[np.bool_]) -> bool:
        """Is each row with an ending one with an ending that can be followed, or does a byte lead to such a row?"""
        rows = self.rows
        firsts, counts = rows.rows[: rows.count, at.ROW_ENDINGS_AT], rows.rows[: rows.count, at.ROW_ENDINGS]
        followed = np.append(0, np.cumsum(is_followed))
        is_good = followed[firsts + counts] > followed[firsts]
        bad = np.flatnonzero((counts > 0) & ~is_good)
        return bool(is_good[rows.next_row[bad]].any(axis=1).all())

    def _unconditional(self, endings: NDArray[np.int64]) -> tuple[Table, NDArray[np.bool_]]:
        """For each of ``endings``, the columns of bytes behind which it counts for good; and may the text end there."""
        rows = self.rows
        preferred, guards, _ = rows.endings[endings].T
        stops = rows.next_row[preferred] == DEAD
        may_end = rows.rows[preferred, at.ROW_DECIDED_AT_END] == 0
        guarded = np.flatnonzero(guards >= 0)
        stops[guarded] &= self._satisfied[guards[guarded]]
        may_end[guarded] &= rows.guard_at_end[guards[guarded]] != 0
        return stops, may_end

    @cached_property
    def _satisfied(self) -> Table:
        """bool[guards, columns]: is a look-ahead met by any byte of a column."""
        rows = self.rows
        met = rows.guard_verdicts[rows.guard_transitions] == SATISFIED
        order = np.argsort(rows.byte_class, kind="stable")
        starts = np.searchsorted(rows.byte_class[order], np.arange(rows.columns))
        found: Table = np.logical_and.reduceat(met[:, order], starts, axis=1)
        return found

    def _followed(self, terminals: NDArray[np.int64], stops: Table, may_end: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Behind which of these ends can all come that may, be it behind a blank? ``stops``: see above."""
        allowed: Table = np.concatenate([stops[:, self.first], may_end[:, None]], axis=1)
        for place in np.flatnonzero(self.is_ignored).tolist():
            for column in self._blanks(place):
                after = self._behind_blank(place, column)
                known: NDArray[np.bool_] = np.ones(len(terminals), np.bool_)
                if self._known is not None:
                    known = np.array(self._known[np.array(self.order)[terminals], self.order[place]])
                allowed[stops[:, column] & known] |= after
        found: NDArray[np.bool_] = np.logical_and.reduce(allowed | ~self.follow[terminals], axis=1)
        return found

    def _blanks(self, place: int) -> list[int]:
        columns = {int(self.rows.byte_class[byte]) for byte in _BLANKS} | {int(self.first[place])}
        return [column for column in columns if self.rows.next_row[self.starts[place], column] != DEAD]

    def _behind_blank(self, place: int, column: int) -> NDArray[np.bool_]:
        """bool[terminals + 1]: what may follow a byte of ``column`` that is all of an ignored terminal."""
        rows = self.rows
        behind = rows.next_row[self.starts[: place + 1], column]
        decided = rows.rows[behind, at.ROW_DECIDED] != 0
        if not decided[-1] or decided[:-1].any():
            return np.zeros(len(self.order) + 1, np.bool_)
        stopped = (rows.next_row[behind] == DEAD).all(axis=0)
        return np.append(stopped[self.first], not rows.rows[behind, at.ROW_DECIDED_AT_END].any())


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
