"""Tokens that a grammar names by number: ``<[7]>``, ``<[7,10-12]>``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import InvalidGrammar
from ..vocabulary import Vocabulary
from .source import error_at

_NUMBERS = re.compile(r"<\[\s*(\d{1,10}(?:-\d{1,10})?(?:\s*,\s*\d{1,10}(?:-\d{1,10})?)*)\s*\]>")


def check_token(text: str, offset: int, name: str) -> None:
    """Raises ``InvalidGrammar`` for a ``name`` in brackets that lists no numbers."""
    if not name.startswith("<["):
        return
    found = _NUMBERS.fullmatch(name)
    if found is None or any(first > last for first, last in _ranges(found[1])):
        problem = f"{name:.60} lists no numbers of tokens"
        raise error_at(text, offset, problem, expected=("<[7]>", "<[7,10-12]>"))


def numbered(name: str, vocabulary: Vocabulary) -> list[int] | None:
    """The special tokens that ``name`` lists; ``None`` if it is no list.

    Raises ``InvalidGrammar`` for other tokens: what they spell could be written with different tokens, too.
    """
    found = _NUMBERS.fullmatch(name)
    if found is None:
        return None
    special = set(vocabulary.special_tokens.values()) | set(vocabulary.special_token_ids)
    tokens: list[int] = []
    for first, last in _ranges(found[1]):
        for token in range(first, last + 1):
            if token not in special:
                what = "is text" if token < vocabulary.size else f"is not in a vocabulary of {vocabulary.size} tokens"
                remedy = "write the text of the token; special tokens alone can be asked for by number"
                raise InvalidGrammar(f"the token {token} of {name:.60} {what}", remedy=remedy)
            tokens.append(token)
    return tokens


def _ranges(numbers: str) -> Iterator[tuple[int, int]]:
    for part in numbers.split(","):
        first, _, last = part.strip().partition("-")
        yield int(first), int(last or first)
