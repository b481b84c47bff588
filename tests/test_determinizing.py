"""Automata of patterns: what the kernel makes of a program is what the slow constructions make, state for state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from maskwright.grammar.cfg import python_pattern
from maskwright.grammar.cfg.byte_assembly import assembled
from maskwright.grammar.cfg.byte_dfa import ByteDfa, GuardDfa, longest_match, matches_whole
from maskwright.grammar.cfg.python_syntax import parse as parse_python
from maskwright.grammar.dfa import DEAD, TextDfa
from maskwright.grammar.errors import LimitExceeded, MaskwrightError
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.program import UnsureError
from maskwright.grammar.regex import derive_node, determinize_node
from maskwright.grammar.regex_nodes import Nodes
from maskwright.grammar.regex_syntax import parse
from maskwright.grammar.text_dfa import refine

LIMITS = Limits(states=2_000)
NO_GUARD = -1


class Pairing:
    """States of one automaton and those of another that they have to be."""

    def __init__(self, *pairs: tuple[int, int]) -> None:
        self.partner = dict(pairs)
        self.pending = list(self.partner)

    def pair(self, one: int, other: int) -> None:
        if one not in self.partner:
            self.partner[one] = other
            self.pending.append(one)
        assert self.partner[one] == other

    def pair_rows(self, one: np.ndarray, other: np.ndarray) -> None:
        for pair in set(zip(one.tolist(), other.tolist(), strict=True)):
            self.pair(*pair)

    def assert_complete(self, one: int, other: int) -> None:
        """All states of both automata, of so many, were met, each in one pair."""
        assert len(set(self.partner.values())) == len(self.partner) == one == other


def assert_same_texts(one: TextDfa, other: TextDfa) -> None:
    _, (columns, others) = refine([one.alphabet, other.alphabet])
    states = Pairing((DEAD, DEAD))
    states.pair(one.dfa.start, other.dfa.start)
    for state in states.pending:
        partner = states.partner[state]
        assert one.dfa.labels[state] == other.dfa.labels[partner]
        states.pair_rows(one.dfa.transitions[state, columns], other.dfa.transitions[partner, others])
    states.assert_complete(len(one.dfa.labels), len(other.dfa.labels))


def assert_same_bytes(one: ByteDfa, other: ByteDfa) -> None:
    """Equal but for the numbers of states, those that nothing leads to left out."""
    states, guards = Pairing((DEAD, DEAD)), Pairing()
    states.pair(one.start, other.start)
    for state in states.pending:
        partner = states.partner[state]
        assert one.decided[state] == other.decided[partner]
        assert (one.decided_at_end is None) == (other.decided_at_end is None)
        if one.decided_at_end is not None and other.decided_at_end is not None:
            assert one.decided_at_end[state] == other.decided_at_end[partner]
        assert len(one.endings[state]) == len(other.endings[partner])
        for ending, expected in zip(one.endings[state], other.endings[partner], strict=True):
            states.pair(ending.preferred, expected.preferred)
            guards.pair(ending.guard, expected.guard)
        states.pair_rows(one.transitions[state], other.transitions[partner])
    assert len(set(states.partner.values())) == len(states.partner)
    assert (one.guard is None) == (other.guard is None)
    if one.guard is not None and other.guard is not None:
        assert_same_guards(guards, one.guard, other.guard)


def assert_same_guards(guards: Pairing, one: GuardDfa, other: GuardDfa) -> None:
    for guard in guards.pending:
        partner = guards.partner[guard]
        if guard == NO_GUARD:
            assert partner == NO_GUARD
            continue
        assert one.verdicts[guard] == other.verdicts[partner]
        assert one.at_end[guard] == other.at_end[partner]
        guards.pair_rows(one.transitions[guard], other.transitions[partner])


def assert_texts_agree(pattern: str, *, anchored: bool) -> None:
    nodes = Nodes(Budget(LIMITS))
    found = determinize_node(parse(pattern, nodes), nodes.budget, anchored)
    assert_same_texts(found, derive_node(parse(pattern, nodes), nodes, pattern, anchored))


def both_ways(pattern: str, flags: str) -> tuple[ByteDfa, ByteDfa]:
    node, budget = parse_python(pattern, frozenset(flags)), Budget(LIMITS)
    alphabet, found = python_pattern.determinize_node(node, budget)
    fast = assembled(found, alphabet, budget, pattern)
    alphabet, found = python_pattern.explore_node(node, pattern, budget)
    return fast, assembled(found, alphabet, budget, pattern)


TEXT_CASES = [
    "",
    "a",
    "[]",
    "^abc$",
    "^(?:a|ab)(?:c|bcd)*$",
    "a{2,5}b{0,3}",
    "(?:(?:ab?)*c*)*d",
    "(?:a|b|ab){2,}",
    "(?:a|b)*a(?:a|b){5}",
    "^a|b$|^$",
    "a$b",
    "a^b",
    "(?:^a)+b",
    "\\bab\\b",
    "\\Bab\\B|\\b",
    "(?<=a)b|(?<!a)c",
    "(?<![ab])c$",
    "^(?!ab)[a-c]*$",
    "^(?=.*a)[a-c]{2,4}$",
    "(?!a)b|(?=c)[a-d]d",
    "a(?!b$)",
    "a(?=b\\b)",
    "^(?!(?:if|else)\\b)[a-z]+$",
    "[\\u{10000}-\\u{10FFFF}é]+",
    "[^\\uD800-\\uDFFF]",
    "^[^\\x00-\\x1f]{0,70}$",
]


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("pattern", TEXT_CASES)
def test_texts(pattern: str, anchored: bool) -> None:
    assert_texts_agree(pattern, anchored=anchored)


BYTE_CASES = [
    ("ab?|a", ""),
    ("a*?b|abc", ""),
    ("(?:a|ab)(?:c|bcd)", ""),
    ("a{2,5}?b{3}", ""),
    ("[^\\W\\d]\\w*", ""),
    ("select|from", "i"),
    ("x(?=y)", ""),
    ("x(?!y)z?", ""),
    ("a+$", ""),
    ("a+$|b$", "m"),
    ("a\\Z|ab", ""),
    ("foo\\b|foobar", ""),
    ("(?!(?:if|else)\\b)[a-z]+", ""),
    ("(?=\\w+x)a+", "a"),
    ('"(?!"").*?(?<!\\\\)(\\\\\\\\)*?"', ""),
    ('"""(.|\\n)*?(?<!\\\\)(\\\\\\\\)*?"""', ""),
    ("é+|\\U0001F600|ß", "i"),
]


@pytest.mark.parametrize(("pattern", "flags"), BYTE_CASES)
def test_bytes(pattern: str, flags: str) -> None:
    assert_same_bytes(*both_ways(pattern, flags))


ATOMS = ["a", "b", "[ab]", "[^a]", "\\w", ".", "é"]
MARKS = ["^", "$", "\\b", "\\B", "(?<=a)", "(?<!b)"]


QUANTIFIERS = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??", "{0,2}?"]


def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(QUANTIFIERS)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


def with_looks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    looks = st.tuples(st.sampled_from(["(?=", "(?!"]), inner).map(lambda pair: f"{pair[0]}{pair[1]})")
    return st.one_of(wider(inner), looks)


PATTERNS = st.recursive(st.sampled_from(ATOMS + MARKS), with_looks, max_leaves=8)
PLAIN = st.recursive(st.sampled_from(ATOMS), wider, max_leaves=8)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(PATTERNS, st.booleans())
def test_random_texts(pattern: str, anchored: bool) -> None:
    try:
        assert_texts_agree(pattern, anchored=anchored)
    except (UnsureError, LimitExceeded):
        assume(False)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(PLAIN, st.sampled_from(["", "i", "s", "a"]))
def test_random_bytes(pattern: str, flags: str) -> None:
    try:
        fast, slow = both_ways(pattern, flags)
    except (UnsureError, MaskwrightError):
        assume(False)
    assert_same_bytes(fast, slow)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(PLAIN, PATTERNS, st.sampled_from(["", "i", "m", "s", "a"]), st.lists(st.text("ab é\n", max_size=7), max_size=8))
def test_random_matches(start: str, pattern: str, flags: str, texts: list[str]) -> None:
    """Equal conditions that are written twice are one to the slow construction, so that states may differ."""
    try:
        fast, slow = both_ways(start + pattern, flags)
    except (UnsureError, MaskwrightError):
        assume(False)
    for text in texts:
        end = longest_match(slow, text.encode())
        assert longest_match(fast, text.encode()) == end
        assert matches_whole(fast, text.encode()) == (end == len(text.encode()))


@pytest.mark.parametrize("pattern", ["(?=a)(?=.b)..", "(?!(?=a)b)c", "(?<=ab)c", "(?=(?!ab)c)."])
def test_unsure(pattern: str) -> None:
    with pytest.raises(UnsureError):
        determinize_node(parse(pattern, Nodes(Budget(LIMITS))), Budget(LIMITS))


@pytest.mark.parametrize("pattern", ["(?>a|ab)c", "(?:a?)*b", "(?<=ab)c", "(?:(?<=a)b)+"])
def test_unsure_of_python(pattern: str) -> None:
    with pytest.raises(UnsureError):
        python_pattern.determinize_node(parse_python(pattern, frozenset()), Budget(LIMITS))


@pytest.mark.parametrize("pattern", ["(?:a|b)*a(?:a|b){20}", "(?:[ab]{1000}){30}"])
def test_too_much(pattern: str) -> None:
    with pytest.raises(UnsureError):
        determinize_node(parse(pattern, Nodes(Budget(LIMITS))), Budget(LIMITS))


def test_more_states_than_there_is_room_for_at_first() -> None:
    nodes = Nodes()
    node = parse("(?:a|b)*a(?:a|b){11}", nodes)
    assert_same_texts(determinize_node(node, nodes.budget), derive_node(node, nodes, "it"))
