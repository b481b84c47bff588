"""The tables of a grammar's parser and scanner, as the kernels read them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels.grammar_masks import fill_grammar, restart
from ..kernels.threads import grammar_accepts, grammar_step
from ..kernels.token_sorting import find_ending_bytes, gather_contents, group_tokens, sort_tokens, tokens_below
from ..limits import Budget
from ..pool import address_of
from ..token_tables import TokenTables
from .analysis import without_empty
from .byte_dfa import DEAD, ByteDfa
from .joins import without_joins
from .line_facts import are_free, line_facts
from .model import Embedded, Grammar, Lexing, Region
from .scanner import BYTE_CLASSES, Scanner


class GrammarTables:
    """Everything about ``grammar`` but the scanners of contexts, which are compiled when decoding reaches them.

    ``nodes``: for each terminal that is embedded, its value node in the automaton, and ``styles`` that one's style.
    """

    CALLED: ClassVar[Mapping[int, int]] = {
        at.GRAMMAR_STEP: grammar_step,
        at.GRAMMAR_ACCEPTS: grammar_accepts,
        at.GRAMMAR_FILL: fill_grammar,
        at.GRAMMAR_RESTART: restart,
    }

    def __init__(
        self,
        grammar: Grammar,
        nodes: Mapping[int, int],
        tokens: TokenTables,
        budget: Budget,
        styles: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        grammar, self._accepts_empty = without_empty(grammar)
        self._grammar, self._lr = without_joins(grammar, budget)
        self._rules = np.array([(rule.origin, len(rule.expansion)) for rule in self._grammar.rules], np.int32).reshape(
            -1, 2
        )
        self._scanner = Scanner(self._grammar, budget)
        self._retired: list[object] = []
        self._installed: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._kept: list[object] = []
        self._masks_below: dict[tuple[int, bytes], tuple[int, int]] = {}
        self._tokens = tokens
        self._contents, places = _contents(tokens), _places(tokens)
        self._places, self._place_of = places.nodes, places.number
        self._segments = np.zeros((2 * tokens.trie.size + 1, at.SEGMENT_WIDTH), np.int32)
        self._depths = np.ones(at.KEY_DEPTHS, np.int32)
        self._reaches: dict[bytes, int] = {}
        self._reach_lists = np.zeros(0, np.int32)
        self._scan_reach = np.zeros(1, np.int32)
        self._state_tokens = np.zeros(1, np.int64)
        self._line_facts, self._lines_are_free = np.zeros((0, at.LINE_WIDTH), np.int64), True
        self._write_terminals(nodes, styles)
        self._write_contexts()

    # --- what does not change

    def _write_terminals(self, nodes: Mapping[int, int], styles: Mapping[int, int]) -> None:
        grammar, indentation = self._grammar, self._grammar.indentation
        self._terminals = np.zeros((len(grammar.terminals) + 1, at.TERMINAL_WIDTH), np.int32)
        for number, node in nodes.items():
            self._terminals[number, at.TERMINAL_NODE] = node
            self._terminals[number, at.TERMINAL_STYLE] = styles.get(number, 0)
        kinds = self._terminals[:, at.TERMINAL_KIND]
        kinds[list(grammar.ignored)] = at.IGNORED
        if indentation is not None:
            kinds[list(indentation.openers)] = at.OPENER
            kinds[list(indentation.closers)] = at.CLOSER

    def _write_contexts(self) -> None:
        grammar = self._grammar
        known = self._lr.actions[:, :-1] != 0
        of_rules = known.copy()
        for region in grammar.regions or [Region(frozenset(), grammar.beside(frozenset()))]:
            members, beside = (np.array(sorted(numbers), np.int64) for numbers in (region.members, region.beside))
            states = of_rules[:, members].any(axis=1) if grammar.regions else np.ones(len(known), np.bool_)
            known[np.ix_(states, beside)] = True
        numbers: dict[bytes, int] = {}
        rows = np.packbits(known, axis=1)
        self._context_of = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int32)
        first = np.unique(self._context_of, return_index=True)[1]
        self._contexts = [frozenset(np.flatnonzero(known[state]).tolist()) for state in first]
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
        grammar = self._grammar
        first = np.zeros((len(grammar.terminals) + 1, 256), np.uint8)
        for number, terminal in enumerate(grammar.terminals):
            dfa = terminal.content
            first[number] = (
                dfa.transitions[dfa.start] != DEAD if isinstance(dfa, ByteDfa) else isinstance(dfa, Embedded)
            )
        of_context = np.array([first[list(context)].max(axis=0, initial=0) for context in self._contexts], np.uint8)
        self._followers = np.zeros((len(grammar.terminals) + 1, 256), np.uint8)
        shifted, states = self._lr.shifts.T
        pairs = set((shifted.astype(np.int64) * len(of_context) + self._context_of[states]).tolist())
        for terminal, context in (divmod(pair, len(of_context)) for pair in pairs):
            self._followers[terminal] |= of_context[context]
        self._followers[list(grammar.ignored)] = 1
        if grammar.indentation is not None:
            self._followers[grammar.indentation.newline] = 1

    # --- on demand

    def compile_context(self, context: int, epoch: int) -> None:
        """Build the scanner of ``context``, to be trusted by matchers whose addresses are of ``epoch`` or later."""
        record = self._context_records[context]
        if record[at.CONTEXT_READY] == 0:
            first = self._scanner.states
            self._installed = None
            record[at.CONTEXT_START] = self._scanner.start(self._contexts[context])
            self._write_reaches(first)
            self._write_line_facts()
            record[at.CONTEXT_READY] = epoch
            self._retired.append(self._state_tokens)
            self._state_tokens = np.concatenate(
                [self._state_tokens, np.zeros(len(self._scanner.transitions) - len(self._state_tokens), np.int64)]
            )

    def _write_line_facts(self) -> None:
        indentation = self._grammar.indentation
        if indentation is not None:
            self._retired.append(self._line_facts)
            self._line_facts = line_facts(self._scanner, indentation, self._line_facts)
            self._lines_are_free = are_free(self._line_facts)

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
        found = np.zeros(self._tokens.size + 1, np.int32)
        reached = np.zeros(self._tokens.size, np.int32)
        depths = self._tokens.longest_token + 2
        states, path = np.zeros(depths, np.int32), np.zeros(2 * depths, np.int32)
        count = sort_tokens(slots, place, state, context_start, found, reached, self._segments.ravel(), states, path)
        segments = self._segments[:count].copy()
        self._segments[:count] = 0
        restarts = [] if state == DEAD else self._restarts(0, state, slots)
        at_root = len(restarts)
        for number in np.flatnonzero(segments[:, at.SEGMENT_SKIP] == at.RESTARTS).tolist():
            node, ended, _ = segments[number].tolist()
            segments[number, at.SEGMENT_TO] = len(restarts)
            restarts += self._restarts(int(np.searchsorted(self._places[1:], node)) + 1, ended, slots)
        rows = np.array(restarts, np.int64).reshape(-1, at.RESTART_WIDTH)
        groups = self._groups(found[1 : found[0] + 1], reached, int(slots[at.MASK_WORDS]))
        fields = [address_of(groups), len(groups), address_of(segments), count, address_of(rows), at_root]
        record = np.array(fields, np.int64)
        self._kept += [record, groups, segments, rows]
        return address_of(record)

    def _restarts(self, place: int, state: int, slots: NDArray[np.int64]) -> list[list[int]]:
        """Rows about the tokens below ``place`` whose next byte simply ends a terminal in ``state``, by ending."""
        rows = []
        first, count = self._scanner.where[state].tolist()
        for ending in range(first, first + count):
            before = np.zeros(256, np.uint8)
            find_ending_bytes(slots, ending, before)
            if before.any():
                rows.append([place, ending, *self._below(place, before, slots), 1])
        if rows:
            rows[-1][at.RESTART_MORE] = 0
        return rows

    def _below(self, place: int, before: NDArray[np.uint8], slots: NDArray[np.int64]) -> tuple[int, int]:
        """The addresses of ``before`` and of the mask of the tokens below ``place`` that go on like it."""
        key = (place, before.tobytes())
        if key not in self._masks_below:
            mask = np.zeros(int(slots[at.MASK_WORDS]), np.int32)
            tokens_below(slots, int(self._places[place]), before, mask)
            self._kept += [before, mask]
            self._masks_below[key] = address_of(before), address_of(mask)
        return self._masks_below[key]

    def _groups(self, tokens: NDArray[np.int32], reached: NDArray[np.int32], words: int) -> NDArray[np.int64]:
        """A row for each list of terminals that ``tokens`` reach, with those."""
        sizes = np.zeros(len(self._reach_lists) + 2, np.int32)
        groups, members = np.zeros(2 * len(sizes), np.int32), np.zeros(len(tokens), np.int32)
        count = group_tokens(tokens, reached, sizes, groups, members)
        rows, start = [], 0
        for reach, size in groups[: 2 * count].reshape(-1, 2).tolist():
            content = members[start : start + size].copy()
            start += size
            dense = size > words // 8
            if dense:
                content = _mask_of(content, words)
            self._kept.append(content)
            rows.append([reach - 1, address_of(content), at.NONE if dense else size])
        return np.array(rows, np.int64).reshape(-1, at.GROUP_WIDTH)

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
        if self._installed is None:
            self._installed = self._slots()
        numbers, values = self._installed
        slots[numbers] = values

    def _slots(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The slots that are the grammar's, and what stands in them until a context is compiled."""
        scanner, grammar = self._scanner, self._grammar
        slots: dict[int, int] = {}
        tables: dict[int, NDArray[Any]] = {
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
            at.ACTION: self._lr.actions,
            at.CHOICES: self._lr.choices,
            at.GOTO: self._lr.gotos,
            at.RULES: self._rules,
            at.SURE: self._lr.sure,
            at.CONTEXT_OF: self._context_of,
            at.CONTEXTS: self._context_records,
            at.CONTEXT_EMBEDDED: self._context_embedded,
            at.TERMINALS: self._terminals,
            at.STATE_TOKENS: self._state_tokens,
            at.CONTEXT_TOKENS: self._context_tokens,
            at.FOLLOWERS: self._followers,
            at.PLACES: self._places,
            at.PLACE_OF: self._place_of,
            at.DEPTHS: self._depths,
            at.CONTENTS: self._contents,
            at.LOOPS: scanner.loops,
            at.INEVITABLE: scanner.inevitable,
        }
        for slot, table in tables.items():
            slots[slot] = address_of(table)
        indentation = grammar.indentation
        slots[at.LINE_FACTS] = 0 if self._lines_are_free else address_of(self._line_facts)
        slots[at.MOST_STEPS] = 1 << 40
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
        return np.array(list(slots), np.int64), np.array(list(slots.values()), np.int64)


