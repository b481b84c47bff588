"""Calls of tools: every format against a sample from where it is documented, and what may not be written."""

from __future__ import annotations

import re
from typing import Any, Optional

import numpy as np
import pytest
from pydantic import BaseModel, Field, field_validator

import maskwright as mw
from maskwright.generation.models import load
from maskwright.generation.result import GenerationResult
from maskwright.schemas.tool_calls import ToolCall, end_of_object
from maskwright.schemas.tool_formats import FORMATS

from .small_tokenizers import SENTENCEPIECE_FILES, mistral_file, vocabulary_of

NAMES = [
    *(
        "<|python_tag|>",
        "[TOOL_CALLS]",
        "[ARGS]",
        "<|channel|>",
        "<|message|>",
        "<|constrain|>",
        "<|start|>",
        "<|end|>",
    ),
    *(
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁call▁begin｜>",
        "<｜tool▁sep｜>",
        "<｜tool▁call▁end｜>",
        "<｜tool▁calls▁end｜>",
    ),
    "<|call|>",
]
WORDS = [b"\n</", b"<tool", b'{"na', b'": "', b"_call", b"</tool_call>"]
SPECIAL = {name: 257 + i for i, name in enumerate(NAMES)}
VOCABULARY = mw.Vocabulary.from_tokens(
    [*(bytes([byte]) for byte in range(256)), b"", *[b""] * len(NAMES), *WORDS],
    eos_token_ids=256,
    special_tokens=SPECIAL,
)
PLAIN = mw.Vocabulary.from_tokens([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=256)
_CUT = re.compile("|".join(map(re.escape, NAMES)))

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather somewhere.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["location"],
            "additionalProperties": False,
        },
    },
}


def add(a: float, b: float) -> float:
    return a + b


def ids_of(text: str, vocabulary: mw.Vocabulary = VOCABULARY) -> list[int]:
    ids, place = [], 0
    for match in _CUT.finditer(text) if vocabulary is VOCABULARY else ():
        ids += [*text[place : match.start()].encode(), SPECIAL[match[0]]]
        place = match.end()
    return [*ids, *text[place:].encode()]


def accepts(tools: Any, text: str, vocabulary: mw.Vocabulary = VOCABULARY) -> bool:
    matcher = mw.compile(tools, vocabulary).matcher()
    ids = ids_of(text, vocabulary)
    return matcher.accept_tokens(ids) == len(ids) and matcher.is_accepting()


def called(tools: Any, text: str) -> list[tuple[str, object]]:
    calls: list[ToolCall] = tools.parse(text)
    return [(call.name, call.arguments) for call in calls]


