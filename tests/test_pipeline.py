"""The pipeline for transformers gives the values of documents, of whatever prompts come in."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from pydantic import BaseModel, Field
from torch.utils.data import Dataset, IterableDataset
from transformers import PreTrainedTokenizerFast, TextStreamer
from transformers.pipelines import PIPELINE_REGISTRY
from transformers.pipelines.pt_utils import KeyDataset

import maskwright as mw
from maskwright.generation.pipelines import register
from maskwright.generation.tiny import TINY_MODEL_PATH, load_tiny_model
from maskwright.pipelines import StructuredGenerationPipeline

PROMPT = "Write a person."
PROMPTS = [PROMPT, "Give me a person.", "Describe a person from a small town in the mountains."]
CUT = {"finish_within_budget": False}
TASK = "structured-generation"
pipeline: Any = transformers.pipeline


class Person(BaseModel):
    name: str = Field(max_length=12)
    age: int = Field(ge=0, le=150)


class Short(BaseModel):
    n: int = Field(ge=1, le=99)


class Rows(Dataset[str]):
    """A data set that does not end by itself, as indexing never fails."""

    def __init__(self, count: int) -> None:
        self.count, self.read = count, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> str:
        self.read += 1
        return PROMPTS[index % 3]


class Stream(IterableDataset[str]):
    def __iter__(self) -> Iterator[str]:
        return iter(PROMPTS)


@pytest.fixture(scope="module")
def write() -> Any:
    model, tokenizer = load_tiny_model()
    return pipeline(
        TASK, model=model, tokenizer=tokenizer, schema=Person, max_new_tokens=60, do_sample=False, device="cpu"
    )


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    return [mw.generate(None, prompt, schema=Person, do_sample=False).value for prompt in PROMPTS]


def test_is_registered_once() -> None:
    assert TASK in PIPELINE_REGISTRY.get_supported_tasks()
    register()
    assert isinstance(pipeline(TASK, model=str(TINY_MODEL_PATH)), StructuredGenerationPipeline)


def test_a_prompt_gives_a_value(write: Any, expected: list[Any]) -> None:
    assert write(PROMPT) == expected[0]
    result = write(PROMPT, return_full_result=True)
    assert isinstance(result, mw.GenerationResult)
    assert result.value == expected[0]


def test_prompts_give_values_in_batches_too(write: Any, expected: list[Any]) -> None:
    alone = write(PROMPTS)
    assert all(isinstance(value, Person) for value in alone)
    assert alone == expected
    assert write(PROMPTS, batch_size=2) == alone
    assert write([]) == []


def test_data_sets(write: Any, expected: list[Any]) -> None:
    columns = KeyDataset([{"text": prompt} for prompt in PROMPTS], "text")  # type: ignore[arg-type]
    for data in columns, Rows(3), Stream(), (prompt for prompt in PROMPTS), iter(PROMPTS), map(str, PROMPTS):
        assert list(write(data, batch_size=2)) == expected
    assert len(write(Rows(3), batch_size=2)) == 3
    chats = ([{"role": "user", "content": prompt}] for prompt in PROMPTS)
    assert list(write(chats)) == write([[{"role": "user", "content": prompt}] for prompt in PROMPTS])


def test_what_is_read_lazily_is_written_lazily(write: Any) -> None:
    rows = Rows(1000)
    values = iter(write(rows, batch_size=4, schema=Short))
    assert rows.read == 0
    for _ in range(5):
        assert isinstance(next(values), Short)
    assert rows.read == 8
    endless = (PROMPT for _ in iter(int, 1))
    assert isinstance(next(iter(write(endless, schema=Short))), Short)


@pytest.mark.slow
def test_memory_is_bounded(write: Any) -> None:
    rows = Rows(1000)
    values = iter(write(rows, batch_size=16, schema=Person))
    for _ in range(200):
        next(values)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for value in values if isinstance(value, Person)) == 800
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 32 * 1024, "kilobytes more than after 200 rows"


def test_several_sequences(write: Any) -> None:
    values = write([PROMPT] * 3, schema={"enum": [1, 2]}, do_sample=True, num_return_sequences=2, batch_size=2)
    assert [len(each) for each in values] == [2, 2, 2]
    assert {value for each in values for value in each} <= {1, 2}


def test_chats(write: Any, expected: list[Any]) -> None:
    chat = [{"role": "user", "content": PROMPT}]
    assert write(chat) == expected[0]
    assert write([chat, chat], batch_size=2) == [expected[0]] * 2


def test_arguments_of_a_call_go_first(write: Any) -> None:
    assert write(PROMPT, schema={"const": 7}) == 7
    assert write(PROMPT, regex="(ab){2}") == "abab"
    assert write(PROMPT, regex=mw.Regex("x")) == "x"
    assert write(PROMPT, grammar='start: "a" "b"') == "ab"
    assert write(PROMPT, grammar=Path(__file__).parents[1] / "examples" / "json.lark", max_new_tokens=1, **CUT) is None
    assert write(PROMPT, grammar=mw.Gbnf('root ::= "y"')) == "y"
    assert write(PROMPT, schema=mw.compile({"const": 8}, write.tokenizer)) == 8
    assert write(PROMPT, max_new_tokens=3, **CUT) is None
    assert isinstance(write(PROMPT), Person)
    matching = pipeline(TASK, model=write.model, tokenizer=write.tokenizer, regex="(cd){2}", device="cpu")
    assert matching(PROMPT) == "cdcd"
    assert matching(PROMPT, schema={"const": 7}) == 7


def test_streams(write: Any, expected: list[Any]) -> None:
    events = list(write(PROMPT, stream=True))
    assert events[-1].value == expected[0]
    assert len(events) > 4
    *_, last = write(PROMPT, stream=True, regex="[a-f]{9}")
    assert len(last.value) == 9


def test_streamers_of_transformers(write: Any, expected: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert write(PROMPT, streamer=TextStreamer(write.tokenizer, skip_prompt=True)) == expected[0]
    assert expected[0].name in capsys.readouterr().out


def test_tokenizers_that_cannot_pad(expected: list[Any]) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(TINY_MODEL_PATH)
    tokenizer.pad_token = None
    write = pipeline(TASK, model=load_tiny_model()[0], tokenizer=tokenizer, schema=Person, device="cpu")
    assert write(PROMPTS, do_sample=False, batch_size=3) == expected


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype: torch.dtype) -> None:
    write = pipeline(TASK, model=str(TINY_MODEL_PATH), dtype=dtype, schema=Person, device="cpu")
    assert write.model.dtype == dtype
    assert all(isinstance(each, Person) for each in write(PROMPTS, batch_size=3, do_sample=False))


@pytest.mark.parametrize("device_map", ["auto", {"": "cpu"}])
def test_device_maps(device_map: Any, expected: list[Any]) -> None:
    pytest.importorskip("accelerate")
    write = pipeline(TASK, model=str(TINY_MODEL_PATH), device_map=device_map, dtype=torch.float32, schema=Person)
    assert write(PROMPTS, do_sample=False, batch_size=2) == expected


@pytest.mark.parametrize(
    ("arguments", "prompt", "words"),
    [
        ({}, PROMPT, "no schema"),
        ({"stream": True}, PROMPT, "no schema"),
        ({"schema": {}, "regex": "a"}, PROMPT, "schema and regex are given together"),
        ({"regex": 3}, PROMPT, "no pattern"),
        ({"grammar": 3}, PROMPT, "no grammar"),
        ({"grammar": "start: other"}, PROMPT, "other"),
        ({"schema": {"type": 1}}, PROMPT, "/type"),
        ({"schema": {}}, {"text": PROMPT}, "is no prompt"),
        ({"schema": {}}, [{"text": PROMPT}], "is no prompt"),
        ({"schema": {}}, 5, "is no prompt"),
        ({"schema": {}, "stream": True}, PROMPTS, "one prompt"),
    ],
)
def test_what_is_wrong_is_said(arguments: dict[str, Any], prompt: Any, words: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=words):
        pipeline(TASK, model=str(TINY_MODEL_PATH))(prompt, **arguments)


def test_a_wrong_schema_is_refused_when_the_pipeline_is_made() -> None:
    model = str(TINY_MODEL_PATH)
    for schema in {"type": 1}, {"allOf": [{"type": "integer"}, {"type": "string"}]}, SimpleNamespace():
        with pytest.raises(mw.MaskwrightError):
            pipeline(TASK, model=model, schema=schema)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_of_nothing_is_refused(write: Any, batch_size: int) -> None:
    with pytest.raises(mw.MaskwrightError, match="at least 1"):
        list(write((prompt for prompt in [PROMPT, PROMPT]), batch_size=batch_size))
