"""The text of a Lark grammar before Lark reads it: what goes beyond Lark's language becomes declared terminals.

``%json``, ``%regex`` and special tokens give way to names, padded so that whatever follows keeps its line and column
(a backslash before a line feed continues a line in Lark). The names of the text are listed with their places, as Lark's
errors have none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

from .source import error_at

_LEXEME = re.compile(
    r"""
      (?P<blank> [^\S\n]+ | //[^\n]* | \#[^\n]* | \\[ ]*\n )
    | (?P<newline> \n )
    | (?P<literal> "(?:\\.|[^"\\\n])*"i? | /(?!/)(?:\\.|[^/\\])*/[imslux]* )
    | (?P<embedded> %(?:json|regex)\b | <[^<>\s]+> )
    | (?P<directive> %[a-z]+ )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_MAYBE_EMBEDDED = re.compile(r"%(?:json|regex)\b|<[^<>\s]+>")
_HEAD = re.compile(
    r"(?:%(?:override|extend)[ \t]+)?[?!]*(?P<name>[A-Za-z_]\w*)[ \t]*(?:\{[^}\n]*\})?[ \t]*"
    r"(?:\.[ \t]*(?P<priority>[+-]?\d+))?[ \t]*:"
)
_AFTER = re.compile(r"(?:[^\S\n]+|//[^\n]*|\#[^\n]*)*(?=\n|\Z)(?!\s*\|)")
_REGEXP = re.compile(r"/(?P<pattern>(?!/)(?:\\.|[^/\\\n])*)/(?P<flags>[a-z]*)", re.DOTALL)


TOKEN = "token"


@dataclass(frozen=True)
class Name:
    """A name in the text: where, in whose definition it stands, and whether it is the one defined there."""

    text: str
    offset: int
    head: str
    defines: bool


@dataclass(frozen=True)
class Inserted:
    """What stands at ``offset`` instead of a name. ``kind``: ``%json``, ``%regex`` or ``TOKEN``; ``value``: a JSON
    value, a pattern, or the token."""

    kind: str
    value: object
    offset: int
    priority: int = 0


@dataclass(frozen=True)
class LarkText:
    """``original`` as Lark can read it, and what its new names stand for."""

    original: str
    text: str
    inserted: dict[str, Inserted]

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """Those of the original."""
        return _Preparation(self.original).run()[1]


def prepared(text: str) -> LarkText:
    """Raises ``InvalidGrammar`` for a ``%json`` or ``%regex`` that is broken or stands where none can."""
    return _Preparation(text).run()[0] if _MAYBE_EMBEDDED.search(text) else LarkText(text, text, {})


class _Preparation:
    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] = []
        self._copied = 0
        self._names: list[Name] = []
        self._inserted: dict[str, Inserted] = {}
        self._declared: list[str] = []
        self._prefix = "E"
        while re.search(rf"\b{self._prefix}\d", text):
            self._prefix += "E"

    def run(self) -> tuple[LarkText, tuple[Name, ...]]:
        head: re.Match[str] | None = None
        at_start, position = True, 0
        while position < len(self._text):
            if at_start and (found := _HEAD.match(self._text, position)):
                head, at_start = found, False
                self._names.append(Name(head["name"], head.start("name"), head["name"], True))
                position = head.end()
                continue
            lexeme = _LEXEME.match(self._text, position)
            assert lexeme is not None
            position = self._replace(lexeme, head) if lexeme.lastgroup == "embedded" else lexeme.end()
            if lexeme.lastgroup == "name":
                self._names.append(Name(lexeme[0], lexeme.start(), head["name"] if head else "", False))
            elif lexeme.lastgroup == "directive":
                head = None
            at_start = lexeme.lastgroup == "newline" or (at_start and lexeme.lastgroup == "blank")
        self._parts.append(self._text[self._copied :])
        self._parts.extend(f"\n%declare {name}" for name in self._declared)
        return LarkText(self._text, "".join(self._parts), self._inserted), tuple(self._names)

    def _replace(self, lexeme: re.Match[str], head: re.Match[str] | None) -> int:
        """Put a name for the directive; where it ends."""
        if head is None:
            raise error_at(self._text, lexeme.start(), f"{lexeme[0]} stands outside of rules and terminals")
        value, end = self._value(lexeme)
        kind = TOKEN if lexeme[0].startswith("<") else lexeme[0]
        inserted = Inserted(kind, value, lexeme.start())
        if not head["name"].isupper():
            name = f"{self._prefix}{len(self._inserted)}"
            self._declared.append(name)
            self._put(name, lexeme.start(), end)
        else:
            self._check_alone(lexeme, head, end)
            name = head["name"]
            inserted = Inserted(kind, value, lexeme.start(), int(head["priority"] or 0))
            self._put(f"%declare {name}", head.start(), end)
        self._inserted[name] = inserted
        return end

    def _check_alone(self, lexeme: re.Match[str], head: re.Match[str], end: int) -> None:
        between = self._text[head.end() : lexeme.start()]
        if between.strip() or head[0].startswith("%") or not _AFTER.match(self._text, end):
            problem = f"{lexeme[0]} can be a terminal, but no part of one"
            remedy = "give it a terminal of its own, and combine terminals in a rule"
            raise error_at(self._text, lexeme.start(), problem, remedy=remedy)

    def _put(self, name: str, start: int, end: int) -> None:
        """``name`` in place of ``text[start:end]``, as many lines and, where there is room, columns long."""
        lines = self._text[start:end].split("\n")
        padding = " " * (end - start - len(name))
        if len(lines) > 1:
            padding = "\\\n" * (len(lines) - 1) + " " * len(lines[-1])
        self._parts += [self._text[self._copied : start], name, padding]
        self._copied = end

    def _value(self, lexeme: re.Match[str]) -> tuple[object, int]:
        """What stands behind the directive, and where it ends."""
        if lexeme[0].startswith("<"):
            return lexeme[0], lexeme.end()
        start = _skipped(self._text, lexeme.end())
        if lexeme[0] == "%json" or self._text.startswith(("{", '"'), start):
            value, end = self._json(start)
            known = (dict, bool) if lexeme[0] == "%json" else (dict, str)
            if not isinstance(value, known):
                raise error_at(self._text, start, f"{lexeme[0]} takes no such value", expected=_EXPECTED[lexeme[0]])
            return value, end
        found = _REGEXP.match(self._text, start)
        if found is None:
            raise error_at(self._text, start, "%regex has no pattern", expected=_EXPECTED["%regex"])
        if set(found["flags"]) - set("ims"):
            raise error_at(self._text, found.start("flags"), "%regex knows no such flag", expected="ims")
        flags = f"(?{found['flags']})" if found["flags"] else ""
        return flags + found["pattern"], found.end()

    def _json(self, start: int) -> tuple[object, int]:
        try:
            value, end = _DECODER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            raise error_at(self._text, error.pos, f"the JSON is broken: {error.msg}") from None
        except RecursionError:
            raise error_at(self._text, start, "the JSON is nested too deeply") from None
        except ValueError as error:
            raise error_at(self._text, start, f"the JSON is broken: {error}") from None
        return value, end


def _no_constant(name: str) -> object:
    raise ValueError(f"JSON has no {name}")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_EXPECTED = {
    "%json": ("a schema in braces", "true", "false"),
    "%regex": ("/pattern/", '"pattern"', '{"substring_...": ...}'),
}


def _skipped(text: str, offset: int) -> int:
    """Where the white space at ``offset`` ends."""
    while text[offset : offset + 1].isspace():
        offset += 1
    return offset
