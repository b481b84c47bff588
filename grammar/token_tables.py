"""The tables of one vocabulary that masks are computed from, shared by all constraints over it.

Tries of the tokens, whole and cut in the ways that suit the automaton's modes (see ``kernels.masks``), and the masks of
the tokens that stay inside a string.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.tries import scan_strings
from .number_dfa import SYMBOL_OF_BYTE
from .string_table import ADMISSION_TABLE, STAYING_TABLE, STRING_TABLE
from .token_trie import Trie, make_trie
from .vocabulary import Vocabulary

_BLANKS = b" \n\r\t"
_WIDEST = 0xFFFF


class TokenTables:
    """Arrays for ``kernels.layout``'s vocabulary slots; ``install`` writes their addresses."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        tokens = vocabulary.tokens
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
        self.trie, self.same = self._trie_of_tokens(tokens, order)
        stays = np.empty(self.size, np.int32)
        quotes = np.empty(self.size, np.int32)
        scan_strings(self.content, offsets, STRING_TABLE, stays, quotes)
        self._cut_blanks(tokens, order)
        self._cut_tails(tokens, stays, quotes)
        self.crossing = self._trie_of_tokens(tokens, [token for token in order if quotes[token] >= 0])[0]
        self._stay_masks(stays)

    def _trie_of_tokens(self, tokens: tuple[bytes, ...], order: list[int]) -> tuple[Trie, NDArray[np.int32]]:
        """The trie of ``order``, sorted by bytes, and for each token another with the same bytes, or -1."""
        same = np.full(self.size, -1, np.int32)
        distinct: list[int] = []
        for token in order:
            if distinct and tokens[distinct[-1]] == tokens[token]:
                same[token] = distinct[-1]
                distinct[-1] = token
            else:
                distinct.append(token)
        return make_trie([tokens[token] for token in distinct], distinct), same

    def _cut_blanks(self, tokens: tuple[bytes, ...], order: list[int]) -> None:
        groups: dict[bytes, list[int]] = {b"": []}
        for token in order:
            groups.setdefault(tokens[token].lstrip(_BLANKS), []).append(token)
        names = sorted(groups)
        self.bare = make_trie(names[1:], range(1, len(names)))
        self.bare_offsets, self.bare_tokens = _flatten(groups[name] for name in names)
        kinds, columns = [], []
        for token in self.bare_tokens.tolist():
            content = tokens[token]
            kind, width = _blanks(content[: len(content) - len(content.lstrip(_BLANKS))])
            kinds.append(kind)
            columns.append(min(width, _WIDEST))
        self.bare_blanks = np.array(kinds, np.uint8)
        self.bare_columns = np.array(columns, np.uint16)

    def _cut_tails(self, tokens: tuple[bytes, ...], stays: NDArray[np.int32], quotes: NDArray[np.int32]) -> None:
        groups: dict[bytes, list[int]] = {b"": []}
        for token in np.flatnonzero(quotes >= 0).tolist():
            groups.setdefault(tokens[token][quotes[token] :], []).append(token)
        names = sorted(groups)
        self.tails = make_trie(names[1:], range(1, len(names)))
        self.tail_offsets, self.tail_tokens = _flatten(groups[name] for name in names)
        self.tail_prefixes = (-2 - stays[self.tail_tokens]).astype(np.uint16)

    def _stay_masks(self, stays: NDArray[np.int32]) -> None:
        self.longest = max(int(stays.max(initial=0)), int(self.tail_prefixes.max(initial=0))) + 1
        inside = np.zeros(self.words * 32, np.uint8)
        within = np.zeros((self.longest, self.words), np.int32)
        for count in range(self.longest):
            inside[: self.size] |= stays == count
            within[count] = np.packbits(inside, bitorder="little").view(np.int32)
        self.stay_within = within

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

    def install(self, slots: NDArray[np.int64]) -> None:
        """Write the addresses of all tables into a matcher's slots."""
        for slot, trie in (
            (at.TRIE, self.trie),
            (at.TRIE_STAYING, self.trie),
            (at.BARE, self.bare),
            (at.TAIL, self.tails),
            (at.CROSS, self.crossing),
        ):
            arrays = (trie.byte, trie.depth, trie.terminal, trie.end, trie.root)
            slots[slot : slot + 5] = [array.ctypes.data for array in arrays]
        for slot, array in (
            (at.TOKEN_OFFSETS, self.offsets),
            (at.TOKEN_BYTES, self.content),
            (at.TOKEN_SAME, self.same),
            (at.BARE_OFFSETS, self.bare_offsets),
            (at.BARE_TOKENS, self.bare_tokens),
            (at.BARE_BLANKS, self.bare_blanks),
            (at.BARE_COLUMNS, self.bare_columns),
            (at.TAIL_OFFSETS, self.tail_offsets),
            (at.TAIL_TOKENS, self.tail_tokens),
            (at.TAIL_PREFIX, self.tail_prefixes),
            (at.STAY, self.stay_within[-1]),
            (at.STAY_WITHIN, self.stay_within),
            (at.END_TOKENS, self.ends),
            (at.STRING_NEXT, STRING_TABLE),
            (at.NUMBER_SYMBOL, SYMBOL_OF_BYTE),
            (at.ADMITS, ADMISSION_TABLE),
            (at.STAYING, STAYING_TABLE),
        ):
            slots[slot] = array.ctypes.data
        slots[at.TRIE_NODES] = self.trie.size
        slots[at.TAIL_NODES] = self.tails.size
        slots[at.LONGEST] = self.longest
        slots[at.VOCABULARY_SIZE] = self.size
        slots[at.MASK_WORDS] = self.words
        slots[at.END_COUNT] = len(self.ends)


def _flatten(groups: Iterable[list[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    members = list(groups)
    offsets = np.zeros(len(members) + 1, np.int32)
    np.cumsum([len(group) for group in members], out=offsets[1:])
    return offsets, np.array([token for group in members for token in group], np.int32)


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
