"""Markov chains whose stationary law is the target: a sequence is truncated and written anew by plain masking.

From x, a place k < |x| is drawn from a law T(k | x) and all tokens from k on are written again. With G(y | k) for the
probability that masking writes the rest of y after its first k tokens, y is proposed with probability

    q(x, y) = sum over k up to the length of the beginning that x and y share, of T(k | x) G(y | k),

over *all* places that could have led there, not just the one that did: so the proposal is a law on sequences, whatever
T knows of x. It is accepted with probability min(1, p(y) q(y, x) / (p(x) q(x, y))), which makes p(x) q(x, y) A(x, y)
symmetric: p given the language is stationary (Metropolis and Hastings). Masks do not know of the limit of length but in
the last place, so a continuation may fail; then the chain stays where it is, which changes nothing of the above. A
sequence can be left for any other one at the first place where they differ, so chains forget where they began.

``uniform`` takes every place alike, ``restart`` always the first (an independence chain), ``priority`` those where the
masked law is undecided, in proportion to its entropy.

Source: Anaya Gonzalez et al., 2025, arXiv 2506.05754. Its priority is by the perplexity of tokens; entropies take no
account of which token was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint
from ..language_model import CountingModel, LanguageModel
from .errors import BudgetExhausted
from .node import log_sum
from .result import Sample, SamplingResult
from .target import Target
from .traces import EMPTY, Trace, Writer

Truncation = Literal["uniform", "priority", "restart"]


@dataclass(frozen=True)
class MCMC:
    """As many independent chains as samples are wanted, side by side; the last state of each is its sample.

    ``steps``: of each chain; with 0 it is masking. ``most_starts``: how often a chain tries to write a first sequence
    within the limit of length.
    """

    steps: int = 10
    truncation: Truncation = "priority"
    most_starts: int = 100

    def __post_init__(self) -> None:
        if self.steps < 0 or self.most_starts < 1 or self.truncation not in ("uniform", "priority", "restart"):
            problem = f"steps is {self.steps}, most_starts {self.most_starts}, truncation {self.truncation!r}"
            raise MaskwrightError(
                problem, remedy='0 steps or more, one start or more; "uniform", "priority", "restart"'
            )

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        """``n`` samples. Raises ``BudgetExhausted`` if a chain finds no first sequence; ``found`` has the others."""
        target, counting = Target(model, constraint, max_tokens), CountingModel(model)
        random = np.random.default_rng(seed)
        writer = Writer(target, counting, random)
        chains, cut = self._starts(writer, n)
        accepted = proposed = 0
        for _ in range(self.steps if chains else 0):
            places = [truncation_place(trace, self.truncation, random) for trace in chains]
            written = writer.write([trace.beginning(k) for trace, k in zip(chains, places, strict=True)])
            cut += written.cut_by_length
            thresholds = np.log1p(-random.random(len(chains)))  # of 1 - u, which is never 0
            for row, (proposal, threshold) in enumerate(zip(written.traces, thresholds.tolist(), strict=True)):
                if proposal is not None and threshold <= log_acceptance(chains[row], proposal, self.truncation):
                    chains[row] = proposal
                    accepted += 1
            proposed += len(chains)
        result = self._result(chains, accepted / proposed if proposed else 1.0, counting.forward_passes, cut)
        if len(chains) < n:
            problem = f"{n - len(chains)} of {n} chains found no sequence within {max_tokens} tokens"
            raise BudgetExhausted(problem, remedy="raise most_starts or max_tokens", found=result)
        return result

    def _starts(self, writer: Writer, n: int) -> tuple[list[Trace], int]:
        """First states, by masking; and how many attempts the limit of length cut."""
        found: list[Trace] = []
        cut = 0
        for _ in range(self.most_starts):
            if len(found) == n:
                break
            written = writer.write([EMPTY] * (n - len(found)))
            found += [trace for trace in written.traces if trace is not None]
            cut += written.cut_by_length
        return found, cut

    def _result(self, chains: list[Trace], acceptance_rate: float, forward_passes: int, cut: int) -> SamplingResult:
        return SamplingResult(
            samples=tuple(Sample(trace.token_ids, trace.log_probability) for trace in chains),
            target="conditional",
            guarantee="asymptotic",
            acceptance_rate=acceptance_rate,
            effective_sample_size=float(len(chains)),
            log_normaliser=None,
            forward_passes=forward_passes,
            cut_by_length=cut,
            note=f"chains of {self.steps} steps that begin with plain masking; exact as steps grow in number",
        )


def truncation_law(trace: Trace, truncation: Truncation) -> NDArray[np.float64]:
    """T(k | x) for each place, float64[|x|]; "priority" is uniform where nothing is undecided."""
    count = len(trace.token_ids)
    if truncation == "restart":
        return np.asarray(np.arange(count) == 0, np.float64)
    total = trace.entropy.sum()
    if truncation == "uniform" or total == 0:
        return np.full(count, 1 / count)
    return np.asarray(trace.entropy / total)


def truncation_place(trace: Trace, truncation: Truncation, random: np.random.Generator) -> int:
    """A draw from ``truncation_law``."""
    ends = np.cumsum(truncation_law(trace, truncation))
    return int(np.searchsorted(ends, random.random() * ends[-1], side="right"))


def log_proposal(x: Trace, y: Trace, truncation: Truncation) -> float:
    """The log of q(x, y): over all places before which x and y agree."""
    shared = min(len(x.token_ids) - 1, _common(x, y))
    rest = np.cumsum(y.mask[::-1])[::-1]  # log G(y | k)
    with np.errstate(divide="ignore"):
        places = np.log(truncation_law(x, truncation))
    return log_sum(places[: shared + 1] + rest[: shared + 1])


def log_acceptance(x: Trace, y: Trace, truncation: Truncation) -> float:
    """The log of the probability that the step from x to y is taken once y is proposed."""
    if x.token_ids == y.token_ids:
        return 0.0
    backward = y.log_probability + log_proposal(y, x, truncation)
    forward = x.log_probability + log_proposal(x, y, truncation)
    return min(0.0, backward - forward)


def _common(x: Trace, y: Trace) -> int:
    """How many tokens x and y begin with alike."""
    length = min(len(x.token_ids), len(y.token_ids))
    differ = np.flatnonzero(np.array(x.token_ids[:length]) != np.array(y.token_ids[:length]))
    return int(differ[0]) if len(differ) else length
