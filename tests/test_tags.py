"""Tags: free text with regions, against the obvious way to judge a text."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.special_tokens import with_special_tokens
from maskwright.grammar.limits import Budget

from .grammar_cases import Pair, mask_of

SPECIAL = {"<|s|>": 257, "<|t|>": 258, "<|end|>": 256}
VOCABULARY = mw.Vocabulary.from_tokens(
    [
        *(bytes([byte]) for byte in range(256)),
        *[b""] * 3,
        b"<t",
        b"<ta",
        b"a>",
        b"x<",
        b"/a",
        b"</",
        b"ab",
        b"><",
        b">1",
    ],
    eos_token_ids=256,
    special_tokens=SPECIAL,
)
_CUT = re.compile("|".join(re.escape(name) for name in SPECIAL))


def ids_of(text: str) -> list[int]:
    """Byte by byte; names of special tokens are those."""
    ids, place = [], 0
    for match in _CUT.finditer(text):
        ids += [*text[place : match.start()].encode(), SPECIAL[match[0]]]
        place = match.end()
    return [*ids, *text[place:].encode()]


def accepts(form: Any, text: str) -> bool:
    matcher = mw.compile(form, VOCABULARY).matcher()
    ids = ids_of(text)
    return matcher.accept_tokens(ids) == len(ids) and matcher.is_accepting()


def judged(form: mw.Tags, text: str) -> bool:
    """Whether ``text`` is one of ``form``, whose contents are patterns. Special tokens are private characters."""
    names = {name: chr(0xE000 + i) for i, name in enumerate(SPECIAL)}

    def private(part: str) -> str:
        return _CUT.sub(lambda match: names[match[0]], part)

    text = private(text)
    tags = [(private(tag.begin), getattr(tag.content, "pattern", None), private(tag.end)) for tag in form.tags]
    triggers = [private(trigger) for trigger in form.triggers or [tag.begin for tag in form.tags]]
    start = 0
    if form.reasoning is not None:
        begin, end = map(private, form.reasoning)
        if not text.startswith(begin) or end not in text[len(begin) :]:
            return False
        start = text.index(end, len(begin)) + len(end)
        if any(mark in text[len(begin) : start - len(end)] for mark in names.values()):
            return False
    high = len(text) + 1 if form.at_most is None else form.at_most

    def regions(start: int, count: int, separator: str) -> bool:
        """Regions alone."""
        if start == len(text) and count >= form.at_least:
            return True
        return (
            count < high
            and text.startswith(separator, start)
            and any(
                regions(end, count + 1, form.separator)
                for tag in tags
                for end in region_ends(tag, start + len(separator))
            )
        )

    def region_ends(tag: tuple[str, str | None, str], start: int) -> list[int]:
        begin, pattern, end = tag
        if not text.startswith(begin, start):
            return []
        inside = start + len(begin)
        if pattern is None:
            place = text.find(end, inside)
            return [] if place < 0 or any(m in text[inside:place] for m in names.values()) else [place + len(end)]
        return [
            place + len(end)
            for place in range(inside, len(text) + 1)
            if re.fullmatch(pattern, text[inside:place]) and text.startswith(end, place)
        ]

    def free(start: int, count: int) -> bool:
        found = min((text.index(t, start) + len(t) for t in triggers if t in text[start:]), default=None)
        if found is None:
            return count >= form.at_least and not any(mark in text[start:] for mark in names.values())
        begun = [
            found - len(t)
            for t in triggers
            if text.startswith(t, max(found - len(t), start)) and found - len(t) >= start
        ]
        if count >= high or any(mark in text[start : min(begun)] for mark in names.values()):
            return False
        ways = [(begin, tag) for begin in begun for tag in tags if tag[0].startswith(text[begin:found])]
        return any(free(end, count + 1) for begin, tag in ways for end in region_ends(tag, begin))

    if form.free_text:
        return free(start, 0)
    if form.reasoning is not None:
        text_start = start + len(text[start:]) - len(text[start:].lstrip(" \t\r\n"))
        return any(regions(place, 0, "") for place in range(start, text_start + 1))
    return regions(start, 0, "")


A = mw.Regex("a*")
FORMS: dict[str, mw.Tags] = {
    "one": mw.Tags([("<t>", A, "</t>")]),
    "two": mw.Tags([("<t>", A, "/"), ("<a>", mw.Regex("[ta]"), ">")]),
    "prefixes": mw.Tags([("<t", A, "/"), ("<ta>", mw.Regex("t+"), ">")]),
    "trigger": mw.Tags([("<t>", A, "/"), ("<ta>", mw.Regex("t"), "")], triggers=["<"]),
    "two triggers": mw.Tags([("<t>", A, "/"), ("<ta", A, ""), ("a<", A, ">")], triggers=["<t", "a<"]),
    "suffixes": mw.Tags([("<t>", A, "/"), ("t>", A, "<")]),
    "overlapping": mw.Tags([("<<t", A, "/"), ("<t<a", A, "/")]),
    "at least": mw.Tags([("<t>", A, "/")], at_least=2),
    "at most": mw.Tags([("<t>", A, "/")], at_most=1),
    "from 1 to 2": mw.Tags([("<", A, ">")], at_least=1, at_most=2),
    "none": mw.Tags([("<t", A, ">")], at_most=0),
    "alone": mw.Tags([("<", A, ">"), ("t", A, "")], free_text=False),
    "separated": mw.Tags([("<", A, ">")], free_text=False, separator="/a", at_least=1, at_most=3),
    "until": mw.Tags([("<", None, "a>"), ("/", None, "//")]),
    "reasoning": mw.Tags([("<", A, ">")], reasoning=("t", "/a")),
    "reasoning, then alone": mw.Tags([("<", A, ">")], reasoning=("", "/"), free_text=False, at_least=1),
    "special": mw.Tags([("<|s|>", A, "<|t|>"), ("<a", A, "<|t|>")]),
    "special behind text": mw.Tags([("t<|s|>", A, ">"), ("<|s|>a", A, "/")]),
    "special that goes on": mw.Tags([("<|s|>a", A, "/"), ("<|s|>t", None, "<|t|>")], triggers=["<|s|>"]),
    "special reasoning": mw.Tags([("<", A, ">")], reasoning=("<|s|>", "a<|t|>")),
}
PIECES = [
    "<t>",
    "<ta>",
    "</t>",
    "<a>",
    "<t",
    "<<t",
    "a",
    "t",
    "/",
    "<",
    ">",
    "/a",
    " ",
    "<|s|>",
    "<|t|>",
    "t<|s|>",
    "//",
]


@pytest.mark.parametrize("name", FORMS)
def test_membership(name: str) -> None:
    form = FORMS[name]
    constraint = mw.compile(form, VOCABULARY)
    rng = random.Random(name)
    members = 0
    regions = [tag.begin + inside + tag.end for tag in form.tags for inside in ("", "a", "t", "aa")]
    marks = [form.separator, *(form.reasoning or ())]
    for count in range(600):
        pieces = PIECES if count % 2 else [*regions, *marks, "a", " "]
        text = "".join(rng.choices(pieces, k=rng.randint(0, 7)))
        if count % 3 == 0 and form.reasoning is not None:
            text = rng.choice(["", "a"]).join(form.reasoning) + text
        matcher, ids = constraint.matcher(), ids_of(text)
        found = matcher.accept_tokens(ids) == len(ids) and matcher.is_accepting()
        assert found == judged(form, text), text
        members += found
    assert members >= 5, "hardly a text is a member"


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("seed", range(2))
def test_masks(name: str, seed: int) -> None:
    grammar = with_special_tokens(read_form(FORMS[name], Budget(), frozenset(SPECIAL)), VOCABULARY)
    Pair(grammar, mw.compile(FORMS[name], VOCABULARY)).walk(random.Random(seed), 10)


@pytest.mark.parametrize("name", FORMS)
def test_no_dead_ends(name: str) -> None:
    """Whatever is written, the text can be completed: a walk that takes what leads on ends."""
    constraint = mw.compile(FORMS[name], VOCABULARY)
    rng = random.Random(name)
    for _ in range(5):
        matcher = constraint.matcher()
        for step in range(3000):
            if step > 8 and matcher.is_accepting():
                break
            allowed = np.flatnonzero(mask_of(matcher)).tolist()
            assert allowed
            wanted = [token for token in allowed if token > 256 or chr(token) in "<ta>/"] or allowed
            matcher.accept_token(rng.choice([token for token in wanted if token != 256] or wanted))
        else:
            pytest.fail("no end was found")


# --- contents

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("content", "inside", "outside"),
    [
        (SCHEMA, '{"n": 1}', '{"n": "x"}'),
        (mw.JsonSchema(SCHEMA, whitespace="compact"), '{"n":1}', '{"n": 1}'),
        (int, "12", "1.5"),
        ("true", "[1]", "[1"),
        (mw.Regex("a+b"), "aab", "aa"),
        (mw.Choice(["x", "yy"]), "yy", "y"),
        (mw.Substring("the quick fox", "word"), "quick fox", "brown"),
        (mw.Gbnf('root ::= "(" root ")" | "x"'), "((x))", "((x)"),
        (mw.Ebnf('root ::= "a" root "b" | ""'), "aabb", "aab"),
        (mw.Tags([("[", mw.Regex("a"), "]")], at_least=1), "x[a]", "x[b]"),
        (None, "anything <t> {", "</t>"),
    ],
)
def test_contents(content: Any, inside: str, outside: str) -> None:
    form = mw.Tags([("<t>", content, "</t>")])
    assert accepts(form, f"see <t>{inside}</t> and <t>{inside}</t>.")
    assert not accepts(form, f"see <t>{outside}</t><t>")
    assert not accepts(form, f"see <t>{inside}")


def test_entries_may_be_mappings() -> None:
    form = mw.Tags([{"begin": "<t>", "content": {"type": "integer"}, "end": "</t>"}, {"begin": "!", "content": int}])
    assert form == mw.Tags([("<t>", {"type": "integer"}, "</t>"), ["!", int]])
    assert hash(form) == hash(mw.Tags([("<t>", {"type": "integer"}, "</t>"), ["!", int]]))
    assert form != mw.Tags([("<t>", {"type": "number"}, "</t>"), ["!", int]])
    assert accepts(form, "a !3 <t>4</t>")


def test_reasoning_before_a_document() -> None:
    form = mw.Tags([("", SCHEMA, "")], free_text=False, at_least=1, at_most=1, reasoning=("<think>", "</think>"))
    assert accepts(form, '<think>{"n": 1} or <think>?</think>\n\n{"n": 2}')
    assert not accepts(form, '<think>hm{"n": 2}')
    assert not accepts(form, '{"n": 2}')
    assert not accepts(form, "<think>hm</think>")


def test_names_of_special_tokens_are_not_spelled_out() -> None:
    constraint = mw.compile(FORMS["special"], VOCABULARY)
    matcher = constraint.matcher()
    assert matcher.accept_tokens(list(b"a <|s|>")) == 6


def test_special_tokens_that_the_vocabulary_lacks_are_text() -> None:
    form = mw.Tags([("<|call|>", int, "<|done|>")])
    assert accepts(form, "x <|call|>1<|done|> y")
    assert not accepts(form, "x <|call|>a<|done|>")


# --- what is refused


@pytest.mark.parametrize(
    ("tags", "options", "problem"),
    [
        ([], {}, "no tags"),
        (["<t>"], {}, "no tag"),
        ([("<t>",)], {}, "no tag"),
        ([("<t>", None)], {}, "neither content nor an end"),
        ([(1, int)], {}, "no text"),
        ([("", int)], {}, "where the tag '' begins"),
        ([("<t>", int)], {"triggers": ["<x"]}, "trigger '<x'"),
        ([("<t>", int), ("t", int)], {"triggers": ["<"]}, "where the tag 't' begins"),
        ([("<t>", int)], {"at_least": 2, "at_most": 1}, "no number of regions"),
        ([("<t>", int)], {"reasoning": ("<think>", "")}, "no end"),
        (None, {}, "tags is None"),
        ([("<t>", int)], {"at_least": "1"}, "at_least is '1'"),
        ([("<t>", int)], {"at_most": 1.5}, "at_most is 1.5"),
        ([("<t>", int)], {"triggers": "<t>"}, "triggers is '<t>'"),
        ([("<t>", int)], {"triggers": [1]}, "triggers is"),
        ([("<t>", int)], {"separator": None, "free_text": False}, "separator is None"),
        ([("<t>", int)], {"free_text": "no"}, "free_text is 'no'"),
        ([("<t>", int)], {"reasoning": "<think>"}, "reasoning is '<think>'"),
        ([("<t>", int)], {"reasoning": (1, 2)}, "reasoning is"),
    ],
)
def test_broken(tags: Any, options: Any, problem: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=problem) as caught:
        mw.Tags(tags, **options)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        (mw.Tags([("<t>", mw.Lark('start: "a"'), "")]), "the tag '<t>': nothing says where the Lark grammar ends"),
        (mw.Tags([("<t>", mw.Gbnf('root ::= "a'), "")]), "the tag '<t>'"),
        (mw.Tags([("<t>", mw.Choice([]), "")]), "the tag '<t>': no text"),
        (mw.Tags([("<t>", {"type": "strin"}, "")]), "the tag '<t>'"),
        (mw.Tags([("<t>", False, "")]), "the tag '<t>'"),
        (mw.Tags([("<t>", "hello", "")]), "the tag '<t>': the schema 'hello'"),
        (mw.Tags([("<t>", mw.tools([{"name": "x"}]), "")]), "the tag '<t>': Tools are a whole text"),
        (mw.Tags([("<t>", mw.Lark("start: a b"), "x")]), "line 1"),
        (mw.Tags([("\ud800", int)]), "surrogate"),
        (mw.Tags([("a", int), ("xab", int)]), "'xab' can never begin"),
        (mw.Tags([("<t>", int, "<|end|>")]), "end token"),
    ],
)
def test_refused(form: mw.Tags, problem: str) -> None:
    with pytest.raises(mw.MaskwrightError, match=re.escape(problem)) as caught:
        mw.compile(form, VOCABULARY)
    assert str(caught.value)
