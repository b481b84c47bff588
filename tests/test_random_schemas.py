"""The engine on random schemas with all keywords: against the interpreter, against ``jsonschema``, and to the end."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.utils import many

from maskwright.grammar.errors import UnsatisfiableSchema, UnsupportedSchema
from maskwright.grammar.matcher import Constraint

from .applicator_strategies import CONSTANTS, KEY_PATTERNS, applicator_schemas
from .engine_cases import (
    END,
    OTHER_END,
    InexactNumberError,
    accepts,
    check_walk,
    close_soon,
    constraint_of,
    interpreter_of,
    jsonschema_accepts,
    mask_of,
    parsed,
    random_token,
    random_tokens,
    serialised,
)
from .formula_oracle import UNHURRIED
from .strategies import NAMES, documents, documents_for

OPTIONS = st.fixed_dictionaries(
    {
        "property_order": st.sampled_from(["any", "schema"]),
        "whitespace": st.sampled_from(["formatted", "compact", "any"]),
    }
)
SEEDS = st.integers(0, 2**32)

KEYS_BY_CLASS: list[Any] = [
    {"patternProperties": {"^[0-9a-c_-]{1,3}$": {"type": ["string", "null"]}}},
    {"patternProperties": {"^[0-9a-c_-]{1,255}$": {"const": 1}, "^a": {"type": "number"}}, "minProperties": 2},
    {"not": {"patternProperties": {"^[a-c]{1,3}$": {"type": "null"}}}},
    {"oneOf": [{"patternProperties": {"^[a-c]{1,3}$": {"type": ["string", "null"]}}}, {"required": ["c"]}]},
    {"propertyNames": {"maxLength": 1, "pattern": "[a-cé]"}, "minProperties": 3, "additionalProperties": {"const": 1}},
    {"propertyNames": {"pattern": "^(a|b|😀)$"}, "required": ["a"], "maxProperties": 2},
    {"propertyNames": {"not": {"enum": ["a", "b"]}}, "additionalProperties": {"type": "null"}},
    {"patternProperties": {"^a": True, "b$": {"type": "null"}}, "additionalProperties": False, "minProperties": 2},
    {"if": {"required": ["a"]}, "then": {"maxProperties": 2}, "else": {"patternProperties": {"^b": {"const": "b"}}}},
    {"patternProperties": {"^a?b?c?$": {"enum": [1]}}, "additionalProperties": False, "minProperties": 7},
    {"contains": {"type": "string"}, "patternProperties": {"é": False}, "unevaluatedProperties": {"type": "null"}},
]


def constraint_if_any(schema: Any, **options: Any) -> Constraint | None:
    """The constraint, None if nothing satisfies the schema; what is not supported is left out."""
    try:
        return constraint_of(schema, **options)
    except UnsatisfiableSchema:
        return None
    except UnsupportedSchema:
        assume(False)
        raise


# --- kernels and interpreter


@pytest.mark.parametrize("property_order", ["any", "schema"])
@pytest.mark.parametrize("schema", KEYS_BY_CLASS, ids=json.dumps)
def test_masks_of_classed_keys(schema: Any, property_order: str) -> None:
    constraint = constraint_of({"type": "object", **schema}, property_order=property_order)
    interpreter = interpreter_of(constraint)
    for seed in range(3):
        check_walk(constraint, interpreter, None, random.Random(seed), 20)


@settings(UNHURRIED, max_examples=50)
@given(applicator_schemas(), OPTIONS, SEEDS)
def test_masks_along_random_walks(schema: Any, options: dict[str, str], seed: int) -> None:
    constraint = constraint_if_any(schema, **options)
    if constraint is not None:
        with contextlib.suppress(UnsupportedSchema):
            check_walk(constraint, interpreter_of(constraint), None, random.Random(seed), 12)


@settings(UNHURRIED, max_examples=50)
@given(st.data(), applicator_schemas(), OPTIONS, SEEDS)
def test_masks_along_random_documents(data: st.DataObject, schema: Any, options: dict[str, str], seed: int) -> None:
    constraint, rng = constraint_if_any(schema, **options), random.Random(seed)
    if constraint is None:
        return
    text = serialised(data.draw(documents_for(schema)), rng)
    tokens = random_tokens(text.encode(), constraint.vocabulary, rng)
    with contextlib.suppress(UnsupportedSchema):
        check_walk(constraint, interpreter_of(constraint), tokens, rng, 15)


# --- no dead ends


@settings(UNHURRIED, max_examples=150)
@given(applicator_schemas(), OPTIONS, SEEDS)
def test_walks_end_in_valid_documents(schema: Any, options: dict[str, str], seed: int) -> None:
    constraint = constraint_if_any(schema, **options)
    if constraint is None:
        return
    with contextlib.suppress(UnsupportedSchema, InexactNumberError):
        content = walked(constraint, random.Random(seed))
        if content is not None:
            assert jsonschema_accepts(schema, parsed(content)), content


def walked(constraint: Constraint, rng: random.Random) -> bytes | None:
    matcher, content = constraint.matcher(), b""
    for _ in range(rng.randrange(20)):
        allowed = mask_of(matcher)
        assert allowed.any(), f"dead end after {content!r}"
        allowed[[END, OTHER_END]] = False
        if not allowed.any():
            break
        token = random_token(allowed, constraint.vocabulary, rng)
        assert matcher.accept_token(token), f"after {content!r} {constraint.vocabulary.tokens[token]!r} is refused"
        content += constraint.vocabulary.tokens[token]
    rest = close_soon(matcher, rng, 150)
    return None if rest is None else content + rest


# --- exactness


@settings(UNHURRIED, max_examples=250)
@given(st.data(), applicator_schemas(), SEEDS)
def test_accepts_what_jsonschema_accepts(data: st.DataObject, schema: Any, seed: int) -> None:
    tried = data.draw(st.lists(documents_for(schema) | documents, min_size=4, max_size=8))
    check_exactness(schema, tried, random.Random(seed))


def check_exactness(schema: Any, tried: list[Any], rng: random.Random) -> None:
    constraint = constraint_if_any(schema, property_order="any")
    for document in tried:
        valid = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema).is_valid(document)
        with contextlib.suppress(UnsupportedSchema):
            assert (constraint is not None and accepts(constraint, serialised(document, rng))) == valid, document


def metaschema(depth: int) -> dict[str, Any]:
    """Draft 7's metaschema, unrolled ``depth`` times, over few names and values."""
    inner: Any = metaschema(depth - 1) if depth else {"enum": [True, {}, {"type": "string"}, {"type": "integer"}]}
    several = {"type": "array", "items": inner, "minItems": 1, "maxItems": 3}
    names = {"type": "array", "items": {"enum": list(NAMES)}, "uniqueItems": True, "maxItems": 2}
    counts = {"type": "integer", "minimum": 0, "maximum": 3}
    bounds = {"enum": [-1, 0, 1, 1.5, 2]}

    def members(keys: tuple[str, ...], value: Any) -> dict[str, Any]:
        return {"type": "object", "properties": dict.fromkeys(keys, value), "additionalProperties": False}

    keywords = {
        **dict.fromkeys(("not", "if", "then", "else", "additionalProperties", "contains", "additionalItems"), inner),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), several),
        **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"), counts),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), bounds),
        "items": {"anyOf": [inner, several]},
        "properties": members(NAMES, inner),
        "patternProperties": members(KEY_PATTERNS, inner),
        "propertyNames": {"enum": [{"maxLength": 1}, {"pattern": "^a"}, {"not": {"const": "a"}}, {"enum": ["a", "c"]}]},
        "dependencies": members(NAMES[:2], {"anyOf": [inner, names]}),
        "required": names,
        "multipleOf": {"enum": [1, 2, 0.5, 3]},
        "pattern": {"enum": list(KEY_PATTERNS)},
        "uniqueItems": {"type": "boolean"},
        "const": {"enum": list(CONSTANTS)},
        "enum": {"type": "array", "items": {"enum": list(CONSTANTS)}, "minItems": 1, "maxItems": 3},
        "type": {"enum": ["object", "array", "string", "integer", "number", "boolean", "null", ["object", "array"]]},
    }
    return {"type": "object", "properties": keywords, "additionalProperties": False, "minProperties": 1}


