"""Number automata agree with exact fraction arithmetic on the text."""

from __future__ import annotations

import json
import random
import re
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.dfa import DEAD, Dfa
from maskwright.grammar.dfa_operations import UNREACHABLE, distances, minimize, reachable
from maskwright.grammar.errors import InvalidSchema, LimitExceeded, UnsupportedSchema
from maskwright.grammar.limits import Limits
from maskwright.grammar.number_automaton import NumberAutomaton, number_range
from maskwright.grammar.number_dfa import (
    CLASSES,
    MAX_EXPONENT_MODULUS,
    MAX_FRACTION_DIGITS,
    SYMBOL_OF_BYTE,
    number_dfa,
)
from maskwright.grammar.number_values import Compare, IntegerSyntax, Multiple, Observer

LIMITS = Limits()
SYNTAX = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
WITH_EXPONENT = re.compile(r"-?[1-9](\.[0-9]+)?[eE][+-]?[0-9]+")


def run(automaton: Dfa | NumberAutomaton, text: str) -> int:
    dfa = automaton.dfa if isinstance(automaton, NumberAutomaton) else automaton
    residues = automaton.residues if isinstance(automaton, NumberAutomaton) else None
    state, residue = dfa.start, 0
    for byte in text.encode():
        state = int(dfa.transitions[state, SYMBOL_OF_BYTE[byte]])
        if residues is not None and chr(byte).isdigit():
            residue = residues.after(residue, int(chr(byte)))
    return int(dfa.labels[state]) if residues is None else residues.label(state, residue)


def outcome(observer: Observer, text: str) -> int:
    value = Fraction(text)
    match observer:
        case Compare(bound):
            return (value > bound) - (value < bound)
        case Multiple(divisor):
            return int((value / divisor).denominator == 1)
        case IntegerSyntax():
            return int(not set(text) & set(".eE"))


def coprime_part(divisor: Fraction) -> int:
    """What is left of the divisor's digits when trailing zeros are cut off."""
    while divisor.denominator > 1:
        divisor *= 10
    number = divisor.numerator
    while number % 10 == 0:
        number //= 10
    return number


def is_spelling_allowed(observers: list[Observer], text: str) -> bool:
    """The rule on exponents that the module's docstring states."""
    divisors = [observer.divisor for observer in observers if isinstance(observer, Multiple)]
    if SYNTAX.fullmatch(text) is None:
        return False
    if not set(text) & set("eE") or not any(isinstance(observer, Compare | Multiple) for observer in observers):
        return True
    if WITH_EXPONENT.fullmatch(text) is None:
        return False
    fraction = re.split("[eE]", text)[0].partition(".")[2]
    if not divisors:
        return True
    if any(coprime_part(divisor) > MAX_EXPONENT_MODULUS for divisor in divisors):
        return False
    return len(fraction) <= MAX_FRACTION_DIGITS and not fraction.endswith("0")


def expected(observers: list[Observer], label_of: object, text: str) -> int:
    if not is_spelling_allowed(observers, text):
        return 0
    return label_of(tuple(outcome(observer, text) for observer in observers))  # type: ignore[operator]


def assert_minimal(dfa: Dfa) -> None:
    assert dfa.transitions.shape == (len(dfa.labels), CLASSES)
    assert not dfa.transitions[DEAD].any()
    assert dfa.labels[DEAD] == 0
    live = np.arange(len(dfa.labels)) != DEAD
    assert (distances(dfa.transitions, (dfa.labels > 0)[None])[0][live] != UNREACHABLE).all()
    assert reachable(dfa)[live].all()
    assert len(minimize(dfa).labels) == len(dfa.labels)


def decimals(places: int = 6) -> st.SearchStrategy[Fraction]:
    pair = st.tuples(st.integers(-(10**7), 10**7) | st.integers(-120, 120), st.integers(-4, places))
    return pair.map(lambda parts: Fraction(parts[0]) / Fraction(10) ** parts[1])


WRITTEN_DIVISORS = ["1", "2", "3", "5", "7", "8", "10", "12", "60", "100", "101", "1000000"]
WRITTEN_DIVISORS += ["0.5", "2.5", "0.01", "0.3", "0.0625", "1e-8", "0.007", "1.25"]
DIVISORS = st.sampled_from(WRITTEN_DIVISORS).map(Fraction)


