"""The tables of a grammar's parser and scanner, as the kernels read them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels.grammar_masks import fill_grammar, find_ending_bytes, restart, sort_tokens
from ..kernels.threads import grammar_accepts, grammar_step
from ..limits import Budget
from ..pool import address_of
from ..token_tables import TokenTables
from .analysis import without_empty
from .byte_dfa import DEAD, ByteDfa
from .lr import lr_automaton
from .model import Embedded, Grammar, Lexing
from .scanner import Scanner


class GrammarTables:
    """Everything about ``grammar`` but the scanners of contexts, which are compiled when decoding reaches them.

    ``nodes``: for each terminal that is embedded, its value node in the automaton.
    """

    CALLED = {
        at.GRAMMAR_STEP: grammar_step,
        at.GRAMMAR_ACCEPTS: grammar_accepts,
        at.GRAMMAR_FILL: fill_grammar,
        at.GRAMMAR_RESTART: restart,
    }

    def __init__(self, grammar: Grammar, nodes: Mapping[int, int], tokens: TokenTables, budget: Budget) -> None:
        self._grammar, self._accepts_empty = without_empty(grammar)
        self._lr = lr_automaton(self._grammar, budget)
        self._scanner = Scanner(self._grammar, budget)
        self._retired: list[object] = []
        self._kept: list[object] = []
        self._tokens = tokens
        self._places = _places(tokens)
        self._inevitable = np.zeros(1, np.uint8)
        self._reaches: dict[bytes, int] = {}
        self._reach_lists = np.zeros(0, np.int32)
        self._scan_reach = np.zeros(1, np.int32)
        self._state_tokens = np.zeros(1, np.int64)
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
        self._context_tokens = np.zeros((len(numbers), len(self._places)), np.int64)
        self._write_followers()

    def _write_followers(self) -> None:
        """For each terminal, the bytes that what comes next can begin with; all where a value may come next."""
        grammar, lr = self._grammar, self._lr
        first = np.zeros((len(grammar.terminals) + 1, 256), np.uint8)
        for number, terminal in enumerate(grammar.terminals):
            dfa = terminal.content
            first[number] = dfa.transitions[dfa.start] != DEAD if isinstance(dfa, ByteDfa) else isinstance(dfa, Embedded)
        of_context = np.array([first[list(context)].max(axis=0, initial=0) for context in self._contexts], np.uint8)
        self._followers = np.zeros((len(grammar.terminals) + 1, 256), np.uint8)
        for shifts in lr.shifts:
            for terminal, state in shifts.items():
                self._followers[terminal] |= of_context[self._context_of[state]]
        self._followers[list(grammar.ignored)] = 1
        if grammar.indentation is not None:
            self._followers[grammar.indentation.newline] = 1

    # --- on demand

    def compile_context(self, context: int, epoch: int) -> None:
        """Build the scanner of ``context``, to be trusted by matchers whose addresses are of ``epoch`` or later."""
        record = self._context_records[context]
        if record[at.CONTEXT_READY] == 0:
            first = self._scanner.states
            record[at.CONTEXT_START] = self._scanner.start(self._contexts[context])
            self._write_reaches(first)
            record[at.CONTEXT_READY] = epoch
            self._retired += [self._state_tokens, self._inevitable]
            self._inevitable = self._scanner.inevitable()
            self._state_tokens = np.concatenate(
                [self._state_tokens, np.zeros(len(self._scanner.transitions) - len(self._state_tokens), np.int64)]
            )

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

    def sort_tokens_of_state(self, state: int, slots: NDArray[np.int64]) -> None:
        """Work out what tokens do from ``state`` of the scanner on; ``slots``: of a matcher that has come to it."""
        if self._state_tokens[state] == 0:
            self._state_tokens[state] = self._sorted_tokens(0, state, DEAD, slots)

    def sort_tokens_of_context(self, context: int, slots: NDArray[np.int64]) -> None:
        """Work out what the tokens below the wanted place do if a terminal of ``context`` begins there."""
        place = int(slots[at.WANTED_PLACE])
        if self._context_tokens[context, place] == 0:
            start = int(self._context_records[context, at.CONTEXT_START])
            self._context_tokens[context, place] = self._sorted_tokens(place, DEAD, start, slots)

    def _sorted_tokens(self, place: int, state: int, context_start: int, slots: NDArray[np.int64]) -> int:
        """A record of what tokens do; its address."""
        words = int(slots[at.MASK_WORDS])
        trie = self._tokens.trie
        reached = np.zeros(self._tokens.size, np.int32)
        segments = np.zeros((2 * trie.size + 1, at.SEGMENT_WIDTH), np.int32)
        depths = self._tokens.longest_token + 2
        states, path = np.zeros(depths, np.int32), np.zeros(2 * depths, np.int32)
        count = sort_tokens(slots, place, state, context_start, reached, segments.ravel(), states, path)
        kept = segments[:count].copy()
        restarts = [] if state == DEAD else [self._restart(0, state, slots)]
        for i in np.flatnonzero(kept[:, at.SEGMENT_SKIP] == at.RESTARTS).tolist():
            segment = kept[i]
            node, ended = int(segment[at.SEGMENT_FROM]), int(segment[at.SEGMENT_TO])
            segment[at.SEGMENT_TO] = len(restarts)
            restarts.append(self._restart(self._places.tolist().index(node), ended, slots))
        groups, rows = self._groups(reached, words), np.array(restarts, np.int64).reshape(-1, at.RESTART_WIDTH)
        record = np.array([address_of(groups), len(groups), address_of(kept), count, address_of(rows)], np.int64)
        self._kept += [record, groups, kept, rows]
        return address_of(record)

    def _restart(self, place: int, state: int, slots: NDArray[np.int64]) -> list[int]:
        """A row about the tokens below ``place`` whose next byte simply ends the terminal in hand in ``state``."""
        ending = np.zeros(256, np.uint8)
        find_ending_bytes(slots, state, ending)
        trie = self._tokens.trie
        node = int(self._places[place])
        depth, end = (int(trie.depth[node]) + 1, int(trie.end[node])) if place else (0, trie.size)
        inside = np.arange(node + 1, end) if place else np.arange(trie.size)
        children = inside[trie.depth[inside] == depth]
        below = np.zeros(trie.size + 1, np.int32)
        for child in children[ending[trie.byte[children]] != 0].tolist():
            below[child] += 1
            below[trie.end[child]] -= 1
        found = trie.terminal[np.flatnonzero(np.cumsum(below[:-1]))]
        tokens = self._tokens.with_same(found[found >= 0])
        mask = self._mask_of(tokens, int(slots[at.MASK_WORDS]))
        self._kept += [ending, mask]
        return [place, address_of(ending), address_of(mask)]

    def _groups(self, reached: NDArray[np.int32], words: int) -> NDArray[np.int64]:
        """A row for each list of terminals that tokens reach, with the tokens."""
        order = np.argsort(reached, kind="stable").astype(np.int32)
        found, starts = np.unique(reached[order], return_index=True)
        rows = []
        for reach, start, end in zip(found.tolist(), starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
            if reach == 0:
                continue
            tokens = np.ascontiguousarray(order[start:end])
            dense = len(tokens) > words // 8
            content = self._mask_of(tokens, words) if dense else tokens
            self._kept.append(content)
            rows.append([reach - 1, address_of(content), at.NONE if dense else len(tokens)])
        return np.array(rows, np.int64).reshape(-1, at.GROUP_WIDTH)

    def _mask_of(self, tokens: NDArray[np.int32], words: int) -> NDArray[np.uint8]:
        bits = np.zeros(words * 32, np.uint8)
        bits[tokens] = 1
        return np.packbits(bits, bitorder="little")

    # --- kernels

    @property
    def symbols(self) -> int:
        return self._lr.end + 1

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
            at.STATE_TOKENS: self._state_tokens,
            at.CONTEXT_TOKENS: self._context_tokens,
            at.FOLLOWERS: self._followers,
            at.PLACES: self._places,
            at.INEVITABLE: self._inevitable,
        }
        self._retired += [scanner.transitions, scanner.decided, scanner.decided_at_end]
        self._retired += [scanner.where, scanner.endings]
        for slot, table in tables.items():
            slots[slot] = address_of(table)
        indentation = grammar.indentation
        slots[at.PLACE_COUNT] = len(self._places)
        slots[at.SCAN_COLUMNS] = scanner.columns
        slots[at.SYMBOLS] = self._lr.end + 1
        slots[at.NONTERMINALS] = max(len(grammar.nonterminals), 1)
        slots[at.LONGEST_MATCH] = grammar.lexing is Lexing.LONGEST
        slots[at.ACCEPTS_EMPTY] = self._accepts_empty
        slots[at.NEWLINE_TERMINAL] = indentation.newline if indentation else at.NONE
        slots[at.INDENT_TERMINAL] = indentation.indent if indentation else at.NONE
        slots[at.DEDENT_TERMINAL] = indentation.dedent if indentation else at.NONE
        slots[at.TAB_WIDTH] = indentation.tab_columns if indentation else 0


_LARGE = 1 << 13
"""A node of the trie of all tokens with so many below it is a place with records of its own."""


def _places(tokens: TokenTables) -> NDArray[np.int32]:
    """The root, as -1, and the nodes inside the trie with many below them."""
    trie = tokens.trie
    sizes = trie.end - np.arange(trie.size, dtype=np.int32)
    return np.concatenate([[at.NONE], np.flatnonzero(sizes >= _LARGE)]).astype(np.int32)