TOKYO = ("get_weather", {"location": "Tokyo"})
SUM = ("add", {"a": 3.5, "b": 4.0})
_DEEPSEEK = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>"
_THOUGHT = "<|channel|>analysis<|message|>Need to use function get_weather.<|end|><|start|>assistant"
SAMPLES = [
    ("hermes", '<tool_call>\n{"name": "get_weather", "arguments": {"location": "Tokyo"}}\n</tool_call>', [TOKYO]),
    (
        "qwen",
        'Both.\n<tool_call>\n{"name": "add", "arguments": {"a": 3.5, "b": 4}}\n</tool_call>\n'
        '<tool_call>\n{"name": "get_weather", "arguments": {"location": "Tokyo"}}\n</tool_call>',
        [SUM, TOKYO],
    ),
    (
        "qwen3-coder",
        '<tool_call>\n<function=get_weather>\n<parameter=location>\nTo\n"kyo"\n</parameter>\n'
        "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
        [("get_weather", {"location": 'To\n"kyo"', "days": 3})],
    ),
    (
        "llama3",
        '<|python_tag|>{\n    "type": "function",\n    "name": "get_weather",\n    "parameters": {\n        '
        '"location": "Tokyo"\n    }\n}',
        [TOKYO],
    ),
    ("llama3", '{"name": "get_weather", "parameters": {"location": "Tokyo"}}', [TOKYO]),
    (
        "mistral",
        '[TOOL_CALLS]add[ARGS]{"a": 3.5, "b": 4}[TOOL_CALLS]get_weather[ARGS]{"location": "Tokyo"}',
        [SUM, TOKYO],
    ),
    (
        "mistral-v3",
        '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 3.5, "b": 4}}, '
        '{"name": "get_weather", "arguments": {"location": "Tokyo"}}]',
        [SUM, TOKYO],
    ),
    ("mistral-v3", '[TOOL_CALLS][{"name": "add", "arguments": {"a": 3.5, "b": 4}}]', [SUM]),
    (
        "deepseek",
        f'Well.<｜tool▁calls▁begin｜>{_DEEPSEEK}get_weather\n```json\n{{"location": "Tokyo"}}\n```<｜tool▁call▁end｜>\n'
        f'{_DEEPSEEK}add\n```json\n{{"a": 3.5, "b": 4}}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [TOKYO, SUM],
    ),
    (
        "deepseek-v3.1",
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"location": "Tokyo"}<｜tool▁call▁end｜>'
        '<｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": 3.5, "b": 4}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [TOKYO, SUM],
    ),
    (
        "harmony",
        f"{_THOUGHT}<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
        '{"location":"Tokyo"}<|call|>',
        [TOKYO],
    ),
    (
        "gpt-oss",
        f"{_THOUGHT}<|channel|>commentary<|message|>**Plan**:\n1. call<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.get_weather<|constrain|>json<|message|>{"location":"Tokyo"}<|call|>',
        [TOKYO],
    ),
    ("harmony", f"{_THOUGHT}<|channel|>final<|message|>2 + 2 = 4, to=functions.add.", []),
]


@pytest.mark.parametrize(("format", "text", "expected"), SAMPLES)
def test_samples(format: str, text: str, expected: list[Any]) -> None:
    tools = mw.tools([WEATHER, add], format=format)
    assert accepts(tools, text)
    assert called(tools, text) == expected


@pytest.mark.parametrize(("format", "text", "expected"), SAMPLES)
def test_samples_without_special_tokens(format: str, text: str, expected: list[Any]) -> None:
    assert accepts(mw.tools([WEATHER, add], format=format), text, PLAIN)


@pytest.mark.parametrize(("format", "text", "expected"), SAMPLES)
def test_what_is_cut_off_is_no_call(format: str, text: str, expected: list[Any]) -> None:
    tools = mw.tools([WEATHER, add], format=format)
    counts = [len(tools.tool_calls(text[:length])) for length in range(len(text) + 1)]
    assert counts == sorted(counts)
    assert counts[-1] == len(expected)
    assert counts[0] == 0


def test_an_end_token_ends_a_call_by_itself() -> None:
    vocabulary = mw.Vocabulary.from_tokens(
        VOCABULARY.tokens, eos_token_ids=[256, SPECIAL["<|call|>"]], special_tokens=SPECIAL
    )
    matcher = mw.compile(mw.tools([add], format="harmony"), vocabulary).matcher()
    begin = '<|channel|>commentary to=functions.add <|constrain|>json<|message|>{"a": 1, "b": 2}'
    assert matcher.accept_tokens(ids_of(begin)) == len(ids_of(begin))
    assert matcher.accept_token(SPECIAL["<|call|>"])
    assert matcher.is_terminated()
    assert vocabulary.decode(ids_of(begin), special_tokens=True).decode() == begin


@pytest.mark.parametrize("format", FORMATS)
def test_other_tools_and_arguments_are_refused(format: str) -> None:
    for sample, text, expected in SAMPLES:
        if sample == format and expected:
            tools = mw.tools([WEATHER, add], format=format)
            assert not accepts(tools, text.replace(expected[0][0], "other"))
            assert not accepts(tools, re.sub(r"location|\ba\b", "place", text))
            assert not accepts(tools, text[:-3])


