"""``stream`` gives the document of ``generate`` as it is written, and stops when nobody listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import BaseModel, Field, field_validator
from transformers import LogitsProcessor, TextIteratorStreamer, TextStreamer

import maskwright as mw
from maskwright.generation.models import load

from .interrupts import heed_interrupts

PROMPT = "Write a person."


class Person(BaseModel):
    name: str = Field(max_length=12)
    age: int = Field(ge=0, le=150)
    tags: list[str] = Field(max_length=2)


class Never(BaseModel):
    n: int = Field(ge=1, le=3)

    @field_validator("n")
    @classmethod
    def refuse(cls, n: int) -> int:
        raise ValueError("never")


class Slow(LogitsProcessor):
    """Counts the steps, which take a while."""

    def __init__(self, seconds: float = 0.0, fail_at: int | None = None) -> None:
        self.steps, self.seconds, self.fail_at = 0, seconds, fail_at

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        if self.steps == self.fail_at:
            raise RuntimeError("out of order")
        time.sleep(self.seconds)
        return scores


def is_streaming() -> bool:
    return any(thread.name == "maskwright.stream" for thread in threading.enumerate())


def test_events_make_the_document() -> None:
    events = list(mw.stream(None, PROMPT, schema=Person, do_sample=False))
    expected = mw.generate(None, PROMPT, schema=Person, do_sample=False)
    assert isinstance(events[0], mw.StreamEvent)
    assert "".join(event.text for event in events) == expected.text
    result = events[-1].result
    assert result is not None
    assert (result.text, result.value, result.token_ids) == (expected.text, expected.value, expected.token_ids)
    assert [event.result for event in events[:-1]] == [None] * (len(events) - 1)
    assert events[-1].value == expected.value
    assert len(events) > 8
    assert not is_streaming()


def test_each_field_is_reported_once() -> None:
    events = list(mw.stream(None, PROMPT, schema=Person, do_sample=False))
    completed = [each for event in events for each in event.completed]
    person = events[-1].value
    assert isinstance(person, Person)
    items = [(f"/tags/{index}", tag) for index, tag in enumerate(person.tags)]
    assert completed == [("/name", person.name), ("/age", person.age), *items, ("/tags", person.tags), ("", person)]
    known: set[str] = set()
    for event in events[:-1]:
        if event.value is not None:
            assert isinstance(event.value, Person)
            assert known <= event.value.model_fields_set
            known = event.value.model_fields_set
    assert known == {"name", "age", "tags"}


def test_a_document_that_is_cut_off() -> None:
    *_, last = mw.stream(None, PROMPT, schema=Person, do_sample=False, max_new_tokens=8, finish_within_budget=False)
    assert last.result is not None
    assert last.result.finish_reason == "length"
    assert last.completed == ()
    assert isinstance(last.value, Person)
    assert last.value.model_fields_set == {"name"}


def test_grammars_stream_text_only() -> None:
    events = list(mw.stream(None, PROMPT, schema=mw.Regex("[a-z]{3} [0-9]{3}"), do_sample=True, seed=1))
    assert [event.value for event in events[:-1]] == [None] * (len(events) - 1)
    assert events[-1].value == "".join(event.text for event in events)
    constraint = mw.compile({"const": [1, 2]}, load(None)[1])
    assert list(mw.stream(None, PROMPT, schema=constraint))[-1].value == [1, 2]


def test_characters_come_whole() -> None:
    events = list(mw.stream(None, PROMPT, schema={"const": "😀é"}, logits_processor=[]))
    assert "".join(event.text for event in events) in ('"😀é"', '"\\ud83d\\ude00\\u00e9"') or events[-1].value == "😀é"
    assert all("\ufffd" not in event.text for event in events)


def test_tools() -> None:
    def get_weather(days: int) -> str:
        return "sun" * days

    tools = mw.tools([get_weather], choice="required", parallel=False)
    *_, last = mw.stream(None, PROMPT, schema=tools, do_sample=True, seed=2)
    assert last.result is not None
    assert [call.name for call in last.result.tool_calls] == ["get_weather"]
    assert last.completed == ()


@pytest.mark.parametrize("by", ["break", "close", "error"])
def test_leaving_ends_the_generation(by: str) -> None:
    steps = Slow(0.02)
    schema = {"type": "string", "minLength": 2000}
    stream = mw.stream(None, PROMPT, schema=schema, max_new_tokens=1000, logits_processor=[steps])
    if by == "break":
        for _ in stream:
            break
        del stream
    elif by == "close":
        with closing(stream):
            next(stream)
    else:
        with pytest.raises(ZeroDivisionError):
            leave_by_an_error(stream)
        stream.close()
    assert not is_streaming()
    assert steps.steps < 50


def leave_by_an_error(stream: Any) -> None:
    for _ in stream:
        _ = 1 / 0


def test_errors_come_where_events_are_taken() -> None:
    stream = mw.stream(None, PROMPT, schema=Person, logits_processor=[Slow(fail_at=4)])
    texts = []
    with pytest.raises(RuntimeError, match="out of order"):
        texts.extend(event.text for event in stream)
    assert not is_streaming()
    *_, last = mw.stream(None, PROMPT, schema=Never)
    assert last.result is not None
    assert last.result.error is not None
    assert last.value == Never.model_construct(n=last.value.n)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("prompt", "arguments", "words"),
    [
        ([PROMPT, PROMPT], {}, "one prompt"),
        (PROMPT, {"num_return_sequences": 2}, "one sequence"),
        (PROMPT, {"num_beams": 2}, "one sequence"),
        (PROMPT, {"schema": {"type": 1}}, "/type"),
        (PROMPT, {"schema": {"enum": []}}, "no document|enum"),
        (PROMPT, {"model": 3}, "not a model"),
    ],
)
def test_what_is_wrong_is_said_at_once(prompt: Any, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=words):
        mw.stream(**{"model": None, "prompt": prompt, "schema": Person, **arguments})


def test_streamers_of_transformers(capsys: pytest.CaptureFixture[str]) -> None:
    tokenizer: Any = load(None)[1]
    shown = {"skip_prompt": True, "skip_special_tokens": True}
    result = mw.generate(None, PROMPT, schema=Person, streamer=TextStreamer(tokenizer, **shown))
    assert capsys.readouterr().out == result.text + "\n"
    pieces = TextIteratorStreamer(tokenizer, **shown)
    thread = threading.Thread(target=mw.generate, args=(None, PROMPT), kwargs={"schema": Person, "streamer": pieces})
    thread.start()
    assert "".join(pieces) == result.text
    thread.join()
    *_, last = mw.stream(None, PROMPT, schema=Person, streamer=TextStreamer(tokenizer, **shown))
    assert last.result is not None
    assert capsys.readouterr().out == last.result.text + "\n"


INTERRUPTED = """
import time
import maskwright as mw
from transformers import LogitsProcessor
class Slow(LogitsProcessor):
    def __call__(self, input_ids, scores):
        time.sleep(0.05)
        return scores
schema = {"type": "string", "minLength": 2000}
stream = mw.stream(None, "x", schema=schema, max_new_tokens=1000, logits_processor=[Slow()])
for event in stream:
    print("event", flush=True)
"""


def test_an_interrupt_ends_a_program_at_once() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(mw.__file__).parents[1])}
    command = [sys.executable, "-c", INTERRUPTED]
    streams: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, preexec_fn=heed_interrupts, **streams) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "event\n"
        program.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, errors = program.communicate(timeout=60)
    assert time.monotonic() - started < 20
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("sampling", [{}, {"do_sample": True, "seed": 2}], ids=["greedy", "sampled"])
def test_speculation_streams_the_same_text(sampling: dict[str, Any]) -> None:
    schema = {"type": "array", "items": {"enum": ["red", "green"]}, "minItems": 2, "maxItems": 3}
    events = list(mw.stream(None, "Colours.", schema=schema, speculation="auto", **sampling))
    plain = mw.generate(None, "Colours.", schema=schema, **sampling)
    assert "".join(event.text for event in events) == events[-1].result.text == plain.text
    assert len(events) > 2
