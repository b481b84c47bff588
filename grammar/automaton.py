"""The automaton of one constraint: flat tables, filled on demand.

A *compiler* (JSON Schema's, for one) describes value nodes and container states when decoding first reaches them.
Tables only ever grow, and a record becomes visible by the epoch written into it: a matcher trusts a record only if its
own addresses are at least as new. So matchers of other threads are never disturbed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .dfa import DEAD, TextDfa
from .dfa_operations import UNREACHABLE, distances
from .errors import LimitExceeded
from .kernels import layout as at
from .kernels.frames import frame_with_finished
from .length_table import length_table
from .limits import Budget
from .number_automaton import NumberAutomaton
from .pool import Beginning, Layout, Memory, Pool, address_of
from .residue_table import add_residues
from .text_dfa import open_states

if TYPE_CHECKING:
    from .cfg.tables import GrammarTables
    from .token_tables import TokenTables

_NO_BLANKS = np.zeros((1, 1), np.int32)
_NO_BLANKS_AT = address_of(_NO_BLANKS)
_NO_ROWS = np.zeros(0, np.int64)
LITERALS = (b"false", b"null", b"true")  # the first three keys of every automaton


class Style(NamedTuple):
    """How values of JSON are written.

    ``whitespace``: ``COMPACT``, ``FORMATTED``, ``ANY_BLANKS``, or ``BLANKS_BY_PATTERN`` with ``blank_next``, the
    automaton of a run of blanks, which lies at ``blank_next_at``. ``escapes``: ``ANY_ESCAPES`` or ``MINIMAL_ESCAPES``.
    """

    whitespace: int
    blank_next: NDArray[np.int32]
    blank_next_at: int
    escapes: int

    @classmethod
    def of(cls, whitespace: int | NDArray[np.int32], escapes: int) -> Style:
        if isinstance(whitespace, int):
            return _plain_style(whitespace, escapes)
        return cls(at.BLANKS_BY_PATTERN, whitespace, address_of(whitespace), escapes)


@lru_cache
def _plain_style(whitespace: int, escapes: int) -> Style:
    return Style(whitespace, _NO_BLANKS, _NO_BLANKS_AT, escapes)


class Compiler(Protocol):
    """What fills an automaton's tables."""

    def compile_node(self, node: int) -> None:
        """Write the record of a value node (``Automaton.write_node``)."""

    def compile_state(self, state: int) -> None:
        """Write the record of a container state (``Automaton.write_array_state`` or ``write_object_state``)."""

    def compile_entry(self, entry: int) -> None:
        """Write an entry of an object's state that was left out (``Automaton.write_entry``)."""

    def node_after(self, node: int, items: bytes) -> int:
        """The node of an item that ``node`` (``AFTER_ITEMS``) stands for when the text of those before it is known.

        ``NONE`` where no value is left.
        """

    def example_keys(self, state: int) -> frozenset[bytes]:
        """The keys, as JSON, with which an object in ``state`` can be completed; others may be needed instead."""


_DEFAULTS = {
    at.MAX_LENGTH: at.UNBOUNDED,
    at.MAX_ITEMS: at.UNBOUNDED,
    at.OTHER: at.NONE,
    at.DEAD_AT: at.NONE,
    at.TEXT_ID: at.NONE,
    at.KEY_TEXT: at.NONE,
    at.MAX_KEYS: at.UNBOUNDED,
}
_EMPTY_NODE = np.zeros(at.NODE_STYLE, np.int32)
"""All fields but the last one."""
for _field, _value in _DEFAULTS.items():
    _EMPTY_NODE[_field] = _value


_EMPTY_STATE = np.zeros(at.STATE_WIDTH, np.int32)
_EMPTY_STATE[[at.SETTLED_NODE, at.ITEM_NODE]] = at.NONE


def _rows(dtype: DTypeLike, width: int, *rows: object) -> NDArray[Any]:
    return np.array(rows, dtype).reshape(-1, width)


def _values(dtype: DTypeLike, *values: int) -> NDArray[Any]:
    return np.array(values, dtype)


_NO_KEY = (at.NONE, 0, False)
"""Node, rank, and whether it is required, of a key that is no property."""


