"""Weighted rejection: that one step is unbiased, by enumeration of all orders, and that sequences are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

import maskwright as mw
from maskwright.logits.language_model import CallableModel
from maskwright.logits.samplers.awrs import AWRS
from maskwright.logits.samplers.checked import Checked
from maskwright.logits.samplers.errors import BudgetExhausted
from maskwright.logits.samplers.gumbel_order import descending, first_allowed, first_in_order

from .sampler_laws import Case, Ids, case, cases, chi_squared


def orders(law: NDArray[np.float64]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every order in which all tokens with mass are drawn without replacement, and its probability."""
    for order in permutations(np.flatnonzero(law).tolist()):
        chance, left = 1.0, law[list(order)].sum()
        for place, token in enumerate(order):
            chance *= law[token] / left
            left = law[list(order[place + 1 :])].sum()
        yield order, chance


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mass", [1.0, 0.3])
def test_one_step_is_unbiased(seed: int, mass: float) -> None:
    """E[w 1{x}] = p(x) 1[x allowed] over all orders; also where the law has not all of its mass, and zeros."""
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 7))
    law = random.dirichlet(np.full(size, random.choice([0.2, 1.0]))) * mass
    law[random.random(size) < 0.15] = 0
    allowed = random.random(size) < random.choice([0.2, 0.5, 0.9])
    with np.errstate(divide="ignore"):
        logs = np.log(law)
    found, second = np.zeros(size), 0.0
    for order, chance in orders(law):
        drawn = first_in_order(logs, order, lambda token: bool(allowed[token]))
        if drawn.token is not None:
            found[drawn.token] += chance * np.exp(drawn.log_weight)
            second += chance * np.exp(drawn.log_weight)
            assert np.exp(drawn.log_weight) >= law[drawn.token] * (1 - 1e-12)
    np.testing.assert_allclose(found, law * allowed, rtol=0, atol=1e-12)
    assert second == pytest.approx((law * allowed).sum(), abs=1e-12)


def test_weights_of_rare_languages_keep_their_digits() -> None:
    """What is left of the mass is 1e-30: 1 minus what was refused would be nothing but rounding."""
    law = np.array([0.9, 0.1 - 3e-30, 1e-30, 2e-30])
    drawn = first_in_order(np.log(law), (0, 1, 2, 3), lambda token: token >= 2)
    assert drawn.token == 2
    # p + b_2 / (1 + a_2 / b_1 (1 + a_1 / b_0)), by hand
    expected = 1e-30 + 2e-30 / (1 + 3e-30 / 0.1 * (1 + 0.1 / 1.0))
    assert np.exp(drawn.log_weight) == pytest.approx(expected, rel=1e-12)


def test_orders_are_those_of_draws_without_replacement() -> None:
    law = np.array([0.5, 0.3, 0.15, 0.05, 0.0])
    with np.errstate(divide="ignore"):
        logs = np.log(law)
    random = np.random.default_rng(0)
    drawn: list[Ids] = [tuple(descending(logs + random.gumbel(size=5))) for _ in range(20_000)]
    assert chi_squared(drawn, dict(orders(law))) > 1e-3


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1000])
def test_descending_is_a_sort(size: int) -> None:
    keys = np.random.default_rng(size).normal(size=size)
    keys[::7] = -np.inf
    kept = np.flatnonzero(keys > -np.inf)
    assert list(descending(keys)) == kept[np.argsort(-keys[kept])].tolist()


def test_few_tokens_are_asked_about() -> None:
    """Where the law and the constraint agree, two, whatever the size of the vocabulary."""
    law = np.full(50_000, np.log(1e-9))
    law[:10] = np.log(0.0999)
    assert first_allowed(law, lambda token: token < 10, np.random.default_rng(0)).checks == 2


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_sequences_are_weighted_without_bias(case: Case) -> None:
    """The mean of w 1{x} is p(x), within 4.5 standard errors for all x at once where that is small."""
    runs = 3000
    model = CallableModel(case.logits, case.vocabulary_size)
    result = AWRS().sample(model, case.constraint, n=runs, max_tokens=case.max_tokens, seed=1)
    assert result.guarantee == "unbiased weights"
    assert result.log_normaliser is not None
    unit = np.exp(result.log_normaliser)
    weights: dict[Ids, list[float]] = {ids: [] for ids in case.mass}
    for sample in result.samples:
        weights[sample.token_ids].append(sample.weight * unit)
        assert np.exp(sample.log_probability) == pytest.approx(case.mass[sample.token_ids], rel=1e-9)
    for ids, mass in case.mass.items():
        values = np.array(weights[ids] + [0.0] * (runs - len(weights[ids])))
        if len(weights[ids]) > 30:
            assert abs(values.mean() - mass) < 4.5 * values.std() / runs**0.5 + 1e-12
    values = np.array([sample.weight for sample in result.samples] + [0.0] * (runs - len(result.samples)))
    assert values.mean() == pytest.approx(1)
    assert abs(unit - case.normaliser) < 4.5 * unit * values.std() / runs**0.5 + 1e-12


def test_a_predicate_is_a_constraint() -> None:
    """The law is that of the same language as a grammar; nothing but the predicate knows it."""
    known = case("ambiguous finite")
    texts = {known.constraint.vocabulary.decode(ids) for ids in known.mass}

    def allows(ids: Ids) -> bool:
        text = known.constraint.vocabulary.decode(ids)
        return text in texts if ids[-1] in known.ends else any(each.startswith(text) for each in texts)

    constraint = Checked(known.constraint.vocabulary, allows)
    model = CallableModel(known.logits, known.vocabulary_size)
    result = AWRS().sample(model, constraint, n=300, max_tokens=known.max_tokens, seed=0)
    same = AWRS().sample(model, known.constraint, n=300, max_tokens=known.max_tokens, seed=0)
    assert result == same


def test_an_impossible_target_is_an_error_with_an_estimate() -> None:
    known = case("one sequence")
    model = CallableModel(known.logits, known.vocabulary_size)
    with pytest.raises(BudgetExhausted) as caught:
        AWRS().sample(model, known.constraint, n=5, max_tokens=3)
    assert caught.value.found is not None
    assert caught.value.found.log_normaliser == -np.inf
    assert isinstance(caught.value, mw.MaskwrightError)
