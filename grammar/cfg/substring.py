"""The automaton of the passages of a text: any run of consecutive chunks of it.

The suffix automaton over chunks (Blumer and others 1985) has at most two states for each chunk. Its edges are spelled
out in bytes; as one chunk may begin with another, the result is made deterministic again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..dfa_operations import explore
from ..limits import Budget
from .byte_dfa import ByteDfa
from .regular import over_bytes

_SUBJECT = "a passage"

_State = tuple[bool, frozenset[int]]
"""Whether this is the start, and places."""


def substring_dfa(chunks: Sequence[str], budget: Budget, *, empty: bool = True) -> ByteDfa:
    """Any run of consecutive ``chunks``, joined; ``empty``: or no chunk at all."""
    edges = _suffix_automaton([chunk.encode() for chunk in chunks if chunk], budget)
    places = _spelled(edges, budget)
    symbols = {byte: symbol for symbol, byte in enumerate(sorted({byte for place in places for byte in place}))}

    def successors(state: _State) -> Iterator[tuple[list[int], _State]]:
        found: dict[int, set[int]] = {}
        for place in state[1]:
            for byte, targets in places[place].items():
                found.setdefault(byte, set()).update(targets)
        for byte, targets in found.items():
            yield [symbols[byte]], (False, frozenset(targets))

    def label(state: _State) -> int:
        return int(empty if state[0] else min(state[1]) < len(edges))

    dfa = explore((True, frozenset([0])), successors, label, len(symbols) + 1, budget, _SUBJECT)
    return over_bytes(dfa, [symbols.get(byte, len(symbols)) for byte in range(256)])


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


def _spelled(edges: Sequence[dict[bytes, int]], budget: Budget) -> list[dict[int, set[int]]]:
    """For each place, the states of the automaton first, where each byte leads."""
    places: list[dict[int, set[int]]] = [{} for _ in edges]
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