def _key_rows(keys: Sequence[bytes], start: int, facts: Iterable[tuple[int, int, bool]]) -> list[int]:
    """``KEYS`` rows, one after the other; the bytes of the first key begin at ``start``."""
    rows: list[int] = []
    for key, (node, rank, required) in zip(keys, facts, strict=False):
        length = len(key)
        rows += (start, length, node, rank, required)
        start += length
    return rows


class _Table:
    """A table of an automaton: its slot, and the rows that it begins with; the pool is made when it is asked for."""

    def __init__(self, slot: int, rows: NDArray[Any], least: int = 64) -> None:
        self.beginning = Beginning(slot - at.NODES, rows, least)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, automaton: Automaton, owner: type) -> Pool:
        pool = Pool(automaton._memory, self.beginning)
        automaton.__dict__[self._name] = pool  # from now on found without asking here
        return pool


class Automaton:
    """Tables as ``kernels.layout`` describes them. Node 0 is the root.

    ``whitespace``: ``COMPACT``, ``FORMATTED``, ``ANY_BLANKS``, or the automaton of a run of blanks (``blanks``).
    ``escapes``: ``ANY_ESCAPES`` or ``MINIMAL_ESCAPES``. Both make the first of its ``styles``; nodes are of that one
    unless they say otherwise.
    """

    nodes = _Table(at.NODES, _rows(np.int32, at.NODE_WIDTH), 8)
    states = _Table(at.STATES, _rows(np.int32, at.STATE_WIDTH, [0] * at.STATE_WIDTH), 16)
    entries = _Table(at.ENTRIES, _rows(np.int32, at.ENTRY_WIDTH))
    item_nodes = _Table(at.ITEM_NODES, _values(np.int32))
    order = _Table(at.ORDER, _values(np.int32), 128)
    dead_keys = _Table(at.DEAD_KEYS, _values(np.int32))
    keys = _Table(at.KEYS, _values(np.int32, *_key_rows(LITERALS, 0, repeat(_NO_KEY))), 256)
    key_bytes = _Table(at.KEY_BYTES, _values(np.uint8, *b"".join(LITERALS)), 512)
    number_next = _Table(at.NUMBER_NEXT, _rows(np.int32, 1 << at.NUMBER_SHIFT, [DEAD] * (1 << at.NUMBER_SHIFT)), 32)
    number_label = _Table(at.NUMBER_LABEL, _values(np.int32, 0))
    number_residues = _Table(at.NUMBER_RESIDUES, _values(np.int64, 0))
    texts = _Table(at.TEXTS, _rows(np.int32, at.TEXT_WIDTH), 16)
    text_next = _Table(at.TEXT_NEXT, _values(np.int32))
    text_label = _Table(at.TEXT_LABEL, _values(np.int32))
    text_ascii = _Table(at.TEXT_ASCII, _values(np.uint8))
    text_start = _Table(at.TEXT_START, _values(np.int32))
    text_class = _Table(at.TEXT_CLASS, _values(np.int32))
    text_viable = _Table(at.TEXT_VIABLE, _values(np.uint8))
    text_left = _Table(at.TEXT_LEFT, _values(np.int32))
    text_open = _Table(at.TEXT_OPEN, _values(np.uint8))

    def __init__(
        self,
        whitespace: int | NDArray[np.int32],
        budget: Budget,
        escapes: int = at.ANY_ESCAPES,
    ) -> None:
        self.styles = [Style.of(whitespace, escapes)]
        self.budget = budget
        self.lock = threading.RLock()
        self.epoch = 1
        self.compiler: Compiler | None = None
        self.grammar: GrammarTables | None = None
        self._memory = Memory(_LAYOUT, budget.limits.memory)
        self.widest_frame = at.SEEN
        self.keeps_text = False
        self._numbers: dict[int, tuple[NumberAutomaton, int]] = {}
        self._texts: dict[tuple[TextDfa, int, int | None, int], int] = {}
        self._text_records: dict[TextDfa, NDArray[np.int32]] = {}
        self.new_node()

    def install(self, slots: NDArray[np.int64]) -> None:
        """Write the current addresses and the epoch into a matcher's slots; for one who holds the lock."""
        style = self.styles[0]
        slots[at.NODES : at.TABLES_END] = self._memory.addresses
        slots[at.WHITESPACE] = style.whitespace
        slots[at.BLANK_NEXT] = style.blank_next_at
        slots[at.EPOCH] = self.epoch
        slots[at.KEEPS_TEXT] = self.keeps_text
        if self.keeps_text:
            slots[at.FINISHED] = frame_with_finished()
        if self.grammar is not None:
            self.grammar.install(slots)

    # --- filling

    def style_of(self, whitespace: int | NDArray[np.int32], escapes: int) -> int:
        """The number of this style among ``styles``."""
        new = Style.of(whitespace, escapes)
        for number, style in enumerate(self.styles):
            same_blanks = style.whitespace == new.whitespace and np.array_equal(style.blank_next, new.blank_next)
            if same_blanks and style.escapes == new.escapes:
                return number
        self.styles.append(new)
        return len(self.styles) - 1

    def new_node(self, style: int = 0) -> int:
        """A value node that will be compiled when decoding reaches it."""
        node = self.nodes.reserve(1)
        if style:
            self.nodes.array[node, at.NODE_STYLE] = style
        return node

    def write_node(self, node: int, fields: Mapping[int, int]) -> None:
        """Write the record of ``node``; fields not given are empty or unlimited."""
        record = self.nodes.array[node]
        record[: at.NODE_STYLE] = _EMPTY_NODE  # the style stays, which kernels of other threads may be reading
        for field, value in fields.items():
            record[field] = value
        self.widest_frame = max(self.widest_frame, at.SEEN + fields.get(at.WORDS, 0))
        self.keeps_text = self.keeps_text or bool(fields.get(at.UNIQUE))
        record[at.READY] = self.epoch

    def new_state(self) -> int:
        """A container state that will be compiled when decoding reaches it."""
        return self.states.reserve(1)

    def write_array_state(self, state: int, close: int, item: tuple[int, int], repeated: int) -> None:
        """Write an array's state: how it closes, and for the next item the node and the state after.

        ``repeated``: the state instead if the item that led to it is equal to an earlier one, ``PLAIN`` if none is.
        """
        fields = {at.CLOSE: close, at.ITEM_NODE: item[0], at.ITEM_STATE: item[1], at.REPEATED: repeated}
        self._write_state(state, fields)

    def write_object_state(
        self, state: int, close: int, may_come: NDArray[np.bool_], entries: Mapping[int, tuple[int, int]]
    ) -> int:
        """Write an object's state: how it closes, and which keys may come; the number of its first entry.

        ``may_come``: for each key and class of other keys; ``entries``: node and state after for some of those that
        may; the others are asked for when one comes.
        """
        rows = np.zeros((len(may_come), at.ENTRY_WIDTH), np.int32)
        rows[~may_come, at.ENTRY_NODE] = at.NONE
        if entries:
            rows[list(entries), at.ENTRY_NODE :] = list(entries.values())
            rows[list(entries), at.ENTRY_READY] = self.epoch
        start = self.entries.extend(rows, len(rows))
        never = np.zeros(-(-len(rows) // 32) * 32, np.uint8)
        never[: len(rows)] = ~may_come
        words = np.packbits(never, bitorder="little").view(np.int32)
        never_at = self.dead_keys.extend(words, len(words))
        self._write_state(state, {at.CLOSE: close, at.ENTRIES_AT: start, at.NEVER_AT: never_at})
        return start

    def write_settled_state(self, state: int, close: int, node: int, settled_close: int) -> None:
        """Write the state of an object that goes on as a plain one, that of ``node``, which is ready.

        ``close``: how it closes if nothing more comes, and ``settled_close`` later.
        """
        self._write_state(state, {at.CLOSE: close, at.SETTLED_NODE: node, at.SETTLED_CLOSE: settled_close})

    def _write_state(self, state: int, fields: Mapping[int, int]) -> None:
        record = self.states.array[state]
        record[:] = _EMPTY_STATE
        for field, value in fields.items():
            record[field] = value
        record[at.STATE_READY] = self.epoch

    def write_entry(self, entry: int, node: int, state: int) -> None:
        """Write an entry that ``write_object_state`` was not given: the node of the value, and the state after."""
        self.entries.array[entry, at.ENTRY_NODE :] = node, state
        self.entries.array[entry, at.ENTRY_READY] = self.epoch

    def add_keys(self, keys: Sequence[bytes], facts: Iterable[tuple[int, int, bool]] | None = None) -> int:
        """Append a key set, sorted by bytes, with (node, rank, whether required) of each; the index of its first key.

        Without ``facts``, they have no nodes.
        """
        start = self.key_bytes.append_bytes(b"".join(keys))
        return (
            self.keys.append_words(_key_rows(keys, start, repeat(_NO_KEY) if facts is None else facts)) // at.KEY_WIDTH
        )

    def key_column(self, field: int, low: int, high: int) -> list[int]:
        """What ``KEYS`` holds in ``field`` of the keys from ``low`` up to ``high``."""
        column: list[int] = self.keys.array[at.KEY_WIDTH * low + field : at.KEY_WIDTH * high : at.KEY_WIDTH].tolist()
        return column

    def add_order(self, rows: Sequence[int]) -> int:
        """Append an ``ORDER`` row for each rank that may be next, one after the other; where they start."""
        return self.order.append_words(rows)

    def add_dead_keys(self, words: Sequence[int]) -> int:
        return self.dead_keys.extend(np.array(words, np.uint32).view(np.int32), len(words))

    def add_item_nodes(self, nodes: Sequence[int]) -> int:
        return self.item_nodes.append_words(nodes)

    def add_number(self, numbers: NumberAutomaton) -> int:
        """Append a number automaton; its start state among all."""
        known = self._numbers.get(id(numbers))
        if known is not None:
            return known[1]
        dfa, base = numbers.dfa, len(self.number_label) - 1
        moved = np.where(dfa.transitions[1:] == DEAD, DEAD, dfa.transitions[1:] + base)
        moved[:, at.NUMBER_FACTS] = numbers.settled[1:]
        if numbers.residues is not None:
            records = add_residues(self.number_residues, numbers.residues)[1:]
            moved[:, at.NUMBER_FACTS] |= np.left_shift(records, at.RECORD_SHIFT)
        self.number_next.extend(moved, len(moved))
        self.number_label.extend(dfa.labels[1:], len(moved))
        start = dfa.start + base
        self._numbers[id(numbers)] = (numbers, start)
        return start

    def numbers_with(self, state: int) -> tuple[NumberAutomaton, int]:
        """The number automaton that has ``state``, and which one of its own that is."""
        for numbers, start in self._numbers.values():
            own = state - start + numbers.dfa.start
            if 0 < own < len(numbers.dfa.labels):
                return numbers, own
        raise KeyError(state)

    def add_text(self, text: TextDfa, minimum: int = 0, maximum: int | None = None, style: int = 0) -> int:
        """A text automaton whose texts have ``minimum`` to ``maximum`` code points; its index.

        The same automaton with the same lengths has one index (for each kind of escapes, since masks are kept by
        index), and with other lengths the same tables.
        """
        key = (text, minimum, maximum, self.styles[style].escapes)
        if key not in self._texts:
            self._texts[key] = self.texts.extend(self._text_record(text, minimum, maximum), 1)
        return self._texts[key]

    def _text_record(self, text: TextDfa, minimum: int, maximum: int | None) -> NDArray[np.int32]:
        states = len(text.dfa.labels)
        if states >= 1 << at.STATE_BITS or (maximum or minimum) >= 1 << (at.COUNT_BITS - 1):
            raise LimitExceeded(
                f"a pattern with {states} states and lengths up to {maximum or minimum} is too large",
                None,
                "give a simpler pattern or smaller lengths",
            )
        if text not in self._text_records:
            self._text_records[text] = self._add_text_tables(text)
        record = self._text_records[text].copy()
        if minimum > 0 or maximum is not None:
            table = length_table(text.dfa, minimum, maximum, self.budget)
            record[at.TEXT_VIABLE_AT] = self.text_viable.extend(table.content.ravel(), table.content.size)
            record[at.TEXT_COLUMNS] = table.columns
            record[at.TEXT_FREE_FROM], record[at.TEXT_FREE_TO] = table.free_from, table.free_to
        return record

    def _add_text_tables(self, text: TextDfa) -> NDArray[np.int32]:
        """A record of ``text`` without limits of length."""
        dfa, alphabet = text.dfa, text.alphabet
        last = np.searchsorted(alphabet.starts, np.arange(128), side="right") - 1
        record = np.zeros(at.TEXT_WIDTH, np.int32)
        record[at.TEXT_CLASSES] = dfa.transitions.shape[1]
        record[at.TEXT_BASE] = self.text_next.extend(dfa.transitions.ravel(), dfa.transitions.size)
        record[at.TEXT_LABEL_AT] = self.text_label.extend(dfa.labels, len(dfa.labels))
        record[at.TEXT_FIRST] = dfa.start
        record[at.TEXT_ASCII_AT] = self.text_ascii.extend(alphabet.classes[last], 128)
        record[at.TEXT_INTERVALS_AT] = self.text_start.extend(alphabet.starts, len(alphabet.starts))
        record[at.TEXT_INTERVALS] = len(alphabet.starts)
        self.text_class.extend(alphabet.classes, len(alphabet.classes))
        record[at.TEXT_OPEN_AT] = self._add_open_states(text, np.arange(len(dfa.labels))[:, None] != DEAD)
        return record

    def _add_open_states(self, text: TextDfa, live: NDArray[np.bool_]) -> int:
        return self.text_open.extend(open_states(text, live).ravel().view(np.uint8), live.size)

    def add_key_text(self, text: TextDfa, left: NDArray[np.int32]) -> int:
        """Append an automaton whose labels are classes of keys.

        ``left``: int32[states, classes], how many keys of each class are possible from each state, ``UNBOUNDED`` or
        more for infinitely many.
        """
        record = self._text_record(text, 0, None)
        record[at.TEXT_LEFT_AT] = self.text_left.extend(left.ravel(), left.size)
        record[at.TEXT_KEY_CLASSES] = left.shape[1]
        record[at.TEXT_OPEN_AT] = self._add_open_states(text, left > 0)
        scarce: NDArray[np.bool_] = np.logical_or.reduce((left > 0) & (left < at.FEW_KEYS), axis=1)
        if scarce.any():
            steps = distances(text.dfa.transitions, scarce[None])[0]
            steps[steps == UNREACHABLE] = at.UNBOUNDED
            record[at.TEXT_SCARCE_AT] = self.text_left.extend(steps, len(steps))
        return self.texts.extend(record, 1)

    # --- styles

    def style_rows(self, tables: TokenTables) -> NDArray[np.int64]:
        """What stands in the slots of each style, where there are several; int64[styles, slots], or without rows."""
        if len(self.styles) == 1:
            return _NO_ROWS
        rows = []
        for style in self.styles:
            slots = tables.slots(style.escapes).copy()
            slots[at.WHITESPACE], slots[at.BLANK_NEXT] = style.whitespace, style.blank_next_at
            rows.append(slots[at.STYLE_FIRST : at.STYLE_END])
        return np.array(rows, np.int64)

    # --- on demand

    def compile_node(self, node: int) -> None:
        """Compile ``node`` unless another matcher has done so."""
        if not self.nodes.array[node, at.READY]:
            assert self.compiler is not None
            self.compiler.compile_node(node)

    def compile_state(self, state: int) -> None:
        if not self.states.array[state, at.STATE_READY]:
            assert self.compiler is not None
            self.compiler.compile_state(state)

    def compile_for_grammar(self, kind: int, index: int, slots: NDArray[np.int64]) -> None:
        """Compile what a step of the grammar missed, unless that was done; ``slots`` are the matcher's."""
        assert self.grammar is not None
        self.budget.restart()
        if kind == at.MISS_CONTEXT:
            self.grammar.compile_context(index, self.epoch)
        elif kind == at.MISS_STATE_TOKENS:
            self.grammar.sort_tokens_of_state(index, slots)
        else:
            self.grammar.sort_tokens_of_context(index, slots)

    def compile_entry(self, entry: int) -> None:
        if not self.entries.array[entry, at.ENTRY_READY]:
            assert self.compiler is not None
            self.compiler.compile_entry(entry)

    def node_after(self, node: int, items: bytes) -> int:
        """What stands in for ``node``, which depends on the items before, after those with the text ``items``.

        ``NOTHING`` where no value is left.
        """
        assert self.compiler is not None
        instead = self.compiler.node_after(node, items)
        return at.NOTHING if instead == at.NONE else instead

    def begin_epoch(self) -> None:
        """Records written from now on are trusted only with addresses taken from now on."""
        self.epoch += 1


_LAYOUT = Layout([table.beginning for table in vars(Automaton).values() if isinstance(table, _Table)])
