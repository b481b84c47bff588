"""Unions of objects: the ways of compiling that are quick against the slow one, the interpreter, and ``jsonschema``."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.errors import LimitExceeded, UnsatisfiableSchema
from maskwright.grammar.limits import Limits
from maskwright.grammar.matcher import Constraint
from maskwright.schemas import lowering, object_states, tags
from maskwright.schemas.satisfiability import Satisfier
from maskwright.schemas.unions import UnionOfObjects

from .engine_cases import (
    END,
    OTHER_END,
    accepts,
    check_walk,
    close_soon,
    constraint_of,
    explain_difference,
    interpreter_of,
    jsonschema_accepts,
    mask_of,
    random_token,
)
from .formula_oracle import UNHURRIED

NAMES = ("a", "ab", "b", "c", "é")
ORDERS = st.sampled_from(["any", "schema"])
SEEDS = st.integers(0, 2**32)

SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [{"const": "a"}, {"const": "ab"}, {"enum": ["b", "ab"]}, {"enum": ["a", 1, None]}, {"const": 1}, {"type": "string"},
     {"type": "integer"}, {"type": ["null", "boolean"]}, {"maxLength": 1}, True, False, {"not": {"const": "a"}}]
)  # fmt: skip


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Mostly plain conjunctions about an object."""
    schema: dict[str, Any] = {"type": "object"} if draw(st.integers(0, 3)) else {}
    schema["properties"] = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=4))
    schema["required"] = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    others = draw(st.sampled_from([None, None, False, False, True, {"type": "integer"}]))
    if others is not None:
        schema["additionalProperties"] = others
    for keyword in draw(st.lists(st.sampled_from(["minProperties", "maxProperties"]), max_size=1)):
        if draw(st.booleans()):
            schema[keyword] = draw(st.integers(1, 3))
    return schema


