"""Reading JSON in pieces gives what reading it as a whole gives, and on the way what is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from maskwright.generation.json_reader import JsonReader
from maskwright.schemas.partial_types import TypedForm

TEXTS = st.text(max_size=6) | st.sampled_from(['"', "\\", "a/b~c", "😀", "\u2028\n\t"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Color(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    when: date | None = None


class Keyed(TypedDict):
    point: Point


class Pair(NamedTuple):
    first: date
    second: str = ""


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    items: list[T]


class Tree(BaseModel):
    value: int
    children: list[Tree] = []


class Strict(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, str_to_upper=True)
    name: str
    alias: int = Field(alias="another-name")

    @field_validator("name")
    @classmethod
    def look_around(cls, name: str, info: ValidationInfo) -> str:
        assert info.data is not None, "called for the field alone"
        return name + "!"

    @model_validator(mode="after")
    def look_at_the_whole(self) -> Strict:
        assert self.alias
        return self


def read(text: str, annotation: object = Any) -> Iterator[tuple[Any, list[tuple[str, object]]]]:
    """What is known after each character, and what that completed."""
    reader = JsonReader(TypedForm(TypeAdapter(annotation).core_schema))
    for character in text:
        completed = reader.feed(character)
        yield reader.value(), completed


def last(text: str, annotation: object = Any) -> Any:
    return list(read(text, annotation))[-1][0]


def inner_values(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The values inside of one, innermost first."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        place = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        yield from inner_values(inner, place)
        yield place, inner


@given(value=VALUES, indent=st.sampled_from([None, 2]), ascii=st.booleans(), cuts=st.lists(st.integers(0, 60)))
def test_pieces_make_the_whole(value: Any, indent: int | None, ascii: bool, cuts: list[int]) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii) + "\n"
    slow, quick = JsonReader(), JsonReader()
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    completed: list[tuple[str, object]] = []
    for start, end in pairwise(places):
        found = [each for character in text[start:end] for each in slow.feed(character)]
        assert quick.feed(text[start:end]) == found
        assert quick.value() == slow.value()
        completed += found
    assert quick.value() == value
    assert completed == list(inner_values(value))


def test_what_is_known_so_far() -> None:
    text = '{"a": "x\\u00e4y", "b": [12, tr'
    known = [value for value, _ in read(text)]
    assert known[0] == {}
    assert known[text.index("x")] == {"a": "x"}
    assert known[text.index("4y")] == {"a": "xä"}
    assert known[text.index("12") + 1] == {"a": "xäy", "b": []}
    assert known[-1] == {"a": "xäy", "b": [12]}
    assert [value for value, _ in read('"\\ud83d\\ude00"')][6:12] == [""] * 6


def test_earlier_values_stay_as_they_were() -> None:
    known = [value for value, _ in read('{"a": [1, {"b": 2}], "c": 3}')]
    assert known[7] == {"a": []}
    assert known[-1] == {"a": [1, {"b": 2}], "c": 3}


def test_models_have_the_fields_that_are_known() -> None:
    known = last('{"items": [{"kind": "cat", "lives": 3}, {"kind": "cat", "liv', Page[Cat])
    assert isinstance(known, Page)
    assert known.items[0] == Cat(kind="cat", lives=3)
    assert known.items[1].kind == "cat"
    assert known.items[1].model_fields_set == {"kind"}
    assert not hasattr(known.items[1], "lives")
    assert repr(known) == "Page[Cat](items=[Cat(kind='cat', lives=3), Cat(kind='cat')])"
    assert known.model_dump() == {"items": [{"kind": "cat", "lives": 3}, {"kind": "cat"}]}


CASES = [
    (dict[str, Cat], '{"x": {"kind": "cat", "lives": 3}', {"x": Cat(kind="cat", lives=3)}),
    (Keyed, '{"point": {"x": 1', {"point": {}}),
    (Keyed, '{"point": {"x": 1,', {"point": {"x": 1}}),
    (Keyed, '{"point": {"x": 1, "when": "2020-02-0', {"point": {"x": 1}}),
    (Keyed, '{"point": {"x": 1, "when": "2020-02-03"}', {"point": Point(1, date(2020, 2, 3))}),
    (list[Point | None], '[null, {"x": 1}', [None, Point(1)]),
    (tuple[date, ...], '["2020-02-03", "2020', [date(2020, 2, 3)]),
    (tuple[int, Color], '[1, "red"', [1, Color.RED]),
    (list[Pair], '[["2020-02-03", "a', [[date(2020, 2, 3), "a"]]),
    (list[Pair], '[["2020-02-03", "a"]', [Pair(date(2020, 2, 3), "a")]),
    (list[set[int]], "[[1, 2], [3, ", [{1, 2}, [3]]),
    (list[Decimal], "[0.10,", [Decimal("0.1")]),
    (list[Color], '["red"', [Color.RED]),
    (list[Color], '["red', []),
    (list[Cat | Dog], '[{"kind": "dog", "name": "R', [{"kind": "dog", "name": "R"}]),
    (list[Cat | Dog], '[{"kind": "dog", "name": "Rex"}', [Dog(kind="dog", name="Rex")]),
    (list[list[Color] | int | None], '[3, ["red",', [3, [Color.RED]]),
    (list[Annotated[str, AfterValidator(str.upper)]], '["a", "b', ["A"]),
    (RootModel[list[Color]], '["red", "', RootModel[list[Color]]([Color.RED])),
    (Color, '"red"', None),
    (str, '"re', "re"),
    (int, "12 ", None),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), CASES)
def test_types(annotation: object, text: str, expected: object) -> None:
    known = last(text, annotation)
    assert known == expected
    assert type(known) is type(expected)


@pytest.mark.parametrize("text", ['[{"kind": "dog", "name": "R', '[{"name": "R", "kind": "dog"'])
def test_a_tag_that_was_read_decides(text: str) -> None:
    pets = list[Annotated[Cat | Dog, Field(discriminator="kind")]]
    known = last(text, pets)[0]
    assert isinstance(known, Dog)
    assert known.name == "R"
    assert last('[{"name": "R', pets) == [{"name": "R"}]


def test_types_that_hold_themselves() -> None:
    known = last('{"value": 1, "children": [{"value": 2, "children": [{"value": 3}, {"valu', Tree)
    assert known.children[0].children[0] == Tree(value=3)
    assert known.children[0].children[1].model_fields_set == set()


def test_validators_aliases_and_configuration() -> None:
    text = '[{"name": " ada ", "another-name": 5}'
    completed = dict(each for _, found in read(text, list[Strict]) for each in found)
    assert completed["/0/name"] == "ADA"  # its validator wants to see other fields, so it is called with all of them
    assert completed["/0/another-name"] == 5
    assert completed["/0"] == Strict.model_validate_json(text[1:])
    assert completed["/0"].name == "ADA!"
    assert last(text[:-1], list[Strict])[0].model_fields_set == {"name"}


def test_what_a_type_refuses_is_plain() -> None:
    assert last('[{"kind": "cow", "lives": 1}', list[Cat]) == [{"kind": "cow", "lives": 1}]
