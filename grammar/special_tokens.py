"""Special tokens as bytes that no text holds, so that a grammar can ask for them and nothing else accepts them.

A special token is 0xFF, which is in no UTF-8, and three bytes of its id. End tokens have no such bytes: they end a text
and are never part of one. Tokens of the vocabulary that hold 0xFF themselves are part of no text and lose their bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

MARK = 0xFF
WIDTH = 4


def spelled(token: int) -> bytes:
    """The bytes of the special token ``token``."""
    return bytes([MARK]) + token.to_bytes(WIDTH - 1, "big")


def spelled_tokens(tokens: Sequence[bytes], specials: Iterable[int]) -> tuple[bytes, ...]:
    """``tokens`` as automata read them, where ``specials`` are special tokens that do not end a text."""
    found = [b"" if MARK in token else token for token in tokens]
    for token in specials:
        found[token] = spelled(token)
    return tuple(found)


def parts(content: bytes) -> Iterator[bytes | int]:
    """The texts in ``content`` and the special tokens between them; one that is cut off at the end is left out.

    >>> list(parts(b"ab" + spelled(7) + b"c" + spelled(8)[:2]))
    [b'ab', 7, b'c']
    """
    while content:
        place = content.find(MARK)
        if place == 0:
            if len(content) >= WIDTH:
                yield int.from_bytes(content[1:WIDTH], "big")
            content = content[WIDTH:]
        else:
            text, content = (content, b"") if place < 0 else (content[:place], content[place:])
            yield text
