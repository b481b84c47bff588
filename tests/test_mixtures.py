"""Lark grammars inside tags, and grammars as the contents of JSON strings."""

import json
import random
import re
from pathlib import Path
from typing import Any

import lark
import pytest
from lark.indenter import PythonIndenter

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.special_tokens import with_special_tokens
from maskwright.grammar.limits import Budget

from .grammar_cases import VOCABULARY, Pair

EXAMPLES = Path(__file__).parent.parent / "examples"
BYTES = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)
SUM = mw.Lark('start: NUMBER ("+" NUMBER)*\nNUMBER: /[0-9]+/\n%ignore " "')
LESS = mw.Lark('start: "a" (("<" | "</" | "<=") "a")*\n%ignore /[ \\n]+/')
WORDS = mw.Lark('start: (WORD | QUOTED)+\nWORD: /[ab]+/\nQUOTED: /"(?:[^"\\\\]|\\\\.)*"/\n%ignore /[ \\n]+/')
AHEAD = mw.Lark('start: A B?\nA: /a+(?!b)/\nB: /b$/ | "c"')


def judged(form: Any, text: str) -> bool:
    matcher = mw.compile(form, BYTES).matcher()
    content = text.encode()
    return matcher.accept_tokens(list(content)) == len(content) and matcher.is_accepting()


# --- tags


@pytest.mark.parametrize(
    ("text", "is_member"),
    [
        ("no sum", True),
        ("a <sum> 1 + 2 </sum> b\n<sum>3</sum>", True),
        ("<sum>1 2</sum>", False),
        ("<sum>1 +</sum>", False),
        ("<sum>1</sum><t> a </a</t>", True),
        ("<t>a<a<=a</t> <t>a</t>", True),
        ("<t>a</</t>", False),
        ('<json>{"n": 1}</json>', True),
        ('<json> {"n": 1}</json>', False),
        ('<json>{"n": 1} </json>', False),
        ("1 + 2 <sum>", False),
    ],
)
def test_lark_inside_tags(text: str, is_member: bool) -> None:
    tags = [("<sum>", SUM, "</sum>"), ("<t>", LESS, "</t>"), ("<json>", {"type": "object"}, "</json>")]
    assert judged(mw.Tags(tags), text) == is_member


@pytest.mark.parametrize(
    ("text", "is_member"),
    [
        ("<python>\nif x < 3:\n    y = [1,\n2]\n</python>\n  done", True),
        ("<python>\nif x:\n    y\n    </python>", False),
        ("<python>\nif x:\ny\n</python>", False),
        ("<python>x</python>", False),
        ("\n    <python>x\n</python>\n", True),
    ],
)
def test_indented_languages_inside_tags(text: str, is_member: bool) -> None:
    path = Path(lark.__file__).parent / "grammars" / "python.lark"
    python = mw.Lark(path, "file_input", PythonIndenter())
    assert judged(mw.Tags([("<python>", python, "</python>")]), text) == is_member


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ([("<t>", SUM, "")], "nothing says where the Lark grammar ends"),
        ([("<t>", SUM, "</t>"), ("<r>", mw.Regex("a+"), "</r>")], "cannot stand beside a Lark grammar"),
    ],
)
def test_refused_tags(tags: Any, problem: str) -> None:
    with pytest.raises(mw.InvalidGrammar, match=problem) as caught:
        mw.compile(mw.Tags(tags), BYTES)
    assert caught.value.remedy


# --- JSON strings


@pytest.mark.parametrize(
    ("content", "alphabet"),
    [
        (SUM, '0+ "'),
        (WORDS, 'ab" \\\n'),
        (AHEAD, "abc"),
        (mw.Regex(r'[^]*"[\n\u0001]'), 'x"\n\x01\\ü'),
        (mw.Gbnf(r'root ::= "\"" root "\"" | [^\x00-\x1f] | "\n"'), '"\n\\a'),
    ],
)
def test_strings_of_json(content: Any, alphabet: str) -> None:
    """A text is a member where its string is, whatever the text, and nothing else is."""
    constraint, plain = mw.compile(mw.JsonString(content), BYTES), mw.compile(content, BYTES)
    rng = random.Random(alphabet)
    members = 0
    for _ in range(400):
        text = "".join(rng.choices(alphabet, k=rng.randint(0, 7)))
        found = [_judged(plain, text), _judged(constraint, json.dumps(text, ensure_ascii=False))]
        assert found[0] == found[1], text
        members += found[0]
        spelled = json.dumps(text)
        for other in (" " + spelled, spelled + " ", text + "x", spelled.replace("a", r"\u0061")):
            if other != spelled:
                assert not _judged(constraint, other), other
    assert members >= 5, "hardly a text is a member"


def _judged(constraint: mw.Constraint, text: str) -> bool:
    matcher, content = constraint.matcher(), text.encode()
    return matcher.accept_tokens(list(content)) == len(content) and matcher.is_accepting()


def test_queries_in_documents() -> None:
    query = mw.JsonString(mw.Lark(EXAMPLES / "sql.lark"))
    form = mw.Tags([('{"query": ', query, "}")], free_text=False, at_least=1, at_most=1)
    assert judged(form, json.dumps({"query": "SELECT a\n\tFROM b WHERE c = 'it''s \"x\"'"}))
    assert not judged(form, json.dumps({"query": "SELECT FROM b"}))
    assert not judged(form, json.dumps({"query": "SELECT a FROM b"}) + " ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"type": "object"}, "no grammar"),
        (mw.Lark('start: %json {"type": "object"}'), "cannot stand in a JSON string"),
    ],
)
def test_refused_strings(content: Any, problem: str) -> None:
    with pytest.raises(mw.InvalidGrammar, match=re.escape(problem)) as caught:
        mw.compile(mw.JsonString(content), BYTES)
    assert caught.value.remedy


# --- masks


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "form",
    [
        mw.Tags([("<t>", LESS, "</t>"), ("<a", SUM, ">")]),
        mw.Tags([("<t>", mw.JsonString(WORDS), "</t>")], at_most=2),
        mw.JsonString(AHEAD),
        mw.JsonString(WORDS),
        mw.JsonString(mw.Tags([("<", SUM, ">")], at_least=1)),
    ],
    ids=str,
)
def test_masks(form: Any, seed: int) -> None:
    grammar = with_special_tokens(read_form(form, Budget()), VOCABULARY)
    Pair(grammar, mw.compile(form, VOCABULARY)).walk(random.Random(seed), 12)
