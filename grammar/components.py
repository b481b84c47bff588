"""Strongly connected components: which states of an automaton lie on a circle together."""

from __future__ import annotations

from collections.abc import Sequence

from .limits import Budget


def components(successors: Sequence[Sequence[int]], budget: Budget) -> list[list[int]]:
    """The strongly connected components of a graph; one comes after all those that can be reached from it.

    Tarjan, "Depth-first search and linear graph algorithms" (1972), on an explicit stack.
    """
    order = [0] * len(successors)  # when a state was first met; 0 for never
    lowest = [0] * len(successors)  # the earliest state still open that can be reached
    found: list[list[int]] = []
    met = 0
    for root in range(len(successors)):
        if order[root]:
            continue
        met += 1
        order[root] = lowest[root] = met
        unassigned = [root]
        path = [(root, iter(successors[root]))]
        while path:
            state, rest = path[-1]
            for successor in rest:
                if not order[successor]:
                    met += 1
                    order[successor] = lowest[successor] = met
                    unassigned.append(successor)
                    path.append((successor, iter(successors[successor])))
                    break
                lowest[state] = min(lowest[state], lowest[successor])
            else:
                budget.check()
                path.pop()
                if path:
                    before = path[-1][0]
                    lowest[before] = min(lowest[before], lowest[state])
                if lowest[state] == order[state]:
                    found.append(_popped(unassigned, state))
                    for member in found[-1]:
                        lowest[member] = len(successors) + 1
    return found


def _popped(stack: list[int], last: int) -> list[int]:
    """What is taken from the top of ``stack``, down to ``last``."""
    taken = [stack.pop()]
    while taken[-1] != last:
        taken.append(stack.pop())
    return taken
