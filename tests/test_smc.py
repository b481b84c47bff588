"""Sequential Monte Carlo: estimates of the normaliser, the law as particles grow in number, potentials and twists."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.grammar.errors import MaskwrightError
from maskwright.logits.language_model import CallableModel
from maskwright.logits.samplers.errors import BudgetExhausted
from maskwright.logits.samplers.population import systematic
from maskwright.logits.samplers.result import SamplingResult
from maskwright.logits.samplers.smc import SMC

from .sampler_laws import Case, Ids, assert_law, case, cases, chi_squared, total_variation, total_variation_bound

every_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def runs_of(sampler: SMC, case: Case, runs: int, seed: int = 0) -> tuple[list[Ids], np.ndarray]:
    """The one draw of each run, if there is one, and the estimates of the normaliser."""
    model = CallableModel(case.logits, case.vocabulary_size)
    drawn, estimates = [], []
    for run in range(runs):
        result = result_of(sampler, model, case, 10_000 * seed + run)
        drawn += [sample.token_ids for sample in result.samples]
        assert result.log_normaliser is not None
        estimates.append(math.exp(result.log_normaliser))
    return drawn, np.array(estimates)


def result_of(sampler: SMC, model: CallableModel, case: Case, seed: int) -> SamplingResult:
    """Also of a population that died out."""
    try:
        return sampler.sample(model, case.constraint, max_tokens=case.max_tokens, seed=seed)
    except BudgetExhausted as error:
        found = error.found
    assert found is not None
    return found


def is_unbiased(estimates: np.ndarray, truth: float) -> bool:
    error = estimates.std(ddof=1) / len(estimates) ** 0.5
    return bool(abs(estimates.mean() - truth) <= 4 * error + 1e-12 * truth)


@every_case
@pytest.mark.parametrize("proposal", ["mask", "awrs"])
def test_the_normaliser_is_unbiased(case: Case, proposal: str) -> None:
    sampler = SMC(particles=8, proposal=proposal)  # type: ignore[arg-type]
    _, estimates = runs_of(sampler, case, 120)
    assert is_unbiased(estimates, case.normaliser)


@pytest.mark.parametrize("resample_below", [0.0, 1.0])
def test_the_normaliser_is_unbiased_however_often_it_is_resampled(resample_below: float) -> None:
    for name in ("dyck", "skewed", "with zeros"):
        _, estimates = runs_of(SMC(particles=4, resample_below=resample_below), case(name), 250)
        assert is_unbiased(estimates, case(name).normaliser)


@pytest.mark.parametrize("name", ["ambiguous", "ambiguous finite", "skewed", "dyck"])
def test_one_particle_is_masking(name: str) -> None:
    drawn, _ = runs_of(SMC(particles=1), case(name), 1000)
    assert_law(drawn, case(name).projected(force_end=True))
    assert chi_squared(drawn, case(name).conditional) < 1e-6


@pytest.mark.parametrize(("name", "some"), [("ambiguous finite", 8), ("skewed", 2), ("json enum", 4)])
def test_total_variation_falls_with_particles(name: str, some: int) -> None:
    """From masking's, over that of ``some`` particles, down to what draws from the target itself have."""
    known, runs = case(name), 300
    first, second, third = (
        total_variation(runs_of(SMC(particles=count), known, runs)[0], known.conditional) for count in (1, some, 64)
    )
    assert first > 1.2 * second > 1.44 * third
    assert first > 2 * total_variation_bound(known.conditional, runs) > 2 * third


def test_draws_of_a_large_population_have_the_target_law() -> None:
    """Each draw of a run alone, since they depend on each other."""
    known = case("ambiguous")
    model = CallableModel(known.logits, known.vocabulary_size)
    results = [
        SMC(particles=128).sample(model, known.constraint, n=4, max_tokens=known.max_tokens, seed=seed)
        for seed in range(250)
    ]
    for place in range(4):
        assert_law([result.samples[place].token_ids for result in results], known.conditional)


def factor(ids: Ids, text: bytes) -> float:
    """Prefers every a, and texts that begin with b."""
    return 0.7 * text.count(b"a") + (1.2 if text.startswith(b"b") else 0.0)


