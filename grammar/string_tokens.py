"""What the tokens of a vocabulary do inside a JSON string, for one style of escapes.

The masks of those that stay inside, by code points, and tries of those that cross the closing quote: as they are, and
cut to what follows the quote.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.tries import scan_strings
from .string_table import STRING_TABLES
from .token_trie import flatten, install_trie, make_trie, trie_of_tokens


class StringTokens:
    """Arrays for those of ``kernels.layout``'s vocabulary slots that depend on the escapes.

    ``order``: the tokens that are not empty, sorted by their bytes. ``content``: the bytes of all tokens, one after the
    other, of which ``offsets`` tells where each begins.
    """

    def __init__(
        self,
        tokens: tuple[bytes, ...],
        order: list[int],
        content: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        escapes: int,
    ) -> None:
        stays = np.empty(len(tokens), np.int32)
        quotes = np.empty(len(tokens), np.int32)
        self._next = STRING_TABLES[escapes]
        scan_strings(content, offsets, self._next, stays, quotes)
        self._cut_tails(tokens, stays, quotes)
        self.crossing = trie_of_tokens(tokens, [token for token in order if quotes[token] >= 0])[0]
        self._stay_masks(stays)

    def _cut_tails(self, tokens: tuple[bytes, ...], stays: NDArray[np.int32], quotes: NDArray[np.int32]) -> None:
        groups: dict[bytes, list[int]] = {b"": []}
        for token in np.flatnonzero(quotes >= 0).tolist():
            groups.setdefault(tokens[token][quotes[token] :], []).append(token)
        names = sorted(groups)
        self.tails = make_trie(names[1:], range(1, len(names)))
        self.tail_offsets, self.tail_tokens = flatten(groups[name] for name in names)
        self.tail_prefixes = (-2 - stays[self.tail_tokens]).astype(np.uint16)

    def _stay_masks(self, stays: NDArray[np.int32]) -> None:
        self.longest = max(int(stays.max(initial=0)), int(self.tail_prefixes.max(initial=0))) + 1
        words = (len(stays) + 31) // 32
        inside = np.zeros(words * 32, np.uint8)
        within = np.zeros((self.longest, words), np.int32)
        for count in range(self.longest):
            inside[: len(stays)] |= stays == count
            within[count] = np.packbits(inside, bitorder="little").view(np.int32)
        self.stay_within = within

    def install(self, slots: NDArray[np.int64]) -> None:
        """Write the addresses of all tables into a matcher's slots."""
        install_trie(slots, at.TAIL, self.tails)
        install_trie(slots, at.CROSS, self.crossing)
        for slot, array in (
            (at.TAIL_OFFSETS, self.tail_offsets),
            (at.TAIL_TOKENS, self.tail_tokens),
            (at.TAIL_PREFIX, self.tail_prefixes),
            (at.STAY, self.stay_within[-1]),
            (at.STAY_WITHIN, self.stay_within),
            (at.STRING_NEXT, self._next),
        ):
            slots[slot] = array.ctypes.data
        slots[at.TAIL_NODES] = self.tails.size
        slots[at.LONGEST] = self.longest
