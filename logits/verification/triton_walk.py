"""The descent in a batch of trees in Triton: one program for a tree, whose nodes it holds in registers."""

from __future__ import annotations

import torch
import triton  # type: ignore[import-not-found, import-untyped, unused-ignore]
import triton.language as tl  # type: ignore[import-not-found, import-untyped, unused-ignore]

from .tree import NO_PARENT


def walk_samples_triton(
    parents: torch.Tensor, tokens: torch.Tensor, samples: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As ``tree_walk.walk_samples``."""
    batch, nodes = parents.shape
    paths = torch.full((batch, nodes), NO_PARENT, dtype=torch.int64, device=parents.device)
    lengths = torch.empty(batch, dtype=torch.int64, device=parents.device)
    last = torch.empty(batch, dtype=torch.int64, device=parents.device)
    _walk_tree[(batch,)](
        parents.contiguous(),
        tokens.contiguous(),
        samples.contiguous(),
        paths,
        lengths,
        last,
        nodes,
        NODES=max(16, triton.next_power_of_2(nodes)),
    )
    return paths, lengths, last


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _walk_tree(
    parents: tl.tensor,
    tokens: tl.tensor,
    samples: tl.tensor,
    paths: tl.tensor,
    lengths: tl.tensor,
    last: tl.tensor,
    nodes: tl.tensor,
    NODES: tl.constexpr,  # noqa: N803 - Triton's convention for constants
) -> None:
    tree = tl.program_id(0).to(tl.int64)
    first = tree * nodes
    index = tl.arange(0, NODES)
    parent = tl.load(parents + first + index, mask=index < nodes, other=-1)
    token = tl.load(tokens + first + index, mask=index < nodes, other=-1)
    node = tl.zeros((), tl.int32)
    length = tl.zeros((), tl.int32)
    going = tl.full((), 1, tl.int32)
    sample = tl.load(samples + first)
    while going != 0:
        tl.store(paths + first + length, node.to(tl.int64))
        length += 1
        sample = tl.load(samples + first + node)
        child = tl.min(tl.where((parent == node) & (token == sample), index, NODES), axis=0)
        going = (child < NODES).to(tl.int32)
        node = tl.where(child < NODES, child, node)
    tl.store(lengths + tree, length.to(tl.int64))
    tl.store(last + tree, sample)
