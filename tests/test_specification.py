"""Whatever may describe documents is read exactly, and everything else is refused with its place."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict

import maskwright as mw
from maskwright.schemas.json_text import read_document, read_json
from maskwright.schemas.values import exact

BYTES = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Even(BaseModel):
    n: int

    @field_validator("n")
    @classmethod
    def is_even(cls, n: int) -> int:
        if n % 2:
            raise ValueError("odd")
        return n


@dataclass
class Point:
    x: int
    y: float = 1.0


class Options(TypedDict):
    a: int
    b: NotRequired[str]


class Pair(NamedTuple):
    a: int
    b: str


class Color(Enum):
    RED = "red"
    TWO = 2


def search(query: str, limit: int = 10, *, order: Literal["up", "down"] = "up") -> None: ...


def accepts(spec: object, document: str) -> bool:
    matcher = mw.compile(spec, BYTES).matcher()
    data = document.encode()
    return matcher.accept_tokens(list(data)) == len(data) and matcher.is_accepting()


def test_public_names() -> None:
    assert len(mw.__all__) <= 20
    assert [name for name in mw.__all__ if not hasattr(mw, name)] == []
    with pytest.raises(AttributeError):
        _ = mw.nothing  # type: ignore[attr-defined]


def test_importing_is_quick() -> None:
    heavy = "numba", "torch", "transformers", "pydantic", "jsonschema", "numpy", "referencing"
    program = f"import sys, maskwright; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_options_are_those_of_json_options() -> None:
    given = {name: p.default for name, p in inspect.signature(mw.JsonSchema).parameters.items() if name != "schema"}
    assert given.keys() == {field.name for field in fields(mw.JsonOptions)}
    defaults = mw.JsonOptions()
    assert {name: getattr(defaults, name) for name in given} == given | {"limits": mw.Limits()}


@pytest.mark.parametrize(
    ("spec", "document", "value"),
    [
        ({"type": "integer"}, "3", 3),
        (True, "[null]", [None]),
        ('{"type": "boolean"}', "true", True),
        (Person, '{"name":"a","age":3}', Person(name="a", age=3)),
        (Point, '{"x":1}', Point(1)),
        (Options, '{"a":1}', {"a": 1}),
        (Pair, '[1,"b"]', Pair(1, "b")),
        (Color, "2", Color.TWO),
        (Literal["x", 1], '"x"', "x"),
        (Annotated[int, Field(ge=3)], "4", 4),
        (int | None, "null", None),
        (list[Point], '[{"x":1,"y":2}]', [Point(1, 2.0)]),
        (search, '{"query":"q","order":"down"}', {"query": "q", "order": "down"}),
        (lambda a, b=1: None, '{"a":[]}', {"a": []}),
    ],
)
def test_values(spec: object, document: str, value: object) -> None:
    assert accepts(spec, document)
    assert mw.JsonSchema(spec).parse(document) == value


@pytest.mark.parametrize(
    ("spec", "document"),
    [
        (Person, '{"name":"a","age":-1}'),
        (Person, '{"name":"a","age":1,"more":1}'),
        (Point, '{"x":1,"more":1}'),
        (Options, "{}"),
        (Pair, "[1]"),
        (search, "{}"),
        (search, '{"query":"q","more":1}'),
        (bool | int, '"a"'),
    ],
)
def test_what_types_exclude(spec: object, document: str) -> None:
    assert not accepts(spec, document)


def test_models_that_keep_further_keys_stay_open() -> None:
    assert accepts(Open, '{"name":"a","more":1}')


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(b'\xef\xbb\xbf{"const": 7}')
    for spec in (path, str(path), mw.JsonSchema(path)):
        assert accepts(spec, "7")
        assert not accepts(spec, "8")


def test_options_and_limits_reach_the_compiler() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    assert accepts(mw.JsonSchema(schema, whitespace="any"), "[  1 ]")
    assert not accepts(mw.JsonSchema(schema, whitespace="compact"), "[1, 2]")
    with pytest.raises(mw.LimitExceeded):
        mw.compile({"pattern": "(a|b)*a(a|b){12}"}, BYTES, mw.Limits(states=100))


def test_numbers_are_read_exactly() -> None:
    numbers: Any = read_json('{"a": 0.1, "b": 0.1000000000000000000001, "c": 1e400, "d": 12345678901234567890123}')
    assert numbers["a"] == 0.1
    assert isinstance(numbers["a"], float)
    assert isinstance(numbers["b"], Decimal)
    exacts = [exact(number) for number in numbers.values()]
    assert exacts[1:] == [Fraction("0.1000000000000000000001"), Fraction(10) ** 400, 12345678901234567890123]


def test_documents_with_long_integers() -> None:
    assert read_document("9" * 5000) == 10**5000 - 1


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", mw.InvalidSchema, "empty"),
        ("\n{,}", mw.InvalidSchema, "line 2, column 2"),
        ('{"a": 1, "a": 2}', mw.InvalidSchema, "'a' twice at the root"),
        ('{"b": [{"a~/": {"x": 1, "x": 1}}]}', mw.InvalidSchema, "'x' twice at /b/0/a~0~1"),
        ('{"title": "NaN",\n "minimum": NaN}', mw.InvalidSchema, "line 2, column 13, has NaN"),
        ('{"minimum": -Infinity}', mw.InvalidSchema, "-Infinity"),
        ('{"maximum": %s}' % ("9" * 4301), mw.LimitExceeded, "line 1, column 13"),
        ('{"maximum": 1e4301}', mw.LimitExceeded, "line 1, column 13"),
        ('{"maximum": 1e99999999999999999999}', mw.LimitExceeded, "digits"),
        ("[" * 100_000, mw.LimitExceeded, "nested"),
        ("no.such.file.json", mw.InvalidSchema, "neither JSON nor the name of a file"),
    ],
)
def test_broken_text(text: str, error: type[mw.MaskwrightError], words: str) -> None:
    with pytest.raises(error) as raised:
        mw.JsonSchema(text)
    assert words in str(raised.value)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b'{"a":\n', "line 2, column 1"), (b'\n{"\xff"', "line 2, byte 3, is not UTF-8")],
)
def test_broken_files_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(mw.InvalidSchema) as raised:
        mw.JsonSchema(path)
    assert "broken.json" in str(raised.value)
    assert words in str(raised.value)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_unreadable_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(mw.InvalidSchema, match="cannot read"):
        mw.JsonSchema(tmp_path / name)


def recursive() -> dict[str, Any]:
    schema: dict[str, Any] = {"items": {}}
    schema["items"]["not"] = schema
    return schema


@pytest.mark.parametrize(
    ("schema", "error", "pointer"),
    [
        ({"enum": [1, {2}]}, mw.InvalidSchema, "/enum/1"),
        ({"const": float("nan")}, mw.InvalidSchema, "/const"),
        ({"x/y": b""}, mw.InvalidSchema, "/x~1y"),
        ({"properties": {1: {}}}, mw.InvalidSchema, "/properties"),
        ({"properties": {"\ud800": {}}}, mw.InvalidSchema, "/properties"),
        ({"maximum": 10**4400}, mw.LimitExceeded, "/maximum"),
        (recursive(), mw.InvalidSchema, "/items/not"),
    ],
)
def test_values_that_are_no_json(schema: object, error: type[mw.MaskwrightError], pointer: str) -> None:
    with pytest.raises(error) as raised:
        mw.JsonSchema(schema)
    assert raised.value.pointer == pointer


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (None, mw.InvalidSchema),
        (3, mw.InvalidSchema),
        (b"{}", mw.InvalidSchema),
        ([], mw.InvalidSchema),
        (object(), mw.InvalidSchema),
        (mw.JsonSchema(True), mw.InvalidSchema),
        (print, mw.UnsupportedSchema),
        (Callable[[], int], mw.UnsupportedSchema),
        (list["Missing"], mw.InvalidSchema),  # type: ignore[name-defined] # noqa: F821
    ],
)
def test_what_is_no_specification(spec: object, error: type[mw.MaskwrightError]) -> None:
    with pytest.raises(error):
        mw.JsonSchema(spec)


def test_validators_that_no_schema_can_say() -> None:
    with pytest.raises(mw.MaskwrightError, match=r"Even refuses it: .*odd .*at /n"):
        mw.JsonSchema(Even).parse('{"n": 3}')


def test_equality_is_that_of_the_language() -> None:
    text = json.dumps({"type": "integer", "minimum": 1})
    assert mw.JsonSchema(text) == mw.JsonSchema(json.loads(text))
    assert hash(mw.JsonSchema(text)) == hash(mw.JsonSchema(json.loads(text)))
    assert mw.JsonSchema(text) != mw.JsonSchema(text, whitespace="any")
    assert mw.JsonSchema({"const": 1}) != mw.JsonSchema({"const": True})
