"""Macros and options of rules in XGrammar's EBNF."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.special_tokens import with_special_tokens
from maskwright.grammar.limits import Budget

from .grammar_cases import Pair, refusal

CALL, PAD = 257, 258
VOCABULARY = mw.Vocabulary.from_tokens(
    [bytes([byte]) for byte in range(256)] + [b""] * 3,
    eos_token_ids=256,
    special_token_ids=[PAD],
    special_tokens={"<|call|>": CALL},
)

MEMBERS: dict[str, tuple[str, list[str], list[str]]] = {
    "pattern": (r'root ::= "no. " Regex("[1-9]\\d?")', ["no. 7", "no. 42"], ["no. ", "no. 07", "no. 123"]),
    "patterns in a row": (
        r'root ::= Regex("[a-z]+") Regex("[a-z0-9]*") "."',
        ["x.", "x1.", "xyz.", "x1y."],
        [".", "1x.", "x"],
    ),
    "anchors": (r'root ::= "<" Regex("^k+$") ">"', ["<k>", "<kkk>"], ["<>", "<k"]),
    "any character": ('root ::= Regex("q.")', ["q\n", "qé"], ["q"]),
    "no line feed": ('root ::= Regex("q.", flags="u")', ["qx"], ["q\n"]),
    "case": ('root ::= Regex("yes.", flags="is") | Regex("(?i)no")', ["YeS\n", "nO"], ["yes", "ye."]),
    "in a JSON string": (
        'root ::= "\\"" text "\\""\ntext ::= Regex(".{1,3}", json_string=true)',
        ['"a"', '"é b"'],
        ['""', '"a"b"', '"a\n"', '"\\n"', '"abcd"'],
    ),
    "chunks": (
        'root ::= Substring("on ", "the ", "", "hill") "."',
        [".", "on .", "on the .", "the hill.", "on the hill."],
        ["on hill.", "n .", "hillhill."],
    ),
    "no chunks": ('root ::= Substring() "."', ["."], ["x."]),
    "lazy": (
        'root ::= "<" name ">" rest\nname[lazy] ::= [a-z]+ | "12"\nrest ::= [a-z]+',
        ["<a>bc", "<12>x"],
        ["<ab>c", "<>a", "<1>a"],
    ),
    "lazy and empty": ('root ::= "<" name ">"\nname[lazy] ::= [a-z]*', ["<>"], ["<a>"]),
    "lazy of rules": ('root ::= part* "!"\npart [lazy] ::= word "|"\nword ::= [^,]*', ["!", "a|b|!", "||!"], ["a|,|!"]),
    "lazy pattern": ('root ::= part "|"\npart[lazy] ::= Regex("x+?|y+z")', ["x|", "yyz|"], ["xx|", "y|"]),
    "idle options": ('root[temperature=0.4] ::= "a" item\nitem[capture="n", lazy] ::= "b" "c"?', ["ab"], ["abc", "a"]),
    "endless": ('root ::= "a"{2,-1}', ["aa", "aaaaa"], ["a"]),
    "a name, and a macro's": ('root ::= Regexes Tokens\nRegexes ::= "r"\nTokens ::= "t"', ["rt"], ["r"]),
}


def accepts(form: object, items: list[int]) -> bool:
    matcher = mw.compile(form, VOCABULARY).matcher()
    return matcher.accept_tokens(items) == len(items) and matcher.is_accepting()


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    text, members, others = MEMBERS[name]
    assert [member for member in members if not accepts(mw.Ebnf(text), [*member.encode()])] == []
    assert [other for other in others if accepts(mw.Ebnf(text), [*other.encode()])] == []


@pytest.mark.parametrize("name", MEMBERS)
def test_interpreter(name: str) -> None:
    form = mw.Ebnf(MEMBERS[name][0])
    grammar = with_special_tokens(read_form(form, Budget(), frozenset()), VOCABULARY)
    Pair(grammar, mw.compile(form, VOCABULARY)).walk(random.Random(name), 10)


def test_tokens() -> None:
    form = mw.Ebnf("root ::= Token(257) [a-z]* Token(257, 258)")
    assert accepts(form, [CALL, 97, PAD])
    assert accepts(form, [CALL, CALL])
    assert not accepts(form, [PAD, CALL])


def test_notes() -> None:
    assert mw.compile(mw.Ebnf(MEMBERS["idle options"][0]), VOCABULARY).notes == (
        "temperature of the rule root is left to whoever samples",
        "capture of the rule item is left to whoever samples",
    )


ERRORS: dict[str, tuple[str, str, tuple[int, int]]] = {
    "no pattern": ("root ::= Regex(7)", "Regex takes other arguments", (1, 10)),
    "two patterns": ('root ::= Regex("a", "b")', "Regex takes other arguments", (1, 10)),
    "other flags": ('root ::= "x" Regex("a", flags="m")', "Regex takes other arguments", (1, 14)),
    "other names": ('root ::= Regex("a", lazy=true)', "Regex takes other arguments", (1, 10)),
    "no argument": ("root ::= Regex(a)", "an argument was expected", (1, 16)),
    "no comma": ('root ::= Substring("a" "b")', "the arguments are not closed", (1, 24)),
    "open": ('root ::= Substring("a",', "an argument was expected", (1, 24)),
    "no chunk": ("root ::= Substring(1)", "Substring takes other arguments", (1, 10)),
    "no number": ('root ::= Token("a")', "Token takes other arguments", (1, 10)),
    "a text": ("root ::= Token(97)", "the token 97 of <[97]> is text", (0, 0)),
    "no text": ('root ::= "a" Regex("[]")', "matches no text", (0, 0)),
    "budget": ('root ::= a\na[max_chars=9] ::= "x"', "bound the text itself", (2, 3)),
    "suffix": ('root ::= a\na[suffix="."] ::= "x"', "use lazy", (2, 2)),
    "lazy recursion": ('root ::= a\na[lazy] ::= "(" a ")" | "x"', "is not regular", (0, 0)),
    "bounds in GBNF": ("root ::= a{1,-1}", "no bounds", (1, 11)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    text, said, place = ERRORS[name]
    form = mw.Gbnf(text) if "GBNF" in name else mw.Ebnf(text)
    refusal(lambda: mw.compile(form, VOCABULARY), said, place)