_LARGE = 1 << 8
"""A node of the trie of all tokens with so many below it is a place with records of its own, if words end there."""

_contents_of: weakref.WeakKeyDictionary[TokenTables, NDArray[np.uint8]] = weakref.WeakKeyDictionary()


def _contents(tokens: TokenTables) -> NDArray[np.uint8]:
    """Which of ``BYTE_CLASSES``, as bits, the bytes below each node of the trie are in; uint8[nodes]."""
    found = _contents_of.get(tokens)
    if found is None:
        class_of = np.zeros(256, np.uint8)
        for number, members in enumerate(BYTE_CLASSES):
            class_of[members] = 1 << number
        found = np.zeros(tokens.trie.size, np.uint8)
        gather_contents(
            tokens.trie.byte, tokens.trie.depth, class_of, np.zeros(tokens.longest_token + 1, np.uint8), found
        )
        _contents_of[tokens] = found
    return found


def _mask_of(tokens: NDArray[np.int32], words: int) -> NDArray[np.int32]:
    bits = np.zeros(words * 32, np.uint8)
    bits[tokens] = 1
    return np.packbits(bits, bitorder="little").view(np.int32)


@dataclass(frozen=True)
class _Places:
    """``nodes``: the root, as -1, and the nodes inside the trie behind blanks and punctuation with many below them;
    ``number``: where each node of the trie stands among these, or 0."""

    nodes: NDArray[np.int32]
    number: NDArray[np.uint16]


_places_of: weakref.WeakKeyDictionary[TokenTables, _Places] = weakref.WeakKeyDictionary()


def _places(tokens: TokenTables) -> _Places:
    found = _places_of.get(tokens)
    if found is None:
        trie = tokens.trie
        sizes = trie.end - np.arange(trie.size, dtype=np.int32)
        words = np.isin(trie.byte, np.concatenate(BYTE_CLASSES[:3])) | (trie.byte >= 0x80)
        nodes = np.concatenate([[at.NONE], np.flatnonzero((sizes >= _LARGE) & ~words)]).astype(np.int32)
        number = np.zeros(trie.size, np.uint16)
        number[nodes[1:]] = np.arange(1, len(nodes))
        found = _places_of[tokens] = _Places(nodes, number)
    return found
