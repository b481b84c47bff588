"""Regular languages as values: patterns, choices, substrings and their combinations."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.cfg.byte_dfa import ByteDfa
from maskwright.grammar.cfg.model import Lexing
from maskwright.grammar.cfg.regular_grammar import read_regular
from maskwright.grammar.errors import InvalidGrammar, InvalidPattern, UnsatisfiableGrammar
from maskwright.grammar.limits import Budget
from maskwright.grammar.regex_form import Choice, Complement, Regex, Regular, Substring, Unit

LETTERS = "ab\u00e9"
TEXTS = ["".join(word) for count in range(5) for word in product(LETTERS, repeat=count)]


def members(form: Regular) -> set[str]:
    """The short texts of a form."""
    grammar = read_regular(form, Budget())
    assert grammar.lexing is Lexing.EVERY
    assert [(rule.origin, rule.expansion) for rule in grammar.rules] == [(grammar.start, (0,))]
    content = grammar.terminals[0].content
    assert isinstance(content, ByteDfa)
    return {text for text in TEXTS if accepts(content, text)}


def accepts(dfa: ByteDfa, text: str) -> bool:
    state = dfa.start
    for byte in text.encode():
        state = int(dfa.transitions[state, byte])
    return bool(dfa.decided[state])


LEAVES = st.one_of(
    st.sampled_from(["a*", "(ab)*", "[^a]+", ".{2}", "a|\u00e9b?", "(?=.*b).*a"]).map(Regex),
    st.lists(st.text(LETTERS, max_size=3), max_size=4).map(Choice),
    st.builds(Substring, st.text(LETTERS, max_size=6), st.just("character"), st.booleans()),
)


def _combined(inner: st.SearchStrategy[Regular]) -> st.SearchStrategy[Regular]:
    both = st.builds(lambda left, right: left & right, inner, inner)
    return st.one_of(both, st.builds(lambda left, right: left | right, inner, inner), inner.map(lambda form: ~form))


def expected(form: Regular) -> set[str]:
    match form:
        case Regex(pattern):
            return {text for text in TEXTS if re.fullmatch(pattern, text)}
        case Choice(options):
            return {option for option in options if option in TEXTS}
        case Substring(text, _, empty):
            return {part for part in TEXTS if part in text and (part or empty)}
        case Complement(part):
            return set(TEXTS) - expected(part)
    parts = [expected(part) for part in form.parts]  # type: ignore[attr-defined]
    return set.intersection(*parts) if type(form).__name__ == "Intersection" else set.union(*parts)


@given(st.recursive(LEAVES, _combined, max_leaves=4))
def test_language(form: Regular) -> None:
    try:
        assert members(form) == expected(form)
    except UnsatisfiableGrammar:
        assert not expected(form)


PASSAGE = "To be, or  not\nto be...\n"
UNITS: list[tuple[Unit, list[str], list[str]]] = [
    ("character", ["o be", "...\n", ""], ["or not"]),
    ("word", ["be, or", "or  not\n", "...", "", " "], ["o be", "or ", ".."]),
    ("line", [PASSAGE, "to be...\n", ""], ["to be", "to be..."]),
]


@pytest.mark.parametrize(("unit", "inside", "outside"), UNITS)
def test_units(unit: Unit, inside: list[str], outside: list[str]) -> None:
    content = read_regular(Substring(PASSAGE, unit), Budget()).terminals[0].content
    assert isinstance(content, ByteDfa)
    assert [text for text in inside if not accepts(content, text)] == []
    assert [text for text in outside if accepts(content, text)] == []


def test_operators_simplify() -> None:
    a, b, c = Regex("a"), Regex("b"), Choice(["c"])
    assert ~~a == a
    assert a & b & c == a & (b & c)
    assert a | b | c == a | (b | c)
    assert hash(a & b) == hash(Regex("a") & Regex("b"))


@pytest.mark.parametrize("form", [Choice([]), Regex("a") & Regex("b"), ~Regex("[^]*"), Choice(["\ud800"]), Regex("[]")])
def test_nothing(form: Regular) -> None:
    with pytest.raises(UnsatisfiableGrammar):
        read_regular(form, Budget())


def test_refused() -> None:
    with pytest.raises(InvalidGrammar, match="not texts"):
        Choice("abc")
    with pytest.raises(InvalidGrammar, match="not texts"):
        Choice([1])  # type: ignore[list-item]
    with pytest.raises(InvalidPattern):
        Regex(1)  # type: ignore[arg-type]
    with pytest.raises(InvalidGrammar, match="no regular language"):
        Regex("a") & "b"  # type: ignore[operator]
    with pytest.raises(InvalidGrammar, match="is none"):
        Substring("a", "sentence")  # type: ignore[arg-type]
    with pytest.raises(InvalidGrammar, match="surrogate"):
        read_regular(Substring("\ud800"), Budget())
