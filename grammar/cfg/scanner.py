"""One scanner for all contexts of a grammar: the terminals' automata side by side, explored when a context needs it.

A *context* is a set of terminals that may come. Its scanner runs the automata of all of them, the most preferred ones
first, and drops what is less preferred than a match. Contexts share the states in which the same automata are alive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import scanner_facts as facts
from ..kernels import scanner_product as at
from ..kernels.characters import note_characters
from ..limits import Budget
from .byte_dfa import DEAD
from .model import Grammar, Lexing
from .scanner_rows import ScannerRows, doubled

BYTE_CLASSES = tuple(
    np.array(list(members), np.uint8)
    for members in (
        b"abcdefghijklmnopqrstuvwxyz",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        b"0123456789",
        b"_",
        b" ",
        b"\n",
        b"\t\r",
        bytes({*range(0x20), 0x7F} - {*b"\n\t\r"}),
        *(bytes([byte]) for byte in b"\"'\\/*<>{}[]()#-`."),
        b",:;",
        b"!$%&+=?@^|~",
    )
)
"""ASCII bytes that the states of a scanner mostly treat alike; alone stand those before which terminals often end."""

_FIRST_STATES = 1 << 9


def _byte_roles() -> NDArray[np.int64]:
    roles = np.zeros(256, np.int64)
    for number, (_, low, high) in enumerate(facts.LEADS):
        roles[low : high + 1] |= 1 << (facts.ROLE_OF_LEAD + number)
    roles[0x80:0xC0] |= 1 << facts.ROLE_CONTINUATION
    for number, members in enumerate(BYTE_CLASSES):
        roles[members] |= 1 << (facts.ROLE_OF_CLASS + number)
    return roles


BYTE_ROLES = _byte_roles()


class Scanner:
    """The states explored so far. State 0 is ``DEAD``.

    ``byte_class`` uint8[256]: the column of each byte. ``transitions`` int32[states, columns]; ``decided``,
    ``decided_at_end`` uint8[states]; ``endings`` int32[n, 3] (a state of the scanner that must not come to a decided
    one, the state of a guard or -1, the terminal), of which state ``s`` has those from ``where[s, 0]`` on, ``where[s,
    1]`` of them; ``listed`` int32[states]: where ``lists`` holds the terminals that may still come about, behind their
    number; ``inevitable`` uint8[states]: a bit for each of ``LEADS``, does every such character, begun before the
    state, match; ``loops`` int32[states]: a bit for each of ``BYTE_CLASSES``, does every byte of it lead to the state
    itself, and ``CHARACTERS``. All may have spare rows behind the ``states``.
    """

    def __init__(self, grammar: Grammar, budget: Budget) -> None:
        self._grammar = grammar
        self._budget = budget
        self._cuts = grammar.lexing is Lexing.LONGEST
        self.rows = ScannerRows(grammar, budget)
        self.byte_class, self.columns = self.rows.byte_class, self.rows.columns
        self._roles = np.zeros(self.columns, np.int64)
        np.bitwise_or.at(self._roles, self.byte_class, BYTE_ROLES)
        self._starts: dict[frozenset[int], int] = {}
        self._retired: list[NDArray[np.generic]] = []  # kernels of other threads may still be reading these
        self._counters = np.array([1, 0, 0, 1, 1], np.int64)
        self.states = 1
        self._items_at = np.zeros(2 * _FIRST_STATES, np.int32)
        self._items = np.zeros(8 * _FIRST_STATES, np.int32)
        self._table = np.zeros(4 * _FIRST_STATES, np.int32)
        self.transitions = np.zeros((_FIRST_STATES, self.columns), np.int32)
        self.decided = np.zeros(_FIRST_STATES, np.uint8)
        self.decided_at_end = np.zeros(_FIRST_STATES, np.uint8)
        self.where = np.zeros((_FIRST_STATES, 2), np.int32)
        self.endings = np.zeros((_FIRST_STATES, 3), np.int32)
        self.inevitable, self.loops = np.zeros(_FIRST_STATES, np.uint8), np.zeros(_FIRST_STATES, np.int32)
        self._complete = np.zeros(_FIRST_STATES, np.uint8)
        self._reach = np.zeros((_FIRST_STATES, len(grammar.terminals) // 64 + 1), np.uint64)
        self._reach_table = np.zeros(2 * _FIRST_STATES, np.int32)
        self.listed = np.full(_FIRST_STATES, facts.UNLISTED, np.int32)
        self.listed[DEAD] = 0
        self.lists = np.zeros(4 * _FIRST_STATES + 128 * self._reach.shape[1], np.int32)

    @property
    def replaced(self) -> int:
        """How many arrays that kernels read have been replaced so far."""
        return len(self._retired)

    # --- contexts

    def start(self, context: frozenset[int]) -> int:
        """The state before the first byte of a terminal of ``context``; explores what it leads to.

        ``DEAD`` if empty.
        """
        if context not in self._starts:
            self._starts[context] = self._explore_from(self._first_rows(context))
        return self._starts[context]

    def _first_rows(self, context: frozenset[int]) -> list[int]:
        terminals, first_row = self._grammar.terminals, self.rows.first_row
        rows: list[int] = []
        for _, number in sorted((terminals[number].rank, number) for number in context if number in first_row):
            terminal = terminals[number]
            if terminal.keyword_only and not context.isdisjoint(terminal.keyword_only):
                continue
            rows.append(first_row[number])
            if terminal.keywords or terminal.folded_keywords:
                follower = self.rows.follower(number, context)
                if follower is not None:
                    rows.append(follower)
        return rows

    def _explore_from(self, first_rows: list[int]) -> int:
        if not first_rows:
            return DEAD
        buffer = np.zeros(2 * len(self._grammar.terminals) + 2, np.int32)
        buffer[: len(first_rows)] = first_rows
        start = 0
        while not start:
            start = int(
                at.find_state(self._counters, self._items_at, self._items, self._table, buffer, len(first_rows))
            )
            if not start:
                self._grow()
        scratch = np.zeros_like(buffer)
        while (
            at.explore(
                self._counters,
                self.rows.rows,
                self.rows.endings,
                self._items_at,
                self._items,
                self._table,
                self.endings,
                self.decided,
                self.decided_at_end,
                self.where,
                self.rows.next_row,
                self.transitions,
                scratch,
                self._cuts,
            )
            == at.NO_ROOM
        ):
            self._grow()
        first, self.states = self.states, int(self._counters[at.STATES])
        if self.states > first:
            self._note_facts(first)
        return start

    def _note_facts(self, first: int) -> None:
        """What is to be known of the states from ``first`` on."""
        new = first, self.states
        facts.reachable_labels(self.transitions, self.where, self.endings, self._reach, *new)
        facts.note_facts(self.transitions, self.decided, self._roles, self._complete, self.inevitable, self.loops, *new)
        while (
            facts.list_reaches(self._counters, self._reach, self._reach_table, self.listed, self.lists, *new)
            == at.NO_ROOM
        ):
            self._retired.append(self.lists)
            self.lists = doubled(self.lists)
        note_characters(self.transitions, self.byte_class, self.listed, self.loops, *new)

    def _grow(self) -> None:
        """Twice the room for everything; the arrays that kernels read are left as they are, and replaced."""
        self._budget.check()
        self._retired += [self.transitions, self.decided, self.decided_at_end, self.where, self.endings]
        self._retired += [self.inevitable, self.loops, self.listed]
        self.transitions = doubled(self.transitions)
        self._budget.check_memory(self.transitions.nbytes, "the grammar's scanner")
        self.decided, self.where, self.endings = doubled(self.decided), doubled(self.where), doubled(self.endings)
        self._reach, self.decided_at_end = doubled(self._reach), doubled(self.decided_at_end)
        self.inevitable, self.loops = doubled(self.inevitable), doubled(self.loops)
        self._complete = doubled(self._complete)
        self.listed = np.concatenate([self.listed, np.full_like(self.listed, facts.UNLISTED)])
        self._reach_table = np.zeros(2 * len(self._reach_table), np.int32)
        facts.list_reaches(self._counters, self._reach, self._reach_table, self.listed, self.lists, 1, self.states)
        self._items_at, self._items = doubled(self._items_at), doubled(self._items)
        self._table = np.zeros(2 * len(self._table), np.int32)
        at.rehash(self._counters, self._items_at, self._items, self._table)
