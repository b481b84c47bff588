"""What a context-free grammar is, whatever form it was written in.

A *symbol* is an integer: ``t >= 0`` is the terminal ``terminals[t]``, ``~n < 0`` the nonterminal ``nonterminals[n]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .byte_dfa import ByteDfa


class Lexing(Enum):
    """How a text is cut into terminals."""

    LONGEST = "longest"
    """As Lark's contextual lexer does: of the terminals that the parser's state knows, the first in rank that matches,
    as far as it matches by the rules of Python's ``re``."""

    EVERY = "every"
    """Scannerless: wherever a terminal may end, it may."""


@dataclass(frozen=True)
class Embedded:
    """A language that another compiler knows, such as JSON of a schema, as one terminal.

    ``specification`` is what ``maskwright.compile`` takes; ``place`` says where in the grammar it stands.
    """

    specification: object
    place: str


@dataclass(frozen=True)
class SpecialToken:
    """A terminal that only a special token of the vocabulary can be, such as ``<|python_tag|>``."""

    name: str


@dataclass(frozen=True)
class Supplied:
    """A terminal that no text spells: ``INDENT`` and ``DEDENT``."""


@dataclass(frozen=True, eq=False)
class Terminal:
    """A terminal symbol.

    ``rank``: where several terminals match, the one of the lowest rank wins (``Lexing.LONGEST`` only).
    ``keywords``: texts that, where this terminal matches just them, are another terminal, if the parser's state knows
    that one. ``keyword_only``: it is found in this way only wherever the parser's state knows one of these terminals.
    ``folded_keywords``: terminals of which, after ``keywords`` and in this order, the same holds for any text that they
    match as a whole (those that ignore case have too many texts to list). ``Lexing.EVERY`` has none of these.
    """

    name: str
    content: ByteDfa | Embedded | SpecialToken | Supplied
    rank: int = 0
    keywords: Mapping[bytes, int] = field(default_factory=dict)
    keyword_only: frozenset[int] = frozenset()
    folded_keywords: tuple[int, ...] = ()


class Rule(NamedTuple):
    """``origin`` (a nonterminal's number) may be ``expansion`` (symbols, in this order; none for the empty text)."""

    origin: int
    expansion: tuple[int, ...]


@dataclass(frozen=True)
class Indentation:
    """Lines that indent, as Lark's ``Indenter`` turns them into terminals (numbers of terminals).

    Between ``openers`` and ``closers`` a ``newline`` is dropped. Anywhere else it is passed on, then one ``indent`` if
    the columns after its last line feed are more than those of the block in hand, a ``dedent`` for each block that they
    end; columns are spaces, and ``tab_columns`` for a tab, wherever they stand after the line feed (in a comment too).
    Refused are a dedent to columns that no open block has, a ``newline`` passed on that holds no line feed, and one
    closer more than there are openers. The end of the text ends all blocks, without a ``newline``.
    """

    newline: int
    indent: int
    dedent: int
    openers: frozenset[int]
    closers: frozenset[int]
    tab_columns: int

    def columns(self, line: bytes) -> int:
        """Those of what follows the last line feed."""
        return line.count(b" ") + line.count(b"\t") * self.tab_columns


@dataclass(frozen=True)
class Region:
    """A part of texts: what may stand, unread by the parser, ``beside`` its ``members``, in front of each."""

    members: frozenset[int]
    beside: frozenset[int]


@dataclass(frozen=True)
class Grammar:
    """A context-free grammar. ``ignored`` terminals may stand between any others; with ``regions``, only there."""

    terminals: tuple[Terminal, ...]
    nonterminals: tuple[str, ...]
    rules: tuple[Rule, ...]
    start: int
    ignored: frozenset[int] = frozenset()
    lexing: Lexing = Lexing.LONGEST
    indentation: Indentation | None = None
    notes: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()

    @cached_property
    def flat_rules(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """The symbols of all rules, one after the other; for each rule, where its symbols are over; and its origin."""
        symbols = np.array(list(chain.from_iterable([rule[1] for rule in self.rules])), np.int32)
        ends = np.cumsum([len(rule[1]) for rule in self.rules], dtype=np.int32)
        return symbols, ends, np.array([rule[0] for rule in self.rules], np.int32)

    def with_notes(self, notes: tuple[str, ...]) -> Grammar:
        """The same grammar with ``notes``; its flat rules are kept."""
        noted = replace(self, notes=notes)
        noted.__dict__["flat_rules"] = self.flat_rules
        return noted

    def beside(self, known: frozenset[int]) -> frozenset[int]:
        """The terminals that are looked for, whatever rules say, where those ``known`` may come."""
        if self.regions:
            return frozenset().union(*(region.beside for region in self.regions if region.members & known))
        return self.ignored if self.indentation is None else self.ignored | {self.indentation.newline}
