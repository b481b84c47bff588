"""Deterministic automata with labelled acceptance, over symbol classes or over Unicode text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEAD = 0
"""The state from which nothing is accepted; every other state of a trimmed automaton reaches acceptance."""

REJECT = 0
"""The label of states that do not accept."""


@dataclass(frozen=True, eq=False)
class Dfa:
    """A complete, trimmed deterministic automaton.

    ``transitions``: int32[states, classes], row ``DEAD`` is all ``DEAD``.
    ``labels``: int32[states]; ``REJECT``, or a positive label that says in which way the state accepts.
    ``start``: the initial state; ``DEAD`` when the language is empty.
    """

    transitions: NDArray[np.int32]
    labels: NDArray[np.int32]
    start: int

    @property
    def is_empty(self) -> bool:
        return self.start == DEAD


@dataclass(frozen=True, eq=False)
class Alphabet:
    """A partition of the Unicode code points (surrogates included, though no text holds one) into classes.

    ``starts``: int32[intervals], ascending, ``starts[0] == 0``; interval ``i`` is ``starts[i] .. starts[i+1]-1``, the
    last one ends at 0x10FFFF. ``classes``: int32[intervals], the class of each interval, ``0 .. size-1``.
    """

    starts: NDArray[np.int32]
    classes: NDArray[np.int32]
    size: int


@dataclass(frozen=True, eq=False)
class TextDfa:
    """A ``Dfa`` whose symbols are the classes of ``alphabet``: it reads strings of code points."""

    alphabet: Alphabet
    dfa: Dfa
