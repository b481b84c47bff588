"""All applicators and assertions as formulas: acceptance, satisfiability, classes of keys, and the official suite."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.errors import InvalidSchema, LimitExceeded
from maskwright.schemas.atoms import Kind, MatchingKeys, NamedKey, OtherKeys
from maskwright.schemas.classification import plain_object
from maskwright.schemas.formula import FALSE, TRUE, Operator
from maskwright.schemas.key_classes import KeyClasses, key_classes
from maskwright.schemas.lowering import Language
from maskwright.schemas.matching import perfect_matching
from maskwright.schemas.options import JsonOptions
from maskwright.schemas.residual import Residual, close, descend, item, key, named_keys, open_container
from maskwright.schemas.satisfiability import Satisfier

from .applicator_strategies import CONSTANTS, applicator_schemas
from .formula_oracle import UNHURRIED, accepts, run
from .strategies import documents, documents_for

VALUES = [None, True, 0, 1, 2, "", "a", "ab", [], [1], {}, {"a": 1}]
SMALL: list[Any] = [
    *VALUES,
    *(list(items) for size in (1, 2, 3) for items in itertools.product([None, 0, 1, "a", {"a": 1}], repeat=size)),
    *(
        dict(zip(names, values, strict=True))
        for size in (1, 2, 3)
        for names in itertools.combinations(["a", "b", "c", "ab"], size)
        for values in itertools.product([None, 1, "a", [1]], repeat=size)
    ),
]


def plain(value: object) -> Any:
    """A witness as ``jsonschema`` takes it."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, list):
        return [plain(part) for part in value]
    return {name: plain(part) for name, part in value.items()} if isinstance(value, dict) else value


# --- random schemas


@UNHURRIED
@given(st.data(), applicator_schemas(), st.integers(0, 2**32))
def test_accepts_what_jsonschema_accepts(data: st.DataObject, schema: Any, seed: int) -> None:
    language = Language(schema)
    satisfiable = Satisfier(language).value(language.root)
    validator = jsonschema.Draft202012Validator(schema)
    tried = [
        *random.Random(seed).sample(SMALL, 20),
        *data.draw(st.lists(documents_for(schema) | documents, max_size=5)),
    ]
    for document in tried:
        accepted = accepts(language, document)
        assert accepted == validator.is_valid(document)
        assert satisfiable or not accepted


@UNHURRIED
@given(applicator_schemas())
def test_witnesses_are_valid(schema: Any) -> None:
    language = Language(schema)
    witness = Satisfier(language).witness(language.root)
    if witness is None:
        return
    try:
        document = plain(witness.value)
    except LimitExceeded:
        return
    assert accepts(language, document)
    assert jsonschema.Draft202012Validator(schema).is_valid(document)


@settings(UNHURRIED, max_examples=60)
@given(applicator_schemas(2), st.randoms(use_true_random=False))
def test_no_walk_meets_a_dead_end(schema: Any, rng: random.Random) -> None:
    language = Language(schema)
    satisfier = Satisfier(language)
    if satisfier.value(language.root):
        document, outcome = Walk(language, satisfier, rng).value(language.root, ())
        assert outcome == TRUE
        assert jsonschema.Draft202012Validator(schema).is_valid(document)


