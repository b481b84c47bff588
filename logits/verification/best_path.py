"""At temperature 0 on the CPU: the walk down a draft tree along the best token of each node, in one compiled loop.

Only the rows of the path are looked at, and of each only the words of its mask in which something is allowed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...grammar.kernels.disk_cache import compiled_as_called
from .draws import NO_TOKEN
from .tree import DraftTree

_NO_MASKS = np.zeros((0, 0), np.int32)


def best_path(tree: DraftTree, logits: torch.Tensor, masks: torch.Tensor | None) -> tuple[list[int], int]:
    """The nodes of the path, the root first, and the best token after the last of them.

    ``logits``: float[N, V] on the CPU, ``masks``: int32[N, ceil(V / 32)] or None, each with a row for every node at
    least. Of equal logits the first is the best; ``NO_TOKEN`` where none is above minus infinity, or one is NaN.
    """
    if logits.dtype not in (torch.float32, torch.float64):
        logits = logits.float()
    rows: NDArray[Any] = logits.detach().contiguous().numpy()
    words: NDArray[np.int32] = _NO_MASKS if masks is None else masks.contiguous().numpy()
    path = np.empty(len(tree), np.int64)
    length, token = _walk(rows, words, tree.parents, tree.tokens, path)
    return path[:length].tolist(), int(token)


@compiled_as_called
def _walk(logits: Any, masks: Any, parents: Any, tokens: Any, path: Any) -> tuple[int, int]:
    node, length = 0, 0
    while True:
        path[length] = node
        length += 1
        token = _best(logits[node], masks[node]) if len(masks) else _best_of_all(logits[node])
        child = node + 1
        while child < len(tokens) and not (parents[child] == node and tokens[child] == token):
            child += 1
        if child == len(tokens):
            return length, token
        node = child


@compiled_as_called
def _best(logits: Any, mask: Any) -> int:
    """75 microseconds for 131,072 logits that are all allowed, 4 where one word in a hundred allows something."""
    best, found = -np.inf, NO_TOKEN
    for index in range(min(len(mask), -(-len(logits) // 32))):
        word = mask[index]
        if word == 0:
            continue
        for column in range(32 * index, min(32 * index + 32, len(logits))):
            value = logits[column]
            if not value <= best and (word >> np.int32(column - 32 * index)) & 1:
                if value != value:
                    return NO_TOKEN
                best, found = value, column
    return found


@compiled_as_called
def _best_of_all(logits: Any) -> int:
    best, found = -np.inf, NO_TOKEN
    for column, value in enumerate(logits):
        if not value <= best:
            if value != value:
                return NO_TOKEN
            best, found = value, column
    return found
