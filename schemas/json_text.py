"""Strict reading of JSON: schemas from text and files, and the documents that were written.

A schema is read without losing anything: repeated keys, NaN and Infinity are refused, and a number that no float holds
exactly becomes a ``Decimal``. Python values that stand for JSON are checked to be JSON. Not supported: encodings other
than UTF-8, nesting deeper than Python's recursion limit, and numbers of more than 4,300 digits in a schema.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from ..grammar.errors import InvalidSchema, LimitExceeded
from .references import escape
from .values import are_texts, is_text, kind_of

_MOST_DIGITS = 4300
_MOST_BITS = 14_280  # of an integer with so many digits
_QUICK = 1 << 64
_STRINGS_AND_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"\[\]{}:,]+', re.DOTALL)


def read_json(text: str, name: str = "the JSON text") -> object:
    """The value that ``text`` stands for; ``name`` says in errors where the text comes from.

    Raises ``InvalidSchema`` or ``LimitExceeded``, with line and column.
    """
    if not text.strip():
        raise InvalidSchema(f"{name} is empty", remedy="write a JSON schema; {} is the one that allows everything")
    reader = _Reader(text, name)
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=reader.members,
            parse_float=reader.fraction,
            parse_int=reader.integer,
            parse_constant=reader.refuse,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidSchema(f"{name}, {place}, is not JSON: {error.msg}", remedy="correct it there") from error
    except RecursionError:
        raise LimitExceeded(f"{name} is nested too deeply", remedy="use $ref to write it with fewer levels") from None
    reader.refuse_repeated(value)
    return value


def read_items(text: bytes) -> list[object]:
    """The values in ``text``, which are JSON with commas between them, and maybe one behind the last.

    Raises ``LimitExceeded`` for numbers of too many digits, written out or by an exponent, and for deep nesting.
    """
    whole = "[" + text.rstrip(b", \t\n\r").decode() + "]"
    reader = _Reader(whole, "an array of unique items")
    try:
        items: list[object] = json.loads(whole, parse_float=reader.fraction, parse_int=reader.integer)
    except RecursionError:
        raise LimitExceeded("unique items are nested too deeply", remedy="ask for fewer levels") from None
    return items


def read_json_file(path: str | os.PathLike[str]) -> object:
    """The value in a UTF-8 file, with or without a byte order mark; raises as ``read_json`` does."""
    name = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InvalidSchema(f"cannot read {name}: {error.strerror}", remedy="name a readable file") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidSchema(
            f"{name}, line {line}, byte {error.start}, is not UTF-8", remedy="JSON files are written in UTF-8"
        ) from error
    return read_json(text, name)


def read_document(text: str) -> object:
    """The value of a document; integers may have any number of digits. Raises ``LimitExceeded`` for deep nesting."""
    try:
        value: object = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise LimitExceeded("the document is nested too deeply to be read", remedy="bound its depth") from None
    return value


def check_json(value: object) -> None:
    """Raises ``InvalidSchema`` where ``value`` holds what is no JSON: sets, bytes, NaN, keys that are no strings."""
    if not _is_plainly_json(value):
        _check_part_by_part(value)


def _is_plainly_json(value: object) -> bool:
    """Whether ``value`` is JSON in the plainest of Python's types, with nothing in it twice; in one quick pass."""
    texts: list[str] = []
    add_text = texts.append
    seen: set[int] = set()
    containers: list[Any] = [[value]]
    for container in containers:
        members = container
        if type(container) is dict:
            texts += container
            members = container.values()
        for member in members:
            kind = type(member)
            if kind is str:
                add_text(member)
            elif kind is dict or kind is list:
                if id(member) in seen:
                    return False
                seen.add(id(member))
                containers.append(member)
            elif kind is int or kind is float:
                if not -_QUICK < member < _QUICK:
                    return False
            elif kind is not bool and member is not None:
                return False
    return are_texts(texts)


def _check_part_by_part(value: object) -> None:
    done: set[int] = set()
    open_ids: set[int] = set()
    stack: list[tuple[object, str, bool]] = [(value, "", False)]
    while stack:
        value, pointer, leaving = stack.pop()
        if leaving:
            open_ids.discard(id(value))
            done.add(id(value))
        elif isinstance(value, dict | list | tuple):
            if id(value) in open_ids:
                raise InvalidSchema("a value that contains itself", pointer, "refer to it by $ref")
            if id(value) not in done:
                open_ids.add(id(value))
                stack.append((value, pointer, True))
                stack.extend((part, f"{pointer}/{token}", False) for token, part in _parts(value, pointer))
        else:
            _check_scalar(value, pointer)


