"""A token of a constrained law, and an unbiased weight, by asking about few tokens.

Tokens are visited in a random order: that of drawing them from the law without replacement, which is the descending
order of log probabilities plus Gumbel noise. The first one allowed is the draw; it has the law given that it is
allowed. What is missing is that law's normaliser Z, the mass of all allowed tokens, as the weight of the draw.

*The weight.* Write p for the law, e1 ... eM for the tokens refused before a second one x' is allowed, j of them before
the draw x, a_i for the mass left when e1 ... ei are taken away and b_i = a_i - p(x). Then

    v = p(x) + b_j [no token was refused between x and x']

has E[v | x, e1 ... ej] = p(x) + b_j (Z - p(x)) / b_j = Z, and P(x) = p(x) / Z, so E[v 1{x}] = p(x) for each allowed x,
which is the unbiasedness that is asked for. If x is alone allowed, no x' comes and v = p(x) = Z. But v is often just
p(x). Its mean over j, given x, x' and e1 ... eM, is as unbiased and varies less (Rao and Blackwell). The probability of
all that is

    p(e1) ... p(eM) p(x) p(x') / b_M   times   r_j = 1 / (a_0 ... a_j b_j ... b_(M-1)),

so that the weight is p(x) + b_M r_M / (r_0 + ... + r_M), with r_(j-1) / r_j = a_j / b_(j-1). Where no token is refused,
it is a_0, the whole mass. That need not be 1: tokens known to be forbidden can be left out of the law.

Source: adaptive weighted rejection sampling (Lipkin et al., 2025, arXiv 2504.05410), which draws without replacement
and estimates the normaliser from a second run of rejections; the estimator above is derived here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .node import log_sum

_FIRST_WINDOW = 3.5
_SMALLEST = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class WeightedToken:
    """``token``: the draw, or None where nothing is allowed; ``log_weight``: ``-inf`` then; ``checks``: tokens asked
    about."""

    token: int | None
    log_weight: float
    checks: int


def first_allowed(
    law: NDArray[np.float64], allows: Callable[[int], bool], random: np.random.Generator
) -> WeightedToken:
    """A token of ``law`` (float64[V], a log law of any mass) among those that ``allows`` is true for."""
    waits = np.maximum(random.standard_exponential(law.shape), _SMALLEST)  # Gumbel noise is -log of it, and slower
    return first_in_order(law, descending(law - np.log(waits)), allows)


def descending(keys: NDArray[np.float64]) -> Iterator[int]:
    """The places of ``keys`` above ``-inf`` from the greatest on; sorted a window at a time, as they are asked for.

    The k-th greatest of Gumbel keys lies some log k below the greatest, so that the first window has about 32.
    """
    upper, width = np.inf, _FIRST_WINDOW
    greatest = keys.max(initial=-np.inf)
    while greatest > -np.inf:
        lower = greatest - width
        places = np.flatnonzero((keys > lower) & (keys <= upper))
        yield from places[np.argsort(-keys[places])].tolist()
        upper, width = lower, 2 * width
        greatest = keys.max(initial=-np.inf, where=keys <= upper)


def first_in_order(law: NDArray[np.float64], order: Iterable[int], allows: Callable[[int], bool]) -> WeightedToken:
    """The first of ``order`` that is allowed, and its weight; the order is followed to the second one."""
    refused: list[int] = []
    draw: int | None = None
    second: int | None = None
    for token in order:
        if not allows(token):
            refused.append(token)
        elif draw is None:
            draw = token
        else:
            second = token
            break
    checks = len(refused) + (draw is not None) + (second is not None)
    if draw is None:
        return WeightedToken(None, -np.inf, checks)
    if second is None:
        return WeightedToken(draw, float(law[draw]), checks)
    return WeightedToken(draw, log_weight(law, refused, draw), checks)


def log_weight(law: NDArray[np.float64], refused: list[int], draw: int) -> float:
    """The log of the weight above; masses are added up from the last token on, since differences would cancel."""
    left = law.copy()
    left[refused] = -np.inf
    left[draw] = -np.inf
    rest = log_sum(left)  # b_M
    beyond = np.logaddexp.accumulate(np.append(rest, law[refused[::-1]]))[::-1]  # b_0 ... b_M
    all_left = np.logaddexp(beyond, law[draw])  # a_0 ... a_M
    ratios = np.cumsum((all_left[1:] - beyond[:-1])[::-1])  # r_(M-1) / r_M, ..., r_0 / r_M
    return float(np.logaddexp(law[draw], rest - log_sum(np.append(ratios, 0.0))))
