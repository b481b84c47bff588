"""Whole sequences with what masking would have said about each of their tokens, written many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..language_model import LanguageModel, Prefix
from .masked_laws import allowed_next, laws_after, masked_entropy
from .node import draw_tokens
from .target import Target


@dataclass(frozen=True, eq=False)
class Trace:
    """``model``, ``mask``: float64[n], the log probability of each token under the model, and under it masked;
    ``entropy``: float64[n], of the masked law in each place."""

    token_ids: Prefix
    model: NDArray[np.float64]
    mask: NDArray[np.float64]
    entropy: NDArray[np.float64]

    @property
    def log_probability(self) -> float:
        return float(self.model.sum())

    def beginning(self, length: int) -> Trace:
        return Trace(self.token_ids[:length], self.model[:length], self.mask[:length], self.entropy[:length])


_NOTHING = np.zeros(0)
EMPTY = Trace((), _NOTHING, _NOTHING, _NOTHING)


@dataclass
class Written:
    """``traces``: None where a sequence could not be finished; ``cut_by_length``: how often for want of room."""

    traces: list[Trace | None]
    cut_by_length: int


class Writer:
    """Continues sequences by plain masking, all of them a token at a time.

    One matcher for each place in the batch is kept from call to call.
    """

    def __init__(self, target: Target, model: LanguageModel, random: np.random.Generator) -> None:
        self._target, self._model, self._random = target, model, random
        self._first = target.constraint.matcher()
        self._matchers = [self._first]

    def write(self, beginnings: Sequence[Trace]) -> Written:
        """A whole sequence for each of ``beginnings``, which are not whole."""
        while len(self._matchers) < len(beginnings):
            self._matchers.append(self._target.constraint.matcher())
        columns: list[list[list[float]]] = [[list(b.model), list(b.mask), list(b.entropy)] for b in beginnings]
        ids = [b.token_ids for b in beginnings]
        for matcher, prefix in zip(self._matchers, ids, strict=False):
            matcher.reset()
            matcher.accept_tokens(prefix)
        written = Written([None] * len(ids), 0)
        growing = list(range(len(ids)))
        while growing:
            growing = self._step(growing, ids, columns, written)
        return written

    def _step(
        self, growing: list[int], ids: list[Prefix], columns: list[list[list[float]]], written: Written
    ) -> list[int]:
        """A token for each of ``growing``; those that go on."""
        lengths = [len(ids[row]) for row in growing]
        laws = laws_after(self._model, [ids[row] for row in growing])
        masks = allowed_next(self._target, [self._matchers[row] for row in growing], lengths)
        uniforms = self._random.random((len(growing), 1))
        going_on = []
        for row, law, allowed, uniform, length in zip(growing, laws, masks, uniforms, lengths, strict=True):
            tokens, log_mass = draw_tokens(law, allowed, uniform)
            if not tokens:
                written.cut_by_length += self._target.is_last(length)
                continue
            token, log_probability = tokens[0], float(law[tokens[0]])
            ids[row] = (*ids[row], token)
            values = (log_probability, log_probability - log_mass, masked_entropy(law, allowed, log_mass))
            for column, value in zip(columns[row], values, strict=True):
                column.append(value)
            if self._target.ends[token]:
                written.traces[row] = Trace(ids[row], *map(np.array, columns[row]))
            else:
                self._matchers[row].accept_token(token)
                going_on.append(row)
        return going_on
