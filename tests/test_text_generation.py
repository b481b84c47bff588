"""transformers' own pipeline for text generation, with a language: its arguments and outputs keep their meaning."""

from __future__ import annotations

from typing import Any

import pytest
import transformers
from pydantic import BaseModel, Field, field_validator
from transformers.pipelines.pt_utils import KeyDataset

import maskwright as mw
from maskwright.generation.tiny import load_tiny_model
from maskwright.pipelines import ConstrainedTextGenerationPipeline

PROMPT = "Write a person."
PROMPTS = [PROMPT, "Give me a person.", "Describe a person from a small town in the mountains."]
CHAT = [{"role": "user", "content": PROMPT}]
pipeline: Any = transformers.pipeline


class Person(BaseModel):
    name: str = Field(max_length=12)
    age: int = Field(ge=0, le=150)


class Never(BaseModel):
    n: bool

    @field_validator("n")
    @classmethod
    def refuse(cls, n: bool) -> bool:
        raise ValueError("never")


@pytest.fixture(scope="module")
def tiny() -> dict[str, Any]:
    model, tokenizer = load_tiny_model()
    return {"model": model, "tokenizer": tokenizer, "device": "cpu"}


@pytest.fixture(scope="module")
def write(tiny: dict[str, Any]) -> Any:
    made = pipeline("text-generation", pipeline_class=ConstrainedTextGenerationPipeline, schema=Person, **tiny)
    assert isinstance(made, ConstrainedTextGenerationPipeline)
    return made


def test_without_a_language_nothing_changes(tiny: dict[str, Any]) -> None:
    arguments = {"do_sample": False, "max_new_tokens": 12}
    theirs = pipeline("text-generation", **tiny)
    ours = pipeline("text-generation", pipeline_class=ConstrainedTextGenerationPipeline, **tiny)
    for prompt in PROMPT, PROMPTS, CHAT, [CHAT, CHAT]:
        assert ours(prompt, **arguments) == theirs(prompt, **arguments)
    assert ours(PROMPT, return_tensors=True, **arguments) == theirs(PROMPT, return_tensors=True, **arguments)


def test_records_have_values(write: Any) -> None:
    (record,) = write(PROMPT, do_sample=False)
    assert isinstance(record["value"], Person)
    assert record["generated_text"] == PROMPT + record["result"].text
    assert record["result"].stats.prompt_tokens > 3
    (new,) = write(PROMPT, do_sample=False, return_full_text=False)
    assert new["generated_text"] == record["result"].text
    assert Person.model_validate_json(new["generated_text"]) == record["value"]
    (ids,) = write(PROMPT, do_sample=False, return_tensors=True)
    assert ids["value"] == record["value"]
    assert ids["generated_token_ids"][-len(record["result"].token_ids) :] == list(record["result"].token_ids)


def test_chats(write: Any) -> None:
    (record,) = write(CHAT, do_sample=False)
    assert record["generated_text"] == [*CHAT, {"role": "assistant", "content": record["result"].text}]
    assert isinstance(record["value"], Person)
    assert [each[0]["value"] for each in write([CHAT, CHAT], do_sample=False)] == [record["value"]] * 2


def test_batches(write: Any) -> None:
    alone = [write(prompt, do_sample=False)[0]["value"] for prompt in PROMPTS]
    rows = KeyDataset([{"text": prompt} for prompt in PROMPTS], "text")  # type: ignore[arg-type]
    for prompts in PROMPTS, rows, (prompt for prompt in PROMPTS):
        assert [record["value"] for (record,) in write(prompts, do_sample=False, batch_size=2)] == alone
    several = write(PROMPTS, num_return_sequences=2, batch_size=2)
    assert [[type(record["value"]) for record in each] for each in several] == [[Person, Person]] * 3
    beams = write(PROMPTS[:2], num_beams=3, num_return_sequences=2, do_sample=False, batch_size=2)
    assert all(isinstance(record["value"], Person) for each in beams for record in each)


def test_arguments_of_a_call_go_first(write: Any) -> None:
    assert write(PROMPT, regex="(ab){2}")[0]["value"] == "abab"
    assert write(PROMPT, schema=mw.compile({"const": 7}, write.tokenizer))[0]["value"] == 7
    (record,) = write(PROMPT, max_new_tokens=3)
    assert record["value"] is None
    assert record["result"].finish_reason == "length"
    assert len(record["result"].token_ids) == 3
    (record,) = write(PROMPT, schema=Never)
    assert record["value"] is None
    assert "never" in str(record["result"].error)


def test_the_callers_arguments(write: Any) -> None:
    (record,) = write(PROMPT, schema={"const": "abc"}, eos_token_id=[0], do_sample=False)
    assert record["value"] == "abc"
    assert record["result"].token_ids[-1] == 0 != write.tokenizer.eos_token_id
    config = transformers.GenerationConfig(max_new_tokens=4, do_sample=False)
    (record,) = write(PROMPT, generation_config=config)
    assert len(record["result"].token_ids) == 4
    (record,) = write(PROMPT, stop_sequence='"name"', do_sample=False)
    assert '"name"' in record["generated_text"]
    assert record["value"] is None
    assert record["result"].finish_reason == "length"
    with pytest.raises(mw.MaskwrightError, match="given together"):
        write(PROMPT, schema={}, regex="a")
