"""Input that nobody should send gets a typed error or a correct answer: no foreign traceback, hang or crash."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw

BYTES = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
DEPTH = 10_000


def matcher(schema: Any, **options: Any) -> mw.Matcher:
    return mw.compile(mw.JsonSchema(schema, property_order="any", **options), BYTES).matcher()


def accepts(schema: Any, document: bytes) -> bool:
    reader = matcher(schema, limits=mw.Limits(compile_seconds=120))
    return reader.accept_tokens(list(document)) == len(document) and reader.is_accepting()


def nested(levels: int, wrap: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(levels):
        if wrap == "properties":
            schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
        elif wrap == "items":
            schema = {"type": "array", "items": schema, "minItems": 1}
        else:
            schema = {"anyOf": [schema, {"type": "null"}]}
    return schema


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", mw.InvalidSchema),
        ("   \n", mw.InvalidSchema),
        ('{"type": "string"', mw.InvalidSchema),
        ('{"type": NaN}', mw.InvalidSchema),
        ("[1]", mw.InvalidSchema),
        ("{" * 3 * DEPTH, mw.MaskwrightError),
        ('{"minimum": ' + "1" * 10_000 + "}", mw.MaskwrightError),
    ],
)
def test_schema_files_that_are_none(tmp_path: Path, text: str, error: type[Exception]) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text)
    with pytest.raises(error) as caught:
        mw.compile(path, BYTES)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "error", "pointer"),
    [
        ({"properties": {"a": {"$ref": "#/definitions/nowhere"}}}, mw.InvalidSchema, "/properties/a/$ref"),
        ({"$ref": "#"}, mw.InvalidSchema, ""),
        ({"anyOf": [{"$ref": "#"}, {}]}, mw.InvalidSchema, ""),
        ({"properties": {"a": {"pattern": "(a"}}}, mw.InvalidSchema, "/properties/a/pattern"),
        ({"pattern": r"(a)\1"}, mw.UnsupportedSchema, "/pattern"),
        ({"properties": {"a": {"items": {"not": {"pattern": r"(a)\1"}}}}}, mw.UnsupportedSchema, "/properties/a/items"),
        ({"properties": {"a": {"multipleOf": Fraction(1, 3)}}}, mw.InvalidSchema, "/properties/a/multipleOf"),
        ({"const": "\ud800"}, mw.InvalidSchema, "/const"),
        ({"enum": ["a", {"\udc00": 1}]}, mw.InvalidSchema, "/enum"),
        ({"properties": {"\udc00": {}}}, mw.InvalidSchema, "/properties"),
        ({"type": "strng"}, mw.InvalidSchema, "/type"),
        ({"minLength": -1}, mw.InvalidSchema, "/minLength"),
        ({"required": "a"}, mw.InvalidSchema, "/required"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, mw.UnsatisfiableSchema, "/minimum"),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"], "type": "object"}, mw.UnsatisfiableSchema, "/prop"),
        ({"type": "string", "pattern": "^a{5}$", "maxLength": 4}, mw.UnsatisfiableSchema, "/pattern"),
    ],
)
def test_wrong_schemas_are_named(schema: Any, error: type[mw.MaskwrightError], pointer: str) -> None:
    with pytest.raises(error) as caught:
        mw.compile(schema, BYTES)
    assert (caught.value.pointer or "").startswith(pointer)


@pytest.mark.parametrize("wrap", ["properties", "items", "anyOf"])
def test_deep_schemas(wrap: str) -> None:
    schema = nested(DEPTH, wrap)
    before, after = {"properties": (b'{"a":', b"}"), "items": (b"[", b"]"), "anyOf": (b"", b"")}[wrap]
    assert accepts(schema, before * DEPTH + b"1" + after * DEPTH)


def test_deep_documents() -> None:
    assert accepts(True, b"[" * 100_000 + b"]" * 100_000)


def test_a_schema_of_ten_megabytes() -> None:
    schema = {"enum": [f"{number:020d}" for number in range(450_000)]}
    text = json.dumps(schema)
    assert len(text) > 10 * 2**20
    start = time.process_time()
    reader = mw.compile(text, BYTES, limits=mw.Limits(compile_seconds=60)).matcher()
    assert reader.accept_tokens(list(b'"00000000000000000042"')) == 22
    assert reader.is_accepting()
    assert time.process_time() - start < 120


def test_limits_stop_the_work() -> None:
    wide = {"type": "object", "properties": {f"p{number}": {"minimum": number} for number in range(20_000)}}
    with pytest.raises(mw.LimitExceeded, match="compile_seconds"):
        matcher(wide, limits=mw.Limits(compile_seconds=0.05))
    with pytest.raises(mw.LimitExceeded, match="memory"):
        matcher({"enum": [f"{number:09d}" for number in range(100_000)]}, limits=mw.Limits(memory=2**20))
    with pytest.raises(mw.LimitExceeded, match="states"):
        matcher({"pattern": "(a|b)*a(a|b){12}"}, limits=mw.Limits(states=100))


@pytest.mark.parametrize(
    "document",
    [b'"\x00"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xff"', b"\x00", b"", b'"\n"'],
)
def test_documents_that_are_no_json(document: bytes) -> None:
    assert not accepts(True, document)


def test_documents_that_look_odd_but_are_json() -> None:
    assert accepts({"const": "\0"}, b'"\\u0000"')
    assert accepts({"const": "\U0001f600"}, b'"\\ud83d\\ude00"')
    assert accepts({"const": "\U00100000"}, b'"\\udbc0\\udc00"')
    assert accepts({"properties": {"a": {"type": "null"}}}, b'{"\\u0061":null}')
    assert not accepts({"properties": {"a": {"type": "null"}}}, b'{"\\u0061":1}')
