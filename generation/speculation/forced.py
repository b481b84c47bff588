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

_pieces: WeakKeyDictionary[Vocabulary, dict[bytes, tuple[int, ...]]] = WeakKeyDictionary()


@dataclass
class Forced:
    """``vocabulary`` is that of the constraint; tokenised pieces are kept with it, for all constraints."""

    vocabulary: Vocabulary
    prior: float = 0.8
    name: str = "forced"
    branches: ForcedBranches = field(default_factory=lambda: ForcedBranches(MOST_BRANCHES), repr=False)

    def __post_init__(self) -> None:
        self._tokens = _pieces.setdefault(self.vocabulary, {})

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
        self._habits = BlankHabits()
        self._blanks = b""
        self._place = _Place((), NO_BYTE)

    def root(self) -> _Place:
        return self._place

    def candidates(self, cursor: _Place, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        if cursor.pending:
            return (Candidate(cursor.pending[0], _PENDING),)
        texts, others = self._forced.branches.after(matcher, cursor.last, self._habits)
        evidence = 2 * (len(texts) - 1) + others
        found = []
        for text in texts:
            tokens = self._forced.tokens(text)
            if tokens and tokens[0] not in cursor.branches:
                cursor.branches[tokens[0]] = tokens[1:]
                found.append(Candidate(tokens[0], evidence))
        return found

    def advance(self, cursor: _Place, token: int) -> _Place:
        pending = cursor.pending
        if pending:
            pending = pending[1:] if pending[0] == token else ()
        else:
            pending = cursor.branches.get(token, ())
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
