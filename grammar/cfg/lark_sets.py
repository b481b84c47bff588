"""Terminals made by intersection and complement, as llguidance writes them: ``WORD: /[a-z]+/ & ~("if" | "else")``.

``&`` binds more tightly than ``|``, and a row more tightly than ``&``. What is put together is what Python matches as
a whole. Other terminals can be named if the same text defines them; in a row, and under ``?``, ``*``, ``+`` and
``{m,n}``, there is no intersection and no complement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import InvalidGrammar
from ..limits import Budget
from .byte_dfa import ByteDfa
from .lark_patterns import literal
from .lark_reader import REGEXP, STRING, UnsureError
from .python_pattern import python_language
from .regular import complement, intersection, union
from .source import error_at

_LITERAL = r'"(?:\\.|[^"\\\n])*"i?|/(?!/)(?:\\.|[^/\\\n])*/[imslux]*'
_LEXEME = re.compile(
    rf"(?P<blank>[^\S\n]+|//[^\n]*|\#[^\n]*|\n(?=\s*\|))|(?P<literal>{_LITERAL})|(?P<name>[A-Z_]\w*)"
    r"|(?P<bounds>[?*+]|\{\s*\d+\s*(?:,\s*\d*\s*)?\})|(?P<sign>[|&~()])"
)
_PLAIN = re.compile(rf"(?:{_LITERAL}|//[^\n]*|\#[^\n]*|\n(?=\s*\|)|[^\n&~\"/]|~\s*(?=\d))*")

MAX_DEPTH = 50
"""Of parentheses, and of terminals in terminals."""


@dataclass(frozen=True)
class Whole:
    """What ``pattern`` (Python's) matches as a whole."""

    pattern: str


@dataclass(frozen=True)
class Sets:
    """The texts of ``parts`` put together: ``sign`` is ``|``, ``&``, or ``~`` with one part."""

    sign: str
    parts: tuple[Whole | Sets, ...]


def has_sets(text: str, start: int) -> bool:
    """Whether the definition of a terminal that begins at ``text[start]`` intersects or complements."""
    found = _PLAIN.match(text, start)
    return found is not None and text[found.end() : found.end() + 1] in ("&", "~")


def sets_at(text: str, name: str, heads: Mapping[str, int]) -> tuple[Whole | Sets, int]:
    """The definition of ``name``, and where it ends. ``heads``: where those of terminals begin, by name."""
    reader = _Reader(text, heads, heads[name], (name,))
    found = reader.alternatives()
    if not reader.at_end():
        raise reader.error("this cannot stand here")
    return found, reader.position


def sets_dfa(sets: Whole | Sets, budget: Budget) -> ByteDfa:
    """The texts of ``sets``."""
    if isinstance(sets, Whole):
        return python_language(sets.pattern, budget)
    parts = [sets_dfa(part, budget) for part in sets.parts]
    if sets.sign == "~":
        return complement(parts[0], budget)
    return (union if sets.sign == "|" else intersection)(parts, budget)


class _Reader:
    def __init__(self, text: str, heads: Mapping[str, int], position: int, names: tuple[str, ...]) -> None:
        self._text = text
        self._heads = heads
        self._names = names
        self._depth = len(names)
        self.position = position

    def alternatives(self) -> Whole | Sets:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.error("terminals are nested too deeply")
        parts = [self._intersection()]
        while self._take("|"):
            parts.append(self._intersection())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Sets("|", tuple(parts))

    def at_end(self) -> bool:
        self._skip()
        return self._text[self.position : self.position + 1] in ("", "\n")

    def error(self, problem: str, remedy: str = "") -> InvalidGrammar:
        return error_at(self._text, self.position, problem, remedy=remedy)

    def _intersection(self) -> Whole | Sets:
        parts = [self._factor()]
        while self._take("&"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Sets("&", tuple(parts))

    def _factor(self) -> Whole | Sets:
        turned = False
        while self._take("~"):
            turned = not turned
        found = self._row()
        return Sets("~", (found,)) if turned else found

    def _row(self) -> Whole | Sets:
        items: list[Whole | Sets] = []
        while (item := self._item()) is not None:
            items.append(item)
        if not items:
            raise self.error("a text, a pattern or a terminal was expected")
        return items[0] if len(items) == 1 else Whole("".join(map(self._pattern, items)))

    def _item(self) -> Whole | Sets | None:
        found = self._atom()
        while found is not None and (bounds := self._lexeme("bounds")):
            found = Whole(f"(?:{self._pattern(found)}){''.join(bounds.split())}")
        return found

    def _atom(self) -> Whole | Sets | None:
        start = self.position
        if self._take("("):
            inner = self.alternatives()
            if not self._take(")"):
                raise self.error("this parenthesis is not closed")
            return inner
        if written := self._lexeme("literal"):
            kind = REGEXP if written.startswith("/") else STRING
            try:
                return Whole(f"(?:{literal(kind, written).to_regexp()})")
            except UnsureError:
                raise error_at(self._text, start, f"{written:.60} is no text or pattern") from None
        name = self._lexeme("name")
        if not name:
            return None
        if name not in self._heads or name in self._names:
            problem = f"{name} cannot be read here"
            remedy = "define it as a terminal in this text, and without itself"
            raise error_at(self._text, start, problem, remedy=remedy)
        reader = _Reader(self._text, self._heads, self._heads[name], (*self._names, name))
        found = reader.alternatives()
        if not reader.at_end():
            raise reader.error("this cannot stand in a terminal that others intersect")
        return found

    def _pattern(self, sets: Whole | Sets) -> str:
        if isinstance(sets, Sets) and sets.sign == "|":
            return f"(?:{'|'.join(map(self._pattern, sets.parts))})"
        if isinstance(sets, Sets):
            remedy = "give it a terminal of its own, and combine terminals in a rule"
            raise self.error("an intersection or complement is no part of a row", remedy)
        return sets.pattern

    def _take(self, sign: str) -> bool:
        self._skip()
        taken = self._text.startswith(sign, self.position)
        self.position += len(sign) * taken
        return taken

    def _lexeme(self, kind: str) -> str:
        self._skip()
        found = _LEXEME.match(self._text, self.position)
        if found is None or found.lastgroup != kind:
            return ""
        self.position = found.end()
        return found[0]

    def _skip(self) -> None:
        while (found := _LEXEME.match(self._text, self.position)) and found.lastgroup == "blank":
            self.position = found.end()
