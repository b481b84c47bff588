"""The tables of keywords: against the metaschemas, and the document that is generated from them."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # has no type hints

import maskwright as mw
from maskwright.grammar.errors import InvalidSchema, MaskwrightError
from maskwright.schemas.choices import CHOICES
from maskwright.schemas.dialects import ALL, Dialect
from maskwright.schemas.lowering import Language
from maskwright.schemas.options import JsonOptions

VALIDATORS: dict[str, Any] = {
    "draft4": jsonschema.Draft4Validator,
    "draft6": jsonschema.Draft6Validator,
    "draft7": jsonschema.Draft7Validator,
    "2019-09": jsonschema.Draft201909Validator,
    "2020-12": jsonschema.Draft202012Validator,
}

BYTES = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)

SCRIPT = Path(__file__).parents[1] / "scripts" / "document_keywords"

VALUES: list[Any] = [
    3.5, -1, 0, 1, "x", "", "string", [], [1], ["a"], ["a", "a"], [{"type": "x"}], {}, {"a": 1}, {"a": True},
    {"a": ["b", "b"]}, {"a": []}, {"a": {"type": "x"}}, True, False, None,
]  # fmt: skip

LENIENT = (
    "has non-unique elements",
    "[] should be non-empty",
    "True is not of type 'object'",
    "False is not of type 'object'",
)
"""What metaschemas refuse and is accepted, because it can mean one thing only; flags as schemas in draft 4."""


def metaschema_keywords(uri: str) -> set[str]:
    contents = REGISTRY.get(uri).contents
    keywords = set(contents["properties"])
    for vocabulary in contents.get("$vocabulary", {}):
        keywords |= set(REGISTRY.get(vocabulary.replace("/vocab/", "/meta/")).contents["properties"])
    return keywords


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_every_keyword_is_in_a_table(dialect: Dialect) -> None:
    assert metaschema_keywords(dialect.uri) <= dialect.keywords.keys() | dialect.silent.keys()
    assert dialect.keywords.keys().isdisjoint(dialect.silent.keys())


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_values_are_checked_as_the_metaschema_does(dialect: Dialect) -> None:
    """References, whose targets matter too, and definitions, which are checked where they are referred to, aside."""
    aside = {"$schema", "$ref", "$dynamicRef", "$recursiveRef", "$defs", "definitions"}
    validator = VALIDATORS[dialect.name](VALIDATORS[dialect.name].META_SCHEMA)
    for keyword in sorted((dialect.keywords.keys() | dialect.silent.keys()) - aside):
        for value in VALUES:
            complaints = list(validator.iter_errors({keyword: value}))
            error = _refusal({"title": "", keyword: value}, dialect)
            if error is None:
                assert not complaints or _is_lenient(dialect, keyword, value, complaints), (keyword, value)
            else:
                assert complaints, (keyword, value)
                assert (error.pointer or "").startswith(f"/{keyword}")


def _refusal(schema: Any, dialect: Dialect) -> MaskwrightError | None:
    try:
        Language(schema, JsonOptions(dialect=dialect.name, formats="annotate"))
    except MaskwrightError as error:
        return error
    return None


def _is_lenient(dialect: Dialect, keyword: str, value: Any, complaints: list[Any]) -> bool:
    if dialect.name == "draft4" and keyword.startswith("exclusive"):  # the metaschema wants the bound beside the flag
        return isinstance(value, bool)
    messages = [[error.message, *(inner.message for inner in error.context)] for error in complaints]
    return all(any(lenient in message for message in some for lenient in LENIENT) for some in messages)


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"properties": {"a": {"description": 3}}}, "/properties/a/description"),
        ({"properties": {"a": {"type": "string"}, "b": {"type": "string", "title": []}}}, "/properties/b/title"),
        ({"anyOf": [{}, {"then": 3}]}, "/anyOf/1/then"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b", "title": 1}, "b": {}}}, "/$defs/a/title"),
        ({"items": {"minContains": -1}}, "/items/minContains"),
    ],
)
def test_broken_annotations_are_named(schema: Any, pointer: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        Language(schema)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_an_empty_list_of_places_says_nothing(dialect: Dialect) -> None:
    keyword, rest = ("prefixItems", "items") if dialect.name == "2020-12" else ("items", "additionalItems")
    schema = {"type": "array", keyword: [], rest: {"type": "null"}}
    matcher = mw.compile(mw.JsonSchema(schema, dialect=dialect.name), BYTES).matcher()
    assert matcher.validate_tokens([*b"[null, null]"]) == 12
    assert matcher.validate_tokens([*b"[1]"]) == 1


def test_the_document_of_keywords_is_what_the_script_writes() -> None:
    loader = importlib.machinery.SourceFileLoader("document_keywords", str(SCRIPT))
    specification = importlib.util.spec_from_loader("document_keywords", loader)
    assert specification is not None
    script = importlib.util.module_from_spec(specification)
    loader.exec_module(script)
    assert script.DOCUMENT.read_text() == script.document(), "run scripts/document_keywords"


def test_names_of_dialects() -> None:
    assert [dialect.name for dialect in ALL] == list(CHOICES["dialect"])
