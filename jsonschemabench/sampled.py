"""A document drawn by one of maskwright's samplers instead of under masks alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import maskwright as mw

from .errors import BenchError
from .messages import MASK, Generation

EXACT = "exact"
NAMES = (MASK, EXACT, "RS", "ARS", "RSFT", "CARS", "ASAp", "AWRS", "SMC", "MCMC")


@dataclass(frozen=True)
class Drawn:
    """``ids``: with the end token, empty if nothing was found; ``microseconds``: of it all."""

    ids: list[int]
    forward_passes: int
    microseconds: float


def check_sampler(sampler: str, temperature: float, engines: Sequence[str]) -> None:
    """Raises ``BenchError`` for a sampler that is none, or that an engine does not have, or at temperature 0."""
    if sampler not in NAMES:
        raise BenchError(f"there is no sampler {sampler}", f"take one of {', '.join(NAMES)}")
    if sampler == MASK:
        return
    others = [name for name in engines if name != "maskwright"]
    if others:
        raise BenchError(f"{others[0]} has no sampler {sampler}", "run it with --sampler mask")
    if temperature == 0.0:
        raise BenchError("a sampler draws nothing at temperature 0", "give a --temperature above 0")


def draw(constraint: mw.Constraint, model: Any, prompt: Sequence[int], options: Generation, seed: int) -> Drawn:
    """One document after ``prompt``."""
    samplers = mw.samplers
    settings = samplers.SamplingSettings(temperature=options.temperature)
    started = time.perf_counter()
    law = samplers.CountingModel(samplers.TransformersModel(model, prompt, settings))
    sampler = samplers.Exact() if options.sampler == EXACT else getattr(samplers, options.sampler)()
    try:
        result = sampler.sample(law, constraint, n=1, max_tokens=options.max_new_tokens, seed=seed)
    except samplers.BudgetExhausted as error:
        result = error.found
    except samplers.EmptyTarget:  # every document is longer
        result = None
    ids = list(result.samples[0].token_ids) if result is not None and result.samples else []
    return Drawn(ids, law.forward_passes + 1, 1e6 * (time.perf_counter() - started))
