"""``uniqueItems`` wherever it stands: alone, and as one way among others."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Limits
from maskwright.grammar.matcher import Constraint

from .engine_cases import (
    FIRST_BYTE,
    InexactNumberError,
    accepts,
    check_walk,
    close_soon,
    constraint_of,
    constraint_or_assume,
    ids_of,
    interpreter_of,
    jsonschema_accepts,
    mask_of,
    parsed,
    random_token,
    random_tokens,
    serialised,
)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
SEEDS = st.integers(0, 2**32)

TEXTS = ('1', '1.0', '1e0', '"a"', '"\\u0061"', "[]", "[1]", "[1.0]", "{}", '{"a":1,"b":[]}', '{"b":[ ],"a":1.0}',
         "null", "true", "false", "0", "-0", '"b"')  # fmt: skip
"""Items, many of which are equal to others."""

UNIQUE = {"uniqueItems": True}
BY_HAND: list[Any] = [
    {"not": UNIQUE},
    {"not": UNIQUE, "maxItems": 3},
    {"anyOf": [UNIQUE, {"items": {"type": "integer"}}]},
    {"anyOf": [UNIQUE, {"items": {"enum": [1, "a"]}}]},
    {"anyOf": [{"prefixItems": [{"enum": [1]}], **UNIQUE}, {"minItems": 4}], "maxItems": 4},
    {"oneOf": [UNIQUE, {"items": {"type": "integer"}}]},
    {"oneOf": [UNIQUE, {"maxItems": 2}]},
    {"if": UNIQUE, "then": {"minItems": 2}, "else": {"maxItems": 3}},
    {"not": UNIQUE, "prefixItems": [True, True, {"type": "string"}], "items": False},
    {"not": UNIQUE, "prefixItems": [{"type": "string"}, {"type": "number"}], "maxItems": 3},
    {"not": {"anyOf": [UNIQUE, {"contains": {"type": "string"}, "minContains": 2}]}, "maxItems": 3},
    {"if": UNIQUE, "then": False, "items": {"type": "array", "maxItems": 2, "not": UNIQUE}, "maxItems": 3},
    {"not": UNIQUE, "contains": {"type": "object"}, "maxContains": 1, "maxItems": 4},
    {"items": {"not": UNIQUE, "type": "array", "maxItems": 2}, **UNIQUE},
    {"items": {"type": "array", "items": {"type": ["null", "integer"]}, "minItems": 2, **UNIQUE}, **UNIQUE},
    {"items": {"type": "array", "items": {"enum": [1, "a", "b", None, True, 0, []]}, **UNIQUE}, **UNIQUE},
]  # fmt: skip

ITEMS = st.sampled_from(
    [True, {"type": "integer"}, {"type": "string"}, {"type": ["object", "array"]}, {"enum": [1, "a", []]},
     {"not": {"type": "string"}}, {"type": "array", "not": UNIQUE, "maxItems": 2}, {"minimum": 1, "maxLength": 1}]
)  # fmt: skip
COUNTS = st.integers(0, 4)
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "uniqueItems": st.just(True),
    "items": ITEMS,
    "prefixItems": st.lists(ITEMS, min_size=1, max_size=3),
    "contains": ITEMS,
    "minContains": COUNTS,
    "maxContains": COUNTS,
    "minItems": COUNTS,
    "maxItems": COUNTS,
}


@st.composite
def array_schemas(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """Keywords about arrays, and applicators of such schemas."""
    keywords = draw(st.lists(st.sampled_from(tuple(KEYWORDS)), min_size=depth == 0, max_size=3, unique=True))
    schema = {keyword: draw(KEYWORDS[keyword]) for keyword in keywords}
    if depth and draw(st.booleans()):
        inner = array_schemas(depth - 1)
        for applicator in draw(st.lists(st.sampled_from(["anyOf", "oneOf", "not", "if"]), min_size=1, max_size=2)):
            if applicator == "not":
                schema["not"] = draw(st.just(UNIQUE) | inner)
            elif applicator == "if":
                schema |= {"if": draw(st.just(UNIQUE) | inner), "then": draw(inner), "else": draw(inner)}
            else:
                schema[applicator] = draw(st.lists(st.just(UNIQUE) | inner, min_size=2, max_size=3))
    return schema


def of_arrays(schema: Any) -> dict[str, Any]:
    return {"type": "array", **schema}


def check_masks(constraint: Constraint, tokens: list[int] | None, rng: random.Random, steps: int) -> None:
    """``check_walk``, up to a number that is too large to be compared with."""
    with contextlib.suppress(LimitExceeded):
        check_walk(constraint, interpreter_of(constraint), tokens, rng, steps)


def check_documents(schema: Any, rng: random.Random, count: int) -> None:
    """Compare with ``jsonschema`` on arrays of few different items, some of which the schema mentions."""
    constraint = constraint_or_assume(schema, property_order="any", whitespace="any")
    for _ in range(count):
        texts = rng.choices(rng.sample(TEXTS, rng.randint(1, len(TEXTS))), k=rng.randrange(6))
        if rng.random() < 0.4:
            texts = [f"[{','.join(rng.choices(TEXTS[:6], k=rng.randrange(3)))}]" if rng.random() < 0.5 else text
                     for text in texts]  # fmt: skip
            texts += texts[: rng.randrange(3)]
        text = f"[{', '.join(texts)}]"
        valid = jsonschema_accepts(schema, json.loads(text))
        assert (constraint is not None and accepts(constraint, text)) == valid, text


@pytest.mark.parametrize("schema", BY_HAND)
def test_documents(schema: Any) -> None:
    check_documents(of_arrays(schema), random.Random(1), 300)


@pytest.mark.parametrize("schema", BY_HAND)
def test_masks(schema: Any) -> None:
    constraint, rng = constraint_of(of_arrays(schema)), random.Random(2)
    for texts in itertools.islice(itertools.permutations(TEXTS, 3), 0, None, 700):
        text = f"[{', '.join([*texts, rng.choice(texts)])}]"
        check_masks(constraint, random_tokens(text.encode(), constraint.vocabulary, rng), rng, 20)
    for _ in range(3):
        check_masks(constraint, None, rng, 20)


SCARCE = [
    {"enum": [f"v{number}" for number in range(70)]},
    {"type": "array", "items": {"enum": list("abcdefgh")}, "maxItems": 2},
    {"type": "string", "pattern": "^[ab]{1,6}$"},
]


@pytest.mark.parametrize("items", SCARCE)
def test_many_but_not_unlimited_values(items: Any) -> None:
    schema = of_arrays({"items": items, "uniqueItems": True})
    unhurried = Limits(compile_seconds=600)
    constraint, rng = constraint_of(schema, whitespace="compact", limits=unhurried), random.Random(4)
    matcher, content = constraint.matcher(), b"["
    assert matcher.accept_tokens(ids_of(b"[")) == 1
    while not matcher.is_accepting():
        allowed = np.flatnonzero(mask_of(matcher)[FIRST_BYTE : FIRST_BYTE + 256]).tolist()
        assert allowed, f"dead end after {content!r}"
        if len(allowed) > 1 and content.count(b"[") == content.count(b"]") + 1:
            allowed = [byte for byte in allowed if byte not in b"]\\"]
        byte = rng.choice(allowed)
        assert matcher.accept_token(FIRST_BYTE + byte)
        content += bytes([byte])
    assert jsonschema_accepts(schema, json.loads(content))
    assert len(json.loads(content)) >= 70


@pytest.mark.parametrize(("items", "content"), [
    ({"type": "integer"}, b"[0, 0"),
    ({"type": "integer"}, b"[0, -0"),
    ({"type": "integer", "minimum": 0}, b"[0, -"),
    ({"type": "integer", "minimum": 0}, b"[\n  0.0,\n  -"),
    ({"type": "integer", "maximum": 10}, b"[10, 10"),
    ({"type": "integer", "minimum": 0, "maximum": 100}, b"[100, 100"),
    ({"type": "number"}, b"[0, 0e"),
    ({"type": "number", "multipleOf": 0.25}, b"[1, 1E-"),
    ({"type": "number", "maximum": 1, "multipleOf": 0.5}, b"[1, 1e"),
    ({"type": "number", "maximum": 9}, b"[1, 1e0"),
    ({"type": "number"}, b"[0E-3, -0.00E"),
    ({}, b'["a", 0e7, {"b": 0e5}, 1e9, 0.0e'),
])  # fmt: skip
def test_numbers_that_can_only_be_repeated(items: Any, content: bytes) -> None:
    matcher = constraint_of(of_arrays({"items": items, "uniqueItems": True})).matcher()
    assert matcher.accept_tokens(ids_of(content)) == len(content) - 1


AMONG_WAYS: list[Any] = [
    {**UNIQUE, "contains": {"type": "string"}},
    {**UNIQUE, "contains": {"minimum": 5}, "items": {"type": "integer"}},
    {**UNIQUE, "contains": {"minimum": 5}, "items": {"type": "number", "minimum": 0}},
    {**UNIQUE, "contains": {"multipleOf": 7919}, "items": {"type": "number", "maximum": 9}},
    {"anyOf": [UNIQUE, {"minItems": 4, "maxItems": 4}]},
    {"anyOf": [UNIQUE, {"items": {"type": "integer"}, "maxItems": 2}]},
    {"not": UNIQUE, "maxItems": 3},
]
"""How a number turns out decides about the rest of the array."""


@pytest.mark.parametrize(("schema", "content"), [
    (AMONG_WAYS[0], b"[0, 0e"),
    (AMONG_WAYS[0], b"[1, 0, -0.0E"),
    (AMONG_WAYS[1], b"[0, 0"),
    (AMONG_WAYS[1], b"[5, 0, -0"),
    (AMONG_WAYS[2], b"[0, -"),
    (AMONG_WAYS[4], b"[0, 1, 2, 3, 4, 0e"),
])  # fmt: skip
def test_numbers_that_can_only_be_repeated_whatever_they_turn_out_to_be(schema: Any, content: bytes) -> None:
    matcher = constraint_of(of_arrays(schema)).matcher()
    assert matcher.accept_tokens(ids_of(content)) == len(content) - 1


@pytest.mark.parametrize("schema", [UNIQUE, *AMONG_WAYS])
@pytest.mark.parametrize("content", [
    b"[0, 0e5, 0]",
    b"[0.0, 1e5, 10e4, 0.00E-1]",
    b"[0e1, -0.5e1, -5, -",
    b"[-0, [0e1], [0, 0e3], 9, 9",
    b"[5, 0, 7, -0e",
])  # fmt: skip
def test_masks_inside_numbers(schema: Any, content: bytes) -> None:
    check_masks(constraint_of(of_arrays(schema)), ids_of(content), random.Random(3), len(content) + 1)


@pytest.mark.parametrize("content", [b"[1,0e", b"[0,[0e", b'[0,{"a":0e', b"[0,10e", b"[0,0.01e", b"[0,1e0"])
def test_numbers_that_can_still_differ(content: bytes) -> None:
    matcher = constraint_of({"type": "array", "uniqueItems": True}).matcher()
    assert matcher.accept_tokens(ids_of(content)) == len(content)


@pytest.mark.parametrize("number", [b"1e9999999999", b"1.5E-9999999999", b"2e99999999999999999999", b"1" * 5000])
def test_numbers_too_large_to_be_compared_with(number: bytes) -> None:
    schema = of_arrays({"not": UNIQUE, "prefixItems": [{"type": "number"}, True], "maxItems": 2})
    with pytest.raises(LimitExceeded, match="digits"):
        accepts(constraint_of(schema), b"[" + number + b",1]")


@settings(UNHURRIED, max_examples=80)
@given(array_schemas(), SEEDS)
def test_random_documents(schema: Any, seed: int) -> None:
    check_documents(of_arrays(schema), random.Random(seed), 15)


@settings(UNHURRIED, max_examples=30)
@given(array_schemas(), SEEDS)
def test_random_masks(schema: Any, seed: int) -> None:
    constraint, rng = constraint_or_assume(of_arrays(schema)), random.Random(seed)
    if constraint is None:
        return
    text = serialised([json.loads(text) for text in rng.choices(TEXTS, k=4)], rng)
    tokens = random_tokens(text.encode(), constraint.vocabulary, rng)
    check_masks(constraint, tokens if rng.random() < 0.7 else None, rng, 16)


@settings(UNHURRIED, max_examples=50)
@given(array_schemas(), SEEDS)
def test_walks_end_in_valid_documents(schema: Any, seed: int) -> None:
    constraint, rng = constraint_or_assume(of_arrays(schema)), random.Random(seed)
    if constraint is None:
        return
    with contextlib.suppress(LimitExceeded, InexactNumberError):
        content = some_walk(constraint, rng)
        assert jsonschema_accepts(of_arrays(schema), parsed(content)), content


def some_walk(constraint: Constraint, rng: random.Random) -> bytes:
    """A document that begins with items that are like each other, goes on at random and ends soon."""
    matcher, content = constraint.matcher(), b""
    for text in rng.choices(TEXTS, k=rng.randrange(4)):
        piece = (b"," if content else b"[") + text.encode()
        if matcher.validate_tokens(ids_of(piece)) < len(piece):
            break
        matcher.accept_tokens(ids_of(piece))
        content += piece
    for _ in range(rng.randrange(12)):
        allowed = mask_of(matcher)
        assert allowed.any(), f"dead end after {content!r}"
        allowed[:FIRST_BYTE] = False
        if not allowed.any():
            break
        token = random_token(allowed, constraint.vocabulary, rng)
        assert matcher.accept_token(token)
        content += constraint.vocabulary.tokens[token]
    rest = close_soon(matcher, rng, 150)
    assume(rest is not None)
    return content + (rest or b"")
