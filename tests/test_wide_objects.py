"""Objects with more names than fit one word of a bitset or one block of ranks: kernels against the interpreter."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from maskwright.grammar.errors import UnsatisfiableSchema

from .engine_cases import (
    accepts,
    check_walk,
    constraint_of,
    interpreter_of,
    jsonschema_accepts,
    matcher_after,
    random_tokens,
)

NAMES = ["".join(letters) for size in (1, 2, 3) for letters in itertools.product("abcé", repeat=size)]
VALUES: tuple[Any, ...] = ({"type": "integer"}, {"const": 1}, {"type": "null"}, False)


def wide(rng: random.Random, count: int) -> dict[str, Any]:
    names = rng.sample(NAMES, count)
    properties = {name: rng.choice(VALUES[: rng.choice((3, 4))]) for name in names}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    possible = [name for name in names if properties[name] is not False]
    schema["required"] = rng.sample(possible, min(len(possible), rng.choice((0, 0, 1, 3, count // 2))))
    if rng.random() < 0.7:
        schema["additionalProperties"] = rng.choice((False, False, {"type": "null"}))
    if rng.random() < 0.2:
        schema["minProperties"] = rng.randrange(5)
    return schema


def document_for(schema: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    properties, required = schema["properties"], schema["required"]
    taken = [name for name in properties if name in required or (properties[name] and rng.random() < 0.05)]
    return {name: None if properties[name] == VALUES[2] else 1 for name in taken}


@pytest.mark.parametrize("order", ["schema", "any"])
@pytest.mark.parametrize("seed", range(6))
def test_wide_objects(seed: int, order: str) -> None:
    rng = random.Random(seed)
    schema = wide(rng, rng.choice((60, 64, 65, 80)))
    constraint = constraint_of(schema, property_order=order, whitespace="compact")
    interpreter = interpreter_of(constraint)
    for _ in range(3):
        document = document_for(schema, rng)
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        assert accepts(constraint, text) == jsonschema_accepts(schema, document)
        tokens = random_tokens(text.encode(), constraint.vocabulary, rng)
        check_walk(constraint, interpreter, tokens, rng, 12)


@pytest.mark.parametrize("order", ["schema", "any"])
@pytest.mark.parametrize("seed", range(4))
def test_unions_of_wide_objects(seed: int, order: str) -> None:
    rng = random.Random(seed)
    schema = {"anyOf": [wide(rng, 30) for _ in range(3)]}
    try:
        constraint = constraint_of(schema, property_order=order, whitespace="compact")
    except UnsatisfiableSchema:
        return
    check_walk(constraint, interpreter_of(constraint), None, rng, 10)
    document = document_for(rng.choice(schema["anyOf"]), rng)
    if order == "any":
        assert accepts(constraint, json.dumps(document, separators=(",", ":"))) == jsonschema_accepts(schema, document)


def test_thousands_of_properties_in_order() -> None:
    """What may come next is told by blocks of ranks, wherever the document is."""
    names = [f"p{number * 7919 % 5000}" for number in range(5000)]
    properties = {name: {"type": "integer"} for name in names}
    schema = {"properties": properties, "required": [names[4000]], "additionalProperties": False, "type": "object"}
    constraint = constraint_of(schema, property_order="schema", whitespace="compact", escapes="minimal")
    for place in (0, 64, 2500, 3999, 4000, 4998, 4999):
        members = ",".join(f'"{names[i]}":1' for i in sorted({place, 4000}))
        assert accepts(constraint, "{" + members + "}")
    assert not accepts(constraint, f'{{"{names[4000]}":1,"{names[3999]}":1}}')
    assert not accepts(constraint, f'{{"{names[4001]}":1}}')
    after = matcher_after(constraint, f'{{"{names[4000]}":1,"{names[4998]}":1'.encode())
    assert after.forced_bytes() == b""
    assert after.accept_token(constraint.vocabulary.tokens.index(b","))
    assert after.forced_bytes() == f'"{names[4999]}":'.encode()
