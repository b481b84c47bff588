"""Several drafts of which only the last is drawn: the best that drafts of this kind allow.

The first K - 1 drafts are chosen freely (the drafter's most probable tokens, what the grammar forces), the last is
drawn from q without these. The drafts are a fixed set S and X ~ q'. A token of S is at hand whatever X is; another
token y only where X = y, which happens with probability q'(y). So no rule accepts more often than p(S) + sum over the
others of min(p, q'), and this one does: accept X with probability min(1, p / q'), else draw from what is left of p, all
of S included, and descend if the token lies in S. It is the greedy sampling of arXiv 2502.18779, with the optimal
transport for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .descent import Children
from .draws import Draws
from .recursive_rejection import draft_law, residual, without
from .target import law_of


@dataclass(frozen=True)
class GreedyDrafts:
    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        target, proposed = law_of(scores), draft_law(children)
        for token in children.tokens[:-1]:
            proposed = without(proposed, token)
        drawn, node = children.tokens[-1], children.nodes[-1]
        offered = float(proposed[drawn])
        if not offered > 0.0:
            raise ValueError(f"token {drawn} was drafted last, but its draft law gives it no probability")
        if draws.accepts(node, min(1.0, float(target[drawn]) / offered)):
            return drawn, node
        return children.after(draws.token(children.node, residual(target, proposed).log()))


GREEDY_DRAFTS = GreedyDrafts()
