"""The processor for transformers: whatever ``generate`` does with rows, every output stays in the language."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessorList

from maskwright.grammar.errors import DeadLogits, MaskwrightError, VocabularyMismatch
from maskwright.logits import LogitsProcessor
from maskwright.logits.bitmask import apply_token_bitmask_
from maskwright.logits.copies import Copies

SIZE, PAD, EOS, STOP = 60, 0, 2, 9
PROMPTS = torch.tensor([[PAD, PAD, 5, 6], [7, 8, 5, 6], [PAD, 11, 12, 13]])


class FakeVocabulary:
    size = SIZE
    tokens = (b"x",) * SIZE
    eos_token_ids = (EOS,)


class FakeMatcher:
    """A matcher for a finite language, given as the set of its sentences."""

    def __init__(self, sentences: frozenset[tuple[int, ...]], text: tuple[int, ...] = ()) -> None:
        self.sentences, self.text = sentences, text

    def allowed(self) -> set[int]:
        if self.is_terminated():
            return set()
        size = len(self.text)
        longer = {s[size] for s in self.sentences if len(s) > size and s[:size] == self.text}
        return longer | ({EOS} if self.is_accepting() else set())

    def fill_next_token_bitmask(self, bitmask: np.ndarray, row: int = 0) -> None:
        bits = np.zeros(bitmask.shape[1] * 32, dtype=np.uint8)
        bits[list(self.allowed())] = 1
        bitmask[row] = np.packbits(bits, bitorder="little").view(np.int32)

    def accept_token(self, token_id: int) -> bool:
        if token_id not in self.allowed():
            return False
        self.text += (token_id,)
        return True

    def rollback(self, count: int) -> None:
        self.text = self.text[: len(self.text) - count]

    def fork(self) -> FakeMatcher:
        return FakeMatcher(self.sentences, self.text)

    def is_accepting(self) -> bool:
        return self.text in self.sentences

    def is_terminated(self) -> bool:
        return EOS in self.text


class FakeConstraint:
    def __init__(self, *sentences: tuple[int, ...]) -> None:
        self.vocabulary = FakeVocabulary()
        self.sentences = frozenset(sentences)

    def matcher(self) -> FakeMatcher:
        return FakeMatcher(self.sentences)

    def allows(self, tokens: list[int]) -> bool:
        """Whether ``tokens`` is a sentence with its end and padding, or the beginning of a sentence."""
        if EOS in tokens:
            end = tokens.index(EOS)
            return tuple(tokens[:end]) in self.sentences and set(tokens[end:]) <= {EOS, PAD}
        return any(list(s[: len(tokens)]) == tokens for s in self.sentences)


NARROW = FakeConstraint((20,), (20, 21, 22), (20, 21, 23, 24, 25), (20, 21, 23, 24, STOP, 27))
WIDE = FakeConstraint(*[(a, b, c) for a in range(30, 36) for b in range(40, 46) for c in (50, 51)], (59,) * 9)


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
        bos_token_id=1,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    return LlamaForCausalLM(config).eval()


def generate(
    model: LlamaForCausalLM, processor: LogitsProcessor, prompts: torch.Tensor, **options: object
) -> torch.Tensor:
    return model.generate(
        input_ids=prompts,
        attention_mask=(prompts != PAD).long(),
        logits_processor=[processor],
        **{"max_new_tokens": 8, "do_sample": True, **options},
    )


def outputs(sequences: torch.Tensor, prompts: torch.Tensor = PROMPTS) -> list[list[int]]:
    return sequences[:, prompts.shape[1] :].tolist()


@pytest.mark.parametrize("constraint", [NARROW, WIDE])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"do_sample": False},
        {"max_new_tokens": 2},
        {"num_return_sequences": 4},
        {"do_sample": False, "num_beams": 3},
        {"do_sample": False, "num_beams": 3, "num_return_sequences": 3, "length_penalty": 2.0},
        {"num_beams": 3},
        {"top_k": 3, "temperature": 0.5},
        {"use_cache": False},
    ],
    ids=str,
)
def test_every_output_is_in_the_language(
    model: LlamaForCausalLM, constraint: FakeConstraint, options: dict[str, object]
) -> None:
    processor = LogitsProcessor(constraint)
    for seed in range(3):
        torch.manual_seed(seed)
        sequences = generate(model, processor, PROMPTS, **options)
        for tokens, matcher in zip(outputs(sequences), processor.finish(sequences), strict=True):
            assert constraint.allows(tokens)
            assert matcher.is_terminated() == (EOS in tokens)
            assert matcher.text == tuple(tokens[: tokens.index(EOS) + 1] if EOS in tokens else tokens)


def test_beam_search_finds_the_most_probable_sentences(model: LlamaForCausalLM) -> None:
    prompt = PROMPTS[1:2]
    sentences = [[*s, EOS] for s in NARROW.sentences]

    def log_probability(sentence: list[int]) -> float:
        matcher, total = NARROW.matcher(), 0.0
        for position, token_id in enumerate(sentence):
            ids = torch.cat([prompt, torch.tensor([sentence[:position]], dtype=torch.int64)], 1)
            total += float(model(ids).logits[0, -1].detach().log_softmax(-1)[token_id])
            assert matcher.accept_token(token_id)
        return total

    best = sorted(sentences, key=log_probability, reverse=True)
    found = generate(
        model, LogitsProcessor(NARROW), prompt, do_sample=False, num_beams=8, num_return_sequences=4, length_penalty=0.0
    )
    assert [row[: row.index(EOS) + 1] for row in outputs(found, prompt)] == best


def test_one_constraint_per_prompt(model: LlamaForCausalLM) -> None:
    constraints = [NARROW, WIDE, FakeConstraint((33, 34))]
    for options in ({}, {"num_return_sequences": 2}, {"do_sample": False, "num_beams": 3, "num_return_sequences": 2}):
        processor = LogitsProcessor(constraints)
        sequences = generate(model, processor, PROMPTS, **options)
        share = len(sequences) // 3
        assert len(processor.finish(sequences)) == len(sequences)
        assert all(constraints[i // share].allows(tokens) for i, tokens in enumerate(outputs(sequences)))


def test_assisted_decoding_goes_back(model: LlamaForCausalLM) -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        prompt = torch.tensor([[20, 21, 23, 24, 25, 20, 21, 22, 20]])
        for options in ({"prompt_lookup_num_tokens": 3}, {"assistant_model": model}):
            processor = LogitsProcessor(NARROW)
            sequences = generate(model, processor, prompt, **options)
            assert NARROW.allows(outputs(sequences, prompt)[0])


def test_an_interrupted_generation_is_continued(model: LlamaForCausalLM) -> None:
    processor = LogitsProcessor(FakeConstraint((20, 21, 22, 23)))
    first = generate(model, processor, PROMPTS, max_new_tokens=2)
    second = generate(model, processor, first)
    assert outputs(second) == [[20, 21, 22, 23, EOS]] * 3


def test_a_new_prompt_starts_anew(model: LlamaForCausalLM) -> None:
    processor = LogitsProcessor(NARROW)
    generate(model, processor, PROMPTS)
    longer = torch.cat([PROMPTS, PROMPTS[:, -1:]], 1)  # as long as if it went on, but with a token never generated
    assert all(NARROW.allows(tokens) for tokens in outputs(generate(model, processor, longer), longer))
    assert all(NARROW.allows(tokens) for tokens in outputs(generate(model, processor, PROMPTS)))
    processor.reset()
    assert processor.matchers == []
    generate(model, processor, PROMPTS[:1])
    assert len(processor.matchers) == 1


def test_a_row_stopped_by_a_criterion_is_padded(model: LlamaForCausalLM) -> None:
    constraint = FakeConstraint((20, STOP, 22, 23), (20, 21, 22, 23))

    def stop(input_ids: torch.Tensor, _scores: object) -> torch.Tensor:
        return input_ids[:, -1] == STOP

    prompts = PROMPTS[1:2].repeat(16, 1)
    processor = LogitsProcessor(constraint, pad_token_id=PAD)
    found = outputs(generate(model, processor, prompts, stopping_criteria=[stop]))
    assert {tuple(tokens) for tokens in found} == {(20, STOP, PAD, PAD, PAD), (20, 21, 22, 23, EOS)}
    with pytest.raises(MaskwrightError, match=f"token {PAD}, number 3 after the prompt"):
        generate(model, LogitsProcessor(constraint), prompts, stopping_criteria=[stop])


def test_an_empty_prompt_and_wide_scores() -> None:
    processor = LogitsProcessor(NARROW)
    scores = torch.zeros((1, 200), dtype=torch.bfloat16)
    masked = processor(torch.empty((1, 0), dtype=torch.int64), scores)
    assert (masked[0] > -torch.inf).nonzero().flatten().tolist() == [20]
    assert torch.equal(scores, torch.zeros_like(scores))
    masked = processor(torch.tensor([[20]]), scores)
    assert (masked[0] > -torch.inf).nonzero().flatten().tolist() == [EOS, 21]
    processor(torch.tensor([[20, EOS]]), scores)
    masked = processor(torch.tensor([[20, EOS, PAD]]), scores)
    assert (masked[0] > -torch.inf).nonzero().flatten().tolist() == [EOS]
    assert processor.matchers[0].text == (20, EOS)


def test_bits_beyond_the_vocabulary_are_ignored() -> None:
    class Careless(FakeMatcher):
        def fill_next_token_bitmask(self, bitmask: np.ndarray, row: int = 0) -> None:
            bitmask[row] = -1

    constraint = FakeConstraint()
    constraint.matcher = lambda: Careless(frozenset())  # type: ignore[method-assign]
    masked = LogitsProcessor(constraint)(torch.ones((1, 1), dtype=torch.int64), torch.zeros((1, 64)))
    assert (masked[0] > -torch.inf).nonzero().flatten().tolist() == list(range(SIZE))


def test_a_forbidden_token_is_an_error_and_starts_over() -> None:
    processor = LogitsProcessor(NARROW)
    scores = torch.zeros((2, 64))
    processor(torch.tensor([[5], [6]]), scores)
    with pytest.raises(MaskwrightError, match="row 1: token 21, number 1 after the prompt"):
        processor(torch.tensor([[5, 20], [6, 21]]), scores)
    processor(torch.tensor([[5], [6]]), scores)
    processor(torch.tensor([[5, 20], [6, 20]]), scores)
    assert [matcher.text for matcher in processor.matchers] == [(20,), (20,)]
    with pytest.raises(MaskwrightError, match="row 0: token 33"):
        processor.finish(torch.tensor([[5, 20, 33]]))


def test_rows_that_change_places() -> None:
    processor = LogitsProcessor(NARROW)
    scores = torch.zeros((3, 64))
    steps = [
        [[1], [1], [1]],
        [[1, 20], [1, 20], [1, 20]],
        [[1, 20, 21], [1, 20, EOS], [1, 20, 21]],
        [[1, 20, EOS, PAD], [1, 20, 21, 23], [1, 20, 21, 22]],
        [[1, 20, 21, 22, EOS], [1, 20, 21, 23, 24], [1, 20, 21, 23, 24]],
    ]
    for step in steps:
        processor(torch.tensor(step), scores)
        expected = [tuple(token for token in ids[1:] if token != PAD) for ids in step]
        assert [matcher.text for matcher in processor.matchers] == expected


def test_constraints_must_fit_the_batch() -> None:
    with pytest.raises(MaskwrightError, match="3 rows cannot be shared out evenly among 2"):
        LogitsProcessor([NARROW, WIDE])(torch.ones((3, 1), dtype=torch.int64), torch.zeros((3, 64)))
    with pytest.raises(MaskwrightError, match="at least one"):
        LogitsProcessor([])
    endless = FakeConstraint((20,))
    endless.vocabulary.eos_token_ids = ()
    with pytest.raises(MaskwrightError, match="no end-of-sequence"):
        LogitsProcessor(endless)
    with pytest.raises(MaskwrightError, match="no generation"):
        LogitsProcessor(NARROW).finish(PROMPTS)


def test_groups_of_beams_take_turns() -> None:
    """As group beam search calls: at each length every group of rows by itself, whose rows change places."""
    processor = LogitsProcessor(NARROW)
    scores = torch.zeros((2, 64)).log_softmax(-1)
    groups = {
        "first": [[[1], [1]], [[1, 20], [1, 20]], [[1, 20, 21], [1, 20, EOS]], [[1, 20, 21, 23], [1, 20, 21, 22]]],
        "same": [[[1], [1]], [[1, 20], [1, 20]], [[1, 20, 21], [1, 20, EOS]], [[1, 20, EOS, PAD], [1, 20, 21, 22]]],
        "other": [[[1], [1]], [[1, 20], [1, 20]], [[1, 20, EOS], [1, 20, 21]], [[1, 20, 21, 22], [1, 20, 21, 23]]],
    }
    for length in range(4):
        for steps in groups.values():
            processor(torch.tensor(steps[length]), scores)
            expected = [tuple(token for token in ids[1:] if token != PAD) for ids in steps[length]]
            assert [matcher.text for matcher in processor.matchers] == expected


def test_a_model_and_its_assistant_take_turns() -> None:
    """An assistant with a tokenizer of its own starts from ids of its own; the model's text is not forgotten."""
    processor = LogitsProcessor(NARROW)
    scores = torch.zeros((1, 64))
    for written in range(4):
        processor(torch.tensor([[1, *(20, 21, 23, 24)[:written]]]), scores)
        assert processor.matchers[0].text == (20, 21, 23, 24)[:written]
        for tokens in ([5, 6, *range(30, 30 + 2 * written)], [7, 8, *range(30, 31 + 2 * written)]):
            processor(torch.tensor([tokens]), scores)
            assert processor.matchers[0].text == ()


