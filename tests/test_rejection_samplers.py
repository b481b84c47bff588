"""Masking, rejection and its adaptive kinds against enumerated laws: every sample, not only all of them together.

Pooled samples hide the bias of the first few; so the n-th samples of many fresh runs are tested, too. What must fail
is tested to fail: masking against the conditional law, and batches of which the first to finish are taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

import maskwright as mw
from maskwright.logits.samplers.attempts import Policy, Round
from maskwright.logits.samplers.drawing import Drawing, Tally

from .sampler_laws import Case, Ids, assert_law, case, chi_squared, random_case, total_variation, total_variation_bound

SAMPLERS = mw.samplers
ADAPTIVE: dict[str, mw.samplers.Sampler] = {
    "ARS": SAMPLERS.ARS(batch=1),
    "CARS": SAMPLERS.CARS(batch=1),
    "CARS in batches": SAMPLERS.CARS(batch=16),
    "CARS with tails": SAMPLERS.CARS(batch=4, top_tokens=2),
    "CARS that forgets": SAMPLERS.CARS(batch=4, memory=16000),
    "ARS in batches, with tails": SAMPLERS.ARS(batch=16, top_tokens=2),
}
FINITE = ["ambiguous", "ambiguous finite", "skewed", "dyck", "json enum", "boundary", "two ends"]
SAMPLES = 4000


@cache
def model(case: Case) -> mw.samplers.CallableModel:
    laws: dict[Ids, np.ndarray] = {}

    def logits(prefix: Ids) -> np.ndarray:
        end = prefix[-case.order :]
        if end not in laws:
            laws[end] = case.logits(prefix)
        return laws[end]

    return SAMPLERS.CallableModel(logits, case.vocabulary_size, fingerprint=case.name)


def drawn(sampler: mw.samplers.Sampler, case: Case, n: int, seed: int = 0) -> list[Ids]:
    result = sampler.sample(model(case), case.constraint, n=n, max_tokens=case.max_tokens, seed=seed)
    assert len(result.samples) == n
    return [sample.token_ids for sample in result.samples]


def rejected(samples: list[Ids], law: dict[Ids, float]) -> bool:
    """Whether both tests say that the samples have another law."""
    bound = total_variation_bound(law, len(samples))
    return chi_squared(samples, law) < 1e-3 and total_variation(samples, law) > bound


# --- masking


@pytest.mark.parametrize("name", ["ambiguous", "skewed", "dyck", "json enum"])
def test_masking_has_the_projected_law_and_not_the_conditional_one(name: str) -> None:
    each = case(name)
    samples = drawn(SAMPLERS.Mask(), each, SAMPLES)
    assert_law(samples, each.projected())
    assert rejected(samples, each.conditional)


def test_what_masking_says_of_itself() -> None:
    each = case("dyck")
    result = SAMPLERS.Mask().sample(model(each), each.constraint, n=SAMPLES, max_tokens=each.max_tokens, seed=1)
    assert (result.target, result.guarantee) == ("projected", "exact")
    assert result.cut_by_length > 0
    assert result.acceptance_rate == pytest.approx(each.projected_mass(), abs=0.03)
    assert math.exp(result.log_normaliser or 0) == pytest.approx(each.normaliser, rel=0.1)


# --- rejection


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("sampler", ADAPTIVE.values(), ids=ADAPTIVE.keys())
def test_adaptive_rejection_has_the_conditional_law(name: str, sampler: mw.samplers.Sampler) -> None:
    each = case(name)
    assert_law(drawn(sampler, each, 1500, seed=1), each.conditional)


@pytest.mark.parametrize("sampler", [SAMPLERS.RS(), SAMPLERS.RSFT()])
def test_plain_rejection_has_the_conditional_law(sampler: mw.samplers.Sampler) -> None:
    for name in "ambiguous", "dyck":
        assert_law(drawn(sampler, case(name), 2000), case(name).conditional)


@pytest.mark.parametrize("name", ["rare", "forced", "one sequence", "empty only", "with zeros"])
def test_languages_at_the_edge(name: str) -> None:
    each = case(name)
    for sampler in SAMPLERS.CARS(), SAMPLERS.ARS(), SAMPLERS.Exact():
        assert_law(drawn(sampler, each, 1000), each.conditional)


RUNS = 400
FRESH = {name: ADAPTIVE[name] for name in ("ARS", "CARS", "CARS in batches")}


@pytest.mark.parametrize("name", ["skewed", "ambiguous finite"])
@pytest.mark.parametrize("sampler", FRESH.values(), ids=FRESH.keys())
def test_every_sample_of_a_fresh_run_has_the_conditional_law(name: str, sampler: mw.samplers.Sampler) -> None:
    each = case(name)
    runs = [drawn(sampler, each, 30, seed=seed) for seed in range(RUNS)]
    for place in 1, 5, 30:
        assert_law([run[place - 1] for run in runs], each.conditional)
    for place in 1, 5:
        assert_independent([(run[place - 1], run[place]) for run in runs], each)


def test_every_sample_of_plain_rejection_has_the_conditional_law() -> None:
    each = case("ambiguous")
    runs = [drawn(SAMPLERS.RS(), each, 30, seed=seed) for seed in range(RUNS // 2)]
    for place in 1, 5, 30:
        assert_law([run[place - 1] for run in runs], each.conditional)


@pytest.mark.parametrize("sampler", FRESH.values(), ids=FRESH.keys())
def test_successive_samples_of_a_run_are_independent(sampler: mw.samplers.Sampler) -> None:
    each = case("skewed")
    samples = drawn(sampler, each, SAMPLES)
    assert_independent(list(zip(samples[::2], samples[1::2], strict=True)), each)


def assert_independent(pairs: list[tuple[Ids, Ids]], each: Case) -> None:
    law = each.conditional
    product = {first + second: law[first] * law[second] for first in law for second in law}
    assert chi_squared([first + second for first, second in pairs], product) > 1e-3


@pytest.mark.parametrize("learns", ["refusals", "masks"])
def test_the_mass_of_the_root_never_grows(learns: str) -> None:
    policy = Policy("nowhere" if learns == "refusals" else "root", learns)  # type: ignore[arg-type]
    for name in "ambiguous", "dyck", "rare":
        each = case(name)
        target = SAMPLERS.Target(model(each), each.constraint, each.max_tokens)
        trie, generator = SAMPLERS.Trie(target), np.random.default_rng(0)
        weights = [trie.log_weight]
        for _ in range(200):
            Round(target, policy, trie, generator, 2).run()
            weights.append(trie.log_weight)
        assert all(after <= before for before, after in itertools.pairwise(weights))
        assert weights[-1] >= math.log(each.normaliser) - 1e-9


# --- batches


def first_to_finish(each: Case, seed: int) -> Ids:
    """Of sixteen attempts, the first that is complete, as servers without an order would take it."""
    target = SAMPLERS.Target(model(each), each.constraint, each.max_tokens)
    trie, generator = SAMPLERS.Trie(target), np.random.default_rng(seed)
    while True:
        made = Round(target, Policy("root", "masks"), trie, generator, 16)
        while made.step():
            pass
        complete = [attempt.token_ids for attempt in made.attempts if attempt.outcome == "complete"]
        if complete:
            return tuple(min(complete, key=len))
        made.learn()


def test_taking_the_first_to_finish_is_caught() -> None:
    each = case("ambiguous")
    assert rejected([first_to_finish(each, seed) for seed in range(RUNS)], each.conditional)
    assert_law([drawn(SAMPLERS.CARS(batch=16), each, 1, seed=seed)[0] for seed in range(RUNS)], each.conditional)


# --- what results say


def test_what_results_say() -> None:
    each = case("dyck")
    counting = SAMPLERS.CountingModel(model(each))
    result = SAMPLERS.CARS().sample(counting, each.constraint, n=500, max_tokens=each.max_tokens, seed=0)
    assert (result.target, result.guarantee, result.effective_sample_size) == ("conditional", "exact", 500)
    assert result.forward_passes == counting.forward_passes < 300
    assert result.cut_by_length > 0
    assert math.exp(result.log_normaliser or 0) == pytest.approx(each.normaliser, rel=0.05)
    for sample in result.samples[:20]:
        assert math.exp(sample.log_probability) == pytest.approx(each.mass[sample.token_ids], rel=1e-9)


MAKERS = [SAMPLERS.RS, SAMPLERS.RSFT, SAMPLERS.ARS, SAMPLERS.CARS, SAMPLERS.ASAp, SAMPLERS.Mask]


@pytest.mark.parametrize("make", MAKERS)
def test_seeds(make: Callable[[], mw.samplers.Sampler]) -> None:
    each = case("ambiguous")
    assert drawn(make(), each, 20, seed=5) == drawn(make(), each, 20, seed=5) != drawn(make(), each, 20, seed=6)


def test_nothing_is_learnt_twice() -> None:
    each, tries = case("ambiguous finite"), SAMPLERS.Tries()
    sampler = SAMPLERS.CARS(tries=tries)
    drawn(sampler, each, 3000)
    counting = SAMPLERS.CountingModel(model(each))
    again = sampler.sample(counting, each.constraint, n=100, max_tokens=each.max_tokens, seed=1)
    assert (again.forward_passes, counting.calls, again.acceptance_rate) == (0, 0, 1.0)


def test_budgets() -> None:
    each = case("rare")
    with pytest.raises(mw.MaskwrightError, match="forward passes gave 0 of 3 samples") as caught:
        SAMPLERS.RS(budget=50).sample(model(each), each.constraint, n=3, max_tokens=each.max_tokens, seed=0)
    error = caught.value
    assert isinstance(error, SAMPLERS.BudgetExhausted)
    assert error.found is not None
    assert error.found.samples == ()
    assert 50 <= error.found.forward_passes < 50 + 16 * each.max_tokens


@pytest.mark.parametrize("sampler", [SAMPLERS.CARS(), SAMPLERS.ARS(), SAMPLERS.ASAp(), SAMPLERS.Exact()])
def test_targets_without_mass(sampler: mw.samplers.Sampler) -> None:
    each = case("one sequence")
    with pytest.raises(SAMPLERS.EmptyTarget, match="at most 3 tokens"):
        sampler.sample(model(each), each.constraint, max_tokens=3, seed=0)


def test_limits_and_vocabularies_are_checked() -> None:
    each = case("dyck")
    with pytest.raises(mw.MaskwrightError, match="max_tokens is 0"):
        SAMPLERS.CARS().sample(model(each), each.constraint, max_tokens=0)
    with pytest.raises(mw.MaskwrightError, match="7 tokens, the model 4"):
        SAMPLERS.CARS().sample(model(case("ambiguous")), each.constraint, max_tokens=5)


# --- the default


def test_the_default_is_exact_where_that_is_possible() -> None:
    each = case("skewed")
    result = SAMPLERS.Exact().sample(model(each), each.constraint, n=2000, max_tokens=each.max_tokens, seed=0)
    assert (result.guarantee, result.note) == ("exact", "")
    assert_law([sample.token_ids for sample in result.samples], each.conditional)


def test_the_default_says_when_it_hands_over() -> None:
    each = case("rare")
    sampler = SAMPLERS.Exact(budget=8)
    with pytest.warns(UserWarning, match="not all samples are exact"):
        result = sampler.sample(model(each), each.constraint, n=10, max_tokens=each.max_tokens, seed=0)
    assert len(result.samples) == 10
    assert result.guarantee == "unbiased weights"
    assert "CARS accepted 0 of" in result.note
    assert "handed over" in result.note
    assert {sample.token_ids for sample in result.samples} <= each.mass.keys()


class Unlucky:
    """A sampler that finds nothing."""

    def sample(self, *arguments: object, **settings: object) -> SAMPLERS.SamplingResult:
        raise SAMPLERS.BudgetExhausted("all died", remedy="raise particles")


def test_the_default_names_its_budget_where_it_finds_nothing() -> None:
    each = case("rare")
    sampler = SAMPLERS.Exact(budget=8, fallback=Unlucky())
    with pytest.raises(SAMPLERS.BudgetExhausted) as caught:
        sampler.sample(model(each), each.constraint, n=10, max_tokens=each.max_tokens, seed=0)
    assert "share of 8 forward passes" in caught.value.problem
    assert caught.value.remedy == "raise budget; or, of the latter, raise particles"
    assert caught.value.found is not None


def test_nodes_without_room_for_more_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds no place in a node cannot be learnt of; the law stays what it is."""
    monkeypatch.setattr("maskwright.logits.samplers.trie._MOST_TOKENS", 2)
    each = case("ambiguous finite")
    for sampler in SAMPLERS.ARS(batch=4), SAMPLERS.CARS():
        assert_law(drawn(sampler, each, 300), each.conditional)


# --- random cases


@pytest.mark.parametrize("seed", range(24))
def test_random_languages_and_models(seed: int) -> None:
    each = random_case(seed)
    samplers = [*ADAPTIVE.values(), SAMPLERS.Exact()]
    sampler = samplers[seed % len(samplers)]
    assert_law(drawn(sampler, each, 1000, seed), each.conditional)
    assert_law(drawn(SAMPLERS.Mask(), each, 1000, seed), each.projected())
    target = SAMPLERS.Target(model(each), each.constraint, each.max_tokens)
    trie = SAMPLERS.Trie(target)
    drawing = Drawing(Policy("everywhere", "masks"), "conditional", "asymptotic", 1, 0)
    drawing.draw(target, trie, 300, np.random.default_rng(seed), lambda tally: isinstance(tally, Tally))
    assert trie.log_weight >= math.log(each.normaliser) - 1e-9
