"""Drafts of what the language leaves no choice about, and of every branch where it leaves few.

Bytes that must come next are tokenised as the tokenizer itself would, less a last token that could span what follows.
Where a few bytes may come (keys, enumerated values, closing punctuation), each is a branch, followed as far as it is
forced. Blanks that may or may not stand between two parts of a document are taken from the style of the text so far:
what stood after the same punctuation the last time. Evidence tells apart how many branches there are, and guesses of
style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...grammar.matcher import Matcher
from ...grammar.special_tokens import parts
from ...grammar.token_tables import tables_of
from ...grammar.vocabulary import Vocabulary
from .drafter import Candidate, Mask, Session

BLANKS = b" \t\n\r"
MOST_BRANCHES = 4
_PASSED_OVER = BLANKS + b"\\"
_MOST_BYTES = 64
_MOST_KNOWN = 1 << 14
_PENDING = 2 * MOST_BRANCHES


@dataclass
class Forced:
    """``vocabulary`` is that of the constraint; tokenised pieces are kept for all sequences."""

    vocabulary: Vocabulary
    prior: float = 0.8
    name: str = "forced"
    _tokens: dict[bytes, tuple[int, ...]] = field(default_factory=dict, repr=False)

    def session(self, prompt: Sequence[int]) -> ForcedSession:
        return ForcedSession(self)

    def tokens(self, piece: bytes) -> tuple[int, ...]:
        """The tokens of a piece of text that ends where the language leaves a choice."""
        known = self._tokens.get(piece)
        if known is None:
            if len(self._tokens) > _MOST_KNOWN:
                self._tokens.clear()
            known = self._tokens[piece] = self._tokenize(piece)
        return known

    def _tokenize(self, piece: bytes) -> tuple[int, ...]:
        tokens: list[int] = []
        for part in parts(piece):
            tokens += [part] if isinstance(part, int) else self.vocabulary.tokenize(part)
        if tokens and tables_of(self.vocabulary).has_longer(self.vocabulary.tokens[tokens[-1]]):
            tokens.pop()
        return tuple(tokens)


@dataclass(slots=True)
class _Place:
    """A cursor: tokens that a branch still has to give, the last byte but blanks, and the branches found here."""

    pending: tuple[int, ...]
    last: int
    branches: dict[int, tuple[int, ...]] = field(default_factory=dict)


class ForcedSession(Session):
    def __init__(self, forced: Forced) -> None:
        self._forced = forced
        self._spelled = forced.vocabulary.tokens
        self._style: dict[int, bytes] = {}
        self._blanks = b""
        self._place = _Place((), -1)

    def root(self) -> _Place:
        return self._place

    def candidates(self, cursor: _Place, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        if cursor.pending:
            return (Candidate(cursor.pending[0], _PENDING),)
        choices = matcher.next_bytes(MOST_BRANCHES + len(_PASSED_OVER) + 1)
        starts = _plain(choices)
        if not 0 < len(starts) <= MOST_BRANCHES:
            return ()
        evidence = 2 * (len(starts) - 1) + (len(starts) < len(choices))
        found = []
        for start in starts:
            tokens = self._forced.tokens(self._follow(matcher, cursor.last, start))
            if tokens and tokens[0] not in cursor.branches:
                cursor.branches[tokens[0]] = tokens[1:]
                found.append(Candidate(tokens[0], evidence))
        return found

    def advance(self, cursor: _Place, token: int) -> _Place:
        if cursor.pending:
            pending = cursor.pending[1:] if cursor.pending[0] == token else ()
        else:
            pending = cursor.branches.get(token, ())
        visible = self._spelled[token].rstrip(BLANKS)
        return _Place(pending, visible[-1] if visible else cursor.last)

    def extend(self, tokens: Sequence[int]) -> None:
        last = self._place.last
        for token in tokens:
            self._place = self.advance(self._place, token)
            for byte in self._spelled[token]:
                if byte in BLANKS:
                    self._blanks += bytes((byte,))
                else:
                    self._style[last] = self._blanks
                    last, self._blanks = byte, b""

    def _follow(self, matcher: Matcher, last: int, start: int) -> bytes:
        """The text from ``start`` to where there is a choice, blanks before it included."""
        read = bytearray()
        byte: int | None = start
        while byte is not None and len(read) < _MOST_BYTES:
            blanks = _read(matcher, self._style.get(last, b""))
            if blanks and byte not in matcher.next_bytes():
                matcher.rollback(blanks)
                blanks = 0
            if not matcher.accept_byte(byte):
                matcher.rollback(blanks)
                break
            read += self._style.get(last, b"")[:blanks]
            read.append(byte)
            last, byte = byte, _only_plain(matcher)
        matcher.rollback(len(read))
        return bytes(read)


def _read(matcher: Matcher, text: bytes) -> int:
    """Read as much of ``text`` as may come; how many bytes."""
    for count, byte in enumerate(text):
        if not matcher.accept_byte(byte):
            return count
    return len(text)


def _plain(choices: bytes) -> bytes:
    """The bytes that may come next, less blanks and the beginning of an escape, unless there is nothing else."""
    return choices.translate(None, _PASSED_OVER) or choices


def _only_plain(matcher: Matcher) -> int | None:
    """The one plain byte that may come next, if there is one only."""
    plain = _plain(matcher.next_bytes(len(_PASSED_OVER) + 2))
    return plain[0] if len(plain) == 1 else None
