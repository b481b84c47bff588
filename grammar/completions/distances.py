"""How far the states of an automaton are from acceptance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..dfa import DEAD


def longest_to_accept(transitions: NDArray[np.int32], accepting: NDArray[np.bool_], start: int) -> int | None:
    """The greatest number of steps that a state reached from ``start`` is away from an accepting one."""
    reached, work = {start}, [start]
    before: dict[int, list[int]] = {}
    while work:
        state = work.pop()
        for after in set(transitions[state].tolist()) - {DEAD}:
            before.setdefault(after, []).append(state)
            if after not in reached:
                reached.add(after)
                work.append(after)
    level = [state for state in reached if accepting[state]]
    met, steps = set(level), 0
    while len(met) < len(reached):
        level = [state for after in level for state in before.get(after, ()) if state not in met]
        level = list(dict.fromkeys(level))
        if not level:
            return None
        met.update(level)
        steps += 1
    return steps
