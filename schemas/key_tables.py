"""How many keys of each class are still possible from each state of a key automaton."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grammar.components import components
from ..grammar.dfa import DEAD, REJECT, TextDfa
from ..grammar.kernels.layout import UNBOUNDED
from ..grammar.limits import Budget
from ..grammar.text_dfa import FIRST_SURROGATE, LAST_CODE_POINT, LAST_SURROGATE


def keys_left(text: TextDfa, classes: int, budget: Budget) -> NDArray[np.int32]:
    """int32[states, classes]: how many strings labelled ``class + 1`` each state accepts; ``UNBOUNDED`` for infinitely.

    States are counted after those that they lead to; what can be reached from a circle is accepted infinitely often.
    """
    transitions, labels = text.dfa.transitions, text.dfa.labels
    budget.check_memory(4 * len(labels) * classes, "the table of keys that are possible")
    weights = np.array(class_sizes(text), np.int64)
    live = (transitions != DEAD) & (weights > 0)
    successors: list[set[int]] = []
    for row, known in zip(transitions, live, strict=True):
        budget.check()
        successors.append(set(row[known].tolist()))
    left = np.zeros((len(labels), classes), np.int32)
    accepting = np.flatnonzero(labels != REJECT)
    left[accepting, labels[accepting] - 1] = 1
    for component in components([sorted(targets) for targets in successors], budget):
        budget.check()
        state = component[0]
        if len(component) > 1 or state in successors[state]:
            targets = sorted(set(component).union(*[successors[member] for member in component]))
            left[component] = np.where(left[targets].any(axis=0), UNBOUNDED, 0)
        elif successors[state]:
            known = live[state]
            following = weights[known] @ left[transitions[state, known]].astype(np.int64)
            left[state] = np.minimum(left[state] + following, UNBOUNDED)
    return left


def class_sizes(text: TextDfa) -> list[int]:
    """How many code points, surrogates left out, are in each symbol class."""
    alphabet = text.alphabet
    ends = [*alphabet.starts[1:].tolist(), LAST_CODE_POINT + 1]
    sizes = [0] * alphabet.size
    for start, end, number in zip(alphabet.starts.tolist(), ends, alphabet.classes.tolist(), strict=True):
        overlap = min(end, LAST_SURROGATE + 1) - max(start, FIRST_SURROGATE)
        sizes[number] += end - start - max(overlap, 0)
    return sizes
