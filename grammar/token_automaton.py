"""A constraint as a finite automaton over tokens, in tables: for decoding loops that cannot call a matcher.

States are explored breadth first from the start, each once: two texts lead to the same state where the keys of their
configurations are equal. Tokens that lead from every state to the same state share a *class*, of which there are few,
so that the table of transitions has a column for a class and not for a token.

Not supported: what remembers texts in full (``successors``), and nesting or counting without an end, which has no
finite automaton. All of these end in ``LimitExceeded``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import LimitExceeded
from .limits import Budget
from .matcher import Constraint
from .successors import keys_after_tokens

FINISHED, REFUSED, START = range(3)
"""States that every automaton has: after an end-of-sequence token, after a forbidden one, and before the first."""


@dataclass(frozen=True, eq=False)
class TokenAutomaton:
    """``classes`` int32[V]: the class of each token; ``transitions`` int32[states, classes]: the state after it.

    ``masks`` int32[masks, ceil(V / 32)] are packed as everywhere, ``mask_of`` int32[states] says which is a state's. In
    ``FINISHED`` end-of-sequence tokens are allowed, and everything leads back to it; in ``REFUSED`` nothing is.
    """

    classes: NDArray[np.int32]
    transitions: NDArray[np.int32]
    masks: NDArray[np.int32]
    mask_of: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in (self.classes, self.transitions, self.masks, self.mask_of))


def explore(constraint: Constraint, limit_bytes: int, budget: Budget | None = None) -> TokenAutomaton:
    """The automaton of all states that tokens reach.

    Raises ``LimitExceeded`` if its tables would be larger than ``limit_bytes``, if exploring takes longer than the
    budget allows, or where a state remembers texts in full.
    """
    clock = budget or Budget()
    ends = list(constraint.vocabulary.eos_token_ids)
    size = constraint.vocabulary.size
    columns, masks = _Columns(size), _Masks(size)
    for state, allowed in ((FINISHED, np.isin(np.arange(size), ends)), (REFUSED, np.zeros(size, np.bool_))):
        columns.add(np.full(size, state, np.int32))
        masks.add(allowed)
    matcher = constraint.matcher()
    states: dict[bytes, int] = {}
    paths: list[tuple[int, ...]] = [()]
    for path in paths:  # grows while it is gone through
        clock.check()
        _check_size(START + len(states) + 1, columns, masks, limit_bytes)
        matcher.reset()
        matcher.accept_tokens(path)
        row = _following(keys_after_tokens(matcher), states, path, paths)
        if matcher.is_accepting():
            row[ends] = FINISHED
        columns.add(row)
        masks.add(row != REFUSED)
    return TokenAutomaton(columns.classes, columns.table(), np.stack(masks.rows), np.array(masks.of, np.int32))


def _following(
    keys: NDArray[np.int64], states: dict[bytes, int], path: tuple[int, ...], paths: list[tuple[int, ...]]
) -> NDArray[np.int32]:
    """The state after each token, int32[V]; states that are new are numbered, and how they are reached is noted."""
    tokens = np.flatnonzero(keys[:, 1])
    found, first, which = np.unique(_as_bytes(keys[tokens]), return_index=True, return_inverse=True)
    numbers = np.empty(len(found), np.int32)
    for place, key in enumerate(found.tolist()):
        if key not in states:
            states[key] = START + len(paths)
            paths.append((*path, int(tokens[first[place]])))
        numbers[place] = states[key]
    row = np.full(len(keys), REFUSED, np.int32)
    row[tokens] = numbers[which]
    return row


def _as_bytes(keys: NDArray[np.int64]) -> NDArray[np.void]:
    return np.ascontiguousarray(keys).view(np.dtype((np.void, 16))).ravel()


def _check_size(states: int, columns: _Columns, masks: _Masks, limit_bytes: int) -> None:
    entries = states * (columns.count + 1) + len(columns.classes) + sum(map(len, masks.rows))
    if 4 * entries > limit_bytes:
        raise LimitExceeded(
            f"the automaton over tokens has at least {states} states and {columns.count} classes of tokens, and is "
            f"larger than limit_bytes = {limit_bytes}",
            None,
            "raise limit_bytes, or decode with a matcher for each sequence",
        )


class _Columns:
    """Rows of transitions, and the coarsest partition of the tokens that all rows respect, refined row by row.

    A row is kept by the classes that there were when it came; ``_origins`` tells for each later class which of the
    classes before it was a part of.
    """

    def __init__(self, size: int) -> None:
        self.classes = np.zeros(size, np.int32)
        self.count = 1
        self._rows: list[NDArray[np.int32]] = []
        self._origins: list[NDArray[np.int64]] = []

    def add(self, row: NDArray[np.int32]) -> None:
        pairs = self.classes.astype(np.int64) << 32 | row
        found, classes = np.unique(pairs, return_inverse=True)
        self.classes, self.count = classes.astype(np.int32), len(found)
        self._origins.append(found >> 32)
        self._rows.append((found & 0xFFFFFFFF).astype(np.int32))

    def table(self) -> NDArray[np.int32]:
        table = np.empty((len(self._rows), self.count), np.int32)
        column = np.arange(self.count)
        for state in reversed(range(len(self._rows))):
            table[state] = self._rows[state][column]
            column = self._origins[state][column]
        return table


class _Masks:
    """Packed masks, each kept once."""

    def __init__(self, size: int) -> None:
        self.rows: list[NDArray[np.int32]] = []
        self.of: list[int] = []
        self._words = -(-size // 32)
        self._known: dict[bytes, int] = {}

    def add(self, allowed: NDArray[np.bool_]) -> None:
        packed = np.zeros(4 * self._words, np.uint8)
        bits = np.packbits(allowed, bitorder="little")
        packed[: len(bits)] = bits
        number = self._known.setdefault(packed.tobytes(), len(self.rows))
        if number == len(self.rows):
            self.rows.append(packed.view(np.int32))
        self.of.append(number)
