"""Descending in all trees of a batch at once, given the token that was drawn at every node."""

from __future__ import annotations

import torch

from .sampling import has_kernels
from .tree import NO_PARENT


def walk_samples(
    parents: torch.Tensor, tokens: torch.Tensor, samples: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """From each root on to the child that holds the token drawn, the first of equals, as long as there is one.

    ``parents``, ``tokens``, ``samples``: int64[B, N]. Returns the nodes of the paths int64[B, N], ``NO_PARENT`` behind
    their ends, their lengths int64[B], and the tokens drawn at their last nodes int64[B]. Nothing waits for the device.
    """
    if has_kernels(parents):
        from .triton_walk import walk_samples_triton

        return walk_samples_triton(parents, tokens, samples)
    return walk_samples_reference(parents, tokens, samples)


def walk_samples_reference(
    parents: torch.Tensor, tokens: torch.Tensor, samples: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same in plain torch: one step for each possible depth."""
    batch, nodes = parents.shape
    paths = torch.full((batch, nodes), NO_PARENT, dtype=torch.int64, device=parents.device)
    paths[:, 0] = 0
    node = torch.zeros((batch, 1), dtype=torch.int64, device=parents.device)
    lengths = torch.ones(batch, dtype=torch.int64, device=parents.device)
    going = torch.ones((batch, 1), dtype=torch.bool, device=parents.device)
    for depth in range(1, nodes):
        following = (parents == node) & (tokens == samples.gather(1, node))
        going &= following.any(1, keepdim=True)
        node = torch.where(going, following.to(torch.int64).argmax(1, keepdim=True), node)
        paths[:, depth : depth + 1] = torch.where(going, node, NO_PARENT)
        lengths += going[:, 0]
    return paths, lengths, samples.gather(1, node)[:, 0]
