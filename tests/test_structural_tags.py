"""Structural tags, texts described in JSON: which texts each type of format holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

import maskwright as mw

CALL, END = 257, 258
VOCABULARY = mw.Vocabulary.from_tokens(
    [bytes([byte]) for byte in range(256)] + [b""] * 3,
    eos_token_ids=256,
    special_tokens={"<|call|>": CALL, "<|end|>": END},
)
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}
JSON = {"type": "json_schema", "json_schema": SCHEMA}
TEXT = {"type": "any_text"}
A = {"type": "const_string", "value": "a"}
TAG = {"type": "tag", "begin": "<f=x>", "content": JSON, "end": "</f>"}
CALLED = '<f=x>{"a": 1}</f>'
TAGS = {"type": "triggered_tags", "triggers": ["<f="], "tags": [TAG]}

MEMBERS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "text": (A, ["a"], ["", "b"]),
    "schema": (JSON, ['{"a": 1, "b": null}'], ["{}", '{"b": 1, "a": 1}']),
    "schema in any order": ({**JSON, "any_order": True}, ['{"b": 1, "a": 1}'], ['{"b": 1}']),
    "schema with few blanks": ({**JSON, "max_whitespace_cnt": 1}, ['{"a": 1 }'], ['{"a":  1}']),
    "grammar": ({"type": "grammar", "grammar": 'root ::= "x" root | "y"'}, ["y", "xxy"], ["x"]),
    "pattern": ({"type": "regex", "pattern": "[0-9]{2}"}, ["12"], ["1"]),
    "any text": ({**TEXT, "excludes": ["no"]}, ["", "yes"], ["no", "canoe now"]),
    "row": ({"type": "sequence", "elements": [A, JSON]}, ['a{"a": 1}'], ["a", '{"a": 1}']),
    "choice": ({"type": "or", "elements": [A, JSON]}, ["a", '{"a": 1}'], ['a{"a": 1}']),
    "optional": ({"type": "optional", "content": A}, ["", "a"], ["aa"]),
    "plus": ({"type": "plus", "content": A}, ["a", "aaa"], [""]),
    "star": ({"type": "star", "content": A}, ["", "aaa"], ["b"]),
    "repeat": ({"type": "repeat", "min": 1, "max": 2, "content": A}, ["a", "aa"], ["", "aaa"]),
    "repeat without end": ({"type": "repeat", "min": 2, "max": -1, "content": A}, ["aa", "aaaaa"], ["a"]),
    "tag": (TAG, [CALLED], ["<f=x>", CALLED + "x"]),
    "tag of text": (
        {"type": "tag", "begin": "<t>", "content": TEXT, "end": "</t>"},
        ["<t>a < b</t>", "<t></t>"],
        ["<t>", "<t></t></t>"],
    ),
    "tag with several ends": (
        {"type": "tag", "begin": "<t>", "content": {**TEXT, "excludes": ["x"]}, "end": ["</t>", "</s>"]},
        ["<t>a</s>", "<t></t>"],
        ["<t></t></s>", "<t>x</t>"],
    ),
    "end of what is excluded": (
        {"type": "tag", "begin": "", "content": {**TEXT, "excludes": ["<|"]}, "end": "<|stop|>"},
        ["a<|stop|>", "<|stop|>"],
        ["<|a<|stop|>", "a"],
    ),
    "choice with several ends": (
        {"type": "tag", "begin": "<t>", "content": A, "end": ["</t>", "."]},
        ["<t>a</t>", "<t>a."],
        ["<t>a"],
    ),
    "text and more in a tag": (
        {"type": "tag", "begin": "<t>", "content": {"type": "sequence", "elements": [A, TEXT]}, "end": "</t>"},
        ["<t>a</t>", "<t>a, b</t>"],
        ["<t>b</t>", "<t>a</t></t>"],
    ),
    "triggered": (TAGS, ["", "x", CALLED, f"x{CALLED}y{CALLED}"], ["<f=y>", "<f="]),
    "triggered at once": ({**TAGS, "at_least_one": True}, [CALLED, f"{CALLED}y{CALLED}"], ["", "x", f"x{CALLED}"]),
    "triggered once": ({**TAGS, "stop_after_first": True}, ["", "x", f"x{CALLED}"], [f"{CALLED}y", CALLED * 2]),
    "just one": ({**TAGS, "at_least_one": True, "stop_after_first": True}, [CALLED], ["", f"x{CALLED}", CALLED * 2]),
    "triggered without": ({**TAGS, "excludes": ["BAD"]}, [f"BA{CALLED}D"], ["BAD", f"BAD{CALLED}", f"{CALLED}BAD"]),
    "triggered in a tag": (
        {"type": "tag", "begin": "<r>", "content": TAGS, "end": "</r>"},
        [f"<r>x{CALLED}</r>", "<r></r>"],
        ["<r></r></r>", "<r>x", "<r><f=y></r>"],
    ),
    "separated": (
        {"type": "tags_with_separator", "tags": [TAG], "separator": ","},
        ["", CALLED, f"{CALLED},{CALLED}"],
        [f"{CALLED},", CALLED * 2],
    ),
    "dispatched": (
        {"type": "dispatch", "rules": [["<f>", A], ["<g>", JSON]], "excludes": ["</r>"]},
        ["", "x<f>ay", '<g>{"a": 1}<f>a'],
        ["<f>b", "</r>", "<f>a</r>"],
    ),
    "dispatched once": ({"type": "dispatch", "rules": [["<f>", A]], "loop": False}, ["x<f>a", "x"], ["<f>ay"]),
}


def accepts(form: object, items: list[int]) -> bool:
    matcher = mw.compile(form, VOCABULARY).matcher()
    return matcher.accept_tokens(items) == len(items) and matcher.is_accepting()


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    given, members, others = MEMBERS[name]
    form = mw.structural_tag({"type": "structural_tag", "format": given})
    assert [member for member in members if not accepts(form, [*member.encode()])] == []
    assert [other for other in others if accepts(form, [*other.encode()])] == []


def test_ways_to_write() -> None:
    for given in (TAG, {"format": TAG}, json.dumps(TAG), json.dumps({"type": "structural_tag", "format": TAG})):
        assert accepts(mw.structural_tag(given), [*CALLED.encode()])
    old = {
        "type": "structural_tag",
        "structures": [{"begin": "<f=x>", "schema": SCHEMA, "end": "</f>"}],
        "triggers": ["<f="],
    }
    assert accepts(mw.structural_tag(old), [*f"so {CALLED}".encode()])


def test_options() -> None:
    spaced, compact = CALLED.encode(), CALLED.replace(" ", "").encode()
    form = mw.structural_tag(TAG, whitespace="compact")
    assert accepts(form, [*compact])
    assert not accepts(form, [*spaced])


def test_tokens() -> None:
    begin, end = {"type": "token", "token": "<|call|>"}, {"type": "token", "token": END}
    form = mw.structural_tag({"type": "tag", "begin": begin, "content": TEXT, "end": end})
    assert accepts(form, [CALL, *b"so", END])
    assert not accepts(form, [CALL, *b"so"])
    tag = {"type": "tag", "begin": begin, "content": A, "end": {"type": "token", "token": "<|end|>"}}
    form = mw.structural_tag({"type": "token_triggered_tags", "trigger_tokens": ["<|call|>"], "tags": [tag]})
    assert accepts(form, [*b"so ", CALL, *b"a", END, *b"then"])
    assert not accepts(form, [*b"so ", END])


ERRORS: dict[str, tuple[object, str, str]] = {
    "not JSON": ("{", "is not JSON", ""),
    "misspelt": ({**TEXT, "exclude": ["a"]}, "'exclude' means nothing in any_text", ""),
    "no count": ({**JSON, "max_whitespace_cnt": -1}, "-1 is no count", "/max_whitespace_cnt"),
    "no object": ([], "is no object", ""),
    "no format": ({"type": "structural_tag"}, "None is no object", "/format"),
    "unknown": ({"type": "sequence", "elements": [A, {"type": "b"}]}, "'b' is no type of format", "/elements/1"),
    "bounded": ({**TEXT, "max_tokens": 3}, "max_tokens is not supported", "/max_tokens"),
    "another style": ({**JSON, "style": "qwen_xml"}, "'qwen_xml' is not supported", "/style"),
    "no tags": ({**TAGS, "tags": []}, "is no list of formats", "/tags"),
    "no trigger": ({**TAGS, "triggers": ["<g"]}, "no tag begins with the trigger", ""),
    "no text": ({"type": "const_string", "value": 3}, "3 is no text", "/value"),
    "no number of times": ({"type": "repeat", "min": 3, "max": 2, "content": A}, "no number of times", ""),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    given, said, pointer = ERRORS[name]
    with pytest.raises(mw.InvalidGrammar, match=said) as caught:
        mw.structural_tag(given)
    assert caught.value.pointer == pointer or name == "not JSON"


def test_free_text_without() -> None:
    form = mw.Tags([("<t>", None, "</t>")], without=["BAD", "<|"])
    assert accepts(form, [*b"BA <t>BAD</t> D<"])
    assert not any(accepts(form, [*text]) for text in (b"BAD", b"BAD<t></t>", b"<t></t><|"))
    with pytest.raises(mw.InvalidGrammar, match="holds an empty text"):
        mw.Tags([("<t>", None, "</t>")], without=[""])
