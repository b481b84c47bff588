"""Where in a JSON document one is after the beginning of it, and what may come next, in words.

The place is worked out from the text alone. Not supported: text that is not the beginning of a JSON document, for which
the answer means nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECES = re.compile(_STRING.pattern + r'|"(?:[^"\\]|\\.)*\\?\Z|[\[\]{}:,]|[^\s"\[\]{}:,]+', re.DOTALL)
_WORDS = {
    ord(","): "','",
    ord(":"): "':'",
    ord("{"): "an object",
    ord("}"): "the end of the object",
    ord("["): "an array",
    ord("]"): "the end of the array",
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
    in_string: bool = False

    def __str__(self) -> str:
        return f"{self.situation}, at {self.pointer or 'the root'}"


@dataclass
class _Container:
    is_object: bool
    key: str | int | None


class _Walk:
    """The open containers, and what is expected next: a key of ``_SITUATIONS``."""

    def __init__(self) -> None:
        self.open: list[_Container] = []
        self.expected = "value"

    def read(self, piece: str) -> None:
        if piece in "{[":
            self.open.append(_Container(piece == "{", None if piece == "{" else 0))
            self.expected = "first key" if piece == "{" else "first value"
        elif piece in "}]":
            self.open.pop()
            self._end_value()
        elif piece == ":":
            self.expected = "value"
        elif piece == ",":
            self._next()
        elif self.expects_key:
            self.open[-1].key = json.loads(piece)
            self.expected = "colon"
        else:
            self._end_value()

    @property
    def expects_key(self) -> bool:
        return self.expected in ("first key", "key")

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


_SITUATIONS = {
    "value": "before a value",
    "first value": "before a value or the end of the array",
    "key": "before a property name",
    "first key": "before a property name or the end of the object",
    "colon": "after a property name",
    "comma": "after a value",
    "end": "after the whole document",
}


def place_after(text: str) -> Place:
    """Where one is after ``text``, the beginning of a JSON document."""
    pieces = _PIECES.findall(text)
    unfinished = pieces.pop() if pieces and _is_unfinished(pieces[-1], text) else ""
    walk = _Walk()
    for piece in pieces:
        walk.read(piece)
    if not unfinished:
        return Place(walk.pointer(), _SITUATIONS[walk.expected])
    if unfinished[0] != '"':
        return Place(walk.pointer(), "in a number or literal")
    return Place(walk.pointer(), "in a property name" if walk.expects_key else "in a string", in_string=True)


def text_in_words(expected: Iterable[int], *, may_end: bool) -> str:
    """The same of any text, of which nothing is known."""
    allowed = set(expected)
    words = ["the end of the text"] if may_end else []
    if len(allowed & _TEXT) > _MANY:
        words.append("almost any character")
    else:
        words += [repr(chr(byte)) for byte in sorted(byte for byte in allowed if byte <= 0x7F)]
        words += ["a character outside ASCII"] if max(allowed, default=0) > 0x7F else []
    return " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]


def in_words(expected: Iterable[int], *, in_string: bool, may_end: bool) -> str:
    """What the bytes that may come next are, in words; ``may_end``: whether the document may end as well."""
    allowed = set(expected)
    words = ["the end of the document"] if may_end else []
    if ord('"') in allowed:
        words.append("the end of the string" if in_string else "a string")
    if in_string and ord("\\") in allowed:
        words.append("an escape")
    allowed -= {*b'"\\'}
    if in_string and len(allowed & _TEXT) > _MANY:
        words.append("almost any character")
        allowed.clear()
    if not in_string:
        words += [_WORDS[byte] for byte in sorted(allowed & _WORDS.keys())]
        words += ["whitespace"] if allowed & _BLANKS else []
        allowed -= _WORDS.keys() | _BLANKS
    if allowed >= _DIGITS:
        words.append("a digit")
        allowed -= _DIGITS
    words += [repr(chr(byte)) for byte in sorted(allowed & _TEXT)]
    if max(allowed, default=0) > 0x7F:
        words.append("a character outside ASCII")
    return " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]


def _is_unfinished(piece: str, text: str) -> bool:
    """Whether the last piece could go on: a string without its end, or a number or word at the very end of the text."""
    if piece[0] == '"':
        return _STRING.fullmatch(piece) is None
    return piece not in "{}[]:," and text.endswith(piece)
