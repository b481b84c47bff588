"""Automata of several divisors side by side, against the product that is explored state by state."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.dfa import Dfa
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.number_dfa import number_dfa
from maskwright.grammar.number_parts import number_dfa_by_parts
from maskwright.grammar.number_values import Compare, IntegerSyntax, Multiple, Observer

DIVISORS = ["2", "3", "5", "7", "8", "0.3", "0.25", "11", "15", "0.07"]
BOUNDS = ["0", "1", "-3", "100", "12.5"]


def are_alike(one: Dfa, other: Dfa) -> bool:
    """Whether two minimal automata differ in the numbers of their states only."""
    numbers = {one.start: other.start}
    work = [one.start]
    while work:
        state = work.pop()
        if one.labels[state] != other.labels[numbers[state]]:
            return False
        successors = zip(one.transitions[state].tolist(), other.transitions[numbers[state]].tolist(), strict=True)
        for target, same in successors:
            if target not in numbers:
                numbers[target] = same
                work.append(target)
            if numbers[target] != same:
                return False
    return len(set(numbers.values())) == len(numbers) and len(one.labels) == len(other.labels)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(DIVISORS), min_size=2, max_size=3),
    st.lists(st.sampled_from(BOUNDS), max_size=2, unique=True),
    st.booleans(),
    st.integers(0, 2**32),
    st.sampled_from([0.2, 0.5, 0.9]),
)
def test_parts_side_by_side(divisors: list[str], bounds: list[str], syntax: bool, seed: int, refused: float) -> None:
    observers: list[Observer] = [Compare(Fraction(bound)) for bound in bounds]
    observers += [Multiple(Fraction(divisor)) for divisor in divisors]
    observers += [IntegerSyntax()] if syntax else []

    def label_of(outcomes: tuple[int, ...]) -> int:
        chance = random.Random(f"{seed} {outcomes}")
        return 0 if chance.random() < refused else chance.randint(1, 3)

    try:
        expected = number_dfa(observers, label_of, Budget())
    except LimitExceeded:
        return
    assert are_alike(number_dfa_by_parts(observers, label_of, Budget()), expected)


def test_limits_are_those_of_the_product() -> None:
    observers = [Multiple(Fraction(divisor)) for divisor in (7, 11)]
    with pytest.raises(LimitExceeded, match="a number"):
        number_dfa_by_parts(observers, any, Budget(Limits(states=100)))
