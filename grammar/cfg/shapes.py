"""Texts put together from pieces, some of them in other languages: rows, choices and repetitions, as values.

The formats of chats are made of these. ``Text`` is itself (names of special tokens of the vocabulary are those tokens);
whatever is no shape is a content: another form of grammar, or a schema.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """Just ``text``."""

    text: str


@dataclass(frozen=True)
class Until:
    """Any text up to the first ``end``, and this; or any text at all if there is none. Never one of ``without``."""

    end: str = ""
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One of each of ``parts``, in this order."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class OneOf:
    """One of ``options``."""

    options: tuple[Part, ...]


@dataclass(frozen=True)
class Many:
    """``part`` from ``low`` to ``high`` times, or any number of times from ``low``, with ``separator`` between."""

    part: Part
    low: int = 0
    high: int | None = None
    separator: str = ""


Shape = Text | Until | Row | OneOf | Many
SHAPES = (Text, Until, Row, OneOf, Many)
Part = Shape | Hashable
