"""``verify``: which drafts of a batch are kept, and the token after them.

Where every node is sampled anyway (``SAMPLED`` with given noise, or on CUDA), all rows are drawn at once; else a walk
on the host asks for the rows of its path only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .descent import Rule, walk
from .draws import Draws, GivenDraws, Noise, SeededDraws
from .sampled import SAMPLED
from .sampling import draw_rows, has_kernels
from .target import Target
from .tree import TreeBatch
from .tree_walk import walk_samples


@dataclass(frozen=True)
class Verdict:
    """For each tree of a batch the accepted nodes, the root first, and the token drawn after the last of them."""

    paths: list[list[int]]
    tokens: list[int]


def verify(
    batch: TreeBatch,
    logits: torch.Tensor,
    masks: torch.Tensor | None,
    target: Target,
    randomness: Noise | torch.Generator | None = None,
    rule: Rule | Sequence[Rule] = SAMPLED,
    draft_laws: torch.Tensor | None = None,
) -> Verdict:
    """Judge the drafts of ``batch``.

    ``logits``: float[B, N, V] of the model at each node. ``masks``: int32[B, N, ceil(V / 32)], what may follow each
    node by its own path, on the CPU or beside the logits; None allows all. ``randomness``: a generator of the logits'
    device, None for torch's own, or the numbers themselves. ``rule``: for all trees, or one for each.
    ``draft_laws``: float[B, N, V], see the package's docstring.
    """
    if rule is SAMPLED and (isinstance(randomness, Noise) or has_kernels(logits)):
        return _verify_all_rows(batch, logits, masks, target, randomness)
    rules = list(rule) if isinstance(rule, Sequence) else [rule] * len(batch.trees)
    paths, tokens = [], []
    for row, tree in enumerate(batch.trees):
        draws: Draws
        if isinstance(randomness, Noise):
            draws = GivenDraws(randomness.uniforms[row], randomness.gumbel[row])
        else:
            draws = SeededDraws(randomness)

        def scores_of(node: int, row: int = row) -> torch.Tensor:
            mask = None if masks is None else masks[row, node : node + 1]
            return target.scores(logits[row, node : node + 1], mask)[0]

        laws = None if draft_laws is None else draft_laws[row]
        path, token = walk(tree, scores_of, rules[row], draws, laws)
        paths.append(path)
        tokens.append(token)
    return Verdict(paths, tokens)


def _verify_all_rows(
    batch: TreeBatch,
    logits: torch.Tensor,
    masks: torch.Tensor | None,
    target: Target,
    randomness: Noise | torch.Generator | None,
) -> Verdict:
    """Draw a token at every node, then descend; the host waits for the device once, at the end."""
    count, nodes, width = logits.shape
    if not isinstance(randomness, Noise) and not target.is_greedy:
        randomness = Noise.generate(count, nodes, width, logits.device, randomness)
    gumbel = randomness.gumbel.flatten(0, 1) if isinstance(randomness, Noise) else None
    flat_masks = None if masks is None else masks.flatten(0, 1)
    samples = draw_rows(logits.flatten(0, 1), flat_masks, target, gumbel).view(count, nodes)
    found = torch.cat([each.view(count, -1) for each in walk_samples(batch.parents, batch.tokens, samples)], dim=1)
    paths, tokens = [], []
    for *path, length, token in found.tolist():
        paths.append(path[:length])
        tokens.append(token)
    return Verdict(paths, tokens)
