"""What a drafter is: a guess at what comes next, one token at a time along every branch of a tree.

A drafter keeps what it learns over all sequences. For each sequence it opens a *session*, which stands at the end of
the verified text; a *cursor* of a session stands at a node of a draft tree, where it names candidates for the next
token. Drafts cost time when they are wrong, and never change what is written: verification draws from the target's
own law.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ...grammar.matcher import Matcher

Mask = NDArray[np.int32]
"""One row of a bitmask."""


class Candidate(NamedTuple):
    """A guess: the token, and what kind of evidence speaks for it, small non-negative integers, learned apart.

    ``law``: float[V], where the guess was drawn at random, what it was drawn from; then it is the only guess of its
    session at this place, and its evidence must not depend on the token, since a draw may not be dropped for what it
    is.
    """

    token: int
    evidence: int
    law: torch.Tensor | None = None


Cursor = Any
"""Where a session stands in a draft tree; immutable, and known to its session only."""


class Session(Protocol):
    """A drafter's view of one sequence. What inherits from it need not say what ``finish`` does."""

    def root(self) -> Cursor:
        """The end of the verified text."""

    def candidates(self, cursor: Cursor, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        """Guesses, the best one first. ``matcher`` stands at the cursor, and is left there; ``mask`` is its mask."""

    def advance(self, cursor: Cursor, token: int) -> Cursor:
        """The cursor after one more token, whoever guessed it."""

    def extend(self, tokens: Sequence[int]) -> object:
        """These tokens were verified: the root moves to their end."""

    def finish(self, output: Sequence[int]) -> None:
        """The text is written; ``output`` is what came after the prompt."""
        return None


class Drafter(Protocol):
    """``name`` is what statistics call it; ``prior`` how probably a guess is right before anything is known."""

    name: str
    prior: float

    def session(self, prompt: Sequence[int]) -> Session:
        """A session for a sequence that follows ``prompt``."""
