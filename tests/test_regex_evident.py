"""What is told of patterns from their syntax alone: against their automata."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.errors import InvalidPattern, LimitExceeded, UnsupportedPattern
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.regex import compile_pattern
from maskwright.grammar.regex_evident import Matched, outline
from maskwright.schemas.theory_strings import some_length

PATTERNS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "\\w", "^", "$", "\\b", "(?=a)", "(?!b)", ""]),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,3}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        )
        | inner.map("({})".format)
    ),
    max_leaves=8,
)

TOLD = {
    "a": Matched(1, True),
    "^a": Matched(1, True),
    "a{3,5}$": Matched(3, True),
    "^a{3,5}$": Matched(3, False),
    "^ab$|^c$": Matched(1, False),
    "^ab$|^c": Matched(1, True),
    "": Matched(0, True),
    "^$": Matched(0, False),
    "(aa|bcd)d?": Matched(2, True),
    r"\bword": None,
    "a(?=b)": None,
    "a^": None,
    "[^\\s\\S]": None,
}


@pytest.mark.parametrize("pattern", TOLD)
def test_told(pattern: str) -> None:
    assert outline(pattern, Budget()).matched == TOLD[pattern]


def test_sizes() -> None:
    assert outline("^([ab]c{3}){2,5}d*(?=e)$", Budget()).size == 5 * 4 + 1 + 1


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="50"):
        outline("a{51}", Budget(Limits(states=50)))


@settings(max_examples=300, deadline=None)
@given(PATTERNS)
def test_lengths_that_are_told_are_lengths_of_matches(pattern: str) -> None:
    budget = Budget()
    try:
        matched = outline(pattern, budget).matched
        automaton = compile_pattern(pattern, budget)
    except (InvalidPattern, UnsupportedPattern, LimitExceeded):
        return
    if matched is None:
        return
    for length in range(matched.shortest, matched.shortest + (4 if matched.is_open else 1)):
        assert some_length(automaton, length, length, budget)
