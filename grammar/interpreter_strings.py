"""Code points of JSON strings from bytes, slowly: what a sequence of bytes that is not complete can still become."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]
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
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_HIGH = range(0xD800, 0xDC00)
_LOW = range(0xDC00, 0xE000)


@lru_cache(maxsize=1 << 16)
def possible_code_points(written: bytes) -> Ranges:
    """The code points that can come of a character of which ``written`` is the beginning, or the whole; () if none."""
    if written[:1] == b"\\":
        return tuple(_escaped(written.decode("latin-1")))
    return tuple(_encoded(written))


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
