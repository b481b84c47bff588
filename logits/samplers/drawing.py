"""Rounds of attempts until there are enough samples: what the samplers that make attempts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .attempts import Attempt, Policy, Round
from .errors import BudgetExhausted, EmptyTarget
from .node import NEVER, log_sum
from .result import Guarantee, Sample, SamplingResult, TargetLaw
from .target import Target
from .trie import Trie


@dataclass
class Tally:
    """What attempts gave so far.

    ``log_inverse_weights``: the log of the sum over attempts of 1 / the mass that their first token was drawn from, by
    which the successes of rejection estimate the normaliser; ``log_ratios``: of each success, the log of its
    probability over that with which it was proposed.
    """

    samples: list[Sample] = field(default_factory=list)
    attempts: int = 0
    successes: int = 0
    forward_passes: int = 0
    cut: int = 0
    log_inverse_weights: float = NEVER
    log_ratios: list[float] = field(default_factory=list)

    def add(self, made: Round, wanted: int) -> None:
        """The attempts of a round, in the order of submission; successes beyond those wanted are left out."""
        self.attempts += len(made.attempts)
        self.forward_passes += made.forward_passes
        self.cut += sum(attempt.outcome == "cut" for attempt in made.attempts)
        complete = [attempt for attempt in made.attempts if attempt.outcome == "complete"]
        self.successes += len(complete)
        self.log_ratios += [attempt.log_probability - attempt.log_proposal for attempt in complete]
        added = np.log(len(made.attempts)) - made.log_weight
        self.log_inverse_weights = float(np.logaddexp(self.log_inverse_weights, added))
        self.samples += [_sample(attempt) for attempt in complete[: wanted - len(self.samples)]]

    @property
    def acceptance_rate(self) -> float:
        return self.successes / self.attempts if self.attempts else 0.0


@dataclass(frozen=True)
class Drawing:
    """How samples are drawn by attempts. ``budget``: of forward passes; rounds that have begun are finished."""

    policy: Policy
    target_law: TargetLaw
    guarantee: Guarantee
    batch: int
    budget: int

    def result(self, target: Target, trie: Trie, n: int, seed: int | None) -> SamplingResult:
        """``n`` samples. Raises ``BudgetExhausted`` and ``EmptyTarget``."""
        tally = self.draw(
            target, trie, n, np.random.default_rng(seed), lambda tally: tally.forward_passes < self.budget
        )
        found = self.summary(tally, trie)
        if len(tally.samples) < n:
            raise BudgetExhausted(
                f"{tally.forward_passes} forward passes gave {len(tally.samples)} of {n} samples, "
                f"of {tally.attempts} attempts",
                remedy="raise budget, or take a sampler that needs no luck: SMC",
                found=found,
            )
        return found

    def draw(
        self,
        target: Target,
        trie: Trie,
        n: int,
        generator: np.random.Generator,
        goes_on: Callable[[Tally], bool],
    ) -> Tally:
        """Rounds while ``goes_on`` and samples are wanting; what decides about a round was known before it."""
        tally = Tally()
        while len(tally.samples) < n and goes_on(tally):
            made = Round(target, self.policy, trie, generator, self._size(tally, n))
            made.run()
            tally.add(made, n)
            if trie.log_weight == NEVER:
                raise EmptyTarget(
                    f"no sequence of the language of at most {target.max_tokens} tokens has positive probability",
                    remedy="raise max_tokens, or loosen top_k and top_p",
                )
        return tally

    def summary(self, tally: Tally, trie: Trie, note: str = "") -> SamplingResult:
        return SamplingResult(
            samples=tuple(tally.samples),
            target=self.target_law,
            guarantee=self.guarantee,
            acceptance_rate=tally.acceptance_rate,
            effective_sample_size=float(len(tally.samples)),
            log_normaliser=self._log_normaliser(tally, trie),
            forward_passes=tally.forward_passes,
            cut_by_length=tally.cut,
            note=note,
        )

    def _log_normaliser(self, tally: Tally, trie: Trie) -> float | None:
        """By importance where every attempt keeps to the language, else by how often attempts succeed."""
        if not tally.successes:
            return None
        if self.policy.masks == "everywhere":
            estimate = log_sum(np.array(tally.log_ratios)) - float(np.log(tally.attempts))
        else:
            estimate = float(np.log(tally.successes)) - tally.log_inverse_weights
        return min(estimate, trie.log_weight)

    def _size(self, tally: Tally, n: int) -> int:
        """Attempts of the next round: few at first, when all would make the same mistakes, and not more than needed."""
        rate = (tally.successes + 1) / (tally.attempts + 1)
        needed = int(np.ceil((n - len(tally.samples)) / rate))
        return max(1, min(self.batch, tally.attempts, needed))


def _sample(attempt: Attempt) -> Sample:
    return Sample(tuple(attempt.token_ids), attempt.log_probability)
