"""From an automaton over classes of code points, with endings and conditions, to the smallest one over bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..dfa import Alphabet, Dfa
from ..dfa_operations import UNREACHABLE, distances, minimize, reachable
from ..limits import Budget
from ..minimization import equivalence
from .byte_dfa import DEAD, PENDING, SATISFIED, VIOLATED, ByteDfa, Ending, GuardDfa, plain_byte_dfa
from .utf8 import byte_transitions

NO_GUARD = -1

_REJECTS, _ENDS, _ACCEPTS = 1, 2, 3
"""Labels of conditions that are neither met nor violated, and would or would not be met at the end; of met ones."""


@dataclass(frozen=True)
class Explored:
    """Automata over classes; state 0 is dead, 1 the start.

    ``endings``: for each state pairs (state that is preferred, guard). ``guards``, ``guard_kinds``: the automaton of
    conditions, where 0 is dead too, and for each of its states whether it is met, and whether it is at the text's end.
    """

    transitions: NDArray[np.int32]
    decided: NDArray[np.bool_]
    decided_at_end: NDArray[np.bool_]
    endings: list[list[tuple[int, int]]]
    guards: NDArray[np.int32]
    guard_kinds: list[tuple[bool, bool]]


def assembled(explored: Explored, alphabet: Alphabet, budget: Budget, subject: str) -> ByteDfa:
    """``explored`` over bytes, without what leads to no match, and minimal."""
    if all(guard == NO_GUARD for endings in explored.endings for _, guard in endings):
        return _without_conditions(explored, alphabet, budget, subject)
    guard_of, guard = _guard_dfa(explored, alphabet, budget, subject)
    endings = [
        [(preferred, int(guard_of[guard]) if guard != NO_GUARD else NO_GUARD) for preferred, guard in pairs]
        for pairs in explored.endings
    ]
    endings = [[(preferred, guard) for preferred, guard in pairs if guard != VIOLATED_GUARD] for pairs in endings]
    matching = np.array([bool(pairs) for pairs in endings]) | explored.decided | explored.decided_at_end
    kept: NDArray[np.bool_] = distances(explored.transitions, matching[None])[0] != UNREACHABLE
    kept[DEAD] = False
    successors = np.where(kept[explored.transitions], explored.transitions, DEAD).astype(np.int32)
    preferred, guards = _columns(endings, kept)
    kept &= reachable(Dfa(np.hstack([successors, preferred]), explored.decided.astype(np.int32), 1))
    for table, nothing in ((successors, DEAD), (preferred, DEAD), (guards, NO_GUARD - 1)):
        table[~kept] = nothing
    settled = np.stack([explored.decided, explored.decided_at_end], axis=1) & kept[:, None]
    labels = np.unique(np.hstack([settled, guards]), axis=0, return_inverse=True)[1].ravel().astype(np.int32)
    number, members = equivalence(np.hstack([successors, preferred]), labels, budget)
    transitions = byte_transitions(number[successors[members]], alphabet, budget, subject)
    padding = len(transitions) - len(members)
    found = [
        tuple(
            Ending(int(number[preferred]) if kept[preferred] else DEAD, guard) for preferred, guard in endings[member]
        )
        if kept[member]
        else ()
        for member in members.tolist()
    ]
    return ByteDfa(
        transitions,
        int(number[1]),
        np.pad(settled[members, 0], (0, padding)),
        (*found, *[()] * padding),
        guard,
        np.pad(settled[members, 1], (0, padding)),
    )


def _without_conditions(explored: Explored, alphabet: Alphabet, budget: Budget, subject: str) -> ByteDfa:
    """``explored`` over bytes where each match that comes about counts unless a longer one does."""
    dfa = minimize(Dfa(explored.transitions, explored.decided.astype(np.int32), 1), budget)
    transitions = byte_transitions(dfa.transitions, alphabet, budget, subject)
    return plain_byte_dfa(transitions, dfa.start, np.pad(dfa.labels != 0, (0, len(transitions) - len(dfa.labels))))


VIOLATED_GUARD = 0
"""The state of the guard automaton from which no condition is met."""


def _columns(
    endings: list[list[tuple[int, int]]], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What tells endings apart, as columns: the states that are preferred, and the guards."""
    width = max(map(len, endings))
    preferred = np.zeros((len(endings), width), np.int32)
    guards = np.full((len(endings), width), NO_GUARD - 1, np.int32)
    for state in np.flatnonzero(kept).tolist():
        for index, (before, guard) in enumerate(endings[state]):
            preferred[state, index] = before if kept[before] else DEAD
            guards[state, index] = guard
    return preferred, guards


def _guard_dfa(
    explored: Explored, alphabet: Alphabet, budget: Budget, subject: str
) -> tuple[NDArray[np.int32], GuardDfa]:
    """For each guard of ``explored`` its state, ``VIOLATED_GUARD`` if it is never met; and the automaton."""
    kinds = [_ACCEPTS if met else _ENDS if at_end else _REJECTS for met, at_end in explored.guard_kinds]
    labels = np.array(kinds, np.int32)
    kept = distances(explored.guards, (labels != _REJECTS)[None])[0] != UNREACHABLE
    labels[~kept] = VIOLATED_GUARD
    successors = np.where(kept[explored.guards], explored.guards, VIOLATED_GUARD)
    successors[~kept] = VIOLATED_GUARD
    number, members = equivalence(successors.astype(np.int32), labels, budget)
    labels = labels[members]
    inner = number[successors[members]]
    inner[labels == _ACCEPTS] = VIOLATED_GUARD
    transitions = byte_transitions(inner, alphabet, budget, subject)
    met = np.flatnonzero(labels == _ACCEPTS)
    transitions[met] = met[:, None]
    verdicts = np.full(len(transitions), PENDING, np.uint8)
    verdicts[VIOLATED_GUARD] = VIOLATED
    verdicts[met] = SATISFIED
    at_end = np.zeros(len(transitions), np.bool_)
    at_end[: len(labels)] = labels >= _ENDS
    return number, GuardDfa(transitions, verdicts, at_end)
