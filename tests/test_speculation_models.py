"""Speculation with models that attend in other ways, in other number types, and beside other parts of transformers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    FalconConfig,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoConfig,
    MistralConfig,
    PreTrainedConfig,
    StoppingCriteria,
)

import maskwright as mw
from maskwright.generation.speculation.decoding import SpeculativeDecoding
from maskwright.generation.speculation.draft_model import DraftModel
from maskwright.generation.speculation.forced import Forced
from maskwright.generation.speculation.lookup import Lookup
from maskwright.generation.speculation.ngram import NGram
from maskwright.generation.speculation.options import Speculation
from maskwright.generation.speculation.recycling import Recycling
from maskwright.generation.tiny import load_tiny_model

from .speculation_cases import END, PROMPT, TOKENS, Guessing, constraint, small_model, vocabulary

LONG = "(a|b|c){1,16}"
SIZES: dict[str, Any] = {
    "vocab_size": len(TOKENS),
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.5,
    "bos_token_id": None,
    "eos_token_id": END,
    "pad_token_id": END,
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "windows": MistralConfig(**SIZES, sliding_window=3),
    "some windows": Gemma3TextConfig(
        **SIZES, sliding_window=3, layer_types=["sliding_attention", "full_attention"], max_position_embeddings=64
    ),
    "learned positions": GPT2Config(
        vocab_size=len(TOKENS),
        n_embd=16,
        n_layer=2,
        n_head=2,
        initializer_range=0.5,
        eos_token_id=END,
        pad_token_id=END,
    ),
}


def model_of(config: PreTrainedConfig, dtype: torch.dtype = torch.float32, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config, dtype=dtype).eval()


def drafters() -> tuple[Any, ...]:
    return Forced(vocabulary()), Lookup(), NGram(), Recycling(), Guessing(lambda text: [len(text) % 3, 1])


ROWS = torch.tensor([[END, END, 0, 1], [2, 1, 0, 0], [END, 1, 1, 5]])


def written(model: Any, patterns: list[str], **arguments: Any) -> list[list[int]]:
    """What is written after ``ROWS``, each alone without speculation, or together."""
    mask = (ROWS != END).long()
    if "custom_generate" in arguments:
        output = model.generate(ROWS, attention_mask=mask, max_new_tokens=12, do_sample=False, **arguments)
        return [without_padding(row) for row in output[:, ROWS.shape[1] :].tolist()]
    texts = []
    for row, seen, pattern in zip(ROWS, mask.bool(), patterns, strict=True):
        ids, processor = row[seen][None], mw.LogitsProcessor(constraint(pattern))
        output = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, logits_processor=[processor]
        )
        texts.append(without_padding(output[0, ids.shape[1] :].tolist()))
    return texts


def without_padding(text: list[int]) -> list[int]:
    return text[: text.index(END) + 1] if END in text else text


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("name", CONFIGS)
def test_padded_rows_that_end_at_different_times(name: str, dtype: torch.dtype) -> None:
    patterns = [LONG, "(abc|cab){1,2}", "(a|bc){1,8}"]
    model = model_of(CONFIGS[name], dtype)
    decoding = SpeculativeDecoding(
        [constraint(each) for each in patterns], Speculation(drafters=drafters(), budget=24, adaptive=False)
    )
    plain = written(model, patterns)
    assert len({len(text) for text in plain}) > 1
    for _ in range(2):
        assert written(model, patterns, custom_generate=decoding) == plain
    assert sum(decoding.stats.accepted.values()) > 0


def decode(model: Any, decoding: Any, **arguments: Any) -> list[int]:
    ids = torch.tensor([PROMPT])
    settings = {"max_new_tokens": 8, "do_sample": False, **arguments}
    output: list[int] = model.generate(ids, attention_mask=torch.ones_like(ids), custom_generate=decoding, **settings)[
        0, len(PROMPT) :
    ].tolist()
    return output


@pytest.mark.parametrize(
    "config",
    [
        FalconConfig(vocab_size=len(TOKENS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, alibi=True),
        GPTNeoConfig(
            vocab_size=len(TOKENS),
            hidden_size=16,
            num_layers=2,
            num_heads=2,
            attention_types=[[["global", "local"], 1]],
        ),
    ],
    ids=["alibi", "windows of its own"],
)
def test_models_that_measure_distances_in_the_cache_are_refused(config: PreTrainedConfig) -> None:
    with pytest.raises(mw.MaskwrightError, match="in the cache"):
        decode(model_of(config), SpeculativeDecoding(constraint(LONG)))


def test_what_a_pass_would_not_read_is_refused() -> None:
    model = model_of(CONFIGS["learned positions"])
    with pytest.raises(mw.MaskwrightError, match="token_type_ids"):
        decode(model, SpeculativeDecoding(constraint(LONG)), token_type_ids=torch.tensor([PROMPT]))


def test_an_end_token_that_generate_does_not_know_ends_the_text() -> None:
    model = small_model()
    decoding = SpeculativeDecoding(constraint("ab"), Speculation(drafters=(Guessing(lambda text: [0, 1]),)))
    text = decode(model, decoding, eos_token_id=2, pad_token_id=5)
    assert text[text.index(END) + 1 :] == []
    assert decoding.matchers[0].is_terminated()


def test_processors_may_write_in_place() -> None:
    def without_c(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores[:, 2] = -torch.inf
        return scores

    model, language = small_model(), constraint(LONG)
    plain = written(model, [LONG] * 3)
    assert any(2 in text for text in plain)
    ours = written(
        model, [], custom_generate=SpeculativeDecoding(language, Speculation(budget=12)), logits_processor=[without_c]
    )
    assert not any(2 in text for text in ours)


def test_drafts_cut_off_by_a_stopping_criterion_are_counted_as_they_were_accepted() -> None:
    class After(StoppingCriteria):
        def __call__(self, input_ids: torch.Tensor, scores: object, **kwargs: object) -> torch.Tensor:
            return torch.tensor([input_ids.shape[1] >= len(PROMPT) + 2] * len(input_ids))

    model, language = small_model(), constraint("a{6,}")
    decoding = SpeculativeDecoding(language, Speculation(drafters=(Guessing(lambda text: [0]),), adaptive=False))
    assert decode(model, decoding, stopping_criteria=[After()]) == [0, 0]
    assert decoding.stats.accepted == {"guessing": 2}
    assert decoding.stats.tokens == 2


def test_a_seed_repeats_drafts_that_are_drawn() -> None:
    person = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    arguments: dict[str, Any] = {"schema": person, "max_new_tokens": 20, "do_sample": True, "seed": 8}
    state = torch.get_rng_state()
    texts = set()
    for run in range(2):
        torch.manual_seed(run)
        draft = DraftModel(load_tiny_model()[0], sample=True)
        options = Speculation(drafters=(draft,), deepest=2, adaptive=False)
        before = torch.get_rng_state()
        texts.add(mw.generate(None, "Write a person.", speculation=options, **arguments).text)
        assert torch.equal(torch.get_rng_state(), before)
    torch.set_rng_state(state)
    assert len(texts) == 1
