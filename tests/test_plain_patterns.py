"""Patterns read by kernels, against Python's parser and the slower constructions."""

from __future__ import annotations

import re
from math import inf
from re import _parser as parser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.cfg.byte_assembly import assembled
from maskwright.grammar.cfg.byte_dfa import ByteDfa
from maskwright.grammar.cfg.plain_patterns import plain_pattern_dfa, plain_width, whole_dfa
from maskwright.grammar.cfg.python_pattern import explore_node
from maskwright.grammar.cfg.python_syntax import parse
from maskwright.grammar.limits import Budget, Limits

BUDGET = Budget(Limits(compile_seconds=inf))
STATES = Limits().states
NONE = frozenset[str]()


def explored(pattern: str, flags: frozenset[str]) -> ByteDfa:
    """By lists of threads, whatever the pattern holds."""
    alphabet, found = explore_node(parse(pattern, flags), pattern, BUDGET)
    return assembled(found, alphabet, BUDGET, pattern)


def assert_same(one: ByteDfa, other: ByteDfa) -> None:
    """The same automaton but for the numbers of states."""
    number = {0: 0, one.start: other.start}
    pending = [one.start]
    for state in pending:
        assert one.decided[state] == other.decided[number[state]]
        rows = one.transitions[state].tolist(), other.transitions[number[state]].tolist()
        for after, wanted in {*zip(*rows, strict=True)}:
            if after not in number:
                number[after] = wanted
                pending.append(after)
            assert number[after] == wanted
    assert len(number) == len({*number.values()})
    assert len(one.transitions) == len(other.transitions)


PLAIN = [
    (r'"([^"\\\x00-\x1f]|\\(["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"', ""),
    (r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", ""),
    (r"\/\*(.|\n)*?\*\/", ""),
    (r"//.*", "s"),
    (r"[^\W\d]\w*", ""),
    (r"\s+|\S\d\D{2,}", ""),
    (r"(?:ab|a|(?:c|))x{0,2}?y{3}", ""),
    (r"a|ab|abc", ""),
    (r"[]-]|[^]a-f^-]", ""),
    (r"\u00e9\U0001f600[\ud7f0-\ue010]", ""),
    (r"\-\.\ \{}]", ""),
    (r"(a{0}b)+", ""),
    (r"[a-z_][a-z0-9_]*", "i"),
    (r"[^ik]|S[J-L]+|\d\W", "i"),
    (r"@I.`[\x21-\x7f]", "ims"),
    (r"(?i:k(?s:.)|(?m:i))k.|(?ims:[^S].)", ""),
    (r"(?:(?i:a)|b)+", "m"),
]


@pytest.mark.parametrize(("pattern", "letters"), PLAIN)
def test_plain_patterns(pattern: str, letters: str) -> None:
    flags = frozenset(letters)
    assert plain_width(pattern, flags) == parser.parse(pattern).getwidth()
    found = plain_pattern_dfa(pattern, flags, STATES)
    assert found is not None
    assert_same(found, explored(pattern, flags))


OTHERS = (
    *(
        "a**",
        "a++",
        "*a",
        "a{2}{3}",
        "a{3,2}",
        "a{,3}",
        "{",
        "a{b",
        "(a",
        "a)",
        "[a",
        "[b-a]",
        "[a-\\d]",
        "[[a]",
        "[a--b]",
    ),
    *(
        "(?=a)b",
        "(?i:\u00e9)",
        "(?i:[a-\u00e9])",
        "(?x:a)",
        "(?-i:a)",
        "(?i)a",
        "(?i",
        "(?P<n>a)",
        "a(?#c)",
        r"(a)\1",
        r"\bab",
        "^a",
        "a$",
        "\\",
        r"\p",
        r"\x1",
        r"[\b]",
        "(a*)*",
    ),
    *("(?>a)", r"[\ud800]", "[^\\s\\S]", "a" * 2_000, "(a|b)*a(a|b){12}c"),
)


@pytest.mark.parametrize("pattern", OTHERS)
def test_what_is_left_to_others(pattern: str) -> None:
    assert plain_pattern_dfa(pattern, NONE, STATES) is None


def test_few_states_are_left_to_others() -> None:
    assert plain_pattern_dfa("abc", NONE, 4) is None
    assert plain_pattern_dfa("abc", NONE, 5) is not None


def test_texts_that_may_be_empty() -> None:
    assert plain_width("a*", NONE) == parser.parse("a*").getwidth()
    assert plain_pattern_dfa("a*", NONE, STATES) is None


def patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(
        ["a", "b", r"\n", ".", "[ab]", "[^a]", r"\d", "[a-c\u00e9]", r"\.", "\u20ac", "K", "[^I-i]", "(?i:[a-ks])"]
    )

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        repetition = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"])
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda options: f"({'|'.join(options)})"),
            st.lists(inner, max_size=2).map(lambda options: f"(?:{'|'.join([*options, ''])})"),
            st.tuples(inner.map("(?:{})".format), repetition).map("".join),
        )

    return st.recursive(atoms, larger, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(patterns(), st.sampled_from(["", "s", "i", "im"]))
def test_random_patterns(pattern: str, letters: str) -> None:
    flags = frozenset(letters)
    width = plain_width(pattern, flags)
    if width is None:
        return
    assert width == parser.parse(pattern).getwidth()
    found = plain_pattern_dfa(pattern, flags, STATES)
    if found is not None:
        assert_same(found, explored(pattern, flags))


@settings(max_examples=300, deadline=None)
@given(patterns(), st.lists(st.text("ab\n.0c\u00e9\u20ac", max_size=6), max_size=20))
def test_whole_texts(pattern: str, texts: list[str]) -> None:
    found = whole_dfa(pattern, STATES)
    if found is None:
        return
    for text in texts:
        state = found.start
        for byte in text.encode():
            state = int(found.transitions[state, byte])
        assert bool(found.decided[state]) == (re.fullmatch(pattern, text) is not None), text
    assert not np.any(found.transitions[0])
