"""The LALR(1) automaton of a grammar as arrays, worked out by kernels. ``lr.py`` says plainly what it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import LimitExceeded
from ..kernels import layout as at
from ..kernels import lr_states as lr
from ..kernels.scanner_product import find_state, rehash
from ..limits import Budget
from .model import Grammar
from .scanner_rows import doubled

_FIRST_STATES = 1 << 8

_STATES_FOR_ONE = 4
"""A parser may have so many states for each that a pattern may have: they are small, and each value of a rule's
parameter takes two or more."""


@dataclass(frozen=True)
class LrTables:
    """State 0 is the start; ``end`` is the number of the end of the text, after all terminals.

    ``actions`` int32[states, end + 1]: the state after a terminal, plus one; a rule to reduce, as ``-(rule + 1)``;
    ``at.MANY`` and a place in ``choices`` where there are several of these, the shift first; 0 for none. ``sure``
    uint8[states, end + 1]: can it be shifted. ``gotos`` int32[n]: the state after nonterminal ``n`` in state ``s``, if
    there is one, is ``gotos[goto_at[s] + n]``; between these stands ``at.NONE``. ``shifts`` int32[n, 2]: each terminal
    (the end, too) that some state shifts, with the state after it. ``items`` int32[n, 2]: what the states were made of,
    as (rule, how many symbols are before the dot), those of a state from ``items_at`` int32 on; a rule behind those of
    the grammar says that the text is the start symbol and the end.
    """

    end: int
    actions: NDArray[np.int32]
    choices: NDArray[np.int32]
    sure: NDArray[np.uint8]
    goto_at: NDArray[np.int32]
    gotos: NDArray[np.int32]
    shifts: NDArray[np.int32]
    items_at: NDArray[np.int32]
    items: NDArray[np.int32]

    def actions_of(self, state: int, terminal: int) -> list[int]:
        """All actions, the shift first."""
        action = int(self.actions[state, terminal])
        if action < at.MANY:
            return [action] if action else []
        place = action - at.MANY
        count = int(self.choices[place])
        return [int(each) for each in self.choices[place + 1 : place + 1 + count]]

    def goto(self, state: int, nonterminal: int) -> int:
        """The state after ``nonterminal``, which may come in ``state``."""
        return int(self.gotos[self.goto_at[state] + nonterminal])

    def items_of(self, state: int) -> list[list[int]]:
        """Pairs of a rule and the place of the dot."""
        return [[int(part) for part in row] for row in self.items[self.items_at[state] : self.items_at[state + 1]]]


def lr_tables(grammar: Grammar, budget: Budget) -> LrTables:
    """The automaton of ``grammar``, which has no empty rules and none that is useless. Raises ``LimitExceeded``."""
    items = _Items(grammar)
    states = _States(items, budget)
    states.explore()
    return _tables(items, states, budget)


class _Items:
    """All rules, one after the other, and one for the whole text behind them."""

    def __init__(self, grammar: Grammar) -> None:
        self.end = len(grammar.terminals)
        self.nonterminals_at = self.end + 1
        self.nonterminals = len(grammar.nonterminals) + 1
        symbols, ends, origins = grammar.flat_rules
        symbols = np.append(symbols, np.array([~grammar.start, self.end], np.int32))
        ends = np.append(ends, np.int32(len(symbols)))
        origins = np.append(origins, np.int32(len(grammar.nonterminals)))
        lengths = np.diff(ends, prepend=np.int32(0)) + 1
        first = (np.cumsum(lengths) - lengths).astype(np.int32)
        self.after = np.full(int(lengths.sum()), lr.RULE_END, np.int32)
        inside = np.ones(len(self.after), np.bool_)
        inside[first + lengths - 1] = False
        self.after[inside] = np.where(symbols >= 0, symbols, self.end - symbols)
        self.rule_of = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        self.rule_items = first[np.argsort(origins, kind="stable")]
        self.rule_counts = np.bincount(origins, minlength=self.nonterminals)
        self.rules_at = np.append(0, np.cumsum(self.rule_counts)).astype(np.int32)
        self.start = int(first[-1])
        self.first = first


class _States:
    """The states, from 1 on; those of ``find_state``."""

    def __init__(self, items: _Items, budget: Budget) -> None:
        self._of = items
        self._budget = budget
        self.counters = np.array([1, 0, 0, 1, 0, 0], np.int64)
        self.items_at = np.zeros(2 * _FIRST_STATES, np.int32)
        self.items = np.zeros(max(8 * _FIRST_STATES, 2 * len(items.after)), np.int32)
        self._table = np.zeros(4 * _FIRST_STATES, np.int32)
        self.edges_at = np.zeros(2 * _FIRST_STATES, np.int32)
        self.edges = np.zeros((8 * _FIRST_STATES + items.nonterminals_at + items.nonterminals, 2), np.int32)

    def explore(self) -> None:
        of = self._of
        buffer = np.zeros(len(of.after), np.int32)
        buffer[0] = of.start
        find_state(self.counters, self.items_at, self.items, self._table, buffer, 1)
        opened = np.zeros(2 * of.nonterminals, np.int32)
        moves = np.zeros(4 * len(of.after), np.int32)
        sizes = np.zeros(2 * (of.nonterminals_at + of.nonterminals), np.int32)
        while True:
            outcome = lr.explore_states(
                self.counters,
                of.after,
                of.rules_at,
                of.rule_items,
                of.nonterminals_at,
                self.items_at,
                self.items,
                self._table,
                self.edges_at,
                self.edges,
                opened,
                moves,
                sizes,
                buffer,
            )
            self._check()
            if outcome == lr.FINISHED:
                break
            if outcome == lr.NO_ROOM:
                self._grow()
        states, edges = int(self.counters[0]), int(self.counters[lr.EDGES])
        self.edges_at, self.edges = self.edges_at[: states + 1], self.edges[:edges]
        self.items_at = self.items_at[: states + 1]

    def _check(self) -> None:
        self._budget.check()
        most = _STATES_FOR_ONE * self._budget.limits.states
        if self.counters[0] - 1 > most:
            raise LimitExceeded(f"the grammar needs more than {most:,} parser states", remedy="raise Limits.states")

    def _grow(self) -> None:
        self._budget.check_memory(4 * (len(self.items) + 2 * len(self.edges)), "the grammar's parser")
        self.items_at, self.items = doubled(self.items_at), doubled(self.items)
        self.edges_at = doubled(self.edges_at)
        self.edges = doubled(self.edges)
        self._table = np.zeros(2 * len(self._table), np.int32)
        rehash(self.counters, self.items_at, self.items, self._table)


def _tables(items: _Items, states: _States, budget: Budget) -> LrTables:
    count, edges = len(states.edges_at) - 2, states.edges
    words = items.end // 64 + 1
    goto_at = np.zeros(count, np.int32)
    room = lr.lay_gotos(states.edges_at, edges, items.nonterminals_at, goto_at)
    budget.check_memory(count * 6 * items.end + 8 * room + 8 * words * len(edges), "the grammar's parser")
    actions = np.zeros((count, items.end + 1), np.int32)
    goto_edges = np.zeros(room, np.int32)
    follow = np.zeros((len(edges), words), np.uint64)
    lr.write_edges(states.edges_at, edges, items.nonterminals_at, actions, goto_at, goto_edges, follow)
    is_goto = edges[:, lr.EDGE_SYMBOL] >= items.nonterminals_at
    shifts = edges[~is_goto] - np.array([0, 1], np.int32)
    sure = (actions != 0).view(np.uint8)
    rows = int(items.rule_counts[edges[is_goto, lr.EDGE_SYMBOL] - items.nonterminals_at].sum())
    includes_at, includes = np.zeros(len(edges) + 1, np.int32), np.zeros(rows, np.int32)
    looks_back = np.zeros((rows, 3), np.int32)
    lr.relate_edges(
        items.after,
        items.rules_at,
        items.rule_items,
        items.nonterminals_at,
        states.edges_at,
        edges,
        actions,
        goto_at,
        goto_edges,
        includes_at,
        includes,
        looks_back,
    )
    budget.check()
    lr.spread(includes_at, includes, follow, np.zeros(len(edges), np.int32), np.zeros(len(edges), np.uint8))
    lookaheads = np.zeros((int(states.items_at[-1]), words), np.uint64)
    lr.look_ahead(looks_back, follow, states.items_at, states.items, lookaheads)
    budget.check()
    counts = np.zeros(64 * words, np.int32)
    places = (items.after, items.rule_of, states.items_at, states.items, lookaheads, actions, counts)
    choices = np.zeros(lr.write_reductions(*places, np.zeros(0, np.int32), at.MANY, False), np.int32)
    lr.write_reductions(*places, choices, at.MANY, True)
    gotos = np.where(goto_edges > 0, edges[goto_edges - 1, lr.EDGE_TARGET] - 1, at.NONE).astype(np.int32)
    rules = items.rule_of[states.items[: states.items_at[-1]]]
    dotted = np.stack([rules, states.items[: len(rules)] - items.first[rules]], axis=1)
    return LrTables(items.end, actions, choices, sure, goto_at, gotos, shifts, states.items_at[1:], dotted)