@st.composite
def unions(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    """Unions of objects, some of whose properties are unions again; now and then beside demands of their own."""
    values = st.one_of(SCALARS, SCALARS, unions(depth - 1), objects(SCALARS)) if depth else SCALARS
    alternatives = draw(st.lists(objects(values), min_size=1, max_size=4))
    keyword = draw(st.sampled_from(["anyOf", "anyOf", "oneOf"]))
    beside = draw(objects(SCALARS)) if draw(st.integers(0, 2)) == 0 else {}
    return {**beside, keyword: alternatives}


def compiled(schema: Any, order: str) -> Constraint | None:
    try:
        return constraint_of(schema, property_order=order, whitespace="compact")
    except UnsatisfiableSchema:
        return None


class _NoUnion(UnionOfObjects):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.is_known = False


@contextlib.contextmanager
def slowly() -> Iterator[None]:
    """Inside, every key of a state is compiled with the state, from its formula."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(object_states, "UnionOfObjects", _NoUnion)
        patch.setattr(object_states, "_single_case", lambda *_: None)
        patch.setattr(tags, "alternatives", lambda *_: None)
        patch.setattr(tags, "strings", lambda *_: None)
        patch.setattr(lowering, "lowered_directly", lambda *_: None)
        patch.setattr(Satisfier, "_is_evident", lambda *_: False)
        yield


@settings(UNHURRIED, max_examples=80)
@given(unions(), ORDERS, SEEDS)
def test_quick_and_slow_states_allow_the_same(schema: Any, order: str, seed: int) -> None:
    quick = compiled(schema, order)
    with slowly():
        slow = compiled(schema, order)
    assert (quick is None) == (slow is None)
    if quick is None or slow is None:
        return
    rng, vocabulary = random.Random(seed), quick.vocabulary
    for _ in range(3):
        first, second, content = quick.matcher(), slow.matcher(), bytearray()
        for _ in range(24):
            found = mask_of(first)
            with slowly():
                expected = mask_of(second)
            assert np.array_equal(found, expected), (
                f"after {bytes(content)!r} {explain_difference(expected, found, vocabulary)}"
            )
            found[[END, OTHER_END]] = False
            if not found.any():
                break
            token = random_token(found, vocabulary, rng)
            with slowly():
                assert second.accept_token(token)
            assert first.accept_token(token)
            content += vocabulary.tokens[token]


@settings(UNHURRIED, max_examples=40)
@given(unions(), ORDERS, SEEDS)
def test_kernels_and_interpreter_agree(schema: Any, order: str, seed: int) -> None:
    constraint, rng = compiled(schema, order), random.Random(seed)
    if constraint is not None:
        interpreter = interpreter_of(constraint)
        for _ in range(2):
            check_walk(constraint, interpreter, None, rng, 20)


@settings(UNHURRIED, max_examples=120)
@given(unions(), SEEDS)
def test_documents(schema: Any, seed: int) -> None:
    """Random objects, some of which fit one alternative, are judged as by ``jsonschema``; walks end in valid ones."""
    constraint, rng = compiled(schema, "any"), random.Random(seed)
    for _ in range(30):
        names = rng.sample(NAMES, rng.randrange(5))
        document = {
            name: rng.choice(["a", "ab", "b", 1, None, True, 1.5, {}, {"a": "a"}, {"b": "b"}]) for name in names
        }
        valid = jsonschema_accepts(schema, document)
        assert (constraint is not None and accepts(constraint, json.dumps(document, separators=(",", ":")))) == valid
    if constraint is not None:
        written = close_soon(constraint.matcher(), rng, 30)
        assert written is None or jsonschema_accepts(schema, json.loads(written))


def tagged(count: int, *, is_open: bool, tag_last: bool) -> dict[str, Any]:
    alternatives = []
    for i in range(count):
        properties: dict[str, Any] = {
            "kind": {"const": f"k{i}"},
            f"v{i}": {"type": "integer"},
            "note": {"maxLength": i},
        }
        if tag_last:
            properties = dict(reversed(properties.items()))
        alternative = {"type": "object", "properties": properties, "required": ["kind", f"v{i}"]}
        alternatives.append(alternative if is_open else {**alternative, "additionalProperties": False})
    return {"anyOf": alternatives}


@pytest.mark.parametrize("order", ["any", "schema"])
@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("tag_last", [True, False])
@pytest.mark.parametrize("count", [3, 20, 70])
def test_tagged_alternatives(count: int, tag_last: bool, is_open: bool, order: str) -> None:
    schema = tagged(count, is_open=is_open, tag_last=tag_last)
    constraint = constraint_of(schema, property_order=order, whitespace="compact")
    for i in (0, count // 2, count - 1):
        other = (i + 1) % count
        members = {"kind": f"k{i}", f"v{i}": 1, "note": "n" * i}
        if tag_last:
            members = dict(reversed(members.items()))
        for document in (
            members,
            {name: value for name, value in members.items() if name != "note"},
            {name: value for name, value in members.items() if name != f"v{i}"},
            {**members, "kind": f"k{other}"},
            {**members, "note": "n" * (i + 1)},
            {**members, f"v{other}": "no integer"},
            {**members, "more": None},
        ):
            text = json.dumps(document, separators=(",", ":"))
            if order == "any" or f"v{other}" not in document:  # which is out of order
                assert accepts(constraint, text) == jsonschema_accepts(schema, document), text


def test_keys_of_other_alternatives_come_once() -> None:
    """A key that only alternatives that are out have named is no new one when it comes again."""
    schema = tagged(3, is_open=True, tag_last=False)
    constraint = constraint_of(schema, property_order="any", whitespace="compact")
    assert accepts(constraint, '{"v0":"x","kind":"k1","v1":1}')
    assert not accepts(constraint, '{"v0":"x","kind":"k1","v1":1,"v0":2}')
    assert not accepts(constraint, '{"other":"x","kind":"k1","v1":1,"other":2}')


def test_only_what_comes_is_compiled() -> None:
    """Values that are told apart by patterns, too many for the limit, do not matter where they do not come."""
    alternatives = [
        {
            "properties": {"kind": {"const": f"k{i}"}, "code": {"type": "string", "pattern": f"^[a-f]{{{30 + i}}}$"}},
            "required": ["kind"],
            "additionalProperties": False,
        }
        for i in range(20)
    ]
    schema = {"type": "object", "anyOf": alternatives}
    constraint = constraint_of(schema, property_order="any", whitespace="compact", limits=Limits(states=45))
    assert accepts(constraint, '{"kind":"k3"}')
    assert accepts(constraint, '{"kind":"k3","code":"' + "a" * 33 + '"}')
    assert not accepts(constraint, '{"kind":"k3","code":"' + "a" * 34 + '"}')
    with pytest.raises(LimitExceeded):
        accepts(constraint, '{"code":"' + "a" * 33 + '","kind":"k3"}')
