"""Constraints as tables on the device: the same language as the matcher, and the same text as ordinary decoding."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

import maskwright as mw
from maskwright.grammar.successors import keys_after_tokens
from maskwright.grammar.token_automaton import FINISHED, REFUSED, START, explore
from maskwright.logits.device_automaton import DeviceAutomaton
from maskwright.logits.device_decoding import decode_on_device
from maskwright.logits.verification import NO_TOKEN, Target

TEXTS = [
    b"a",
    b"b",
    b"ab",
    b"ba",
    b"x",
    b"yy",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b" ",
    b"\n",
    b"1",
    b"23",
    b"-",
]
TEXTS += [b'"a":', b'{"a":', b'"}', b"true", b"false", b"null", b'"b', b"a", bytes([0xC3]), bytes([0xA9]), b'","', b"0"]
VOCABULARY = mw.Vocabulary.from_tokens([*TEXTS, b"</s>", b"<end>"], eos_token_ids=[30, 31], special_token_ids=[30, 31])

CLOSED = {"type": "object", "additionalProperties": False}
FINITE: dict[str, Any] = {
    "pattern": mw.Regex("[ab]{2,4}(x|yy)*"),
    "choice": mw.Choice(["ab", "abx", "b", "é"]),
    "substring": mw.Substring("ab yy ba"),
    "object": {
        **CLOSED,
        "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 99}, "b": {"enum": ["x", "yy"]}},
        "required": ["a"],
    },
    "any order": mw.JsonSchema(
        {**CLOSED, "properties": {"a": {"type": "boolean"}, "b": {"type": "string", "maxLength": 3}}},
        property_order="any",
        whitespace="compact",
    ),
    "array without an end": mw.JsonSchema({"type": "array", "items": {"enum": [1, "ab"]}, "minItems": 2}),
    "array with an end": mw.JsonSchema({"type": "array", "items": {"type": "null"}, "minItems": 1, "maxItems": 3}),
    "union": {
        "anyOf": [{**CLOSED, "properties": {"a": {"const": 1}}}, {"type": "array", "maxItems": 1, "items": CLOSED}]
    },
    "string": mw.JsonSchema({"type": "string", "pattern": "^(ab|ba)*$"}),
    "tags": mw.Lark('start: "x" %json {"enum": [1, 23]} "yy"'),
}
INFINITE: dict[str, Any] = {
    "open keys": {"type": "object"},
    "unique items": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    "recursion": {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}},
    "brackets": mw.Gbnf('root ::= "a" root "b" | "x"'),
}


def allowed(mask: np.ndarray) -> list[int]:
    return [token for token in range(VOCABULARY.size) if mask[token // 32] >> (token % 32) & 1]


@pytest.mark.parametrize("spec", FINITE.values(), ids=FINITE)
def test_the_automaton_is_the_matcher(spec: Any) -> None:
    constraint = mw.compile(spec, VOCABULARY)
    automaton = explore(constraint, 1 << 22)
    generator, mask = random.Random(1), np.zeros((1, 1), np.int32)
    for _ in range(40):
        matcher, state = constraint.matcher(), START
        for _ in range(40):
            matcher.fill_next_token_bitmask(mask)
            if state == FINISHED:
                break
            assert np.array_equal(mask[0], automaton.masks[automaton.mask_of[state]])
            tokens = allowed(mask[0])
            forbidden = next((token for token in range(VOCABULARY.size) if token not in tokens), None)
            if forbidden is not None:
                assert automaton.transitions[state, automaton.classes[forbidden]] == REFUSED
            token = generator.choice(tokens)
            assert matcher.accept_token(token)
            state = int(automaton.transitions[state, automaton.classes[token]])
        assert (state == FINISHED) == matcher.is_terminated()
    assert allowed(automaton.masks[automaton.mask_of[FINISHED]]) == [30, 31]
    assert allowed(automaton.masks[automaton.mask_of[REFUSED]]) == []
    assert set(automaton.transitions[FINISHED]) == {FINISHED}
    assert set(automaton.transitions[REFUSED]) == {REFUSED}


def test_the_automaton_of_a_small_language_by_hand() -> None:
    """States: at the start, after a, after ab, and two that all have; classes: a (twice), ab, b, ends, the rest."""
    automaton = explore(mw.compile(mw.Choice(["a", "ab"]), VOCABULARY), 1 << 20)
    assert automaton.transitions.shape == (5, 5)
    assert automaton.classes[0] == automaton.classes[25]


def test_equal_keys_mean_equal_continuations() -> None:
    """An array counts only as far as its limits tell counts apart."""
    constraint = mw.compile(FINITE["array without an end"], VOCABULARY)
    keys = []
    for count in (1, 2, 3, 7):
        matcher = constraint.matcher()
        assert matcher.accept_tokens([9, *[15, 12] * (count - 1), 15]) == 2 * count
        keys.append(keys_after_tokens(matcher).tobytes())
    assert keys[0] != keys[1] == keys[2] == keys[3]


@pytest.mark.parametrize("spec", INFINITE.values(), ids=INFINITE)
def test_what_is_not_finite_state_is_refused(spec: Any) -> None:
    constraint = mw.compile(spec, VOCABULARY)
    with pytest.raises(mw.LimitExceeded, match=r"limit_bytes|finite-state"):
        DeviceAutomaton.from_constraint(constraint, limit_bytes=50_000)


def test_exploring_takes_no_longer_than_it_may() -> None:
    constraint = mw.compile(INFINITE["recursion"], VOCABULARY)
    started = time.monotonic()
    with pytest.raises(mw.LimitExceeded, match="compile_seconds"):
        DeviceAutomaton.from_constraint(constraint, limit_bytes=1 << 40, limits=mw.Limits(compile_seconds=0.2))
    assert time.monotonic() - started < 10


def test_steps_of_a_batch() -> None:
    automaton = DeviceAutomaton.from_constraint(mw.compile(FINITE["choice"], VOCABULARY))
    states = automaton.step(automaton.start(4), torch.tensor([1, 2, 4, NO_TOKEN]))
    assert (states[2:] == REFUSED).all()
    assert allowed(automaton.masks_of(states)[0].numpy()) == [30, 31]
    assert allowed(automaton.masks_of(states)[1].numpy()) == [4, 30, 31]
    states = automaton.step(states, torch.tensor([30, 31, 30, 30]))
    assert automaton.are_finished(states).tolist() == [True, True, False, False]
    assert automaton.nbytes == explore(mw.compile(FINITE["choice"], VOCABULARY), 1 << 20).nbytes


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=40,  # wider than the vocabulary, as models often are
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    return AutoModelForCausalLM.from_config(config).eval()


def texts(tokens: torch.Tensor) -> list[list[int]]:
    """Each row up to its first end-of-sequence token."""
    rows = tokens.tolist()
    return [row[: next((at for at, token in enumerate(row) if token in (30, 31)), len(row))] for row in rows]


PROMPTS = torch.tensor([[0, 3, 5, 2, 7], [0, 0, 1, 4, 11], [9, 8, 7, 6, 5]])
PROMPT_MASK = torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])


@pytest.mark.parametrize("spec", [*FINITE.values(), INFINITE["open keys"]], ids=[*FINITE, "fallback"])
def test_greedy_decoding_on_the_device_gives_the_same_text(model: Any, spec: Any) -> None:
    constraint = mw.compile(spec, VOCABULARY)
    ours = decode_on_device(model, PROMPTS, constraint, attention_mask=PROMPT_MASK, max_new_tokens=24)
    expected = model.generate(
        PROMPTS,
        attention_mask=PROMPT_MASK,
        max_new_tokens=24,
        do_sample=False,
        eos_token_id=[30, 31],
        pad_token_id=30,
        logits_processor=[mw.LogitsProcessor(constraint)],
    )
    assert ours.shape == (3, 24)
    assert texts(ours) == texts(expected[:, 5:])


def test_sampling_on_the_device(model: Any) -> None:
    constraint = mw.compile(FINITE["object"], VOCABULARY)
    automaton = DeviceAutomaton.from_constraint(constraint)
    target = Target(temperature=1.5, top_p=0.95)
    arguments = {"attention_mask": PROMPT_MASK, "max_new_tokens": 30, "target": target}
    first, again = (
        decode_on_device(model, PROMPTS, automaton, generator=torch.Generator().manual_seed(4), **arguments)
        for _ in range(2)
    )
    assert torch.equal(first, again)
    for row in texts(first):
        assert constraint.matcher().accept_tokens(row) == len(row)
    other = decode_on_device(model, PROMPTS, automaton, generator=torch.Generator().manual_seed(5), **arguments)
    assert not torch.equal(first, other)


def test_what_cannot_be_decoded_is_named(model: Any) -> None:
    constraint = mw.compile(FINITE["choice"], VOCABULARY)
    with pytest.raises(mw.MaskwrightError, match="room"):
        decode_on_device(model, PROMPTS, constraint, max_new_tokens=0)
