"""The chains' kernel, built state by state with the sampler's own functions: detailed balance, and its powers as the
law of what is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwright.grammar.errors import MaskwrightError
from maskwright.logits.language_model import CallableModel
from maskwright.logits.samplers.errors import BudgetExhausted
from maskwright.logits.samplers.mcmc import MCMC, Truncation, log_acceptance, log_proposal, truncation_law
from maskwright.logits.samplers.target import Target
from maskwright.logits.samplers.traces import EMPTY, Trace, Writer

from .sampler_laws import Case, Ids, assert_law, case, cases, chi_squared, random_case

TRUNCATIONS: tuple[Truncation, ...] = ("uniform", "priority", "restart")
every_case = pytest.mark.parametrize("case", [*cases(), *map(random_case, range(6))], ids=lambda case: case.name)
every_truncation = pytest.mark.parametrize("truncation", TRUNCATIONS)


def trace_of(case: Case, ids: Ids) -> Trace:
    """What masking says of a sequence, from the case's own automaton."""
    state, rows = 0, []
    for place, token in enumerate(ids):
        law, allowed = case.law(ids[:place]), case.allowed(state)
        if place == case.max_tokens - 1:
            allowed = [each for each in allowed if each in case.ends]
        shares = law[allowed] / law[allowed].sum()
        positive = shares[shares > 0]
        entropy = -float((positive * np.log(positive)).sum())
        rows.append((math.log(law[token]), math.log(law[token] / law[allowed].sum()), max(entropy, 0.0)))
        if token not in case.ends:
            state = case.after(state, token)  # type: ignore[assignment]
    return Trace(ids, *(np.array(column) for column in zip(*rows, strict=True)))


def proposed(x: Trace, y: Trace, truncation: Truncation) -> float:
    """How often y is written from x: over every place, whether they agree before it, and what masking writes then."""
    return sum(
        float(chance) * math.exp(y.mask[place:].sum())
        for place, chance in enumerate(truncation_law(x, truncation))
        if y.token_ids[:place] == x.token_ids[:place]
    )


def kernel_of(case: Case, truncation: Truncation) -> NDArray[np.float64]:
    """The probability of every step between the members of the language; what is not accepted, or fails, stays."""
    traces = [trace_of(case, ids) for ids in case.conditional]
    steps = np.zeros((len(traces), len(traces)))
    for row, x in enumerate(traces):
        for column, y in enumerate(traces):
            if row != column:
                steps[row, column] = proposed(x, y, truncation) * math.exp(log_acceptance(x, y, truncation))
        steps[row, row] = 1 - steps[row].sum()
    return steps


def law_after(case: Case, truncation: Truncation, steps: int) -> dict[Ids, float]:
    """Of a chain that begins with masking."""
    first = case.projected(force_end=True)
    start = np.array([first[ids] for ids in case.conditional])
    last = start @ np.linalg.matrix_power(kernel_of(case, truncation), steps)
    return dict(zip(case.conditional, last.tolist(), strict=True))


@every_case
@every_truncation
def test_detailed_balance(case: Case, truncation: Truncation) -> None:
    law = np.array(list(case.conditional.values()))
    kernel = kernel_of(case, truncation)
    flow = law[:, None] * kernel
    assert np.abs(flow - flow.T).max() < 1e-12
    assert np.abs(law @ kernel - law).max() < 1e-12
    assert kernel.min() > -1e-12


@every_case
@every_truncation
def test_proposals_are_laws(case: Case, truncation: Truncation) -> None:
    """q(x, .) is what enumerating places and continuations gives, and sums to 1 less what cannot be finished."""
    traces = {ids: trace_of(case, ids) for ids in case.conditional}
    for x in list(traces.values())[:12]:
        found = 0.0
        for y in traces.values():
            expected = proposed(x, y, truncation)
            assert math.exp(log_proposal(x, y, truncation)) == pytest.approx(expected, rel=1e-10, abs=1e-300)
            found += expected
        assert found <= 1 + 1e-12
        if case.projected_mass(force_end=True) > 1 - 1e-12:
            assert found == pytest.approx(1)


@every_case
def test_what_is_written_knows_its_probabilities(case: Case) -> None:
    """Whole sequences, and continuations of their beginnings."""
    model = CallableModel(case.logits, case.vocabulary_size)
    target = Target(model, case.constraint, case.max_tokens)
    writer = Writer(target, model, np.random.default_rng(0))
    whole = [trace for trace in writer.write([EMPTY] * 20).traces if trace is not None]
    again = writer.write([trace.beginning(len(trace.token_ids) // 2) for trace in whole])
    for trace in filter(None, whole + again.traces):
        expected = trace_of(case, trace.token_ids)
        for found, wanted in ((trace.model, expected.model), (trace.mask, expected.mask)):
            np.testing.assert_allclose(found, wanted, atol=1e-12)
        np.testing.assert_allclose(trace.entropy, expected.entropy, atol=1e-12)


@pytest.mark.parametrize("name", ["ambiguous finite", "skewed", "dyck", "boundary", "json enum", "with zeros"])
@every_truncation
def test_the_law_after_some_steps_is_as_computed(name: str, truncation: Truncation) -> None:
    known = case(name)
    model = CallableModel(known.logits, known.vocabulary_size)
    for steps in (0, 1, 3):
        sampler = MCMC(steps, truncation)
        result = sampler.sample(model, known.constraint, n=800, max_tokens=known.max_tokens, seed=steps)
        assert result.guarantee == "asymptotic"
        assert_law([sample.token_ids for sample in result.samples], law_after(known, truncation, steps))
        for sample in result.samples[:50]:
            assert math.exp(sample.log_probability) == pytest.approx(known.mass[sample.token_ids], rel=1e-9)


@pytest.mark.parametrize("truncation", ["uniform", "priority"])
def test_many_steps_reach_the_target(truncation: Truncation) -> None:
    known = case("ambiguous")
    model = CallableModel(known.logits, known.vocabulary_size)
    result = MCMC(20, truncation).sample(model, known.constraint, n=700, max_tokens=known.max_tokens, seed=0)
    assert_law([sample.token_ids for sample in result.samples], known.conditional)
    few = MCMC(0, truncation).sample(model, known.constraint, n=700, max_tokens=known.max_tokens, seed=0)
    assert chi_squared([sample.token_ids for sample in few.samples], known.conditional) < 1e-6


@every_truncation
def test_every_chain_forgets_its_beginning(truncation: Truncation) -> None:
    for known in cases():
        powers = np.linalg.matrix_power(kernel_of(known, truncation), 20_000)
        law = np.array(list(known.conditional.values()))
        assert np.abs(powers - law).max() < 1e-3


def test_a_forced_sequence_is_drawn_and_an_impossible_one_an_error() -> None:
    known = case("one sequence")
    model = CallableModel(known.logits, known.vocabulary_size)
    for truncation in TRUNCATIONS:
        result = MCMC(5, truncation).sample(model, known.constraint, n=3, max_tokens=4)
        assert {sample.token_ids for sample in result.samples} == set(known.mass)
        assert result.acceptance_rate == 1
    with pytest.raises(BudgetExhausted) as caught:
        MCMC(most_starts=3).sample(model, known.constraint, n=2, max_tokens=3)
    assert caught.value.found is not None
    assert caught.value.found.samples == ()
    assert caught.value.found.cut_by_length == 6


@pytest.mark.parametrize("arguments", [{"steps": -1}, {"truncation": "best"}, {"most_starts": 0}])
def test_options_are_checked(arguments: dict) -> None:
    with pytest.raises(MaskwrightError):
        MCMC(**arguments)
