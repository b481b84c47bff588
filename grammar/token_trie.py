"""Tries of byte strings as flat arrays in depth-first order, built by a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
