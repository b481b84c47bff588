"""Samplers over a transformers model: its law with and without keys and values, and ``generate`` with a sampler."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig, MistralConfig

import maskwright as mw
from maskwright.generation.models import load
from maskwright.logits.language_model import SamplingSettings
from maskwright.logits.transformers_model import TransformersModel

from .sampler_laws import Ids, Law, assert_law, total_variation

SAMPLERS = mw.samplers
PROMPT = "Write a person."
NAMES = mw.JsonSchema({"enum": ["Ada", "Grace", "Alan", "Ann", True]}, whitespace="compact", escapes="minimal")


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    return load(None)


def small(config: type[Any], **options: Any) -> Any:
    """A random model."""
    torch.manual_seed(0)
    shape = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "initializer_range": 0.5}
    return AutoModelForCausalLM.from_config(config(**shape, **heads, **options)).eval()  # type: ignore[no-untyped-call, unused-ignore]


def plain_laws(model: Any, prompt: list[int], prefixes: list[Ids], settings: SamplingSettings) -> np.ndarray:
    with torch.inference_mode():
        rows = [model(input_ids=torch.tensor([[*prompt, *prefix]])).logits[0, -1] for prefix in prefixes]
    return settings.law(torch.stack(rows).double().numpy())


# --- the law of a model

SETTINGS = [SamplingSettings(), SamplingSettings(0.7, 20, 0.9), SamplingSettings(2.0, 0, 0.5)]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("memory", [1 << 30, 20_000, 0])
def test_the_law_of_a_model(tiny: tuple[Any, Any], settings: SamplingSettings, memory: int) -> None:
    model, tokenizer = tiny
    prompt = tokenizer(PROMPT)["input_ids"]
    law = TransformersModel(model, prompt, settings, memory=memory, batch=3)
    random = np.random.default_rng(0)
    longest = [tuple(random.integers(0, 2000, 6).tolist()) for _ in range(4)]
    prefixes = [ids[:length] for length in range(7) for ids in longest]
    expected = plain_laws(model, prompt, prefixes, settings)
    for order in list(range(len(prefixes))), random.permutation(len(prefixes)).tolist():
        found = law.log_probabilities([prefixes[place] for place in order])
        assert np.array_equal(np.isneginf(found), np.isneginf(expected[order]))
        assert np.allclose(np.exp(found), np.exp(expected[order]), atol=1e-6)
        assert np.allclose(np.exp(found).sum(axis=1), 1)
    assert law._key_values is not None
    assert law._key_values.size <= memory


def test_keys_and_values_are_not_computed_twice(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokenizer = tiny
    law = TransformersModel(model, tokenizer(PROMPT)["input_ids"])
    fed: list[int] = []
    run = law._run
    monkeypatch.setattr(law, "_run", lambda rows, *others: fed.extend(map(len, rows)) or run(rows, *others))
    for length in range(1, 9):
        law.log_probabilities([tuple(range(30, 30 + length))])
    assert fed == [1] * 8
    law.log_probabilities([(30, 31, 32, 90, 91), (30, 31, 32, 33, 95)])
    assert fed[8:] == [2, 1]


def test_models_whose_cache_drops_tokens_are_computed_anew() -> None:
    model = small(MistralConfig, sliding_window=4)
    law = TransformersModel(model, [1, 2, 3])
    assert law._key_values is None
    prefixes: list[Ids] = [(), (5,), (5, 6, 7, 8, 9), (5, 6)]
    expected = plain_laws(model, [1, 2, 3], prefixes, SamplingSettings())
    assert np.allclose(law.log_probabilities(prefixes), expected, atol=1e-5)


def test_fingerprints_tell_laws_apart() -> None:
    model, other = small(LlamaConfig), small(LlamaConfig, rope_theta=5.0)
    first = TransformersModel(model, [1, 2]).fingerprint
    assert first == TransformersModel(model, [1, 2]).fingerprint
    different = [
        TransformersModel(model, [1, 3]),
        TransformersModel(other, [1, 2]),
        TransformersModel(model, [1, 2], SamplingSettings(top_k=3)),
    ]
    assert len({first, *(law.fingerprint for law in different)}) == 4
    with pytest.raises(mw.MaskwrightError, match="training mode"):
        TransformersModel(model.train(), [1, 2])
    with pytest.raises(mw.MaskwrightError, match="no tokens"):
        TransformersModel(model.eval(), [])


def test_settings_are_checked() -> None:
    with pytest.raises(mw.MaskwrightError, match="temperature"):
        SamplingSettings(temperature=0)
    with pytest.raises(mw.MaskwrightError, match="top_p"):
        SamplingSettings(top_p=0)


# --- documents of a model


def enumerated(target: mw.samplers.Target) -> Law:
    """The conditional law, by asking about every prefix."""
    found: Law = {}
    level: dict[Ids, float] = {(): 0.0}
    for length in range(target.max_tokens):
        matchers = [target.constraint.matcher() for _ in level]
        for matcher, prefix in zip(matchers, level, strict=True):
            matcher.accept_tokens(prefix)
        laws = target.model.log_probabilities(list(level)) if level else []
        after: dict[Ids, float] = {}
        for (prefix, mass), law, mask in zip(level.items(), laws, target.masks(matchers), strict=True):
            for token in np.flatnonzero(mask & target.ends if target.is_last(length) else mask).tolist():
                (found if target.ends[token] else after)[(*prefix, token)] = mass + float(law[token])
        level = after
    total = np.logaddexp.reduce(list(found.values()))
    return {ids: math.exp(mass - total) for ids, mass in found.items()}


def test_documents_have_the_conditional_law(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    constraint = mw.compile(NAMES, tokenizer)
    target = SAMPLERS.Target(TransformersModel(model, tokenizer(PROMPT)["input_ids"]), constraint, 12)
    law = enumerated(target)
    assert len(law) > 20
    for sampler in SAMPLERS.CARS(), SAMPLERS.Exact():
        result = sampler.sample(target.model, constraint, n=1500, max_tokens=12, seed=0)
        assert_law([sample.token_ids for sample in result.samples], law)
    masked = SAMPLERS.Mask().sample(target.model, constraint, n=300, max_tokens=12, seed=0)
    assert total_variation([sample.token_ids for sample in masked.samples], law) > 0.2


@pytest.mark.parametrize("sampler", ["exact", SAMPLERS.CARS(), SAMPLERS.ASAp(), SAMPLERS.Mask(), SAMPLERS.SMC()])
def test_many_documents_of_one_prompt(sampler: Any) -> None:
    results = mw.generate(None, PROMPT, schema=NAMES, sampler=sampler, n=20, seed=3, max_new_tokens=20)
    assert len(results) == 20
    assert {result.value for result in results} <= {"Ada", "Grace", "Alan", "Ann", True}
    assert {(result.finish_reason, result.weight) for result in results} == {("stop", 1.0)}
    said = results[0].sampling
    assert all(result.sampling is said for result in results)
    assert said.samples[4].token_ids == results[4].token_ids
    assert 0 < results[0].stats.mask_seconds < results[0].stats.seconds
    again = mw.generate(None, PROMPT, schema=NAMES, sampler=sampler, n=20, seed=3, max_new_tokens=20)
    assert [result.text for result in again] == [result.text for result in results]
    assert pickle.loads(pickle.dumps(results[0])) == results[0]


def test_one_document_and_several_prompts() -> None:
    single = mw.generate(None, PROMPT, schema=NAMES, sampler="exact", seed=1)
    assert isinstance(single, mw.GenerationResult)
    prompts = [PROMPT, "Name a city."]
    results = mw.generate(None, prompts, schema=NAMES, sampler="exact", n=3, seed=1)
    assert [result.stats.prompt_tokens for result in results] == sorted(
        [single.stats.prompt_tokens] * 3 + [results[-1].stats.prompt_tokens] * 3,
        key=lambda count: count != single.stats.prompt_tokens,
    )
    assert results[0].sampling is results[2].sampling is not results[3].sampling
    assert mw.generate(None, [], schema=NAMES, sampler="exact") == []


def test_what_was_learnt_is_kept_for_the_same_prompt_only(tiny: tuple[Any, Any]) -> None:
    constraint = mw.compile(NAMES, tiny[1])
    sampler = SAMPLERS.CARS(tries=SAMPLERS.Tries())

    def passes(prompt: str, **settings: Any) -> int:
        results = mw.generate(None, prompt, schema=constraint, sampler=sampler, n=50, seed=0, **settings)
        return int(results[0].sampling.forward_passes)

    first = passes(PROMPT)
    assert passes(PROMPT) < first / 2
    assert passes("Name a city.") > first / 2
    assert passes(PROMPT, temperature=2.0) > first / 2


def test_masking_gives_n_documents_too() -> None:
    results = mw.generate(None, PROMPT, schema=NAMES, n=5, seed=0)
    assert len(results) == 5
    assert len(Counter(result.text for result in results)) > 1
    assert {result.sampling for result in results} == {None}
    assert isinstance(mw.generate(None, PROMPT, schema=NAMES, n=1), mw.GenerationResult)


def test_settings_of_a_generation_config() -> None:
    config: Any = GenerationConfig(max_new_tokens=20, top_k=1)  # type: ignore[no-untyped-call, unused-ignore]
    schema = mw.JsonSchema({"type": "boolean"}, whitespace="compact")
    with pytest.raises(SAMPLERS.EmptyTarget):  # the model's one token is no boolean
        mw.generate(None, PROMPT, schema=schema, sampler="exact", generation_config=config)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "best"}, "no sampler 'best'"),
        ({"sampler": SAMPLERS.CARS}, "is no sampler"),
        ({"sampler": "exact", "num_beams": 2}, "do not take num_beams"),
        ({"sampler": "exact", "do_sample": False}, "do not take do_sample=False"),
        ({"sampler": "exact", "n": 0}, "0 documents"),
        ({"n": 0}, "0 documents"),
        ({"sampler": "exact", "seed": -1}, "the seed is -1"),
        ({"n": 2, "num_return_sequences": 2}, "both n and num_return_sequences"),
        ({"sampler": "exact", "temperature": 0}, "temperature"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=message):
        mw.generate(None, PROMPT, schema=NAMES, **options)
