"""A language model that looks back a fixed number of tokens, given by a table: for tests and for exact computations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grammar.errors import MaskwrightError
from .language_model import Prefix, SamplingSettings


class NGramModel:
    """The law after a prefix depends on its last ``order`` tokens.

    ``table``: float[(V + 1) ** order, V], the logits of the next token; its row is the number whose digits, to the base
    V + 1, are the last ``order`` tokens, V standing for what lies before the first.
    """

    def __init__(
        self,
        table: NDArray[np.floating[Any]],
        order: int,
        settings: SamplingSettings | None = None,
        fingerprint: str = "",
    ) -> None:
        size = table.shape[1]
        if order < 0 or table.shape[0] != (size + 1) ** order:
            problem = f"a table of {table.shape[0]} rows and {size} columns is not one of order {order}"
            raise MaskwrightError(problem, remedy="give (V + 1) ** order rows")
        self._laws = (settings or SamplingSettings()).law(table)
        self.vocabulary_size = size
        self.order = order
        self.fingerprint = fingerprint

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.float64]:
        return self._laws[[self._row(prefix) for prefix in prefixes]]

    def _row(self, prefix: Prefix) -> int:
        row = 0
        last = tuple(prefix[-self.order :]) if self.order else ()
        for token in (self.vocabulary_size,) * (self.order - len(last)) + last:
            row = row * (self.vocabulary_size + 1) + token
        return row
