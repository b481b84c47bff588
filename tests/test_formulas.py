"""Schemas as formulas: acceptance against ``jsonschema``, errors, states, classification, formulas and values."""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.errors import InvalidSchema, MaskwrightError, UnsupportedSchema
from maskwright.schemas.atoms import Has, Kind
from maskwright.schemas.classification import PlainObject, plain_array, plain_object
from maskwright.schemas.formula import FALSE, TRUE, Formulas, Variable
from maskwright.schemas.lowering import Language
from maskwright.schemas.options import JsonOptions
from maskwright.schemas.residual import Residual, absent, close, factor, finish_with, key, named_keys, open_container
from maskwright.schemas.satisfiability import Satisfier
from maskwright.schemas.values import Constants

from .formula_oracle import UNHURRIED, accepts, jsonschema_accepts, language_of, run
from .strategies import NAMES, core_schemas, documents, documents_for

# --- acceptance


@UNHURRIED
@given(st.data(), core_schemas(), st.sampled_from(["schema", "any"]))
def test_accepts_what_jsonschema_accepts(data: st.DataObject, schema: Any, order: str) -> None:
    language = language_of(schema, property_order=order)
    for document in data.draw(st.lists(documents_for(schema), min_size=8, max_size=8)):
        assert accepts(language, document) == jsonschema_accepts(schema, document)
    document = data.draw(documents)
    assert accepts(language, document) == jsonschema_accepts(schema, document)


DRAFT4, DRAFT6, DRAFT7 = (f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 6, 7))

