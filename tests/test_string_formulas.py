"""Boolean combinations of conditions on strings: one automaton for all, small where a few of them decide."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.regex import compile_pattern
from maskwright.grammar.regex_lengths import consisting_of, counted_characters
from maskwright.grammar.text_dfa import label_of as accepts
from maskwright.schemas.atoms import LengthAtLeast, Matches, StringAtom, StringIn
from maskwright.schemas.formula import FALSE, TRUE, VALUE, Formulas
from maskwright.schemas.strings import string_automaton
from maskwright.schemas.theory_strings import string_satisfies

ATOMS: list[StringAtom] = [
    *map(Matches, ("ab", "^a", "b$", "^a*$", "a.b", "^..$", "")),
    *map(LengthAtLeast, (1, 2, 4)),
    *(StringIn(frozenset(values)) for values in ({"ab", "b"}, {""}, {"aba", "bab"})),
]
TEXTS = ["".join(letters) for count in range(6) for letters in itertools.product("ab", repeat=count)]


@st.composite
def formulas_over_strings(draw: st.DrawFn) -> tuple[Formulas, int]:
    formulas = Formulas()
    leaves = st.sampled_from(ATOMS).map(lambda atom: formulas.variable(VALUE, atom))

    def combined(inner: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
        several = st.lists(inner, min_size=1, max_size=4)
        ways = [formulas.conjunction, formulas.disjunction, formulas.exactly_one]
        return st.one_of(inner.map(formulas.negation), *(several.map(way) for way in ways))

    return formulas, draw(st.recursive(leaves, combined, max_leaves=10))


@settings(max_examples=200, deadline=None)
@given(formulas_over_strings())
def test_automata_of_formulas(drawn: tuple[Formulas, int]) -> None:
    formulas, formula = drawn
    budget = Budget()
    automaton = string_automaton(formulas, formula, formulas.support(formula), lambda rest: rest + 1, budget)
    for text in TEXTS:
        truth = formulas.evaluate(formula, lambda variable: string_satisfies(variable.atom, text, budget))  # noqa: B023
        assert accepts(automaton, text) == (TRUE if truth else FALSE) + 1, text


def test_alternatives_that_are_decided_cost_no_states() -> None:
    formulas = Formulas()
    found = [formulas.variable(VALUE, Matches(f"{letter}{letter}")) for letter in "abcdefghijkl"]
    formula = formulas.disjunction(found)
    automaton = string_automaton(formulas, formula, found, lambda rest: int(rest == TRUE), Budget(Limits(states=20)))
    assert len(automaton.dfa.labels) == 15  # DEAD, start, one after each of 12 letters, found


@pytest.mark.parametrize(
    ("pattern", "low", "high"),
    [("^[a-c]{2,100000}$", 2, 100000), ("^\\w{0,5}$", 0, 5), ("^(?:[^a]){3,}$", 3, None), ("^.{4}$", 4, 4)],
)
def test_counted_characters(pattern: str, low: int, high: int | None) -> None:
    counted = counted_characters(pattern)
    assert counted is not None
    assert (counted.low, counted.high) == (low, high)
    inside = consisting_of(counted.chars)
    small = re.sub("100000", "4", pattern)
    for text in ("", "a", "abc", "bcb", "xyz", "abca", "a\nbc", "é", "aaaaa", "\U0001f600b"):
        expected = accepts(compile_pattern(small), text)
        fits = low <= len(text) and (high is None or len(text) <= min(high, 4 if high > 5 else high))
        assert (accepts(inside, text) and fits) == expected, text


@pytest.mark.parametrize("pattern", ["[a-c]{2,3}", "^[a]{2}", "^(ab){2,3}$", "^a{2}b{3}$", "^a{2}$|^b{3}$", "^[{3}$"])
def test_other_patterns_are_left_to_automata(pattern: str) -> None:
    assert counted_characters(pattern) is None
