"""How the next token of a particle is proposed: by the mask, or by rejection.

A proposal gives a token and a weight with E[weight * 1{token = x}] = p(x) for every x allowed, and the weight 0 where
nothing is. With the mask the weight is the mass of what is allowed; by rejection it is an unbiased estimate of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .checked import TokenChecker
from .gumbel_order import first_allowed
from .masked_laws import Laws, allowed_next
from .node import draw_tokens
from .target import Target


@dataclass(frozen=True)
class Proposed:
    """``tokens``: int64[n]; ``log_weights``: float64[n], ``-inf`` where no token can come and the one named means
    nothing."""

    tokens: NDArray[np.int64]
    log_weights: NDArray[np.float64]


class Proposal(Protocol):
    """``laws``: float[n, V], the model's; ``matchers`` have read the prefixes, and stay as they are."""

    def propose(
        self,
        target: Target,
        laws: Laws,
        matchers: Sequence[Any],
        lengths: Sequence[int],
        random: np.random.Generator,
    ) -> Proposed: ...


class MaskedProposal:
    """Draws from the law under the full mask."""

    def propose(
        self,
        target: Target,
        laws: Laws,
        matchers: Sequence[Any],
        lengths: Sequence[int],
        random: np.random.Generator,
    ) -> Proposed:
        tokens, weights = np.zeros(len(matchers), np.int64), np.full(len(matchers), -np.inf)
        allowed = allowed_next(target, matchers, lengths)
        uniforms = random.random((len(matchers), 1))
        for row, uniform in enumerate(uniforms):  # each fits into the cache, all would not
            drawn, weights[row] = draw_tokens(laws[row], allowed[row], uniform)
            if drawn:
                tokens[row] = drawn[0]
        return Proposed(tokens, weights)


@dataclass
class RejectionProposal:
    """Draws without replacement until the constraint has allowed two tokens; no mask is computed.

    ``checks``: how many tokens the constraint was asked about, in so many ``draws``.
    """

    checks: int = 0
    draws: int = 0

    def propose(
        self,
        target: Target,
        laws: Laws,
        matchers: Sequence[TokenChecker],
        lengths: Sequence[int],
        random: np.random.Generator,
    ) -> Proposed:
        tokens, weights = np.zeros(len(matchers), np.int64), np.full(len(matchers), -np.inf)
        beyond = np.arange(laws.shape[1]) >= target.constraint.vocabulary.size
        for row, (matcher, length) in enumerate(zip(matchers, lengths, strict=True)):
            forbidden = ~target.ends if target.is_last(length) else beyond
            found = first_allowed(np.where(forbidden, -np.inf, laws[row]).astype(np.float64), _Check(matcher), random)
            self.checks += found.checks
            self.draws += 1
            if found.token is not None:
                tokens[row], weights[row] = found.token, found.log_weight
        return Proposed(tokens, weights)


@dataclass(frozen=True)
class _Check:
    """Whether a matcher would accept a token."""

    matcher: TokenChecker

    def __call__(self, token_id: int) -> bool:
        allowed = self.matcher.accept_token(token_id)
        if allowed:
            self.matcher.rollback(1)
        return allowed
