"""The optimal-transport rule: drafts and the next token coupled so that it lies among them as often as can be.

Seen as a flow (SpecTr, arXiv 2310.15141): each tuple A of drafts sends its probability Q(A) to tokens y in A, and no
token takes more than p(y). By max-flow min-cut the most that fits is 1 + min over sets H of p(H) - P(all drafts lie in
H) (arXiv 2502.18779), which ``optimal_acceptance`` works out.

The flow itself is found by proportional fitting: a tuple shares itself among its tokens by weights w, and w(y) is
multiplied by p(y) / taken(y) again and again; where it has settled no tuple can give more to a token that lacks. In the
end each token's share is cut to p(y), and the rest of p is drawn where no draft is accepted: **the law is exact after
any number of rounds**, which only bring the acceptance nearer to the optimum. Fitting enumerates all tuples of tokens
that q can draw and p can use: a mask that leaves few tokens makes that cheap. Above ``most_tuples`` recursive rejection
is used.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch

from .descent import Children
from .draws import Draws
from .recursive_rejection import RecursiveRejection, draft_law, residual
from .target import law_of

_TINY = 1e-300


@dataclass(frozen=True)
class Transport:
    """``replacement``: were drafts drawn independently? ``rounds`` of fitting; ``most_tuples`` of drafts enumerated."""

    replacement: bool
    rounds: int = 60
    most_tuples: int = 1 << 16

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        target, proposed = law_of(scores), draft_law(children)
        support = proposed.nonzero().flatten()
        count = len(children.nodes)
        if len(support) ** count > self.most_tuples:
            return RecursiveRejection(self.replacement).choose(scores, children, draws)
        place = {int(token): index for index, token in enumerate(support)}
        drawn = [place[token] for token in children.tokens]
        plan = Plan.fit(target[support], proposed[support], count, self.replacement, self.rounds)
        refused = 1.0
        for node, token, share in zip(children.nodes, children.tokens, plan.shares(drawn), strict=True):
            if draws.accepts(node, min(1.0, share / refused) if refused > 0.0 else 1.0):
                return token, node
            refused -= share
        taken = torch.zeros_like(target).index_put_((support,), plan.taken)
        return children.after(draws.token(children.node, residual(target, taken).log()))


@dataclass(frozen=True)
class Plan:
    """How tuples of drafts are shared out: by the exponentials of ``weights`` [n], of which each token keeps the part
    ``kept`` [n]; what it takes in all is ``taken`` [n], at most its probability.

    Weights are logarithms because those of tokens that get too much fall without end.
    """

    weights: torch.Tensor
    kept: torch.Tensor
    taken: torch.Tensor

    @classmethod
    def fit(cls, target: torch.Tensor, proposed: torch.Tensor, count: int, replacement: bool, rounds: int) -> Plan:
        tuples = law_of_tuples(proposed, count, replacement)
        wanted = target.clamp(min=_TINY).log()
        weights = wanted - proposed.log()
        for _ in range(rounds):
            weights = weights + wanted - _taken(tuples, weights).clamp(min=_TINY).log()
        taken = _taken(tuples, weights)
        kept = (target / taken.clamp(min=_TINY)).clamp(max=1.0)
        return cls(weights, kept, taken * kept)

    def shares(self, drawn: list[int]) -> list[float]:
        """The probability with which each of the drafts at hand, places in the support, is accepted."""
        shares: list[float] = (self.weights[drawn].softmax(0) * self.kept[drawn]).tolist()
        return shares


def law_of_tuples(proposed: torch.Tensor, count: int, replacement: bool) -> torch.Tensor:
    """The law of ``count`` drafts in order, float64[n, ..., n], for the law ``proposed`` [n] of one."""
    size = len(proposed)
    tuples = torch.ones((), dtype=proposed.dtype)
    seen = torch.zeros((), dtype=proposed.dtype)  # probability of the drafts before
    for place in range(count):
        own = proposed.reshape((size,) + (1,) * (count - 1 - place))
        left = 1.0 - seen
        share = own if replacement else own / torch.where(left > 1e-12, left, torch.ones_like(left))
        tuples, seen = tuples * share, seen + own
    if not replacement:
        for first, second in itertools.combinations(range(count), 2):
            tuples.diagonal(dim1=first, dim2=second).zero_()
    return tuples


def _taken(tuples: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """What each token gets when every tuple is shared out by the exponentials of ``weights``."""
    count, size = tuples.dim(), len(weights)
    axes = [weights.reshape((1,) * place + (size,) + (1,) * (count - 1 - place)) for place in range(count)]
    total = axes[0]
    for axis in axes[1:]:
        total = torch.logaddexp(total, axis)
    taken = torch.zeros_like(weights)
    for place, axis in enumerate(axes):
        given = tuples * (axis - total).exp()
        taken += given.sum([other for other in range(count) if other != place]) if count > 1 else given
    return taken


def optimal_acceptance(target: torch.Tensor, proposed: torch.Tensor, count: int) -> float:
    """How often at most the token can lie among ``count`` independent drafts: float64 laws [V].

    1 + min over H of p(H) - q(H)^K. Since x^K is convex, a best H minimises p(H) - s q(H) for some slope s: it holds
    the tokens with the least p / q, so that only V + 1 sets come into question.
    """
    possible = proposed > 0.0
    own, offered = target[possible], proposed[possible]
    order = torch.argsort(own / offered)
    gains = own[order].cumsum(0) - offered[order].cumsum(0) ** count
    return 1.0 + min(0.0, float(gains.min()))


TRANSPORT = Transport(replacement=True)
TRANSPORT_WITHOUT_REPLACEMENT = Transport(replacement=False)
