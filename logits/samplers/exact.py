"""The default: exact by CARS, and where that finds next to nothing, SMC, which says that it is not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from ...grammar.matcher import Constraint
from ..language_model import LanguageModel
from .base import Sampler
from .drawing import Tally
from .errors import BudgetExhausted
from .rejection import CARS
from .result import SamplingResult
from .smc import SMC
from .target import Target
from .trie import Trie, Tries

_NOTHING_FOUND = 0.25
_CARS_SHARE = 0.75


@dataclass(frozen=True)
class Exact:
    """CARS, in batches, with a hand-over to SMC. The result's ``guarantee`` and ``note``, and a warning, say if it was
    needed.

    ``budget``: forward passes. CARS has a quarter of them to find a sample, and three quarters to find all; what is
    wanting then is drawn by ``fallback``. ``batch``, ``tries``: as for ``CARS``.
    """

    batch: int = 16
    budget: int = 20_000
    fallback: Sampler = field(default_factory=SMC)
    tries: Tries | None = None

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        target = Target(model, constraint, max_tokens)
        trie = Trie(target) if self.tries is None else self.tries.of(target)
        drawing = CARS(self.batch, self.budget).drawing
        generator = np.random.default_rng(seed)
        tally = drawing.draw(target, trie, n, generator, self._goes_on)
        found = drawing.summary(tally, trie)
        wanting = n - len(found.samples)
        if not wanting:
            return found
        try:
            other = self.fallback.sample(
                model, constraint, n=wanting, max_tokens=max_tokens, seed=int(generator.integers(2**63))
            )
        except BudgetExhausted as error:
            raise BudgetExhausted(
                f"CARS found {len(found.samples)} of {n} samples in its share of {self.budget} forward passes, "
                f"and what it handed over to found none: {error.problem}",
                remedy=f"raise budget; or, of the latter, {error.remedy}",
                found=found,
            ) from error
        joined = _joined(found, other, tally)
        warnings.warn(
            f'not all samples are exact (their guarantee is "{joined.guarantee}"): {joined.note}', stacklevel=2
        )
        return joined

    def _goes_on(self, tally: Tally) -> bool:
        share = _CARS_SHARE if tally.samples else _NOTHING_FOUND
        return tally.forward_passes < share * self.budget


def _joined(found: SamplingResult, other: SamplingResult, tally: Tally) -> SamplingResult:
    """The samples of CARS and those of its successor, with the weaker guarantee."""
    return replace(
        other,
        samples=(*found.samples, *other.samples),
        acceptance_rate=found.acceptance_rate,
        effective_sample_size=found.effective_sample_size + min(other.effective_sample_size, len(other.samples)),
        forward_passes=found.forward_passes + other.forward_passes,
        cut_by_length=found.cut_by_length + other.cut_by_length,
        note=f"CARS accepted {tally.successes} of {tally.attempts} attempts in {tally.forward_passes} forward passes "
        f"and handed over: it drew the first {len(found.samples)} samples, its successor the other "
        f"{len(other.samples)} ({other.note})",
    )
