"""The rule for nodes whose children come from several drafters, one of which may be drawn at random.

A drawn child is judged first, as verification judges a single draw (``RECURSIVE``): it is accepted, or else a token is
drawn from what is left of the target. That token is then compared with the other children: it is a draw like any other,
so descending to a child that it names changes nothing in its law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ...logits.verification import RECURSIVE, SAMPLED, Children, Draws


@dataclass(frozen=True)
class DrawnFirst:
    """``drawn``: for a node with a drawn child, that child and the law float[V] that it was drawn from."""

    drawn: Mapping[int, tuple[int, torch.Tensor]]

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        if children.node not in self.drawn:
            return SAMPLED.choose(scores, children, draws)
        child, law = self.drawn[children.node]
        token = children.tokens[children.nodes.index(child)]
        drawn = Children(children.node, [child], [token], _as_wide(law.to(scores.device), len(scores)))
        token, accepted = RECURSIVE.choose(scores, drawn, draws)
        return (token, accepted) if accepted is not None else children.after(token)


def _as_wide(law: torch.Tensor, width: int) -> torch.Tensor:
    """A model's logits are often wider than its vocabulary, by another width for each model."""
    return torch.nn.functional.pad(law, (0, width - len(law)))
