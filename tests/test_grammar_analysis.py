"""What is known of a grammar, against plain enumeration of its short texts."""

from __future__ import annotations

from collections import Counter
from time import process_time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.cfg.analysis import (
    is_empty,
    matches_empty,
    nullable,
    productive,
    reachable,
    without_empty,
    without_useless,
)
from maskwright.grammar.cfg.byte_dfa import ByteDfa, plain_byte_dfa
from maskwright.grammar.cfg.model import Grammar, Lexing, Rule, Terminal

LENGTH = 5
"""Of the texts that are enumerated."""


def byte_dfa(start: int, accepting: list[int], *edges: tuple[int, str, int]) -> ByteDfa:
    transitions = np.zeros((4, 256), np.int32)
    for state, character, successor in edges:
        transitions[state, ord(character)] = successor
    return plain_byte_dfa(transitions, start, np.isin(np.arange(4), accepting))


CONTENTS = {
    "a": (byte_dfa(1, [2], (1, "a", 2)), {"a"}),
    "bb": (byte_dfa(1, [3], (1, "b", 2), (2, "b", 3)), {"bb"}),
    "c*": (byte_dfa(1, [1], (1, "c", 1)), {"c" * count for count in range(LENGTH + 1)}),
    "none": (byte_dfa(0, []), set[str]()),
    "empty": (byte_dfa(1, [1]), {""}),
}


def terminal(name: str) -> Terminal:
    return Terminal(name, CONTENTS[name][0])


def spelled(dfa: ByteDfa) -> set[str]:
    """The short texts of an automaton without conditions."""
    found, layer = set[str](), {"": dfa.start}
    for _ in range(LENGTH + 1):
        found |= {text for text, state in layer.items() if state and dfa.decided[state]}
        layer = {text + letter: int(dfa.transitions[at, ord(letter)]) for text, at in layer.items() for letter in "abc"}
        layer = {text: state for text, state in layer.items() if state}
    return found


def texts(grammar: Grammar) -> list[set[str]]:
    """The short texts that are derived from each nonterminal: the rules, until nothing new comes."""
    contents = [spelled(t.content) for t in grammar.terminals if isinstance(t.content, ByteDfa)]
    found: list[set[str]] = [set() for _ in grammar.nonterminals]
    grown = True
    while grown:
        grown = False
        for rule in grammar.rules:
            derived = {""}
            for symbol in rule.expansion:
                options = contents[symbol] if symbol >= 0 else found[~symbol]
                derived = {x + y for x in derived for y in options if len(x) + len(y) <= LENGTH}
            grown = grown or not derived <= found[rule.origin]
            found[rule.origin] |= derived
    return found


@st.composite
def grammars(draw: st.DrawFn) -> Grammar:
    names = draw(st.lists(st.sampled_from(sorted(CONTENTS)), min_size=1, max_size=3, unique=True))
    count = draw(st.integers(1, 4))
    symbol = st.integers(-count, len(names) - 1)
    rule = st.builds(Rule, st.integers(0, count - 1), st.lists(symbol, max_size=5).map(tuple))
    rules = draw(st.lists(rule, max_size=8))
    return Grammar(
        tuple(map(terminal, names)),
        tuple("SABC"[:count]),
        tuple(rules),
        draw(st.integers(0, count - 1)),
        lexing=Lexing.EVERY,
    )


@given(grammars())
def test_language_stays(grammar: Grammar) -> None:
    before = texts(grammar)[grammar.start]
    result, accepts_empty = without_empty(grammar)
    assert accepts_empty == ("" in before)
    assert texts(result)[result.start] == before - {""}
    assert texts(without_useless(grammar))[without_useless(grammar).start] == before


@given(grammars())
def test_result_is_proper(grammar: Grammar) -> None:
    result, _ = without_empty(grammar)
    assert max(Counter(result.rules).values(), default=1) == 1
    fruitful, used = productive(result), reachable(result)
    for rule in result.rules:
        assert rule.expansion
        assert rule.origin in fruitful
        assert ~rule.origin in used
        for symbol in rule.expansion:
            assert symbol < 0 or not (is_empty(result.terminals[symbol]) or matches_empty(result.terminals[symbol]))
    origins = {rule.origin for rule in result.rules}
    assert origins | {result.start} == set(range(len(result.nonterminals)))
    assert not _unit_cycle(result)


def _unit_cycle(grammar: Grammar) -> bool:
    steps = {(r.origin, ~r.expansion[0]) for r in grammar.rules if len(r.expansion) == 1 and r.expansion[0] < 0}
    while longer := {(a, d) for a, b in steps for c, d in steps if b == c} - steps:
        steps |= longer
    return any(a == b for a, b in steps)


@given(grammars())
def test_sets(grammar: Grammar) -> None:
    found = texts(grammar)
    assert nullable(grammar) == {number for number, options in enumerate(found) if "" in options}
    assert {number for number, options in enumerate(found) if options} <= productive(grammar)


def test_many_nullable_symbols() -> None:
    names = tuple(f"X{i}" for i in range(60))
    options = [Rule(n, expansion) for n in range(1, 60) for expansion in ((), (0,))]
    rules = (Rule(0, tuple(~n for n in range(1, 60))), *options)
    began = process_time()
    result, accepts_empty = without_empty(Grammar((terminal("a"),), names, rules, 0, lexing=Lexing.EVERY))
    assert process_time() - began < 0.5
    assert accepts_empty
    assert len(result.rules) < 300
    assert texts(result)[result.start] == {"a" * count for count in range(1, LENGTH + 1)}
