"""Reading JSON as it is written, a piece of text at a time: what is complete, and what is known so far.

No text is read twice: runs of characters are found by regular expressions in the piece at hand, and a value is put
together from the pieces that it spans when it ends (one that has a type, together with the values around it that have
one, as often as it is deep in them). ``value()`` copies the containers that are open, not what is in them.

The text is taken for JSON, since a constraint saw to that; nothing here checks it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum, auto

from ..schemas.partial_values import PLAIN, Children, ValueForm
from ..schemas.references import escape

_IN_STRING = re.compile(r'[^"\\]*')
_IN_SCALAR = re.compile(r"[^\s,\]}]*")
_BETWEEN = re.compile(r"[\s,:]*")
_UNKNOWN = object()


class _Mode(Enum):
    BETWEEN = auto()
    STRING = auto()
    ESCAPE = auto()
    SCALAR = auto()


@dataclass(frozen=True)
class _Place:
    """A place in the text: in which piece, and where in it."""

    piece: int
    offset: int


@dataclass
class _Open:
    """An object or array that has begun. ``key``: of the member whose value comes next, in an object."""

    form: ValueForm
    start: _Place
    children: Children
    key: str | None = None


@dataclass
class JsonReader:
    """Values of one document of a ``form``; ``feed`` it with its text."""

    form: ValueForm = PLAIN
    _pieces: list[str] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _mode: _Mode = _Mode.BETWEEN
    _leaf: ValueForm = PLAIN
    _leaf_start: _Place = field(default_factory=lambda: _Place(0, 0))
    _string: list[str] = field(default_factory=list)  # what has been read of a string, without escapes
    _escape: str = ""
    _root: object = _UNKNOWN
    _completed: list[tuple[str, object]] = field(default_factory=list)

    def feed(self, text: str) -> list[tuple[str, object]]:
        """Read on; the values inside of the document that ``text`` completes: JSON pointer and value, in order."""
        self._pieces.append(text)
        place = 0
        while place < len(text):
            place = _STEPS[self._mode](self, text, place)
        completed, self._completed = self._completed, []
        return completed

    def value(self) -> object:
        """What is known of the document; None if nothing is.

        Inside of it, numbers, words and keys are known when they end, strings that ``ValueForm.shows_text`` as far as
        they were read. The whole is made a value of its type by whoever has all of its text.
        """
        if self._root is not _UNKNOWN:
            return self._root
        inner: object = _UNKNOWN
        if self._mode in (_Mode.STRING, _Mode.ESCAPE) and not self._expects_key() and self._leaf.shows_text:
            self._string = ["".join(self._string)]  # else all pieces would be joined for every value
            inner = self._string[0]
        for container in reversed(self._open):
            children = container.children.copy()
            if inner is not _UNKNOWN:
                _put(children, container.key, inner)
            inner = container.form.part(children)
        return None if inner is _UNKNOWN else inner

    def _between(self, text: str, place: int) -> int:
        match = _BETWEEN.match(text, place)
        assert match is not None
        start = match.end()
        if start == len(text):
            return start
        character = text[start]
        if character in "}]":
            self._close(start + 1)
        elif character in "{[":
            self._open.append(_Open(self._next_form(), self._here(start), {} if character == "{" else []))
        elif character == '"':
            self._leaf = PLAIN if self._expects_key() else self._next_form()
            self._leaf_start, self._string, self._mode = self._here(start), [], _Mode.STRING
        else:
            self._leaf, self._leaf_start, self._mode = self._next_form(), self._here(start), _Mode.SCALAR
        return start + 1

    def _in_string(self, text: str, place: int) -> int:
        match = _IN_STRING.match(text, place)
        assert match is not None
        self._string.append(match[0])
        end = match.end()
        if end == len(text):
            return end
        if text[end] == "\\":
            self._escape, self._mode = "\\", _Mode.ESCAPE
            return end + 1
        self._mode = _Mode.BETWEEN
        if self._expects_key():
            self._open[-1].key = "".join(self._string)
        else:
            self._complete(self._leaf, None, self._leaf_start, end + 1)
        return end + 1

    def _in_escape(self, text: str, place: int) -> int:
        end = place + _escape_length(self._escape) - len(self._escape)
        self._escape += text[place:end]
        if len(self._escape) == _escape_length(self._escape):
            self._string.append(json.loads(f'"{self._escape}"'))
            self._mode = _Mode.STRING
        return min(end, len(text))

    def _in_scalar(self, text: str, place: int) -> int:
        match = _IN_SCALAR.match(text, place)
        assert match is not None
        if match.end() < len(text):
            self._mode = _Mode.BETWEEN
            self._complete(self._leaf, None, self._leaf_start, match.end())
        return match.end()

    def _close(self, end: int) -> None:
        closed = self._open.pop()
        self._complete(closed.form, closed.children, closed.start, end)

    def _complete(self, form: ValueForm, children: Children | None, start: _Place, end: int) -> None:
        """A value ends, in the piece at hand: put it where it belongs, and report it unless it is the whole."""
        if not self._open:
            if children is not None:
                self._root = form.part(children)
            elif form.shows_text:
                self._root = PLAIN.whole(None, lambda: self._text(start, end))
            return
        value = form.whole(children, lambda: self._text(start, end))
        parts = [str(len(each.children)) if each.key is None else escape(each.key) for each in self._open]
        self._completed.append(("".join(f"/{part}" for part in parts), value))
        container = self._open[-1]
        _put(container.children, container.key, value)
        container.key = None

    def _text(self, start: _Place, end: int) -> str:
        """The text from ``start`` to ``end`` in the piece at hand."""
        last = len(self._pieces) - 1
        if start.piece == last:
            return self._pieces[last][start.offset : end]
        between = self._pieces[start.piece + 1 : last]
        return "".join([self._pieces[start.piece][start.offset :], *between, self._pieces[last][:end]])

    def _here(self, offset: int) -> _Place:
        return _Place(len(self._pieces) - 1, offset)

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].children, dict) and self._open[-1].key is None

    def _next_form(self) -> ValueForm:
        if not self._open:
            return self.form
        around = self._open[-1]
        if isinstance(around.children, list):
            return around.form.item(len(around.children))
        assert around.key is not None
        return around.form.member(around.key, around.children)


_STEPS = {
    _Mode.BETWEEN: JsonReader._between,
    _Mode.STRING: JsonReader._in_string,
    _Mode.ESCAPE: JsonReader._in_escape,
    _Mode.SCALAR: JsonReader._in_scalar,
}


def _put(children: Children, key: str | None, value: object) -> None:
    if isinstance(children, list):
        children.append(value)
    else:
        assert key is not None
        children[key] = value


def _escape_length(begun: str) -> int:
    """How many characters the escape that has ``begun`` has, as far as they tell; a pair of surrogates is one escape.

    >>> _escape_length("\\\\"), _escape_length("\\\\n"), _escape_length("\\\\u00"), _escape_length("\\\\uD83D")
    (2, 2, 6, 12)
    """
    if not begun.startswith("\\u"):
        return 2
    return 12 if len(begun) >= 6 and 0xD800 <= int(begun[2:6], 16) < 0xDC00 else 6
