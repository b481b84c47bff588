"""The tables of a grammar's parser and scanner, as the kernels read them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels.threads import grammar_accepts, grammar_step
from ..limits import Budget
from ..pool import address_of
from .analysis import without_empty
from .lr import Lr, lr_automaton
from .model import Embedded, Grammar, Lexing
from .scanner import Scanner


class GrammarTables:
    """Everything about ``grammar`` but the scanners of contexts, which are compiled when decoding reaches them.

    ``nodes``: for each terminal that is embedded, its value node in the automaton.
    """

    CALLED = {at.GRAMMAR_STEP: grammar_step, at.GRAMMAR_ACCEPTS: grammar_accepts}

    def __init__(self, grammar: Grammar, nodes: Mapping[int, int], budget: Budget) -> None:
        self._grammar, self._accepts_empty = without_empty(grammar)
        self._lr = lr_automaton(self._grammar, budget)
        self._scanner = Scanner(self._grammar, budget)
        self._retired: list[object] = []
        self._reaches: dict[bytes, int] = {}
        self._reach_lists = np.zeros(0, np.int32)
        self._scan_reach = np.zeros(1, np.int32)
        self._write_actions()
        self._write_terminals(nodes)
        self._write_contexts()

    # --- what does not change

    def _write_actions(self) -> None:
        lr, grammar = self._lr, self._grammar
        states, symbols = len(lr.shifts), lr.end + 1
        self._actions = np.zeros((states, symbols), np.int32)
        self._gotos = np.full((states, len(grammar.nonterminals)), at.NONE, np.int32)
        self._sure = np.zeros((states, symbols), np.uint8)
        choices: list[int] = []
        for state in range(states):
            for nonterminal, target in lr.gotos[state].items():
                self._gotos[state, nonterminal] = target
            for terminal in lr.knows(state):
                codes = [-(rule + 1) for rule in lr.reductions[state].get(terminal, ())]
                if terminal in lr.shifts[state]:
                    codes.insert(0, lr.shifts[state][terminal] + 1)
                    self._sure[state, terminal] = 1
                if len(codes) == 1:
                    self._actions[state, terminal] = codes[0]
                else:
                    self._actions[state, terminal] = at.MANY + len(choices)
                    choices += [len(codes), *codes]
        self._choices = np.array(choices, np.int32)
        self._rules = np.array([[rule.origin, len(rule.expansion)] for rule in grammar.rules], np.int32).reshape(-1, 2)

    def _write_terminals(self, nodes: Mapping[int, int]) -> None:
        grammar, indentation = self._grammar, self._grammar.indentation
        self._terminals = np.zeros((len(grammar.terminals) + 1, at.TERMINAL_WIDTH), np.int32)
        for terminal, node in nodes.items():
            self._terminals[terminal, at.TERMINAL_NODE] = node
        kinds = self._terminals[:, at.TERMINAL_KIND]
        kinds[list(grammar.ignored)] = at.IGNORED
        if indentation is not None:
            kinds[list(indentation.openers)] = at.OPENER
            kinds[list(indentation.closers)] = at.CLOSER

    def _write_contexts(self) -> None:
        grammar, lr = self._grammar, self._lr
        always = grammar.ignored | ({grammar.indentation.newline} if grammar.indentation else set())
        numbers: dict[frozenset[int], int] = {}
        self._context_of = np.array(
            [
                numbers.setdefault((lr.knows(state) | always) - {lr.end}, len(numbers))
                for state in range(len(lr.shifts))
            ],
            np.int32,
        )
        self._contexts = list(numbers)
        self._context_records = np.zeros((len(numbers), at.CONTEXT_WIDTH), np.int32)
        embedded: list[int] = []
        for number, context in enumerate(self._contexts):
            found = [t for t in sorted(context) if isinstance(grammar.terminals[t].content, Embedded)]
            self._context_records[number, at.CONTEXT_EMBEDDED_AT] = len(embedded)
            self._context_records[number, at.CONTEXT_EMBEDDED_COUNT] = len(found)
            embedded += found
        self._context_embedded = np.array(embedded, np.int32)

    # --- on demand

    def compile_context(self, context: int, epoch: int) -> None:
        """Build the scanner of ``context``, to be trusted by matchers whose addresses are of ``epoch`` or later."""
        record = self._context_records[context]
        if record[at.CONTEXT_READY] == 0:
            first = self._scanner.states
            record[at.CONTEXT_START] = self._scanner.start(self._contexts[context])
            self._write_reaches(first)
            record[at.CONTEXT_READY] = epoch

    def _write_reaches(self, first: int) -> None:
        """Lists of the terminals that each new state of the scanner may become."""
        scanner = self._scanner
        bits = scanner.reach[first : scanner.states]
        lists: list[int] = []
        begun = len(self._reach_lists)
        offsets = np.zeros(len(bits), np.int32)
        for i, row in enumerate(bits):
            key = row.tobytes()
            if key not in self._reaches:
                members = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()
                self._reaches[key] = begun + len(lists)
                lists += [len(members), *members]
            offsets[i] = self._reaches[key]
        self._retired += [self._reach_lists, self._scan_reach]
        self._reach_lists = np.concatenate([self._reach_lists, np.array(lists, np.int32)])
        self._scan_reach = np.concatenate([self._scan_reach[:first], offsets])

    # --- kernels

    def begin(self, configuration: NDArray[np.int32], arena: NDArray[np.int32]) -> None:
        """Write the first configuration, and the bottom of the parser's stack."""
        arena[at.GSS_BOTTOM + at.GSS_BELOW] = at.NONE
        configuration[at.MODE] = at.GRAMMAR
        configuration[at.B] = at.GSS_BOTTOM
        configuration[at.TOP] = at.GSS_BOTTOM + at.GSS_WIDTH

    def install(self, slots: NDArray[np.int64]) -> None:
        """Write the current addresses into a matcher's slots."""
        scanner, grammar = self._scanner, self._grammar
        tables = {
            at.SCAN_CLASS: scanner.byte_class,
            at.SCAN_NEXT: scanner.transitions,
            at.SCAN_DECIDED: scanner.decided,
            at.SCAN_DECIDED_AT_END: scanner.decided_at_end,
            at.SCAN_WHERE: scanner.where,
            at.SCAN_ENDINGS: scanner.endings,
            at.SCAN_REACH: self._scan_reach,
            at.REACHES: self._reach_lists,
            at.GUARD_NEXT: scanner.guard_transitions,
            at.GUARD_VERDICT: scanner.guard_verdicts,
            at.GUARD_AT_END: scanner.guard_at_end,
            at.ACTION: self._actions,
            at.CHOICES: self._choices,
            at.GOTO: self._gotos,
            at.RULES: self._rules,
            at.SURE: self._sure,
            at.CONTEXT_OF: self._context_of,
            at.CONTEXTS: self._context_records,
            at.CONTEXT_EMBEDDED: self._context_embedded,
            at.TERMINALS: self._terminals,
        }
        self._retired += [scanner.transitions, scanner.decided, scanner.decided_at_end]
        self._retired += [scanner.where, scanner.endings]
        for slot, table in tables.items():
            slots[slot] = address_of(table)
        indentation = grammar.indentation
        slots[at.SCAN_COLUMNS] = scanner.columns
        slots[at.SYMBOLS] = self._lr.end + 1
        slots[at.NONTERMINALS] = max(len(grammar.nonterminals), 1)
        slots[at.LONGEST_MATCH] = grammar.lexing is Lexing.LONGEST
        slots[at.ACCEPTS_EMPTY] = self._accepts_empty
        slots[at.NEWLINE_TERMINAL] = indentation.newline if indentation else at.NONE
        slots[at.INDENT_TERMINAL] = indentation.indent if indentation else at.NONE
        slots[at.DEDENT_TERMINAL] = indentation.dedent if indentation else at.NONE
        slots[at.TAB_WIDTH] = indentation.tab_columns if indentation else 0
