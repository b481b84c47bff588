"""JSON values: their kinds, exact numbers, and constants that are equal when JSON says so.

JSON has one kind of number, so 1 and 1.0 are equal, while true and 1 are not. A float stands for the decimal fraction
that it is written as (0.1 is one tenth). Not supported: infinities and NaN, which are no JSON values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..grammar.errors import InvalidSchema
from .atoms import Kind


def kind_of(value: object) -> Kind | None:
    """The kind of ``value``, or ``None`` where it is no JSON value."""
    if value is None:
        return Kind.NULL
    if isinstance(value, bool):
        return Kind.TRUE if value else Kind.FALSE
    if isinstance(value, str):
        return Kind.STRING
    if isinstance(value, dict):
        return Kind.OBJECT
    if isinstance(value, list | tuple):
        return Kind.ARRAY
    return None if exact(value) is None else Kind.NUMBER


def exact(value: object) -> Fraction | None:
    """The number ``value`` as a fraction; ``None`` where it is no finite number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(repr(value)) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return Fraction(value) if value.is_finite() else None
    return None


def is_text(value: object) -> bool:
    """Whether ``value`` is a string that UTF-8 can hold, that is, without lone surrogates."""
    if not isinstance(value, str):
        return False
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def are_texts(values: Iterable[Any]) -> bool:
    """Whether all ``values`` are texts; as quick as can be."""
    try:
        return is_text("".join(values))
    except TypeError:
        return False


@dataclass(frozen=True)
class Constant:
    """A JSON value one level deep; deeper values are given by their numbers.

    ``scalar``: the string or number. ``values``: the items of an array, or the values of an object's properties, whose
    names are ``names``.
    """

    kind: Kind
    scalar: str | Fraction | None = None
    values: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


class Constants:
    """A store of constants in which equal values have equal numbers.

    ``ordered``: whether objects whose members come in another order are told apart.
    """

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._constants: list[Constant] = []
        self._numbers: dict[Constant, int] = {}

    def __getitem__(self, number: int) -> Constant:
        return self._constants[number]

    def number(self, value: object) -> int:
        """The number of ``value``; raises ``InvalidSchema`` where it is no JSON value. Any depth is fine."""
        done: list[int] = []
        work: list[tuple[object, bool]] = [(value, False)]
        while work:
            value, finished = work.pop()
            inner = _parts(value)
            if finished:
                first = len(done) - len(inner)
                constant = self._constant(value, done[first:])
                del done[first:]
                done.append(self._intern(constant))
            elif inner:
                work.append((value, True))
                work.extend((part, False) for part in reversed(inner))
            else:
                done.append(self._intern(self._constant(value, [])))
        return done.pop()

    def _constant(self, value: object, parts: list[int]) -> Constant:
        kind = kind_of(value)
        if kind is None:
            raise InvalidSchema(f"{value!r} is no JSON value")
        if isinstance(value, dict):
            members = list(zip((_checked(name) for name in value), parts, strict=True))
            if not self._ordered:
                members.sort()
            return Constant(kind, None, tuple(part for _, part in members), tuple(name for name, _ in members))
        return Constant(kind, _checked(value) if isinstance(value, str) else exact(value), tuple(parts))

    def _intern(self, constant: Constant) -> int:
        number = self._numbers.setdefault(constant, len(self._constants))
        if number == len(self._constants):
            self._constants.append(constant)
        return number


def _parts(value: object) -> Sequence[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list | tuple) else ()


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidSchema(f"the property name {text!r} is not a string")
    if not is_text(text):
        raise InvalidSchema(f"the string {text!r} holds half of a surrogate pair")
    return text
