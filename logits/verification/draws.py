"""The random numbers of a verification: given as tensors, so that implementations agree bit for bit, or lazy.

A rule asks two things only: is this node accepted, which happens with a known probability, and which token comes after
this node, under a known law. A token is drawn by the exponential race (Gumbel's trick): the greatest of score + noise,
where noise is -log(E) with E exponential. It needs no sum over the vocabulary, so that the order of additions, which
differs between devices, has no part in the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch

NO_TOKEN = -1
"""Drawn where no token is possible."""


class Draws(Protocol):
    """What a rule asks. Different nodes, and the two questions at one node, are independent."""

    def accepts(self, node: int, probability: float) -> bool:
        """True with ``probability``; asked at most once a node."""
        ...

    def token(self, node: int, scores: torch.Tensor) -> int:
        """A token that follows ``node``, from the law whose logarithms, up to a constant, are ``scores`` [V]."""
        ...


@dataclass(frozen=True)
class Noise:
    """Random numbers for a batch: ``uniforms`` float32[B, N] in [0, 1), ``gumbel`` float32[B, N, V].

    With ``uniforms[b, i]`` node i of tree b is accepted if it is below the probability; with ``gumbel[b, i]`` the token
    after it is drawn.
    """

    uniforms: torch.Tensor
    gumbel: torch.Tensor

    @classmethod
    def generate(
        cls, batch: int, nodes: int, width: int, device: torch.device | str, generator: torch.Generator | None = None
    ) -> Noise:
        """New numbers; ``generator`` has to be one of ``device``."""
        uniforms = torch.rand((batch, nodes), device=device, generator=generator)
        race = torch.empty((batch, nodes, width), device=device).exponential_(generator=generator)
        return cls(uniforms, race.clamp_(min=torch.finfo(torch.float32).tiny).log_().neg_())


class GivenDraws:
    """Answers from one tree's share of a ``Noise``: ``uniforms`` [N], ``gumbel`` [N, V]."""

    def __init__(self, uniforms: torch.Tensor, gumbel: torch.Tensor) -> None:
        self._uniforms = uniforms
        self._gumbel = gumbel

    def accepts(self, node: int, probability: float) -> bool:
        return float(self._uniforms[node]) < probability

    def token(self, node: int, scores: torch.Tensor) -> int:
        return winner(scores, self._gumbel[node])


class SeededDraws:
    """Answers drawn when they are asked for: a walk asks about few of a tree's nodes.

    A token takes one uniform number and the cumulated law in float64, which on the CPU costs less than a race.
    """

    def __init__(self, generator: torch.Generator | None = None) -> None:
        self._generator = generator
        self._device = torch.device("cpu") if generator is None else generator.device

    def accepts(self, node: int, probability: float) -> bool:
        return float(torch.rand((), device=self._device, generator=self._generator)) < probability

    def token(self, node: int, scores: torch.Tensor) -> int:
        best = float(scores.max())
        if best == -math.inf:
            return NO_TOKEN
        weights = (scores.to(torch.float64) - best).exp_()
        sums = weights.cumsum(0)
        point = torch.rand((), dtype=torch.float64, device=self._device, generator=self._generator).to(sums.device)
        token = int(torch.searchsorted(sums, point * sums[-1], right=True))
        return token if token < len(sums) else int(weights.nonzero()[-1])


class BestDraws:
    """Answers without chance: the best token. For drafts that are compared with it, not for drawn ones."""

    def accepts(self, node: int, probability: float) -> bool:
        return probability >= 1.0

    def token(self, node: int, scores: torch.Tensor) -> int:
        token = int(scores.argmax())
        return NO_TOKEN if scores[token] == -torch.inf else token


def winner(scores: torch.Tensor, noise: torch.Tensor) -> int:
    """The token of the greatest score + noise, of equals the first; ``NO_TOKEN`` if all scores are minus infinity."""
    total = scores + noise
    token = int(total.argmax())
    return NO_TOKEN if total[token] == -torch.inf else token
