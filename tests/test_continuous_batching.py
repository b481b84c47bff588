"""The processor for continuous batching, in transformers' own manager on the CPU, which needs no GPU.

CUDA graphs and asynchronous batching need one: for the first, the table must stay where it is and hold for every row
number, which is tested; the second is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from transformers import GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig

import maskwright as mw

from .small_models import BOS, EOS, LONGEST, TOKENS, WIDTH, constraint, model, vocabulary
from .test_decoding_modes import check, plain_greedy, text

PROMPTS = [[BOS, 40], [BOS, 41, 42, 43], [BOS, 50, 51], [BOS, 60]]


def small(**options: Any) -> ContinuousBatchingConfig:
    return ContinuousBatchingConfig(**{"page_size": 16, "num_blocks": 32, "max_batch_tokens": 32, **options})


def config(**options: Any) -> GenerationConfig:
    settings = {"max_new_tokens": LONGEST, "eos_token_id": EOS, "do_sample": False}
    made: Any = GenerationConfig(**{**settings, **options})  # type: ignore[no-untyped-call, unused-ignore]
    return made


@pytest.fixture
def llama() -> Iterator[Any]:
    found = model("llama")
    attention = found.config._attn_implementation
    yield found
    found.set_attn_implementation(attention)


def test_requests_are_as_alone(llama: Any) -> None:
    processor = mw.ContinuousBatchingLogitsProcessor(constraint())
    outputs = processor.generate_batch(
        llama, PROMPTS, generation_config=config(), continuous_batching_config=small(max_requests_per_batch=2)
    )
    llama.set_attn_implementation("eager")
    for prompt, output in zip(PROMPTS, outputs, strict=True):
        ids = torch.tensor([prompt])
        assert output.generated_tokens == plain_greedy("llama", ids, torch.ones_like(ids))


def test_samples_and_several_documents(llama: Any) -> None:
    processor = mw.ContinuousBatchingLogitsProcessor(constraint())
    outputs = processor.generate_batch(
        llama,
        PROMPTS,
        generation_config=config(do_sample=True, temperature=0.7, top_k=20, num_return_sequences=2),
        continuous_batching_config=small(per_request_processors=True),
    )
    assert len(outputs) == 8
    for output in outputs:
        check(output.generated_tokens)


def test_each_request_has_its_constraint(llama: Any) -> None:
    one, other = constraint('{"enum": ["1", "22"]}'), constraint('{"type": "boolean"}')
    processor = mw.ContinuousBatchingLogitsProcessor(vocabulary())
    manager = processor.attach(llama.init_continuous_batching(config(), small()))
    manager.start()
    names = [manager.add_request(PROMPTS[0], constraint=each) for each in (one, other)]
    free = manager.add_request(PROMPTS[0], max_new_tokens=8)
    found = {}
    while len(found) < 3 and manager.is_running():
        result = manager.get_result(timeout=1)
        if result is not None:
            found[result.request_id] = result.generated_tokens
    manager.stop(block=True)
    manager.destroy()
    assert json.loads(text(found[names[0]])) in ("1", "22")
    assert json.loads(text(found[names[1]])) in (True, False)
    llama.set_attn_implementation("eager")
    plain = llama.generate(torch.tensor([PROMPTS[0]]), max_new_tokens=8, do_sample=False, eos_token_id=EOS)
    assert found[free] == plain[0, len(PROMPTS[0]) :].tolist()


def test_what_cannot_work_is_refused(llama: Any) -> None:
    processor = mw.ContinuousBatchingLogitsProcessor(constraint())
    manager = llama.init_continuous_batching(config(), small(use_async_batching=True))
    with pytest.raises(mw.MaskwrightError, match="asynchronous batching"):
        processor.attach(manager)
    manager = llama.init_continuous_batching(config(eos_token_id=77), small())
    with pytest.raises(mw.VocabularyMismatch, match=r"requests end with \[77\]"):
        processor.attach(manager)
    wide = mw.Vocabulary.from_tokens([b"a"] * 500, eos_token_ids=EOS)
    with pytest.raises(mw.VocabularyMismatch, match="500 tokens"):
        mw.ContinuousBatchingLogitsProcessor(wide).attach(llama.init_continuous_batching(config(), small()))
    manager = processor.attach(llama.init_continuous_batching(config(), small()))
    with pytest.raises(mw.MaskwrightError, match="attached once"):
        processor.attach(manager)


def test_errors_while_running_are_raised(llama: Any) -> None:
    other = mw.Vocabulary.from_tokens([*TOKENS[:-1], b"other"], eos_token_ids=EOS)
    processor = mw.ContinuousBatchingLogitsProcessor(constraint())
    with pytest.raises(mw.VocabularyMismatch, match="another vocabulary"):
        processor.generate_batch(
            llama,
            PROMPTS[:1],
            constraints=[mw.compile(True, other)],
            generation_config=config(),
            continuous_batching_config=small(),
        )


class FakeFuture:
    """What the scheduler says about a request of a step."""

    def __init__(self, name: str, generated: list[int], **arguments: Any) -> None:
        self.has_new_token = True
        self.state = type("State", (), {})()
        self.state.__dict__.update(
            request_id=name,
            initial_tokens=[BOS],
            generated_tokens=generated,
            _true_initial_tokens=0,
            logit_processor_kwargs=arguments,
        )


def attached(llama: Any, language: Any) -> mw.ContinuousBatchingLogitsProcessor:
    processor = mw.ContinuousBatchingLogitsProcessor(language)
    processor.attach(llama.init_continuous_batching(config(), small(max_requests_per_batch=3)))
    return processor


def test_steps_of_which_tokens_are_unknown_are_refused(llama: Any) -> None:
    processor = attached(llama, constraint())
    future = FakeFuture("a", [])
    processor.prepare_tensor_args([future])
    with pytest.raises(mw.MaskwrightError, match="asynchronous batching"):
        processor.prepare_tensor_args([future])
    assert processor.error is not None


def test_requests_that_are_put_off_go_on(llama: Any) -> None:
    processor = attached(llama, constraint())
    ids = [TOKENS.index(piece) for piece in (b'{"', b"a", b'":')]
    processor.prepare_tensor_args([FakeFuture("a", ids[:2])])
    before = processor._table[1].clone()
    later = FakeFuture("a", [])
    later.state.initial_tokens, later.state._true_initial_tokens = [BOS, *ids[:2]], 1
    processor.prepare_tensor_args([later])
    assert torch.equal(processor._table[1], before)
    later.state.generated_tokens = ids[2:]
    processor.prepare_tensor_args([later])
    assert not torch.equal(processor._table[1], before)


def test_the_table_stays_where_it_is(llama: Any) -> None:
    """What a CUDA graph needs: the same memory, the same operations, and any row number."""
    processor = attached(llama, constraint())
    place, scores = processor._table.data_ptr(), torch.zeros((3, WIDTH))
    numbers = torch.empty(3, dtype=torch.int32)
    processor.fill_defaults(numbers)
    assert torch.equal(processor(scores, numbers), scores)
    states = [FakeFuture("a", []), FakeFuture("__warmup_1__", []), FakeFuture("b", [TOKENS.index(b"{")])]
    masked = processor(scores, processor.prepare_tensor_args(states))
    assert processor._table.data_ptr() == place
    allowed = [(row > -torch.inf).nonzero().flatten().tolist() for row in masked]
    assert allowed[0] == sorted(TOKENS.index(piece) for piece in (b"{", b'{"', b'{"a'))
    assert allowed[1] == list(range(WIDTH))
    assert allowed[2] == [TOKENS.index(b'"')]


def test_dead_logits_are_told_a_step_later(llama: Any) -> None:
    processor = attached(llama, constraint())
    future = FakeFuture("a", [])
    numbers = processor.prepare_tensor_args([future])
    processor(torch.full((1, WIDTH), torch.nan), numbers)
    future.state.generated_tokens = [TOKENS.index(b"{")]
    with pytest.raises(mw.DeadLogits):
        processor.prepare_tensor_args([future])
