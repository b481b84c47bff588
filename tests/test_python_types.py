"""Every document that is written for a Python type is one that the type takes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypeVar

import numpy as np
import pytest
from pydantic import (
    UUID4,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    Field,
    IPvAnyAddress,
    Json,
    NaiveDatetime,
    RootModel,
    condecimal,
)
from typing_extensions import TypedDict

import maskwright as mw
from maskwright.logits.bitmask import word_count

VOCABULARY = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    when: date | None = None


@dataclass(frozen=True)
class Line:
    start: Point
    more: list[Point] = field(default_factory=list)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=0, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Annotated[str, Field(max_length=5, pattern="^[a-z]+$")]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


class Owner(BaseModel):
    pet: Pet
    other: Cat | Dog | None = None
    cats: dict[str, Cat] = Field(max_length=1)
    number: int = Field(alias="theNumber")
    either: Literal["a", 3] = Field(validation_alias=AliasChoices("one", "two"))
    color: Color
    levels: set[Level]


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    items: list[T] = Field(max_length=2)


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Pair(NamedTuple):
    first: int
    second: Color = Color.RED


class Tree(BaseModel):
    children: list[Tree] = Field(default=[], max_length=2)


def book(day: date, point: Point, colors: list[Color], *, price: Decimal = Decimal(1)) -> None: ...


def is_a(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


CASES: list[tuple[str, Any, Callable[[Any], bool]]] = [
    ("dataclass", Line, lambda v: isinstance(v, Line) and isinstance(v.start, Point)),
    ("model", Owner, lambda v: isinstance(v.pet, Cat | Dog) and all(isinstance(c, Cat) for c in v.cats.values())),
    ("generic", Page[Cat], lambda v: all(isinstance(c, Cat) for c in v.items)),
    ("generic of a union", Page[Pet], lambda v: all(isinstance(c, Cat | Dog) for c in v.items)),
    ("typed dict", Movie, lambda v: isinstance(v["title"], str)),
    ("named tuple", Pair, is_a(Pair)),
    ("recursive", Tree, is_a(Tree)),
    ("enum", Color, is_a(Color)),
    ("int enum", Level, is_a(Level)),
    ("literal", Literal["a", 3], lambda v: v in ("a", 3)),
    ("union", Color | Point, is_a(Color, Point)),
    ("optional", Cat | None, lambda v: v is None or isinstance(v, Cat)),
    ("list", list[Cat], lambda v: all(isinstance(each, Cat) for each in v)),
    ("dict", dict[str, Point], lambda v: all(isinstance(each, Point) for each in v.values())),
    ("dict of ints", dict[int, bool], lambda v: all(isinstance(each, int) for each in v)),
    ("dict of enums", dict[Color, int], lambda v: all(isinstance(each, Color) for each in v)),
    ("dict of dates", dict[date, int], lambda v: all(isinstance(each, date) for each in v)),
    ("set", set[Level], lambda v: isinstance(v, set) and v <= set(Level)),
    ("tuple", tuple[int, Color], lambda v: isinstance(v, tuple) and isinstance(v[1], Color)),
    ("root", RootModel[list[Color]], lambda v: all(isinstance(each, Color) for each in v.root)),
    ("bounds", Annotated[int, Field(gt=3, lt=9)], lambda v: 3 < v < 9),
    ("date", date, is_a(date)),
    ("time", time, is_a(time)),
    ("datetime", datetime, is_a(datetime)),
    ("naive", NaiveDatetime, lambda v: v.tzinfo is None),
    ("aware", AwareDatetime, lambda v: v.tzinfo is not None),
    ("timedelta", timedelta, is_a(timedelta)),
    ("uuid", uuid.UUID, is_a(uuid.UUID)),
    ("uuid 4", UUID4, lambda v: v.version == 4),
    ("decimal", Decimal, is_a(Decimal)),
    ("price", condecimal(ge=Decimal(0), max_digits=5, decimal_places=2), lambda v: 0 <= v < 1000),
    ("address", IPvAnyAddress, is_a(IPv4Address, IPv6Address)),
    ("dict of short keys", dict[Annotated[str, Field(pattern="^[ab]+$", max_length=3)], int], is_a(dict)),
    ("dict of literals", dict[Literal["a", 1, "b"], int], lambda v: v.keys() <= {"a", "b"}),
    ("set of anything", set, is_a(set)),
    ("frozen set of anything", frozenset[Any], is_a(frozenset)),
    ("function", book, lambda v: isinstance(v["point"], Point) and isinstance(v["day"], date)),
]


def random_document(constraint: mw.Constraint, rng: random.Random) -> str:
    """A document of random bytes, plain characters before others, which soon comes to its end."""
    matcher = constraint.matcher()
    mask = np.zeros((1, word_count(VOCABULARY.size)), np.int32)
    written = bytearray()
    while True:
        matcher.fill_next_token_bitmask(mask)
        allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist()
        ends = [byte for byte in allowed if byte == 256 or chr(byte) in '"]}']
        plain = [byte for byte in allowed if 33 < byte < 127 and byte != ord("\\") and byte != ord(".")]
        chosen = rng.choice(ends if ends and (len(written) > 60 or rng.random() < 0.3) else plain or allowed)
        assert matcher.accept_token(chosen)
        if chosen == 256:
            return written.decode()
        written.append(chosen)
        assert len(written) < 4000


@pytest.mark.parametrize(("annotation", "holds"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_documents_become_values(annotation: Any, holds: Callable[[Any], bool]) -> None:
    specification = mw.JsonSchema(annotation)
    constraint = specification.compile(VOCABULARY)
    rng = random.Random(7)
    for _ in range(25):
        text = random_document(constraint, rng)
        assert holds(specification.parse(text)), text


WRITTEN = [
    (int, "-120", True),
    (int, "1.0", False),
    (list[int], "[1e30]", False),
    (dict[str, Literal[3]], '{"a": 3}', True),
    (mw.JsonSchema(int, integers="any"), "1e3", True),
    ({"type": "integer"}, "1e3", True),
    (mw.JsonSchema({"type": ["integer", "null"]}, integers="plain"), "1e3", False),
    (mw.JsonSchema({"type": "integer", "minimum": 5}, integers="plain"), "12", True),
    (Decimal, "12.50", True),
    (Decimal, '"12.50"', True),
    (Decimal, '"12.5O"', False),
    (condecimal(max_digits=5, decimal_places=2), "999.99", True),
    (condecimal(max_digits=5, decimal_places=2), "1000", False),
    (condecimal(max_digits=5, decimal_places=2), "1.001", False),
    (NaiveDatetime, '"2024-02-29T23:59:59"', True),
    (NaiveDatetime, '"2023-02-29T23:59:59"', False),
    (NaiveDatetime, '"2024-02-29T23:59:59Z"', False),
    (datetime, '"2016-12-31T23:59:60Z"', False),
    (dict[int, int], '{"-5": 1}', True),
    (dict[int, int], '{"five": 1}', False),
    (dict[Annotated[str, Field(pattern="^[ab]+$", max_length=3)], int], '{"abc": 1}', False),
    (dict[Annotated[str, Field(pattern="^[ab]+$", max_length=3)], int], '{"abab": 1}', False),
    (dict[Annotated[str, Field(pattern="^[ab]+$", max_length=3)], int], '{"aba": 1}', True),
    (set, "[1, [2]]", False),
    (set, '[1, "a", null]', True),
    (condecimal(max_digits=3), "999.5", True),
    (condecimal(max_digits=3), "1000", False),
    (IPvAnyAddress, '"::1"', True),
    (IPvAnyAddress, '"home"', False),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), WRITTEN)
def test_what_may_be_written(annotation: Any, text: str, expected: bool) -> None:
    matcher = mw.compile(annotation, VOCABULARY).matcher()
    accepted = matcher.accept_tokens([*text.encode()]) == len(text) and matcher.is_accepting()
    assert accepted == expected


@pytest.mark.parametrize("annotation", [Json, Json[list[int]], list[Json[int]]])
def test_json_in_a_string_is_refused(annotation: Any) -> None:
    with pytest.raises(mw.UnsupportedSchema, match="leave Json out"):
        mw.JsonSchema(annotation)
