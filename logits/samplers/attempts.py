"""Attempts to draw a sequence, several side by side: the one loop behind masking, rejection and their adaptive kinds.

All attempts of a round take their steps together, so that those with the same prefix meet there at the same time: the
model is asked about it once, each draws for itself, and of the law, as wide as the vocabulary, only a small node
stays. What is learnt is told to the trie when the round is over. So a round is a set of independent attempts against
the trie as it was at the beginning, and successes in the order of submission are independent samples; the first to
*finish* would lean towards the short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...grammar.matcher import Constraint, Matcher
from .node import NEVER, Allowed, Law, Node, draw_tokens
from .target import Target
from .trie import Trie

Outcome = Literal["open", "complete", "refused", "cut"]


@dataclass(frozen=True)
class Policy:
    """Which kind of attempt is made.

    ``masks``: where a prefix is new, tokens are drawn from the model's law cut to the language: nowhere, at the root
    only, or everywhere. Else one that is drawn outside ends the attempt. ``learns``: what a trie is told: nothing, the
    tokens that were refused, or all that are forbidden at the prefixes met.
    """

    masks: Literal["nowhere", "root", "everywhere"]
    learns: Literal["nothing", "refusals", "masks"]

    def masks_at(self, depth: int) -> bool:
        return self.masks == "everywhere" or (self.masks == "root" and depth == 0)


class Attempt:
    """``log_probability``: of the tokens under the model; ``log_proposal``: with which they were drawn.

    ``node``: what is known of the tokens so far, None if nothing is; ``parent``: of those but the last.
    """

    __slots__ = (
        "_constraint",
        "_matcher",
        "_read",
        "log_probability",
        "log_proposal",
        "node",
        "outcome",
        "parent",
        "token_ids",
    )

    def __init__(self, constraint: Constraint, root: Node | None) -> None:
        self.node = root
        self.parent: Node | None = None
        self.token_ids: list[int] = []
        self.log_probability = self.log_proposal = 0.0
        self.outcome: Outcome = "open"
        self._constraint = constraint
        self._matcher: Matcher | None = None
        self._read = 0

    def matcher(self) -> Matcher:
        """A matcher that has read all tokens; where all is known none is made."""
        if self._matcher is None:
            self._matcher = self._constraint.matcher()
        self._matcher.accept_tokens(self.token_ids[self._read :])
        self._read = len(self.token_ids)
        return self._matcher


class Round:
    """``size`` attempts. After ``run``, ``attempts`` holds them in the order of submission.

    ``log_weight``: the log of the mass that the first token was drawn from.
    """

    def __init__(self, target: Target, policy: Policy, trie: Trie, generator: np.random.Generator, size: int) -> None:
        self.target = target
        self.forward_passes = 0
        self.log_weight = trie.log_weight
        self.attempts = [Attempt(target.constraint, trie.root) for _ in range(size)]
        self._policy = policy
        self._trie = trie
        self._generator = generator
        self._length = 0
        self._fresh: list[Node] = []
        self._refused: list[tuple[Node, int]] = []

    def run(self) -> None:
        while self.step():
            pass
        self.learn()

    def learn(self) -> None:
        """Tell the trie what was met."""
        for node, token in self._refused:
            place = node.place(token)
            if place is not None:
                node.weights[place] = NEVER
        if self._policy.learns != "nothing":
            self._trie.absorb(self._fresh, [node for node, _ in self._refused])

    def step(self) -> bool:
        """Draw a token for every attempt that is still open; whether there was any."""
        groups: dict[tuple[int, ...], list[Attempt]] = {}
        for attempt in self.attempts:
            if attempt.outcome == "open" and not self._draw_known(attempt):
                groups.setdefault(tuple(attempt.token_ids), []).append(attempt)
        if groups:
            self.forward_passes += len(groups)
            laws = self.target.model.log_probabilities(list(groups))
            masks = self.target.masks([group[0].matcher() for group in groups.values()])
            for group, law, mask in zip(groups.values(), laws, masks, strict=True):
                self._draw_asked(group, law, mask)
        self._length += 1
        return any(attempt.outcome == "open" for attempt in self.attempts)

    # --- one token

    def _draw_known(self, attempt: Attempt) -> bool:
        """Draw at a known prefix; False where the model has to be asked."""
        node = attempt.node
        if node is None:
            return False
        self._trie.use(node)
        place, log_share = node.draw(self._generator.random())
        attempt.log_proposal += log_share
        if place is None:
            return False
        token = int(node.ids[place])
        allowed = self._policy.learns == "masks" or token in node.children or self._allows(attempt, token)
        self._append(attempt, token, float(node.law[place]), allowed)
        self._go_on(attempt, node, token)
        return True

    def _draw_asked(self, group: Sequence[Attempt], law: Law, mask: Allowed) -> None:
        """Draw where the model was asked: at a new prefix, or from the tail of a known one."""
        possible = mask & self.target.ends if self._is_last else mask
        kept = possible if self._policy.learns == "masks" else np.ones_like(mask)
        node = group[0].node
        if node is not None:
            proposed: Allowed | None = node.is_beyond(kept)
        elif self._policy.masks_at(self._length):
            proposed = mask if self._policy.learns == "nothing" else possible
        else:
            proposed = None
        if node is None and self._policy.learns != "nothing":
            node = self._trie.node(law, kept, group[0].parent, group[0].token_ids[-1] if group[0].token_ids else -1)
            self._fresh.append(node)
        tokens, log_mass = draw_tokens(law, proposed, self._generator.random(len(group)))
        if not self._length and group[0].node is None:
            self.log_weight = log_mass
        if not tokens:
            self._end_dead(group, mask)
            return
        if node is not None:
            self._trie.name(node, tokens, law, kept)
        for attempt, token in zip(group, tokens, strict=True):
            attempt.log_proposal += float(law[token]) - log_mass
            self._append(attempt, token, float(law[token]), bool(mask[token]))
            if node is not None:
                self._go_on(attempt, node, token)

    @property
    def _is_last(self) -> bool:
        return self.target.is_last(self._length)

    def _append(self, attempt: Attempt, token: int, log_probability: float, allowed: bool) -> None:
        attempt.token_ids.append(token)
        attempt.log_probability += log_probability
        if not allowed:
            attempt.outcome = "refused"
        elif self.target.ends[token]:
            attempt.outcome = "complete"
        elif self._is_last:
            attempt.outcome = "cut"

    def _go_on(self, attempt: Attempt, node: Node, token: int) -> None:
        """Leave ``node`` by ``token``."""
        attempt.parent, attempt.node = node, node.children.get(token)
        if attempt.outcome in ("refused", "cut") and self._policy.learns == "refusals":
            self._refused.append((node, token))

    def _allows(self, attempt: Attempt, token: int) -> bool:
        return attempt.matcher().validate_tokens([token]) == 1

    def _end_dead(self, group: Sequence[Attempt], mask: Allowed) -> None:
        """No token has a probability here: the limit of length is too near, or the model's settings rule all out."""
        for attempt in group:
            attempt.outcome = "cut" if self._is_last and mask.any() else "refused"
