"""One prefix in a trie: the law of its next token cut to the language, and how much of it is still possible.

A node holds the most probable of the tokens that may come, each with its log-probability under the model and the log of
its *weight*, an upper bound on the probability that a sequence of the language follows; all other tokens that may come
are one number, the log of their mass (the tail), their weights being 1. Tokens that may not come are not there at all.
So a node takes 20 bytes a token, some 8 KB at most, whatever the size of the vocabulary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Law = NDArray[np.floating[Any]]
"""Log-probabilities of all tokens, float[V]."""
Allowed = NDArray[np.bool_]
"""Which tokens may come, bool[V]."""
NEVER = -np.inf
_OVERHEAD = 900
"""Bytes of a node without tokens: the object, three arrays, a dictionary (``sys.getsizeof``)."""


class Node:
    """``ids``: int32[k], ascending; ``law``, ``weights``: float64[k + 1], logs, the tail at their end."""

    __slots__ = (
        "allowed",
        "children",
        "depth",
        "ids",
        "law",
        "log_weight",
        "parent",
        "token",
        "used",
        "weights",
    )

    def __init__(self, parent: Node | None, token: int) -> None:
        self.parent = parent
        self.token = token
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.children: dict[int, Node] = {}
        self.used = 0
        self.allowed = 0
        self.ids: NDArray[np.int32] = np.empty(0, np.int32)
        self.law, self.weights = np.full(1, NEVER), np.zeros(1)
        self.log_weight = NEVER

    @classmethod
    def of(cls, law: Law, allowed: Allowed, most: int, parent: Node | None = None, token: int = -1) -> Node:
        """The node of a prefix that nothing was known about: all that is allowed has weight 1."""
        node = cls(parent, token)
        node.allowed = int(np.count_nonzero(allowed))
        ids = np.flatnonzero(allowed & (law > NEVER))
        values, tail = np.asarray(law[ids], np.float64), NEVER
        if len(ids) > most:
            order = np.argpartition(values, -most)
            tail = log_sum(values[order[:-most]])
            kept = np.sort(order[-most:])
            ids, values = ids[kept], values[kept]
        node.ids, node.law, node.weights = ids.astype(np.int32), np.append(values, tail), np.zeros(len(ids) + 1)
        node.log_weight = node.mass()
        return node

    @property
    def size(self) -> int:
        """Bytes."""
        return _OVERHEAD + 20 * len(self.ids)

    def place(self, token: int) -> int | None:
        """Where a token stands among ``ids``."""
        place = int(self.ids.searchsorted(token))
        return place if place < len(self.ids) and self.ids[place] == token else None

    def mass(self) -> float:
        """The log of the mass that is still possible."""
        return log_sum(self.law + self.weights)

    def refresh(self) -> float:
        """Take note of what was learnt of the tokens: mass only ever goes away."""
        self.log_weight = min(self.log_weight, self.mass())
        return self.log_weight

    def draw(self, uniform: float) -> tuple[int | None, float]:
        """The place of a token by mass that is still possible, None for the tail; and the log of its probability."""
        masses = self.law + self.weights
        greatest = masses.max()
        sums = np.exp(masses - greatest).cumsum()
        place = _pick(sums, uniform)
        return place if place < len(self.ids) else None, float(masses[place] - greatest - np.log(sums[-1]))

    def is_beyond(self, allowed: Allowed) -> Allowed:
        """bool[V]: of the tokens that may come, those of the tail."""
        beyond = allowed.copy()
        beyond[self.ids] = False
        return beyond

    def name(self, tokens: list[int], law: Law, allowed: Allowed) -> None:
        """Take tokens out of the tail, each with weight 1."""
        new = np.setdiff1d(np.array(tokens, np.int32), self.ids)
        places = self.ids.searchsorted(new)
        self.ids = np.insert(self.ids, places, new)
        self.law = np.insert(self.law, places, law[new])
        self.weights = np.insert(self.weights, places, 0.0)
        self.law[-1] = log_sum(np.asarray(law[self.is_beyond(allowed)], np.float64))


def log_sum(values: NDArray[np.float64]) -> float:
    """The log of the sum of exponentials."""
    greatest = float(values.max(initial=NEVER))
    return greatest + float(np.log(np.exp(values - greatest).sum())) if greatest > NEVER else NEVER


def draw_tokens(law: Law, allowed: Allowed | None, uniforms: NDArray[np.float64]) -> tuple[list[int], float]:
    """Tokens from a law cut to ``allowed``, and the log of the mass allowed; no tokens where that is nothing."""
    scores = np.asarray(law if allowed is None else np.where(allowed, law, NEVER), np.float64)
    greatest = float(scores.max())
    if greatest == NEVER:
        return [], NEVER
    sums = np.exp(scores - greatest).cumsum()
    return [_pick(sums, uniform) for uniform in uniforms.tolist()], greatest + float(np.log(sums[-1]))


def _pick(sums: NDArray[np.float64], uniform: float) -> int:
    """The first place whose sum exceeds its share; never one of mass zero, however the product is rounded."""
    total = sums[-1]
    return min(int(sums.searchsorted(uniform * total, "right")), int(sums.searchsorted(total)))
