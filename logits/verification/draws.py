"""The random numbers of a verification: given as tensors, so that implementations agree bit for bit, or lazy.

A rule asks two things only: is this node accepted, which happens with a known probability, and which token comes after
this node, under a known law. A token is drawn by the exponential race (Gumbel's trick): the greatest of score + noise,
where noise is -log(E) with E exponential. It needs no sum over the vocabulary, so that the order of additions, which
differs between devices, has no part in the result.
"""

from __future__ import annotations

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
    """Answers drawn when they are asked for: a walk asks about few of a tree's nodes."""

    def __init__(self, generator: torch.Generator | None = None) -> None:
        self._generator = generator

    def accepts(self, node: int, probability: float) -> bool:
        device = "cpu" if self._generator is None else self._generator.device
        return float(torch.rand((), device=device, generator=self._generator)) < probability

    def token(self, node: int, scores: torch.Tensor) -> int:
        possible = (scores > -torch.inf).nonzero().flatten()  # under a grammar these are often few
        if len(possible) < 2:
            return int(possible[0]) if len(possible) else NO_TOKEN
        race = torch.empty(len(possible), device=scores.device).exponential_(generator=self._generator)
        noise = race.clamp_(min=torch.finfo(torch.float32).tiny).log_().neg_()
        return int(possible[winner(scores[possible], noise)])


def winner(scores: torch.Tensor, noise: torch.Tensor) -> int:
    """The token of the greatest score + noise, of equals the first; ``NO_TOKEN`` if all scores are minus infinity."""
    total = scores + noise
    token = int(total.argmax())
    return NO_TOKEN if total[token] == -torch.inf else token
