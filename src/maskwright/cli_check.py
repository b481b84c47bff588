"""``maskwright check``: a schema, or a document, read byte by byte until it leaves the language.

The document is read as a model would write it, so that the place is the first byte after which nothing could make the
document valid. Not supported: which keyword is to blame; the place and what was expected there have to do.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from .cli_input import errors_naming, read_bytes
from .cli_places import Place, in_words, place_after, text_in_words
from .grammar.matcher import Constraint, Matcher
from .grammar.vocabulary import Vocabulary
from .schemas.misspelt import misspelt_keywords
from .schemas.specification import JsonSchema, Specification

_END = 256
_LONGEST_HINT = 40


@dataclass(frozen=True)
class Deviation:
    """Where a document leaves the language: the byte offset, and the matcher just before it."""

    offset: int
    matcher: Matcher


def byte_vocabulary() -> Vocabulary:
    """A token for each byte, and an end token."""
    return Vocabulary.from_tokens([bytes([byte]) for byte in range(_END)] + [b""], eos_token_ids=[_END])


def check_document(path: str, schema: Specification, document: str | None) -> int:
    """The exit code: 1 if the document is not valid."""
    with errors_naming(path):
        constraint = schema.compile(byte_vocabulary())
        if document is None:
            kind = "schema" if isinstance(schema, JsonSchema) else "grammar"
            lines = [f"{path}: the {kind} can be enforced", *constraint.notes, *keyword_notes(schema)]
            sys.stdout.writelines(f"{line}\n" for line in lines)
            return 0
        data = read_bytes(document)
        deviation = first_deviation(constraint, data)
    name = "stdin" if document == "-" else document
    found = "valid" if deviation is None else describe(deviation, data, isinstance(schema, JsonSchema))
    sys.stdout.write(f"{name}: {found}\n")
    return int(deviation is not None)


def keyword_notes(schema: Specification) -> list[str]:
    """Notes of keywords that are probably misspelt."""
    return misspelt_keywords(schema) if isinstance(schema, JsonSchema) else []


def first_deviation(constraint: Constraint, data: bytes) -> Deviation | None:
    """Where ``data`` leaves the language; its length if it ends too early; None if it is a document."""
    matcher = constraint.matcher()
    for offset, byte in enumerate(data):
        if not matcher.accept_token(byte):
            return Deviation(offset, matcher)
    return None if matcher.is_accepting() else Deviation(len(data), matcher)


def describe(deviation: Deviation, data: bytes, is_json: bool) -> str:
    """One line: where, what was found and what was expected."""
    offset = deviation.offset
    before = data[:offset].decode(errors="replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    found = f"the {'document' if is_json else 'text'} ends"
    if offset < len(data):
        found = f"{_shown(data, offset)} is not allowed"
    place = place_after(before) if is_json else None
    words = f" ({place})" if place else ""
    expected = expectation(deviation.matcher, place)
    return f"invalid at byte {offset}, line {line}, column {column}{words}: {found}; expected {expected}"


def expectation(matcher: Matcher, place: Place | None) -> str:
    """What may come next, at ``place`` of a JSON document: the only text there is, or kinds of characters."""
    forced = matcher.forced_bytes()
    if len(forced) > 1:
        return repr(forced[:_LONGEST_HINT].decode(errors="ignore"))
    mask = np.zeros((1, _END // 32 + 1), np.int32)
    matcher.fill_next_token_bitmask(mask)
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little")
    allowed, may_end = np.flatnonzero(bits[:_END]).tolist(), bool(bits[_END])
    if place is None:
        return text_in_words(allowed, may_end=may_end)
    return in_words(allowed, in_string=place.in_string, may_end=may_end)


def _shown(data: bytes, offset: int) -> str:
    """The character that begins, or goes on, at ``offset``; a byte where it is none."""
    for size in range(1, 5):
        try:
            return repr(data[offset : offset + size].decode())
        except UnicodeDecodeError:
            continue
    return f"the byte 0x{data[offset]:02x}"
