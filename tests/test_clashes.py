"""What an unsatisfiable schema is refused for: keywords that really cannot be satisfied together."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import assume, given, settings

from maskwright.schemas.clashes import _Explanation, unsatisfiable
from maskwright.schemas.options import JsonOptions
from maskwright.schemas.satisfiability import Satisfier

from .applicator_strategies import applicator_schemas
from .formula_oracle import UNHURRIED, language_of

OPTIONS = JsonOptions()


def objects(properties: dict[str, Any], *required: str, **others: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required or properties), **others}


TOO_SMALL = {"type": "integer", "minimum": 3, "maximum": 2}
TOO_LONG = {"type": "string", "pattern": "^a{5}$", "maxLength": 4}


@pytest.mark.parametrize(
    ("schema", "clashes"),
    [
        (False, []),
        ({"enum": []}, [{"/enum"}]),
        ({"not": {}}, [{"/not"}]),
        (TOO_SMALL, [{"/minimum", "/maximum", "/type"}]),
        ({"allOf": [{"const": 1}, {"const": 2}]}, [{"/allOf/0/const", "/allOf/1/const"}]),
        (objects({"a": TOO_SMALL, "b": {"type": "null"}}),
         [{"/properties/a/minimum", "/properties/a/maximum", "/properties/a/type"}]),
        (objects({"b": {}, "a": TOO_SMALL}, "b", "c", additionalProperties=False),
         [{"/required", "/additionalProperties", "/type"}]),
        (objects({"a": {"$ref": "#/$defs/x"}}, **{"$defs": {"x": TOO_LONG, "y": TOO_SMALL}}),
         [{"/$defs/x/pattern", "/$defs/x/maxLength", "/$defs/x/type"}]),
        (objects({"a": False, "b": {}}, "a"), [{"/properties/a", "/required", "/type"}]),
        (objects({"a": {"$ref": "#"}}), [{"/properties", "/required", "/type"}]),
        ({"anyOf": [TOO_SMALL, {"type": "string", "enum": [1]}]},
         [{"/anyOf/0/minimum", "/anyOf/0/maximum", "/anyOf/0/type"}, {"/anyOf/1/enum", "/anyOf/1/type"}]),
        ({"type": "string", "not": {"anyOf": [{"type": "string"}, TOO_SMALL]}}, [{"/not", "/type"}]),
        ({"type": "array", "minItems": 3, "prefixItems": [True, True, False]},
         [{"/minItems", "/prefixItems/2", "/type"}]),
        (objects({"a": {"type": "null"}}, "b", unevaluatedProperties=False),
         [{"/required", "/unevaluatedProperties", "/type"}]),
        ({"if": {"type": "string"}, "then": {"type": "integer"}, "else": False}, [{"/if/type", "/then/type"}]),
    ],
)  # fmt: skip
def test_clashing_places_are_named(schema: Any, clashes: list[set[str]]) -> None:
    assert [set(group) for group in _Explanation(schema, OPTIONS).groups()] == clashes
    error = unsatisfiable(schema, OPTIONS)
    assert all(place in error.problem for group in clashes for place in group)
    assert error.pointer in (clashes[0] if clashes else {""})


@settings(UNHURRIED, max_examples=60)
@given(applicator_schemas())
def test_what_is_named_clashes_and_nothing_of_it_can_be_spared(schema: Any) -> None:
    language = language_of(schema)
    assume(not Satisfier(language).value(language.root))
    explanation = _Explanation(schema, OPTIONS)
    clashing = explanation._smallest(explanation._candidates, None)
    assert explanation._clash(clashing, None)
    assert not any(explanation._clash([p for p in clashing if p != place], None) for place in clashing)


def test_time_to_explain_is_bounded() -> None:
    wide = {
        "allOf": [objects({f"p{i}": {"type": "string"} for i in range(2000)}), {"properties": {"p7": {"type": "null"}}}]
    }
    start = time.process_time()
    assert "/allOf/0/required" in unsatisfiable(wide, OPTIONS).problem
    assert time.process_time() - start < 10
