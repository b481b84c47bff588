"""The texts of patterns that have few, against their automata, and classes of keys that are told by them."""

from __future__ import annotations

from itertools import product as tuples

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.dfa import REJECT
from maskwright.grammar.errors import InvalidPattern, LimitExceeded, UnsupportedPattern
from maskwright.grammar.limits import Budget
from maskwright.grammar.regex import compile_pattern
from maskwright.grammar.regex_evident import listed_texts
from maskwright.grammar.regex_listed import MOST_TEXTS
from maskwright.grammar.text_dfa import label_of
from maskwright.schemas.atoms import MatchingKeys, OtherKeys
from maskwright.schemas.key_classes import classes_for
from maskwright.schemas.key_tables import keys_left
from maskwright.schemas.lowering import Language
from maskwright.schemas.selectors import selects

PARTS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[a-f0-9]", "^", "$", "\\b", "(?=a)", "", "\\ud800", "[\\ud7ff\\ud800]"]),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | st.tuples(inner, st.sampled_from(["*", "?", "{2}", "{0,3}", "{1,2}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        )
        | inner.map("({})".format)
    ),
    max_leaves=8,
)
PATTERNS = PARTS.map("^({})$".format) | st.tuples(PARTS, PARTS).map("^{0[0]}$|^{0[1]}$".format)

LISTED = {
    "^name:(en|nl)$": {"name:en", "name:nl"},
    "^[0-2]{1}x?$": {"0", "0x", "1", "1x", "2", "2x"},
    "^a$|^bc$": {"a", "bc"},
    "^$": {""},
    "^[^\\s\\S]$": None,
    "^[0-9]{2}$": None,
    "^a$|b$": None,
    "^a*$": None,
    "^a\\$": None,
    "a": None,
}


@pytest.mark.parametrize("pattern", LISTED)
def test_listed(pattern: str) -> None:
    assert listed_texts(pattern, Budget()) == LISTED[pattern]


@settings(max_examples=300, deadline=None)
@given(PATTERNS)
def test_listed_texts_are_those_that_the_automaton_accepts(pattern: str) -> None:
    budget = Budget()
    try:
        texts = listed_texts(pattern, budget)
        automaton = compile_pattern(pattern, budget)
    except (InvalidPattern, UnsupportedPattern, LimitExceeded):
        return
    if texts is None:
        return
    assert all(label_of(automaton, text) != REJECT for text in texts)
    [count] = keys_left(automaton, 1, budget)[automaton.dfa.start].tolist()
    assert count == len(texts) <= MOST_TEXTS


@settings(max_examples=100, deadline=None)
@given(st.lists(PATTERNS | st.sampled_from(["^a", "b", "^[ab]*$"]), min_size=1, max_size=3), st.booleans())
def test_classes_of_keys(patterns: list[str], is_mentioned: bool) -> None:
    """No two names of one class are told apart by a pattern, and named are all that were to be."""
    language = Language({})
    selectors = [*map(MatchingKeys, patterns), OtherKeys(frozenset(), frozenset(patterns))]
    mentioned = ("aa", "x") if is_mentioned else ()
    try:
        automata = {pattern: compile_pattern(pattern) for pattern in patterns}
        classes = classes_for(language, mentioned, selectors)
    except (InvalidPattern, UnsupportedPattern, LimitExceeded):
        return
    assert classes.named[: len(mentioned)] == mentioned
    for text in map("".join, (letters for n in range(4) for letters in tuples("abx", repeat=n))):
        found = {pattern for pattern, automaton in automata.items() if label_of(automaton, text) != REJECT}
        truths = [pattern in found for pattern in patterns] + [not found]
        assert [selects(language, selector, text) for selector in selectors] == truths
        number = classes.number_of(text)
        assert (number == 0) == (text in classes.named)
        if number:
            assert [classes[number].is_selected(selector) for selector in selectors] == truths
