"""What is told of schemas from their keywords alone: against lowering and searching."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from maskwright.grammar.errors import MaskwrightError
from maskwright.schemas.atoms import Kind
from maskwright.schemas.classification import object_of, plain_object
from maskwright.schemas.evident import Evident
from maskwright.schemas.lowering import Language
from maskwright.schemas.satisfiability import Satisfier

from .applicator_strategies import applicator_schemas
from .strategies import core_schemas


def check(schema: Any) -> None:
    """What is evident is found by the search too, and objects read off are those of the lowered formula."""
    try:
        language = Language(schema)
    except MaskwrightError:
        return
    evident, satisfier = Evident(language), Satisfier(language)
    for kind in Kind:
        if evident.of_kind(language.root, kind):
            assert kind in language.plain.kinds_of(language.root)
            assert satisfier._of_kind(language.root, kind, satisfier.witness) is not None
        elif kind not in language.plain.kinds_of(language.root):
            assert satisfier._of_kind(language.root, kind, satisfier.witness) is None
    if evident.value(language.root):
        assert satisfier.witness(language.root) is not None
    literals = language.plain.literals(language.root, Kind.OBJECT)
    lowered = plain_object(language, language.lower(language.root, Kind.OBJECT, 1))
    if literals is not None and lowered is not None:
        assert object_of(language, literals) == lowered


@settings(max_examples=150, deadline=None)
@given(core_schemas())
def test_core_schemas(schema: Any) -> None:
    check(schema)


@settings(max_examples=150, deadline=None)
@given(applicator_schemas())
def test_applicators(schema: Any) -> None:
    check(schema)


EVIDENT = [
    {},
    {"type": "string", "minLength": 3},
    {"type": "string", "pattern": "^[a-f]{40}$"},
    {"type": "string", "pattern": "^[^a]{20,}$", "maxLength": 30},
    {"type": "object", "required": ["a", "b"], "properties": {"a": {"enum": [1]}}},
    {"anyOf": [{"type": "null"}, {"type": "object", "required": ["a"]}]},
    {"oneOf": [{"type": "null"}, {"type": "array", "minItems": 2, "items": {"type": "integer"}}]},
    {"properties": {"a": {"$ref": "#"}}},
]

NOT_EVIDENT = [
    False,
    {"type": "string", "minLength": 3, "maxLength": 2},
    {"type": "string", "pattern": "^[a-f]{40}$", "maxLength": 39},
    {"type": "string", "pattern": "^[^\\s\\S]{20,}$"},
    {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}},
    {"type": "object", "required": ["a", "b"], "maxProperties": 1},
    {"type": "array", "minItems": 2, "items": False},
    {"anyOf": [{"type": "null"}, {"type": "array"}], "type": "string"},
]


@pytest.mark.parametrize(("schema", "expected"), [(s, True) for s in EVIDENT] + [(s, False) for s in NOT_EVIDENT])
def test_evident(schema: Any, expected: bool) -> None:
    language = Language(schema)
    assert Evident(language).value(language.root) == expected
    assert Satisfier(language).value(language.root) == expected
