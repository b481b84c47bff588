"""What a regular expression of Python is made of, once flags, groups and shorthands are gone.

``^``, ``$``, ``\\b`` and the like are look-arounds. What matters is not only which texts match but which match is
preferred: the options of a ``Choice`` come in this order, and a ``Repeat`` says whether it would rather go on.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..charset import CharSet


@dataclass(frozen=True, eq=False)
class Node:
    """Compared by identity."""


@dataclass(frozen=True, eq=False)
class Chars(Node):
    """One code point out of ``chars``."""

    chars: CharSet


@dataclass(frozen=True, eq=False)
class Concat(Node):
    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Choice(Node):
    """The options, the preferred ones first."""

    options: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Repeat(Node):
    """``low`` to ``high`` rounds of ``body``, as many as possible if ``greedy``.

    ``may_be_empty``: whether a round can match the empty text.
    """

    body: Node
    low: int
    high: int
    greedy: bool
    may_be_empty: bool


@dataclass(frozen=True, eq=False)
class Atomic(Node):
    """The preferred match of ``body`` and no other."""

    body: Node


@dataclass(frozen=True, eq=False)
class TextEnd(Node):
    """``\\Z``."""


@dataclass(frozen=True, eq=False)
class Ahead(Node):
    """``body`` does, or if ``negated`` does not, match from here."""

    body: Node
    negated: bool


@dataclass(frozen=True, eq=False)
class Behind(Node):
    """``body``, of fixed length and without look-arounds, does, or if ``negated`` does not, match up to here.

    ``source`` names it in messages.
    """

    body: Node
    negated: bool
    source: str
