"""Completions by whole tokens, where the least text is one that no tokens spell.

Best first by what is written and what the text still to come would cost; of the tokens that leave the same to be
written, one is followed. Only vocabularies that lack bytes need this.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from .outcomes import outcomes_of
from .probe import Probe

if TYPE_CHECKING:
    from ..matcher import Matcher

Tokens = tuple[int, ...]

_MOST = 200
_MOST_SAMPLES = 256


def search(matcher: Matcher, content_of: Callable[[Probe], bytes | None]) -> Tokens | None:
    """Tokens that complete the text of ``matcher``, which stays as it is; ``content_of``: bytes that would."""
    probe, start, numbers = Probe(matcher), int(Probe(matcher).length), count()
    spelling = probe.spelling
    ways: list[tuple[int, int, Tokens]] = [(0, 0, ())]
    for _ in range(_MOST):
        if not ways:
            break
        _, _, tokens = heapq.heappop(ways)
        probe.back(start)
        matcher.accept_tokens(tokens)
        outcomes = outcomes_of(matcher)
        for sample in () if outcomes is None else outcomes.samples[:_MOST_SAMPLES]:
            here = probe.length
            if not matcher.accept_token(sample):
                continue
            behind = probe.length
            content = b"" if matcher.is_accepting() else content_of(probe)
            probe.back(behind)
            rest = None if content is None else spelling.tokens(content)
            probe.back(here)
            if rest is not None:
                probe.back(start)
                return (*tokens, sample, *rest)
            cost = 64 * len(tokens) + (0 if content is None else spelling.cost(content))
            heapq.heappush(ways, (cost, next(numbers), (*tokens, sample)))
    probe.back(start)
    return None
