"""The automaton that says which keyword a text is: those that are just one text, and those that ignore case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..dfa_operations import states_exceeded
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa

NO_KEYWORD = -1
START = 1

_State = tuple[int, tuple[tuple[int, int], ...]]
"""A node of the trie of exact texts (``DEAD`` for none), and the live states of the others by their places."""


def keyword_automaton(
    exact: Mapping[bytes, int], folded: Sequence[tuple[int, ByteDfa]], budget: Budget
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """``transitions`` int32[states, 256] (0 is dead, 1 the start) and the keyword of each state, or ``NO_KEYWORD``.

    ``exact``: the terminal of a text. ``folded``: terminals with their automata; the first counts, ``exact`` before it.
    """
    children, labels = _trie(exact)
    tables = [{state: _edges(dfa, state) for state in range(len(dfa.transitions))} for _, dfa in folded]
    start: _State = START, tuple((place, dfa.start) for place, (_, dfa) in enumerate(folded) if dfa.start != DEAD)
    numbers = {start: START}
    rows = [np.zeros(256, np.int32)]
    found = [NO_KEYWORD]
    for node, alive in (queue := [start]):
        budget.check()
        if len(numbers) > budget.limits.states:
            raise states_exceeded("the keywords", budget)
        matched = [folded[place][0] for place, state in alive if folded[place][1].decided[state]]
        found.append(labels[node] if labels[node] != NO_KEYWORD else next(iter(matched), NO_KEYWORD))
        following: dict[int, list[tuple[int, int]]] = {byte: [] for byte in children[node]}
        for place, state in alive:
            for byte, successor in tables[place][state].items():
                following.setdefault(byte, []).append((place, successor))
        row = np.zeros(256, np.int32)
        for byte, live in following.items():
            target = children[node].get(byte, DEAD), tuple(live)
            if target not in numbers:
                numbers[target] = len(numbers) + 1
                queue.append(target)
            row[byte] = numbers[target]
        rows.append(row)
    return np.stack(rows), np.array(found, np.int32)


def _trie(texts: Mapping[bytes, int]) -> tuple[list[dict[int, int]], list[int]]:
    """Children and keyword of each node; node 0 has none."""
    children: list[dict[int, int]] = [{}, {}]
    labels = [NO_KEYWORD, NO_KEYWORD]
    for text, label in texts.items():
        node = START
        for byte in text:
            if byte not in children[node]:
                children[node][byte] = len(children)
                children.append({})
                labels.append(NO_KEYWORD)
            node = children[node][byte]
        labels[node] = label
    return children, labels


def _edges(dfa: ByteDfa, state: int) -> dict[int, int]:
    row = dfa.transitions[state]
    live = np.flatnonzero(row)
    return dict(zip(live.tolist(), row[live].tolist(), strict=True))
