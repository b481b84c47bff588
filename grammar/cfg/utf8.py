"""Automata over code points as automata over the bytes of UTF-8.

States keep their numbers; those inside of characters come after them. Such a state is known by where the next byte
leads, so that equal ones are one, whatever characters they belong to, and a minimal automaton stays minimal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..dfa import REJECT, Alphabet, TextDfa
from ..dfa_operations import states_exceeded
from ..kernels.spelling import LEAVES, NO_ROOM, ROW, find_leaves, spell, spell_ascii
from ..limits import Budget
from .byte_dfa import ByteDfa, plain_byte_dfa

_ROOM = 1_000
"""So many states inside of characters there is room for at first."""


def byte_dfa_of(text_dfa: TextDfa, budget: Budget) -> ByteDfa:
    """The texts that ``text_dfa`` accepts, with whatever label, as bytes."""
    dfa = text_dfa.dfa
    transitions = byte_transitions(dfa.transitions, text_dfa.alphabet, budget, "a terminal")
    accepting = np.zeros(len(transitions), np.bool_)
    accepting[: len(dfa.labels)] = dfa.labels != REJECT
    return plain_byte_dfa(transitions, dfa.start, accepting)


def byte_transitions(
    transitions: NDArray[np.int32], alphabet: Alphabet, budget: Budget, subject: str
) -> NDArray[np.int32]:
    """int32[states and those inside of characters, 256] of ``transitions`` int32[states, classes]."""
    transitions = np.ascontiguousarray(transitions, np.int32)
    starts = alphabet.starts
    leaves = np.empty((alphabet.size + 1 + len(starts) + 1, ROW), np.int32)
    leaf_of = np.empty(LEAVES, np.int32)
    leaf_count = find_leaves(starts, alphabet.classes, alphabet.size, leaves, leaf_of)
    beyond = np.unique(alphabet.classes[np.append(starts[1:] > 0x80, True)])
    room = len(transitions) + _ROOM
    while True:
        budget.check()
        result = np.zeros((room, 256), np.int32)
        count = spell(transitions, leaves, leaf_count, leaf_of, beyond, result)
        if count != NO_ROOM:
            break
        if room > budget.limits.states + len(transitions):
            raise states_exceeded(subject, budget)
        room = 4 * room
    if count > max(budget.limits.states, len(transitions)):
        raise states_exceeded(subject, budget)
    spell_ascii(transitions, starts, alphabet.classes, result)
    return result[:count].copy()
