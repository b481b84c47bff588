"""What speculation learns while it writes, apart from the texts and the constraint that it writes them under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...grammar.vocabulary import Vocabulary
from .acceptance import Acceptance
from .drafter import Drafter
from .options import Speculation
from .pass_cost import FreeNodes, PassCost


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
