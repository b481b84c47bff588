"""``verify``: which drafts of a batch are kept, and the token after them.

On CUDA ``SAMPLED`` draws at all nodes at once, and recursive rejection walks all trees, by kernels. Elsewhere, and for
the other rules, a walk on the host asks for the rows of its path only; a compiled one at temperature 0 on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .best_path import best_path
from .descent import Rule, walk
from .draws import BestDraws, Draws, GivenDraws, Noise, SeededDraws
from .recursive_rejection import RecursiveRejection
from .sampled import SAMPLED
from .sampling import draw_rows, has_kernels, log_laws
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
    if rule is SAMPLED and target.is_greedy and logits.device.type == "cpu":
        return _verify_best(batch, logits, masks)
    if rule is SAMPLED and (isinstance(randomness, Noise) or has_kernels(logits)):
        return _verify_all_rows(batch, logits, masks, target, randomness)
    if isinstance(rule, RecursiveRejection) and draft_laws is not None and has_kernels(logits):
        return _verify_rejecting(batch, logits, masks, target, randomness, draft_laws, rule.replacement)
    return _verify_on_host(batch, logits, masks, target, randomness, rule, draft_laws)


def _verify_best(batch: TreeBatch, logits: torch.Tensor, masks: torch.Tensor | None) -> Verdict:
    """At temperature 0 on the CPU, one compiled walk for each tree."""
    walks = [
        best_path(tree, logits[row], None if masks is None else masks[row]) for row, tree in enumerate(batch.trees)
    ]
    return Verdict([path for path, _ in walks], [token for _, token in walks])


def _verify_on_host(
    batch: TreeBatch,
    logits: torch.Tensor,
    masks: torch.Tensor | None,
    target: Target,
    randomness: Noise | torch.Generator | None,
    rule: Rule | Sequence[Rule],
    draft_laws: torch.Tensor | None,
) -> Verdict:
    """Walk down each tree; at temperature 0 the best token is looked for in the masked logits themselves."""
    greedy = rule is SAMPLED and target.is_greedy
    scoring = Target() if greedy else target
    rules = list(rule) if isinstance(rule, Sequence) else [rule] * len(batch.trees)
    paths, tokens = [], []
    for row, tree in enumerate(batch.trees):
        draws: Draws
        if greedy:
            draws = BestDraws()
        elif isinstance(randomness, Noise):
            draws = GivenDraws(randomness.uniforms[row], randomness.gumbel[row])
        else:
            draws = SeededDraws(randomness)

        def scores_of(node: int, row: int = row) -> torch.Tensor:
            mask = None if masks is None else masks[row, node : node + 1]
            return scoring.scores(logits[row, node : node + 1], mask)[0]

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
    count, nodes, _ = logits.shape
    noise = None if target.is_greedy else _noise(randomness, logits)
    gumbel = None if noise is None else noise.gumbel.flatten(0, 1)
    samples = draw_rows(logits.flatten(0, 1), _flat(masks), target, gumbel).view(count, nodes)
    return _verdict(walk_samples(batch.parents, batch.tokens, samples))


def _verify_rejecting(
    batch: TreeBatch,
    logits: torch.Tensor,
    masks: torch.Tensor | None,
    target: Target,
    randomness: Noise | torch.Generator | None,
    draft_laws: torch.Tensor,
    replacement: bool,
) -> Verdict:
    """Recursive rejection by a kernel that walks each tree."""
    from .triton_rejection import walk_rejecting_triton

    laws = log_laws(logits.flatten(0, 1), _flat(masks), target).view(logits.shape)
    noise = _noise(randomness, logits)
    found = walk_rejecting_triton(batch.parents, batch.tokens, laws, draft_laws, noise, replacement)
    return _verdict(found)


def _noise(randomness: Noise | torch.Generator | None, logits: torch.Tensor) -> Noise:
    if isinstance(randomness, Noise):
        return randomness
    batch, nodes, width = logits.shape
    return Noise.generate(batch, nodes, width, logits.device, randomness)


def _flat(masks: torch.Tensor | None) -> torch.Tensor | None:
    return None if masks is None else masks.flatten(0, 1)


def _verdict(found: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> Verdict:
    """Paths [B, N], their lengths [B] and the tokens after them [B], fetched in one piece."""
    paths, tokens = [], []
    for *path, length, token in torch.cat([each.view(len(found[1]), -1) for each in found], dim=1).tolist():
        paths.append(path[:length])
        tokens.append(token)
    return Verdict(paths, tokens)
