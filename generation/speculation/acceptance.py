"""How probably a guess is right, learned from how often guesses on the same evidence were.

The estimate for a piece of evidence is a mean over the recent past that starts from the drafter's prior. A guess counts
as tried when verification reached its parent: then it was right or wrong.
"""

from __future__ import annotations

_MEMORY = 0.97
_PRIOR_WEIGHT = 2.0


class Acceptance:
    """Shared by all sequences of a run; keys are (drafter's index, evidence)."""

    def __init__(self, priors: list[float]) -> None:
        self._priors = priors
        self._right: dict[tuple[int, int], float] = {}
        self._tried: dict[tuple[int, int], float] = {}

    def probability(self, key: tuple[int, int]) -> float:
        """The estimate, between 0 and 1 exclusively."""
        tried = self._tried.get(key, 0.0)
        right = self._right.get(key, 0.0)
        return (right + _PRIOR_WEIGHT * self._priors[key[0]]) / (tried + _PRIOR_WEIGHT)

    def record(self, key: tuple[int, int], was_right: bool) -> None:
        self._tried[key] = _MEMORY * self._tried.get(key, 0.0) + 1.0
        self._right[key] = _MEMORY * self._right.get(key, 0.0) + was_right
