"""Draft trees as flat arrays: one tree on the host, and a batch of them as tensors, with the attention that fits.

Node 0 is the root, the last token of the text, which the model has not read yet; every other node is a drafted token
that follows its parent. Parents come before their children. A chain is a tree in which the parent of i is i - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ...grammar.errors import MaskwrightError

NO_PARENT = -1
"""The parent of a root, and of the nodes that pad a batch."""


class DraftTree:
    """One tree: ``tokens`` and ``parents`` int64[n], ``depths`` int64[n] with 0 at the root.

    ``log_q`` float64[n]: what the drafter gave each node, given its parent; 0 for deterministic drafts and the root.
    ``sources`` int64[n]: which drafter a node comes from, numbered by the caller.
    Raises ``MaskwrightError`` where a parent does not come before its child.
    """

    def __init__(
        self,
        tokens: ArrayLike,
        parents: ArrayLike,
        *,
        log_q: ArrayLike | None = None,
        sources: ArrayLike | None = None,
    ) -> None:
        self.tokens: NDArray[np.int64] = np.asarray(tokens, np.int64)
        self.parents: NDArray[np.int64] = np.asarray(parents, np.int64)
        count = len(self.tokens)
        self.log_q: NDArray[np.float64] = np.zeros(count) if log_q is None else np.asarray(log_q, np.float64)
        self.sources: NDArray[np.int64] = (
            np.zeros(count, np.int64) if sources is None else np.asarray(sources, np.int64)
        )
        lengths = {each.shape for each in (self.tokens, self.parents, self.log_q, self.sources)}
        if count == 0 or lengths != {(count,)}:
            raise MaskwrightError(f"the arrays of a draft tree have the shapes {sorted(lengths)}, not one and the same")
        if self.parents[0] != NO_PARENT:
            raise MaskwrightError("node 0 of a draft tree is its root", remedy=f"give it the parent {NO_PARENT}")
        later = self.parents[1:]
        if (later < 0).any() or (later >= np.arange(1, count)).any():
            raise MaskwrightError("a node of a draft tree comes before its parent", remedy="order nodes by depth")

    @classmethod
    def chain(cls, root: int, drafted: Sequence[int], source: int = 0, log_q: ArrayLike | None = None) -> DraftTree:
        """``drafted`` one after the other, behind the last token of the text; ``log_q`` has one entry for each."""
        count = len(drafted) + 1
        logs = None if log_q is None else np.concatenate([[0.0], np.asarray(log_q, np.float64)])
        return cls([root, *drafted], np.arange(-1, count - 1), log_q=logs, sources=np.full(count, source))

    @classmethod
    def known(cls, tokens: Sequence[int], parents: Sequence[int], depths: Sequence[int]) -> DraftTree:
        """One that was grown parents first, which is not looked at again."""
        tree = cls.__new__(cls)
        tree.tokens, tree.parents, tree.depths = np.array((tokens, parents, depths), np.int64)
        tree.log_q = np.zeros(len(tokens))
        tree.sources = np.zeros(len(tokens), np.int64)
        return tree

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def depths(self) -> NDArray[np.int64]:
        depths = np.zeros(len(self), np.int64)
        for node, parent in enumerate(self.parents.tolist()):
            depths[node] = 0 if parent == NO_PARENT else depths[parent] + 1
        return depths

    @cached_property
    def children(self) -> list[list[int]]:
        """The children of each node, in the order in which they were drafted."""
        children: list[list[int]] = [[] for _ in range(len(self))]
        for node, parent in enumerate(self.parents.tolist()):
            if parent != NO_PARENT:
                children[parent].append(node)
        return children

    @cached_property
    def ancestors(self) -> NDArray[np.bool_]:
        """bool[n, n]: row i is True at i and at the nodes on the way from the root to it."""
        parents = self.parents.tolist()
        if parents == list(range(-1, len(self) - 1)):
            return np.tri(len(self), dtype=np.bool_)
        ancestors = np.eye(len(self), dtype=np.bool_)
        for node, parent in enumerate(parents):
            if parent != NO_PARENT:
                ancestors[node] |= ancestors[parent]
        return ancestors

    def path(self, node: int) -> list[int]:
        """The nodes from the root to ``node``, both included."""
        return [int(each) for each in np.flatnonzero(self.ancestors[node])]


@dataclass(frozen=True)
class TreeBatch:
    """Trees side by side, padded at the end to N nodes, as tensors of one device.

    ``tokens``, ``parents``, ``depths``: int64[B, N]; ``ancestors``: bool[B, N, N]. A padding node has no parent and
    sees itself and the text only, so that it changes nothing and is never reached.
    """

    trees: tuple[DraftTree, ...]
    tokens: torch.Tensor
    parents: torch.Tensor
    depths: torch.Tensor
    ancestors: torch.Tensor

    @classmethod
    def of(
        cls,
        trees: Sequence[DraftTree],
        device: torch.device | str = "cpu",
        *,
        padding: int = 0,
        nodes: int | None = None,
    ) -> TreeBatch:
        """``padding``: a token to pad with. ``nodes``: N, at least the size of the largest tree, which it is by
        default."""
        if len(trees) == 1 and nodes is None:
            [tree] = trees
            numbers = np.array((tree.tokens, tree.parents, tree.depths))[:, None]
            tokens, parents, depths = torch.from_numpy(numbers).to(device).unbind()
            return cls(tuple(trees), tokens, parents, depths, torch.from_numpy(tree.ancestors)[None].to(device))
        width = max(map(len, trees)) if nodes is None else nodes
        numbers = np.zeros((3, len(trees), width), np.int64)
        numbers[0], numbers[1] = padding, NO_PARENT
        ancestors = np.zeros((len(trees), width, width), np.bool_)
        ancestors[:] = np.eye(width, dtype=np.bool_)
        for row, tree in enumerate(trees):
            numbers[:, row, : len(tree)] = tree.tokens, tree.parents, tree.depths
            ancestors[row, : len(tree), : len(tree)] = tree.ancestors
        tokens, parents, depths = torch.from_numpy(numbers).to(device).unbind()
        return cls(tuple(trees), tokens, parents, depths, torch.from_numpy(ancestors).to(device))

    def position_ids(self, lengths: torch.Tensor | int) -> torch.Tensor:
        """int64[B, N]; ``lengths``: how many tokens of each text come before its root, int64[B] or one for all."""
        if isinstance(lengths, torch.Tensor):
            return lengths.to(self.depths.device)[:, None] + self.depths
        return self.depths + lengths

    def attention_mask(self, past: torch.Tensor | int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """What each node sees, [B, 1, N, P + N], for a model whose cache holds P columns before the tree's.

        ``past``: [B, P], nonzero where a column of the cache is part of the text; or P, if all are. With ``dtype``
        bool, True is seen; else 0 is added where a node sees, and the least finite number where it does not.
        """
        batch, nodes = self.tokens.shape
        device = self.tokens.device
        if isinstance(past, int):
            before = torch.ones((batch, 1, 1, past), dtype=torch.bool, device=device)
        else:
            before = past.to(device=device, dtype=torch.bool)[:, None, None, :]
        seen = torch.cat([before.expand(-1, -1, nodes, -1), self.ancestors[:, None]], dim=-1)
        if dtype == torch.bool:
            return seen
        least = torch.full((), torch.finfo(dtype).min, dtype=dtype, device=device)
        return torch.where(seen, torch.zeros((), dtype=dtype, device=device), least)
