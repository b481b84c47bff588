"""Samplers whose model reads drafted continuations: the same laws and the same samples, in fewer passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import MistralConfig, MistralForCausalLM

import maskwright as mw
from maskwright.generation.speculation.draft_model import DraftModel
from maskwright.generation.speculation.learned import Learned
from maskwright.generation.speculation.options import Speculation
from maskwright.generation.speculation.sampler_drafts import SamplerDrafts
from maskwright.generation.tiny import load_tiny_model
from maskwright.logits.drafted_laws import DraftedLaws
from maskwright.logits.language_model import Prefix, SamplingSettings
from maskwright.logits.transformers_model import TransformersModel

from .sampler_laws import chi_squared
from .speculation_cases import END, MOST_TOKENS, PROMPT, TOKENS, Ids, constraint, small_model

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 0, "maximum": 99},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 2},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}


class AnyDrafts:
    """Guesses of different lengths, right or wrong."""

    def __init__(self) -> None:
        self.read = 0

    def after(self, prefixes: Sequence[Prefix]) -> list[Prefix]:
        return [tuple((row + place) % len(TOKENS) for place in range(row % 4)) for row in range(len(prefixes))]

    def learn(self, tokens: NDArray[np.int64], logits: torch.Tensor, seconds: float) -> None:
        assert len(tokens) == len(logits)
        self.read += len(tokens)


def windowed_model() -> MistralForCausalLM:
    """Its cache forgets, so that keys and values are not kept."""
    torch.manual_seed(3)
    config = MistralConfig(
        vocab_size=len(TOKENS),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        sliding_window=3,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=END,
    )
    return MistralForCausalLM(config).eval()


@pytest.mark.parametrize("model", [small_model(), windowed_model()], ids=["kept", "computed anew"])
def test_laws_are_the_same_whatever_is_drafted(model: Any) -> None:
    settings = SamplingSettings(temperature=0.7, top_p=0.9)
    plain, drafts = TransformersModel(model, PROMPT, settings), AnyDrafts()
    ours = TransformersModel(model, PROMPT, settings, drafts=drafts)
    random = np.random.default_rng(0)
    prefixes = [
        tuple(random.integers(0, 3, length).tolist()) for length in (0, 1, 1, 2, 2, 2, 3, 3, 4, 4) for _ in "ab"
    ]
    for _ in range(2):
        assert np.allclose(ours.log_probabilities(prefixes), plain.log_probabilities(prefixes), atol=1e-4)
    assert ours.computed < plain.computed
    assert drafts.read > ours.computed


def test_the_memory_of_laws_is_bounded() -> None:
    laws = DraftedLaws(memory=3 * 40)
    for token in range(5):
        laws.keep((token,), torch.full((10,), float(token)))
    assert [token for token in range(5) if laws.of((token,)) is not None] == [2, 3, 4]
    kept = laws.of((4,))
    assert kept is not None
    assert float(kept[0]) == 4.0


def sampled(sampler: Any, speculation: Any, seed: int = 5, n: int = 6) -> list[Any]:
    arguments = {"schema": PERSON, "n": n, "max_new_tokens": 60, "seed": seed, "sampler": sampler}
    results: list[Any] = mw.generate(None, "Write a person.", speculation=speculation, **arguments)
    return results


OPTIONS: dict[str, Any] = {
    "auto": lambda: "auto",
    "all that is guessed": lambda: Speculation(adaptive=False, deepest=6),
    "a model": lambda: Speculation(
        drafters=(DraftModel(load_tiny_model()[0], sample=True),), adaptive=False, deepest=3
    ),
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("sampler", [mw.samplers.Mask(), mw.samplers.SMC(particles=6)], ids=["mask", "smc"])
def test_samples_are_the_same(sampler: Any, options: str) -> None:
    plain, ours = sampled(sampler, None), sampled(sampler, OPTIONS[options]())
    assert [each.token_ids for each in ours] == [each.token_ids for each in plain]
    assert [each.weight for each in ours] == pytest.approx([each.weight for each in plain], abs=1e-3)
    before, now = plain[0].sampling, ours[0].sampling
    assert now.forward_passes == before.forward_passes
    assert now.computed_prefixes < 0.8 * before.computed_prefixes
    assert now.model_passes < before.model_passes
    stats = ours[0].stats.speculation
    assert stats.forward_passes == now.model_passes
    assert sum(stats.lengths.values()) == now.computed_prefixes
    assert 0 < sum(stats.accepted.values()) < sum(stats.drafted.values())


def test_passes_of_the_model_are_counted_as_they_are() -> None:
    model, tokenizer = load_tiny_model()
    passes = []
    handle = model.register_forward_hook(lambda *_: passes.append(1))
    try:
        for speculation in (None, "auto"):
            passes.clear()
            arguments: dict[str, Any] = {"schema": mw.Regex("[a-d]{1,3}"), "tokenizer": tokenizer, "sampler": "exact"}
            result = mw.generate(model, "Write a person.", max_new_tokens=60, speculation=speculation, **arguments)
            assert result.sampling.model_passes == len(passes) - 1  # the prompt's
    finally:
        handle.remove()


def test_cars_with_speculation_has_the_law_of_the_language() -> None:
    model, language, wanted = small_model(), constraint("(a|bc){1,3}"), 600
    options = Speculation(adaptive=False, deepest=3)
    learned = Learned.of(options, language.vocabulary)
    drafts = SamplerDrafts(language, PROMPT, MOST_TOKENS, options, learned)
    law = TransformersModel(model, PROMPT, drafts=drafts)
    found = mw.samplers.CARS(batch=8).sample(law, language, n=wanted, max_tokens=MOST_TOKENS, seed=2)
    assert chi_squared([each.token_ids for each in found.samples], law_in(model, language)) > 1e-3
    assert drafts.stats.forward_passes == law.passes
    assert law.computed < found.forward_passes


def law_in(model: Any, language: mw.Constraint) -> dict[Ids, float]:
    """The model's law given the language, every text enumerated."""
    plain, law = TransformersModel(model, PROMPT), {}
    waiting: list[tuple[Ids, float]] = [((), 0.0)]
    while waiting:
        text, log_probability = waiting.pop()
        matcher = language.matcher()
        if matcher.accept_tokens(text) < len(text):
            continue
        if text[-1:] == (END,):
            law[text] = float(np.exp(log_probability))
        elif len(text) < MOST_TOKENS:
            logs = plain.log_probabilities([text])[0]
            waiting += [((*text, token), log_probability + logs[token]) for token in range(len(TOKENS))]
    total = sum(law.values())
    return {text: mass / total for text, mass in law.items()}
