"""The tables of a grammar's parser and scanner, as the kernels read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels.grammar_masks import fill_grammar, restart
from ..kernels.sorted_subtrees import KNOWN_ROW, KNOWN_ROWS, LEAST
from ..kernels.threads import grammar_accepts, grammar_step
from ..kernels.token_sorting import (
    count_groups,
    find_ending_bytes,
    sort_tokens,
    tokens_below,
    write_groups,
)
from ..limits import Budget
from ..pool import address_of
from ..token_tables import TokenTables
from .analysis import without_empty
from .byte_dfa import DEAD
from .contexts import followers
from .line_facts import are_free, line_facts
from .machine import machine_of
from .model import Embedded, Grammar, Lexing
from .trie_places import trie_places

_LARGE_SUBTREE = 1 << 7  # nodes of the trie: below so many, sorting is no slower than finding what is known
_SUBTREES, _SUBTREE_POOL = 1 << 13, 1 << 20  # rows for subtrees, half of which are used, and integers about them


class GrammarTables:
    """Everything about ``grammar`` but the scanners of contexts, which are compiled when decoding reaches them.

    ``nodes``: for each terminal that is embedded, its value node in the automaton, and ``styles`` that one's style.
    """

    CALLED: ClassVar[Mapping[int, Callable[[], int]]] = {
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
        machine = machine_of(grammar, self._accepts_empty, budget)
        self._grammar, self._lr, self._contexts = machine.grammar, machine.lr, machine.contexts
        self.is_exact = machine.is_exact
        _, ends, origins = self._grammar.flat_rules
        self._rules = np.stack([origins, np.diff(ends, prepend=np.int32(0))], axis=1, dtype=np.int32)
        self._scanner = self._contexts.scanner
        self._retired: list[object] = []
        self._installed: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._installed_after = 0  # how many tables had been replaced
        self._kept: list[object] = []
        self._masks_below: dict[tuple[int, bytes], tuple[int, int]] = {}
        self._tokens = tokens
        self._trie = trie_places(tokens)
        self._group_numbers, self._group_sizes = np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._depths = np.ones(at.KEY_DEPTHS, np.int32)
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
        grammar, contexts = self._grammar, self._contexts
        self._context_of = contexts.of_state
        count, symbols = contexts.known.shape
        self._context_records = np.zeros((count, at.CONTEXT_WIDTH), np.int32)
        is_embedded = np.zeros(symbols, np.bool_)
        is_embedded[[isinstance(terminal.content, Embedded) for terminal in grammar.terminals] + [False]] = True
        in_context, embedded = np.nonzero(contexts.known & is_embedded)
        counts = np.bincount(in_context, minlength=count)
        self._context_records[:, at.CONTEXT_EMBEDDED_AT] = np.cumsum(counts) - counts
        self._context_records[:, at.CONTEXT_EMBEDDED_COUNT] = counts
        self._context_embedded = embedded.astype(np.int32)
        self._context_tokens = np.zeros((count, len(self._trie.nodes)), np.int64)
        self._followers = followers(grammar, self._lr, contexts.of_state, contexts.first_bytes())

    # --- on demand

    def compile_context(self, context: int, epoch: int) -> None:
        """Build the scanner of ``context``, to be trusted by matchers whose addresses are of ``epoch`` or later."""
        record = self._context_records[context]
        if record[at.CONTEXT_READY] == 0:
            record[at.CONTEXT_START] = self._contexts.start(context)
            self._write_line_facts()
            record[at.CONTEXT_READY] = epoch
            missing = len(self._scanner.transitions) - len(self._state_tokens)
            if missing:
                self._retired.append(self._state_tokens)
                self._state_tokens = np.concatenate([self._state_tokens, np.zeros(missing, np.int64)])

    def _write_line_facts(self) -> None:
        indentation = self._grammar.indentation
        if indentation is not None:
            self._retired.append(self._line_facts)
            self._line_facts = line_facts(self._scanner, indentation, self._line_facts)
            self._lines_are_free = are_free(self._line_facts)

    def sort_tokens_of_state(self, state: int, slots: NDArray[np.int64]) -> None:
        """Work out what tokens do from ``state`` of the scanner on; ``slots``: of a matcher that has come to it."""
        if self._state_tokens[state] == 0:
            self._state_tokens[state] = self._sorted_tokens(0, state, DEAD, slots)

    def sort_tokens_of_context(self, wanted: int, slots: NDArray[np.int64]) -> None:
        """Work out what the tokens below a place do if a terminal of a context begins there.

        ``wanted``: the place, and the context times the number of places.
        """
        context, place = divmod(wanted, len(self._trie.nodes))
        if self._context_tokens[context, place] == 0:
            start = int(self._context_records[context, at.CONTEXT_START])
            self._context_tokens[context, place] = self._sorted_tokens(place, DEAD, start, slots)

    def _sorted_tokens(self, place: int, state: int, context_start: int, slots: NDArray[np.int64]) -> int:
        """A record of what tokens do; its address."""
        runs, segments, states, path = self._scratch
        order_at, subtrees = self._trie.order_at, self._subtrees
        count = sort_tokens(slots, place, state, context_start, order_at, runs, segments, states, path, *subtrees)
        segments = segments[: count * at.SEGMENT_WIDTH].copy()
        restarts = [] if state == DEAD else self._restarts(0, state, slots)
        at_root = len(restarts)
        for row in np.flatnonzero(segments[at.SEGMENT_SKIP :: at.SEGMENT_WIDTH] == at.RESTARTS).tolist():
            segment = segments[row * at.SEGMENT_WIDTH : (row + 1) * at.SEGMENT_WIDTH]
            node, ended = int(segment[at.SEGMENT_FROM]), int(segment[at.SEGMENT_TO])
            segment[at.SEGMENT_TO] = len(restarts)
            restarts += self._restarts(int(self._trie.number[node]), ended, slots)
        rows = np.array(restarts, np.int64).ravel()
        groups = self._groups(runs)
        size = len(groups) // at.GROUP_WIDTH
        fields = [address_of(groups), size, address_of(segments), count, address_of(rows), at_root]
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
            tokens_below(slots, int(self._trie.nodes[place]), before, self._tokens.order, self._trie.order_at, mask)
            self._kept += [before, mask]
            self._masks_below[key] = address_of(before), address_of(mask)
        return self._masks_below[key]

    @cached_property
    def _scratch(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Room for the runs of tokens, for segments, and for states and the path by depth."""
        nodes, depths = self._trie.order_at.size, self._tokens.longest_token + 2
        sizes = 3 * nodes + 1, (2 * nodes + 1) * at.SEGMENT_WIDTH, depths, 2 * depths
        runs, segments, states, path = (np.empty(size, np.int32) for size in sizes)
        return runs, segments, states, path

    @cached_property
    def _subtrees(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """What is known of the trie's larger subtrees (``kernels.sorted_subtrees``)."""
        known = np.zeros(KNOWN_ROWS + _SUBTREES * KNOWN_ROW, np.int64)
        known[LEAST] = _LARGE_SUBTREE
        return known, np.empty(_SUBTREE_POOL, np.int32)

    def _groups(self, runs: NDArray[np.int32]) -> NDArray[np.int64]:
        """A row for each list of terminals that the tokens in ``runs`` reach, with those."""
        lists = len(self._scanner.lists)
        if len(self._group_numbers) < lists:
            self._group_numbers = np.zeros(lists, np.int32)
            self._group_sizes = np.empty(2 * lists + 1, np.int32)
        numbers, groups, everything = self._group_numbers, self._group_sizes, self._trie.everything
        contents = np.zeros(count_groups(runs, numbers, groups, len(everything)), np.int32)
        rows = np.empty(int(groups[0]) * at.GROUP_WIDTH, np.int64)
        write_groups(runs, self._tokens.order, numbers, groups, everything, contents, rows)
        self._kept.append(contents)
        return rows

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
        replaced = len(self._retired) + self._scanner.replaced
        if self._installed is None or self._installed_after != replaced:
            self._installed, self._installed_after = self._slots(), replaced
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
            at.SCAN_REACH: scanner.listed,
            at.REACHES: scanner.lists,
            at.GUARD_NEXT: scanner.rows.guard_transitions,
            at.GUARD_VERDICT: scanner.rows.guard_verdicts,
            at.GUARD_AT_END: scanner.rows.guard_at_end,
            at.ACTION: self._lr.actions,
            at.CHOICES: self._lr.choices,
            at.GOTO_AT: self._lr.goto_at,
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
            at.PLACES: self._trie.nodes,
            at.PLACE_OF: self._trie.number,
            at.DEPTHS: self._depths,
            at.CONTENTS: self._trie.contents,
            at.LOOPS: scanner.loops,
            at.INEVITABLE: scanner.inevitable,
        }
        for slot, table in tables.items():
            slots[slot] = address_of(table)
        indentation = grammar.indentation
        slots[at.LINE_FACTS] = 0 if self._lines_are_free else address_of(self._line_facts)
        slots[at.MOST_STEPS] = 1 << 40
        slots[at.PLACE_COUNT] = len(self._trie.nodes)
        slots[at.SCAN_COLUMNS] = scanner.columns
        slots[at.SYMBOLS] = self._lr.end + 1
        slots[at.NONTERMINALS] = max(len(grammar.nonterminals), 1)
        slots[at.LONGEST_MATCH] = grammar.lexing is Lexing.LONGEST and not self.is_exact
        slots[at.ACCEPTS_EMPTY] = self._accepts_empty
        slots[at.NEWLINE_TERMINAL] = indentation.newline if indentation else at.NONE
        slots[at.INDENT_TERMINAL] = indentation.indent if indentation else at.NONE
        slots[at.DEDENT_TERMINAL] = indentation.dedent if indentation else at.NONE
        slots[at.TAB_WIDTH] = indentation.tab_columns if indentation else 0
        return np.array(list(slots), np.int64), np.array(list(slots.values()), np.int64)
