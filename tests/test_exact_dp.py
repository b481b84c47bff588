"""The computed law against enumeration, samples against the law, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.matcher_state import state_key
from maskwright.logits.language_model import CallableModel
from maskwright.logits.ngram_model import NGramModel
from maskwright.logits.samplers.errors import EmptyTarget
from maskwright.logits.samplers.exact_dp import ExactDP

from .sampler_laws import Case, assert_law, case, cases, random_case, random_table

every_case = pytest.mark.parametrize("case", [*cases(), *map(random_case, range(8))], ids=lambda case: case.name)


def model_of(case: Case) -> NGramModel:
    return NGramModel(case.table, case.order)


@every_case
def test_the_law_is_the_enumerated_one(case: Case) -> None:
    law = ExactDP().law(model_of(case), case.constraint, max_tokens=case.max_tokens)
    assert law.log_normaliser == pytest.approx(math.log(case.normaliser), abs=1e-12)
    for prefix, future in case.future.items():
        assert math.exp(law.log_future(prefix)) == pytest.approx(future, rel=1e-11, abs=1e-300)


@every_case
def test_samples_have_the_target_law(case: Case) -> None:
    result = ExactDP().sample(model_of(case), case.constraint, n=4000, max_tokens=case.max_tokens, seed=0)
    assert_law([sample.token_ids for sample in result.samples], case.conditional)
    assert result.guarantee == "exact"
    for sample in result.samples:
        assert math.exp(sample.log_probability) == pytest.approx(case.mass[sample.token_ids], rel=1e-10)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_orders(order: int) -> None:
    """A model that looks back more or less, asked through a function that has no order of its own."""
    known = case("boundary")
    table = random_table(order, 4, order=order)
    other = Case("order", known.tokens, known.ends, known.form, known.states, known.accepting, table, 7, order)
    law = ExactDP(order=order).law(CallableModel(other.logits, 4), other.constraint, max_tokens=7)
    assert law.log_normaliser == pytest.approx(math.log(other.normaliser), abs=1e-12)
    assert model_of(other).log_probabilities([(0, 1), ()]) == pytest.approx(np.log([other.law((0, 1)), other.law(())]))


def test_long_sequences_of_a_small_automaton() -> None:
    """The work grows with states, not with sequences: of these there are some 2^60."""
    known = case("ambiguous")
    law = ExactDP().law(model_of(known), known.constraint, max_tokens=60)
    assert law.nodes < 40
    shorter = ExactDP().law(model_of(known), known.constraint, max_tokens=known.max_tokens)
    assert law.log_normaliser > shorter.log_normaliser == pytest.approx(math.log(known.normaliser))
    assert law.log_future((2, 3)) == law.log_future((3,)) == -math.inf


def test_keys_of_states() -> None:
    """Equal for texts that a regular language does not tell apart, different where it does, and within JSON."""
    vocabulary = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)

    def key(form: object, text: bytes) -> bytes:
        matcher = mw.compile(form, vocabulary).matcher()
        assert matcher.accept_tokens(text) == len(text)
        return state_key(matcher)

    regex = mw.Regex("([ab]{2})*c")
    assert key(regex, b"ab") == key(regex, b"baab") != key(regex, b"aba")
    unique = {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True}
    assert key(unique, b"[1,2,") != key(unique, b"[1,3,")
    assert key({"type": "object"}, b'{"a":') != key({"type": "object"}, b'{"b":')


def test_what_cannot_be_computed_is_an_error() -> None:
    known = case("one sequence")
    with pytest.raises(EmptyTarget):
        ExactDP().sample(model_of(known), known.constraint, max_tokens=3)
    with pytest.raises(mw.MaskwrightError, match="order"):
        ExactDP().sample(CallableModel(known.logits, 4), known.constraint, max_tokens=4)
    for most in (2, 12):
        with pytest.raises(LimitExceeded):
            ExactDP(most_edges=most).sample(model_of(known), known.constraint, max_tokens=4)
    with pytest.raises(mw.MaskwrightError, match="rows"):
        NGramModel(known.table, 1)
