"""Particles: sequences that grow side by side, each with a weight that makes it stand for the target.

The weights are *proper*: at every time the mean over particles of weight times f(sequence) is an unbiased estimate of
the sum of f over the unnormalised target so far. A step multiplies a weight by that of the proposal and by what the
potentials changed; a particle that cannot go on has weight 0 from then on; one that is whole waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..language_model import LanguageModel, Prefix
from .masked_laws import laws_after
from .node import log_sum
from .potentials import Potentials
from .proposals import Proposal
from .target import Target


@dataclass
class Population:
    """``log_weights``, ``log_probabilities`` (the model's) and ``log_factors`` (of the potentials): float64[n].

    ``died``: how many particles could not go on; ``cut_by_length``: how many of them in the last place that the limit
    of length leaves.
    """

    target: Target
    potentials: Potentials
    token_ids: list[Prefix]
    matchers: list[Any]
    log_weights: NDArray[np.float64]
    log_probabilities: NDArray[np.float64]
    log_factors: NDArray[np.float64]
    finished: NDArray[np.bool_]
    died: int = 0
    cut_by_length: int = 0

    @classmethod
    def beginning(cls, target: Target, potentials: Potentials, size: int) -> Self:
        factor = potentials.log_factor((), whole=False)
        first = target.constraint.matcher()
        matchers = [first, *(first.fork() for _ in range(size - 1))]
        weights, zeros = np.full(size, factor), np.zeros(size)
        return cls(target, potentials, [()] * size, matchers, weights, zeros, weights.copy(), np.zeros(size, np.bool_))

    def growing(self) -> list[int]:
        """The particles that are neither whole nor dead."""
        return [int(row) for row in np.flatnonzero(~self.finished & (self.log_weights > -np.inf))]

    def step(self, model: LanguageModel, proposal: Proposal, random: np.random.Generator) -> None:
        """Every growing particle gets a token, or dies."""
        rows = self.growing()
        prefixes = [self.token_ids[row] for row in rows]
        lengths = [len(prefix) for prefix in prefixes]
        laws = laws_after(model, prefixes)
        proposed = proposal.propose(self.target, laws, [self.matchers[row] for row in rows], lengths, random)
        self.log_weights[rows] += proposed.log_weights
        self.log_probabilities[rows] += np.take_along_axis(laws, proposed.tokens[:, None], axis=1)[:, 0]
        for row, token, weight in zip(rows, proposed.tokens.tolist(), proposed.log_weights.tolist(), strict=True):
            if weight > -np.inf:
                self._append(row, token)
            else:
                self.cut_by_length += self.target.is_last(len(self.token_ids[row]))
        self.died += int(np.isneginf(self.log_weights[rows]).sum())

    def _append(self, row: int, token: int) -> None:
        self.matchers[row].accept_token(token)
        self.token_ids[row] = (*self.token_ids[row], token)
        self.finished[row] = self.target.ends[token]
        if self.potentials:
            factor = self.potentials.log_factor(self.token_ids[row], whole=bool(self.finished[row]))
            self.log_weights[row] += factor - self.log_factors[row]
            self.log_factors[row] = factor

    # --- resampling

    def log_normaliser(self) -> float:
        """The log of the mean weight, an estimate of the mass of the target so far."""
        return log_sum(self.log_weights) - float(np.log(len(self.log_weights)))

    def effective_size(self) -> float:
        """(sum of weights)^2 / sum of squares; 0 if all are dead."""
        total = log_sum(self.log_weights)
        return 0.0 if np.isneginf(total) else float(np.exp(2 * total - log_sum(2 * self.log_weights)))

    def resample(self, random: np.random.Generator) -> None:
        """Copy particles in proportion to their weights, which become the mean weight."""
        mean = self.log_normaliser()
        chosen = systematic(self.log_weights, len(self.token_ids), random)
        self.matchers = _forked(self.matchers, chosen)
        self.token_ids = [self.token_ids[row] for row in chosen]
        self.log_probabilities, self.finished = self.log_probabilities[chosen], self.finished[chosen]
        self.log_factors = self.log_factors[chosen]
        self.log_weights = np.full(len(chosen), mean)


def systematic(log_weights: NDArray[np.float64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """``count`` places, ascending, each as often as its share of the weight says, up to one: one uniform number shifts
    a comb of equal distances. The weights must not all be 0."""
    ends = np.cumsum(np.exp(log_weights - log_weights.max()))
    comb = (np.arange(count) + random.random()) * (ends[-1] / count)
    last = int(np.flatnonzero(log_weights > -np.inf)[-1])  # where rounding takes a tooth beyond the end
    return np.asarray(np.minimum(np.searchsorted(ends, comb, side="right"), last))


def _forked(matchers: Sequence[Any], chosen: NDArray[np.int64]) -> list[Any]:
    """The matchers of the chosen places: the first of each itself, the others copies."""
    taken: set[int] = set()
    found = []
    for row in chosen.tolist():
        found.append(matchers[row].fork() if row in taken else matchers[row])
        taken.add(row)
    return found
