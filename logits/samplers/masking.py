"""The samplers that cut every next-token law to the language: plain masking, and ASAp, which learns as it goes."""

from __future__ import annotations

from dataclasses import dataclass

from ...grammar.matcher import Constraint
from ..language_model import LanguageModel
from .attempts import Policy
from .drawing import Drawing
from .rejection import BUDGET
from .result import SamplingResult
from .target import Target
from .trie import MEMORY, TOP_TOKENS, Trie, Tries


@dataclass(frozen=True)
class Mask:
    """Plain masking, as constrained decoding everywhere does: quick, but its law is not the model's given the language.

    It draws from the locally projected law, given that the end comes within ``max_tokens``: a sequence that is cut off
    is drawn anew. ``batch`` and ``budget`` are as for ``CARS``.
    """

    batch: int = 16
    budget: int = BUDGET

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        target = Target(model, constraint, max_tokens)
        policy = Policy(masks="everywhere", learns="nothing")
        return Drawing(policy, "projected", "exact", self.batch, self.budget).result(target, Trie(target), n, seed)


@dataclass(frozen=True)
class ASAp:
    """Adaptive sampling with approximate expected futures (Park et al. 2024, arXiv 2405.21047).

    Each token is drawn by the model's probability times an upper bound on the mass of the language that begins with
    it. A trie keeps the bounds of all prefixes met; where nothing is known, they are 1. Every attempt keeps to the
    language; the law of the first sample is that of masking, and tends to the model's given the language as the bounds
    sharpen.

    ``tries``: as for ``CARS``, whose tries these are. ``memory``, ``top_tokens``, ``batch``, ``budget``: as there.
    """

    batch: int = 1
    budget: int = BUDGET
    memory: int = MEMORY
    top_tokens: int = TOP_TOKENS
    tries: Tries | None = None

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        target = Target(model, constraint, max_tokens)
        if self.tries is None:
            trie = Trie(target, memory=self.memory, top_tokens=self.top_tokens)
        else:
            trie = self.tries.of(target)
        policy = Policy(masks="everywhere", learns="masks")
        return Drawing(policy, "conditional", "asymptotic", self.batch, self.budget).result(target, trie, n, seed)
