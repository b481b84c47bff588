"""What speculation learns while it writes, apart from the texts and the constraint that it writes them under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...grammar.vocabulary import Vocabulary
from .acceptance import Acceptance
from .drafter import Drafter
from .likeliest import likeliest
from .options import Speculation
from .pass_cost import FreeNodes, PassCost
from .recycling import Recycling


@dataclass(frozen=True)
class Learned:
    """Drafters, how often their guesses were right, and what passes cost. It refers to no constraint."""

    drafters: Sequence[Drafter]
    acceptance: Acceptance
    cost: PassCost | FreeNodes

    @classmethod
    def of(cls, options: Speculation, vocabulary: Vocabulary) -> Learned:
        """What is known at the beginning: what the drafters of ``options`` remember."""
        drafters = options.drafters_for(vocabulary)
        cost = PassCost() if options.adaptive else FreeNodes()
        return cls(drafters, Acceptance([each.prior for each in drafters]), cost)

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.drafters]

    def read(self, tokens: NDArray[np.int64], logits: torch.Tensor, rows: Sequence[int] | None = None) -> None:
        """A model has read ``tokens`` int64[n], after which it gave ``logits`` float[n, V], or ``rows`` of them."""
        for drafter in self.drafters:
            if isinstance(drafter, Recycling):
                drafter.learn(tokens, likeliest(logits, range(len(tokens)) if rows is None else rows))
