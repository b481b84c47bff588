"""What the definitions of terminals in a Lark grammar are as patterns, joined as Lark joins them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from lark.exceptions import GrammarError
from lark.lexer import Pattern, PatternRE, PatternStr
from lark.load_grammar import eval_escaping

from .lark_reader import (
    OPTIONAL,
    OR,
    RANGE,
    REGEXP,
    REPEAT,
    ROW,
    STRING,
    TERMINAL,
    TIMES,
    Definition,
    Tree,
    UnsureError,
)
from .plain_patterns import plain_width
from .python_syntax import group_width

_UNESCAPED = re.compile(r"[^\\\0\r]*")
_READ = re.compile(r'(?:[^\\\0\r]|\\(?:[^Uux\\\n\0\r]|\\(?!")|x[\da-fA-F]{2}|u[\da-fA-F]{4}))*', re.ASCII)
"""Patterns of which it is plain what Lark makes of their escapes."""
_ESCAPE = re.compile(r"\\(?:x..|u....|.)")
_SHORT = {r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\f": "\f", r"\"": '"'}


@lru_cache(maxsize=1 << 14)
def literal(kind: str, text: str) -> Pattern:
    """``text``: in its quotes or slashes, with its flags. Raises ``UnsureError`` for what is empty or broken."""
    end = text.rfind('"' if kind == STRING else "/")
    content, flags = _evaluated(kind, text[1:end]), text[end + 1 :]
    if not content or ("\n" in text and "x" not in flags):
        raise UnsureError
    if kind == STRING:
        return PatternStr(content.replace("\\\\", "\\"), flags, raw=text)
    return _measured(PatternRE(content, flags, raw=text))


def _evaluated(kind: str, content: str) -> str:
    if _UNESCAPED.fullmatch(content):
        return content
    if kind == REGEXP and _READ.fullmatch(content):
        return _ESCAPE.sub(_unescaped, content)
    try:
        return str(eval_escaping(content))  # type: ignore[no-untyped-call]
    except (GrammarError, ValueError):
        raise UnsureError from None


def _unescaped(escape: re.Match[str]) -> str:
    text = escape[0]
    return chr(int(text[2:], 16)) if len(text) > 2 else _SHORT.get(text, text)


@lru_cache(maxsize=1 << 12)
def joined(value: str, flags: frozenset[str] = frozenset()) -> Pattern:
    """Kept, since a pattern keeps its widths, for which Lark may parse it."""
    return _measured(PatternRE(value, flags))


def _measured(pattern: PatternRE) -> PatternRE:
    """``pattern`` with its widths, if these are known without Lark's parsing it."""
    pattern._width = width_of(pattern)
    return pattern


def width_of(pattern: Pattern) -> tuple[int, int] | None:
    """Its widths; ``None`` if it is for Python to say whether it is a pattern at all."""
    flags = frozenset(pattern.flags)
    return plain_width(pattern.value, flags) or group_width(pattern.value, flags)


def a_range(first: str, last: str) -> Pattern:
    """From one character to another, each in quotes."""
    ends = first[1:-1], last[1:-1]
    if any(text[-1] != '"' for text in (first, last)) or any(len(_evaluated(STRING, end)) != 1 for end in ends):
        raise UnsureError
    return _measured(PatternRE(f"[{ends[0]}-{ends[1]}]"))


class Patterns:
    """The patterns of ``definitions``, by name, made when they are asked for; those of ``imported`` are known."""

    def __init__(self, definitions: Mapping[str, Definition], imported: Mapping[str, Pattern]) -> None:
        self._definitions = definitions
        self._found: dict[str, Pattern | None] = {**imported}

    def of_terminal(self, name: str) -> Pattern:
        if name not in self._found:
            definition = self._definitions.get(name)
            if definition is None or definition.tree is None:
                raise UnsureError
            self._found[name] = None
            self._found[name] = self.of(definition.tree)
        pattern = self._found[name]
        if pattern is None:  # it is part of itself
            raise UnsureError
        return pattern

    def of(self, tree: Tree) -> Pattern:
        kind = tree[0]
        if kind in (STRING, REGEXP):
            return literal(*tree)
        if kind == TERMINAL:
            return self.of_terminal(tree[1])
        if kind == ROW:
            return self._row(tree)
        if kind == OR:
            return self._alternatives(tree)
        if kind == RANGE:
            return a_range(tree[1], tree[2])
        if kind in (REPEAT, OPTIONAL, TIMES):
            return self._repeated(tree)
        raise UnsureError

    def _row(self, tree: Tree) -> Pattern:
        parts = [self.of(part) for part in tree[1:]]
        if not parts:
            raise UnsureError
        return parts[0] if len(parts) == 1 else joined("".join(part.to_regexp() for part in parts))

    def _alternatives(self, tree: Tree) -> Pattern:
        parts = [self.of(part) for part in tree[1:]]
        if len(parts) == 1:
            return parts[0]
        try:
            parts.sort(key=lambda part: (-part.max_width, -part.min_width, -len(part.value)))
        except ValueError:  # Lark's, for what is no regular expression
            raise UnsureError from None
        return joined("(?:{})".format("|".join(part.to_regexp() for part in parts)))

    def _repeated(self, tree: Tree) -> Pattern:
        inner = self.of(tree[1])
        if tree[0] == TIMES:
            operator = f"{{{tree[2]}}}" if tree[3] is None else f"{{{tree[2]},{tree[3]}}}"
        else:
            operator = "?" if tree[0] == OPTIONAL else tree[2]
        return joined(f"(?:{inner.to_regexp()}){operator}", frozenset(inner.flags))
