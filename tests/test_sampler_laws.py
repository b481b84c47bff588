"""The ground truth of the samplers' tests: that maskwright's masks are those of the automata written there, that the
laws are laws, and that the tests of samples can fail."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .sampler_laws import (
    Case,
    assert_law,
    case,
    cases,
    chi_squared,
    random_case,
    total_variation,
    total_variation_bound,
)

every_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def masks_agree(case: Case) -> None:
    bitmask = np.zeros((1, 1), np.int32)
    for prefix, _, _, whole in case.walk():
        if whole:
            continue
        matcher = case.constraint.matcher()
        assert matcher.accept_tokens(prefix) == len(prefix)
        matcher.fill_next_token_bitmask(bitmask)
        state = 0
        for token in prefix:
            state = case.after(state, token)  # type: ignore[assignment]
        assert [t for t in range(case.vocabulary_size) if bitmask[0, 0] >> t & 1] == case.allowed(state)


@every_case
def test_masks_are_those_of_the_automaton(case: Case) -> None:
    masks_agree(case)


@pytest.mark.parametrize("seed", range(10))
def test_masks_of_random_cases(seed: int) -> None:
    masks_agree(random_case(seed))


@every_case
def test_laws_are_laws(case: Case) -> None:
    assert 0 < case.normaliser <= 1 + 1e-12
    for law in (case.conditional, case.projected(), case.projected(force_end=True)):
        assert math.fsum(law.values()) == pytest.approx(1, abs=1e-12)
        assert all(len(ids) <= case.max_tokens and ids[-1] in case.ends for ids in law)
    assert case.future[()] == pytest.approx(case.normaliser, rel=1e-12)
    assert case.projected_mass() <= case.projected_mass(force_end=True) + 1e-12


@every_case
def test_future_obeys_its_recursion(case: Case) -> None:
    """Phi(x) is the sum over next tokens, an end that is allowed counting 1."""
    for prefix, expected in case.future.items():
        state = 0
        for token in prefix:
            state = case.after(state, token)  # type: ignore[assignment]
        law = case.law(prefix)
        found = 0.0
        for token in case.allowed(state) if len(prefix) < case.max_tokens else []:
            found += law[token] * (1 if token in case.ends else case.future.get((*prefix, token), 0))
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-300)


def test_cases_are_what_they_say() -> None:
    assert 1e-7 < case("rare").normaliser < 1e-5
    assert len(case("one sequence").mass) == len(case("empty only").mass) == 1
    assert len(case("forced").mass) > 5
    assert case("dyck").projected_mass() < 0.95
    assert any(len(ids) == case("boundary").max_tokens for ids in case("boundary").mass)
    assert case("with zeros").projected_mass() < 1
    first = case("skewed")
    law, masked = first.conditional, first.projected()
    assert masked[(0,) * 5 + (2,)] > 0.4 > 0.01 > law[(0,) * 5 + (2,)]


def test_tests_can_fail_and_pass() -> None:
    law = case("ambiguous").conditional
    ids, masses = list(law), np.array(list(law.values()))
    random = np.random.default_rng(0)
    assert_law([ids[i] for i in random.choice(len(ids), 3000, p=masses)], law)
    other = case("ambiguous").projected()
    wrong = [list(other)[i] for i in random.choice(len(other), 3000, p=list(other.values()))]
    assert chi_squared(wrong, law) < 1e-6
    assert total_variation(wrong, law) > total_variation_bound(law, 3000)
    assert chi_squared([(0, 0, 0)], law) == 0
