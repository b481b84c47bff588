"""Which keyword a text is, against ``re.fullmatch``."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.cfg.keyword_automaton import NO_KEYWORD, START, keyword_automaton
from maskwright.grammar.cfg.python_pattern import python_pattern_dfa
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Budget, Limits

WORDS = ["if", "in", "is", "IS", "k", "\u017f", "case"]
TEXTS = [*WORDS, "If", "IN", "iS", "\u212a", "K", "s", "CaSe", "i", "", "cases", "x"]


@given(st.lists(st.sampled_from(WORDS), unique=True), st.lists(st.sampled_from(WORDS), unique=True))
def test_agrees(exact: list[str], folded: list[str]) -> None:
    budget = Budget()
    known = {word.encode(): number for number, word in enumerate(exact)}
    automata = [(10 + n, python_pattern_dfa(word, frozenset("i"), budget)) for n, word in enumerate(folded)]
    transitions, keywords = keyword_automaton(known, automata, budget)
    for text in TEXTS:
        state = START
        for byte in text.encode():
            state = int(transitions[state, byte])
        matching = [10 + n for n, word in enumerate(folded) if re.fullmatch(word, text, re.IGNORECASE)]
        assert keywords[state] == next(
            iter([*(exact.index(word) for word in exact if word == text), *matching]), NO_KEYWORD
        )


def test_limit() -> None:
    with pytest.raises(LimitExceeded):
        keyword_automaton({b"abcdef": 0}, [], Budget(Limits(states=3)))
