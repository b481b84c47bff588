"""The automata of all terminals of a grammar in one table, over classes of bytes that none of them tells apart.

Its *rows* are their states. Keywords have automata of their own behind them (*followers*), one for each set of keywords
that some context knows, made when it is asked for.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..dfa_operations import states_exceeded
from ..kernels import scanner_product as at
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa, GuardDfa
from .compact_dfa import CompactDfa
from .model import Grammar
from .sparse_dfa import START, SparseDfa, edges_of

_T = TypeVar("_T", bound=np.generic)
_ROW_WIDTH = 6
_FEW = 1 << 8
_MANY = 1 << 14


@dataclass(frozen=True)
class _Dense:
    """A table as rows want it. ``columns`` int32[states, classes]; ``class_of`` uint8[256]; ``endings`` int32[n, 2], of
    all states in order: the preferred state and the guard; ``counts``: how many of each state."""

    columns: NDArray[np.int32]
    class_of: NDArray[np.uint8]
    endings: NDArray[np.int32]
    counts: NDArray[np.int32]


_dense_of: weakref.WeakKeyDictionary[ByteDfa, _Dense] = weakref.WeakKeyDictionary()


def _dense(dfa: ByteDfa) -> _Dense:
    """Kept as long as the automaton: that of a pattern serves many grammars."""
    found = _dense_of.get(dfa)
    if found is None and isinstance(dfa, CompactDfa):
        accepting = np.flatnonzero(dfa.decided)
        simple = np.stack([accepting, np.full_like(accepting, -1)], axis=1).astype(np.int32)
        found = _dense_of[dfa] = _Dense(dfa.columns, dfa.class_of, simple, dfa.decided.astype(np.int32))
    if found is None:
        numbers: dict[bytes, int] = {}
        columns = np.ascontiguousarray(dfa.transitions.T)
        classes = [numbers.setdefault(column.tobytes(), len(numbers)) for column in columns]
        class_of = np.array(classes, np.uint8)
        endings = [(ending.preferred, ending.guard) for row in dfa.endings for ending in row]
        found = _dense_of[dfa] = _Dense(
            np.ascontiguousarray(columns[np.unique(class_of, return_index=True)[1]].T),
            class_of,
            np.array(endings, np.int32).reshape(-1, 2),
            np.array([len(row) for row in dfa.endings], np.int32),
        )
    return found


class ScannerRows:
    """Row 0 is ``DEAD``.

    ``rows`` int32[rows, 6] and ``next_row`` int32[rows, columns], with spare rows behind the ``count``; ``endings``
    int32[n, 3] (``kernels.scanner_product`` names the columns); ``byte_class`` uint8[256]: the column of each byte;
    ``first_row``: of each terminal that has an automaton. ``guard_transitions`` int32[n, 256], ``guard_verdicts``,
    ``guard_at_end``: the guards of all terminals.
    """

    def __init__(self, grammar: Grammar, budget: Budget) -> None:
        self._grammar = grammar
        self._budget = budget
        automata: list[tuple[int, ByteDfa]] = [
            (number, terminal.content)
            for number, terminal in enumerate(grammar.terminals)
            if isinstance(terminal.content, ByteDfa) and terminal.content.start != DEAD
        ]
        sparse = [(number, dfa) for number, dfa in automata if isinstance(dfa, SparseDfa)]
        dense = [(number, dfa, _dense(dfa)) for number, dfa in automata if not isinstance(dfa, SparseDfa)]
        self._texts: dict[tuple[bytes, int], int] = {}
        self._followers: dict[tuple[frozenset[tuple[bytes, int]], tuple[int, ...]], int] = {}
        self._explored: _Explored | None = None
        self.first_row: dict[int, int] = {}
        edges = self._place(sparse, dense)
        self._join_classes(edges, [form for _, _, form in dense])
        size = self.count + self.count // 4 + _FEW
        budget.check_memory(4 * size * self.columns, "the grammar's terminals")
        self.next_row = np.zeros((size, self.columns), np.int32)
        self.rows = np.zeros((size, _ROW_WIDTH), np.int32)
        self.rows[0, at.ROW_LABEL] = at.NO_LABEL
        self.next_row[edges[:, 0], self.byte_class[edges[:, 1]]] = edges[:, 2]
        self.endings = np.zeros((0, 3), np.int32)
        self._write_sparse(sparse)
        self._write_dense(dense)

    # --- all terminals

    def _place(
        self, sparse: list[tuple[int, SparseDfa]], dense: list[tuple[int, ByteDfa, _Dense]]
    ) -> NDArray[np.int32]:
        """Give every automaton its rows; the edges between rows of the sparse ones, and of texts of keywords."""
        count = 1
        parts, bases = [np.zeros((0, 3), np.int32)], [0]
        texts: list[bytes] = []
        firsts: list[int] = []
        for number, dfa in sparse:
            self.first_row[number] = count
            if dfa.content:
                texts.append(dfa.content)
                firsts.append(count)
            else:
                parts.append(dfa.edges)
                bases.append(count - START)
            count += dfa.states - 1
        for terminal in self._grammar.terminals:
            for text, keyword in terminal.keywords.items():
                if (text, keyword) not in self._texts and text:
                    self._texts[text, keyword] = count
                    texts.append(text)
                    firsts.append(count)
                    count += len(text) + 1
        self._most_states = min(count, _MANY)  # of a follower, as a rule
        for number, plain, form in dense:
            self.first_row[number] = count + plain.start - 1
            count += len(form.columns) - 1
        self.count = count
        parts.append(edges_of(texts, firsts))
        bases.append(0)
        edges = np.concatenate(parts)
        shift = np.repeat(np.array(bases, np.int32), [len(part) for part in parts])
        edges[:, 0] += shift
        edges[:, 2] += shift
        return edges

    def _join_classes(self, edges: NDArray[np.int32], dense: list[_Dense]) -> None:
        """Bytes are of one class if all edges and tables treat them alike."""
        order = np.argsort(edges[:, 1], kind="stable")
        ends = np.cumsum(np.bincount(edges[:, 1], minlength=256)).tolist()
        by_byte = np.ascontiguousarray(edges[order][:, ::2])
        tables = np.array([form.class_of for form in dense], np.uint8).reshape(-1, 256).T
        keys: dict[tuple[bytes, bytes], int] = {}
        start = 0
        classes = []
        for end, of_tables in zip(ends, np.ascontiguousarray(tables), strict=True):
            key = by_byte[start:end].tobytes() if end > start else b"", of_tables.tobytes()
            classes.append(keys.setdefault(key, len(keys)))
            start = end
        self.byte_class = np.array(classes, np.uint8)
        self.columns = len(keys)
        self._class_byte = np.unique(self.byte_class, return_index=True)[1]

    def _write_sparse(self, sparse: list[tuple[int, SparseDfa]]) -> None:
        rows = self.rows
        sizes = [dfa.states - 1 for _, dfa in sparse]
        if sparse:
            rows[1 : 1 + sum(sizes), at.ROW_LABEL] = np.repeat([number for number, _ in sparse], sizes)
            accepting = np.array([self.first_row[number] + dfa.accepting - START for number, dfa in sparse], np.int32)
            rows[accepting, at.ROW_DECIDED] = 1
            rows[accepting, at.ROW_ENDINGS_AT] = np.arange(len(accepting))
            rows[accepting, at.ROW_ENDINGS] = 1
            labels = np.array([number for number, _ in sparse], np.int32)
            self.endings = np.stack([accepting, np.full_like(labels, -1), labels], axis=1)
        for (text, keyword), first in self._texts.items():
            rows[first + len(text), at.ROW_LABEL : at.ROW_DECIDED + 1] = keyword, 0, 1

    def _write_dense(self, dense: list[tuple[int, ByteDfa, _Dense]]) -> None:
        guards: list[GuardDfa] = []
        guard_rows, parts = 0, [self.endings]
        endings_at = len(self.endings)
        for number, dfa, form in dense:
            states = len(form.columns)
            base = self.first_row[number] - dfa.start
            own = slice(base + 1, base + states)
            moved = form.columns[1:, form.class_of[self._class_byte]]
            self.next_row[own] = np.where(moved == DEAD, 0, moved + base)
            rows = self.rows[own]
            rows[:, at.ROW_LABEL] = number
            rows[:, at.ROW_DECIDED] = dfa.decided[1:]
            if dfa.decided_at_end is not None:
                rows[:, at.ROW_DECIDED_AT_END] = dfa.decided_at_end[1:]
            rows[:, at.ROW_ENDINGS] = form.counts[1:]
            rows[:, at.ROW_ENDINGS_AT] = endings_at + np.cumsum(form.counts[:-1])
            preferred, guard = form.endings.T
            moved_endings = np.empty((len(form.endings), 3), np.int32)
            moved_endings[:, at.ENDING_PREFERRED] = np.where(preferred == DEAD, 0, preferred + base)
            moved_endings[:, at.ENDING_GUARD] = np.where(guard < 0, -1, guard + guard_rows)
            moved_endings[:, at.ENDING_LABEL] = number
            parts.append(moved_endings)
            endings_at += len(moved_endings)
            if dfa.guard is not None:
                guards.append(dfa.guard)
                guard_rows += len(dfa.guard.verdicts)
        self.endings = np.concatenate(parts)
        self._join_guards(guards)

    def _join_guards(self, guards: list[GuardDfa]) -> None:
        sizes = np.cumsum([0, *(len(guard.verdicts) for guard in guards)]).tolist()
        moved = [guard.transitions + base for guard, base in zip(guards, sizes, strict=False)]
        self.guard_transitions = np.concatenate([np.zeros((0, 256), np.int32), *moved], dtype=np.int32)
        self.guard_verdicts = np.concatenate([np.zeros(0, np.uint8), *(guard.verdicts for guard in guards)]).astype(
            np.uint8
        )
        self.guard_at_end = np.concatenate([np.zeros(0, np.bool_), *(guard.at_end for guard in guards)]).astype(
            np.uint8
        )

    # --- keywords

    def follower(self, terminal: int, context: frozenset[int]) -> int | None:
        """The first row of the follower that says which keyword of ``context`` the text of ``terminal`` is, if any."""
        form = self._grammar.terminals[terminal]
        exact = [pair for pair in form.keywords.items() if pair[1] in context]
        folded = tuple(keyword for keyword in form.folded_keywords if keyword in context)
        if not exact and not folded:
            return None
        key = frozenset(exact), folded
        if key not in self._followers:
            texts = [self._texts[pair] for pair in exact if pair[0]]
            self._followers[key] = self._new_follower(
                [*texts, *(self.first_row[keyword] for keyword in folded if keyword in self.first_row)]
            )
        return self._followers[key]

    def _new_follower(self, started: list[int]) -> int:
        """Explore the automata that are in the rows ``started`` side by side; the first of those preferred.

        All followers share their rows, so that contexts with other keywords share states of the scanner where the
        keywords that are still possible are the same.
        """
        buffer = np.array([*started, 0], np.int32)
        if self._explored is None:
            self._explored = _Explored(self._most_states, len(buffer), self.count)
        known = self._explored
        while not (start := known.find(buffer, len(started))):
            known.grow()
        while (
            at.explore_follower(
                known.counters, known.items_at, known.items, known.table, self.rows, self.next_row, buffer, known.first
            )
            == at.NO_ROOM
        ):
            self._budget.check()
            self._check_states(known.states)
            if known.first + known.counters[at.EXPLORED] > len(self.rows):
                self.rows, self.next_row = doubled(self.rows), doubled(self.next_row)
                self._budget.check_memory(self.next_row.nbytes, "the grammar's keywords")
            else:
                known.grow()
        self._check_states(known.states)
        self.count = known.first + known.states - 1
        return known.first + start - 1

    def _check_states(self, states: int) -> None:
        if states > self._budget.limits.states:
            raise states_exceeded("the keywords", self._budget)


class _Explored:
    """The states of followers so far, of which the first has the row ``first``."""

    def __init__(self, size: int, most_items: int, first: int) -> None:
        self.first = first
        states = _FEW
        while states < size:
            states *= 2
        self.counters = np.array([1, 0, 0, 1], np.int64)
        self.items_at = np.zeros(states + 2, np.int32)
        self.items = np.zeros(2 * states + 2 * most_items, np.int32)
        self.table = np.zeros(2 * states, np.int32)

    @property
    def states(self) -> int:
        return int(self.counters[at.STATES])

    def find(self, rows: NDArray[np.int32], count: int) -> int:
        return int(at.find_state(self.counters, self.items_at, self.items, self.table, rows, count))

    def grow(self) -> None:
        self.items_at, self.items = doubled(self.items_at), doubled(self.items)
        self.table = np.zeros(2 * len(self.table), np.int32)
        at.rehash(self.counters, self.items_at, self.items, self.table)


def doubled(array: NDArray[_T]) -> NDArray[_T]:
    """``array`` and as many zeros behind it."""
    larger = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
