"""Breadth-first searches of an automaton: forwards from its start, and backwards from some of its states."""

from __future__ import annotations

from numba import types

from ..dfa import DEAD
from .compilation import kernel

Ints1 = types.Array(types.int32, 1, "C")
Ints2 = types.Array(types.int32, 2, "C")
Flags1 = types.Array(types.uint8, 1, "C")


@kernel(types.void, Ints2, types.int64, Flags1, Ints1, entry=True)
def mark_reachable(transitions, start, seen, queue):
    """Set ``seen`` for each state that can be reached from ``start``; ``queue`` has room for all states."""
    seen[start] = 1
    queue[0] = start
    found = 1
    done = 0
    while done < found:
        state = queue[done]
        done += 1
        for symbol in range(transitions.shape[1]):
            successor = transitions[state, symbol]
            if seen[successor] == 0:
                seen[successor] = 1
                queue[found] = successor
                found += 1


@kernel(types.void, Ints2, Ints1, Ints1, entry=True)
def list_predecessors(transitions, offsets, sources):
    """The states before each state, as often as there are symbols that lead from one to it, those of ``DEAD`` left out.

    They come after one another in ``sources``; ``offsets``, zeros at first, get where those of each state begin.
    """
    states, symbols = transitions.shape
    for state in range(states):
        for symbol in range(symbols):
            offsets[transitions[state, symbol]] += 1
    offsets[DEAD] = 0
    total = 0
    for state in range(states):
        total += offsets[state]
        offsets[state] = total
    offsets[states] = total
    for state in range(states):
        for symbol in range(symbols):
            successor = transitions[state, symbol]
            if successor != DEAD:
                offsets[successor] -= 1
                sources[offsets[successor]] = state


@kernel(types.void, Ints1, Ints1, Ints1, Ints1, types.int64, entry=True)
def measure(offsets, sources, result, queue, unreachable):
    """Fill ``result``, 0 for targets and ``unreachable`` for all others, with the distances to the targets."""
    found = 0
    for state in range(len(result)):
        if result[state] == 0:
            queue[found] = state
            found += 1
    done = 0
    while done < found:
        state = queue[done]
        done += 1
        for index in range(offsets[state], offsets[state + 1]):
            before = sources[index]
            if result[before] == unreachable:
                result[before] = result[state] + 1
                queue[found] = before
                found += 1
