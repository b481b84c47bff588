"""Token Recycling (arXiv 2408.08696): what the model held likely after a token the last time is guessed again.

A table of fixed size, under 2 MB for any vocabulary: a token's row is found by its number modulo the rows, and
belongs to the token that wrote it last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...grammar.matcher import Matcher
from .drafter import Candidate, Mask, Session

ROWS = 1 << 15
BRANCHES = 8
_FREE = -1
_MOST_TRIED = 4


def _table() -> NDArray[np.int32]:
    return np.full((ROWS, BRANCHES + 1), _FREE, np.int32)


@dataclass
class Recycling:
    """int32[ROWS, 1 + BRANCHES]: the token, and the likeliest tokens after it, best first: 1.2 MB."""

    prior: float = 0.3
    name: str = "recycling"
    _rows: NDArray[np.int32] = field(default_factory=_table, repr=False)

    def session(self, prompt: Sequence[int]) -> RecyclingSession:
        return RecyclingSession(self._rows, prompt[-1] if len(prompt) else _FREE)

    def learn(self, tokens: NDArray[np.int64], likeliest: NDArray[np.int64]) -> None:
        """``tokens`` int64[n] were read by the model, which held ``likeliest`` int64[n, up to BRANCHES] likely next."""
        rows = tokens % ROWS
        self._rows[rows] = _FREE
        self._rows[rows, 0] = tokens
        self._rows[rows, 1 : 1 + likeliest.shape[1]] = likeliest


class RecyclingSession(Session):
    """A cursor is the last token. Evidence is the rank."""

    def __init__(self, rows: NDArray[np.int32], last: int) -> None:
        self._rows = rows
        self._last = last

    def root(self) -> int:
        return self._last

    def candidates(self, cursor: int, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        row = self._rows[cursor % ROWS].tolist()
        if row[0] != cursor or cursor == _FREE:
            return ()
        return [Candidate(token, rank) for rank, token in enumerate(row[1 : 1 + _MOST_TRIED]) if token != _FREE]

    def advance(self, cursor: int, token: int) -> int:
        return token

    def extend(self, tokens: Sequence[int]) -> None:
        if len(tokens):
            self._last = int(tokens[-1])
