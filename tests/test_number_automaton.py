"""Residues beside a number automaton decide exactly what states alone would, and what fractions say."""

from __future__ import annotations

import random
from fractions import Fraction
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.dfa import DEAD
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.number_automaton import NumberAutomaton, number_automaton, number_range
from maskwright.grammar.number_dfa import SYMBOL_OF_BYTE, number_dfa
from maskwright.grammar.number_values import Compare, IntegerSyntax, LabelOf, Multiple, Observer

LIMITS = Budget(Limits(compile_seconds=inf))
SYMBOLS = {int(SYMBOL_OF_BYTE[ord(character)]): character for character in "0123456789-+.e"}


def label(numbers: NumberAutomaton, text: str) -> int:
    """The label of ``text``; every prefix of what is accepted must be live."""
    residues = numbers.residues
    assert residues is not None
    state, residue, live = numbers.dfa.start, 0, not numbers.is_empty
    for character in text:
        state = int(numbers.dfa.transitions[state, SYMBOL_OF_BYTE[ord(character)]])
        residue = residues.after(residue, int(character)) if character.isdigit() else residue
        live = live and state != DEAD and residues.is_live(state, residue)
    found = residues.label(state, residue)
    assert live or not found, text
    return found


def assert_same_as_states(observers: list[Observer], label_of: LabelOf) -> None:
    """Walk the automaton with residues along one without, through all that can be reached."""
    automaton = number_automaton(observers, label_of, LIMITS)
    try:
        oracle = number_dfa(observers, label_of, Budget(Limits(states=20_000)), scientific=False)
    except LimitExceeded:
        return
    residues = automaton.residues
    assert residues is not None
    assert automaton.is_empty == oracle.is_empty
    seen = {(oracle.start, automaton.dfa.start, 0)} if not oracle.is_empty else set()
    pending = list(seen)
    for expected, state, residue in pending:
        assert residues.label(state, residue) == oracle.labels[expected]
        for symbol in SYMBOLS:
            after, known = int(automaton.dfa.transitions[state, symbol]), int(oracle.transitions[expected, symbol])
            following = residues.after(residue, symbol - 1) if symbol <= 10 else residue
            assert (after != DEAD and residues.is_live(after, following)) == (known != DEAD), (state, residue, symbol)
            if known != DEAD and (known, after, following) not in seen:
                seen.add((known, after, following))
                pending.append((known, after, following))


def decimals(places: int = 2) -> st.SearchStrategy[Fraction]:
    pair = st.tuples(st.integers(-20_000, 20_000) | st.integers(-120, 120), st.integers(0, places))
    return pair.map(lambda parts: Fraction(parts[0], 10 ** parts[1]))


DIVISORS = st.sampled_from(["101", "202", "0.21", "404", "7", "1.1", "0.5", "4", "0.9", "8", "20"])


