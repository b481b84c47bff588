"""Trimming, minimising and exploring deterministic automata.

Minimising is Moore's partition refinement. Its weakness, one round for each step of a long chain, is met by starting
from a finer partition: two states can be equivalent only if they are equally far from acceptance and equally far from
rejection, and both distances come from one linear search each. Hopcroft's algorithm has the better worst case, but
does not vectorise.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .dfa import DEAD, REJECT, Dfa
from .errors import LimitExceeded
from .kernels.searching import list_predecessors, mark_reachable, measure
from .limits import Budget
from .minimization import merge_equivalent

UNREACHABLE = -1
"""The distance of a state from which no target can be reached."""

_State = TypeVar("_State", bound=Hashable)


def states_exceeded(subject: str, budget: Budget) -> LimitExceeded:
    """The error for an automaton, that of ``subject``, with more states than ``budget`` allows."""
    return LimitExceeded(
        f"the automaton of {subject} has more than {budget.limits.states} states",
        remedy="raise Limits.states, or ask for something simpler",
    )


def explore(
    start: _State,
    successors: Callable[[_State], Iterable[tuple[Sequence[int], _State | None]]],
    label: Callable[[_State], int],
    classes: int,
    budget: Budget,
    subject: str,
) -> Dfa:
    """The minimal automaton of the states reachable from ``start``.

    ``successors`` says for groups of symbols to which state they lead; ``None``, like no mention at all, is a dead end.
    ``LimitExceeded`` over the limit of states, naming ``subject``, or of seconds.
    """
    numbers: dict[_State, int] = {start: 1}
    pending = [start]
    rows = array("i", [DEAD] * classes)
    for state in pending:
        budget.check()
        row = [DEAD] * classes
        for symbols, successor in successors(state):
            if successor is None:
                continue
            number = numbers.get(successor)
            if number is None:
                number = numbers[successor] = len(numbers) + 1
                pending.append(successor)
            for symbol in symbols:
                row[symbol] = number
        rows.extend(row)
        if len(pending) > budget.limits.states:
            raise states_exceeded(subject, budget)
        budget.check_memory(rows.itemsize * len(rows), f"the automaton of {subject}")
    labels = [REJECT, *map(label, pending)]
    return minimize(Dfa(np.array(rows, np.int32).reshape(-1, classes), np.array(labels, np.int32), 1), budget)


def distances(transitions: NDArray[np.int32], targets: NDArray[np.bool_]) -> NDArray[np.int32]:
    """For each state the number of symbols on a shortest way to a target, or ``UNREACHABLE``.

    ``targets``: bool[kinds, states]; int32[kinds, states], each kind by itself. Ways into ``DEAD`` are not looked at.
    """
    table = np.ascontiguousarray(transitions, np.int32)
    offsets = np.zeros(len(table) + 1, np.int32)
    sources = np.empty(table.size, np.int32)
    list_predecessors(table, offsets, sources)
    result = np.ascontiguousarray(np.where(targets, 0, UNREACHABLE), np.int32)
    queue = np.empty(len(table), np.int32)
    for distance in result:
        measure(offsets, sources, distance, queue, UNREACHABLE)
    return result


def reachable(dfa: Dfa) -> NDArray[np.bool_]:
    """Which states some input leads to from the start; bool[states]."""
    seen = np.zeros(len(dfa.labels), np.uint8)
    mark_reachable(np.ascontiguousarray(dfa.transitions, np.int32), int(dfa.start), seen, np.empty(len(seen), np.int32))
    return seen.view(np.bool_)


def trim(dfa: Dfa) -> Dfa:
    """The same language without the states that cannot be reached or cannot reach acceptance; order is kept."""
    accepting = distances(dfa.transitions, (dfa.labels != REJECT)[None])[0]
    return _keep(dfa, reachable(dfa) & (accepting != UNREACHABLE))


def minimize(dfa: Dfa, budget: Budget) -> Dfa:
    """The trimmed automaton with the fewest states for the same labelled language."""
    return merge_equivalent(trim(dfa), budget)


def _keep(dfa: Dfa, keep: NDArray[np.bool_]) -> Dfa:
    """Only the states of ``keep`` and ``DEAD``, which stands for all others."""
    keep[DEAD] = True
    if keep.all():
        return dfa
    number = np.where(keep, np.cumsum(keep) - 1, DEAD).astype(np.int32)
    return Dfa(number[dfa.transitions[keep]], dfa.labels[keep], int(number[dfa.start]))
