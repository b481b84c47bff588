"""Drafts drawn from a law q: accept the first with probability min(1, p / q), else go on with what is left of p.

What is left after a rejection is max(p - q, 0), normalised; the next draft is judged by it, and when none is left the
token is drawn from it. With one draft this is speculative sampling (Leviathan et al., arXiv 2211.17192; Chen et al.,
arXiv 2302.01318). With several independent ones it is the recursive rejection of SpecInfer (arXiv 2305.09781), and
where they are drawn without replacement that of RSD (arXiv 2402.14160): q is then normalised without the drafts before.
Each round keeps the law: p(y) = min(p, q)(y) + (1 - sum min(p, q)) residual(y).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .descent import Children
from .draws import Draws
from .target import law_of


@dataclass(frozen=True)
class RecursiveRejection:
    """``replacement``: were drafts drawn independently of each other?"""

    replacement: bool

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        left, proposed = law_of(scores), draft_law(children)
        for node, token in zip(children.nodes, children.tokens, strict=True):
            offered, wanted = float(proposed[token]), float(left[token])
            if not offered > 0.0:
                raise ValueError(f"token {token} was drafted, but its draft law gives it no probability")
            if draws.accepts(node, min(1.0, wanted / offered)):
                return token, node
            left = residual(left, proposed)
            if not self.replacement:
                proposed = without(proposed, token)
        return draws.token(children.node, left.log()), None


def draft_law(children: Children) -> torch.Tensor:
    """The law that children were drawn from, float64[V]. Raises ``ValueError`` if none is known."""
    if children.law is None:
        raise ValueError("drafts that were drawn are judged by their law: pass draft_laws, or use SAMPLED")
    wide = children.law.to(torch.float64)
    return wide / wide.sum()


def residual(target: torch.Tensor, taken: torch.Tensor) -> torch.Tensor:
    """What is left of ``target`` once ``taken`` is served from it, as a law.

    Nothing is left where both are equal up to rounding; then a rejection has no probability, and ``target`` stands in.
    """
    rest = (target - taken).clamp(min=0.0)
    total = rest.sum()
    return torch.where(total > 0.0, rest / total.clamp(min=torch.finfo(torch.float64).tiny), target)


def without(law: torch.Tensor, token: int) -> torch.Tensor:
    """``law`` given that it is not ``token``."""
    rest = law.clone()
    rest[token] = 0.0
    return rest / rest.sum().clamp(min=torch.finfo(torch.float64).tiny)


RECURSIVE = RecursiveRejection(replacement=True)
WITHOUT_REPLACEMENT = RecursiveRejection(replacement=False)
