"""Automata with few edges, such as those of literals: hundreds of them make up a grammar, and most have one or two
edges for each state. The table of transitions is made when something asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .byte_dfa import ByteDfa, Ending

START = 1


class SparseDfa(ByteDfa):
    """An automaton without conditions, from state ``START`` to the one accepting state, which is another one.

    ``states``: how many there are, ``DEAD`` among them. ``content``: the one text, if there is one, whose states follow
    each other; then no edges are given.
    """

    states: int
    accepting: int
    content: bytes

    def __init__(self, edges: NDArray[np.int32] | None, states: int, accepting: int, content: bytes = b"") -> None:
        self.__dict__.update(states=states, accepting=accepting, content=content)
        self.__dict__.update(start=START, guard=None, decided_at_end=None)
        if edges is not None:
            self.__dict__["edges"] = edges

    @cached_property
    def edges(self) -> NDArray[np.int32]:
        """int32[n, 3]: rows (state, byte, state after)."""
        return edges_of([self.content], [START])

    @cached_property
    def transitions(self) -> NDArray[np.int32]:
        transitions = np.zeros((self.states, 256), np.int32)
        transitions[self.edges[:, 0], self.edges[:, 1]] = self.edges[:, 2]
        return transitions

    @cached_property
    def decided(self) -> NDArray[np.bool_]:
        decided: NDArray[np.bool_] = np.arange(self.states) == self.accepting
        return decided

    @cached_property
    def endings(self) -> tuple[tuple[Ending, ...], ...]:
        return tuple((Ending(state),) if state == self.accepting else () for state in range(self.states))


def edges_of(texts: Sequence[bytes], starts: Sequence[int]) -> NDArray[np.int32]:
    """The edges along ``texts``, each from its start on, from state to next state."""
    lengths = np.array([len(text) for text in texts], np.int32)
    edges = np.empty((int(lengths.sum()), 3), np.int32)
    shift = np.array(starts, np.int32) - (np.cumsum(lengths, dtype=np.int32) - lengths)
    edges[:, 0] = np.arange(len(edges)) + np.repeat(shift, lengths)
    edges[:, 1] = np.frombuffer(b"".join(texts), np.uint8)
    edges[:, 2] = edges[:, 0] + 1
    return edges