@pytest.mark.parametrize("format", sorted(FORMATS.keys() - {"harmony"}))
def test_text_without_a_call(format: str) -> None:
    auto, required = (mw.tools([WEATHER, add], format=format, choice=choice) for choice in ("auto", "required"))
    text = "It is <b>12</b> degrees, {x} <tool_ and 'name'."
    assert accepts(auto, text)
    assert called(auto, text) == []
    assert not accepts(required, text)
    assert not accepts(required, "")


@pytest.mark.parametrize(("format", "text", "expected"), [sample for sample in SAMPLES if sample[2]])
def test_a_call_may_be_required(format: str, text: str, expected: list[Any]) -> None:
    text = text.removeprefix("Both.\n").removeprefix("Well.")
    assert accepts(mw.tools([WEATHER, add], format=format, choice="required"), text)
    name = expected[0][0]
    named = mw.tools([WEATHER, add], format=format, choice=name)
    assert accepts(named, text) == (len(expected) == 1)
    other = "add" if name == "get_weather" else "get_weather"
    assert not accepts(mw.tools([WEATHER, add], format=format, choice=other), text)
    assert accepts(mw.tools([WEATHER, add], format=format, choice="required", parallel=False), text) == (
        len(expected) == 1
    )


def test_a_required_call_is_forced() -> None:
    matcher = mw.compile(mw.tools([add], choice="add"), VOCABULARY).matcher()
    assert matcher.forced_bytes().startswith(b'<tool_call>\n{"name": "add", "arguments": {')
    matcher = mw.compile(mw.tools([WEATHER, add], format="mistral", choice="get_weather"), VOCABULARY).matcher()
    assert matcher.forced_tokens()[:4] == [SPECIAL["[TOOL_CALLS]"], *b"get"]


@pytest.mark.parametrize(
    ("format", "reasoning", "text"),
    [
        ("hermes", True, '<think>\nShall I <tool_call>?</think>\n\n<tool_call>\n{"name": "add", "arguments": '),
        ("hermes", ("", "</think>"), 'Shall I <tool_call>?</think><tool_call>\n{"name": "add", "arguments": '),
        ("mistral", True, "[THINK]Hm.[/THINK][TOOL_CALLS]add[ARGS]"),
        ("llama3", ("<r>", "</r>"), '<r></r>{"name": "add", "parameters": '),
    ],
)
@pytest.mark.parametrize("choice", ["auto", "required"])
def test_reasoning(format: str, reasoning: Any, text: str, choice: str) -> None:
    tools = mw.tools([add], format=format, reasoning=reasoning, choice=choice)
    spelling = FORMATS[format].reading.spellings[0]
    document = text + '{"a": 1, "b": 2}' + spelling.end
    assert accepts(tools, document)
    assert called(tools, document) == [("add", {"a": 1.0, "b": 2.0})]
    assert not accepts(tools, document[: document.index("add")])
    assert tools.tool_calls("<think>" if format == "hermes" else "") == ()


# --- kinds of tools


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)

    @field_validator("age")
    @classmethod
    def refuse(cls, age: int) -> int:
        if age == 13:
            raise ValueError("unlucky")
        return age


def nothing() -> None: ...


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        (add, '{"a": 1, "b": 2}', {"a": 1.0, "b": 2.0}),
        (nothing, "{}", {}),
        (Person, '{"name": "Ada", "age": 36}', Person(name="Ada", age=36)),
        ({"name": "x", "parameters": {"properties": {"y": {"type": "integer"}}}}, '{"y": 1}', {"y": 1}),
        ({"name": "x", "input_schema": {"type": "object", "required": ["y"]}}, '{"y": [1]}', {"y": [1]}),
        ({"name": "x"}, "{}", {}),
        ({"name": 'quoted "name" é'}, "{}", {}),
    ],
)
def test_tools_are_functions_types_or_dicts(tool: Any, arguments: str, expected: Any) -> None:
    tools = mw.tools([tool])
    begin = mw.compile(mw.tools([tool], choice="required"), VOCABULARY).matcher().forced_bytes().decode()
    text = begin[: begin.index('"arguments": ') + 13] + arguments + "}\n</tool_call>"
    assert accepts(tools, text)
    assert tools.tool_calls(text)[0].arguments == expected