class Many(many):
    """``many`` with the method ``more`` of earlier versions of hypothesis, which hypothesis-jsonschema 0.23 calls."""

    _steps: Iterator[None] | None = None

    def more(self) -> bool:
        if self._steps is None:
            self._steps = iter(self.__enter__())
        try:
            next(self._steps)
        except StopIteration:
            self.__exit__(None, None, None)
            return False
        return True


def breaks_jsonschema(value: Any) -> bool:
    """``additionalItems`` beside ``items: true``, for which ``jsonschema`` 4.26 asks for the length of ``true``."""
    if isinstance(value, dict):
        if "additionalItems" in value and isinstance(value.get("items"), bool):
            return True
        value = list(value.values())
    return isinstance(value, list) and any(map(breaks_jsonschema, value))


def test_schemas_from_hypothesis_jsonschema(monkeypatch: pytest.MonkeyPatch) -> None:
    hypothesis_jsonschema = pytest.importorskip("hypothesis_jsonschema")
    if not hasattr(many, "more"):
        monkeypatch.setattr("hypothesis_jsonschema._from_schema.cu", SimpleNamespace(many=Many))

    @settings(UNHURRIED, max_examples=40)
    @given(st.data(), hypothesis_jsonschema.from_schema(metaschema(1)), SEEDS)
    def check(data: st.DataObject, schema: Any, seed: int) -> None:
        assume(not breaks_jsonschema(schema))
        tried = data.draw(st.lists(documents_for(schema) | documents, min_size=4, max_size=8))
        check_exactness({"$schema": "http://json-schema.org/draft-07/schema#", **schema}, tried, random.Random(seed))

    check()
