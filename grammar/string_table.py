"""The constant tables of JSON's surface: strings byte by byte, and which bytes a mode can admit at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .kernels import layout as at

_HEX = b"0123456789abcdefABCDEF"
_BLANKS = b" \n\r\t"
_VALUE_STARTS = b'"{[-0123456789tfn'

_Edges = Callable[[int, bytes | range, int], None]


def string_table(escapes: int) -> NDArray[np.uint8]:
    """uint8[32, 256]: the transducer's next state for (state, byte), or STRING_CLOSE, or STRING_REJECT.

    It accepts well-formed UTF-8 (RFC 3629) and JSON's escapes (RFC 8259), and refuses lone surrogates.
    ``MINIMAL_ESCAPES``: of the escapes only those that JSON requires, in their shortest form and in lower case.
    """
    table = np.full((32, 256), at.STRING_REJECT, np.uint8)

    def edges(state: int, symbols: bytes | range, target: int) -> None:
        table[state, list(symbols)] = target

    _add_characters(edges)
    if escapes == at.MINIMAL_ESCAPES:
        _add_minimal_escapes(edges)
    else:
        _add_escapes(edges)
    return table


def _add_characters(edges: _Edges) -> None:
    edges(at.INSIDE, range(0x20, 0x80), at.INSIDE)
    edges(at.INSIDE, b'"', at.STRING_CLOSE)
    edges(at.INSIDE, range(0xC2, 0xE0), at.UTF8_1)
    edges(at.INSIDE, range(0xE1, 0xF0), at.UTF8_2)
    edges(at.INSIDE, range(0xF1, 0xF4), at.UTF8_3)
    for lead, state in ((0xE0, at.UTF8_E0), (0xED, at.UTF8_ED), (0xF0, at.UTF8_F0), (0xF4, at.UTF8_F4)):
        edges(at.INSIDE, bytes([lead]), state)
    edges(at.UTF8_1, range(0x80, 0xC0), at.INSIDE)
    edges(at.UTF8_2, range(0x80, 0xC0), at.UTF8_1)
    edges(at.UTF8_3, range(0x80, 0xC0), at.UTF8_2)
    edges(at.UTF8_E0, range(0xA0, 0xC0), at.UTF8_1)
    edges(at.UTF8_ED, range(0x80, 0xA0), at.UTF8_1)
    edges(at.UTF8_F0, range(0x90, 0xC0), at.UTF8_2)
    edges(at.UTF8_F4, range(0x80, 0x90), at.UTF8_2)


def _add_escapes(edges: _Edges) -> None:
    edges(at.INSIDE, b"\\", at.ESCAPE)
    edges(at.ESCAPE, b'"\\/bfnrt', at.INSIDE)
    edges(at.ESCAPE, b"u", at.HEX1)
    for state, target in ((at.HEX1, at.HEX2), (at.HEX2, at.HEX3), (at.HEX3, at.HEX4), (at.HEX4, at.INSIDE)):
        edges(state, _HEX, target)
    edges(at.HEX1, b"dD", at.HEX2_D)
    edges(at.HEX2_D, b"01234567", at.HEX3)
    edges(at.HEX2_D, b"89abAB", at.HIGH3)
    edges(at.HIGH3, _HEX, at.HIGH4)
    edges(at.HIGH4, _HEX, at.LOW_BACKSLASH)
    edges(at.LOW_BACKSLASH, b"\\", at.LOW_U)
    edges(at.LOW_U, b"u", at.LOW1)
    edges(at.LOW1, b"dD", at.LOW2)
    edges(at.LOW2, b"cdefCDEF", at.LOW3)
    edges(at.LOW3, _HEX, at.LOW4)
    edges(at.LOW4, _HEX, at.INSIDE)


def _add_minimal_escapes(edges: _Edges) -> None:
    edges(at.INSIDE, b"\\", at.MINIMAL_ESCAPE)
    edges(at.MINIMAL_ESCAPE, b'"\\bfnrt', at.INSIDE)
    edges(at.MINIMAL_ESCAPE, b"u", at.MINIMAL_HEX1)
    edges(at.MINIMAL_HEX1, b"0", at.MINIMAL_HEX2)
    edges(at.MINIMAL_HEX2, b"0", at.MINIMAL_HEX3)
    edges(at.MINIMAL_HEX3, b"0", at.MINIMAL_HEX4)
    edges(at.MINIMAL_HEX3, b"1", at.HEX4)
    edges(at.MINIMAL_HEX4, b"01234567bef", at.INSIDE)  # for the others there are shorter escapes
    edges(at.HEX4, b"0123456789abcdef", at.INSIDE)


def admission_table() -> NDArray[np.uint8]:
    """uint8[MODES, 256]: 0 where a mode refuses a byte whatever else holds."""
    table = np.zeros((at.MODES, 256), np.uint8)
    for mode, symbols in (
        (at.VALUE, _BLANKS + _VALUE_STARTS),
        (at.AFTER, _BLANKS + b",}]"),
        (at.FIRST_KEY, _BLANKS + b'"}'),
        (at.NEXT_KEY, _BLANKS + b'"'),
        (at.COLON, _BLANKS + b":"),
        (at.FIRST_ITEM, _BLANKS + _VALUE_STARTS + b"]"),
        (at.NUMBER, _BLANKS + b",}]0123456789.eE+-"),
        (at.LITERAL, b"abcdefghijklmnopqrstuvwxyz"),
    ):
        table[mode, list(symbols)] = 1
    for mode in (at.STRING, at.TEXT, at.CHOICE, at.KEY, at.OPEN_KEY):
        table[mode, 0x20:] = 1
    for mode in (at.GRAMMAR, at.SEVERAL, at.ENDED, at.EMBEDDED_NUMBER):
        table[mode] = 1
    return table


STRING_TABLES = tuple(string_table(escapes) for escapes in (at.ANY_ESCAPES, at.MINIMAL_ESCAPES))
ADMISSION_TABLE = admission_table()
