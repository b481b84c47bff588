"""Tries of byte strings as flat arrays in depth-first order, built by a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at
from .kernels.tries import build_trie


@dataclass(frozen=True, eq=False)
class Trie:
    """A trie whose nodes are numbered in depth-first order; the empty string has no node.

    ``byte`` uint8[n], ``depth`` uint16[n] (0 for first bytes), ``terminal`` int32[n]: index of the string that ends at
    the node, or -1; ``end`` int32[n]: the first node after the subtree; ``root`` int32[256]: the node of each first
    byte, or -1.
    """

    byte: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    terminal: NDArray[np.int32]
    end: NDArray[np.int32]
    root: NDArray[np.int32]

    @property
    def size(self) -> int:
        return len(self.byte)


def make_trie(strings: Sequence[bytes], values: Sequence[int]) -> Trie:
    """The trie of distinct non-empty ``strings`` in ascending order, each with its value."""
    lengths = np.fromiter((len(string) for string in strings), np.int64, len(strings))
    offsets = np.zeros(len(strings) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    content = np.frombuffer(b"".join(strings), np.uint8)
    total = int(offsets[-1])
    byte, depth = np.empty(total, np.uint8), np.empty(total, np.uint16)
    terminal, end = np.empty(total, np.int32), np.empty(total, np.int32)
    root = np.full(256, -1, np.int32)
    longest = int(lengths.max(initial=0))
    open_nodes = np.empty(longest + 1, np.int64)
    count = build_trie(content, offsets, np.asarray(values, np.int32), byte, depth, terminal, end, root, open_nodes)
    return Trie(byte[:count].copy(), depth[:count].copy(), terminal[:count].copy(), end[:count].copy(), root)


def second_nodes(trie: Trie) -> NDArray[np.int32]:
    """int32[256, 256]: the node for each first two bytes, or NONE."""
    nodes = np.full((256, 256), at.NONE, np.int32)
    seconds = np.flatnonzero(trie.depth == 1)
    roots = np.sort(trie.root[trie.root >= 0])
    firsts = trie.byte[roots[np.searchsorted(roots, seconds, side="right") - 1]]
    nodes[firsts, trie.byte[seconds]] = seconds
    return nodes


def trie_of_tokens(tokens: Sequence[bytes], order: Sequence[int]) -> tuple[Trie, NDArray[np.int32]]:
    """The trie of the tokens ``order``, sorted by bytes, and for each token another with the same bytes, or -1."""
    same = np.full(len(tokens), at.NONE, np.int32)
    distinct: list[int] = []
    for token in order:
        if distinct and tokens[distinct[-1]] == tokens[token]:
            same[token] = distinct[-1]
            distinct[-1] = token
        else:
            distinct.append(token)
    return make_trie([tokens[token] for token in distinct], distinct), same


def flatten(groups: Iterable[list[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The members of all groups, and before them where each group begins and the last one ends."""
    members = list(groups)
    offsets = np.zeros(len(members) + 1, np.int32)
    np.cumsum([len(group) for group in members], out=offsets[1:])
    return offsets, np.array([token for group in members for token in group], np.int32)


def install_trie(slots: NDArray[np.int64], slot: int, trie: Trie) -> None:
    """Write the addresses of a trie's arrays into the five slots from ``slot`` on."""
    arrays = (trie.byte, trie.depth, trie.terminal, trie.end, trie.root)
    slots[slot : slot + 5] = [array.ctypes.data for array in arrays]
