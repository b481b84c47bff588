"""Whatever blows up is stopped in time, and says where in the schema it was."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.components import components
from maskwright.grammar.limits import Budget, Limits

BYTES = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
WORDS = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "omega",
    "kappa",
    "sigma",
    "theta",
    "lambda",
    "zeta",
    "eta",
    "iota",
    "mu",
    "nu",
    "xi",
    "pi",
)


def all_of(*patterns: str) -> dict[str, Any]:
    return {"type": "string", "allOf": [{"pattern": pattern} for pattern in patterns]}


def begin(schema: dict[str, Any], limits: mw.Limits) -> None:
    """Compile ``schema`` as that of a property, and as much of it as the beginning of a value needs."""
    matcher = mw.compile(mw.JsonSchema({"properties": {"a": schema}}, limits=limits), BYTES).matcher()
    for value in (b'"a', b'{"a', b"1"):
        matcher.reset()
        matcher.accept_tokens(list(b'{"a": ' + value))


GRAPHS = st.integers(1, 9).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size)
)

LENGTH = {"minLength": 7_999_992, "maxLength": 7_999_992}

ENDLESS = {
    "one pattern": ({"pattern": r"^(([a-z]+[0-9]*){1,40}@){1,40}$"}, "/a/pattern"),
    "long pattern": ({"pattern": "|".join(f"w{i}q{i * 7919 % 10007}" for i in range(20_000))}, "/a/pattern"),
    "look-aheads": ({"pattern": "^" + "".join(f"(?=.*{letter})" for letter in "abcdefghijklmnopq")}, "/a/pattern"),
    "product": (all_of(*(f"^(a{{{count}}})*$" for count in (2011, 2003))), "/a"),
    "lengths": ({"type": "string", "pattern": "^(a{3})*$|^(c{13})*$", **LENGTH}, "/a"),
    "keys": ({"patternProperties": {word: {"minimum": i} for i, word in enumerate(WORDS)}}, "/a"),
    "numbers": ({"type": "number", "multipleOf": 2**20}, "/a"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_work_is_stopped(name: str) -> None:
    schema, place = ENDLESS[name]
    limits = mw.Limits(states=10_000_000, memory=2**31, compile_seconds=1)
    mw.compile({"pattern": "loads what is imported on demand"}, BYTES)
    started = time.process_time()
    with pytest.raises(mw.LimitExceeded) as caught:
        begin(schema, limits)
    assert time.process_time() - started < 3  # seconds of the processor: other work may be going on
    found, place = caught.value.pointer, f"/properties{place}"
    assert found is not None
    assert found.startswith(place) or place.startswith(found)  # on a busy machine, time may be over earlier


def test_memory_for_a_moment_counts() -> None:
    limits = mw.Limits(memory=2**15)
    with pytest.raises(mw.LimitExceeded, match="memory"):
        mw.compile(mw.JsonSchema(all_of(*(f"^(a{{{n}}})*$" for n in (61, 67))), limits=limits), BYTES)


def test_ten_patterns_of_keys_are_quick() -> None:
    schema = {"patternProperties": {word: {"minimum": i} for i, word in enumerate(WORDS[:10])}}
    started = time.process_time()
    assert mw.compile(schema, BYTES).matcher().accept_tokens(list(b'{"alphabeta": 1')) == 15
    assert time.process_time() - started < 10


def test_budgets_of_equal_limits_are_equal() -> None:
    assert Budget(Limits(states=3)) == Budget(Limits(states=3)) != Budget()
    assert len({Budget(), Budget(), Budget(Limits(states=3))}) == 2


@given(GRAPHS)
def test_components(graph: list[list[int]]) -> None:
    reach = np.eye(len(graph), dtype=np.int64)
    for state, successors in enumerate(graph):
        reach[state, successors] = 1
    for _ in graph:
        reach = np.minimum(reach @ reach, 1)
    found = components(graph, Budget())
    assert sorted(state for component in found for state in component) == list(range(len(graph)))
    place = {state: index for index, component in enumerate(found) for state in component}
    for state in range(len(graph)):
        for other in range(len(graph)):
            assert (place[state] == place[other]) == bool(reach[state, other] and reach[other, state])
            assert not reach[state, other] or place[state] >= place[other]