CASES: list[tuple[Any, list[Any], list[Any]]] = [
    ({"const": {"a": [1, {"b": None}]}}, [{"a": [1.0, {"b": None}]}], [{"a": [1]}, {"a": [True, {"b": None}]}, {}]),
    ({"enum": [[], {}, [0], False]}, [[], {}, [0], False], [0, [False], [0, 0], {"a": 1}, None]),
    ({"type": "integer"}, [1, 1.0, -0.0, 1e30], [1.5, "1", True]),
    ({"$schema": DRAFT4, "type": "integer"}, [1], [1.0, True]),
    ({"multipleOf": 0.01}, [0.07, 19.99, 4, "x"], [0.001]),
    (
        {"$schema": DRAFT4.rstrip("#"), "minimum": 1, "exclusiveMinimum": True},
        [1.01, "1"],
        [1, 0],
    ),
    ({"exclusiveMinimum": 1, "exclusiveMaximum": 2}, [1.5], [1, 2]),
    (
        {"$schema": DRAFT7, "items": [True, {"type": "null"}], "additionalItems": False},
        [[], [1], [1, None]],
        [[1, 2], [1, None, 2]],
    ),
    ({"maxLength": 1}, ["\U0001f600", ""], ["ab"]),
    (
        {"$defs": {"a/b~c %": {"type": "null"}}, "items": {"$ref": "#/$defs/a~1b~0c%20%25"}},
        [[None], []],
        [[1]],
    ),
    (
        {"$schema": DRAFT6, "properties": {"a": {"$ref": "#/properties/b", "type": "null"}, "b": {"type": "string"}}},
        [{"a": "x"}],
        [{"a": None}],
    ),
    (
        {"$id": "http://example.com/tree", "properties": {"left": {"$ref": "http://example.com/tree#"}},
         "additionalProperties": False},
        [{"left": {"left": {}}}],
        [{"left": {"right": {}}}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "valid", "invalid"), CASES)
def test_cases(schema: Any, valid: list[Any], invalid: list[Any]) -> None:
    language = Language(schema)
    assert all(accepts(language, document) for document in valid)
    assert not any(accepts(language, document) for document in invalid)


VOID = [
    {"uniqueItems": False, "minProperties": 0, "then": {"not": {}}, "required": [], "additionalItems": {"not": {}}},
    {"if": {"not": {}}, "patternProperties": {}, "propertyNames": True, "minContains": 0, "contains": {"type": "null"}},
    {"title": "x", "unknown": {"not": {}}, "definitions": {"x": {"not": 3}}, "format": "made-up", "default": "\ud800"},
    {"type": "integer", "format": "date"},
    {"oneOf": [{"title": "x"}]},
]


@pytest.mark.parametrize("schema", VOID)
def test_what_says_nothing_is_passed_over(schema: Any) -> None:
    language = Language(schema)
    assert accepts(language, 3)
    assert Satisfier(language).value(language.root)


# --- errors

INVALID = [
    (3, ""),
    ({"type": "strng"}, "/type"),
    ({"type": []}, "/type"),
    ({"required": True}, "/required"),
    ({"required": [1]}, "/required"),
    ({"minLength": -1}, "/minLength"),
    ({"maxItems": 1.5}, "/maxItems"),
    ({"properties": []}, "/properties"),
    ({"properties": {"a": 1}}, "/properties/a"),
    ({"enum": 3}, "/enum"),
    ({"enum": [float("nan")]}, "/enum"),
    ({"const": {"a": [float("inf")]}}, "/const"),
    ({"const": {"\udfff": 1}}, "/const"),
    ({"enum": ["\ud800"]}, "/enum"),
    ({"minimum": float("nan")}, "/minimum"),
    ({"minimum": True}, "/minimum"),
    ({"exclusiveMinimum": True}, "/exclusiveMinimum"),
    ({"multipleOf": 0}, "/multipleOf"),
    ({"pattern": 3}, "/pattern"),
    ({"anyOf": []}, "/anyOf"),
    ({"items": [True]}, "/items"),
    ({"$ref": 3}, "/$ref"),
    ({"items": {"$ref": "#/nowhere"}}, "/items/$ref"),
    ({"items": {"$ref": "#/required"}, "required": []}, "/items/$ref"),
    ({"$ref": "#"}, ""),
    ({"anyOf": [True, {"$ref": "#"}]}, ""),
    ({"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"allOf": [{"$ref": "#"}]}}}, ""),
]

UNSUPPORTED = [
    ({"$schema": "http://json-schema.org/draft-03/schema#"}, "/$schema"),
]


@pytest.mark.parametrize(("schema", "pointer"), INVALID)
def test_invalid_schemas(schema: Any, pointer: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        Language(schema)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(("schema", "pointer"), UNSUPPORTED)
def test_unsupported_schemas(schema: Any, pointer: str) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        Language(schema)
    assert caught.value.pointer == pointer


def test_options_are_checked() -> None:
    with pytest.raises(MaskwrightError):
        JsonOptions(property_order="sorted")  # type: ignore[arg-type]
    with pytest.raises(MaskwrightError):
        Language({}, JsonOptions(dialect="draft9"))
    assert accepts(Language({"items": [{"type": "null"}]}, JsonOptions(dialect="draft7")), [None])


# --- residuals and classification


def test_a_joint_group_step_by_step() -> None:
    schema = {"type": "object", "anyOf": [
        {"properties": {"t": {"const": "x"}, "v": {"type": "integer"}}, "required": ["t", "v"]},
        {"properties": {"t": {"const": "y"}, "w": {"type": "null"}}, "required": ["t", "w"]},
    ]}  # fmt: skip
    language = Language(schema)
    satisfier = Satisfier(language)
    state = open_container(language, language.root, Kind.OBJECT)
    assert named_keys(language, state) == ["t", "w", "v"] or named_keys(language, state) == ["t", "v", "w"]
    assert close(language, state) == FALSE
    pending = key(language, state, "t")
    assert factor(pending=pending, language=language) is None
    state = Residual(run(language, pending, state.kinds, "y"), state.kinds)
    assert named_keys(language, state) == ["t", "w"]
    pending = key(language, state, "w")
    split = factor(language, pending)
    assert split is not None
    value, rest = split
    assert satisfier.value_of_kind(value, Kind.NULL)
    assert not satisfier.value_of_kind(value, Kind.NUMBER)
    assert finish_with(language, pending, lambda schema: True) == rest
    assert finish_with(language, pending, lambda schema: False) == FALSE
    assert close(language, Residual(rest, state.kinds)) == TRUE
    assert not satisfier.residual(absent(language, state, ["w"]))
    assert satisfier.residual(absent(language, state, ["v"]))


def test_plain_object() -> None:
    schema = {
        "type": "object",
        "required": ["z", "b"],
        "properties": {"b": {"type": "string"}, "a": True},
        "additionalProperties": {"type": "null"},
    }
    language = Language(schema)
    plain = plain_object(language, language.lower(language.root, Kind.OBJECT, 1))
    assert plain is not None
    assert list(plain.properties) == ["b", "a", "z"]
    assert plain.required == {"z", "b"}
    assert plain.properties["z"] == plain.others != plain.properties["b"]
    assert plain.properties["a"] == TRUE
    assert plain_object(language, TRUE) == PlainObject({}, TRUE, frozenset())
    assert plain_object(language, FALSE) is None
    union = Language({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]})
    assert plain_object(union, union.lower(union.root, Kind.OBJECT, 1)) is None


def test_plain_array() -> None:
    language = Language(
        {"prefixItems": [{"type": "null"}, True], "items": {"type": "string"}, "minItems": 1, "maxItems": 4}
    )
    plain = plain_array(language, language.lower(language.root, Kind.ARRAY, 1))
    assert plain is not None
    assert (len(plain.prefix), plain.minimum, plain.maximum) == (2, 1, 4)
    assert plain.prefix[1] == TRUE != plain.rest


@pytest.mark.parametrize(("schema", "order"), [
    ({"properties": {"b": True, "a": True}}, ["b", "a"]),
    ({"properties": {"a": {"properties": {"x": True, "y": True}}, "b": True}}, ["a", "b"]),
    ({"allOf": [{"properties": {"a": {}, "c": {}}}, {"properties": {"a": {}, "b": {}, "c": {}}}]}, ["a", "b", "c"]),
    ({"properties": {"z": {}}, "allOf": [{"properties": {"b": {}}}, {"properties": {"a": {}}}]}, ["z", "b", "a"]),
    ({"properties": {"b": {}}, "allOf": [{"properties": {"a": {}, "b": {}, "c": {}}}]}, ["a", "b", "c"]),
    ({"required": ["z"], "properties": {"y": True}}, ["y", "z"]),
    ({"const": {"b": 1, "a": 2}}, ["b", "a"]),
])  # fmt: skip
def test_keys_in_schema_order(schema: Any, order: list[str]) -> None:
    language = Language(schema)
    assert named_keys(language, open_container(language, language.root, Kind.OBJECT)) == order


def test_pointers() -> None:
    language = Language({"properties": {"a/b": {"items": {"pattern": "x"}}}})
    assert language.patterns == {"x": "/properties/a~1b/items/pattern"}


# --- formulas and values


@given(st.data())
def test_formulas_keep_their_meaning(data: st.DataObject) -> None:
    formulas = Formulas()
    variables = [formulas.variable(1, Has(name)) for name in NAMES]
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    truths: list[tuple[int, list[bool]]] = []
    worlds = list(itertools.product([False, True], repeat=len(NAMES)))
    for index, variable in enumerate(variables):
        truths.append((variable, [world[index] for world in worlds]))
    for _ in range(12):
        parts = rng.choices(truths, k=rng.randint(1, 4))
        columns = list(zip(*(truth for _, truth in parts), strict=True))
        made = rng.randrange(4)
        if made == 0:
            truths.append((formulas.negation(parts[0][0]), [not column[0] for column in columns]))
            continue
        build = [formulas.conjunction, formulas.disjunction, formulas.exactly_one][made - 1]
        outcomes = [(all(column), any(column), sum(column) == 1)[made - 1] for column in columns]
        truths.append((build([part for part, _ in parts]), outcomes))
    for formula, truth in truths:
        for world, expected in zip(worlds, truth, strict=True):
            values = dict(zip(NAMES, world, strict=True))

            def holds(variable: Variable, values: dict[str, bool] = values) -> bool:
                assert isinstance(variable.atom, Has)
                return values[variable.atom.name]

            assert formulas.evaluate(formula, holds) == expected
            mapping = {v: TRUE if b else FALSE for v, b in zip(variables, world, strict=True)}
            assert formulas.substitute(formula, mapping) == (TRUE if expected else FALSE)
        conjuncts = formulas.conjuncts(formula)
        some = rng.sample(conjuncts, rng.randint(0, len(conjuncts)))
        assert formulas.part_of_conjunction(some) == formulas.conjunction(some)


@given(documents, documents)
def test_equal_constants_have_equal_numbers(one: Any, other: Any) -> None:
    constants = Constants(ordered=False)
    assert (constants.number(one) == constants.number(other)) == jsonschema_accepts({"const": one}, other)


# --- MaskBench


def maskbench() -> Path | None:
    data = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
    return data / "maskbench" if (data / "maskbench").is_dir() else None


@pytest.mark.skipif(maskbench() is None, reason="MASKWRIGHT_DATA names no folder that holds maskbench/")
def test_maskbench_labels() -> None:
    folder = maskbench()
    assert folder is not None
    supported = 0
    for path in sorted(folder.iterdir())[::40]:
        case = json.loads(path.read_text())
        try:
            language = Language(case["schema"], JsonOptions(formats="annotate"))
        except (InvalidSchema, UnsupportedSchema):
            continue
        supported += 1
        for test in case["tests"]:
            if accepts(language, test["data"]) != test["valid"]:
                # Labels are made with formats asserted; as annotations, jsonschema has to agree with us instead.
                assert accepts(language, test["data"]) == jsonschema_accepts(case["schema"], test["data"]), path.name
    assert supported > 100
