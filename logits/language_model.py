"""What samplers ask of a language model: the law of the next token after a prefix, for several prefixes at once.

The law is that of the model *with* its sampling settings, since that is what a sampler is faithful to. Nothing here
knows torch; ``transformers_model.py`` has the model of a transformers model and a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..grammar.errors import MaskwrightError

Prefix = tuple[int, ...]
"""The tokens after the prompt."""


class LanguageModel(Protocol):
    """A law over sequences of tokens, given by its next tokens."""

    @property
    def vocabulary_size(self) -> int:
        """The width of the law, at least the size of the constraint's vocabulary."""
        ...

    @property
    def fingerprint(self) -> str:
        """What the law depends on (model, prompt, settings): equal only for equal laws; ``""`` if unknown.

        What was learnt of one law must not be used for another: tries compare it.
        """
        ...

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.floating[Any]]:
        """The log law of the next token after prompt and prefix, float[n, V]; rows sum to one, ``-inf`` may occur."""
        ...


@dataclass(frozen=True)
class SamplingSettings:
    """How logits become a law, in this order: divided by ``temperature``, cut to the ``top_k`` greatest (0: all), cut
    to the fewest that hold ``top_p`` of the mass. Ties with the last one kept are kept by ``top_k``."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise MaskwrightError(
                f"the temperature is {self.temperature}",
                remedy="sample at a temperature above zero, or search greedily",
            )
        if self.top_k < 0 or not 0 < self.top_p <= 1:
            raise MaskwrightError(
                f"top_k is {self.top_k}, top_p {self.top_p}", remedy="top_k is 0 or more, top_p in (0, 1]"
            )

    def law(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The log law, float64[n, V], of ``logits``, float[n, V]."""
        scores = np.asarray(logits, np.float64) / self.temperature
        if 0 < self.top_k < scores.shape[1]:
            least = np.partition(scores, -self.top_k, axis=1)[:, -self.top_k, None]
            scores = np.where(scores < least, -np.inf, scores)
        scores = _normalised(scores)
        if self.top_p < 1:
            order = np.argsort(-scores, axis=1, kind="stable")
            mass = np.exp(np.take_along_axis(scores, order, axis=1))
            cut = np.cumsum(mass, axis=1) - mass >= self.top_p  # the mass before it is enough
            dropped = np.empty_like(cut)
            np.put_along_axis(dropped, order, cut, axis=1)
            scores = _normalised(np.where(dropped, -np.inf, scores))
        return scores


class CallableModel:
    """The law that a function gives: ``function(prefix)`` is the logits of the next token, float[V], of any scale."""

    def __init__(
        self,
        function: Callable[[Prefix], NDArray[np.floating[Any]]],
        vocabulary_size: int,
        settings: SamplingSettings | None = None,
        fingerprint: str = "",
    ) -> None:
        self._function = function
        self._settings = settings or SamplingSettings()
        self.vocabulary_size = vocabulary_size
        self.fingerprint = fingerprint

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.float64]:
        rows = [np.asarray(self._function(prefix), np.float64) for prefix in prefixes]
        return self._settings.law(np.stack(rows) if rows else np.empty((0, self.vocabulary_size)))


class CountingModel:
    """A model, and how often it was asked: ``calls``, and ``forward_passes``, the prefixes in all of them."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.calls = 0
        self.forward_passes = 0

    @property
    def vocabulary_size(self) -> int:
        return self._model.vocabulary_size

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.floating[Any]]:
        self.calls += 1
        self.forward_passes += len(prefixes)
        return self._model.log_probabilities(prefixes)


def _normalised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    greatest = scores.max(axis=1, keepdims=True)
    shifted = scores - greatest
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
