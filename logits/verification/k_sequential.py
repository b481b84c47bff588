"""K independent drafts, each accepted with probability min(1, p / (r q)): K-SEQ of SpecTr (arXiv 2310.15141).

With b(r) = sum min(p / r, q), a draft is accepted with probability b, one of K with 1 - (1 - b)^K, and the token y is
accepted with min(p(y) / r, q(y)) (1 - (1 - b)^K) / b. That is at most p(y) whenever 1 - (1 - b)^K <= r b, and the rest
of p is drawn when none is accepted. The least such r is found by bisection between 1 and K; any greater one is valid
too, so rounding costs acceptance and not the law. It accepts at least a 1 - 1/e share of what the optimal transport
does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .descent import Children
from .draws import Draws
from .recursive_rejection import draft_law, residual
from .target import law_of

_HALVINGS = 40


@dataclass(frozen=True)
class KSequential:
    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        target, proposed = law_of(scores), draft_law(children)
        count = len(children.nodes)
        scale = least_scale(target, proposed, count)
        for node, token in zip(children.nodes, children.tokens, strict=True):
            offered = float(proposed[token])
            if not offered > 0.0:
                raise ValueError(f"token {token} was drafted, but its draft law gives it no probability")
            if draws.accepts(node, min(1.0, float(target[token]) / (scale * offered))):
                return token, node
        served = torch.minimum(target / scale, proposed)
        each = float(served.sum())
        taken = served * ((1.0 - (1.0 - each) ** count) / each) if each > 0.0 else served
        return children.after(draws.token(children.node, residual(target, taken).log()))


def least_scale(target: torch.Tensor, proposed: torch.Tensor, count: int) -> float:
    """The least r from 1 to ``count`` with 1 - (1 - b(r))^count <= r b(r), to 12 digits, rounded up."""

    def is_valid(scale: float) -> bool:
        each = min(1.0, float(torch.minimum(target / scale, proposed).sum()))
        return bool(1.0 - (1.0 - each) ** count <= scale * each)

    if is_valid(1.0):
        return 1.0
    low, high = 1.0, float(count)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_valid(middle) else (middle, high)
    return high


K_SEQUENTIAL = KSequential()
