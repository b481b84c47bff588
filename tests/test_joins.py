"""Rules that join a nonterminal with itself: the same texts with one way to parse, read in linear time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.cfg.analysis import without_empty
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.joins import without_joins
from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.model import Grammar, Lexing
from maskwright.grammar.limits import Budget, Limits

from .grammar_cases import VOCABULARY, Pair, grammar_of

REWRITTEN = [
    'start: e\ne: e e | "a"',
    'start: e\ne: e "+" e | e "*" e | "(" e ")" | NUMBER\nNUMBER: /[0-9]+/\n%ignore " "',
    'start: e\ne: e OP e | "-" e | e "!" | e "[" e "]" | "if" e ":" e | e "?" e ":" e | /[a-z]+/\nOP: /[+\\/]/',
    'start: e\n?e: binary | "(" e ")" | "a"\nbinary: sum | product\nsum: e "+" e\nproduct: e "*" e',
    'start: e\ne: e e e | "a" | "b"',
    'start: e\ne: e e e e | e e e | "a"',
    'start: e\ne: e e e | e "+" e | "a"',
    'start: e\ne: e e | e e e | "a" e | "b"',
    'start: (e ";")*\ne: e ("+" | "/") e | s\ns: s s | "a" | "(" e ")"',
]
LOOKED_FOR = 'start: e "+" ":" | e\ne: e "+" e | /[a-z:]+/'
"""After "+" another terminal is looked for where e is a sum already, so that how e is parsed matters."""


def read(text: str, lexing: Lexing = Lexing.LONGEST) -> Grammar:
    return without_empty(grammar_of(text, lexing=lexing))[0]


@pytest.mark.parametrize("text", REWRITTEN)
def test_one_way_to_parse(text: str) -> None:
    """What is left of conflicts is not the joins' doing."""
    grammar = read(text)
    rewritten, _ = without_joins(grammar, Budget(Limits()))
    assert rewritten != grammar
    assert not any(rule.expansion[0] == rule.expansion[-1] == ~rule.origin for rule in rewritten.rules)


def test_left_alone() -> None:
    contextual, scannerless = read(LOOKED_FOR), read(LOOKED_FOR, Lexing.EVERY)
    assert without_joins(contextual, Budget(Limits()))[0] == contextual
    assert without_joins(scannerless, Budget(Limits()))[0] != scannerless
    left_recursive = read('start: e\ne: e "+" t | t\nt: "a"')
    assert without_joins(left_recursive, Budget(Limits()))[0] == left_recursive


@pytest.mark.parametrize("lexing", Lexing)
@pytest.mark.parametrize("text", [*REWRITTEN, LOOKED_FOR])
@pytest.mark.parametrize("seed", range(3))
def test_kernels_and_interpreter_agree(text: str, lexing: Lexing, seed: int) -> None:
    """The interpreter runs the grammar as it stands, and writes all of its stacks out: short texts."""
    Pair(grammar_of(text, lexing=lexing)).walk(random.Random(seed), 8)


def derives(grammar: Grammar, text: tuple[int, ...]) -> bool:
    """Cocke, Younger and Kasami, for rules of any length: may ``text``, of terminals, be derived? Nothing is empty."""
    spans: dict[tuple[int, int], set[int]] = {}
    for size in range(1, len(text) + 1):
        for start in range(len(text) - size + 1):
            here = spans[start, start + size] = {text[start]} if size == 1 else set[int]()
            while True:
                new = {
                    ~rule.origin
                    for rule in grammar.rules
                    if ~rule.origin not in here and _covers(rule.expansion, start, start + size, spans)
                }
                if not new:
                    break
                here |= new
    return ~grammar.start in spans.get((0, len(text)), ())


def _covers(expansion: tuple[int, ...], start: int, end: int, spans: dict[tuple[int, int], set[int]]) -> bool:
    reached = {start}
    for place, symbol in enumerate(expansion):
        rest = len(expansion) - place - 1
        reached = {
            after
            for before in reached
            for after in range(before + 1, end - rest + 1)
            if symbol in spans.get((before, after), ())
        }
    return end in reached


SYMBOLS = st.sampled_from(["e", "f", '"a"', '"b"', '"c"'])
RULES = st.lists(st.lists(SYMBOLS, min_size=1, max_size=3), min_size=2, max_size=5)


@given(RULES, RULES, st.integers(0, 1 << 16))
def test_the_same_texts(rules_of_e: list[list[str]], rules_of_f: list[list[str]], seed: int) -> None:
    """Of random grammars, by a plain parser, for the rewriting as it is without regard to a lexer."""
    lines = [
        f"{name}: " + " | ".join(" ".join(rule) for rule in [*rules, ['"a"']])
        for name, rules in (("e", [["e", "e"], *rules_of_e]), ("f", rules_of_f))
    ]
    grammar = read("start: e\n" + "\n".join(lines), Lexing.EVERY)
    rewritten, _ = without_joins(grammar, Budget(Limits()))
    generator = random.Random(seed)
    for _ in range(30):
        text = tuple(generator.choices(range(len(grammar.terminals)), k=generator.randint(1, 6)))
        assert derives(grammar, text) == derives(rewritten, text)


def test_linear_time() -> None:
    """2,000 letters took two minutes, when each was reduced from every place to every place before."""
    matcher = mw.compile(Lark('start: e\ne: e e | "a"'), VOCABULARY).matcher()
    assert matcher.accept_tokens([ord("a")] * 5000) == 5000
    assert matcher.is_accepting()


SCANNERLESS = [
    mw.Gbnf('root ::= root root | "a" root "b" | "c"'),
    mw.Ebnf('root ::= root "," root | "(" root ")" | "x"'),
]


@pytest.mark.parametrize("form", SCANNERLESS, ids=["gbnf", "ebnf"])
def test_scannerless(form: mw.Gbnf | mw.Ebnf) -> None:
    Pair(read_form(form, Budget(Limits())), mw.compile(form, VOCABULARY)).walk(random.Random(1), 10)
