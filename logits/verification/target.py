"""The law that decoding declares as its target: what one token is drawn from, given the logits and the grammar's mask.

It is that of masked decoding with transformers: the mask first (custom processors come before the warpers), then
temperature, top-k and top-p, in float32. top-k keeps ties with the k-th score. top-p sorts upwards and drops the tokens
whose cumulated probability stays at or below 1 - top_p; at least one is kept. Temperature 0 is greedy decoding: the
first of the best tokens, for certain, whatever top-k and top-p say.

Other processors (penalties, ``min_p``, ...) are applied to the logits by the caller, before or in place of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ...grammar.errors import MaskwrightError
from ..bitmask import apply_token_bitmask_


@dataclass(frozen=True)
class Target:
    """``temperature`` >= 0; ``top_k`` None or >= 1; ``top_p`` in (0, 1]. Raises ``MaskwrightError`` for others."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (self.temperature >= 0.0 and math.isfinite(self.temperature)):
            raise MaskwrightError(f"the temperature is {self.temperature}", remedy="it is a number from 0")
        if self.top_k is not None and self.top_k < 1:
            raise MaskwrightError(f"top_k is {self.top_k}", remedy="it is at least 1, or None for all tokens")
        if not 0.0 < self.top_p <= 1.0:
            raise MaskwrightError(f"top_p is {self.top_p}", remedy="it is above 0 and at most 1")

    @property
    def is_greedy(self) -> bool:
        return self.temperature == 0.0

    @property
    def truncates(self) -> bool:
        """Do top-k or top-p leave tokens out?"""
        return not self.is_greedy and (self.top_k is not None or self.top_p < 1.0)

    def scores(self, logits: torch.Tensor, masks: torch.Tensor | None = None) -> torch.Tensor:
        """Logarithms of the law up to a constant for each row: float32[rows, V], minus infinity for what cannot come.

        ``logits``: float[rows, V], left as they are. ``masks``: int32[rows, ceil(V / 32)], or None to allow all. A row
        of a mask without any token gives a row of minus infinity.
        """
        scores = logits.to(torch.float32, copy=True)
        if masks is not None:
            apply_token_bitmask_(scores, masks)
        if self.is_greedy:
            return _best_only(scores)
        if self.temperature != 1.0:
            # a tensor, since torch on CUDA multiplies by the reciprocal of a number
            scores = scores / torch.full((), self.temperature, device=scores.device)
        if self.top_k is not None:
            least = torch.topk(scores, min(self.top_k, scores.shape[-1])).values[..., -1, None]
            scores = scores.masked_fill(scores < least, -torch.inf)
        if self.top_p < 1.0:
            scores = _nucleus(scores, self.top_p)
        return scores


def law_of(scores: torch.Tensor) -> torch.Tensor:
    """The law in float64 for ``scores`` float[..., V]; zeros where all are minus infinity."""
    wide = scores.to(torch.float64)
    best = wide.amax(-1, keepdim=True)
    weights = (wide - torch.where(best.isfinite(), best, torch.zeros_like(best))).exp()
    return weights / weights.sum(-1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)


def _best_only(scores: torch.Tensor) -> torch.Tensor:
    token = scores.argmax(dim=-1, keepdim=True)  # of equals the first, as ``max`` does not promise
    best = scores.gather(-1, token)
    certain = torch.full_like(scores, -torch.inf)
    return certain.scatter_(-1, token, torch.where(best == -torch.inf, best, torch.zeros_like(best)))


def _nucleus(scores: torch.Tensor, top_p: float) -> torch.Tensor:
    ordered, order = torch.sort(scores, dim=-1)
    dropped = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1.0 - top_p
    dropped[..., -1] = False
    return scores.masked_fill(dropped.scatter(-1, order, dropped), -torch.inf)
