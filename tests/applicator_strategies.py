"""Random schemas that nest the Boolean applicators and all other keywords, over few names and values."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from .strategies import NAMES

Schema = Any

KEY_PATTERNS = ("^a", "b$", "^[ab]$", "c", "^.$", "^ab?$")
CONSTANTS = (None, True, 0, 1, 2, 1.0, "", "a", "b", "ab", [], [1], ["a"], {}, {"a": 1}, {"b": None})


def applicator_schemas(depth: int = 3) -> st.SearchStrategy[Schema]:
    """2020-12 schemas without references."""
    return st.randoms(use_true_random=False).map(lambda rng: random_schema(rng, depth))


def random_schema(rng: random.Random, depth: int) -> Schema:
    if depth == 0 or rng.random() < 0.1:
        leaves: list[Schema] = [True, True, False, {"type": "integer"}, {"type": "string"}, {"type": "null"}]
        return rng.choice([*leaves, {"const": rng.choice(CONSTANTS)}, {"enum": rng.sample(CONSTANTS, 3)}])
    schema: dict[str, Any] = {}
    for keyword in rng.sample(sorted(_KEYWORDS), rng.randint(1, 3)):
        schema.update(_KEYWORDS[keyword](rng, depth - 1))
    return schema


def _inner(keyword: str) -> Callable[[random.Random, int], Schema]:
    return lambda rng, depth: {keyword: random_schema(rng, depth)}


def _several(keyword: str) -> Callable[[random.Random, int], Schema]:
    return lambda rng, depth: {keyword: [random_schema(rng, depth) for _ in range(rng.randint(1, 3))]}


def _members(keyword: str, names: tuple[str, ...]) -> Callable[[random.Random, int], Schema]:
    return lambda rng, depth: {
        keyword: {name: random_schema(rng, depth) for name in rng.sample(names, rng.randint(1, 2))}
    }


def _count(keyword: str) -> Callable[[random.Random, int], Schema]:
    return lambda rng, depth: {keyword: rng.randint(0, 3)}


def _if(rng: random.Random, depth: int) -> Schema:
    keywords = ["if", *rng.sample(["then", "else"], rng.randint(0, 2))]
    return {keyword: random_schema(rng, depth) for keyword in keywords}


def _contains(rng: random.Random, depth: int) -> Schema:
    counts = {keyword: rng.randint(0, 2) for keyword in rng.sample(["minContains", "maxContains"], rng.randint(0, 2))}
    return {"contains": random_schema(rng, depth), **counts}


def _names(rng: random.Random) -> list[str]:
    return rng.sample(NAMES, rng.randint(0, 2))


def _property_names(rng: random.Random, depth: int) -> Schema:
    names = [
        {"enum": ["a", "b", "c"]},
        {"pattern": rng.choice(KEY_PATTERNS)},
        {"maxLength": 1},
        {"not": {"const": "a"}},
    ]
    return {"propertyNames": rng.choice(names)}


_KEYWORDS: dict[str, Callable[[random.Random, int], Schema]] = {
    "type": lambda rng, depth: {"type": rng.sample(["object", "array", "string", "integer", "null"], 2)},
    "object": lambda rng, depth: {"type": "object"},
    "array": lambda rng, depth: {"type": "array"},
    "const": lambda rng, depth: {"const": rng.choice(CONSTANTS)},
    "enum": lambda rng, depth: {"enum": rng.sample(CONSTANTS, 4)},
    "anyOf": _several("anyOf"),
    "allOf": _several("allOf"),
    "oneOf": _several("oneOf"),
    "not": _inner("not"),
    "if": _if,
    "properties": _members("properties", NAMES),
    "patternProperties": _members("patternProperties", KEY_PATTERNS),
    "additionalProperties": _inner("additionalProperties"),
    "propertyNames": _property_names,
    "required": lambda rng, depth: {"required": _names(rng)},
    "minProperties": _count("minProperties"),
    "maxProperties": _count("maxProperties"),
    "dependentRequired": lambda rng, depth: {"dependentRequired": {rng.choice(NAMES): _names(rng)}},
    "dependentSchemas": _members("dependentSchemas", NAMES),
    "unevaluatedProperties": _inner("unevaluatedProperties"),
    "items": _inner("items"),
    "prefixItems": _several("prefixItems"),
    "contains": _contains,
    "minItems": _count("minItems"),
    "maxItems": _count("maxItems"),
    "uniqueItems": lambda rng, depth: {"uniqueItems": True},
    "unevaluatedItems": _inner("unevaluatedItems"),
}