class Walk:
    """Writes a random document, taking any step after which there is still a way."""

    def __init__(self, language: Language, satisfier: Satisfier, rng: random.Random) -> None:
        self.language = language
        self.satisfier = satisfier
        self.rng = rng
        self.scalars = [None, True, False, 0, 1, 2, 3, "", "a", "b", "ab", "c", 0.5, "zz"]
        self.tracked = [language.constant(value) for value in (*self.scalars, *CONSTANTS)]

    def lives(self, formula: int, kinds: tuple[Kind, ...]) -> bool:
        return self.satisfier.residual(Residual(formula, kinds)) if kinds else formula == TRUE

    def value(self, pending: int, kinds: tuple[Kind, ...]) -> tuple[Any, int]:
        assert self.satisfier.pending(pending, kinds)
        choices: list[Any] = self.rng.sample(self.scalars, len(self.scalars))
        for kind in (Kind.ARRAY, Kind.OBJECT):
            choices.insert(self.rng.randint(0, 3 if len(kinds) < 3 else len(choices)), kind)
        for choice in choices:
            if isinstance(choice, Kind):
                state = descend(self.language, pending, kinds, choice)
                if self.satisfier.residual(state):
                    return self.container(state)
            else:
                formula = run(self.language, pending, kinds, choice)
                if self.lives(formula, kinds):
                    return choice, formula
        raise AssertionError("no value can come")

    def container(self, state: Residual) -> tuple[Any, int]:
        written: dict[Any, Any] = {}
        while True:
            closed = close(self.language, state)
            may_close = self.lives(closed, state.kinds[:-1])
            if not may_close or self.rng.random() > 0.3 + 0.1 * len(written):
                found = self.pending(state, written)
                if found is not None:
                    name, pending = found
                    written[name], formula = self.value(pending, state.kinds)
                    state = Residual(formula, state.kinds)
                    continue
            assert may_close
            return (written if state.kinds[-1] is Kind.OBJECT else list(written.values())), closed

    def pending(self, state: Residual, written: dict[Any, Any]) -> tuple[Any, int] | None:
        if state.kinds[-1] is Kind.ARRAY:
            pending = item(self.language, state, self.tracked)
            return (len(written), pending) if self.satisfier.pending(pending, state.kinds) else None
        for name in self.names(key_classes(self.language, state), written):
            pending = key(self.language, state, name)
            if self.satisfier.pending(pending, state.kinds):
                return name, pending
        return None

    def names(self, classes: KeyClasses, written: dict[Any, Any]) -> list[str]:
        names = [name for name in classes.named if name not in written]
        for number in range(1, len(classes.classes) + 1):
            printable = (name for name in classes.some_names(number) if name.isprintable() and name not in written)
            names += itertools.islice(printable, 2)
        return self.rng.sample(names, len(names))


# --- satisfiability by hand

UNSATISFIABLE = [
    {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^a$"}},
    {"type": "object", "minProperties": 3, "propertyNames": {"enum": ["a", "b"]}},
    {"type": "object", "minProperties": 703, "propertyNames": {"pattern": "^[a-z]{1,2}$"}},
    {"type": "object", "required": ["a", "b"], "maxProperties": 1},
    {"type": "object", "minProperties": 1, "patternProperties": {"^a": False}, "propertyNames": {"pattern": "^a"}},
    {"type": "object", "not": {"additionalProperties": {"type": "null"}}, "maxProperties": 0},
    {"type": "object", "not": {"patternProperties": {"^a": {"type": "null"}}}, "propertyNames": {"maxLength": 0}},
    {"type": "object", "properties": {"a": False}, "dependentRequired": {"b": ["a"]}, "required": ["b"]},
    {"type": "array", "prefixItems": [{"enum": [1, 2]}, {"enum": [1]}, {"enum": [2]}], "minItems": 3,
     "uniqueItems": True},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 4}, "minItems": 5, "uniqueItems": True},
    {"type": "array", "items": {"enum": [[1], [1.0], {"a": 1}]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "not": {"uniqueItems": True}, "maxItems": 1},
    {"type": "array", "contains": {"type": "null"}, "minContains": 3, "maxItems": 2},
    {"type": "array", "contains": {"type": "null"}, "maxContains": 2, "items": {"type": "null"}, "minItems": 3},
    {"type": "array", "contains": {"type": "null"}, "items": {"type": "string"}},
    {"oneOf": [{"type": "integer"}, {"type": "number", "multipleOf": 1}]},
    {"not": {}},
    {"if": {"type": "null"}, "then": False, "else": False},
    {"type": "object", "required": ["a"], "unevaluatedProperties": False, "anyOf": [{"properties": {"b": True}}]},
]  # fmt: skip

