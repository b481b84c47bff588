"""Operations on automata over bytes whose every ending counts; and texts described by what they hold.

Bytes that no operand tells apart are one symbol while states are explored. An automaton with conditions
(``python_pattern``) is no operand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..dfa import Alphabet, Dfa, TextDfa
from ..limits import Budget
from ..text_dfa import accept_all
from ..text_product import product
from .byte_dfa import DEAD, ByteDfa, plain_byte_dfa
from .utf8 import byte_dfa_of

_ACCEPT = 1


@cache
def any_text() -> ByteDfa:
    """All texts, in valid UTF-8."""
    return byte_dfa_of(accept_all(), Budget())


def intersection(parts: Sequence[ByteDfa], budget: Budget) -> ByteDfa:
    """The texts of all ``parts``; all texts if there are none."""
    return _product(parts or [any_text()], all, budget)


def union(parts: Sequence[ByteDfa], budget: Budget) -> ByteDfa:
    """The texts of at least one of ``parts``."""
    return _product(parts, any, budget)


def complement(part: ByteDfa, budget: Budget) -> ByteDfa:
    """The texts, in valid UTF-8, that are not of ``part``."""
    return _product([any_text(), part], lambda accepts: accepts == (True, False), budget)


# --- operations


def byte_classes(tables: Sequence[NDArray[np.int32]]) -> tuple[list[NDArray[np.int32]], NDArray[np.int64]]:
    """The ``tables`` int32[states, 256] with equal columns merged; and the class of each byte."""
    columns = np.ascontiguousarray(np.concatenate(tables).T) if tables else np.zeros((256, 0), np.int32)
    numbers: dict[bytes, int] = {}
    classes = np.array([numbers.setdefault(column.tobytes(), len(numbers)) for column in columns])
    first = np.unique(classes, return_index=True)[1]
    return [table[:, first] for table in tables], classes


def over_bytes(dfa: Dfa, classes: NDArray[np.int64]) -> ByteDfa:
    """The texts that ``dfa`` accepts with label 1; ``classes`` are the symbols of the bytes."""
    transitions = np.ascontiguousarray(dfa.transitions[:, classes])
    return plain_byte_dfa(transitions, dfa.start, dfa.labels == _ACCEPT)


def _product(parts: Sequence[ByteDfa], accepts: Callable[[tuple[bool, ...]], bool], budget: Budget) -> ByteDfa:
    """The texts for which ``accepts`` holds of whether each part accepts them; of none, if no part does."""
    found = product([_as_text(part) for part in parts], lambda labels: int(accepts(tuple(map(bool, labels)))), budget)
    intervals = np.searchsorted(found.alphabet.starts, np.arange(256), "right") - 1
    return over_bytes(found.dfa, found.alphabet.classes[intervals].astype(np.int64))


def _as_text(part: ByteDfa) -> TextDfa:
    """``part`` with code points up to 255 in place of bytes."""
    (table,), classes = byte_classes([part.transitions])
    transitions = np.hstack([table, np.zeros((len(table), 1), np.int32)])
    width = table.shape[1]
    alphabet = Alphabet(np.arange(257, dtype=np.int32), np.append(classes, width).astype(np.int32), width + 1)
    return TextDfa(alphabet, Dfa(transitions, part.decided.astype(np.int32), part.start))


# --- what a text holds


def until_dfa(triggers: Sequence[bytes], budget: Budget) -> ByteDfa:
    """The texts that end with the first occurrence of one of ``triggers``: whichever ends first."""
    transitions, found = _search(triggers)
    transitions[found] = DEAD
    return intersection([any_text(), plain_byte_dfa(transitions, 1, found)], budget)


def ending_with(text: bytes) -> ByteDfa:
    """All that ends with ``text``, whatever bytes come before it."""
    transitions, found = _search([text])
    return plain_byte_dfa(transitions, 1, found)


def without_dfa(triggers: Sequence[bytes], budget: Budget) -> ByteDfa:
    """The texts in which none of ``triggers`` occurs."""
    transitions, found = _search(triggers)
    transitions[found[transitions]] = DEAD
    live = ~found
    live[DEAD] = False
    return intersection([any_text(), plain_byte_dfa(transitions, 1, live)], budget)


def _search(triggers: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The automaton that looks for ``triggers``, and the states where one has just ended; state 1 is the start.

    After Aho and Corasick, "Efficient string matching" (1975).
    """
    edges: list[dict[int, int]] = [{}, {}]
    found = [False, False]
    for trigger in triggers:
        state = 1
        for byte in trigger:
            state = edges[state].setdefault(byte, len(edges))
            if state == len(edges):
                edges.append({})
                found.append(False)
        found[state] = True
    transitions = np.zeros((len(edges), 256), np.int32)
    transitions[1] = 1
    pending = deque([(1, 1)])
    while pending:
        state, fallback = pending.popleft()
        found[state] |= found[fallback]
        if state != 1:
            transitions[state] = transitions[fallback]
        for byte, target in edges[state].items():
            pending.append((target, int(transitions[state, byte])))
            transitions[state, byte] = target
    return transitions, np.array(found)
