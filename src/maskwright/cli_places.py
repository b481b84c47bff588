"""Where in a JSON document one is after the beginning of it, and what may come next, in words.

The place is worked out from the text alone. Not supported: text that is not the beginning of a JSON document, for which
the answer means nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*\\?$|[\[\]{}:,]|[^\s"\[\]{}:,]+', re.DOTALL)
_WORDS = {
    ord('"'): 'a string or its end (")',
    ord("\\"): "an escape (\\)",
    ord(","): "','",
    ord(":"): "':'",
    ord("{"): "an object ({)",
    ord("}"): "the end of the object (})",
    ord("["): "an array ([)",
    ord("]"): "the end of the array (])",
}
_BLANKS = frozenset(b" \t\n\r")
_DIGITS = frozenset(b"0123456789")
_TEXT = frozenset(range(0x20, 0x7F))
_MANY = 60


@dataclass(frozen=True)
class Place:
    """``pointer``: the JSON pointer of the value being written. ``situation``: what is going on there."""

    pointer: str
    situation: str

    def __str__(self) -> str:
        return f"{self.situation}, at {self.pointer or 'the root'}"


@dataclass
class _Container:
    is_object: bool
    key: str | int | None


class _Walk:
    """The open containers, and what is expected next: "value", "key", "colon", "comma" or "end"."""

    def __init__(self) -> None:
        self.open: list[_Container] = []
        self.expected = "value"

    def read(self, piece: str) -> None:
        if piece in "{[":
            self.open.append(_Container(piece == "{", None if piece == "{" else 0))
            self.expected = "key" if piece == "{" else "value"
        elif piece in "}]":
            self.open.pop()
            self._end_value()
        elif piece == ":":
            self.expected = "value"
        elif piece == ",":
            self._next()
        elif self.expected == "key":
            self.open[-1].key = json.loads(piece)
            self.expected = "colon"
        else:
            self._end_value()

    def pointer(self) -> str:
        tokens = [str(container.key) for container in self.open if container.key is not None]
        return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)

    def _end_value(self) -> None:
        self.expected = "comma" if self.open else "end"

    def _next(self) -> None:
        container = self.open[-1]
        if container.is_object:
            container.key = None
            self.expected = "key"
        else:
            assert isinstance(container.key, int)
            container.key += 1
            self.expected = "value"


def place_after(text: str) -> Place:
    """Where one is after ``text``, the beginning of a JSON document."""
    pieces = _PIECES.findall(text)
    unfinished = pieces.pop() if pieces and _is_unfinished(pieces[-1], text) else ""
    walk = _Walk()
    for piece in pieces:
        walk.read(piece)
    if unfinished:
        kind = "a number or literal" if unfinished[0] != '"' else "a string"
        return Place(walk.pointer(), "in a property name" if walk.expected == "key" else f"in {kind}")
    situations = {
        "value": "before a value",
        "key": "before a property name or the end of the object",
        "colon": "after a property name",
        "comma": "after a value in " + ("an object" if walk.open and walk.open[-1].is_object else "an array"),
        "end": "after the whole document",
    }
    return Place(walk.pointer(), situations[walk.expected])


def in_words(expected: Iterable[int], *, may_end: bool) -> str:
    """What the bytes that may come next are, in words."""
    allowed = set(expected)
    words = ["the end of the document"] if may_end else []
    if len(allowed & _TEXT) > _MANY:
        return " or ".join([*words, "almost any character of a string"])
    words += [_WORDS[byte] for byte in sorted(allowed & _WORDS.keys())]
    if allowed >= _DIGITS:
        words.append("a digit")
        allowed -= _DIGITS
    words += [repr(chr(byte)) for byte in sorted(allowed & _TEXT - _WORDS.keys() - _BLANKS)]
    if max(allowed, default=0) > 0x7F:
        words.append("a character outside ASCII")
    if allowed & _BLANKS:
        words.append("whitespace")
    return " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]


def _is_unfinished(piece: str, text: str) -> bool:
    """Whether the last piece could go on: a string without its end, or a number or word right at the end of the text."""
    if piece[0] == '"':
        return not (text.endswith(piece) and _is_string(piece)) and text.endswith(piece)
    return piece not in "{}[]:," and text.endswith(piece)


def _is_string(piece: str) -> bool:
    return re.fullmatch(r'"(?:[^"\\]|\\.)*"', piece, re.DOTALL) is not None
