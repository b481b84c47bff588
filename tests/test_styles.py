"""Values of JSON in one grammar whose blanks and escapes are written in different styles."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.token_automaton import START, explore
from maskwright.grammar.token_budget import BudgetedConstraint
from maskwright.grammar.vocabulary import Vocabulary

from .grammar_cases import END, Pair, judged, mask_of

SINGLE = [*(bytes([byte]) for byte in range(256)), b""]
CROSSING = [b'"}{"', b'"]}{"', b'"]}{ "', b'{"', b'{ "', b'":["', b'": ["', b'"a', b'b"', b'"]}', b"\\u00", b"\\n",
            b'a"]}{"b":["\\n', b"[]", b',"', b', "', b',\n "', b"}\n", b"1,", b"1 ,", b'"b" :', b"a\\t"]  # fmt: skip
VOCABULARY = Vocabulary.from_tokens([*SINGLE, *CROSSING], eos_token_ids=[END], special_token_ids=[END])

Options = dict[str, Any]
OPEN = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
NAMED = {"type": "object", "properties": {"é\n": {"enum": ["\t", "é", 'a"']}, "b": {"pattern": "^[\n-Z]*$"}}}
PAIRS: dict[str, tuple[Options, Options]] = {
    "escapes": ({"escapes": "any"}, {"escapes": "minimal"}),
    "blanks": ({"whitespace": "compact"}, {"whitespace": "formatted"}),
    "any blanks": ({"whitespace": "any"}, {"whitespace": "compact", "escapes": "minimal"}),
    "patterns": ({"whitespace": mw.Regex(" ?")}, {"whitespace": mw.Regex("\n*")}),
    "both": ({"whitespace": "formatted", "escapes": "minimal"}, {"whitespace": mw.Regex("\t*")}),
}


def neighbours(*contents: object, end: str = "") -> mw.Tags:
    """Any number of the ``contents``, nothing between them."""
    return mw.Tags([("", content, end) for content in contents], free_text=False, at_least=1)


def pair_of(form: mw.Tags) -> Pair:
    return Pair(read_form(form, Budget(Limits())), mw.compile(form, VOCABULARY))


@pytest.mark.parametrize("schema", [OPEN, NAMED], ids=["open", "named"])
@pytest.mark.parametrize("options", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("seed", range(2))
def test_kernels_and_interpreter_agree(options: tuple[Options, Options], schema: Options, seed: int) -> None:
    first, second = (mw.JsonSchema(schema, **each) for each in options)
    pair_of(neighbours(first, second)).walk(random.Random(seed), 25)


@pytest.mark.parametrize("seed", range(4))
def test_open_keys_in_several_threads(seed: int) -> None:
    """Two objects that begin alike are both read until one of them is refused; their keys are any."""
    few = mw.JsonSchema({**OPEN, "maxProperties": 1}, escapes="minimal")
    many = mw.JsonSchema({**OPEN, "minProperties": 2}, whitespace="any")
    pair = pair_of(neighbours(few, many, end="."))
    for byte in b'{"ab":["x"]'[: 3 * seed]:
        assert pair.accept(byte)
    pair.walk(random.Random(seed), 20)


def test_keys_of_threads_are_kept_apart() -> None:
    form = neighbours({**OPEN, "maxProperties": 1}, {**OPEN, "minProperties": 2}, end=".")
    constraint = mw.compile(form, VOCABULARY)
    assert judged(constraint, b'{"a":[]}.{"ab":[],"ac":["b"]}.{}.')
    assert not judged(constraint, b'{"ab":[],"ab":[]}.')


FORM = mw.Tags(
    [
        ("<c>", mw.JsonSchema({"type": "array", "items": {"type": "string"}}, whitespace="compact"), "</c>"),
        ("<m>", mw.JsonSchema({"type": "array", "items": {"type": "string"}}, escapes="minimal"), "</m>"),
    ]
)


@pytest.mark.parametrize(
    ("text", "is_member"),
    [
        (r'<c>["\u0061","b"]</c><m>["a", "b"]</m>', True),
        (r'<c>["\u0061", "b"]</c>', False),
        (r'<m>["\u0061"]</m>', False),
        (r'<m>["a"]</m> and <c>["\u0061"]</c>', True),
        (r'<m>["\n"]</m> and <m>["a", "b"]</m>', True),
    ],
)
def test_each_value_has_its_own_style(text: str, is_member: bool) -> None:
    assert judged(mw.compile(FORM, VOCABULARY), text.encode()) == is_member


def test_masks_inside_strings() -> None:
    matcher = mw.compile(neighbours(*(each.arguments for each in _tools())), VOCABULARY).matcher()
    for text, wanted in (('{"a":["', False), ('"]}{"b": ["', True)):
        assert matcher.accept_tokens([*text.encode()]) == len(text)
        assert mask_of(matcher)[SINGLE.index(b"/")]
        assert mask_of(matcher)[len(SINGLE) + CROSSING.index(b"\\u00")]
        assert matcher.fork().accept_tokens([*rb"\u0061"]) == (6 if wanted else 4)


def _tools() -> list[Any]:
    from maskwright.schemas.tool_schemas import Tool

    strict = mw.JsonSchema({**OPEN, "required": ["a"]}, whitespace="compact", escapes="minimal")
    loose = mw.JsonSchema({**OPEN, "required": ["b"], "properties": {"a": False}})
    return [Tool("strict", strict), Tool("loose", loose)]


def test_tools_keep_their_options() -> None:
    form = mw.tools(_tools(), format="hermes")
    call = '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>'
    constraint = mw.compile(form, VOCABULARY)
    assert judged(constraint, (call % ("loose", r'{"b": ["\u0061"]}')).encode())
    assert judged(constraint, (call % ("strict", '{"a":["a"]}')).encode())
    assert not judged(constraint, (call % ("strict", '{"a": ["a"]}')).encode())


@pytest.mark.parametrize("budget", [8, 20, 40])
def test_budgets(budget: int) -> None:
    generator = random.Random(budget)
    constraint = mw.compile(neighbours(*(each.arguments for each in _tools()), end="."), VOCABULARY)
    matcher = BudgetedConstraint(constraint, budget + 6).matcher()
    text = b""
    while not matcher.is_terminated():
        bitmask = np.zeros((1, -(-len(VOCABULARY.tokens) // 32)), np.int32)
        matcher.fill_next_token_bitmask(bitmask)
        allowed = np.flatnonzero(np.unpackbits(bitmask.view(np.uint8), bitorder="little"))
        token = int(generator.choice(allowed.tolist()))
        assert matcher.accept_token(token)
        text += VOCABULARY.tokens[token] or b""
    assert judged(constraint, text)


def test_automaton_over_tokens() -> None:
    closed = {"type": "object", "properties": {"a": {"maxLength": 2, "type": "string"}}, "additionalProperties": False}
    form = mw.Tags(
        [
            ("<", mw.JsonSchema(closed, whitespace="compact", escapes="minimal"), ">"),
            ("(", mw.JsonSchema(closed, whitespace="compact"), ")"),
        ],
        free_text=False,
        at_least=1,
        at_most=2,
    )
    constraint = mw.compile(form, VOCABULARY)
    automaton, generator = explore(constraint, 1 << 22), random.Random(0)
    for _ in range(10):
        matcher, state = constraint.matcher(), START
        for _ in range(12):
            allowed = mask_of(matcher)
            assert allowed.tobytes() == _unpacked(automaton.masks[automaton.mask_of[state]]).tobytes()
            token = int(generator.choice(np.flatnonzero(allowed).tolist()))
            matcher.accept_token(token)
            if matcher.is_terminated():
                break
            state = int(automaton.transitions[state, automaton.classes[token]])


def _unpacked(mask: Any) -> Any:
    return np.unpackbits(mask.view(np.uint8), bitorder="little")[: len(VOCABULARY.tokens)].astype(np.bool_)