def hint(ids: Ids, text: bytes) -> float:
    return -0.5 * len(ids) + (0.9 if text.endswith(b"a") else 0.0)


@pytest.mark.parametrize("twists", [(), (hint,)])
def test_potentials_multiply_the_target_and_twists_do_not(twists: tuple) -> None:
    known = case("ambiguous finite")
    decode = known.constraint.vocabulary.decode
    masses = {ids: mass * math.exp(factor(ids, decode(ids))) for ids, mass in known.mass.items()}
    total = math.fsum(masses.values())
    sampler = SMC(particles=64, potentials=(factor,), twists=twists)
    drawn, estimates = runs_of(sampler, known, 250)
    assert is_unbiased(estimates, total)
    assert total_variation(drawn, {ids: mass / total for ids, mass in masses.items()}) < 0.15
    _, plain = runs_of(SMC(particles=8, twists=twists), known, 400)
    assert is_unbiased(plain, known.normaliser)


def test_a_twist_that_knows_the_future_helps() -> None:
    """With the log of the true future mass, resampling at every step keeps those that can go far."""
    known = case("json enum")
    future = known.future

    def twist(ids: Ids, text: bytes) -> float:
        return math.log(future[ids]) if future[ids] else -math.inf

    drawn, estimates = runs_of(SMC(particles=4, resample_below=1.0, twists=(twist,)), known, 300)
    others, untwisted = runs_of(SMC(particles=4, resample_below=1.0), known, 300)
    assert is_unbiased(estimates, known.normaliser)
    assert estimates.std() < 0.8 * untwisted.std()
    assert total_variation(drawn, known.conditional) < 0.6 * total_variation(others, known.conditional)


def test_potentials_may_end_particles() -> None:
    known = case("ambiguous finite")

    def no_c(ids: Ids, text: bytes) -> float:
        return -math.inf if b"ba" in text else 0.0

    masses = {ids: mass for ids, mass in known.mass.items() if b"ba" not in known.constraint.vocabulary.decode(ids)}
    drawn, estimates = runs_of(SMC(particles=16, potentials=(no_c,)), known, 400)
    assert is_unbiased(estimates, math.fsum(masses.values()))
    assert set(drawn) <= set(masses)
    model = CallableModel(known.logits, known.vocabulary_size)
    nothing = SMC(potentials=(lambda ids, text: -math.inf,))
    with pytest.raises(BudgetExhausted):
        nothing.sample(model, known.constraint, max_tokens=known.max_tokens)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_potential_that_is_no_logarithm_is_an_error(value: float) -> None:
    known = case("ambiguous")
    model = CallableModel(known.logits, known.vocabulary_size)
    with pytest.raises(MaskwrightError):
        SMC(potentials=(lambda ids, text: value,)).sample(model, known.constraint, max_tokens=5)


@pytest.mark.parametrize("arguments", [{"particles": 0}, {"resample_below": 1.5}, {"proposal": "best"}])
def test_options_are_checked(arguments: dict) -> None:
    with pytest.raises(MaskwrightError):
        SMC(**arguments)


def test_systematic_resampling_keeps_shares() -> None:
    weights = np.log(np.array([0.1, 0.0, 0.55, 0.35]) + 1e-300)
    weights[1] = -np.inf
    random = np.random.default_rng(0)
    counts = np.array([np.bincount(systematic(weights, 10, random), minlength=4) for _ in range(2000)])
    assert np.abs(counts - np.array([1, 0, 5.5, 3.5])).max() < 1
    np.testing.assert_allclose(counts.mean(axis=0), [1, 0, 5.5, 3.5], atol=0.06)
    assert systematic(np.array([-1000.0, -np.inf]), 3, random).tolist() == [0, 0, 0]


def test_equal_prefixes_are_asked_once() -> None:
    known = case("one sequence")
    model = CallableModel(known.logits, known.vocabulary_size)
    result = SMC(particles=50).sample(model, known.constraint, n=50, max_tokens=known.max_tokens, seed=0)
    assert result.forward_passes == known.max_tokens
    assert len(result.samples) == 50
    assert result.log_normaliser == pytest.approx(math.log(known.normaliser))
