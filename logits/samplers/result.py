"""What a sampler gives: sequences, and what may be claimed of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

TargetLaw = Literal["projected", "conditional", "canonical"]
Guarantee = Literal["exact", "unbiased weights", "asymptotic"]


@dataclass(frozen=True)
class Sample:
    """``token_ids``: after the prompt, the end token included; ``log_probability``: under the model alone."""

    token_ids: tuple[int, ...]
    log_probability: float
    weight: float = 1.0


@dataclass(frozen=True)
class SamplingResult:
    """``target``: the law that is aimed at: the model's under local masks (projected), given the language
    (conditional), or given the language among canonical tokenisations only. ``guarantee``: in which sense ``samples``
    have that law.

    ``acceptance_rate``: samples for each attempt; ``effective_sample_size``: (sum of weights)^2 / sum of squares;
    ``log_normaliser``: an estimate of the log of the model's mass on the language, None where there is none;
    ``forward_passes``: prefixes that the model was asked about; ``cut_by_length``: attempts that the limit of length
    ended, which are no samples; ``note``: what else the reader should know. Where they are known, ``model_passes`` is
    how often the model itself ran after it had read the prompt, and ``computed_prefixes`` for how many prefixes: one
    pass reads several, and the laws of others were known.
    """

    samples: tuple[Sample, ...]
    target: TargetLaw
    guarantee: Guarantee
    acceptance_rate: float
    effective_sample_size: float
    log_normaliser: float | None
    forward_passes: int
    cut_by_length: int
    note: str = ""
    model_passes: int | None = None
    computed_prefixes: int | None = None


def effective_sample_size(weights: Sequence[float]) -> float:
    """Kish's: as many unweighted samples would tell as much."""
    values = np.asarray(weights, np.float64)
    squares = float(np.square(values).sum())
    return float(values.sum()) ** 2 / squares if squares else 0.0
