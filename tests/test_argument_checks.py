"""Arguments of the wrong kind: a typed error that names the argument, what was given and what is expected."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants
from pydantic import BaseModel

import maskwright as mw
from maskwright.drafters import Lookup
from maskwright.generation.hub import is_out_of_reach
from maskwright.grammar.argument_checks import whole_number

SCHEMA = {"type": "boolean"}
VOCABULARY = mw.Vocabulary.from_tokens([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=256)


BITMASK = np.zeros((1, 9), np.int32)


class Person(BaseModel):
    name: str = ""


def generate(**arguments: Any) -> object:
    return mw.generate(**{"model": None, "prompt": "Is it?", "schema": SCHEMA, **arguments})


def processor(constraint: Any, **arguments: Any) -> object:
    return mw.LogitsProcessor(constraint, **arguments)


CASES: list[tuple[Callable[[], object], str]] = [
    (lambda: generate(prompt=None), "prompt is None (pass a text, chat messages"),
    (lambda: generate(prompt=5), "prompt is 5, of type int"),
    (lambda: generate(prompt=b"x"), "of type bytes"),
    (lambda: generate(prompt=[None]), "a prompt of the list is None"),
    (lambda: generate(prompt={"role": "user", "content": "x"}), "put it into [...]"),
    (lambda: generate(system=3), "system is 3, of type int (pass a text)"),
    (lambda: generate(max_new_tokens="10"), "max_new_tokens is '10', of type str (pass an integer)"),
    (lambda: generate(max_new_tokens=10.5), "max_new_tokens is 10.5"),
    (lambda: generate(max_length="10"), "max_length is '10'"),
    (lambda: generate(n="2"), "n is '2'"),
    (lambda: generate(n=True), "n is True"),
    (lambda: generate(do_sample=True, temperature="hot"), "temperature is 'hot', of type str (pass a number)"),
    (lambda: generate(sampler="exact", top_p="all"), "top_p is 'all'"),
    (lambda: generate(limits={"states": 3}), "limits is {'states': 3}, of type dict (pass maskwright.Limits("),
    (lambda: generate(finish_within_budget="no"), "finish_within_budget is 'no'"),
    (lambda: generate(model=3), "3, of type int, is not a model"),
    (
        lambda: generate(speculation=mw.Speculation(drafters=("Lookup",))),
        "a drafter is 'Lookup', of type str (pass objects",
    ),
    (lambda: mw.Speculation(drafters=(Lookup,)), "a drafter is <class"),  # type: ignore[arg-type]
    (lambda: mw.Speculation(drafters=Lookup()), "put it into [...]"),  # type: ignore[arg-type]
    (lambda: mw.Speculation(budget="3"), "budget of speculation is '3'"),  # type: ignore[arg-type]
    (lambda: mw.stream(None, None, schema=SCHEMA), "prompt is None"),  # type: ignore[arg-type]
    (lambda: mw.stream(None, "x", schema=SCHEMA, max_new_tokens="10"), "max_new_tokens is '10'"),
    (
        lambda: processor(SCHEMA),
        "constraint is {'type': 'boolean'}, of type dict (pass maskwright.compile(schema, vocabulary)",
    ),
    (lambda: processor([SCHEMA]), "constraint is {'type': 'boolean'}"),
    (lambda: processor(None), "constraint is None"),
    (lambda: processor(mw.compile(SCHEMA, VOCABULARY), max_new_tokens="3"), "max_new_tokens is '3'"),
    (lambda: mw.ContinuousBatchingLogitsProcessor(SCHEMA), "constraint is {'type': 'boolean'}"),  # type: ignore[arg-type]
    (lambda: mw.compile(SCHEMA, VOCABULARY, limits=3), "limits is 3"),  # type: ignore[arg-type]
    (lambda: mw.Limits(states="3"), "limits.states is '3'"),  # type: ignore[arg-type]
    (lambda: mw.Limits(memory=-1), "limits.memory is -1 (pass a number, 0 or more)"),
    (lambda: mw.JsonSchema(SCHEMA, registry={}), "registry is {}, of type dict"),  # type: ignore[arg-type]
    (lambda: mw.tools(print), "functions is <built-in function print>"),  # type: ignore[arg-type]
    (lambda: mw.tools({"name": "f"}), "put it into [...]"),
    (
        lambda: mw.fill_next_token_bitmasks(mw.compile(SCHEMA, VOCABULARY).matcher(), BITMASK),
        "matchers is",
    ),
]


@pytest.mark.parametrize(("call", "words"), CASES, ids=[words for _, words in CASES])
def test_arguments_of_the_wrong_kind(call: Callable[[], object], words: str) -> None:
    with pytest.raises(mw.MaskwrightError) as raised:
        call()
    assert isinstance(raised.value, TypeError)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: processor([]), "at least one constraint (pass maskwright.compile("),
        (lambda: mw.compile(VOCABULARY, VOCABULARY), "is a vocabulary, not a specification"),
        (lambda: mw.compile(mw.compile(SCHEMA, VOCABULARY), VOCABULARY), "is a compiled constraint"),
        (lambda: mw.compile(Person(), VOCABULARY), "is an instance of Person (pass Person itself)"),
        (lambda: mw.compile(SCHEMA, "gpt2"), "str is not a tokenizer"),
        (lambda: mw.stream(None, "x", schema=SCHEMA, sampler="exact"), "leave sampler= out"),
    ],
)
def test_what_else_is_mixed_up(call: Callable[[], object], words: str) -> None:
    with pytest.raises(mw.MaskwrightError) as raised:
        call()
    assert words in str(raised.value)


def test_whole_numbers() -> None:
    assert whole_number("n", np.int32(3)) == 3
    assert generate(max_new_tokens=np.int64(20)) is not None


def test_a_name_is_refused_at_once_without_a_way_to_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_out_of_reach("gtp2")  # offline by choice, as the tests are: transformers knows
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # where nobody listens
    assert is_out_of_reach("gtp2")
    assert not is_out_of_reach(".")
    started = time.monotonic()
    with pytest.raises(mw.MaskwrightError) as raised:
        generate(model="gtp2")
    assert "cannot load the model 'gtp2'" in str(raised.value)
    assert "check the spelling" in str(raised.value)
    assert time.monotonic() - started < 5
