"""``generate`` with the bundled tiny model: every document obeys, and the surroundings stay as they were."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import torch
from pydantic import BaseModel, Field, field_validator
from transformers import GenerationConfig, LogitsProcessor, PreTrainedTokenizerFast

import maskwright as mw
from maskwright.generation.models import load
from maskwright.generation.tiny import TINY_MODEL_PATH
from maskwright.schemas.specification import vocabulary_of

PROMPT = "Write a person."


class Person(BaseModel):
    name: str = Field(max_length=12)
    age: int = Field(ge=0, le=150)


class Never(BaseModel):
    n: int = Field(ge=1, le=3)

    @field_validator("n")
    @classmethod
    def refuse(cls, n: int) -> int:
        raise ValueError("never")


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    return load(None)


def test_one_prompt_gives_one_result(tiny: tuple[Any, Any]) -> None:
    result = mw.generate(None, PROMPT, schema=Person, do_sample=True, seed=1)
    assert isinstance(result, mw.GenerationResult)
    assert isinstance(result.value, Person)
    assert result.finish_reason == "stop"
    assert result.value == Person.model_validate_json(result.text)
    assert result.token_ids[-1] == tiny[1].eos_token_id
    assert tiny[1].decode(result.token_ids, skip_special_tokens=True) == result.text
    assert result.stats.tokens == len(result.token_ids)
    assert 0 < result.stats.mask_seconds < result.stats.seconds


def test_several_prompts_of_different_length() -> None:
    prompts = [PROMPT, "Describe somebody whom you have met on a journey, and do not forget the age."]
    alone = [mw.generate(None, prompt, schema=Person, do_sample=False) for prompt in prompts]
    together = mw.generate(None, prompts, schema=Person, do_sample=False)
    assert [result.text for result in together] == [result.text for result in alone]
    assert [result.token_ids for result in together] == [result.token_ids for result in alone]
    assert together[0].stats.prompt_tokens < together[1].stats.prompt_tokens
    assert mw.generate(None, [PROMPT], schema=Person, do_sample=False)[0].text == alone[0].text
    assert mw.generate(None, [], schema=Person) == []


def test_several_sequences_come_in_the_order_of_prompts() -> None:
    schema = {"enum": ["one", "two", "three"]}
    results = mw.generate(None, ["Count.", PROMPT], schema=schema, do_sample=True, num_return_sequences=3, seed=0)
    assert [result.stats.prompt_tokens for result in results] == [4] * 3 + [results[-1].stats.prompt_tokens] * 3
    assert {result.value for result in results} <= {"one", "two", "three"}
    beams = mw.generate(None, PROMPT, schema=schema, num_beams=3, num_return_sequences=2)
    assert all(result.finish_reason == "stop" for result in beams)


def test_a_document_that_is_cut_off_has_no_value() -> None:
    result = mw.generate(None, PROMPT, schema=Person, max_new_tokens=4, finish_within_budget=False)
    assert result.finish_reason == "length"
    assert result.value is None
    assert len(result.token_ids) == 4
    assert result.text.startswith("{")


def test_a_complete_document_without_an_end_token_has_a_value() -> None:
    result = mw.generate(None, PROMPT, schema={"const": "abc"}, max_new_tokens=20, eos_token_id=3)
    shorter = mw.generate(
        None, PROMPT, schema={"const": "abc"}, max_new_tokens=len(result.token_ids) - 1, finish_within_budget=False
    )
    assert shorter.finish_reason == "stop"
    assert shorter.value == "abc"
    assert shorter.token_ids == result.token_ids[:-1]


def test_characters_that_are_cut_off_are_left_out() -> None:
    for budget in range(1, 8):
        result = mw.generate(None, PROMPT, schema={"const": "😀😀"}, max_new_tokens=budget, finish_within_budget=False)
        assert "�" not in result.text


def test_values_that_the_type_refuses() -> None:
    result = mw.generate(None, PROMPT, schema=Never)
    assert result.finish_reason == "stop"
    assert json.loads(result.text)["n"] in (1, 2, 3)
    with pytest.raises(mw.MaskwrightError, match="never"):
        _ = result.value


def test_results_can_be_pickled() -> None:
    result = mw.generate(None, PROMPT, schema={"type": "boolean"})
    assert pickle.loads(pickle.dumps(result)) == result


def test_seeds() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    texts = [mw.generate(None, PROMPT, schema=Person, do_sample=True, seed=seed).text for seed in (1, 1, 2)]
    assert torch.rand(1) == expected
    assert texts[0] == texts[1] != texts[2]
    with pytest.raises(mw.MaskwrightError, match="seed"):
        mw.generate(None, PROMPT, schema=Person, seed=-1)


def test_a_compiled_constraint(tiny: tuple[Any, Any]) -> None:
    constraint = mw.compile({"enum": [[1, 2], {}]}, tiny[1])
    assert mw.generate(*reversed([PROMPT, tiny[0]]), schema=constraint, tokenizer=tiny[1]).value in ([1, 2], {})
    other = mw.Vocabulary.from_tokens([b"a"] * 5000, eos_token_ids=[1])
    with pytest.raises(mw.MaskwrightError, match="5000 tokens"):
        mw.generate(None, PROMPT, schema=mw.compile(True, other))


def test_models_by_object_and_by_path(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    texts = {
        mw.generate(model, PROMPT, schema={"const": 1}, tokenizer=tokenizer).text,
        mw.generate(model, PROMPT, schema={"const": 1}).text,  # its name_or_path says which tokenizer
        mw.generate(TINY_MODEL_PATH, PROMPT, schema={"const": 1}, tokenizer=str(TINY_MODEL_PATH)).text,
    }
    assert {json.loads(text) for text in texts} == {1}


def test_chats(tiny: tuple[Any, Any]) -> None:
    messages = [{"role": "user", "content": PROMPT}]
    plain = mw.generate(None, PROMPT, schema=Person, do_sample=False)
    assert mw.generate(None, messages, schema=Person, do_sample=False).text == plain.text
    several = mw.generate(None, [messages, PROMPT], schema=Person, do_sample=False)
    assert [result.text for result in several] == [plain.text] * 2
    told = mw.generate(None, PROMPT, schema=Person, do_sample=False, system="Be brief.")
    assert told.stats.prompt_tokens > plain.stats.prompt_tokens
    bare = PreTrainedTokenizerFast.from_pretrained(TINY_MODEL_PATH)
    bare.chat_template = None
    with pytest.raises(mw.MaskwrightError, match="chat template"):
        mw.generate(tiny[0], messages, schema=Person, tokenizer=bare)
    with pytest.raises(mw.MaskwrightError, match="no chat message"):
        mw.generate(None, [{"role": "user"}], schema=Person)


def test_tokenizers_without_padding_and_on_the_right(tiny: tuple[Any, Any]) -> None:
    other = PreTrainedTokenizerFast.from_pretrained(TINY_MODEL_PATH)
    other.pad_token = None
    other.padding_side = "right"
    prompts = [PROMPT, "Write a person who lives in a small town."]
    found = mw.generate(tiny[0], prompts, schema=Person, tokenizer=other, do_sample=False)
    expected = mw.generate(None, prompts, schema=Person, do_sample=False)
    assert [result.text for result in found] == [result.text for result in expected]
    assert other.padding_side == "right"
    assert other.pad_token is None


def test_a_tokenizer_is_read_once(tiny: tuple[Any, Any]) -> None:
    first = mw.generate(None, PROMPT, schema={"const": "x"})
    again = mw.generate(None, PROMPT, schema={"const": "x"})
    assert again.stats.compile_seconds < max(0.05, first.stats.compile_seconds)
    assert vocabulary_of(tiny[1]) is vocabulary_of(tiny[1])


def test_the_callers_processors_and_configuration() -> None:
    class PreferSeven(LogitsProcessor):
        calls = 0

        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return scores

    processor = PreferSeven()
    given = [processor]
    config: Any = GenerationConfig(max_new_tokens=3)  # type: ignore[no-untyped-call, unused-ignore]
    result = mw.generate(None, PROMPT, schema=Person, logits_processor=given, generation_config=config)
    assert processor.calls == 3
    assert given == [processor]
    assert len(result.token_ids) == 3
    assert config.eos_token_id is None


def test_the_context_window(tiny: tuple[Any, Any]) -> None:
    with pytest.raises(mw.MaskwrightError, match="context window 1024"):
        mw.generate(None, "word " * 2000, schema=Person)
    prompt = "a " * 1000
    room = 1024 - len(tiny[1](prompt)["input_ids"])
    assert 0 < room < 100
    result = mw.generate(
        None, prompt, schema={"type": "string", "minLength": 5000}, max_new_tokens=300, finish_within_budget=False
    )
    assert result.finish_reason == "length"
    assert len(result.token_ids) == room


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": 3}, "int, is not a model"),
        ({"model": "no/such/model"}, "cannot load the model 'no/such/model'"),
        ({"tokenizer": 3}, "int, is not a tokenizer"),
        ({"input_ids": torch.zeros(1, 1)}, "input_ids"),
        ({"max_new_tokens": 0}, "room for 0"),
        ({"schema": {"type": 1}}, "/type"),
        ({"schema": {"enum": []}}, ""),
    ],
)
def test_wrong_input(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(mw.MaskwrightError) as raised:
        mw.generate(**{"model": None, "prompt": PROMPT, "schema": True, **arguments})
    assert words in str(raised.value)
