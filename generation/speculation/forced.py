"""Drafts of what the language leaves no choice about, and of every branch where it leaves few.

Bytes that must come next are tokenised as the tokenizer itself would; a last token that could span what follows is a
guess of its own kind.
Where a few bytes may come (keys, enumerated values, closing punctuation), each is a branch, followed as far as it is
forced. Blanks that may or may not stand between two parts of a document are taken from the style of the text so far:
what stood after the same punctuation the last time. Evidence tells apart how many branches there are, and guesses of
style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

from ...grammar.forced_branches import NO_BYTE, BlankHabits, ForcedBranches
from ...grammar.matcher import Matcher
from ...grammar.special_tokens import parts
from ...grammar.token_tables import tables_of
from ...grammar.vocabulary import Vocabulary
from .drafter import Candidate, Mask, Session

BLANKS = b" \t\n\r"
MOST_BRANCHES = 4
_MOST_KNOWN = 1 << 14
_PENDING = 2 * MOST_BRANCHES
_OPEN = _PENDING + 1
"""Added to the evidence of a token that could be longer."""

_pieces: WeakKeyDictionary[Vocabulary, dict[bytes, _Piece]] = WeakKeyDictionary()


class _Piece(NamedTuple):
    """Tokens to come; the last one is ``open`` if it could span what follows."""

    tokens: tuple[int, ...]
    open: bool

    def rest(self) -> _Piece:
        return _Piece(self.tokens[1:], self.open)

    def candidate(self, evidence: int) -> Candidate:
        return Candidate(self.tokens[0], evidence + (_OPEN if self.open and len(self.tokens) == 1 else 0))


_NOTHING = _Piece((), False)


@dataclass
class Forced:
    """``vocabulary`` is that of the constraint; tokenised pieces are kept with it, for all constraints."""

    vocabulary: Vocabulary
    prior: float = 0.8
    name: str = "forced"
    branches: ForcedBranches = field(default_factory=lambda: ForcedBranches(MOST_BRANCHES), repr=False)

    def __post_init__(self) -> None:
        self._known = _pieces.setdefault(self.vocabulary, {})

    def session(self, prompt: Sequence[int]) -> ForcedSession:
        return ForcedSession(self)

    def piece(self, text: bytes) -> _Piece:
        """The tokens of a text that ends where the language leaves a choice."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            known = self._known[text] = self._tokenize(text)
        return known

    def _tokenize(self, text: bytes) -> _Piece:
        tokens: list[int] = []
        for part in parts(text):
            tokens += [part] if isinstance(part, int) else self.vocabulary.tokenize(part)
        return _Piece(
            tuple(tokens), bool(tokens) and tables_of(self.vocabulary).has_longer(self.vocabulary.tokens[tokens[-1]])
        )


@dataclass(slots=True)
class _Place:
    """A cursor: what a branch still has to give, the last byte but blanks, and the branches found here."""

    pending: _Piece
    last: int
    branches: dict[int, _Piece] = field(default_factory=dict)


class ForcedSession(Session):
    def __init__(self, forced: Forced) -> None:
        self._forced = forced
        self._spelled = forced.vocabulary.tokens
        self._habits = BlankHabits()
        self._blanks = b""
        self._place = _Place(_NOTHING, NO_BYTE)

    def root(self) -> _Place:
        return self._place

    def candidates(self, cursor: _Place, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        if cursor.pending.tokens:
            return (cursor.pending.candidate(_PENDING),)
        texts, others = self._forced.branches.after(matcher, cursor.last, self._habits)
        evidence = 2 * (len(texts) - 1) + others
        found = []
        for text in texts:
            piece = self._forced.piece(text)
            if piece.tokens and piece.tokens[0] not in cursor.branches:
                cursor.branches[piece.tokens[0]] = piece.rest()
                found.append(piece.candidate(evidence))
        return found

    def advance(self, cursor: _Place, token: int) -> _Place:
        pending = cursor.pending
        if not pending.tokens:
            pending = cursor.branches.get(token, _NOTHING)
        else:
            pending = pending.rest() if pending.tokens[0] == token else _NOTHING
        visible = self._spelled[token].rstrip(BLANKS)
        return _Place(pending, visible[-1] if visible else cursor.last)

    def extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            last = self._place.last
            self._place = self.advance(self._place, token)
            for byte in self._spelled[token]:
                if byte in BLANKS:
                    self._blanks += bytes((byte,))
                else:
                    self._habits.note(last, self._blanks)
                    last, self._blanks = byte, b""
