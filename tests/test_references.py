"""References: what they lead to, in which dialect and dynamic scope, by hand and on the official test suite."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT7, DRAFT202012

from maskwright.grammar.errors import InvalidSchema, UnsupportedSchema
from maskwright.schemas.lowering import Language
from maskwright.schemas.options import JsonOptions
from maskwright.schemas.specification import JsonSchema

from .formula_oracle import accepts
from .suite import DIALECTS, groups, options

D4, D6, D7 = (f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 6, 7))
D2019, D2020 = (f"https://json-schema.org/draft/{name}/schema" for name in ("2019-09", "2020-12"))

NULL, TEXT = {"type": "null"}, {"type": "string"}

# (schema, valid documents, invalid documents)
CASES: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "an inner id moves the base": (
        {"$id": "http://a/x/", "items": {"$id": "y/", "$ref": "z"}, "$defs": {"z": {"$id": "y/z", **NULL}}},
        [[None]],
        [["a"]],
    ),
    "an inner id is what # means": (
        {"items": {"$id": "in", "properties": {"a": {"$ref": "#"}}, "additionalProperties": False}},
        [[{"a": {"a": {}}}]],
        [[{"b": 1}], [{"a": {"b": 1}}]],
    ),
    "an id that repeats the document's is the document's": (
        {"$schema": D4, "id": "http://a/x", "items": {"id": "http://a/x#", "items": {"$ref": "#/definitions/n"}},
         "definitions": {"n": NULL}},
        [[[None]]],
        [[["a"]]],
    ),
    "a pointer crosses a resource": (
        {"$id": "http://a/", "properties": {"p": {"$ref": "#/$defs/in/$defs/deep"}},
         "$defs": {"in": {"$id": "in", "$defs": {"deep": {"$ref": "#/$defs/n"}, "n": NULL}}, "n": TEXT}},
        [{"p": None}],
        [{"p": "a"}],
    ),
    "a pointer into an unknown keyword, where ids mean nothing": (
        {"properties": {"p": {"$ref": "#/x-in/y"}}, "x-in": {"$id": "http://b/", "y": {"$ref": "#/$defs/n"}},
         "$defs": {"n": NULL}},
        [{"p": None}],
        [{"p": "a"}],
    ),
    "an id in an enum or a const is none": (
        {"items": {"$ref": "http://a/n"}, "$defs": {
            "e": {"enum": [{"$id": "http://a/n", **TEXT}]}, "c": {"const": {"$id": "http://a/n", **TEXT}},
            "n": {"$id": "http://a/n", **NULL}}},
        [[None]],
        [["a"]],
    ),
    "a property called $ref or $id": (
        {"properties": {"$ref": NULL, "$id": TEXT}, "items": {"$ref": "#/properties/$id"}},
        [{"$ref": None, "$id": "a"}, ["a"]],
        [{"$ref": "a"}, {"$id": None}, [None]],
    ),
    "an anchor, and one of the same name in another resource": (
        {"items": {"$ref": "#n"}, "additionalProperties": {"$ref": "http://b/#n"}, "$defs": {
            "b": {"$id": "http://b/", "$defs": {"n": {"$anchor": "n", **TEXT}}}, "n": {"$anchor": "n", **NULL}}},
        [[None], {"a": "a"}],
        [["a"], {"a": None}],
    ),
    "the fragment of an id is a name until draft 7": (
        {"$schema": D7, "items": {"$ref": "#n"}, "additionalProperties": {"$ref": "http://b/#t"},
         "definitions": {"n": {"$id": "#n", **NULL}, "t": {"$id": "http://b/#t", **TEXT}}},
        [[None], {"a": "a"}],
        [["a"], {"a": None}],
    ),
    "and in draft 4, but a pointer is no name": (
        {"$schema": D4, "items": {"$ref": "#n"}, "additionalProperties": {"$ref": "#/definitions/n"},
         "definitions": {"n": {"id": "#n", **NULL}, "t": {"id": "#/definitions/n", **TEXT}}},
        [[None], {"a": None}],
        [["a"], {"a": "a"}],
    ),
    "an id beside $ref is hidden until draft 7": (
        {"$schema": D7, "$id": "http://a/", "definitions": {"n": {"$id": "http://a/n", **NULL}, "b": {
            "$id": "http://b/n", **TEXT}}, "items": {"$id": "http://b/", "$ref": "n"}},
        [[None]],
        [["a"]],
    ),
    "later it is not": (
        {"$schema": D2019, "$id": "http://a/", "$defs": {"n": {"$id": "http://a/n", **NULL}, "b": {
            "$id": "http://b/n", **TEXT}}, "items": {"$id": "http://b/", "$ref": "n"}},
        [["a"]],
        [[None]],
    ),
    "id is no keyword from draft 6 on": (
        {"$schema": D6, "items": {"id": "http://b/", "items": {"$ref": "#/definitions/n"}}, "definitions": {"n": NULL}},
        [[[None]]],
        [[["a"]]],
    ),
    "a URN": (
        {"$id": "urn:uuid:deadbeef-1234-00ff-ff00-4321feebdaed", "items": {"$ref": "urn:example:n#x"},
         "properties": {"p": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"$id": "urn:example:n", "$anchor": "x", **NULL}}},
        [[None], {"p": None}],
        [["a"], {"p": "a"}],
    ),
    "percent signs, slashes, tildes and quotes": (
        {"items": {"$ref": "#/$defs/100%25~1~0%22"}, "$defs": {'100%/~"': NULL}},
        [[None]],
        [["a"]],
    ),
    "boolean schemas": (
        {"properties": {"a": {"$ref": "#/$defs/yes"}, "b": {"$ref": "#/$defs/no"}},
         "$defs": {"yes": True, "no": False}},
        [{"a": 1}],
        [{"b": 1}],
    ),
    "a tree that is extended": (
        {"$id": "http://a/strict", "$dynamicAnchor": "node", "$ref": "tree", "required": ["data"], "$defs": {"tree": {
            "$id": "tree", "$dynamicAnchor": "node", "properties": {"next": {"$dynamicRef": "#node"}}}}},
        [{"data": 1}, {"data": 1, "next": {"data": 2}}],
        [{}, {"data": 1, "next": {}}],
    ),
    "$ref to a dynamic anchor is not dynamic": (
        {"$id": "http://a/strict", "$dynamicAnchor": "node", "$ref": "tree", "required": ["data"], "$defs": {"tree": {
            "$id": "tree", "$dynamicAnchor": "node", "properties": {"next": {"$ref": "#node"}}}}},
        [{"data": 1}, {"data": 1, "next": {}}],
        [{}],
    ),
    "$dynamicRef to a plain anchor or a pointer is not dynamic": (
        {"$id": "http://a/strict", "$dynamicAnchor": "node", "$ref": "tree", "required": ["data"], "$defs": {"tree": {
            "$id": "tree", "$anchor": "node", "properties": {"next": {"$dynamicRef": "#node"}},
            "additionalProperties": {"$dynamicRef": "#"}}}},
        [{"data": {}}, {"data": {}, "next": {}}],
        [{}],
    ),
    "two ways into one resource": (
        {"$id": "http://a/", "properties": {"t": {"$ref": "texts"}, "n": {"$ref": "nulls"}}, "$defs": {
            "texts": {"$id": "texts", "$ref": "list", "$defs": {"i": {"$dynamicAnchor": "i", **TEXT}}},
            "nulls": {"$id": "nulls", "$ref": "list", "$defs": {"i": {"$dynamicAnchor": "i", **NULL}}},
            "list": {"$id": "list", "items": {"$dynamicRef": "#i"}, "$defs": {"i": {"$dynamicAnchor": "i"}}}}},
        [{"t": ["a"], "n": [None]}],
        [{"t": [None]}, {"n": ["a"]}],
    ),
    "the scope is left again": (
        {"$id": "http://a/", "$defs": {
            "texts": {"$id": "texts", "$ref": "list", "$defs": {"i": {"$dynamicAnchor": "i", **TEXT}}},
            "list": {"$id": "list", "items": {"$dynamicRef": "#i"}, "$defs": {"i": {"$dynamicAnchor": "i"}}}},
         "allOf": [{"properties": {"x": {"$ref": "texts"}}}, {"properties": {"y": {"$ref": "list"}}}]},
        [{"x": ["a"], "y": [None]}],
        [{"x": [None], "y": ["a"]}],
    ),
    "$recursiveRef, two ways": (
        {"$schema": D2019, "$id": "http://a/", "properties": {"i": {"$ref": "ints"}, "a": {"$ref": "any"}}, "$defs": {
            "ints": {"$id": "ints", "$recursiveAnchor": True, "type": ["integer", "object"], "$ref": "tree"},
            "any": {"$id": "any", "$recursiveAnchor": True, "$ref": "tree"},
            "tree": {"$id": "tree", "$recursiveAnchor": True, "additionalProperties": {"$recursiveRef": "#"}}}},
        [{"i": {"x": {"y": 1}}, "a": {"x": 1.5}}],
        [{"i": {"x": 1.5}}, {"i": {"x": {"y": "a"}}}],
    ),
    "$recursiveRef without a recursive anchor is $ref": (
        {"$schema": D2019, "$id": "http://a/", "$recursiveAnchor": True, "$ref": "tree", "required": ["data"],
         "$defs": {"tree": {"$id": "tree", "properties": {"next": {"$recursiveRef": "#"}}}}},
        [{"data": 1, "next": {}}],
        [{"next": {}}],
    ),
    "a resource of another dialect": (
        {"$id": "http://a/", "items": {"$id": "old", "$schema": D7, "items": [NULL], "additionalItems": False}},
        [[[None]]],
        [[["a"]], [[None, None]]],
    ),
    "$schema means nothing without an id": (
        {"items": {"$schema": D4, "type": "integer"}},
        [[1, 1.0]],
        [["a"]],
    ),
    "http and https, with and without #": (
        {"$schema": "https://json-schema.org/draft-04/schema", "type": "integer"},
        [1],
        [1.0],
    ),
    "an unknown dialect is the default": (
        {"$schema": "http://example.com/mine", "prefixItems": [NULL]},
        [[None]],
        [["a"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    schema, valid, invalid = CASES[name]
    language = Language(schema)
    assert [document for document in valid if not accepts(language, document)] == []
    assert [document for document in invalid if accepts(language, document)] == []


# --- errors

BROKEN = [
    ({"$ref": "http://example.com/other"}, "/$ref"),
    ({"items": {"$id": "http://example.com/in", "items": {"$ref": "other#x"}}}, "/items/items/$ref"),
    ({"items": {"$id": "http://example.com/in", "items": {"$ref": "#/$defs/a"}}, "$defs": {"a": {}}},
     "/items/items/$ref"),
    ({"$ref": "#anchor"}, "/$ref"),
    ({"$dynamicRef": "#anchor"}, "/$dynamicRef"),
    ({"$dynamicRef": 3}, "/$dynamicRef"),
    ({"$schema": D2019, "$recursiveRef": "#/$defs/a"}, "/$recursiveRef"),
    ({"items": {"$ref": "#/enum/0"}, "enum": [3]}, "/items/$ref"),
    ({"items": {"$ref": "#/allOf/01"}, "allOf": [{}, {}]}, "/items/$ref"),
    ({"items": {"$ref": "http://[::1"}}, "/items/$ref"),
    ({"$dynamicAnchor": "a", "$dynamicRef": "#a"}, ""),
    ({"$schema": 3}, "/$schema"),
    ({"items": {"$id": "http://a/", "$schema": 3}}, "/items/$schema"),
    ({"$id": "http://a/#b", "type": "null"}, "/$id"),
    ({"$id": 3, "type": "null"}, "/$id"),
    ({"$anchor": "#a", "type": "null"}, "/$anchor"),
    ({"$dynamicAnchor": 3, "type": "null"}, "/$dynamicAnchor"),
    ({"$schema": D2019, "$recursiveAnchor": "a", "type": "null"}, "/$recursiveAnchor"),
    ({"$defs": [], "type": "null"}, "/$defs"),
    ({"$schema": D7, "additionalItems": 3, "items": {}}, "/additionalItems"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "pointer"), BROKEN)
def test_broken_references(schema: Any, pointer: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        Language(schema)
    assert caught.value.pointer == pointer


def test_what_is_broken_and_not_referred_to_does_not_matter() -> None:
    schema = {"items": {"$ref": "#n"}, "$defs": {
        "a": {"properties": 3, "allOf": {"x": [3]}, "items": [[3]], "$id": 3, "$anchor": 3, "$defs": [None]},
        "b": 3, "n": {"$anchor": "n", **NULL}}}  # fmt: skip
    assert accepts(Language(schema), [None])


def test_an_unknown_document_is_named_with_a_remedy() -> None:
    with pytest.raises(InvalidSchema) as caught:
        Language({"$id": "http://example.com/a/b", "$ref": "c#/d"})
    assert "http://example.com/a/c" in caught.value.problem
    assert "registry" in caught.value.remedy


# --- the registry


def _with(registry: Registry, **more: Any) -> JsonOptions:
    return JsonOptions(registry=registry, **more)


def test_remote_documents() -> None:
    registry = Registry().with_resources([
        ("http://a/list", DRAFT202012.create_resource({"prefixItems": [{"$ref": "item"}]})),
        ("http://a/item", DRAFT202012.create_resource({"$id": "http://b/other", "$ref": "#n", "$defs": {
            "n": {"$anchor": "n", **NULL}, "t": {"$id": "http://c/t", **TEXT}}})),
        ("http://a/old", DRAFT4.create_resource({"type": "integer"})),
        ("http://a/stated", DRAFT4.create_resource({"$schema": D7, "const": 1})),
    ])  # fmt: skip
    schema = {"$id": "http://a/", "properties": {
        "l": {"$ref": "list"}, "o": {"$ref": "old"}, "s": {"$ref": "stated"}, "t": {"$ref": "http://c/t"},
        "b": {"$ref": "http://b/other#/$defs/t"}}}  # fmt: skip
    language = Language(schema, _with(registry))
    assert accepts(language, {"l": [None], "o": 1, "s": 1, "t": "a", "b": "b"})
    for document in ({"l": ["a"]}, {"o": 1.0}, {"s": 2}, {"t": 1}, {"b": 1}):
        assert not accepts(language, document)


def test_pointers_name_the_document() -> None:
    registry = Registry().with_resource("http://a/b", DRAFT7.create_resource({"items": {"$ref": "#/nowhere"}}))
    with pytest.raises(InvalidSchema) as caught:
        Language({"$ref": "http://a/b"}, _with(registry))
    assert caught.value.pointer == "http://a/b#/items/$ref"


def test_only_the_callers_own_function_retrieves() -> None:
    asked: list[str] = []

    def retrieve(uri: str) -> Resource[Any]:
        asked.append(uri)
        return DRAFT202012.create_resource(NULL)

    language = Language({"items": {"$ref": "http://a/b#"}}, _with(Registry(retrieve=retrieve)))  # type: ignore[call-arg]
    assert accepts(language, [None])
    assert not accepts(language, ["a"])
    assert asked == ["http://a/b"]


def test_a_broken_document_in_the_registry_is_an_error() -> None:
    registry = Registry().with_resource("http://a/b", DRAFT202012.create_resource({"properties": 3}))
    with pytest.raises(InvalidSchema):
        Language({"$ref": "http://a/c"}, _with(registry))


def test_a_specification_with_a_registry_can_be_hashed() -> None:
    registry = Registry().with_resource("http://a/b", DRAFT202012.create_resource(NULL))
    first, second = (JsonSchema({"$ref": "http://a/b"}, registry=registry) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != JsonSchema({"$ref": "http://a/b"})


def test_metaschemas_are_known() -> None:
    for scheme in ("http", "https"):
        language = Language({"$ref": f"{scheme}://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"})
        assert accepts(language, 0)
        assert not accepts(language, -1)


# --- vocabularies

_VOCABULARY = "https://json-schema.org/draft/2020-12/vocab/"


def _metaschema(vocabularies: dict[str, bool], **keywords: Any) -> Registry:
    contents = {"$schema": D2020, "$id": "http://a/meta", "$vocabulary": vocabularies, **keywords}
    return Registry().with_resource("http://a/meta", DRAFT202012.create_resource(contents))


def test_keywords_of_vocabularies_that_are_not_listed_say_nothing() -> None:
    registry = _metaschema({f"{_VOCABULARY}core": True, f"{_VOCABULARY}applicator": True, "http://a/mine": False})
    schema = {"$schema": "http://a/meta#",
              "properties": {"a": {"type": "null"}, "b": False, "c": {"$ref": "#/$defs/d"}},
              "$defs": {"d": {"minimum": 3}, "e": {"$id": "e", "$schema": D2020, "type": "null"}},
              "items": {"$ref": "e"}}  # fmt: skip
    language = Language(schema, _with(registry))
    assert accepts(language, {"a": 1, "c": 1})
    assert not accepts(language, {"b": 1})
    assert not accepts(language, [1])


def test_a_vocabulary_that_must_be_known_and_is_not() -> None:
    registry = _metaschema({f"{_VOCABULARY}core": True, "http://a/mine": True})
    with pytest.raises(UnsupportedSchema) as caught:
        Language({"$schema": "http://a/meta", "items": True}, _with(registry))
    assert caught.value.pointer == "/$schema"


def test_a_metaschema_names_its_own_dialect() -> None:
    contents = {"$schema": D4, "id": "http://a/meta"}
    registry = Registry().with_resource("http://a/meta", DRAFT4.create_resource(contents))
    assert not accepts(Language({"$schema": "http://a/meta", "type": "integer"}, _with(registry)), 1.0)
    itself = Registry().with_resource("http://a/me", DRAFT7.create_resource({"$schema": "http://a/me"}))
    assert accepts(Language({"$schema": "http://a/me", "type": "integer"}, _with(itself)), 1.0)


# --- size


def test_deep_schemas() -> None:
    schema: dict[str, Any] = {"$id": "http://b/", "items": {"$ref": "http://c/#n"}, "$anchor": "last", "type": "array"}
    for depth in range(10_000):
        schema = {"$id": f"http://a/{depth}", "items": schema}
    schema["properties"] = {"a": {"$ref": "http://b/#last"}}
    schema["$defs"] = {"n": {"$id": "http://c/", "$anchor": "n", **NULL}}
    language = Language(schema)
    assert accepts(language, {"a": [None]})
    assert not accepts(language, {"a": [1]})


def test_resources_that_all_refer_to_each_other() -> None:
    """As many dynamic scopes as there are first resources, not as many as there are orders of them."""
    names = [f"r{index}" for index in range(12)]
    resources = {
        name: {"$id": name, "$dynamicAnchor": "n", "properties": {other: {"$ref": other} for other in names},
               "items": {"$dynamicRef": "#n"}}
        for name in names
    }  # fmt: skip
    language = Language(
        {"$id": "http://a/", "properties": {name: {"$ref": name} for name in names}, "$defs": resources}
    )
    assert accepts(language, {"r1": {"r2": [{"r3": []}]}})


# --- the official suite

FILES = [
    "ref", "refRemote", "anchor", "defs", "definitions", "dynamicRef", "recursiveRef", "vocabulary", "boolean_schema",
    "infinite-loop-detection", "default", "format", "allOf", "anyOf", "additionalItems", "items", "prefixItems", "type",
    "optional/anchor", "optional/cross-draft", "optional/dynamicRef", "optional/id", "optional/no-schema",
    "optional/refOfUnknownKeyword", "optional/unknownKeyword",
]  # fmt: skip


@pytest.mark.parametrize(("draft", "file"), [*itertools.product(DIALECTS, FILES)])
def test_official_suite(suite_folder: Path, draft: str, file: str) -> None:
    """Every case of these files, but for the schemas that have keywords which cannot be enforced yet."""
    judged = options(suite_folder, draft)
    wrong: list[str] = []
    for group in groups(suite_folder, draft, file):
        try:
            language = Language(group.schema, judged)
        except UnsupportedSchema:
            continue
        wrong += [
            f"{group.name}: {name}" for name, document, valid in group.tests if accepts(language, document) != valid
        ]
    assert wrong == []
