"""Adaptive weighted rejection sampling: weighted sequences of any constraint that can be asked about a token.

Every token is the first one allowed of a Gumbel order (``gumbel_order.py``), and the weights of a sequence's tokens are
multiplied. So few tokens are asked about where the model agrees with the constraint, and no mask is needed; and weights
correct what local constraints distort: E[weight * 1{x}] = p(x) for every x of the language within the limit.

The variance of such weights grows with the length. ``SMC`` with this proposal keeps it in check.

Source: Lipkin et al., 2025, arXiv 2504.05410.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from ...grammar.matcher import Constraint
from ..language_model import CountingModel, LanguageModel
from .checked import Checkable
from .errors import BudgetExhausted
from .node import log_sum
from .population import Population
from .potentials import Potentials
from .proposals import RejectionProposal
from .result import Sample, SamplingResult
from .target import Target


@dataclass(frozen=True)
class AWRS:
    """Independent weighted sequences.

    The weights are relative: their mean over all attempts, with 0 for those that died, is 1; times
    ``exp(log_normaliser)`` they are the unbiased ones.
    """

    def sample(
        self,
        model: LanguageModel,
        constraint: Constraint | Checkable,
        *,
        n: int = 1,
        max_tokens: int,
        seed: int | None = None,
    ) -> SamplingResult:
        """``n`` attempts; fewer samples where some could not be finished within the limit of length.

        Raises ``BudgetExhausted`` if none was finished.
        """
        target = Target(model, cast(Constraint, constraint), max_tokens)
        counting, proposal = CountingModel(model), RejectionProposal()
        random = np.random.default_rng(seed)
        population = Population.beginning(target, Potentials((), (), constraint.vocabulary), n)
        while population.growing():
            population.step(counting, proposal, random)
        result = _result(population, counting.forward_passes, proposal)
        if not result.samples:
            problem = f"none of {n} sequences could be finished within {max_tokens} tokens"
            raise BudgetExhausted(problem, remedy="raise n or max_tokens", found=result)
        return result


def _result(population: Population, forward_passes: int, proposal: RejectionProposal) -> SamplingResult:
    rows = np.flatnonzero(population.finished).tolist()
    attempts = len(population.token_ids)
    log_normaliser = population.log_normaliser()
    weights = np.exp(population.log_weights - log_normaliser) if rows else population.log_weights
    samples = [
        Sample(population.token_ids[row], float(population.log_probabilities[row]), float(weights[row])) for row in rows
    ]
    lost = f"{attempts - len(rows)} of {attempts} sequences could not be finished; " if len(rows) < attempts else ""
    return SamplingResult(
        samples=tuple(samples),
        target="conditional",
        guarantee="unbiased weights",
        acceptance_rate=len(rows) / attempts,
        effective_sample_size=population.effective_size(),
        log_normaliser=log_sum(population.log_weights) - float(np.log(attempts)),
        forward_passes=forward_passes,
        cut_by_length=population.cut_by_length,
        note=f"{lost}the constraint was asked about {proposal.checks} tokens in {proposal.draws} draws",
    )
