"""Steps that several samplers share: the laws after many prefixes, what may come next, and draws from log laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...grammar.matcher import Matcher
from ..language_model import LanguageModel, Prefix
from .target import Target


def laws_after(model: LanguageModel, prefixes: Sequence[Prefix]) -> NDArray[np.float64]:
    """The model's log laws, float64[n, V]; it is asked once about prefixes that are equal."""
    rows = {prefix: row for row, prefix in enumerate(dict.fromkeys(prefixes))}
    laws = np.asarray(model.log_probabilities(list(rows)), np.float64)
    return laws if len(rows) == len(prefixes) else laws[[rows[prefix] for prefix in prefixes]]


def allowed_next(target: Target, matchers: Sequence[Matcher], lengths: Sequence[int]) -> NDArray[np.bool_]:
    """bool[n, V]: what may follow in the language, and in the last place the limit leaves, end tokens alone."""
    allowed = target.masks(matchers)
    last = [row for row, length in enumerate(lengths) if target.is_last(length)]
    allowed[last] &= target.ends
    return allowed


def masked(laws: NDArray[np.float64], allowed: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The log laws given what is allowed, float64[n, V], and the log mass of that, float64[n].

    Where nothing allowed has mass, both are ``-inf``.
    """
    kept = np.where(allowed, laws, -np.inf)
    mass = log_sum(kept, axis=1)
    return kept - np.where(np.isneginf(mass), 0.0, mass)[:, None], mass


def log_sum(values: NDArray[np.float64], axis: int | None = None) -> Any:
    """The log of the sum of ``exp(values)``, which may all be ``-inf``."""
    greatest = np.max(values, axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isneginf(greatest), 0.0, greatest)
    with np.errstate(divide="ignore"):
        total = np.log(np.exp(values - shift).sum(axis=axis, keepdims=True)) + shift
    return total.reshape(())[()] if axis is None else np.squeeze(total, axis)


def draw(laws: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """A token of each row, int64[n], of log laws of any scale: the greatest of them plus Gumbel noise."""
    return np.asarray(np.argmax(laws + random.gumbel(size=laws.shape), axis=1))


def entropies(laws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of normalised log laws, float64[n], in nats."""
    return np.asarray(-(np.exp(laws) * np.where(np.isneginf(laws), 0.0, laws)).sum(axis=1)).clip(min=0)