SATISFIABLE = [
    {"type": "object", "minProperties": 702, "propertyNames": {"pattern": "^[a-z]{1,2}$"}},
    {"type": "object", "minProperties": 10**6},
    {"type": "object", "minProperties": 2, "maxProperties": 2, "propertyNames": {"enum": ["a", "b"]}},
    {"type": "array", "prefixItems": [{"enum": [1, 2]}, {"enum": [1]}], "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 5}, "minItems": 5, "uniqueItems": True},
    {"type": "array", "minItems": 10**9, "uniqueItems": True},
    {"type": "array", "minItems": 10**9, "contains": {"type": "null"}, "minContains": 3, "maxContains": 4},
    {"type": "array", "not": {"uniqueItems": True}, "items": {"type": "null"}, "maxItems": 2},
    {"type": "array", "not": {"items": {"type": "null"}}, "contains": {"type": "null"}, "maxItems": 2},
    {"type": "object", "required": ["a"], "unevaluatedProperties": False, "anyOf": [{"properties": {"a": True}}]},
]


@pytest.mark.parametrize("schema", UNSATISFIABLE)
def test_unsatisfiable(schema: Any) -> None:
    language = Language(schema)
    assert not Satisfier(language).value(language.root)


@pytest.mark.parametrize("schema", SATISFIABLE)
def test_satisfiable(schema: Any) -> None:
    language = Language(schema)
    assert Satisfier(language).value(language.root)


def test_an_item_in_hand_counts_for_uniqueness() -> None:
    schema = {"prefixItems": [{"enum": [1, 2]}, {"enum": [1]}], "minItems": 2, "uniqueItems": True, "type": "array"}
    language = Language(schema)
    satisfier = Satisfier(language)
    state = open_container(language, language.root, Kind.ARRAY)
    pending = item(language, state, [language.constant(1), language.constant(2)])
    assert not satisfier.residual(Residual(run(language, pending, state.kinds, 1), state.kinds))
    assert satisfier.residual(Residual(run(language, pending, state.kinds, 2), state.kinds))


def test_few_values() -> None:
    language = Language({"enum": [1, 1.0, [2], "x"], "not": {"const": "x"}})
    satisfier = Satisfier(language)
    assert satisfier.few_values(language.root, 9) == [language.constant(1), language.constant([2])]
    assert satisfier.few_values(language.root, 1) is None
    assert satisfier.few_values(TRUE, 9) is None


def test_names_used_up_are_told_by_name() -> None:
    schema = {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^[ab]$"}, "properties": {"b": False}}
    language = Language(schema)
    assert not Satisfier(language).value(language.root)
    language = Language({**schema, "properties": {"b": {"type": "null"}}})
    satisfier = Satisfier(language)
    state = open_container(language, language.root, Kind.OBJECT)
    assert satisfier.residual(state)
    state = Residual(run(language, key(language, state, "a"), state.kinds, 1), state.kinds)
    assert close(language, state) == FALSE
    assert satisfier.residual(state)


# --- classes of keys and classification


def classes_of(schema: Any) -> KeyClasses:
    language = Language(schema)
    return key_classes(language, open_container(language, language.root, Kind.OBJECT))


def test_key_classes() -> None:
    classes = classes_of({"properties": {"x": True, "ax": {"type": "null"}}, "patternProperties": {
        "^a": {"type": "null"}, "b$": {"type": "string"}, "^[pq]$": {"type": "integer"}}})  # fmt: skip
    assert set(classes.named) == {"x", "ax", "p", "q"}
    assert [len(names.patterns) for names in classes.classes].count(2) == 1
    assert len(classes.classes) == 4
    for name in ("a", "b", "ab", "zz", "", "ax", "p"):
        number = classes.number_of(name)
        if name in classes.named:
            assert number == 0
            continue
        assert classes[number].is_selected(MatchingKeys("^a")) == name.startswith("a")
        assert classes[number].is_selected(MatchingKeys("b$")) == name.endswith("b")
        assert classes[number].is_selected(OtherKeys(frozenset(["x"]), frozenset(["^a"]))) == (name[:1] != "a")
        assert not classes[number].is_selected(NamedKey(name))
        assert all(names.size is None for names in classes.classes)
        assert classes.number_of(next(classes.some_names(number))) == number
    assert len(classes_of({"properties": {"x": True}}).classes) == 1


def test_large_finite_classes_are_counted() -> None:
    classes = classes_of({"patternProperties": {"^[a-z]{1,2}$": {"type": "null"}, "^[a-z]{3}$": {"type": "string"}}})
    assert sorted(names.size or 0 for names in classes.classes) == [0, 702, 26**3]


def test_plain_objects_with_counts_and_patterns() -> None:
    language = Language({"minProperties": 1, "maxProperties": 3, "properties": {"x1": {"type": "integer"}},
                         "patternProperties": {"^x": {"minimum": 0}}, "additionalProperties": False})  # fmt: skip
    found = plain_object(language, language.lower(language.root, Kind.OBJECT, 1))
    assert found is not None
    assert (found.minimum, found.maximum, list(found.properties)) == (1, 3, ["x1"])
    assert found.classes is not None
    assert found.class_values[found.classes.number_of("y") - 1] == FALSE
    assert found.class_values[found.classes.number_of("xy") - 1] not in (FALSE, found.properties["x1"])
    same = Language({"patternProperties": {"": {"type": "null"}}})
    found = plain_object(same, same.lower(same.root, Kind.OBJECT, 1))
    assert found is not None
    assert found.classes is None


@pytest.mark.parametrize(("alternatives", "disjoint"), [
    ([{"properties": {"t": {"const": tag}}, "required": ["t"]} for tag in ("x", "y", "z")], True),
    ([{"properties": {"t": {"type": kind}}, "required": ["t"]} for kind in ("string", "null")], True),
    ([{"properties": {"t": {"enum": tags}}, "required": ["t"]} for tags in (["x", 1], ["y", 1.0])], False),
    ([{"properties": {"t": {"const": "x"}}, "required": ["t"]}, {"properties": {"t": {"const": "y"}}}], False),
    ([{"type": "object", "maxProperties": 3}, {"type": "array"}], True),
])  # fmt: skip
def test_one_of_disjoint_objects_is_any_of(alternatives: list[Any], disjoint: bool) -> None:
    language = Language({"oneOf": alternatives})
    formula = language.lower(language.root, Kind.OBJECT, 1)
    assert (language.formulas.operator(formula) is not Operator.EXACTLY_ONE) == disjoint


def test_matching() -> None:
    assert perfect_matching([[1, 2], [1]]) == [2, 1]
    assert perfect_matching([[1, 2], [1, 3], [1, 2]]) is not None
    assert perfect_matching([[1, 2], [1, 2], [1, 2]]) is None
    assert perfect_matching([]) == []


def test_names_of_property_names_are_named() -> None:
    language = Language({"propertyNames": {"enum": ["b", "a"]}})
    assert named_keys(language, open_container(language, language.root, Kind.OBJECT)) == ["a", "b"]


# --- the official suite

DIALECTS = {
    "draft4": "draft4",
    "draft6": "draft6",
    "draft7": "draft7",
    "draft2019-09": "2019-09",
    "draft2020-12": "2020-12",
}
REFERENCES = {
    "ref",
    "refRemote",
    "anchor",
    "dynamicRef",
    "recursiveRef",
    "vocabulary",
    "id",
    "unknownKeyword",
    "definitions",
    "defs",
}


def suite_cases() -> Iterator[tuple[str, str, Any]]:
    folder = Path(os.environ["MASKWRIGHT_SUITE"]) / "tests"
    for draft, dialect in DIALECTS.items():
        for path in sorted((folder / draft).glob("*.json")):
            if path.stem not in REFERENCES:
                for case in json.loads(path.read_text()):
                    yield f"{draft} {path.stem}: {case['description']}", dialect, case


@pytest.mark.skipif("MASKWRIGHT_SUITE" not in os.environ, reason="MASKWRIGHT_SUITE names no JSON Schema Test Suite")
def test_the_official_suite() -> None:
    judged = 0
    for name, dialect, case in suite_cases():
        try:
            language = Language(case["schema"], JsonOptions(dialect=dialect, formats="annotate"))
        except InvalidSchema:  # references to other documents
            continue
        satisfiable = Satisfier(language).value(language.root)
        for test in case["tests"]:
            assert accepts(language, test["data"]) == test["valid"], f"{name}: {test['description']}"
            assert satisfiable or not test["valid"], name
            judged += 1
    assert judged > 4000


@pytest.mark.parametrize("keyword", ["dependentSchemas", "dependencies"])
def test_what_depends_on_a_property_evaluates_no_items(keyword: str) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        keyword: {"p": {"items": {}, "minItems": 1}},
        "unevaluatedItems": False,
    }
    vocabulary = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)
    matcher = mw.compile(mw.JsonSchema(schema, whitespace="compact"), vocabulary).matcher()
    assert matcher.accept_token(ord("["))
    assert matcher.forced_bytes() == b"]"
    assert not matcher.accept_token(ord('"'))
    matcher.reset()
    assert matcher.accept_tokens([*b'{"p":[1]}']) == 9
