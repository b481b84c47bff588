"""Compiling ahead: changes nothing but who compiles, and leaves little to be compiled by the matcher."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.kernels import layout as at
from maskwright.grammar.prefetch import place_of

_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]{2}-[0-9]{4}$"},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}},
        "place": {"anyOf": [{"$ref": "#/$defs/point"}, {"$ref": "#/$defs/city"}]},
        "next": {"$ref": "#"},
    },
    "$defs": {
        "point": {
            "type": "object",
            "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
            "required": ["x"],
        },
        "city": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
}
_DOCUMENT = {"id": "ab-1234", "tags": ["red"], "place": {"x": 1.5}, "next": {"tags": ["blue", "green"]}}


@pytest.fixture(scope="module")
def vocabulary() -> mw.Vocabulary:
    pieces = ['{"', '":', '": "', '", "', "},", "ab", "id", "tags", "place", "next", "red", "blue", "12", "34", "true"]
    tokens = [bytes((byte,)) for byte in range(256)] + [piece.encode() for piece in pieces]
    return mw.Vocabulary((*tokens, b""), (len(tokens),), frozenset((len(tokens),)))


def _masks(constraint: mw.Constraint, ahead: bool) -> list[bytes]:
    vocabulary = constraint.vocabulary
    matcher = constraint.matcher()
    mask = np.zeros((1, -(-vocabulary.size // 32)), np.int32)
    masks = []
    for token in vocabulary.tokenize(json.dumps(_DOCUMENT).encode()):
        matcher.fill_next_token_bitmask(mask)
        masks.append(mask.tobytes())
        assert matcher.accept_token(token)
        if ahead:
            matcher.prefetch()
    assert matcher.is_accepting()
    return masks


@pytest.mark.parametrize("order", ["schema", "any"])
def test_masks_are_the_same(vocabulary: mw.Vocabulary, order: str) -> None:
    def constraint() -> mw.Constraint:
        return mw.compile(mw.JsonSchema(_SCHEMA, property_order=order), vocabulary)  # type: ignore[arg-type]

    expected = _masks(constraint(), ahead=False)
    for _ in range(5):
        assert _masks(constraint(), ahead=True) == expected


def test_what_may_come_is_compiled_by_the_thread(vocabulary: mw.Vocabulary) -> None:
    constraint = mw.compile(mw.JsonSchema(_SCHEMA), vocabulary)
    constraint.matcher().prefetch()
    automaton = constraint._automaton
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        nodes = automaton.key_column(at.KEY_NODE, *automaton.nodes.array[0, [at.KEY_LO, at.KEY_HI]].tolist())
        if all(automaton.nodes.array[node, at.READY] for node in nodes):
            return
        time.sleep(0.01)
    pytest.fail("the nodes of the properties were not compiled")


def test_nothing_is_looked_for_inside_of_strings(vocabulary: mw.Vocabulary) -> None:
    matcher = mw.compile(mw.JsonSchema(_SCHEMA), vocabulary).matcher()
    assert matcher.accept_tokens(vocabulary.tokenize(b'{"id": "a')) > 0
    start = int(matcher._slots[at.LENGTH]) * at.CONFIGURATION
    assert place_of(matcher._history[start : start + at.CONFIGURATION], matcher._arena) is None


def test_a_limit_that_is_exceeded_ahead_is_raised_where_it_is_met(vocabulary: mw.Vocabulary) -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "^(a|b)*a(a|b){9}$"}}, "additionalProperties": False}
    constraint = mw.compile(mw.JsonSchema(schema, limits=mw.Limits(states=50)), vocabulary)
    matcher = constraint.matcher()
    matcher.prefetch()
    time.sleep(0.2)
    with pytest.raises(mw.LimitExceeded):  # type: ignore[attr-defined]
        matcher.accept_tokens(vocabulary.tokenize(b'{"a": "aba'))
