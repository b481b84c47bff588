"""Drafts from the pairs and triples of tokens seen so far, counted while generating.

An adaptive n-gram model in the manner of ADED (arXiv 2407.12021): the most frequent successors of the last two
tokens, or of the last one where the pair is new, with a bonus for successors that were tried rarely, so that new ones
get a chance. Where that token is new, too, the most frequent tokens that may come are guessed: in the midst of a string
they are what ended the strings before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...grammar.matcher import Matcher
from .drafter import Candidate, Mask, Session
from .ranking import Ranking

MOST_BRANCHES = 3
_MOST_KNOWN = 1 << 17
_MOST_FREQUENT = 24
_MOST_FREQUENT_TRIED = 2
_FREQUENT = 22
"""The evidence of the most frequent token that may come; then that of the next."""

_NO_TOKEN = -1

_Pair = tuple[int, int]


@dataclass
class NGram:
    """``exploration`` weighs the bonus for what is rare; 0 takes the most frequent always."""

    exploration: float = 0.1
    prior: float = 0.3
    name: str = "ngram"
    _successors: dict[_Pair, dict[int, int]] = field(default_factory=dict, repr=False)
    _known: int = field(default=0, repr=False)
    _frequent: Ranking = field(default_factory=Ranking, repr=False)

    def session(self, prompt: Sequence[int]) -> NGramSession:
        return NGramSession(self, prompt)

    def count(self, context: _Pair, token: int) -> None:
        if self._known > _MOST_KNOWN:
            self._successors.clear()
            self._frequent = Ranking()
            self._known = 0
        self._frequent.add(token)
        for known in (context, (_NO_TOKEN, context[1])):
            counts = self._successors.setdefault(known, {})
            before = counts.get(token, 0)
            counts[token] = before + 1
            self._known += not before

    def frequent(self, mask: Mask) -> list[Candidate]:
        """The most frequent tokens that may come."""
        allowed = mask.data.cast("B")
        found: list[Candidate] = []
        for token in self._frequent.tokens[:_MOST_FREQUENT]:
            if token >> 3 < len(allowed) and allowed[token >> 3] >> (token & 7) & 1:
                found.append(Candidate(token, _FREQUENT + len(found)))
                if len(found) == _MOST_FREQUENT_TRIED:
                    break
        return found

    def best(self, context: _Pair) -> list[Candidate]:
        """Evidence: the share of the successor, in tenths, for pairs; the same and 11 for the last token alone."""
        offset, counts = 0, self._successors.get(context)
        if counts is None:
            offset, counts = 11, self._successors.get((_NO_TOKEN, context[1]))
        if not counts:
            return []
        total = sum(counts.values())
        if len(counts) > 1:
            bonus = self.exploration * math.sqrt(math.log(total + 1.0))
            ranked = sorted(counts.items(), key=lambda item: -item[1] / total - bonus / math.sqrt(item[1]))
        else:
            ranked = list(counts.items())
        return [Candidate(token, offset + 10 * count // total) for token, count in ranked[:MOST_BRANCHES]]


class NGramSession(Session):
    """A cursor is the last two tokens."""

    def __init__(self, counts: NGram, prompt: Sequence[int]) -> None:
        self._counts = counts
        self._last: _Pair = (_NO_TOKEN, _NO_TOKEN)
        self.extend(prompt)

    def root(self) -> _Pair:
        return self._last

    def candidates(self, cursor: _Pair, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        return self._counts.best(cursor) or self._counts.frequent(mask)

    def advance(self, cursor: _Pair, token: int) -> _Pair:
        return cursor[1], token

    def extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self._counts.count(self._last, token)
            self._last = (self._last[1], token)
