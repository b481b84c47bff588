"""The rule for nodes whose children come from several drafters, one of which may be drawn at random.

A drawn child is judged first: accepted with probability min(1, p/q), which together with a draw from the positive part
of p - q gives p (Leviathan et al. 2023, arXiv 2211.17192). That draw is then compared with the other children: it is a
draw like any other, so descending to a child that it names changes nothing in its law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ...logits.verification import SAMPLED, Children, Draws
from ...logits.verification.target import law_of


@dataclass(frozen=True)
class DrawnFirst:
    """``drawn``: for a node with a drawn child, that child and the law float[V] that it was drawn from."""

    drawn: Mapping[int, tuple[int, torch.Tensor]]

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        if children.node not in self.drawn:
            return SAMPLED.choose(scores, children, draws)
        child, law = self.drawn[children.node]
        token = children.tokens[children.nodes.index(child)]
        wanted, drafted = law_of(scores), _as_wide(law_of(law.to(scores.device).log()), len(scores))
        if draws.accepts(child, float(wanted[token] / drafted[token])):
            return token, child
        rest = (wanted - drafted).clamp(min=0.0)
        if not bool(rest.any()):  # equal laws, told apart by rounding
            rest = wanted
        return children.after(draws.token(children.node, rest.log()))


def _as_wide(law: torch.Tensor, width: int) -> torch.Tensor:
    """A model's logits are often wider than its vocabulary, by another width for each model."""
    return torch.nn.functional.pad(law, (0, width - len(law)))
