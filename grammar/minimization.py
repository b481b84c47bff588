"""The smallest automaton of a labelled language, by partition refinement.

States start out together when their labels are equal, and are told apart when some symbol leads them to different
blocks. After Hopcroft (1971) only the predecessors of what moved are looked at again, and of the parts of a split block
the largest keeps its number; parts are found by the signatures of states rather than symbol by symbol, which is what
suits long chains such as counted repetitions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .columns import distinct_columns
from .dfa import Dfa
from .kernels.minimizing import merge_states
from .limits import Budget

_AT_ONCE = 1 << 20
"""So many transitions take a kernel at most some 0.4 s; more are left to Python, which looks at the time."""

_SPARE_LABELS = 1_000
"""So many more labels than states are sorted as they are."""

_BYTES_PER_ENTRY = 36
"""Of a list of Python's integers."""


def merge_equivalent(dfa: Dfa, budget: Budget) -> Dfa:
    """``dfa``, which is trimmed, with equivalent states merged; the order of first occurrences is kept."""
    number, members = equivalence(dfa.transitions, dfa.labels, budget)
    return Dfa(number[dfa.transitions[members]], dfa.labels[members], int(number[dfa.start]))


def equivalence(
    transitions: NDArray[np.int32], labels: NDArray[np.int32], budget: Budget
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For each state the number of its class of equivalent ones, in the order of first occurrences, and these first."""
    if transitions.size > _AT_ONCE:
        transitions, _ = distinct_columns(transitions)
        budget.check_memory(_BYTES_PER_ENTRY * transitions.size, "minimising an automaton")
    if transitions.size <= _AT_ONCE:
        return by_kernel(transitions, labels)
    blocks = _Partition(transitions.tolist(), labels.tolist(), budget).refine()
    found, first = np.unique(blocks, return_index=True)
    order = np.argsort(first)
    rank = np.empty(len(first), np.int32)
    rank[order] = np.arange(len(first), dtype=np.int32)
    return rank[np.searchsorted(found, blocks)], first[order].astype(np.int32)


def by_kernel(transitions: NDArray[np.int32], labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """``equivalence`` of the states of a trimmed automaton, by a kernel: what ``_Partition`` finds by Python's sets."""
    size = int(labels.max(initial=0)) + 1
    if size > _SPARE_LABELS + len(labels):
        labels = np.unique(labels, return_inverse=True)[1].ravel().astype(np.int32)
        size = len(labels)
    numbers, firsts = np.empty(len(labels), np.int32), np.empty(len(labels), np.int32)
    count = merge_states(
        *(np.ascontiguousarray(transitions, np.int32), np.ascontiguousarray(labels, np.int32), size, numbers, firsts)
    )
    return numbers, firsts[:count]


class _Partition:
    def __init__(self, rows: list[list[int]], labels: list[int], budget: Budget) -> None:
        self._rows = rows
        self._budget = budget
        self._predecessors: list[list[int]] = [[] for _ in rows]
        for state, row in enumerate(rows):
            budget.check()
            for successor in set(row):
                self._predecessors[successor].append(state)
        numbers: dict[int, int] = {}
        self._block = [numbers.setdefault(label, len(numbers)) for label in labels]
        self._members: list[set[int]] = [set() for _ in numbers]
        for state, block in enumerate(self._block):
            self._members[block].add(state)

    def refine(self) -> NDArray[np.int32]:
        """The block of each state in the coarsest stable partition."""
        dirty: Iterable[int] = range(len(self._rows))
        while dirty:
            touched: defaultdict[int, list[int]] = defaultdict(list)
            for state in dirty:
                touched[self._block[state]].append(state)
            splits = [
                (block, part)
                for block, states in touched.items()
                if len(self._members[block]) > 1
                for part in self._parts_to_move(block, states)
            ]
            dirty = self._move(splits)
        return np.array(self._block, np.int32)

    def _signature(self, state: int) -> tuple[int, ...]:
        return tuple([self._block[successor] for successor in self._rows[state]])

    def _parts_to_move(self, block: int, states: list[int]) -> list[Iterable[int]]:
        """The parts into which ``block`` falls, all but the largest; its members outside ``states`` are all alike."""
        parts: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for state in states:
            self._budget.check()
            parts[self._signature(state)].append(state)
        members = self._members[block]
        untouched = len(members) - len(states)
        if untouched:
            known = set(states)
            witness = next(state for state in members if state not in known)
            untouched += len(parts.pop(self._signature(witness), []))
        moved: list[Iterable[int]] = list(parts.values())
        largest = max(parts.values(), key=len, default=[])
        if len(largest) > untouched:
            moved = [part for part in moved if part is not largest]
            if untouched:
                moved.append(members.difference(*parts.values()))
        return moved

    def _move(self, splits: list[tuple[int, Iterable[int]]]) -> set[int]:
        """Give each part a block of its own; the states to look at again."""
        dirty: set[int] = set()
        for block, part in splits:
            self._members[block].difference_update(part)
            self._members.append(set(part))
            for state in part:
                self._block[state] = len(self._members) - 1
                dirty.update(self._predecessors[state])
        return dirty
