"""What speculation did: passes, drafts, and which of them were right."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class SpeculationStats:
    """``forward_passes``: of the model, reading the prompt left out; ``tokens``: written.

    ``drafted`` and ``accepted``: nodes of draft trees by the drafter that named them first. ``lengths``: how often so
    many drafted tokens were accepted in one pass of one sequence. ``forward_seconds``: in the model; ``draft_seconds``:
    in drafters, grammar masks included; ``verify_seconds``: in judging and in the cache.
    """

    forward_passes: int = 0
    tokens: int = 0
    drafted: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    forward_seconds: float = 0.0
    draft_seconds: float = 0.0
    verify_seconds: float = 0.0

    @property
    def mean_accepted_length(self) -> float:
        """Drafted tokens accepted in one pass of one sequence."""
        passes = sum(self.lengths.values())
        return sum(self.accepted.values()) / passes if passes else 0.0

    def count(self, names: list[str], drafted: list[int], accepted: list[int]) -> None:
        """``drafted`` and ``accepted``: for each node the index of its drafter in ``names``."""
        for total, indexes in ((self.drafted, drafted), (self.accepted, accepted)):
            for index in indexes:
                total[names[index]] = total.get(names[index], 0) + 1
        self.lengths[len(accepted)] = self.lengths.get(len(accepted), 0) + 1
