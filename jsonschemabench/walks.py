"""Random walks: tokens picked at random among those allowed, until the document ends.

A walk that meets an empty mask has found a dead end. Picking is uniform, but with a bias to tokens that close a string
or container, so that documents end; the bias differs from walk to walk and grows towards the end of the budget.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import maskwright as mw

_LATE = 0.95


@dataclass(frozen=True)
class Walk:
    """``finished``: whether the document ended within the budget; ``slowest``: the seconds of the longest step."""

    content: bytes
    finished: bool
    dead_end: bool
    slowest: float


class Walker:
    """Walks through the constraints over one vocabulary."""

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        tokens = self._tokens = vocabulary.tokens
        self._ends = np.zeros(vocabulary.size, np.bool_)
        self._ends[list(vocabulary.eos_token_ids)] = True
        self._escape = np.array([token == b"\\" for token in tokens], np.bool_)
        self._quotes = np.array([token[:1] == b'"' for token in tokens], np.bool_)
        self._brackets = np.array([b"}" in token or b"]" in token for token in tokens], np.bool_)
        self._bitmask = np.zeros((1, (vocabulary.size + 31) // 32), np.int32)

    def walk(self, matcher: mw.Matcher, rng: random.Random, budget: int = 200) -> Walk:
        """Walk from where ``matcher`` is, for at most ``budget`` tokens."""
        content, slowest, closing = bytearray(), 0.0, rng.choice((0.05, 0.3, 0.6, 0.9))
        for step in range(budget):
            begin = time.perf_counter()
            matcher.fill_next_token_bitmask(self._bitmask)
            slowest = max(slowest, time.perf_counter() - begin)
            allowed = self._unpacked()
            if not allowed.any():
                return Walk(bytes(content), False, True, slowest)
            bias = closing if step < budget // 2 else _LATE
            token = self._pick(allowed, rng, bias)
            begin = time.perf_counter()
            if not matcher.accept_token(token):
                raise AssertionError(
                    f"after {bytes(content)!r} the mask allows {self._tokens[token]!r}, which is refused"
                )
            slowest = max(slowest, time.perf_counter() - begin)
            if self._ends[token]:
                return Walk(bytes(content), True, False, slowest)
            content += self._tokens[token]
        return Walk(bytes(content), False, False, slowest)

    def _unpacked(self) -> NDArray[np.bool_]:
        bits = np.unpackbits(self._bitmask.view(np.uint8), bitorder="little")
        return bits[: len(self._tokens)].astype(np.bool_)

    def _pick(self, allowed: NDArray[np.bool_], rng: random.Random, bias: float) -> int:
        closing = allowed & self._closing(allowed)
        if rng.random() < bias and closing.any():
            allowed = closing
        return int(rng.choice(np.flatnonzero(allowed)))

    def _closing(self, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The tokens that close what is open. Where a backslash may come, that is a string."""
        if (allowed & self._ends).any():
            return self._ends
        return self._quotes if (allowed & self._escape).any() else self._brackets
