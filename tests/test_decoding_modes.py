"""The processor in every mode of transformers' ``generate`` that needs no hub, over models of several families.

Contrastive search, DoLa and group beam search are code on the hub since transformers 5; what they ask of a processor is
tested by calls as they make them (``test_processor.py``).
"""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import jsonschema
import pytest
import torch
from transformers import CompileConfig

import maskwright as mw

from .small_models import BOS, CAUSAL, ENCODER_DECODER, EOS, LONGEST, PAD, SCHEMA, TOKENS, constraint, model

FAMILIES = [*CAUSAL, *ENCODER_DECODER]
PROMPTS = torch.tensor([[PAD, PAD, BOS, 40], [BOS, 41, 42, 43], [PAD, BOS, 50, 51]])
MODES: dict[str, dict[str, Any]] = {
    "greedy": {},
    "no cache": {"use_cache": False},
    "sampling": {"do_sample": True},
    "sampling, warped": {"do_sample": True, "temperature": 0.7, "top_k": 5, "top_p": 0.9},
    "several": {"do_sample": True, "num_return_sequences": 3},
    "beams": {"num_beams": 3, "num_return_sequences": 2},
    "beams, long": {"num_beams": 4, "length_penalty": 2.0, "early_stopping": True},
    "beam sampling": {"do_sample": True, "num_beams": 3, "temperature": 1.5},
    "static cache": {"cache_implementation": "static"},
}
ONE_ROW: dict[str, dict[str, Any]] = {
    "prompt lookup": {"prompt_lookup_num_tokens": 3},
    "prompt lookup, sampling": {"prompt_lookup_num_tokens": 3, "do_sample": True},
    "assistant": {"assistant_model": 1},
    "assistant, sampling": {"assistant_model": 1, "do_sample": True},
}


def run(family: str, processor: Any, prompts: torch.Tensor = PROMPTS, **options: Any) -> list[list[int]]:
    """The ids that are written after each prompt."""
    found = model(family)
    if "assistant_model" in options:
        options["assistant_model"] = model(family, seed=options["assistant_model"])
    settings = {"max_new_tokens": LONGEST, "do_sample": False, "pad_token_id": PAD, "eos_token_id": EOS}
    inputs = {"input_ids": prompts, "attention_mask": (prompts != PAD).long()}
    torch.manual_seed(3)
    sequences = found.generate(**inputs, logits_processor=[processor], **{**settings, **options})
    return sequences[:, 1 if family in ENCODER_DECODER else prompts.shape[1] :].tolist()


def text(ids: list[int]) -> str:
    assert EOS in ids, "not finished"
    end = ids.index(EOS)
    assert set(ids[end:]) <= {EOS, PAD}
    return b"".join(TOKENS[token] for token in ids[:end]).decode()


def check(ids: list[int]) -> None:
    written = text(ids)
    assert written == json.dumps(json.loads(written), separators=(",", ":"))
    jsonschema.validate(json.loads(written), SCHEMA)


def allowed(written: list[int]) -> torch.Tensor:
    """bool[width]: the mask of a new matcher that has read it all."""
    matcher, words = constraint().matcher(), torch.zeros((1, 4), dtype=torch.int32)
    assert matcher.accept_tokens(written) == len(written)
    matcher.fill_next_token_bitmask(words)
    return ((words[0].unsqueeze(-1) >> torch.arange(32)) & 1).bool().flatten()


def plain_greedy(family: str, prompt: torch.Tensor, attention: torch.Tensor) -> list[int]:
    """Mask, take the argmax, and feed everything again: no cache, no batch."""
    found, written = model(family), list[int]()
    while EOS not in written:
        if family in ENCODER_DECODER:
            ids = torch.tensor([[PAD, *written]])
            logits = found(input_ids=prompt, attention_mask=attention, decoder_input_ids=ids).logits
        else:
            logits = found(input_ids=torch.cat([prompt, torch.tensor([written], dtype=torch.int64)], 1)).logits
        written.append(int(logits[0, -1].detach().masked_fill(~allowed(written), -torch.inf).argmax()))
    return written


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_search_is_that_of_a_plain_loop(family: str) -> None:
    found = run(family, mw.LogitsProcessor(constraint()))
    for ids, prompt in zip(found, PROMPTS, strict=True):
        kept = prompt[prompt != PAD].unsqueeze(0)
        assert ids[: ids.index(EOS) + 1] == plain_greedy(family, kept, torch.ones_like(kept))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_output_is_valid(family: str, mode: str) -> None:
    processor = mw.LogitsProcessor(constraint())
    for _ in range(2):  # one object serves call after call
        for ids in run(family, processor, **MODES[mode]):
            check(ids)


