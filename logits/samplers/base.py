"""What all samplers have in common."""

from __future__ import annotations

from typing import Protocol

from ...grammar.matcher import Constraint
from ..language_model import LanguageModel
from .result import SamplingResult


class Sampler(Protocol):
    """A frozen set of options; nothing is remembered from one call to the next."""

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        """``n`` sequences of the constraint's language of at most ``max_tokens`` tokens, the end token included.

        ``seed``: of a ``numpy.random.Generator``; None takes fresh entropy. Raises ``BudgetExhausted`` and
        ``EmptyTarget``.
        """
        ...