def test_logits_of_another_vocabulary_are_refused() -> None:
    ids = torch.ones((1, 1), dtype=torch.int64)
    with pytest.raises(VocabularyMismatch, match="has 60 tokens, the model gives only 50 logits"):
        LogitsProcessor(NARROW)(ids, torch.zeros((1, 50)))
    with pytest.raises(VocabularyMismatch, match="gives 5000 logits, the tokenizer has only 60"):
        LogitsProcessor(NARROW)(ids, torch.zeros((1, 5000)))
    special = FakeConstraint((20,))
    special.vocabulary.tokens = (b"x",) * 50 + (b"",) * 10  # type: ignore[misc]
    LogitsProcessor(special)(ids, torch.zeros((1, 50)))
    special.vocabulary.eos_token_ids = (55,)
    with pytest.raises(VocabularyMismatch, match="no end token can be reached"):
        LogitsProcessor(special)(ids, torch.zeros((1, 50)))
    other = FakeConstraint((20,))
    other.vocabulary.tokens = (b"y",) * SIZE  # type: ignore[misc]
    with pytest.raises(VocabularyMismatch, match="must share their vocabulary"):
        LogitsProcessor([NARROW, other])


@pytest.mark.parametrize("value", [float("nan"), -torch.inf])
def test_logits_that_leave_no_choice(value: float) -> None:
    ids = torch.ones((2, 1), dtype=torch.int64)
    scores = torch.zeros((2, 64))
    scores[1, 20] = value
    with pytest.raises(DeadLogits, match="row 1"):
        LogitsProcessor(NARROW)(ids, scores)
    scores[1] = value
    with pytest.raises(DeadLogits, match="row 1"):
        LogitsProcessor(WIDE)(ids, scores)
    scores[1] = 0
    scores[1, 21:] = value  # forbidden: whatever stands there
    LogitsProcessor(NARROW)(ids, scores)
    scores[1, 30] = -torch.inf  # allowed, and others are too
    scores[1, 31] = 1
    scores[1, 32:36] = 0
    scores[1, 59] = 0
    LogitsProcessor(WIDE)(ids, scores)