@pytest.mark.parametrize("mode", ONE_ROW)
@pytest.mark.parametrize("family", FAMILIES)
def test_drafts_that_are_thrown_away(family: str, mode: str) -> None:
    prompt = torch.tensor([[BOS, *(TOKENS.index(bytes([byte])) for byte in b'{"a":"x","b":"1"}{"a":"x')]])
    (ids,) = run(family, mw.LogitsProcessor(constraint()), prompt, **ONE_ROW[mode])
    check(ids)
    if "do_sample" not in ONE_ROW[mode]:
        assert [ids[: ids.index(EOS) + 1]] == [plain_greedy(family, prompt, torch.ones_like(prompt))]


def test_a_compiled_forward() -> None:
    compilation = CompileConfig(backend="eager", fullgraph=False, mode=None)
    compilation._compile_all_devices = True
    options = {"cache_implementation": "static", "compile_config": compilation}
    assert run("llama", mw.LogitsProcessor(constraint()), **options) == run("llama", mw.LogitsProcessor(constraint()))


@pytest.mark.parametrize("family", CAUSAL)
@pytest.mark.parametrize("beams", [1, 3])
def test_prompts_as_embeddings(family: str, beams: int) -> None:
    found, processor = model(family), mw.LogitsProcessor(constraint())
    expected = run(family, mw.LogitsProcessor(constraint()), num_beams=beams)
    embeddings = found.get_input_embeddings()(PROMPTS).detach()
    for _ in range(2):
        sequences = found.generate(
            inputs_embeds=embeddings,
            attention_mask=(PROMPTS != PAD).long(),
            logits_processor=[processor],
            max_new_tokens=LONGEST,
            do_sample=False,
            num_beams=beams,
        )
        assert sequences.tolist() == expected
        assert all(matcher.is_terminated() for matcher in processor.finish(sequences))


def test_one_constraint_per_prompt() -> None:
    schemas = ['{"const": "one"}', '{"enum": ["1", "22", "333"]}', '{"type": "boolean"}']
    processor = mw.LogitsProcessor([constraint(schema) for schema in schemas])
    for options in MODES.values():
        found = run("qwen2", processor, **options)
        share = len(found) // 3
        for index, ids in enumerate(found):
            jsonschema.validate(json.loads(text(ids)), json.loads(schemas[index // share]))


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_beam_search_ranks_a_small_language(family: str) -> None:
    """With as many beams as texts, the search is exhaustive: the texts come in the order of their probabilities."""
    schema = '{"enum": ["", "x", "xy", "xyz", "1", "10", "42", true, false]}'
    small, found = constraint(schema), model(family)
    prompt = PROMPTS[1:2]

    def texts(written: list[int]) -> list[list[int]]:
        if written[-1:] == [EOS]:
            return [written]
        matcher, words = small.matcher(), torch.zeros((1, 4), dtype=torch.int32)
        matcher.accept_tokens(written)
        matcher.fill_next_token_bitmask(words)
        bits = ((words[0].unsqueeze(-1) >> torch.arange(32)) & 1).flatten()
        return list(itertools.chain(*(texts([*written, token]) for token in bits.nonzero().flatten().tolist())))

    def log_probability(ids: list[int]) -> float:
        written = torch.tensor([ids])
        if family == "t5":
            logits = found(input_ids=prompt, decoder_input_ids=torch.cat([torch.tensor([[PAD]]), written], 1)).logits
        else:
            logits = found(input_ids=torch.cat([prompt, written], 1)).logits[:, prompt.shape[1] - 1 :]
        steps = logits[0, : len(ids)].detach().double().log_softmax(-1)
        return float(steps.gather(1, written[0].unsqueeze(1)).sum())

    ranked = sorted(texts([]), key=log_probability, reverse=True)
    best = run(
        family,
        mw.LogitsProcessor(small),
        prompt,
        num_beams=len(ranked),
        num_return_sequences=5,
        length_penalty=0.0,
        early_stopping="never",
    )
    assert [ids[: ids.index(EOS) + 1] for ids in best] == ranked[:5]


def test_copies_go_their_own_ways() -> None:
    processor = mw.LogitsProcessor(constraint())
    scores = torch.zeros((1, len(TOKENS)))
    first = TOKENS.index(b'{"')
    processor(torch.tensor([[BOS]]), scores)
    other = copy.deepcopy(processor)
    processor(torch.tensor([[BOS, first]]), scores)
    assert other.prompt_length == 1
    masked = other(torch.tensor([[BOS, TOKENS.index(b'{"a')]]), scores)
    assert bool(masked[0, TOKENS.index(b'"')] > -torch.inf)
    masked = processor(torch.tensor([[BOS, first, TOKENS.index(b"a")]]), scores)
    assert bool(masked[0, TOKENS.index(b'":')] > -torch.inf)


def test_scores_are_kept_unless_told_otherwise() -> None:
    for in_place in (False, True):
        scores = torch.zeros((1, len(TOKENS)))
        masked = mw.LogitsProcessor(constraint(), in_place=in_place)(torch.tensor([[BOS]]), scores)
        assert bool((masked == -torch.inf).any())
        assert (masked is scores) == in_place
        assert torch.equal(scores, masked) == in_place
