"""How many keys of each class are still possible from each state of a key automaton."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import DEAD, TextDfa
from ..grammar.kernels import layout as at
from .key_classes import class_sizes


def keys_left(text: TextDfa, classes: int) -> NDArray[np.int32]:
    """int32[states, classes]: how many strings labelled ``class + 1`` each state accepts; ``UNBOUNDED`` for infinitely.

    States are counted when all their successors are (Kahn, 1962); those that never are lie before a cycle.
    """
    weights = class_sizes(text)
    successors: list[Counter[int]] = []
    for row in text.dfa.transitions.tolist():
        targets: Counter[int] = Counter()
        for target, weight in zip(row, weights, strict=True):
            if target != DEAD and weight:
                targets[target] += weight
        successors.append(targets)
    left = np.zeros((len(successors), classes), np.int32)
    for number in range(1, classes + 1):
        left[:, number - 1] = _counts(successors, [int(label) == number for label in text.dfa.labels])
    return left


def _counts(successors: list[Counter[int]], accepts: list[bool]) -> list[int]:
    predecessors: list[list[int]] = [[] for _ in successors]
    for state, targets in enumerate(successors):
        for target in targets:
            predecessors[target].append(state)
    useful = {state for state, accepting in enumerate(accepts) if accepting}
    work = list(useful)
    while work:
        fresh = [state for state in predecessors[work.pop()] if state not in useful]
        useful.update(fresh)
        work += fresh
    waiting = {state: sum(target in useful for target in successors[state]) for state in useful}
    counts = [at.UNBOUNDED if state in useful else 0 for state in range(len(successors))]
    ready = [state for state, open_targets in waiting.items() if not open_targets]
    while ready:
        state = ready.pop()
        total = accepts[state] + sum(weight * counts[target] for target, weight in successors[state].items())
        counts[state] = min(total, at.UNBOUNDED)
        for before in predecessors[state]:
            if before in useful:
                waiting[before] -= 1
                if not waiting[before]:
                    ready.append(before)
    return counts
