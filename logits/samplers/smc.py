"""Sequential Monte Carlo: a population of sequences, resampled as its weights grow uneven.

A particle grows by masked proposals (or by rejection), and its weight by the mass that the mask left: prefixes that
lead where the model would not go lose weight, and resampling puts others in their place. With a single particle this is
plain masking; as particles grow in number, the law of what is returned tends to the target.

The mean weight is an unbiased estimate of the mass of the target, whatever the number of particles, because resampling,
adaptive or not, keeps weights proper. Dead populations count as 0.

Source: Loula et al., 2025, arXiv 2504.13139, and Lew et al., 2023, arXiv 2306.03081; adaptive systematic resampling is
textbook (Chopin and Papaspiliopoulos, 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint
from ..language_model import CountingModel, LanguageModel
from .checked import Checkable
from .errors import BudgetExhausted
from .population import Population, systematic
from .potentials import LogFactor, Potentials
from .proposals import MaskedProposal, Proposal, RejectionProposal
from .result import Sample, SamplingResult
from .target import Target


@dataclass(frozen=True)
class SMC:
    """``particles``: at least; there are never fewer than samples wanted.

    ``proposal``: "mask", or "awrs" for constraints without masks; ``resample_below``: particles are resampled when the
    effective sample size is less than this share of their number, never with 0; ``potentials``, ``twists``: functions
    of the token ids and bytes so far, see ``potentials.py``.
    """

    particles: int = 64
    proposal: Literal["mask", "awrs"] = "mask"
    resample_below: float = 0.5
    potentials: tuple[LogFactor, ...] = ()
    twists: tuple[LogFactor, ...] = ()

    def __post_init__(self) -> None:
        if self.particles < 1 or not 0 <= self.resample_below <= 1 or self.proposal not in ("mask", "awrs"):
            problem = f"particles is {self.particles}, resample_below {self.resample_below}, proposal {self.proposal!r}"
            remedy = 'one particle or more; a share from 0 to 1; "mask" or "awrs"'
            raise MaskwrightError(problem, remedy=remedy)

    def sample(
        self,
        model: LanguageModel,
        constraint: Constraint | Checkable,
        *,
        n: int = 1,
        max_tokens: int,
        seed: int | None = None,
    ) -> SamplingResult:
        """``n`` draws from one population, in random order. They depend on each other; for independent ones call again.

        Raises ``BudgetExhausted`` if all particles died; its ``found`` has the estimate ``-inf`` of the log normaliser.
        """
        target = Target(model, cast(Constraint, constraint), max_tokens)
        counting = CountingModel(model)
        random = np.random.default_rng(seed)
        size = max(self.particles, n)
        potentials = Potentials(tuple(self.potentials), tuple(self.twists), constraint.vocabulary)
        population = Population.beginning(target, potentials, size)
        resampled = self._grow(population, counting, random)
        result = _result(population, n, counting.forward_passes, resampled, random)
        if not result.samples:
            problem = f"all {size} particles died within {max_tokens} tokens"
            raise BudgetExhausted(problem, remedy="raise particles or max_tokens", found=result)
        return result

    def _grow(self, population: Population, model: LanguageModel, random: np.random.Generator) -> int:
        """Until every particle is whole or dead; how often they were resampled."""
        proposal: Proposal = MaskedProposal() if self.proposal == "mask" else RejectionProposal()
        least = self.resample_below * len(population.token_ids)
        resampled = 0
        while population.growing():
            population.step(model, proposal, random)
            if population.growing() and population.effective_size() < least:
                population.resample(random)
                resampled += 1
        return resampled


def _result(
    population: Population, n: int, forward_passes: int, resampled: int, random: np.random.Generator
) -> SamplingResult:
    log_normaliser = population.log_normaliser()
    alive = int((population.log_weights > -np.inf).sum())
    chosen = systematic(population.log_weights, n, random) if alive else np.zeros(0, np.int64)
    samples = [
        Sample(population.token_ids[row], float(population.log_probabilities[row]))
        for row in random.permutation(chosen).tolist()
    ]
    guided = ", the target times the potentials" if population.potentials.potentials else ""
    return SamplingResult(
        samples=tuple(samples),
        target="conditional",
        guarantee="unbiased weights",
        acceptance_rate=alive / max(1, alive + population.died),
        effective_sample_size=population.effective_size(),
        log_normaliser=log_normaliser,
        forward_passes=forward_passes,
        cut_by_length=population.cut_by_length,
        note=f"{len(population.token_ids)} particles, resampled {resampled} times{guided}; "
        "each sample stands for exp(log_normaliser), which makes it unbiased",
    )