def spellings(value: Fraction, random_source: random.Random) -> list[str]:
    """Texts of a decimal fraction: plain, with zeros, scientific, shifted."""
    sign, magnitude = "-" if value < 0 else "", abs(value)
    places = 0
    while (magnitude * 10**places).denominator > 1:
        places += 1
    digits = str(int(magnitude * 10**places)).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    zeros = "0" * random_source.randrange(4)
    plain = sign + whole + (f".{fraction}" if fraction else "")
    texts = [plain, sign + whole + "." + (fraction + zeros or "0")]
    significant = digits.lstrip("0")
    if significant:
        exponent = len(significant) - 1 - places
        tail = significant[1:].rstrip("0")
        for rest in (tail, significant[1:], significant[1:] + zeros):
            point = f".{rest}" if rest else ""
            mark = random_source.choice(["e", "E", "e+", "E+"]) if exponent >= 0 else random_source.choice(["e-", "E-"])
            texts.append(f"{sign}{significant[0]}{point}{mark}{zeros}{abs(exponent)}")
        texts.append(f"{plain}e0")
        texts.append(f"{sign}{significant}e{-places}")
    else:
        texts += ["-0", "-0.000", "0e5", "-0E-1"]
    return texts


def nearby(values: list[Fraction], random_source: random.Random) -> list[Fraction]:
    steps = [Fraction(0), *(sign * Fraction(10) ** power for sign in (1, -1) for power in (-9, -3, -1, 0, 1, 5))]
    found = [Fraction(0)]
    for value in values:
        found += [value + step for step in random_source.sample(steps, 5)]
        found += [-value, value * 10, value / 10, value * random_source.randrange(1, 50)]
    return found


def test_plain_syntax() -> None:
    dfa = number_dfa((), lambda outcomes: 1, LIMITS)
    assert_minimal(dfa)
    alphabet = "01-+.eE"
    for length in range(6):
        for symbols in product(alphabet, repeat=length):
            text = "".join(symbols)
            assert run(dfa, text) == bool(SYNTAX.fullmatch(text)), text
    assert run(dfa, "1 ") == run(dfa, "NaN") == 0


def test_integer_syntax_labels() -> None:
    dfa = number_dfa([IntegerSyntax()], lambda outcomes: 2 if outcomes[0] else 1, LIMITS)
    assert [run(dfa, text) for text in ("0", "-12", "1.0", "1e5", "12e3", "01")] == [2, 2, 1, 1, 1, 0]


@pytest.mark.parametrize(
    "observers",
    [
        [Compare(Fraction(0))],
        [Compare(Fraction(10)), Compare(Fraction(-1))],
        [Multiple(Fraction(1))],
        [Multiple(Fraction("0.5")), Compare(Fraction("1.5"))],
        [Multiple(Fraction(20)), IntegerSyntax()],
        [Compare(Fraction("0.1")), Compare(Fraction("0.11")), Compare(Fraction(11))],
    ],
)
def test_every_short_text(observers: list[Observer]) -> None:
    codes: dict[tuple[int, ...], int] = {}

    def label_of(outcomes: tuple[int, ...]) -> int:
        return codes.setdefault(outcomes, len(codes) + 1)

    dfa = number_dfa(observers, label_of, LIMITS)
    assert_minimal(dfa)
    for length in range(1, 7):
        for symbols in product("015-.e", repeat=length):
            text = "".join(symbols)
            assert run(dfa, text) == expected(observers, label_of, text), text


@settings(max_examples=60, deadline=None)
@given(
    bounds=st.lists(decimals(), max_size=4),
    divisors=st.lists(DIVISORS, max_size=2),
    integer=st.booleans(),
    seed=st.integers(0, 2**32),
    numbers=st.lists(decimals(), max_size=4),
)
def test_agrees_with_fractions(
    bounds: list[Fraction], divisors: list[Fraction], integer: bool, seed: int, numbers: list[Fraction]
) -> None:
    source = random.Random(seed)
    observers: list[Observer] = [*map(Compare, bounds), *map(Multiple, divisors)]
    observers += [IntegerSyntax()] * integer
    source.shuffle(observers)
    table: dict[tuple[int, ...], int] = {}

    def label_of(outcomes: tuple[int, ...]) -> int:
        return table.setdefault(outcomes, random.Random(f"{seed}{outcomes}").choice([0, 0, 1, 2]))

    try:
        dfa = number_dfa(observers, label_of, Limits(states=20_000))
    except LimitExceeded:
        return
    assert_minimal(dfa)
    for value in nearby([*bounds, *divisors, *numbers], source):
        for text in spellings(value, source):
            assert run(dfa, text) == expected(observers, label_of, text), text


