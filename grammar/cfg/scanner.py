"""One scanner for all contexts of a grammar: the terminals' automata side by side, explored when a context needs it.

A *context* is a set of terminals that may come. Its scanner runs the automata of all of them, the most preferred ones
first, and drops what is less preferred than a match. Contexts share the states in which the same automata are alive.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..kernels import scanner_product as at
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa
from .keyword_automaton import START, keyword_automaton
from .model import Grammar, Lexing

BYTES = 256
_T = TypeVar("_T", bound=np.generic)
_CONTINUATION = np.arange(0x80, 0xC0)
BYTE_CLASSES = tuple(
    np.array(list(members), np.uint8)
    for members in (
        b"abcdefghijklmnopqrstuvwxyz",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        b"0123456789",
        b"_",
        b" ",
        b"!#$%&'()*+,-./:;<=>?@[]^`{|}~",
        bytes({*range(256)} - {*range(0x20, 0x7F)}) + b'"\\',
    )
)
"""Bytes that the states of a scanner mostly treat alike."""

LEADS = (
    (1, 0x80, 0xBF),  # C2 .. DF
    (2, 0x80, 0xBF),  # E1 .. EC, EE, EF
    (3, 0x80, 0xBF),  # F1 .. F3
    (2, 0xA0, 0xBF),  # E0
    (2, 0x80, 0x9F),  # ED
    (3, 0x90, 0xBF),  # F0
    (3, 0x80, 0x8F),  # F4
)
"""Kinds of first bytes of characters: how many bytes follow, and the range of the first of these."""

_FIRST_STATES = 1 << 8


class Scanner:
    """The states explored so far. State 0 is ``DEAD``.

    ``byte_class`` uint8[256]: the column of each byte. ``transitions`` int32[states, columns]; ``decided``,
    ``decided_at_end`` uint8[states]; ``endings`` int32[n, 3] (a state of the scanner that must not come to a decided
    one, the state of a guard or -1, the terminal), of which state ``s`` has those from ``where[s, 0]`` on, ``where[s,
    1]`` of them; ``reach`` uint64[states, words]: the terminals that may still come about, as bits; ``inevitable``
    uint8[states]: a bit for each of ``LEADS``, does every such character, begun before the state, match; ``loops``
    uint8[states]: a bit for each of ``BYTE_CLASSES``, does every byte of it lead to the state itself. All may have
    spare rows behind the ``states``. ``guard_transitions`` int32[n, 256], ``guard_verdicts``, ``guard_at_end``: the
    guards of all terminals.
    """

    def __init__(self, grammar: Grammar, budget: Budget) -> None:
        self._grammar = grammar
        self._budget = budget
        self._cuts = grammar.lexing is Lexing.LONGEST
        self._rows: list[list[int]] = [[at.NO_LABEL, 0, 0, 0, 0, 0]]
        self._row_transitions: list[NDArray[np.int32]] = [np.zeros((1, BYTES), np.int32)]
        self._row_endings: list[list[int]] = []
        self._first_row: dict[int, int] = {}
        self._followers: dict[tuple[int, frozenset[int], tuple[int, ...]], int] = {}
        self._starts: dict[frozenset[int], int] = {}
        self._retired: list[NDArray[np.generic]] = []  # kernels of other threads may still be reading these
        self._join_terminals()
        self._counters = np.array([1, 0, 0, 1], np.int64)
        self.states = 1
        self._items_at = np.zeros(2 * _FIRST_STATES, np.int32)
        self._items = np.zeros(8 * _FIRST_STATES, np.int32)
        self._table = np.zeros(4 * _FIRST_STATES, np.int32)
        self.transitions = np.zeros((_FIRST_STATES, self.columns), np.int32)
        self.decided = np.zeros(_FIRST_STATES, np.uint8)
        self.decided_at_end = np.zeros(_FIRST_STATES, np.uint8)
        self.where = np.zeros((_FIRST_STATES, 2), np.int32)
        self.endings = np.zeros((_FIRST_STATES, 3), np.int32)
        self.inevitable, self.loops = np.zeros(_FIRST_STATES, np.uint8), np.zeros(_FIRST_STATES, np.uint8)
        self._complete = np.zeros((4, _FIRST_STATES), np.bool_)
        self.reach = np.zeros((_FIRST_STATES, len(grammar.terminals) // 64 + 1), np.uint64)

    # --- the terminals

    def _join_terminals(self) -> None:
        guards, verdicts, at_end = [np.zeros((0, BYTES), np.int32)], [np.zeros(0, np.uint8)], [np.zeros(0, np.bool_)]
        guard_rows = 0
        keywords: set[bytes] = set()
        for number, terminal in enumerate(self._grammar.terminals):
            dfa = terminal.content
            if not isinstance(dfa, ByteDfa) or dfa.start == DEAD:
                continue
            self._add_terminal(number, dfa, guard_rows)
            keywords.update(terminal.keywords)
            if dfa.guard is not None:
                guards.append(dfa.guard.transitions + guard_rows)
                verdicts.append(dfa.guard.verdicts)
                at_end.append(dfa.guard.at_end)
                guard_rows += len(dfa.guard.verdicts)
        self.guard_transitions = np.ascontiguousarray(np.concatenate(guards), np.int32)
        self.guard_verdicts = np.concatenate(verdicts).astype(np.uint8)
        self.guard_at_end = np.concatenate(at_end).astype(np.uint8)
        joined = np.concatenate(self._row_transitions)
        letters = np.zeros((1, BYTES), np.int32)
        used = sorted({byte for keyword in keywords for byte in keyword})
        letters[0, used] = np.arange(1, len(used) + 1)
        numbers: dict[bytes, int] = {}
        columns = np.ascontiguousarray(np.concatenate([joined, letters]).T)
        classes = np.array([numbers.setdefault(column.tobytes(), len(numbers)) for column in columns])
        first = np.unique(classes, return_index=True)[1]
        self.byte_class = classes.astype(np.uint8)
        self._class_byte = first
        self.columns = len(first)
        self._next_row = np.ascontiguousarray(joined[:, first])

    def _add_terminal(self, number: int, dfa: ByteDfa, guard_rows: int) -> None:
        """Rows for all states but ``DEAD``, which is row 0 for every terminal."""
        base = len(self._rows) - 1
        self._first_row[number] = base + dfa.start
        self._row_transitions.append(
            np.where(dfa.transitions[1:] == DEAD, 0, dfa.transitions[1:] + base).astype(np.int32)
        )
        at_end = np.zeros_like(dfa.decided) if dfa.decided_at_end is None else dfa.decided_at_end
        for row, endings in enumerate(dfa.endings[1:], 1):
            decided = [int(dfa.decided[row]), int(at_end[row])]
            self._rows.append([number, 0, *decided, len(self._row_endings), len(endings)])
            for ending in endings:
                preferred = 0 if ending.preferred == DEAD else ending.preferred + base
                guard = -1 if ending.guard < 0 else ending.guard + guard_rows
                self._row_endings.append([preferred, guard, number])

    def _follower(self, terminal: int, context: frozenset[int]) -> int | None:
        """The first row of the follower that says which keyword of ``context`` the text of ``terminal`` is, if any."""
        form = self._grammar.terminals[terminal]
        exact = {text: keyword for text, keyword in form.keywords.items() if keyword in context}
        folded = [keyword for keyword in form.folded_keywords if keyword in context]
        if not exact and not folded:
            return None
        key = (terminal, frozenset(exact.values()), tuple(folded))
        if key not in self._followers:
            contents = [(keyword, self._grammar.terminals[keyword].content) for keyword in folded]
            automata = [(keyword, dfa) for keyword, dfa in contents if isinstance(dfa, ByteDfa)]
            transitions, labels = keyword_automaton(exact, automata, self._budget)
            first = len(self._rows)
            rows = transitions[START:, self._class_byte]
            self._next_row = np.concatenate([self._next_row, np.where(rows == DEAD, 0, rows + first - START)])
            self._rows += [[at.NO_LABEL if label < 0 else label, 1, 0, 0, 0, 0] for label in labels[START:].tolist()]
            self._followers[key] = first
        return self._followers[key]

    # --- facts about new states

    def _note_facts(self, first: int) -> None:
        """Set ``inevitable`` and ``loops`` of the states from ``first`` on."""
        new = slice(first, self.states)
        following = self.transitions[new]
        after = following[:, self.byte_class[_CONTINUATION]]
        self._complete[0, new] = self.decided[new]
        for rest in range(1, 4):
            self._complete[rest, new] = self._complete[rest - 1, after].all(axis=1)
        for number, (rest, low, high) in enumerate(LEADS):
            second = following[:, self.byte_class[np.arange(low, high + 1)]]
            self.inevitable[new] |= self._complete[rest - 1, second].all(axis=1).astype(np.uint8) << number
        states = np.arange(first, self.states)[:, None]
        for number, members in enumerate(BYTE_CLASSES):
            columns = np.unique(self.byte_class[members])
            self.loops[new] |= (following[:, columns] == states).all(axis=1).astype(np.uint8) << number

    # --- contexts

    def start(self, context: frozenset[int]) -> int:
        """The state before the first byte of a terminal of ``context``; explores what it leads to.

        ``DEAD`` if empty.
        """
        if context not in self._starts:
            self._starts[context] = self._explore_from(self._first_rows(context))
        return self._starts[context]

    def _first_rows(self, context: frozenset[int]) -> list[int]:
        terminals = self._grammar.terminals
        rows: list[int] = []
        for number in sorted(context & self._first_row.keys(), key=lambda number: (terminals[number].rank, number)):
            terminal = terminals[number]
            if terminal.keyword_only & context:
                continue
            rows.append(self._first_row[number])
            follower = self._follower(number, context)
            if follower is not None:
                rows.append(follower)
        return rows

    def _explore_from(self, first_rows: list[int]) -> int:
        if not first_rows:
            return DEAD
        rows = np.array(self._rows, np.int32)
        row_endings = np.array(self._row_endings, np.int32).reshape(-1, 3)
        buffer = np.zeros(2 * len(self._grammar.terminals) + 2, np.int32)
        buffer[: len(first_rows)] = first_rows
        start = 0
        while True:
            found = at.find_state(self._counters, self._items_at, self._items, self._table, buffer, len(first_rows))
            start = int(found)
            if start:
                break
            self._grow()
        scratch = np.zeros_like(buffer)
        while (
            at.explore(
                self._counters,
                rows,
                row_endings,
                self._items_at,
                self._items,
                self._table,
                self.endings,
                self.decided,
                self.decided_at_end,
                self.where,
                self._next_row,
                self.transitions,
                scratch,
                self._cuts,
            )
            == at.NO_ROOM
        ):
            self._grow()
        first, self.states = self.states, int(self._counters[at.STATES])
        if self.states > first:
            at.reachable_labels(self.transitions, self.where, self.endings, self.reach, first, self.states)
            self._note_facts(first)
        return start

    def _grow(self) -> None:
        """Twice the room for everything; the arrays that kernels read are left as they are, and replaced."""
        self._budget.check()
        self._retired += [self.transitions, self.decided, self.decided_at_end, self.where, self.endings]
        self._retired += [self.inevitable, self.loops]
        self.transitions = _doubled(self.transitions)
        self._budget.check_memory(self.transitions.nbytes, "the grammar's scanner")
        self.decided, self.where, self.endings = _doubled(self.decided), _doubled(self.where), _doubled(self.endings)
        self.reach, self.decided_at_end = _doubled(self.reach), _doubled(self.decided_at_end)
        self.inevitable, self.loops = _doubled(self.inevitable), _doubled(self.loops)
        self._complete = np.concatenate([self._complete, np.zeros_like(self._complete)], axis=1)
        self._items_at, self._items = _doubled(self._items_at), _doubled(self._items)
        self._table = np.zeros(2 * len(self._table), np.int32)
        at.rehash(self._counters, self._items_at, self._items, self._table)


def _doubled(array: NDArray[_T]) -> NDArray[_T]:
    larger = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
