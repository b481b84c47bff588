"""Which keyword a text is, against ``re.fullmatch``; and the terminals' automata in one table, against themselves."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.cfg.byte_dfa import ByteDfa
from maskwright.grammar.cfg.literals import folded_literal_dfa, literal_dfa
from maskwright.grammar.cfg.model import Grammar, Rule, Terminal
from maskwright.grammar.cfg.python_pattern import python_pattern_dfa
from maskwright.grammar.cfg.scanner_rows import ScannerRows
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.kernels import scanner_product as at
from maskwright.grammar.limits import Budget, Limits

WORDS = ["if", "in", "is", "IS", "k", "\u017f", "case"]
TEXTS = [*WORDS, "If", "IN", "iS", "\u212a", "K", "s", "CaSe", "i", "", "cases", "x"]
PATTERNS = [r"\w+", "a(b|c)*", "(?i:straße)", "if(?!x)", "(?:a|ab)(?=c)"]


def grammar_of(exact: list[str], folded: list[str], budget: Budget) -> Grammar:
    """A terminal of any letters, then its keywords: the exact ones, and those that ignore case."""
    letters = Terminal(
        "letters",
        python_pattern_dfa(r"\w+", frozenset(), budget),
        keywords={word.encode(): 1 + number for number, word in enumerate(exact)},
        folded_keywords=tuple(range(1 + len(exact), 1 + len(exact) + len(folded))),
    )
    terminals = [letters, *(Terminal(word, literal_dfa(word.encode())) for word in exact)]
    terminals += [Terminal(word, folded_literal_dfa(word)) for word in folded]
    rules = tuple(Rule(0, (number,)) for number in range(len(terminals)))
    return Grammar(tuple(terminals), ("start",), rules, 0)


@given(
    st.lists(st.sampled_from(WORDS), unique=True),
    st.lists(st.sampled_from(WORDS), unique=True),
    st.frozensets(st.integers(0, 2 * len(WORDS))),
)
def test_keywords(exact: list[str], folded: list[str], context: frozenset[int]) -> None:
    budget = Budget()
    rows = ScannerRows(grammar_of(exact, folded, budget), budget)
    first = rows.follower(0, context)
    for text in TEXTS:
        known = [1 + exact.index(text)] if text in exact else []
        known += [1 + len(exact) + n for n, word in enumerate(folded) if re.fullmatch(word, text, re.IGNORECASE)]
        expected = next((number for number in known if number in context), at.NO_LABEL)
        row = 0 if first is None else first
        for byte in text.encode():
            row = int(rows.next_row[row, rows.byte_class[byte]])
        assert rows.rows[row, at.ROW_LABEL] == expected if row else expected == at.NO_LABEL


@given(st.lists(st.sampled_from(WORDS)), st.lists(st.sampled_from(WORDS)), st.lists(st.sampled_from(PATTERNS)))
def test_terminals_keep_their_automata(exact: list[str], folded: list[str], patterns: list[str]) -> None:
    budget = Budget()
    automata = [literal_dfa(word.encode()) for word in exact] + [folded_literal_dfa(word) for word in folded]
    automata += [python_pattern_dfa(pattern, frozenset(), budget) for pattern in patterns]
    terminals = tuple(Terminal(str(number), dfa) for number, dfa in enumerate(automata))
    rows = ScannerRows(Grammar(terminals, ("start",), (), 0), budget)
    for number, dfa in enumerate(automata):
        check_rows(rows, number, dfa)


def check_rows(rows: ScannerRows, number: int, dfa: ByteDfa) -> None:
    base = rows.first_row[number] - dfa.start
    for state in range(1, len(dfa.transitions)):
        row = rows.rows[base + state]
        expected = [target + base if target else 0 for target in dfa.transitions[state].tolist()]
        assert rows.next_row[base + state, rows.byte_class].tolist() == expected
        assert row[at.ROW_LABEL] == number
        assert row[at.ROW_DECIDED] == dfa.decided[state]
        start, count = row[[at.ROW_ENDINGS_AT, at.ROW_ENDINGS]].tolist()
        endings = rows.endings[start : start + count].tolist()
        preferred = [ending.preferred and ending.preferred + base for ending in dfa.endings[state]]
        assert [ending[at.ENDING_PREFERRED] for ending in endings] == preferred
        assert all(ending[at.ENDING_LABEL] == number for ending in endings)
        assert [ending[at.ENDING_GUARD] < 0 for ending in endings] == [e.guard < 0 for e in dfa.endings[state]]


def test_limit() -> None:
    budget = Budget(Limits(states=3))
    with pytest.raises(LimitExceeded):
        ScannerRows(grammar_of(["abcdef"], [], Budget()), budget).follower(0, frozenset({1}))
