"""The elementary statements about one JSON value, out of which formulas are built.

An atom speaks about a value whose kind is known: ``minLength`` becomes an atom about strings, ``required`` one about
objects. ``maxLength: n`` is the negation of ``LengthAtLeast(n + 1)``, and so on, so that every limit has one form.
Those of which there are most, some for each property and one for each schema, are tuples, which are quick to make and
to look up. No two of one sort, atoms or selectors, can be equal: they have different lengths, or a name or a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from ..grammar.charset import CharSet


class Kind(Enum):
    """What a JSON value can be told to be by its first byte; ``true`` and ``false`` are kinds of their own."""

    NULL = "null"
    FALSE = "false"
    TRUE = "true"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"

    __hash__ = object.__hash__  # kinds are keys of many dictionaries, and Enum's own hash is written in Python


# --- strings


@dataclass(frozen=True)
class StringIn:
    """The string is one of ``values``."""

    values: frozenset[str]


@dataclass(frozen=True)
class Matches:
    """The ECMA-262 ``pattern`` is found somewhere in the string."""

    pattern: str


@dataclass(frozen=True)
class ConsistsOf:
    """All code points of the string are in ``chars``."""

    chars: CharSet


@dataclass(frozen=True)
class LengthAtLeast:
    """The string has at least ``count`` code points."""

    count: int


@dataclass(frozen=True)
class HasFormat:
    """The string is in the language of the known format ``name``, but for a limit on its length."""

    name: str


StringAtom = StringIn | Matches | ConsistsOf | LengthAtLeast | HasFormat

# --- numbers


@dataclass(frozen=True)
class NumberIn:
    """The number is one of ``values``."""

    values: frozenset[Fraction]


@dataclass(frozen=True)
class AtLeast:
    """The number is ``>= bound``."""

    bound: Fraction


@dataclass(frozen=True)
class MoreThan:
    """The number is ``> bound``."""

    bound: Fraction


@dataclass(frozen=True)
class MultipleOf:
    """The number is an integer multiple of ``divisor``; ``MultipleOf(1)`` is "is an integer"."""

    divisor: Fraction


@dataclass(frozen=True)
class WrittenAsInteger:
    """The number is written without fraction and exponent: what draft 4 calls an integer."""


NumberAtom = NumberIn | AtLeast | MoreThan | MultipleOf | WrittenAsInteger

# --- objects


class NamedKey(NamedTuple):
    """Selects the property ``name``."""

    name: str


class OtherKeys(NamedTuple):
    """Selects every property whose name is not in ``named`` and in which none of ``patterns`` is found."""

    named: frozenset[str]
    patterns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MatchingKeys:
    """Selects the properties in whose name ``pattern`` is found, but those in ``besides``."""

    pattern: str
    besides: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeysSatisfying:
    """Selects the properties whose name satisfies the value formula ``name``, but those in ``besides``."""

    name: int
    besides: frozenset[str] = frozenset()


Selector = NamedKey | OtherKeys | MatchingKeys | KeysSatisfying


class Has(NamedTuple):
    """The object has the property ``name``."""

    name: str


class Every(NamedTuple):
    """Every property chosen by ``selector`` has a value that satisfies the value formula ``value``."""

    selector: Selector
    value: int


@dataclass(frozen=True)
class KeyOrder:
    """Always true; tells that the properties ``names`` are wanted in this order where the order is the schema's."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class PropertiesAtLeast:
    """The object has at least ``count`` (further) properties; ``gone`` are names that cannot be among them any more.

    Of the names that were seen only those are kept in ``gone`` that are worth it: where any number of other names can
    take their place, nothing is lost.
    """

    count: int
    gone: frozenset[str] = frozenset()


ObjectAtom = Has | Every | KeyOrder | PropertiesAtLeast

# --- arrays


@dataclass(frozen=True)
class ItemsAtLeast:
    """The array has at least ``count`` (further) items."""

    count: int


@dataclass(frozen=True)
class ItemAt:
    """The item ``index`` places ahead, if there is one, satisfies the value formula ``value``."""

    index: int
    value: int


@dataclass(frozen=True)
class ItemsFrom:
    """Every item from ``index`` places ahead on satisfies the value formula ``value``."""

    index: int
    value: int


@dataclass(frozen=True)
class ContainsAtLeast:
    """At least ``count`` (further) items satisfy the value formula ``value``."""

    value: int
    count: int


@dataclass(frozen=True)
class Unique:
    """The (further) items differ from each other, from those before, and from the constants in ``seen``.

    ``seen``: value formulas. ``kinds``: for each item before that a further one may have to repeat, a value formula
    that it satisfies and that decides all that is asked of items.
    """

    seen: frozenset[int] = frozenset()
    kinds: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Repeats:
    """The item in hand is equal to an earlier one; what these were is not known while compiling."""


FALSE_OF_NOTHING = Has | PropertiesAtLeast | ItemsAtLeast | ContainsAtLeast
"""The atoms that are false of an empty container; the others about containers are true of it."""

ArrayAtom = ItemsAtLeast | ItemAt | ItemsFrom | ContainsAtLeast | Unique | Repeats


class SchemaAtom(NamedTuple):
    """The value satisfies the schema with this identity; value formulas consist of these."""

    schema: int


Atom = StringAtom | NumberAtom | ObjectAtom | ArrayAtom | SchemaAtom


class Literal(NamedTuple):
    """That ``atom`` is true, or that it is false."""

    atom: Atom
    is_true: bool


class Values(NamedTuple):
    """True literals in one: each property that is a key of ``by_name`` has a value that satisfies its value formula."""

    by_name: dict[str, int]

    def literals(self) -> list[Literal]:
        return [Literal(Every(NamedKey(name), value), True) for name, value in self.by_name.items()]


class Present(NamedTuple):
    """True literals in one: the object has the properties ``names``."""

    names: Sequence[str]

    def literals(self) -> list[Literal]:
        return [Literal(Has(name), True) for name in self.names]


Statement = Literal | Values | Present
"""One or more literals. Most objects ask no more than these, and then no literals are made of them."""


def literals_in(statements: Iterable[Statement]) -> list[Literal]:
    """The literals of which ``statements`` are the conjunction."""
    found: list[Literal] = []
    for statement in statements:
        if isinstance(statement, Literal):
            found.append(statement)
        else:
            found += statement.literals()
    return found
