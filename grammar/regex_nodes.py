"""Hash-consed nodes of regular expressions and the smart constructors that simplify them.

Nodes speak about languages, not matches: groups that only capture leave no trace, and different spellings of an
expression often give one node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from . import charset
from .charset import CharSet
from .limits import Budget

UNBOUNDED = 1 << 62
"""The upper bound of ``*`` and ``+``."""


@dataclass(frozen=True, eq=False)
class Node:
    """Made by ``Nodes`` only, so that equal nodes are one object and compare by identity."""


@dataclass(frozen=True, eq=False)
class Chars(Node):
    """One code point out of ``chars``."""

    chars: CharSet


@dataclass(frozen=True, eq=False)
class Concat(Node):
    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Alternation(Node):
    options: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Repeat(Node):
    """``low`` to ``high`` times ``body``."""

    body: Node
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class TextStart(Node):
    """``^``."""


@dataclass(frozen=True, eq=False)
class TextEnd(Node):
    """``$``."""


@dataclass(frozen=True, eq=False)
class WordBoundary(Node):
    """``\\b``, or ``\\B`` when ``negated``."""

    negated: bool


@dataclass(frozen=True, eq=False)
class Ahead(Node):
    """Look-ahead: ``body`` does, or if ``negated`` does not, match from here."""

    body: Node
    negated: bool


@dataclass(frozen=True, eq=False)
class Behind(Node):
    """Look-behind: ``body`` does, or if ``negated`` does not, match up to here."""

    body: Node
    negated: bool


N = TypeVar("N", bound=Node)


@dataclass
class Nodes:
    """The smart constructors and the table that makes equal nodes identical."""

    budget: Budget = field(default_factory=Budget)
    table: dict[tuple[object, ...], Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nothing: Node = self.chars(charset.EMPTY)  # matches no text at all
        self.empty: Node = self._intern(Concat, ())  # matches the empty text

    def _intern(self, kind: type[N], *fields: object) -> N:
        self.budget.check()
        key = (kind, *fields)
        node = self.table.get(key)
        if node is None:
            node = self.table[key] = kind(*fields)
        assert isinstance(node, kind)
        return node

    def chars(self, chars: CharSet) -> Chars:
        return self._intern(Chars, chars)

    def text_start(self) -> Node:
        return self._intern(TextStart)

    def text_end(self) -> Node:
        return self._intern(TextEnd)

    def word_boundary(self, negated: bool) -> Node:
        return self._intern(WordBoundary, negated)

    def concat(self, parts: Iterable[Node]) -> Node:
        flat: list[Node] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, Concat) else (part,))
        if self.nothing in flat:
            return self.nothing
        return flat[0] if len(flat) == 1 else self._intern(Concat, tuple(flat))

    def alternation(self, options: Iterable[Node]) -> Node:
        others: dict[Node, None] = {}
        singles: list[CharSet] = []
        for option in options:
            for node in option.options if isinstance(option, Alternation) else (option,):
                if isinstance(node, Chars):
                    singles.append(node.chars)
                else:
                    others[node] = None
        optional = others.pop(self.empty, self) is None
        flat = list(others)
        if any(singles):
            flat.append(self.chars(charset.union(*singles)))
        if not flat:
            return self.empty if optional else self.nothing
        node = flat[0] if len(flat) == 1 else self._intern(Alternation, tuple(flat))
        return self.repeat(node, 0, 1) if optional else node

    def repeat(self, body: Node, low: int, high: int) -> Node:
        if high == 0 or body is self.empty:
            return self.empty
        if body is self.nothing:
            return self.empty if low == 0 else body
        if isinstance(body, Repeat) and (low == high or (low + 1) * body.low <= low * body.high + 1):
            # The numbers of rounds that add up, low * body.low to high * body.high, leave no gap.
            low, high, body = low * body.low, high * body.high, body.body
        if matches_empty(body):
            low = 0
        high = min(high, UNBOUNDED)
        return body if low == high == 1 else self._intern(Repeat, body, low, high)

    def ahead(self, body: Node, negated: bool) -> Node:
        if body is self.nothing or matches_empty(body):
            return self.empty if negated == (body is self.nothing) else self.nothing
        return self._intern(Ahead, body, negated)

    def behind(self, body: Node, negated: bool) -> Node:
        if body is self.nothing or matches_empty(body):
            return self.empty if negated == (body is self.nothing) else self.nothing
        return self._intern(Behind, body, negated)

    def after_start(self, node: Node) -> Node:
        """``node`` where it is not at the start of the text: no ``^`` holds, except in look-behind."""
        match node:
            case TextStart():
                return self.nothing
            case Concat(parts):
                return self.concat(map(self.after_start, parts))
            case Alternation(options):
                return self.alternation(map(self.after_start, options))
            case Repeat(body, low, high):
                return self.repeat(self.after_start(body), low, high)
            case Ahead(body, negated):
                return self.ahead(self.after_start(body), negated)
        return node


def matches_empty(node: Node) -> bool:
    """Whether ``node`` matches the empty text wherever it stands; ``False`` where that depends on an assertion."""
    match node:
        case Concat(parts):
            return all(map(matches_empty, parts))
        case Alternation(options):
            return any(map(matches_empty, options))
        case Repeat(body, low, _):
            return low == 0 or matches_empty(body)
    return False


def shortest(node: Node) -> int:
    """A lower bound of the length of any match."""
    match node:
        case Chars():
            return 1
        case Concat(parts):
            return sum(map(shortest, parts))
        case Alternation(options):
            return min(map(shortest, options))
        case Repeat(body, low, _):
            return low * shortest(body)
    return 0
