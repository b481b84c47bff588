"""What sorting a vocabulary's tokens for grammars needs to know of their trie; worked out once per vocabulary."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels.characters import gather_contents
from ..token_tables import TokenTables
from .scanner import BYTE_CLASSES

_LARGE = 1 << 8
"""A node of the trie of all tokens with so many below it is a place with records of its own, if words end there."""


@dataclass(frozen=True)
class TriePlaces:
    """``nodes``: the root, as -1, and the nodes inside the trie behind blanks and punctuation with many below them;
    ``number`` uint16[nodes of the trie]: where each stands among these, or 0. ``contents`` int32[nodes of the trie]:
    which of ``BYTE_CLASSES``, as bits, and of ``characters``, the bytes below it are in. ``order_at`` int32[nodes of
    the trie + 1]: how many tokens, in the trie's order, come before it. ``everything`` int32[words]: the mask of all.
    """

    nodes: NDArray[np.int32]
    number: NDArray[np.uint16]
    contents: NDArray[np.int32]
    order_at: NDArray[np.int32]
    everything: NDArray[np.int32]


_places_of: weakref.WeakKeyDictionary[TokenTables, TriePlaces] = weakref.WeakKeyDictionary()


def trie_places(tokens: TokenTables) -> TriePlaces:
    found = _places_of.get(tokens)
    if found is None:
        nodes, number = _places(tokens)
        found = _places_of[tokens] = TriePlaces(
            nodes, number, _contents(tokens), _order_at(tokens), _everything(tokens)
        )
    return found


def _places(tokens: TokenTables) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    trie = tokens.trie
    sizes = trie.end - np.arange(trie.size, dtype=np.int32)
    words = np.isin(trie.byte, np.concatenate(BYTE_CLASSES[:3])) | (trie.byte >= 0x80)
    nodes = np.concatenate([[at.NONE], np.flatnonzero((sizes >= _LARGE) & ~words)]).astype(np.int32)
    number = np.zeros(trie.size, np.uint16)
    number[nodes[1:]] = np.arange(1, len(nodes))
    return nodes, number


def _contents(tokens: TokenTables) -> NDArray[np.int32]:
    class_of = np.zeros(256, np.int32)
    for number, members in enumerate(BYTE_CLASSES):
        class_of[members] = 1 << number
    found, own = np.empty((2, tokens.trie.size), np.int32)
    leads, below = np.zeros((2, tokens.longest_token + 1), np.int32)
    gather_contents(tokens.trie.byte, tokens.trie.depth, class_of, leads, own, below, found)
    return found


def _everything(tokens: TokenTables) -> NDArray[np.int32]:
    bits = np.zeros(32 * tokens.words, np.uint8)
    bits[tokens.order] = 1
    return np.packbits(bits, bitorder="little").view(np.int32)


def _order_at(tokens: TokenTables) -> NDArray[np.int32]:
    firsts = np.append(np.flatnonzero(tokens.same[tokens.order] == at.NONE), len(tokens.order))
    ends_one = np.append(tokens.trie.terminal >= 0, False)
    places: NDArray[np.int32] = firsts[np.cumsum(ends_one) - ends_one].astype(np.int32)
    return places
