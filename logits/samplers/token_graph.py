"""The finite automaton over tokens that a constraint is, as far as sequences of limited length reach.

States are matchers' states (``state_key``), found by reading every allowed token in every state once; so this is for
small languages or vocabularies. Edges lie in flat arrays, ordered by the state they leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...grammar.errors import LimitExceeded
from ...grammar.matcher import Constraint
from ...grammar.matcher_state import state_key
from .target import Target

END = -1
"""Where an edge of an end token leads."""


@dataclass(frozen=True)
class TokenGraph:
    """``first``: int64[states + 1], where the edges of each state begin; ``tokens`` and ``states``: int64[edges], the
    token of each edge and the state it leads to, or ``END``. State 0 begins."""

    first: NDArray[np.int64]
    tokens: NDArray[np.int64]
    states: NDArray[np.int64]


def explore(target: Target, most_edges: int) -> TokenGraph:
    """The states within the target's limit of length. Raises ``LimitExceeded``."""
    matcher = target.constraint.matcher()
    numbers = {state_key(matcher): 0}
    paths: list[tuple[int, ...]] = [()]  # shortest ones, since states are found breadth first
    tokens: list[NDArray[np.int64]] = []
    states: list[list[int]] = []
    edges = 0
    for path in paths:  # which grows
        matcher.reset()
        matcher.accept_tokens(path)
        allowed = target.masks([matcher])[0]
        if target.is_last(len(path)):
            allowed &= target.ends
        tokens.append(np.flatnonzero(allowed))
        edges += len(tokens[-1])
        if edges > most_edges:
            raise too_large("most_edges", most_edges, target.constraint)
        after = []
        for token in tokens[-1].tolist():
            if target.ends[token]:
                after.append(END)
                continue
            matcher.accept_token(token)
            number = numbers.setdefault(state_key(matcher), len(paths))
            matcher.rollback(1)
            if number == len(paths):
                paths.append((*path, token))
            after.append(number)
        states.append(after)
    first = np.cumsum([0, *map(len, states)])
    return TokenGraph(first, np.concatenate(tokens), np.array([s for row in states for s in row], np.int64))


def too_large(limit: str, value: int, constraint: Constraint) -> LimitExceeded:
    problem = f"the language over {constraint.vocabulary.size} tokens needs more than {value:,} edges ({limit})"
    return LimitExceeded(problem, remedy=f"raise {limit}, lower max_tokens, or take a sampler that explores nothing")
