"""Laws that a model has computed before they were asked for, along drafted continuations of the prefixes asked about.

A pass over a prefix and a guess at how it goes on gives the law after every token of the guess. A sampler that draws
these tokens finds their laws here, and needs no pass. They are the laws of those prefixes, whoever guessed them and
whether or not anybody asks: what is sampled does not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from .language_model import Prefix

MEMORY = 1 << 26


class Drafts(Protocol):
    """Guesses at how texts go on."""

    def after(self, prefixes: Sequence[Prefix]) -> list[Prefix]:
        """For each prefix tokens that may follow it, or none; one pass reads them all."""
        ...

    def learn(self, tokens: NDArray[np.int64], logits: torch.Tensor, seconds: float) -> None:
        """A pass that took ``seconds`` read ``tokens`` int64[n], and gave ``logits`` float[n, V] after them."""
        ...


class DraftedLaws:
    """Logits of prefixes, as the model gave them, a row each; ``memory``: bytes, beyond which the oldest go."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._rows: dict[Prefix, torch.Tensor] = {}
        self._memory = memory
        self._size = 0

    def keep(self, prefix: Prefix, logits: torch.Tensor) -> None:
        """``logits``: float[V], which is copied."""
        self._drop(prefix)
        self._rows[prefix] = logits.clone()
        self._size += logits.nbytes
        while self._size > self._memory:
            self._drop(next(iter(self._rows)))

    def of(self, prefix: Prefix) -> torch.Tensor | None:
        """The logits after ``prefix``, if they are known."""
        return self._rows.get(prefix)

    def _drop(self, prefix: Prefix) -> None:
        row = self._rows.pop(prefix, None)
        if row is not None:
            self._size -= row.nbytes
