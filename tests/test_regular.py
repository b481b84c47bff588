"""Automata over bytes against enumeration of short texts."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.cfg.byte_dfa import DEAD, ByteDfa, longest_match
from maskwright.grammar.cfg.literals import literal_dfa, literals_dfa
from maskwright.grammar.cfg.regular import (
    any_text,
    complement,
    intersection,
    union,
    until_dfa,
    without_dfa,
)
from maskwright.grammar.cfg.sequences import concatenation, repetition
from maskwright.grammar.cfg.substring import substring_dfa
from maskwright.grammar.cfg.utf8 import byte_dfa_of
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.minimization import equivalence
from maskwright.grammar.regex import compile_pattern
from maskwright.grammar.text_dfa import label_of

BUDGET = Budget(Limits(compile_seconds=inf))
LETTERS = "ab\u00e9\u20ac\U0001f600"
WORDS = st.lists(st.text(LETTERS, max_size=3), max_size=6)
TRIGGERS = st.lists(st.text("ab\u00e9", min_size=1, max_size=3), min_size=1, max_size=4)


def accepts(dfa: ByteDfa, text: bytes) -> bool:
    state = dfa.start
    for byte in text:
        state = int(dfa.transitions[state, byte])
    return bool(dfa.decided[state])


@cache
def short_texts(length: int = 4, letters: str = LETTERS) -> list[str]:
    return ["".join(word) for count in range(length + 1) for word in product(letters, repeat=count)]


def language(dfa: ByteDfa) -> set[str]:
    return {text for text in short_texts() if accepts(dfa, text.encode())}


def assert_minimal(dfa: ByteDfa) -> None:
    assert not dfa.transitions[DEAD].any()
    number, _ = equivalence(dfa.transitions, dfa.decided.astype(np.int32), BUDGET)
    assert len(set(number.tolist())) == len(dfa.transitions)


@pytest.mark.parametrize("pattern", ["a*", "[^a]", r"[a-\u20ac]+", r"\p{L}{2}", "(a|\U0001f600)?b", ".*", "[^\\s\\S]"])
def test_text_as_bytes(pattern: str) -> None:
    text_dfa = compile_pattern(pattern, anchored=True)
    dfa = byte_dfa_of(text_dfa, BUDGET)
    assert_minimal(dfa)
    assert language(dfa) == {text for text in short_texts() if label_of(text_dfa, text)}


def test_all_code_points() -> None:
    """Each character of a set with ragged edges, and none beside it."""
    text_dfa = compile_pattern(r"\p{Lu}|[\ud7f0-\ue010]|[\u{ffff}-\u{10010}]|\u{10ffff}", anchored=True)
    dfa = byte_dfa_of(text_dfa, BUDGET)
    for code in [*range(0x3000), *range(0xA000, 0xD800), *range(0xE000, 0x10500), *range(0x10FFF0, 0x110000)]:
        assert accepts(dfa, chr(code).encode()) == bool(label_of(text_dfa, chr(code)))


EDGES = [0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF]


def test_valid_utf8() -> None:
    for text in map(bytes, product([*EDGES, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF], repeat=3)):
        for end in (b"", b"\x80"):
            assert accepts(any_text(), text + end) == is_valid(text + end)


def is_valid(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(WORDS)
def test_literals(words: list[str]) -> None:
    dfa = literals_dfa([word.encode() for word in words])
    assert_minimal(dfa)
    assert {text for text in {*short_texts(), *words} if accepts(dfa, text.encode())} == set(words)


@pytest.mark.parametrize("contents", [[b"a", b"a\0"], [b"\0", b"\0\0"], [b""], [b"ab", b"b", b"aab"]])
def test_literals_of_zeros(contents: list[bytes]) -> None:
    dfa = literals_dfa(contents)
    assert [text for text in (b"", b"\0", b"a", b"b", b"a\0", b"ab", b"\0\0", b"aab") if accepts(dfa, text)] == sorted(
        contents, key=lambda text: (len(text), text)
    )


def test_literal() -> None:
    assert language(literal_dfa("a\u20ac".encode())) == {"a\u20ac"}
    assert language(literal_dfa(b"")) == {""}
    assert longest_match(literal_dfa(b"ab"), b"abc") == 2


@given(WORDS, WORDS)
def test_operations(left: list[str], right: list[str]) -> None:
    first, second = (literals_dfa([word.encode() for word in words]) for words in (left, right))
    short = set(short_texts())
    assert language(intersection([first, second], BUDGET)) == set(left) & set(right)
    assert language(union([first, second], BUDGET)) == set(left) | set(right)
    assert language(complement(first, BUDGET)) == short - set(left)
    joined = {one + other for one in left for other in right}
    assert language(concatenation([first, second], BUDGET)) == joined & short
    runs = {""}
    for _ in range(4):
        runs |= {run + word for run in runs for word in left} & short
    assert language(repetition(first, BUDGET)) == runs


def test_operations_on_nothing() -> None:
    assert language(concatenation([], BUDGET)) == {""}
    assert language(union([], BUDGET)) == set()
    assert language(intersection([], BUDGET)) == set(short_texts())
    assert language(concatenation([literals_dfa([]), literal_dfa(b"a")], BUDGET)) == set()
    assert not accepts(complement(literal_dfa(b"a"), BUDGET), b"\xc3")


@given(TRIGGERS)
def test_until_and_without(triggers: list[str]) -> None:
    contents = [trigger.encode() for trigger in triggers]
    until, without = until_dfa(contents, BUDGET), without_dfa(contents, BUDGET)
    assert_minimal(until)
    assert_minimal(without)
    for text in short_texts():
        ended = [end for end in range(len(text) + 1) if text[:end].endswith(tuple(triggers))]
        assert accepts(until, text.encode()) == (ended[:1] == [len(text)])
        assert accepts(without, text.encode()) == (not ended)
    assert not accepts(without, b"\xc3")
    assert not accepts(until, b"\xc3" + contents[0])


@given(st.lists(st.sampled_from(["a", "b", "ab", "\u00e9", "a\u00e9", "\u20acb"]), max_size=7), st.booleans())
def test_substrings(chunks: list[str], empty: bool) -> None:
    dfa = substring_dfa(chunks, BUDGET, empty=empty)
    bounds = [(first, last) for last in range(len(chunks) + 1) for first in range(last)]
    runs = {"".join(chunks[first:last]) for first, last in bounds} | ({""} if empty else set())
    assert {text for text in {*short_texts(), *runs} if accepts(dfa, text.encode())} == runs


def test_a_long_passage() -> None:
    passage = " ".join(map(str, range(400)))
    dfa = substring_dfa(passage, BUDGET)
    assert all(accepts(dfa, passage[place : place + 50].encode()) for place in range(0, len(passage), 7))
    assert not any(accepts(dfa, f"{first} {second}".encode()) for second, first in pairwise(range(100, 400)))


def test_limits() -> None:
    with pytest.raises(LimitExceeded):
        substring_dfa("".join(map(str, range(1000))), Budget(Limits(states=1000)))
    with pytest.raises(LimitExceeded):
        literals_dfa([f"{number:09}".encode() for number in range(1000)], Budget(Limits(states=5)))
