"""Automata with few edges, such as those of literals: hundreds of them make up a grammar, and most have one or two
edges for each state. The table of transitions is made when something asks for it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .byte_dfa import ByteDfa, Ending

START = 1


class SparseDfa(ByteDfa):
    """An automaton without conditions, from state ``START`` to the one accepting state, which is another one.

    ``edges`` int32[n, 3]: rows (state, byte, state after). ``states``: how many there are, ``DEAD`` among them.
    """

    edges: NDArray[np.int32]
    states: int
    accepting: int

    def __init__(self, edges: NDArray[np.int32], states: int, accepting: int) -> None:
        self.__dict__.update(
            edges=edges, states=states, accepting=accepting, start=START, guard=None, decided_at_end=None
        )

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
