"""Deterministic drafts: draw from the target, and descend if what was drawn had been drafted.

The token is drawn as if there were no drafts, so its law is the target's whatever the drafts are, as long as they do
not depend on the random numbers with which it is drawn. At temperature 0 this is comparing with the best token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .descent import Children
from .draws import Draws


@dataclass(frozen=True)
class Sampled:
    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        return children.after(draws.token(children.node, scores))


SAMPLED = Sampled()
