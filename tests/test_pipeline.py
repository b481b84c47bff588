"""The pipeline for transformers gives the values of documents."""

from __future__ import annotations

from typing import Any

import pytest
import transformers
from pydantic import BaseModel
from transformers.pipelines import PIPELINE_REGISTRY

import maskwright as mw
from maskwright.generation.pipelines import register
from maskwright.generation.tiny import TINY_MODEL_PATH, load_tiny_model
from maskwright.pipelines import StructuredGenerationPipeline

PROMPT = "Write a person."
TASK = "structured-generation"
pipeline: Any = transformers.pipeline


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def write() -> Any:
    model, tokenizer = load_tiny_model()
    return pipeline(TASK, model=model, tokenizer=tokenizer, schema=Person, max_new_tokens=60, device="cpu")


def test_is_registered_once() -> None:
    assert TASK in PIPELINE_REGISTRY.get_supported_tasks()
    register()
    assert isinstance(pipeline(TASK, model=str(TINY_MODEL_PATH)), StructuredGenerationPipeline)


def test_a_prompt_gives_a_value(write: Any) -> None:
    value = write(PROMPT, do_sample=False)
    assert value == mw.generate(None, PROMPT, schema=Person, do_sample=False).value
    assert write(PROMPT, do_sample=False, return_full_result=True).value == value


def test_prompts_give_values_in_batches_too(write: Any) -> None:
    prompts = [PROMPT, "Give me a person.", "Describe a person from a small town in the mountains."]
    alone = write(prompts, do_sample=False)
    assert all(isinstance(value, Person) for value in alone)
    assert write(prompts, do_sample=False, batch_size=2) == alone


def test_several_sequences(write: Any) -> None:
    values = write([PROMPT] * 3, schema={"enum": [1, 2]}, do_sample=True, num_return_sequences=2, batch_size=2)
    assert [len(each) for each in values] == [2, 2, 2]
    assert {value for each in values for value in each} <= {1, 2}


def test_chats(write: Any) -> None:
    chat = [{"role": "user", "content": PROMPT}]
    expected = write(PROMPT, do_sample=False)
    assert write(chat, do_sample=False) == expected
    assert write([chat, chat], do_sample=False, batch_size=2) == [expected] * 2


def test_arguments_of_a_call_go_first(write: Any) -> None:
    assert write(PROMPT, schema={"const": 7}) == 7
    assert write(PROMPT, max_new_tokens=3, finish_within_budget=False) is None
    assert isinstance(write(PROMPT), Person)


def test_a_schema_is_needed() -> None:
    with pytest.raises(mw.MaskwrightError, match="no schema"):
        pipeline(TASK, model=str(TINY_MODEL_PATH))(PROMPT)