@settings(max_examples=40, deadline=None)
@given(
    bounds=st.lists(decimals(), max_size=3),
    divisors=st.lists(DIVISORS, min_size=1, max_size=3),
    integer=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_agrees_with_states(bounds: list[Fraction], divisors: list[str], integer: bool, seed: int) -> None:
    source = random.Random(seed)
    observers: list[Observer] = [*map(Compare, bounds), *(Multiple(Fraction(divisor)) for divisor in divisors)]
    observers += [Multiple(Fraction(source.choice([101, 303]), source.choice([1, 10])))]
    observers += [IntegerSyntax()] * integer
    table: dict[tuple[int, ...], int] = {}
    few = source.choice([[0, 1], [0, 0, 0, 1, 2], [1, 2]])

    def label_of(outcomes: tuple[int, ...]) -> int:
        return table.setdefault(outcomes, random.Random(f"{seed}{outcomes}").choice(few))

    assert_same_as_states(observers, label_of)


BOUND = st.none() | decimals() | st.integers(-(10**24), 10**24).map(Fraction)
LARGE_DIVISORS = st.one_of(
    st.integers(101, 10**9),
    st.integers(101, 2**42 - 1).filter(lambda n: n % 5 and n % 2),
    st.sampled_from([2**31 - 1, 3**26]),
)


@settings(max_examples=150, deadline=None)
@given(
    bounds=st.tuples(BOUND, st.booleans(), BOUND, st.booleans()),
    divisor=st.tuples(LARGE_DIVISORS, st.integers(0, 12)).map(lambda parts: Fraction(parts[0], 10 ** parts[1])),
    integer=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_large_divisors(
    bounds: tuple[Fraction | None, bool, Fraction | None, bool], divisor: Fraction, integer: bool, seed: int
) -> None:
    low, above, high, below = bounds
    try:
        numbers = number_range(low, above, high, below, divisor, integer, LIMITS)
    except LimitExceeded:
        return
    if numbers.residues is None:
        return
    source = random.Random(seed)
    for center in (low, high, Fraction(0), Fraction(source.randrange(10**20))):
        for shift in (-1, 0, 1, 2):
            value = (round((center or 0) / divisor) + shift) * divisor
            for wrong in (Fraction(0), Fraction(1, 10 ** source.randrange(9)), divisor / 2):
                number = value + wrong
                good = low is None or (number > low if above else number >= low)
                good &= high is None or (number < high if below else number <= high)
                good &= (number / divisor).denominator == 1
                for text in spellings(number):
                    assert label(numbers, text) == (good and not (integer and "." in text)), text


def spellings(value: Fraction) -> list[str]:
    """A decimal fraction without an exponent, with and without zeros behind."""
    places = next(places for places in range(60) if (value * 10**places).denominator == 1)
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    plain = "-" * (value < 0) + digits[: len(digits) - places]
    return [f"{plain}.{digits[-places:]}", f"{plain}.{digits[-places:]}00"] if places else [plain, f"{plain}.0"]


@settings(max_examples=60, deadline=None)
@given(
    bounds=st.lists(BOUND.filter(lambda bound: bound is not None), max_size=2),
    divisors=st.lists(
        st.sampled_from(["12345.67", "33", "0.77", "101010101", "64", "9973", "0.005"]), min_size=1, max_size=4
    ),
    seed=st.integers(0, 2**32),
)
def test_walks_end_in_numbers_with_a_label(bounds: list[Fraction], divisors: list[str], seed: int) -> None:
    """Random walks through live states get to an end, and its label is what fractions say."""
    source = random.Random(seed)
    observers: list[Observer] = [*map(Compare, bounds), *(Multiple(Fraction(divisor)) for divisor in divisors)]
    table: dict[tuple[int, ...], int] = {}

    def label_of(outcomes: tuple[int, ...]) -> int:
        return table.setdefault(outcomes, random.Random(f"{seed}{outcomes}").choice([0, 0, 0, 1]))

    try:
        numbers = number_automaton(observers, label_of, LIMITS)
    except LimitExceeded:
        return
    if numbers.residues is None or numbers.is_empty:
        return
    for _ in range(20):
        text = walk(numbers, source)
        if label(numbers, text):
            value = Fraction(text)
            outcomes = [
                (value > o.bound) - (value < o.bound)
                if isinstance(o, Compare)
                else int((value / o.divisor).denominator == 1)
                for o in observers
                if not isinstance(o, IntegerSyntax)
            ]
            assert label(numbers, text) == label_of(tuple(outcomes)), text


def walk(numbers: NumberAutomaton, source: random.Random, most: int = 60) -> str:
    """A text along live states up to an accepting one, or of ``most`` characters."""
    residues = numbers.residues
    assert residues is not None
    state, residue, text = numbers.dfa.start, 0, ""
    while len(text) < most and not (residues.label(state, residue) and source.random() < 0.5):
        following = []
        for symbol, character in SYMBOLS.items():
            after = int(numbers.dfa.transitions[state, symbol])
            left = residues.after(residue, symbol - 1) if symbol <= 10 else residue
            if after != DEAD and residues.is_live(after, left):
                following.append((after, left, character))
        if not following:
            assert residues.label(state, residue), text
            break
        state, residue, character = source.choice(following)
        text += character
    return text


def test_beyond_64_bits() -> None:
    for divisors in (["99999999999.87"], ["9999991", "9999973"]):
        with pytest.raises(LimitExceeded, match="residues modulo"):
            number_automaton([Multiple(Fraction(divisor)) for divisor in divisors], sum, LIMITS)


def test_many_divisors() -> None:
    with pytest.raises(LimitExceeded, match="13 divisors"):
        number_automaton([Multiple(Fraction(3**power)) for power in range(1, 14)], sum, LIMITS)


def test_a_long_period_takes_no_time() -> None:
    """Where places behind the point and thousands meet, digits are told apart modulo 10**12."""
    divisors = [Multiple(Fraction(divisor)) for divisor in ("1000", "30", "0.123456789")]
    brief = Budget(Limits(compile_seconds=20))
    with pytest.raises(LimitExceeded, match="arithmetic progressions"):
        number_automaton([Compare(Fraction(1)), *divisors], lambda outcomes: int(max(outcomes[1:])), brief)
