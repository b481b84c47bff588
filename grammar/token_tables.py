"""The tables of one vocabulary that masks are computed from, shared by all constraints over it.

Tries of the tokens, whole and cut in the ways that suit the automaton's modes (see ``kernels.masks``); what the tokens
do inside strings is in ``string_tokens``.
"""

from __future__ import annotations

import weakref

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.entry import CALLED_THROUGH_ADDRESSES
from .number_dfa import SYMBOL_OF_BYTE
from .string_table import ADMISSION_TABLE
from .string_tokens import StringTokens
from .token_trie import flatten, install_trie, make_trie, second_nodes, trie_of_tokens
from .vocabulary import Vocabulary

_BLANKS = b" \n\r\t"
_WIDEST = 0xFFFF


class TokenTables:
    """Arrays for ``kernels.layout``'s vocabulary slots; ``install`` writes their addresses."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        tokens = vocabulary.spelled
        self.size = len(tokens)
        self.words = (self.size + 31) // 32
        self.content = np.frombuffer(b"".join(tokens) or b"\0", np.uint8)
        lengths = np.fromiter((len(token) for token in tokens), np.int64, self.size)
        self.longest_token = int(lengths.max(initial=1))
        offsets = np.zeros(self.size + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        self.offsets = offsets.astype(np.int32)
        self.ends = np.asarray(vocabulary.eos_token_ids, np.int32)
        order = sorted(np.flatnonzero(lengths).tolist(), key=tokens.__getitem__)
        self.trie, self.same = trie_of_tokens(tokens, order)
        self.seconds = second_nodes(self.trie)
        self._cut_blanks(tokens, order)
        self._tokens, self.order, self._starts = tokens, np.array(order, np.int32), offsets
        self._strings: dict[int, StringTokens] = {}
        self._slots: dict[int, NDArray[np.int64]] = {}

    def strings(self, escapes: int) -> StringTokens:
        """What the tokens do inside a string, with ``ANY_ESCAPES`` or ``MINIMAL_ESCAPES``; built on first use."""
        found = self._strings.get(escapes)
        if found is None:  # all threads must end up with the same one: matchers keep its addresses
            built = StringTokens(self._tokens, self.order.tolist(), self.content, self._starts, escapes)
            found = self._strings.setdefault(escapes, built)
        return found

    def _cut_blanks(self, tokens: tuple[bytes, ...], order: list[int]) -> None:
        groups: dict[bytes, list[int]] = {b"": []}
        for token in order:
            groups.setdefault(tokens[token].lstrip(_BLANKS), []).append(token)
        names = sorted(groups)
        self.bare = make_trie(names[1:], range(1, len(names)))
        self.bare_offsets, self.bare_tokens = flatten(groups[name] for name in names)
        kinds, columns = [], []
        for token in self.bare_tokens.tolist():
            content = tokens[token]
            kind, width = _blanks(content[: len(content) - len(content.lstrip(_BLANKS))])
            kinds.append(kind)
            columns.append(min(width, _WIDEST))
        self.bare_blanks = np.array(kinds, np.uint8)
        self.bare_columns = np.array(columns, np.uint16)

    def has_longer(self, content: bytes) -> bool:
        """Is ``content`` a proper prefix of some token?"""
        trie, node = self.trie, -1
        for depth, byte in enumerate(content):
            child = int(trie.root[byte]) if depth == 0 else node + 1
            end = int(trie.end[node]) if depth else child + 1
            while 0 <= child < end and trie.byte[child] != byte:
                child = int(trie.end[child])
            if not 0 <= child < end:
                return False
            node = child
        return node >= 0 and int(trie.end[node]) > node + 1

    def slots(self, escapes: int) -> NDArray[np.int64]:
        """A matcher's slots with the addresses of all tables and of kernels; to be copied."""
        slots = self._slots.get(escapes)
        if slots is None:
            slots = np.zeros(at.SLOTS, np.int64)
            self._install(slots, escapes)
            for slot, address in CALLED_THROUGH_ADDRESSES.items():
                slots[slot] = address()
            slots[at.WANTED_SIZE] = at.NONE
            self._slots[escapes] = slots
        return slots

    def _install(self, slots: NDArray[np.int64], escapes: int) -> None:
        self.strings(escapes).install(slots)
        for slot, trie in ((at.TRIE, self.trie), (at.BARE, self.bare)):
            install_trie(slots, slot, trie)
        for slot, array in (
            (at.TOKEN_OFFSETS, self.offsets),
            (at.TOKEN_BYTES, self.content),
            (at.TOKEN_SAME, self.same),
            (at.TRIE_SECOND, self.seconds),
            (at.BARE_OFFSETS, self.bare_offsets),
            (at.BARE_TOKENS, self.bare_tokens),
            (at.BARE_BLANKS, self.bare_blanks),
            (at.BARE_COLUMNS, self.bare_columns),
            (at.END_TOKENS, self.ends),
            (at.NUMBER_SYMBOL, SYMBOL_OF_BYTE),
            (at.ADMITS, ADMISSION_TABLE),
        ):
            slots[slot] = array.ctypes.data
        slots[at.TRIE_NODES] = self.trie.size
        slots[at.VOCABULARY_SIZE] = self.size
        slots[at.MASK_WORDS] = self.words
        slots[at.END_COUNT] = len(self.ends)


def _blanks(blanks: bytes) -> tuple[int, int]:
    """What kind of blanks these are, and how many columns they indent."""
    if not blanks:
        return at.NO_BLANKS, 0
    indentation = blanks[1:] if blanks[:1] == b"\n" else blanks
    if indentation.strip(b" \t"):
        return at.OTHER_BLANKS, 0
    columns = indentation.count(b" ") + at.TAB_COLUMNS * indentation.count(b"\t")
    return (at.NEWLINE if blanks[:1] == b"\n" else at.BLANKS), columns


_tables: weakref.WeakKeyDictionary[Vocabulary, TokenTables] = weakref.WeakKeyDictionary()


def tables_of(vocabulary: Vocabulary) -> TokenTables:
    """The tables of ``vocabulary``, built on first use."""
    tables = _tables.get(vocabulary)
    if tables is None:
        tables = _tables[vocabulary] = TokenTables(vocabulary)
    return tables
