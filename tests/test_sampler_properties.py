"""What holds of every sampler, on random languages and models: members only, with their probabilities, and the law that
the result claims as far as a few hundred draws can tell."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.logits import samplers
from maskwright.logits.ngram_model import NGramModel
from maskwright.logits.samplers.result import SamplingResult

from .sampler_laws import Case, case, chi_squared, random_case

SAMPLERS: dict[str, Any] = {
    "RS": samplers.RS(budget=8_000),
    "RSFT": samplers.RSFT(budget=8_000),
    "ARS": samplers.ARS(),
    "CARS": samplers.CARS(),
    "CARS, one at a time": samplers.CARS(batch=1),
    "Mask": samplers.Mask(),
    "ASAp": samplers.ASAp(),
    "Exact": samplers.Exact(),
    "ExactDP": samplers.ExactDP(),
    "AWRS": samplers.AWRS(),
    "SMC": samplers.SMC(particles=16),
    "SMC by rejection": samplers.SMC(particles=16, proposal="awrs"),
    "MCMC": samplers.MCMC(steps=2),
    "MCMC by priority": samplers.MCMC(steps=2, truncation="priority"),
    "MCMC by restarts": samplers.MCMC(steps=2, truncation="restart"),
}
DRAWS = 150


def drawn(sampler: Any, known: Case, seed: int, n: int = DRAWS) -> SamplingResult | None:
    """What was found, also where the budget was too small for all."""
    try:
        model = NGramModel(known.table, known.order)
        result: SamplingResult = sampler.sample(model, known.constraint, n=n, max_tokens=known.max_tokens, seed=seed)
    except samplers.BudgetExhausted as error:
        return error.found
    return result


@pytest.mark.parametrize("name", SAMPLERS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 100_000))
def test_every_sampler(name: str, seed: int) -> None:
    known = random_case(seed)
    result = drawn(SAMPLERS[name], known, seed)
    if result is None:
        return
    ids = [sample.token_ids for sample in result.samples]
    for sample in result.samples:
        assert math.exp(sample.log_probability) == pytest.approx(known.mass[sample.token_ids], rel=1e-6)
        assert sample.weight > 0
    assert len(ids) <= DRAWS
    assert 0 <= result.acceptance_rate <= 1
    assert 0 <= result.effective_sample_size <= max(DRAWS, 16) * (1 + 1e-9)
    if result.guarantee == "exact" and ids:
        law = known.projected() if result.target == "projected" else known.conditional
        assert chi_squared(ids, law) > 1e-6
    if result.guarantee == "unbiased weights" and "SMC" not in name:
        close_to_the_normaliser(result, known)
    if name == "ExactDP":
        assert result.log_normaliser == pytest.approx(math.log(known.normaliser), abs=1e-9)


def close_to_the_normaliser(result: SamplingResult, known: Case) -> None:
    """By Bernstein's inequality: unbiased weights of at most 1 have no more variance than their mean, the normaliser.

    It fails once in 4 million; errors estimated from the draws would miss what is rare and heavy.
    """
    assert result.log_normaliser is not None
    least = 16.0
    distance = (least / 3 + math.sqrt(least**2 / 9 + 2 * least * DRAWS * known.normaliser)) / DRAWS
    assert abs(math.exp(result.log_normaliser) - known.normaliser) < distance


@pytest.mark.parametrize("name", SAMPLERS)
def test_seeds_repeat(name: str) -> None:
    """The same samples for the same seed, others for another, and nothing is left from call to call."""
    known = case("ambiguous")
    first, again, other = (drawn(SAMPLERS[name], known, seed, n=30) for seed in (1, 1, 2))
    assert first is not None
    assert other is not None
    assert first == again
    assert first.samples != other.samples