def test_arguments_that_a_type_refuses() -> None:
    tools = mw.tools([Person])
    call = '<tool_call>\n{"name": "Person", "arguments": {"name": "Ada", "age": %s}}\n</tool_call>'
    calls = tools.tool_calls(call % 13 + call % 14)
    assert calls[0].arguments is None
    assert "unlucky" in str(calls[0].error)
    assert calls[1].arguments == Person(name="Ada", age=14)
    with pytest.raises(mw.MaskwrightError, match="unlucky"):
        tools.parse(call % 13)


def optional(text: Optional[str] = None) -> None: ...  # noqa: UP045 - as users write it


def bounded(text: str = Field(max_length=3)) -> None: ...


@pytest.mark.parametrize(
    ("functions", "options", "problem"),
    [
        ([], {}, "no tools"),
        ([add, add], {}, "two tools are called 'add'"),
        ([3], {}, "no tool"),
        ([{"parameters": {}}], {}, "no name"),
        ([add], {"format": "morse"}, "format 'morse'"),
        ([add], {"choice": "sub"}, "no tool 'sub'"),
        ([add], {"format": "llama3", "parallel": True}, "one call at most"),
        ([add], {"format": "llama3", "reasoning": True}, "knows no reasoning"),
        ([optional], {"format": "qwen3-coder"}, "may be a string or something else"),
        ([{"name": "x", "parameters": {"minProperties": 1}}], {"format": "qwen3-coder"}, "minProperties at the root"),
        (
            [{"name": "x", "parameters": {"properties": {"s": {"type": "string", "pattern": "a"}}}}],
            {"format": "qwen3-coder"},
            "a string with pattern",
        ),
    ],
)
def test_refused(functions: Any, options: Any, problem: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=problem) as caught:
        mw.tools(functions, **options)
    assert caught.value.remedy


def test_parameters_that_are_not_json() -> None:
    tool = {
        "name": "x",
        "parameters": {
            "properties": {
                "kind": {"enum": ["a", "b c"]},
                "more": {"$ref": "#/$defs/list"},
                "text": {"type": "string", "description": "Whatever."},
            },
            "required": ["kind"],
            "$defs": {"list": {"type": "array", "items": {"type": "integer"}}},
        },
    }
    tool["parameters"]["properties"]["more"] = {"type": "array", "items": {"$ref": "#/$defs/int"}}  # type: ignore[index]
    tool["parameters"]["$defs"] = {"int": {"type": "integer"}}  # type: ignore[index]
    tools = mw.tools([tool], format="qwen3-coder")
    text = "<tool_call>\n<function=x>\n<parameter=kind>\nb c\n</parameter>\n%s</function>\n</tool_call>"
    more = "<parameter=more>\n[1, 2]\n</parameter>\n"
    raw = '<parameter=text>\n</parameter> "\n</parameter>\n'
    assert accepts(tools, text % "")
    assert accepts(tools, text % (more + raw))
    assert called(tools, text % (more + raw)) == [("x", {"kind": "b c", "more": [1, 2], "text": '</parameter> "'})]
    assert not accepts(tools, text % (raw + more))
    assert not accepts(tools, (text % "").replace("b c", "b"))
    assert not accepts(tools, text % more.replace("2", "x"))


# --- real tokenizers, and generating


