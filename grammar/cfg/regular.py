"""Operations on automata over bytes, of terminals without look-ahead; and texts described by what they hold.

Bytes that no operand tells apart are one symbol while states are explored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..dfa import Alphabet, Dfa, TextDfa
from ..dfa_operations import explore
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
    """The texts of all ``parts``."""
    return _product(parts, all, budget)


def union(parts: Sequence[ByteDfa], budget: Budget) -> ByteDfa:
    """The texts of at least one of ``parts``."""
    return _product(parts, any, budget)


def complement(part: ByteDfa, budget: Budget) -> ByteDfa:
    """The texts, in valid UTF-8, that are not of ``part``."""
    return _product([any_text(), part], lambda accepts: accepts == (True, False), budget)


def concatenation(parts: Sequence[ByteDfa], budget: Budget) -> ByteDfa:
    """A text of each of ``parts``, in this order."""
    links = {index: [index + 1] for index in range(len(parts) - 1)}
    return _linked(parts, links, accepting={len(parts) - 1}, empty=not parts, budget=budget, subject="a concatenation")


def repetition(part: ByteDfa, budget: Budget) -> ByteDfa:
    """Any number of texts of ``part``, none included."""
    return _linked([part], {0: [0]}, accepting={0}, empty=True, budget=budget, subject="a repetition")


# --- operations


def _classes(tables: Sequence[NDArray[np.int32]]) -> tuple[list[NDArray[np.int32]], NDArray[np.int64]]:
    """The ``tables`` int32[states, 256] with equal columns merged; and the class of each byte."""
    columns = np.ascontiguousarray(np.concatenate(tables).T) if tables else np.zeros((256, 0), np.int32)
    numbers: dict[bytes, int] = {}
    classes = np.array([numbers.setdefault(column.tobytes(), len(numbers)) for column in columns])
    first = np.unique(classes, return_index=True)[1]
    return [table[:, first] for table in tables], classes


def over_bytes(dfa: Dfa, classes: Sequence[int] | NDArray[np.int64]) -> ByteDfa:
    """The texts that ``dfa`` accepts with label 1; ``classes`` are the symbols of the bytes."""
    transitions = np.ascontiguousarray(dfa.transitions[:, classes])
    return plain_byte_dfa(transitions, dfa.start, dfa.labels == _ACCEPT)


def _grouped(targets: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], list[int]]:
    """For each target the symbols that lead there."""
    found: dict[tuple[int, ...], list[int]] = {}
    for symbol, target in enumerate(targets):
        found.setdefault(target, []).append(symbol)
    return found


def _product(parts: Sequence[ByteDfa], accepts: Callable[[tuple[bool, ...]], bool], budget: Budget) -> ByteDfa:
    """The texts for which ``accepts`` holds of whether each part accepts them; of none, if no part does."""
    found = product([_as_text(part) for part in parts], lambda labels: int(accepts(tuple(map(bool, labels)))), budget)
    classes = found.alphabet.classes[np.searchsorted(found.alphabet.starts, np.arange(256), "right") - 1].astype(
        np.int64
    )
    return over_bytes(found.dfa, classes)


def _as_text(part: ByteDfa) -> TextDfa:
    """``part`` with code points up to 255 in place of bytes."""
    (table,), classes = _classes([part.transitions])
    transitions = np.hstack([table, np.zeros((len(table), 1), np.int32)])
    width = table.shape[1]
    alphabet = Alphabet(np.arange(257, dtype=np.int32), np.append(classes, width).astype(np.int32), width + 1)
    return TextDfa(alphabet, Dfa(transitions, part.decided.astype(np.int32), part.start))


def _linked(
    parts: Sequence[ByteDfa],
    links: dict[int, list[int]],
    *,
    accepting: set[int],
    empty: bool,
    budget: Budget,
    subject: str,
) -> ByteDfa:
    """The automaton of ``parts`` of which the first begins and those in ``accepting`` end a text.

    Where a part accepts, those that ``links`` name may begin. ``empty``: the empty text is accepted in any case.
    """
    tables, classes = _classes([part.transitions for part in parts])
    width = int(classes.max()) + 1
    offsets = np.cumsum([0, *(len(table) for table in tables)]).tolist()
    rows = [row for offset, table in zip(offsets, tables, strict=False) for row in _shifted(table, offset)]
    begun = _begun(parts, links, offsets)
    ends = {
        offset + state
        for index, (part, offset) in enumerate(zip(parts, offsets, strict=False))
        if index in accepting
        for state in np.flatnonzero(part.decided).tolist()
    }

    def closed(states: Iterable[int]) -> frozenset[int]:
        found = set(states)
        pending = list(found)
        for state in pending:
            fresh = begun.get(state, set()) - found
            found |= fresh
            pending.extend(fresh)
        return frozenset(found)

    def successors(
        state: tuple[bool, frozenset[int]],
    ) -> Iterator[tuple[list[int], tuple[bool, frozenset[int]] | None]]:
        targets = zip(*(rows[number] for number in sorted(state[1])), strict=True)
        for target, symbols in _grouped(targets).items():
            moved = closed(number for number in target if number >= 0)
            yield symbols, (False, moved) if moved else None

    def label(state: tuple[bool, frozenset[int]]) -> int:
        return int(state[0] or not ends.isdisjoint(state[1]))

    start = closed([parts[0].start] if parts and parts[0].start != DEAD else [])
    return over_bytes(explore((empty, start), successors, label, width, budget, subject), classes)


def _shifted(table: NDArray[np.int32], offset: int) -> list[list[int]]:
    """The rows of ``table`` with states moved by ``offset``, and -1 for the dead one."""
    shifted: list[list[int]] = np.where(table == DEAD, -1, table + offset).tolist()
    return shifted


def _begun(parts: Sequence[ByteDfa], links: dict[int, list[int]], offsets: Sequence[int]) -> dict[int, set[int]]:
    """For each state that accepts, the starts of the parts that may begin there."""
    begun: dict[int, set[int]] = {}
    for index, following in links.items():
        starts = {offsets[other] + parts[other].start for other in following if parts[other].start != DEAD}
        for state in np.flatnonzero(parts[index].decided).tolist():
            begun[offsets[index] + state] = starts
    return begun


# --- what a text holds


def until_dfa(triggers: Sequence[bytes], budget: Budget) -> ByteDfa:
    """The texts that end with the first occurrence of one of ``triggers``: whichever ends first."""
    transitions, found = _search(triggers)
    transitions[found] = DEAD
    return intersection([any_text(), plain_byte_dfa(transitions, 1, found)], budget)


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