@settings(max_examples=150, deadline=None)
@given(
    bounds=st.tuples(st.none() | decimals(), st.booleans(), st.none() | decimals(), st.booleans()),
    divisor=st.none() | DIVISORS,
    integer=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_ranges(
    bounds: tuple[Fraction | None, bool, Fraction | None, bool], divisor: Fraction | None, integer: bool, seed: int
) -> None:
    low, above, high, below = bounds
    numbers = number_range(low, above, high, below, divisor, integer, LIMITS)
    assert_minimal(numbers.dfa)
    source = random.Random(seed)
    observers: list[Observer] = [Compare(bound) for bound in (low, high) if bound is not None]
    observers += [Multiple(divisor)] if divisor is not None else []
    for value in nearby([bound for bound in (low, high, divisor) if bound is not None] + [Fraction(7)], source):
        for text in spellings(value, source):
            good = is_spelling_allowed(observers, text)
            good &= low is None or (value > low if above else value >= low)
            good &= high is None or (value < high if below else value <= high)
            good &= divisor is None or (value / divisor).denominator == 1
            good &= not integer or not set(text) & set(".eE")
            assert run(numbers, text) == good, text


FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30) | st.integers().map(float)


@settings(max_examples=120, deadline=None)
@given(number=FLOATS, bound=FLOATS)
def test_what_json_dumps_writes(number: float, bound: float) -> None:
    text, limit = json.dumps(number), Fraction(json.dumps(bound))
    integral = Fraction(text).denominator == 1
    assert run(number_range(limit, False, None, False, None, False, LIMITS), text) == (Fraction(text) >= limit)
    assert run(number_range(None, False, limit, True, None, False, LIMITS), text) == (Fraction(text) < limit)
    assert run(number_range(None, False, None, False, Fraction(1), False, LIMITS), text) == integral
    assert run(number_range(limit, True, None, False, Fraction(1), False, LIMITS), text) == (
        integral and Fraction(text) > limit
    )


@pytest.mark.parametrize(
    ("divisor", "states"), [("1000000", 130), ("0.01", 130), ("1e-8", 130), ("7", 400), ("1", 130)]
)
def test_few_states_for_multiples(divisor: str, states: int) -> None:
    assert len(number_dfa([Multiple(Fraction(divisor))], lambda outcomes: outcomes[0], LIMITS).labels) <= states


def test_random_walks_never_get_stuck() -> None:
    """Along any path of live states acceptance stays in reach, and what is accepted is right."""
    source = random.Random(5)
    dfa = number_range(Fraction("-12.5"), False, Fraction(345), True, Fraction("0.5"), False, LIMITS).dfa
    characters = {int(SYMBOL_OF_BYTE[ord(character)]): character for character in "0123456789-+.e"}
    for _ in range(500):
        state, text = dfa.start, ""
        for _ in range(12):
            symbols = [symbol for symbol in characters if dfa.transitions[state, symbol] != DEAD]
            if not symbols or (dfa.labels[state] and source.random() < 0.2):
                break
            symbol = source.choice(symbols)
            text, state = text + characters[symbol], int(dfa.transitions[state, symbol])
        if dfa.labels[state]:
            value = Fraction(text)
            assert Fraction("-12.5") <= value < 345
            assert (2 * value).denominator == 1


def test_empty_ranges() -> None:
    assert number_range(Fraction(3), True, Fraction(3), False, None, False, LIMITS).is_empty
    assert number_range(Fraction(1), False, Fraction(2), False, Fraction(5), False, LIMITS).is_empty
    assert not number_range(Fraction(3), False, Fraction(3), False, None, False, LIMITS).is_empty


def test_errors() -> None:
    with pytest.raises(LimitExceeded, match="states"):
        number_dfa([Multiple(Fraction(7919))], lambda outcomes: outcomes[0], Limits(states=1000))
    with pytest.raises(LimitExceeded, match="digits"):
        number_dfa([Compare(Fraction(10) ** 100_000)], lambda outcomes: 1, LIMITS)
    with pytest.raises(UnsupportedSchema, match="1/3"):
        number_dfa([Compare(Fraction(1, 3))], lambda outcomes: 1, LIMITS)
    with pytest.raises(InvalidSchema):
        number_dfa([Multiple(Fraction(0))], lambda outcomes: 1, LIMITS)


def test_built_once() -> None:
    arguments = Fraction(0), False, None, False, Fraction(1), False, LIMITS
    assert number_range(*arguments) is number_range(*arguments)
