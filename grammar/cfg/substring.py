"""The automaton of the passages of a text: any run of consecutive chunks of it.

The suffix automaton over chunks (Blumer and others 1985) has at most two states for each chunk. Its edges are spelled
out in bytes; as one chunk may begin with another, the result is made deterministic again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..dfa_operations import states_exceeded
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa, plain_byte_dfa

_SUBJECT = "a passage"

_START = 0
"""The place where every run begins; nothing leads back to it."""

_Places = list[dict[int, set[int]]]


def substring_dfa(chunks: Sequence[str], budget: Budget, *, empty: bool = True) -> ByteDfa:
    """Any run of consecutive ``chunks``, joined; ``empty``: or no chunk at all. Not quite minimal."""
    edges = _suffix_automaton([chunk.encode() for chunk in chunks if chunk], budget)
    places = _spelled(edges, budget)
    if not empty and not places[_START]:
        return plain_byte_dfa(np.zeros((1, 256), np.int32), DEAD, np.zeros(1, np.bool_))
    numbers: dict[frozenset[int], int] = {frozenset([_START]): 1}
    steps: list[tuple[int, int, int]] = []
    accepting = [False]
    pending = [frozenset([_START])]
    for state in pending:
        budget.check()
        if len(numbers) > budget.limits.states:
            raise states_exceeded(_SUBJECT, budget)
        for byte, targets in _moves(state, places):
            number = numbers.setdefault(targets, len(numbers) + 1)
            steps.append((len(accepting), byte, number))
            if number > len(pending):
                pending.append(targets)
        accepting.append(min(state) < len(edges))
    accepting[1] = empty
    budget.check_memory(1024 * len(accepting), _SUBJECT)
    transitions = np.zeros((len(accepting), 256), np.int32)
    if steps:
        sources, bytes_, targets_ = np.array(steps, np.int32).T
        transitions[sources, bytes_] = targets_
    return plain_byte_dfa(transitions, 1, np.array(accepting))


def _moves(state: frozenset[int], places: _Places) -> Iterable[tuple[int, frozenset[int]]]:
    """Where each byte leads from all of ``state`` together."""
    if len(state) == 1:
        (place,) = state
        return [(byte, frozenset(targets)) for byte, targets in places[place].items()]
    found: dict[int, set[int]] = {}
    for place in state:
        for byte, targets in places[place].items():
            found.setdefault(byte, set()).update(targets)
    return [(byte, frozenset(targets)) for byte, targets in found.items()]


def _suffix_automaton(contents: Sequence[bytes], budget: Budget) -> list[dict[bytes, int]]:
    """For each state its edges; state 0 is the start, and every state accepts."""
    edges: list[dict[bytes, int]] = [{}]
    lengths = [0]
    links = [-1]
    last = 0
    for content in contents:
        budget.check()
        current = len(edges)
        edges.append({})
        lengths.append(lengths[last] + 1)
        links.append(0)
        state = last
        while state >= 0 and content not in edges[state]:
            edges[state][content] = current
            state = links[state]
        if state >= 0:
            target = edges[state][content]
            if lengths[target] == lengths[state] + 1:
                links[current] = target
            else:
                clone = len(edges)
                edges.append(dict(edges[target]))
                lengths.append(lengths[state] + 1)
                links.append(links[target])
                links[target] = links[current] = clone
                while state >= 0 and edges[state].get(content) == target:
                    edges[state][content] = clone
                    state = links[state]
        last = current
    return edges


def _spelled(edges: Sequence[dict[bytes, int]], budget: Budget) -> _Places:
    """For each place, the states of the automaton first, where each byte leads."""
    places: _Places = [{} for _ in edges]
    for state, following in enumerate(edges):
        budget.check()
        inside: dict[tuple[int, int], int] = {}
        for content, target in following.items():
            place = state
            for byte in content[:-1]:
                within = inside.setdefault((place, byte), len(places))
                if within == len(places):
                    places.append({})
                    places[place].setdefault(byte, set()).add(within)
                place = within
            places[place].setdefault(content[-1], set()).add(target)
    budget.check_memory(200 * len(places), _SUBJECT)
    return places
