"""Kernels that build the tables of a vocabulary."""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .layout import INSIDE, STRING_CLOSE, STRING_REJECT

Bytes1 = types.Array(types.uint8, 1, "C", readonly=True)
NewBytes1 = types.Array(types.uint8, 1, "C")
Bytes2 = types.Array(types.uint8, 2, "C")
Halves1 = types.Array(types.uint16, 1, "C")
Ints1 = types.Array(types.int32, 1, "C")
Longs1 = types.Array(types.int64, 1, "C")


@kernel(types.int64, Bytes1, Longs1, Ints1, NewBytes1, Halves1, Ints1, Ints1, Ints1, Longs1, entry=True)
def build_trie(content, offsets, values, byte, depth, terminal, end, root, open_nodes):
    """Fill the arrays of a ``Trie`` from sorted strings; the number of nodes."""
    count = 0
    open_count = 0
    for i in range(len(values)):
        start = offsets[i]
        length = offsets[i + 1] - start
        common = 0
        if i > 0:
            previous = offsets[i - 1]
            while common < min(length, start - previous) and content[previous + common] == content[start + common]:
                common += 1
        while open_count > common:
            open_count -= 1
            end[open_nodes[open_count]] = count
        for position in range(common, length):
            if position == 0:
                root[content[start]] = count
            open_nodes[open_count] = count
            open_count += 1
            byte[count] = content[start + position]
            depth[count] = position
            terminal[count] = -1
            count += 1
        terminal[count - 1] = values[i]
    while open_count > 0:
        open_count -= 1
        end[open_nodes[open_count]] = count
    return count


@kernel(types.void, Bytes1, Longs1, Bytes2, Ints1, Ints1, entry=True)
def scan_strings(content, offsets, string_table, stays, quotes):
    """Read every token from inside a JSON string.

    ``stays[t]``: the code points read if the token stays inside, else -1; ``quotes[t]``: the index of the byte after
    its closing quote, else -1, with the code points before it left in ``stays``, as ``-2 - count``.
    """
    for token in range(len(stays)):
        state = np.int64(INSIDE)
        count = 0
        stays[token] = -1
        quotes[token] = -1
        start = offsets[token]
        for position in range(offsets[token + 1] - start):
            following = np.int64(string_table[state, content[start + position]])
            if following == STRING_REJECT:
                state = following
                break
            if following == STRING_CLOSE:
                quotes[token] = position + 1
                stays[token] = -2 - count
                state = following
                break
            if state == INSIDE:
                count += 1
            state = following
        if state < STRING_CLOSE and offsets[token + 1] > start:
            stays[token] = count
