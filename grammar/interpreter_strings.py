"""JSON strings for the slow interpreter: what the beginning of a character can become, and automata over characters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .automaton import Automaton
from .kernels import layout as at

Ranges = tuple[tuple[int, int], ...]

EVERYTHING: Ranges = ((0, 0x10FFFF),)
"""Inclusive ranges of code points."""

LAST_CODE_POINT = 0x10FFFF

_CONTINUATION = (0x80, 0xBF)
_WELL_FORMED = (  # table 3-7 of the Unicode standard; controls below 0x20, the quote and the backslash are not for JSON
    ((0x20, 0x21),),
    ((0x23, 0x5B),),
    ((0x5D, 0x7F),),
    ((0xC2, 0xDF), _CONTINUATION),
    ((0xE0, 0xE0), (0xA0, 0xBF), _CONTINUATION),
    ((0xE1, 0xEC), _CONTINUATION, _CONTINUATION),
    ((0xED, 0xED), (0x80, 0x9F), _CONTINUATION),
    ((0xEE, 0xEF), _CONTINUATION, _CONTINUATION),
    ((0xF0, 0xF0), (0x90, 0xBF), _CONTINUATION, _CONTINUATION),
    ((0xF1, 0xF3), _CONTINUATION, _CONTINUATION, _CONTINUATION),
    ((0xF4, 0xF4), (0x80, 0x8F), _CONTINUATION, _CONTINUATION),
)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_REQUIRED_ESCAPES = {json.dumps(chr(c))[1:-1].encode(): c for c in [*range(0x20), ord('"'), ord("\\")]}
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_HIGH = range(0xD800, 0xDC00)
_LOW = range(0xDC00, 0xE000)


@lru_cache(maxsize=1 << 16)
def possible_code_points(written: bytes, escapes: int = at.ANY_ESCAPES) -> Ranges:
    """The code points that can come of a character of which ``written`` is the beginning, or the whole; () if none."""
    if written[:1] == b"\\":
        if escapes == at.MINIMAL_ESCAPES:
            return tuple((c, c) for spelling, c in _REQUIRED_ESCAPES.items() if spelling.startswith(written))
        return tuple(_escaped(written.decode("latin-1")))
    return tuple(_encoded(written))


@lru_cache(maxsize=1 << 16)
def is_whole(written: bytes) -> bool:
    """Whether ``written``, from which some code point can come, is a whole character."""
    if written[:1] != b"\\":
        return any(len(written) == len(row) and _begins(row, written) for row in _WELL_FORMED)
    if written[1:2] != b"u":
        return len(written) == 2
    return len(written) == (12 if int(written[2:6].ljust(4, b"0"), 16) in _HIGH else 6)


def _begins(row: tuple[tuple[int, int], ...], written: bytes) -> bool:
    return len(written) <= len(row) and all(
        low <= byte <= high for byte, (low, high) in zip(written, row, strict=False)
    )


def _encoded(written: bytes) -> Iterator[tuple[int, int]]:
    for row in _WELL_FORMED:
        if _begins(row, written):
            rest = row[len(written) :]
            lowest = written + bytes(low for low, _ in rest)
            highest = written + bytes(high for _, high in rest)
            yield ord(lowest.decode()), ord(highest.decode())


def _escaped(written: str) -> Iterator[tuple[int, int]]:
    if written == "\\":  # \uXXXX can say everything
        yield from ((0, _HIGH.start - 1), (_LOW.stop, LAST_CODE_POINT))
    elif written[1] != "u":
        if len(written) == 2 and written[1] in _ESCAPES:
            yield ord(_ESCAPES[written[1]]), ord(_ESCAPES[written[1]])
    else:
        first, second = _units(written[:6]), _units(written[6:])
        if len(written) <= 6:
            for low, high in ((0, _HIGH.start - 1), (_LOW.stop, 0xFFFF)):
                yield from _overlap(first, range(low, high + 1))
            for low, high in _overlap(first, _HIGH):
                yield _paired(low, _LOW.start), _paired(high, _LOW.stop - 1)
        elif len(first) == 1 and first[0] in _HIGH:
            for low, high in _overlap(second, _LOW):
                yield _paired(first[0], low), _paired(first[0], high)


def _units(written: str) -> range:
    """The UTF-16 units that the beginning of ``\\uXXXX`` can become."""
    digits = written[2:]
    if written[:2] != "\\u"[: len(written)] or len(digits) > 4 or not set(digits) <= _HEX_DIGITS:
        return range(0)
    return range(int(digits.ljust(4, "0"), 16), int(digits.ljust(4, "f"), 16) + 1)


def _overlap(units: range, others: range) -> Iterator[tuple[int, int]]:
    common = range(max(units.start, others.start), min(units.stop, others.stop))
    if common:
        yield common.start, common.stop - 1


def _paired(high: int, low: int) -> int:
    return 0x10000 + ((high - _HIGH.start) << 10) + (low - _LOW.start)


# --- text automata


@dataclass(frozen=True, eq=False)
class TextAutomaton:
    """An automaton over code points, spelled out.

    ``edges``: for each state the (first, last code point, successor) that lead on. ``labels``: 0 where no text ends.
    """

    start: int
    edges: list[list[tuple[int, int, int]]]
    labels: list[int]

    @classmethod
    def from_tables(cls, tables: Automaton, index: int) -> TextAutomaton:
        record = tables.texts.array[index].tolist()
        begin, count = record[at.TEXT_INTERVALS_AT], record[at.TEXT_INTERVALS]
        firsts = tables.text_start.array[begin : begin + count].tolist()
        lasts = [first - 1 for first in firsts[1:]] + [LAST_CODE_POINT]
        classes = tables.text_class.array[begin : begin + count].tolist()
        is_last = index + 1 == len(tables.texts)
        end = len(tables.text_label) if is_last else int(tables.texts.array[index + 1, at.TEXT_LABEL_AT])
        labels = tables.text_label.array[record[at.TEXT_LABEL_AT] : end].tolist()
        edges = []
        for state in range(len(labels)):
            place = record[at.TEXT_BASE] + state * record[at.TEXT_CLASSES]
            row = tables.text_next.array[place : place + record[at.TEXT_CLASSES]].tolist()
            found = [(first, last, row[number]) for first, last, number in zip(firsts, lasts, classes, strict=True)]
            edges.append([edge for edge in found if edge[2] != at.TEXT_DEAD and not _only_surrogates(*edge[:2])])
        return cls(record[at.TEXT_FIRST], edges, labels)

    def successor(self, state: int, code_point: int) -> int:
        """The state after a code point that leads on."""
        return next(after for first, last, after in self.edges[state] if first <= code_point <= last)

    def accepts_after(self, state: int, fewest: int, most: int) -> bool:
        """Is some text of ``fewest`` to ``most`` code points accepted from ``state``? By trying all of them at once."""
        reached = frozenset([state])
        known: set[frozenset[int]] = set()
        for length in range(most + 1):
            if length >= fewest:
                if any(self.labels[each] for each in reached):
                    return True
                if reached in known:
                    return False
                known.add(reached)
            reached = frozenset(after for each in reached for _, _, after in self.edges[each])
        return False


def _only_surrogates(first: int, last: int) -> bool:
    return first >= _HIGH.start and last < _LOW.stop


def some_begins(strings: list[str], text: str, ranges: Ranges) -> bool:
    """Is there a string that begins with ``text`` and goes on with a character of ``ranges``?"""
    nexts = [ord(string[len(text)]) for string in strings if len(string) > len(text) and string.startswith(text)]
    return any(low <= code_point <= high for code_point in nexts for low, high in ranges)