def test_the_tokens_of_mistral() -> None:
    """What ``mistral_common`` makes of a call is a text of the format, token by token."""
    messages = pytest.importorskip("mistral_common.protocol.instruct.messages")
    calls = pytest.importorskip("mistral_common.protocol.instruct.tool_calls")
    mistral = pytest.importorskip("mistral_common.tokens.tokenizers.mistral")
    instruct = mistral.MistralTokenizer.from_file(str(mistral_file(SENTENCEPIECE_FILES[1]))).instruct_tokenizer
    function = calls.FunctionCall(name="add", arguments='{"a": 3.5, "b": 4}')
    message = messages.AssistantMessage(content=None, tool_calls=[calls.ToolCall(function=function)])
    ids = instruct._encode_tool_calls_in_assistant_message(message)
    vocabulary = vocabulary_of(SENTENCEPIECE_FILES[1])
    tools = mw.tools([WEATHER, add], format="mistral-v3", choice="required")
    matcher = mw.compile(tools, vocabulary).matcher()
    assert matcher.accept_tokens(ids) == len(ids)
    assert matcher.is_accepting()
    assert called(tools, vocabulary.decode(ids, special_tokens=True).decode()) == [SUM]


def test_generate() -> None:
    result = mw.generate(None, "Add.", schema=mw.tools([add], choice="add"), do_sample=True, seed=2, max_new_tokens=400)
    assert isinstance(result, GenerationResult)
    assert result.finish_reason == "stop"
    (call,) = result.tool_calls
    assert call.name == "add"
    assert isinstance(add(**call.arguments), float)  # type: ignore[arg-type]
    assert result.value == [call]
    options = {"do_sample": True, "seed": 2, "max_new_tokens": 5, "finish_within_budget": False}
    cut = mw.generate(None, "Add.", schema=mw.tools([add], choice="add"), **options)
    assert cut.finish_reason == "length"
    assert cut.tool_calls == ()
    assert cut.value is None
    assert mw.generate(None, "Add.", schema={"const": 1}).tool_calls == ()


def test_special_tokens_show_up_in_results() -> None:
    name = "<|document|>"
    assert name in mw.Vocabulary.from_huggingface(load(None)[1]).special_tokens
    result = mw.generate(
        None, "Go.", schema=mw.Tags([(name, mw.Choice(["x"]), "")], free_text=False, at_least=1, at_most=1)
    )
    assert result.text == f"{name}x"


def test_hundred_tools() -> None:
    tools = mw.tools(
        [
            {"name": f"tool_{i}", "parameters": {"properties": {"q": {"type": "string"}, "n": {"enum": [i]}}}}
            for i in range(100)
        ]
    )
    text = '<tool_call>\n{"name": "tool_57", "arguments": {"q": "x", "n": %s}}\n</tool_call>'
    assert accepts(tools, "a" + 3 * (text % 57))
    assert not accepts(tools, text % 5)
    matcher = mw.compile(tools, VOCABULARY).matcher()
    prefix = '<tool_call>\n{"name": "tool_5'
    assert matcher.accept_tokens(ids_of(prefix)) == len(prefix)
    bitmask = np.zeros((1, (VOCABULARY.size + 31) // 32), np.int32)
    matcher.fill_next_token_bitmask(bitmask)
    allowed = np.flatnonzero(np.unpackbits(bitmask.view(np.uint8), bitorder="little"))
    assert bytes(allowed[:11].astype(np.uint8)) == b'"0123456789'


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [("{}", 0, 2), (' {"a": [{}]} }', 0, 12), ('{"}": "\\"}"}', 0, 12), ('{"a', 0, None), ("", 0, None), ("x{}", 1, 3)],
)
def test_end_of_object(text: str, start: int, expected: int | None) -> None:
    assert end_of_object(text, start) == expected


def test_only_needed_escapes() -> None:
    plain = {"name": "f", "parameters": {"type": "object", "properties": {"s": {"type": "string"}}}}
    text = '<tool_call>\n{"name": "f", "arguments": {"s": "%s"}}\n</tool_call>'
    tools = mw.tools([plain])
    assert accepts(tools, text % r"\n")
    assert accepts(tools, text % "a")
    assert not accepts(tools, text % r"\u0061")
    given = {"name": "g", "parameters": mw.JsonSchema({"type": "object"}, escapes="any")}
    both = mw.tools([plain, given])
    assert accepts(both, text.replace('"f"', '"g"') % r"\u0061")
    assert not accepts(both, text % r"\u0061")
