"""Automata over text against enumeration of short strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product as tuples
from math import inf
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.dfa import DEAD, Alphabet, Dfa, TextDfa
from maskwright.grammar.dfa_operations import UNREACHABLE, distances, minimize, reachable, trim
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.text_dfa import (
    accept_all,
    from_strings,
    is_universal,
    length_at_least,
    refine,
    shortest,
    viability,
    without_surrogates,
)
from maskwright.grammar.text_product import product

BUDGET = Budget(Limits(compile_seconds=inf))
LETTERS = "ab\u00e9\u20ac\U0001f600"
STARTS = [0, ord("a"), ord("b"), ord("b") + 1, 0xD800, 0xE000, 0x10000]


def label(text_dfa: TextDfa, text: str) -> int:
    state = text_dfa.dfa.start
    for character in text:
        interval = np.searchsorted(text_dfa.alphabet.starts, ord(character), "right") - 1
        state = int(text_dfa.dfa.transitions[state, text_dfa.alphabet.classes[interval]])
    return int(text_dfa.dfa.labels[state])


def short_texts(length: int = 4, letters: str = LETTERS) -> list[str]:
    return ["".join(word) for count in range(length + 1) for word in tuples(letters, repeat=count)]


def assert_sound(text_dfa: TextDfa) -> None:
    """A partition of the code points, and a minimal trimmed automaton."""
    alphabet, dfa = text_dfa.alphabet, text_dfa.dfa
    assert alphabet.starts[0] == 0
    assert (np.diff(alphabet.starts) > 0).all()
    assert set(alphabet.classes.tolist()) == set(range(alphabet.size))
    assert dfa.transitions.shape == (len(dfa.labels), alphabet.size)
    assert dfa.transitions.dtype == dfa.labels.dtype == np.int32
    assert not dfa.transitions[DEAD].any()
    assert dfa.labels[DEAD] == 0
    assert (distances(dfa.transitions, (dfa.labels > 0)[None])[0][1:] != UNREACHABLE).all()
    assert reachable(dfa)[1:].all()
    assert len(minimize(dfa, BUDGET).labels) == len(dfa.labels)


@st.composite
def dfas(draw: st.DrawFn, classes: int | None = None) -> Dfa:
    """Complete, but neither trimmed nor minimal."""
    width = draw(st.integers(1, 4)) if classes is None else classes
    states = draw(st.integers(1, 7))
    cells = st.integers(0, states - 1)
    rows = [[DEAD] * width, *(draw(st.lists(cells, min_size=width, max_size=width)) for _ in range(states - 1))]
    labels = [0, *(draw(st.sampled_from([0, 0, 1, 2])) for _ in range(states - 1))]
    return Dfa(np.array(rows, np.int32), np.array(labels, np.int32), draw(cells))


@st.composite
def text_dfas(draw: st.DrawFn) -> TextDfa:
    starts = [0, *draw(st.lists(st.sampled_from(STARTS[1:]), unique=True).map(sorted))]
    classes = [draw(st.integers(0, 3)) for _ in starts]
    numbers = {number: index for index, number in enumerate(dict.fromkeys(classes))}
    alphabet = Alphabet(
        np.array(starts, np.int32), np.array([numbers[number] for number in classes], np.int32), len(numbers)
    )
    return TextDfa(alphabet, draw(dfas(len(numbers))))


def run(dfa: Dfa, word: Sequence[int]) -> int:
    state = dfa.start
    for symbol in word:
        state = int(dfa.transitions[state, symbol])
    return int(dfa.labels[state])


@pytest.mark.parametrize("operation", [trim, lambda dfa: minimize(dfa, BUDGET)], ids=["trim", "minimize"])
@settings(max_examples=150, deadline=None)
@given(dfa=dfas())
def test_the_language_stays(operation: Callable[[Dfa], Dfa], dfa: Dfa) -> None:
    result = operation(dfa)
    assert len(result.labels) <= len(dfa.labels)
    for length in range(5):
        for word in tuples(range(dfa.transitions.shape[1]), repeat=length):
            assert run(result, word) == run(dfa, word)
    assert (distances(result.transitions, (result.labels > 0)[None])[0][1:] != UNREACHABLE).all()
    assert reachable(result)[1:].all()


@settings(max_examples=150, deadline=None)
@given(dfa=dfas())
def test_minimal_states_are_told_apart(dfa: Dfa) -> None:
    result = minimize(dfa, BUDGET)
    words = [word for length in range(8) for word in tuples(range(result.transitions.shape[1]), repeat=length)]
    signatures = set()
    for state in range(len(result.labels)):
        from_here = Dfa(result.transitions, result.labels, state)
        signatures.add(tuple(run(from_here, word) for word in words[:2000]))
    assert len(signatures) == len(result.labels)


def test_minimizing_long_chains_is_quick() -> None:
    began = process_time()
    assert len(minimize(length_at_least(5_000).dfa, BUDGET).labels) == 5_002
    assert process_time() - began < 2


def test_simple_languages() -> None:
    assert_sound(accept_all())
    assert all(label(accept_all(), text) == 1 for text in short_texts(2))
    for count in range(5):
        assert_sound(length_at_least(count))
        assert all(label(length_at_least(count), text) == (len(text) >= count) for text in short_texts())


@settings(max_examples=100, deadline=None)
@given(values=st.dictionaries(st.text(LETTERS, max_size=4), st.integers(1, 3), max_size=12))
def test_from_strings(values: dict[str, int]) -> None:
    text_dfa = from_strings(values)
    assert_sound(text_dfa)
    assert all(label(text_dfa, text) == values.get(text, 0) for text in short_texts())


def test_from_strings_edges() -> None:
    extremes = from_strings({"\0": 1, "\U0010ffff": 2, "\ud800": 3, "": 4})
    assert_sound(extremes)
    assert [label(extremes, text) for text in ("\0", "\U0010ffff", "\ud7ff", "", "x")] == [1, 2, 0, 4, 0]
    assert from_strings({"\udc00": 1}).dfa.is_empty
    assert from_strings({}).dfa.is_empty
    shared = from_strings({stem + "ing": 1 for stem in ("go", "do", "be", "se")})
    assert len(shared.dfa.labels) == 8  # DEAD, start, after g/d, after b/s, then i, n, g, end


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(text_dfas(), max_size=3), seed=st.integers(0, 1000))
def test_product(parts: list[TextDfa], seed: int) -> None:
    def label_of(outcomes: tuple[int, ...]) -> int:
        return (seed // (1 + sum(5**i * outcome for i, outcome in enumerate(outcomes)))) % 3

    result = product(parts, label_of, BUDGET)
    assert_sound(result)
    assert without_surrogates(result.alphabet).all()
    assert all(label(result, text) == label_of(tuple(label(part, text) for part in parts)) for text in short_texts(3))


def test_product_limit() -> None:
    parts = [from_strings({"a" * 30: 1}), length_at_least(20)]
    with pytest.raises(LimitExceeded, match="10 states"):
        product(parts, min, Budget(Limits(states=10)))


def test_complement_of_the_dead() -> None:
    result = product([from_strings({"a": 1})], lambda outcomes: 1 - outcomes[0], BUDGET)
    assert all(label(result, text) == (text != "a") for text in short_texts(3))


def test_refine_covers_each_alphabet() -> None:
    alphabets = [from_strings({"ab": 1}).alphabet, from_strings({"bc": 1}).alphabet, accept_all().alphabet]
    alphabet, origins = refine(alphabets)
    for character in "abc\0\U0010ffff":
        classes = [
            int(one.classes[np.searchsorted(one.starts, ord(character), "right") - 1]) for one in [alphabet, *alphabets]
        ]
        assert origins[:, classes[0]].tolist() == classes[1:]
    assert alphabet.size == 4


def test_surrogate_classes() -> None:
    alphabet = Alphabet(np.array([0, 0xD800, 0xDC00, 0xE000], np.int32), np.array([0, 1, 2, 0], np.int32), 3)
    assert without_surrogates(alphabet).tolist() == [True, False, False]
    straddling = Alphabet(np.array([0, 0xD7FF, 0xE000], np.int32), np.array([0, 1, 0], np.int32), 2)
    assert without_surrogates(straddling).all()
    only_by_surrogate = Dfa(np.array([[0] * 3, [0, 2, 0], [0] * 3], np.int32), np.array([0, 0, 1], np.int32), 1)
    assert product([TextDfa(alphabet, only_by_surrogate)], max, BUDGET).dfa.is_empty
    assert shortest(TextDfa(alphabet, only_by_surrogate)) is None
    all_but_surrogates = Dfa(np.array([[0] * 3, [1, 0, 0]], np.int32), np.array([0, 1], np.int32), 1)
    assert is_universal(TextDfa(alphabet, all_but_surrogates))


def test_is_universal() -> None:
    assert is_universal(accept_all())
    assert not is_universal(length_at_least(1))
    assert not is_universal(from_strings({}))
    assert not is_universal(product([accept_all()], lambda outcomes: 2, BUDGET))
    either = product([length_at_least(3)], lambda outcomes: 1, BUDGET)
    assert is_universal(either)
    assert len(either.dfa.labels) == 2


@settings(max_examples=150, deadline=None)
@given(text_dfa=text_dfas())
def test_shortest(text_dfa: TextDfa) -> None:
    found = shortest(text_dfa)
    accepted = [text for text in short_texts(4, LETTERS + "\0") if label(text_dfa, text)]
    if found is None:
        assert not accepted
    else:
        assert label(text_dfa, found)
        assert not any("\ud800" <= character <= "\udfff" for character in found)
        assert len(found) <= min((len(text) for text in accepted), default=len(found))


def test_shortest_is_readable() -> None:
    assert shortest(accept_all()) == ""
    assert (shortest(length_at_least(3)) or "").isalpha()
    assert shortest(from_strings({"\u00e9\u00e9": 1, "zebra": 1})) == "\u00e9\u00e9"


@settings(max_examples=200, deadline=None)
@given(dfa=dfas(), minimum=st.integers(0, 6), extra=st.none() | st.integers(-2, 12))
def test_viability(dfa: Dfa, minimum: int, extra: int | None) -> None:
    dfa = trim(dfa)
    maximum = None if extra is None else max(minimum + extra, 0)
    columns = (minimum if maximum is None else maximum) + 1
    table = viability(dfa, minimum, maximum, BUDGET)
    assert table.shape == (len(dfa.labels), columns)
    horizon = 40 if maximum is None else maximum
    for state in range(len(dfa.labels)):
        now, accepted_after = {state}, []
        for _ in range(horizon + 1):
            accepted_after.append(any(dfa.labels[here] for here in now))
            now = {int(successor) for here in now for successor in dfa.transitions[here]}
        for count in range(columns):
            span = range(max(minimum - count, 0), horizon - count + 1)
            assert table[state, count] == any(accepted_after[more] for more in span)


def test_viability_is_quick() -> None:
    source = np.random.default_rng(1)
    transitions = source.integers(0, 100, (100, 20)).astype(np.int32)
    transitions[DEAD] = DEAD
    labels = np.zeros(100, np.int32)
    labels[1] = 1
    began = process_time()
    assert viability(Dfa(transitions, labels, 1), 5, 1000, BUDGET).shape == (100, 1001)
    chain = length_at_least(98).dfa
    viability(chain, 900, 1000, BUDGET)
    assert process_time() - began < 1
