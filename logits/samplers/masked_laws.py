"""What samplers that keep to the language at every token share: laws after many prefixes, and what may come next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...grammar.matcher import Matcher
from ..language_model import LanguageModel, Prefix
from .target import Target

Laws = NDArray[np.floating[Any]]


def laws_after(model: LanguageModel, prefixes: Sequence[Prefix]) -> Laws:
    """The model's log laws, float[n, V]; it is asked once about prefixes that are equal."""
    rows = {prefix: row for row, prefix in enumerate(dict.fromkeys(prefixes))}
    laws = model.log_probabilities(list(rows))
    return laws if len(rows) == len(prefixes) else laws[[rows[prefix] for prefix in prefixes]]


def allowed_next(target: Target, matchers: Sequence[Matcher], lengths: Sequence[int]) -> NDArray[np.bool_]:
    """bool[n, V]: what may follow in the language, and in the last place the limit leaves, end tokens alone."""
    allowed = target.masks(matchers)
    last = [row for row, length in enumerate(lengths) if target.is_last(length)]
    allowed[last] &= target.ends
    return allowed


def masked_entropy(law: NDArray[np.floating[Any]], allowed: NDArray[np.bool_], log_mass: float) -> float:
    """The entropy, in nats, of a log law (float[V]) given that what comes is allowed, which has the mass named."""
    scores = np.asarray(law[allowed], np.float64) - log_mass
    scores = scores[scores > -np.inf]
    return max(0.0, -float(np.exp(scores) @ scores))
