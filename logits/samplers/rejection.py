"""Rejection sampling and its adaptive kinds: exact, and independent, at every sample.

A sequence is drawn from the model; if a token leaves the language, all is thrown away and begun anew. What remains has
the law of the model given the language. The adaptive kinds take the mass of what was thrown away out of the model, at
all prefixes up to the root, so that it is not drawn again: among what remains probabilities keep their proportions, and
so what is accepted keeps its law, whatever was learnt before. Nothing may be cut where a prefix is new, however, since
there the mass that is cut was not taken from the parents' before the prefix was drawn; at the root there are none.

Source: Constrained Adaptive Rejection Sampling, arXiv 2510.01902.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...grammar.matcher import Constraint
from ..language_model import LanguageModel
from .attempts import Policy
from .drawing import Drawing
from .result import SamplingResult
from .target import Target
from .trie import MEMORY, TOP_TOKENS, Trie, Tries

BUDGET = 1_000_000


@dataclass(frozen=True)
class _Rejection:
    """``batch``: attempts side by side at most. ``budget``: forward passes before ``BudgetExhausted``. ``memory``:
    bytes of what is learnt. ``top_tokens``: tokens that a prefix remembers one by one; others cost a forward pass."""

    batch: int = 16
    budget: int = BUDGET
    memory: int = MEMORY
    top_tokens: int = TOP_TOKENS

    policy: ClassVar[Policy]

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        """``n`` independent samples of the model's law given the language and the limit of length."""
        target = Target(model, constraint, max_tokens)
        return self.drawing.result(target, self._trie(target), n, seed)

    @property
    def drawing(self) -> Drawing:
        return Drawing(self.policy, "conditional", "exact", self.batch, self.budget)

    def _trie(self, target: Target) -> Trie:
        return Trie(target, memory=self.memory, top_tokens=self.top_tokens)


@dataclass(frozen=True)
class RS(_Rejection):
    """Plain rejection."""

    policy = Policy(masks="nowhere", learns="nothing")


@dataclass(frozen=True)
class RSFT(_Rejection):
    """Rejection, with the first token drawn inside the language."""

    policy = Policy(masks="root", learns="nothing")


@dataclass(frozen=True)
class ARS(_Rejection):
    """Adaptive rejection: each token that was refused is never drawn there again."""

    policy = Policy(masks="nowhere", learns="refusals")


@dataclass(frozen=True)
class CARS(_Rejection):
    """Constrained adaptive rejection: at each prefix met, none of the forbidden tokens is ever drawn again.

    ``tries``: remembers what was learnt from call to call, apart for each model, prompt and constraint; nothing is
    remembered without it. The samples are as good either way, only cheaper.
    """

    tries: Tries | None = None

    policy = Policy(masks="root", learns="masks")

    def _trie(self, target: Target) -> Trie:
        return super()._trie(target) if self.tries is None else self.tries.of(target)