def test_on_a_device_dead_logits_are_told_a_step_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_looking(masked: torch.Tensor, bitmask: torch.Tensor) -> None:
        apply_token_bitmask_(masked, bitmask)

    monkeypatch.setattr("maskwright.logits.processor.apply_and_look_", without_looking)
    processor = LogitsProcessor(NARROW)
    scores = torch.zeros((1, 64))
    processor(torch.tensor([[1]]), scores)
    processor(torch.tensor([[1, 20]]), scores)
    processor(torch.tensor([[1, 20, 21]]), torch.full_like(scores, torch.nan))
    with pytest.raises(DeadLogits, match="row 0"):
        processor(torch.tensor([[1, 20, 21, 5]]), scores)
    processor = LogitsProcessor(NARROW)
    processor(torch.tensor([[1]]), torch.full_like(scores, torch.nan))
    with pytest.raises(DeadLogits):
        processor.finish(torch.tensor([[1, 20]]))


def test_continuous_batching_does_not_drop_it_in_silence() -> None:
    with pytest.raises(MaskwrightError, match="ContinuousBatchingLogitsProcessor"):
        ContinuousBatchingLogitsProcessorList(LogitsProcessorList([LogitsProcessor(NARROW)]))


def test_copies_use_memory_again_only_if_nobody_holds_it() -> None:
    copies, scores = Copies(), torch.arange(12.0).view(3, 4)
    place = copies.of(scores).data_ptr()
    first = copies.of(scores)
    assert first.data_ptr() == place
    second = copies.of(scores + 1)
    held = [second[1], copies.of(scores + 2).numpy(), copies.of(scores + 3).detach()]
    del second
    for number in range(10):
        last = copies.of(scores + 10 + number)
    assert torch.equal(last, scores + 19)
    assert torch.equal(first, scores)
    assert torch.equal(held[0], scores[1] + 1)
    assert (held[1] == (scores + 2).numpy()).all()
    assert torch.equal(held[2], scores + 3)
    with torch.inference_mode():
        inside = Copies()
        inside.of(scores)
    assert torch.equal(inside.of(scores), scores)
    assert copies.of(scores.double()).dtype == torch.float64
