"""A draft tree from the guesses of all drafters, best first, under a budget of tokens.

A node's probability is that of its parent times the estimate of the best guess that names it: the probability that
verification gets there (dynamic trees by expected acceptance, as in DySpec, arXiv 2410.11744). Nodes are taken in
that order until the budget is spent or the next one is less probable than what a verified token costs. Each node has
the mask of its own path, filled when it is taken: a guess that its parent's mask forbids is dropped before it costs
anything. An end token is no node: it is drawn at its parent, and nothing follows it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...grammar.matcher import Matcher
from ...logits.budget import unlimited
from .acceptance import Acceptance
from .drafter import Cursor, Session
from .pass_cost import FreeNodes, PassCost

_ROOT = 0
_NO_PARENT = -1

Key = tuple[int, int]
"""A drafter's index, and its evidence."""


@dataclass(slots=True)
class GrownTree:
    """Nodes in the order in which they were taken, so that parents come first; node 0 is the last verified token.

    ``tokens``: the root's is not known here and stands as -1. ``keys``: for each node, all guesses that named it.
    ``drawn``: for a node with a child that was drawn at random, that child and the law it was drawn from.
    """

    parents: list[int] = field(default_factory=lambda: [_NO_PARENT])
    tokens: list[int] = field(default_factory=lambda: [-1])
    depths: list[int] = field(default_factory=lambda: [0])
    probabilities: list[float] = field(default_factory=lambda: [1.0])
    keys: list[list[Key]] = field(default_factory=lambda: [[]])
    drawn: dict[int, tuple[int, torch.Tensor]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.parents)

    def add(self, parent: int, token: int, probability: float, keys: list[Key]) -> int:
        self.parents.append(parent)
        self.tokens.append(token)
        self.depths.append(self.depths[parent] + 1)
        self.probabilities.append(probability)
        self.keys.append(keys)
        return len(self.parents) - 1

    def path(self, node: int) -> list[int]:
        """The tokens from the root to ``node``, the root's left out."""
        tokens = []
        while node != _ROOT:
            tokens.append(self.tokens[node])
            node = self.parents[node]
        return tokens[::-1]


class _Guess(NamedTuple):
    estimate: float
    keys: list[Key]


class _Drawn(NamedTuple):
    token: int
    estimate: float
    key: Key
    law: torch.Tensor


class Growth:
    """Grows one tree on a matcher, which is left where it was found."""

    def __init__(
        self,
        matcher: Matcher,
        sessions: Sequence[Session],
        acceptance: Acceptance,
        bitmask: NDArray[np.int32],
        *,
        one_child: bool = False,
    ) -> None:
        self._matcher = matcher
        self._sessions = sessions
        self._acceptance = acceptance
        self._bitmask = bitmask
        self._one_child = one_child
        self._unlimited = unlimited(matcher)
        self._ends = frozenset(self._unlimited.constraint.vocabulary.eos_token_ids)
        self._at = _ROOT
        self._cursors: list[list[Cursor]] = [[session.root() for session in sessions]]
        self._waiting: list[tuple[float, int, int, int, bool]] = []
        self._queued = 0
        self._guesses: list[dict[int, _Guess]] = []
        self._drawn: dict[int, _Drawn] = {}
        self.tree = GrownTree()

    def grow(self, budget: int, deepest: int, cost: PassCost | FreeNodes, sequences: int = 1) -> GrownTree:
        """The tree, with at most ``budget`` nodes besides the root, ``deepest`` tokens deep.

        ``bitmask``: int32[budget + 1 or more, words]: row ``n`` becomes the mask of node ``n``. ``sequences``: how many
        trees the same pass reads.
        """
        tree, expected = self.tree, 1.0
        try:
            self._visit(_ROOT, deepest > 0)
            while self._waiting and len(tree) <= budget:
                negative, _, token, parent, is_drawn = heapq.heappop(self._waiting)
                if not cost.pays(-negative, expected, len(tree), sequences):
                    break
                expected -= negative
                node = self._take(parent, token, -negative, is_drawn)
                self._visit(node, tree.depths[node] < deepest)
        finally:
            self._go_to(_ROOT)
        return tree

    def _take(self, parent: int, token: int, probability: float, is_drawn: bool) -> int:
        """Make a guess a node, and go there."""
        if is_drawn:
            drawn = self._drawn[parent]
            node = self.tree.add(parent, token, probability, [drawn.key])
            self.tree.drawn[parent] = node, drawn.law
        else:
            node = self.tree.add(parent, token, probability, self._guesses[parent][token].keys)
        self._go_to(node)
        above = self._cursors[parent]
        self._cursors.append(
            [session.advance(cursor, token) for session, cursor in zip(self._sessions, above, strict=True)]
        )
        return node

    def _visit(self, node: int, may_grow: bool) -> None:
        """Fill the node's mask, and let all drafters guess what follows it."""
        self._matcher.fill_next_token_bitmask(self._bitmask, node)
        self._guesses.append({})
        if not may_grow:
            return
        mask, guesses = self._bitmask[node], self._guesses[node]
        allowed = memoryview(mask).cast("B")  # numpy takes several times as long to look at one bit
        for index, (session, cursor) in enumerate(zip(self._sessions, self._cursors[node], strict=True)):
            for token, evidence, law in session.candidates(cursor, self._unlimited, mask):
                key = (index, evidence)
                estimate = self._acceptance.probability(key)
                if law is not None:
                    self._drawn[node] = _Drawn(token, estimate, key, law)
                elif token >> 3 < len(allowed) and allowed[token >> 3] >> (token & 7) & 1 and token not in self._ends:
                    known = guesses.get(token)
                    guesses[token] = (
                        _Guess(estimate, [key])
                        if known is None
                        else _Guess(max(known.estimate, estimate), [*known.keys, key])
                    )
        self._queue(node, guesses)

    def _queue(self, node: int, guesses: dict[int, _Guess]) -> None:
        """The children's probabilities may not add up to more than their parent's.

        A drawn guess waits by itself, even where another guess names the same token, and of equal guesses the first to
        be queued comes first: whether it becomes a node may not depend on what was drawn.
        """
        waiting = [(guess.estimate, token, False) for token, guess in guesses.items()]
        drawn = self._drawn.get(node)
        if drawn is not None:
            waiting.append((drawn.estimate, drawn.token, True))
        if self._one_child and waiting:
            waiting = [max(waiting, key=lambda each: (each[0], each[2]))]
        total = sum(estimate for estimate, _, _ in waiting)
        share = self.tree.probabilities[node] / max(total, 1.0)
        for estimate, token, is_drawn in waiting:
            heapq.heappush(self._waiting, (-estimate * share, self._queued, token, node, is_drawn))
            self._queued += 1

    def _go_to(self, node: int) -> None:
        """Move the matcher from where it is in the tree to ``node``."""
        tree, path = self.tree, []
        here, there = self._at, node
        back = 0
        while here != there:
            if tree.depths[there] >= tree.depths[here]:
                path.append(tree.tokens[there])
                there = tree.parents[there]
            else:
                back += 1
                here = tree.parents[here]
        if back:
            self._matcher.rollback(back)
        for token in reversed(path):
            if not self._matcher.accept_token(token):
                raise AssertionError(f"token {token} was in its parent's mask")
        self._at = node