class _Reader:
    """The hooks of one ``json.loads``."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._repeated: tuple[dict[str, object], str] | None = None

    def members(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        members = dict(pairs)
        if len(members) < len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            self._repeated = members, twice
        return members

    def refuse_repeated(self, value: object) -> None:
        """An object read later holds those read before it, so that the last one with a repeated key is in ``value``."""
        if self._repeated is None:
            return
        members, key = self._repeated
        pointer = _pointer_of(members, value)
        raise InvalidSchema(f"{self._name} has the key {key!r} twice", pointer, "keep one of the two")

    def fraction(self, literal: str) -> float | Decimal:
        try:
            number = Decimal(literal)
        except InvalidOperation:
            number = None
        digits = None if number is None else len(number.as_tuple().digits) + abs(number.adjusted())
        if number is None or digits is None or digits > _MOST_DIGITS:
            raise self._too_long(literal)
        nearest = float(literal)
        return nearest if math.isfinite(nearest) and Fraction(repr(nearest)) == Fraction(number) else number

    def integer(self, literal: str) -> int:
        if len(literal) > _MOST_DIGITS:
            raise self._too_long(literal)
        return int(literal)

    def refuse(self, literal: str) -> object:
        place = self._place(literal)
        raise InvalidSchema(f"{self._name}{place} has {literal}, which is not JSON", remedy="write a number or null")

    def _too_long(self, literal: str) -> LimitExceeded:
        place = self._place(literal)
        return LimitExceeded(
            f"{self._name}{place} has a number of more than {_MOST_DIGITS} digits, {literal[:10]}...",
            remedy="use a smaller number",
        )

    def _place(self, literal: str) -> str:
        """Where the word ``literal`` stands first outside of strings."""
        for match in _STRINGS_AND_WORDS.finditer(self._text):
            if match.group() == literal:
                line = self._text.count("\n", 0, match.start()) + 1
                column = match.start() - self._text.rfind("\n", 0, match.start())
                return f", line {line}, column {column},"
        return ""


def _parts(
    value: dict[object, object] | list[object] | tuple[object, ...], pointer: str
) -> Iterator[tuple[str, object]]:
    if not isinstance(value, dict):
        yield from ((str(index), item) for index, item in enumerate(value))
        return
    for key, member in value.items():
        if not isinstance(key, str):
            raise InvalidSchema(f"the key {key!r} is not a string", pointer, "JSON keys are strings")
        if not is_text(key):
            raise InvalidSchema(f"the key {key!r} holds half of a surrogate pair", pointer, "write whole characters")
        yield escape(key), member


def _check_scalar(value: object, pointer: str) -> None:
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise LimitExceeded(f"a number of more than {_MOST_DIGITS} digits", pointer, "use a smaller number")
    if isinstance(value, Fraction) and not _is_decimal(value):
        raise InvalidSchema(f"{value} cannot be written in JSON", pointer, "use a number with finitely many digits")
    if kind_of(value) is None:
        shown = f"{value!r:.60}" if isinstance(value, float) else f"a {type(value).__name__}"
        raise InvalidSchema(f"{shown} is no JSON value", pointer, "use dict, list, str, int, float, bool and None")


def _is_decimal(number: Fraction) -> bool:
    rest = number.denominator
    while (common := math.gcd(rest, 10)) > 1:
        rest //= common
    return rest == 1


def _pointer_of(wanted: object, value: object) -> str | None:
    stack = [(value, "")]
    while stack:
        value, pointer = stack.pop()
        if value is wanted:
            return pointer
        if isinstance(value, dict):
            stack.extend((member, f"{pointer}/{escape(key)}") for key, member in value.items())
        elif isinstance(value, list):
            stack.extend((item, f"{pointer}/{index}") for index, item in enumerate(value))
    return None


def _integer(literal: str) -> int:
    return int(literal) if len(literal) <= _MOST_DIGITS else int(Decimal(literal))
