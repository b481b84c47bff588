"""Lark grammars inside of Lark grammars: names and ignored terminals of their own."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.errors import InvalidGrammar
from maskwright.grammar.limits import Budget

from .grammar_cases import Pair, refusal

VOCABULARY = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)

LIST = """
start: "<" inner ">" word
word: WORD
WORD: /[a-z]+/
%ignore " "
inner: %lark {
  start: item ("," item)*  // items {
  item: WORD | "{" NUMBER "}"
  WORD: /[A-Z]+/
  NUMBER: /[0-9]+/
  %ignore /\\t/
}
"""

MEMBERS: dict[str, tuple[str, list[str], list[str]]] = {
    "a choice": ('start: /[ab]+/ x\nx: %lark {\n  start: "foo" | "Bar"\n}', ["afoo", "abBar"], ["a", "afooa", "foo"]),
    "names of its own": (LIST, ["<A>b", "<A,{12}>b"], ["<a>b", "<A>B", "<A,>b"]),
    "ignoring on its own": (LIST, ["<A\t,\tB\t> b", "<{\t3}>  b"], ["<A,B>\tb", "<A, B>b", "<{ 3}>b"]),
    "ignoring the same": (
        'start: "(" x ")"\n%ignore " "\nx: %lark { start: "a" "b"\n%ignore " "\n}',
        ["(ab)", "( a b )"],
        ["(a\tb)"],
    ),
    "read and ignored": (
        'start: "(" x ")"\n%ignore " "\nx: %lark { start: "a" " " "b"\n}',
        ["(a b)"],
        ["(ab)", "(a  b)"],
    ),
    "terminals of one pattern": (
        'start: A "b" | %lark { start: A "c"\nA: /a+/ }\nA: /a+/',
        ["ab", "aac"],
        ["a", "b"],
    ),
    "inside of one inside": (
        'start: %lark { start: "(" %lark { start: A+\nA: "x" } ")" A\nA: "y" } A\nA: "z"',
        ["(x)yz", "(xx)yz"],
        ["(y)yz", "(x)xz"],
    ),
    "with what goes beyond Lark": (
        'start: x{2} ";"\nx: %lark { start: p::0 %json {"const": 1}\n'
        'p::_: "a" p::set_bit(0) %if bit_clear(0) | "." %if bit_set(0) }',
        ["a.1a.1;"],
        ["a.1;", ".1a.1;"],
    ),
    "lazy": ('start: "<" x "!"\nx: %lark { start: y\ny[suffix=">"]: /.*/ }', ["<a>!", "<>!"], ["<a>>!"]),
    "as a terminal": ('start: "a" T T\nT: %lark { start: "b" | "c" }', ["abc", "abb"], ["ab"]),
    "in part of an alternative": ('start: ("x" %lark { start: "a"? "b" })~2', ["xbxab"], ["xb", "xabx"]),
    "imports": ("start: %lark { start: INT\n%import common.INT\n} WORD\n%import common.WORD", ["12ab"], ["ab", "12"]),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    text, members, others = MEMBERS[name]
    constraint = mw.compile(mw.Lark(text), VOCABULARY)

    def accepts(member: str) -> bool:
        matcher = constraint.matcher()
        return matcher.accept_tokens([*member.encode()]) == len(member) and matcher.is_accepting()

    assert [member for member in members if not accepts(member)] == []
    assert [other for other in others if accepts(other)] == []


@pytest.mark.parametrize("name", [name for name in MEMBERS if "%json" not in MEMBERS[name][0]])
def test_interpreter(name: str) -> None:
    form = mw.Lark(MEMBERS[name][0])
    Pair(read_form(form, Budget()), mw.compile(form, VOCABULARY)).walk(random.Random(name), 10)


def test_notes() -> None:
    text = 'start: %lark { start: "a"\nlost: "b"\nT: "t" }'
    notes = mw.compile(mw.Lark(text), VOCABULARY).notes
    assert notes == ("the rule lost cannot be reached from start", "the terminal T is not used")


def test_grammars_nested_too_deeply() -> None:
    text = "%lark { start: " * 400 + '"a"' + " }" * 400
    with pytest.raises(InvalidGrammar, match="grammars are nested"):
        mw.compile(mw.Lark(f"start: {text}"), VOCABULARY)


ERRORS: dict[str, tuple[str, str, tuple[int, int]]] = {
    "open": ('start: %lark { start: "a"', "the braces of %lark are not closed", (1, 14)),
    "no braces": ('start: %lark start: "a"', "%lark has no grammar", (1, 14)),
    "no start": ('start: "a"\n  | %lark { begin: "a" }', "no rule is called 'start'", (2, 5)),
    "unknown rule": ('start: "b" %lark { start: "a" v }', "'v'", (1, 31)),
    "broken pattern": ('start: "b" %lark { start: "a" W\n  W: /(/ }', "W is broken", (2, 3)),
    "declared": ('start: %lark { start: "a" W\n  %declare W\n}', "the terminal W is declared", (1, 27)),
    "part of a terminal": ('start: T\nT: "x" %lark { start: "a" }', "give it a terminal of its own", (2, 8)),
    "lazy inside": ("start: %lark { start: v\n  v[lazy]: v }", "one row of patterns and texts", (2, 11)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    text, said, place = ERRORS[name]
    error = refusal(lambda: mw.compile(mw.Lark(text), VOCABULARY), said, place)
    assert error.excerpt == text.split("\n")[place[0] - 1]
