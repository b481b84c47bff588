"""What the slow interpreter knows between two bytes: a configuration, and the open containers as frames.

Both are immutable; a document in progress is a configuration and the frames it leads to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

from .kernels import layout as at


@dataclass(frozen=True)
class Frame:
    """An open container, or the document (kind ``ROOT``, no parent).

    ``seen``: the indices of the named keys that have come, ``others``: the other keys; ``next_rank``: in ordered
    objects, the first that may come. ``style``: how blanks and escapes are written.
    """

    parent: Frame | None
    kind: int
    node: int = at.NONE
    state: int = at.PLAIN
    count: int = 0
    depth: int = 0
    seen: frozenset[int] = frozenset()
    others: frozenset[str] = frozenset()
    next_rank: int = 0
    items: tuple[object, ...] = ()
    items_text: bytes = b""
    item_from: int = 0
    style: int = 0


@dataclass(frozen=True)
class Configuration:
    """What has been read of the token of JSON in hand, and the innermost open container.

    ``mode``: one of the layout's, ``KEY`` for all keys. ``node``: of the value in hand or to come. ``text``: what a
    string says so far, or what is left of a literal; ``pending``: the bytes of its character in hand. ``state``: of
    the number or text automaton; ``integer``: what the digits of a number make. ``outcome``: the state that a literal
    leaves. ``behind``: the comma or colon before a value or key; ``blanks``: those read since.
    """

    mode: int
    frame: Frame
    node: int = at.NONE
    text: str = ""
    pending: bytes = b""
    state: int = 0
    outcome: int = at.PLAIN
    behind: bytes = b""
    blanks: bytes = b""
    written: bytes = b""
    integer: int = 0


def parsed(text: bytes) -> object:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def comparable(document: object) -> object:
    """A JSON value as Python compares it: numbers by value, true and 1 apart, objects whatever their order."""
    if isinstance(document, dict):
        return "object", frozenset((name, comparable(member)) for name, member in document.items())
    if isinstance(document, list):
        return "array", tuple(comparable(item) for item in document)
    return ("string", document) if isinstance(document, str) else (type(document).__name__, document)
