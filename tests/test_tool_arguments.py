"""Arguments of tools: those of every kind without JSON, calls that are cut off anywhere, and what is no tool."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Literal, Optional

import pytest
from pydantic import BaseModel, RootModel

import maskwright as mw
from maskwright.cli_check import byte_vocabulary, first_deviation
from maskwright.schemas.tool_formats import FORMATS
from maskwright.schemas.tools import Tools

STRINGS = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
ODD = ['"', "\\", "}", '"}', "\\\\", "{", "}]", "a\nb", "</tool_call>", "é", "\x01"]


def written(tools: Tools, arguments: str) -> str:
    """The only call that ``tools`` has, with ``arguments``."""
    matcher = mw.compile(tools, byte_vocabulary()).matcher()
    begin = matcher.forced_bytes().decode()
    begin = begin[: begin.rindex("{")]
    assert matcher.accept_tokens(list(f"{begin}{arguments}".encode())) == len(f"{begin}{arguments}".encode())
    return f"{begin}{arguments}{matcher.forced_bytes().decode()}"


@pytest.mark.parametrize("format", ["hermes", "mistral", "deepseek", "deepseek-v3.1"])
@pytest.mark.parametrize("text", ODD)
def test_what_is_cut_off_is_no_call(format: str, text: str) -> None:
    tools = mw.tools([{"name": "f", "parameters": STRINGS}], format, "required", parallel=False)
    document = written(tools, json.dumps({"a": text}, ensure_ascii=False))
    (call,) = tools.tool_calls(document)
    assert call.arguments == {"a": text}
    end = document.rindex(FORMATS[format].reading.spellings[0].end) if format != "mistral" else len(document)
    for place in range(end):
        assert tools.tool_calls(document[:place]) == ()


# --- arguments that are not an object


class Color(Enum):
    RED = "light red"
    BLUE = "blue"


class Numbers(RootModel[list[int]]):
    pass


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


@pytest.mark.parametrize(
    "tool",
    [
        Color,
        Numbers,
        int,
        {"name": "x", "parameters": {"type": "array"}},
        {"name": "x", "parameters": {"type": ["array", "null"]}},
        {"name": "x", "parameters": mw.JsonSchema({"type": "string"})},
    ],
)
def test_arguments_have_to_be_an_object(tool: Any) -> None:
    with pytest.raises(mw.MaskwrightError, match="are no object") as caught:
        mw.tools([tool])
    assert caught.value.remedy


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"type": ["object", "null"]},
        {"minProperties": 0},
        {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"n": {"type": "integer"}}}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "definitions": {"a": {}}},
        mw.JsonSchema({"properties": {"n": {"type": "integer"}}}, whitespace="compact"),
    ],
)
def test_schemas_that_leave_it_open_are_of_objects(schema: Any) -> None:
    tools = mw.tools([{"name": "x", "parameters": schema}], choice="required")
    constraint = mw.compile(tools, byte_vocabulary())
    document = '<tool_call>\n{"name": "x", "arguments": %s}\n</tool_call>'
    assert first_deviation(constraint, (document % '{"n":1}').encode()) is None
    for other in ("null", "[]", '"{}"'):
        assert first_deviation(constraint, (document % other).encode()) is not None


# --- without JSON


def plant(
    tree: Tree,
    color: Color,
    count: Optional[int] = None,  # noqa: UP045 - as users write it
    size: Literal[1, 2] = 1,
    kind: Literal["x", "y z"] = "x",
) -> str:
    return f"{tree.name} {color.name} {count} {size} {kind}"


def call_without_json(function: str, /, **arguments: str) -> str:
    inner = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments.items())
    return f"<tool_call>\n<function={function}>\n{inner}</function>\n</tool_call>"


def test_strings_are_found_behind_references() -> None:
    tools = mw.tools([plant, Tree], "qwen3-coder", "required")
    constraint = mw.compile(tools, byte_vocabulary())
    tree = '{"name": "oak", "children": [{"name": "acorn"}]}'
    whole = {"tree": tree, "color": "light red", "count": "null", "size": "2", "kind": "y z"}
    document = call_without_json("plant", **whole)
    assert first_deviation(constraint, document.encode()) is None
    (call,) = tools.tool_calls(document)
    assert call() == "oak RED None 2 y z"
    for key, value in (("color", "red"), ("color", '"blue"'), ("count", "x"), ("size", "3"), ("kind", "y")):
        assert first_deviation(constraint, call_without_json("plant", **{**whole, key: value}).encode()) is not None
    document = call_without_json("Tree", name='an "oak"', children="[]")
    assert first_deviation(constraint, document.encode()) is None
    assert tools.tool_calls(document)[0].arguments == Tree(name='an "oak"')


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"enum": [1, 2]}, "2", "3"),
        ({"enum": ["a", 1], "type": "string"}, "a", "1"),
        ({"enum": ["a", 1], "type": "integer"}, "1", "a"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null", '"x"'),
        ({"allOf": [{"$ref": "#/$defs/e"}]}, "b c", "b"),
        ({"const": None}, "null", "x"),
    ],
)
def test_values_without_json(schema: Any, right: str, wrong: str) -> None:
    parameters = {"properties": {"p": schema}, "$defs": {"e": {"enum": ["b c"]}}}
    tools = mw.tools([{"name": "f", "parameters": parameters}], "qwen3-coder", "required")
    constraint = mw.compile(tools, byte_vocabulary())
    assert first_deviation(constraint, call_without_json("f", p=right).encode()) is None
    assert first_deviation(constraint, call_without_json("f", p=wrong).encode()) is not None
    (call,) = tools.tool_calls(call_without_json("f", p=right))
    assert call.error is None


def test_options_hold_without_json() -> None:
    schema = mw.JsonSchema(
        {"properties": {"p": {"type": "object"}, "q": {"format": "date", "type": "null"}}},
        formats="annotate",
        whitespace="compact",
    )
    tools = mw.tools([{"name": "f", "parameters": schema}], "qwen3-coder", "required")
    constraint = mw.compile(tools, byte_vocabulary())
    assert first_deviation(constraint, call_without_json("f", p='{"a":1}').encode()) is None
    assert first_deviation(constraint, call_without_json("f", p='{"a": 1}').encode()) is not None


ENDLESS = {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/p"}, {"$ref": "#/$defs/p"}]}


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"properties": {"p": {"enum": ["a", 1]}}}, "a string or something else"),
        ({"properties": {"p": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}, "a string or something else"),
        ({"properties": {"p": {"enum": ["a\n</parameter>\n"]}}}, "a string that holds"),
        ({"properties": {"p": {"enum": "abc"}}}, "enum must be a list"),
        ({"properties": [1]}, "properties that is no dict"),
        ({"properties": {"p": {"type": "integer"}}, "required": "p"}, "required that is no list"),
        ({"properties": {"p": {"type": "integer"}}, "required": [["p"]]}, "required that is no list"),
        ({"properties": {"p": ENDLESS}, "$defs": {"p": ENDLESS}}, "a string or something else"),
    ],
)
def test_refused_without_json(parameters: Any, problem: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=problem) as caught:
        mw.tools([{"name": "f", "parameters": parameters}], "qwen3-coder")
    assert caught.value.remedy


# --- arguments of tools()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"format": ["hermes"]}, "format is"),
        ({"choice": None}, "choice is None"),
        ({"choice": plant}, "choice is <function plant"),
        ({"parallel": "yes"}, "parallel is 'yes'"),
        ({"reasoning": "<think>"}, "reasoning is '<think>'"),
        ({"reasoning": (1, 2)}, "reasoning is"),
        ({"reasoning": ("<think>", "")}, "reasoning is"),
        ({"reasoning": ("<t>", "</t>"), "format": "harmony"}, "marks of its own"),
    ],
)
def test_arguments_of_the_wrong_kind(options: Any, problem: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=problem) as caught:
        mw.tools([plant], **options)
    assert caught.value.remedy


def test_names_that_are_no_text() -> None:
    with pytest.raises(mw.InvalidGrammar, match="surrogate"):
        mw.compile(mw.tools([{"name": "\ud800"}]), byte_vocabulary())
