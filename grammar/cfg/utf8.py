"""Automata over code points as automata over the bytes of UTF-8.

States keep their numbers; those inside of characters come after them. Such a state is known by where the next byte
leads, so that equal ones are one, whatever characters they belong to, and a minimal automaton stays minimal.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..dfa import DEAD, REJECT, Alphabet, TextDfa
from ..dfa_operations import states_exceeded
from ..limits import Budget
from ..text_dfa import FIRST_SURROGATE, LAST_CODE_POINT, LAST_SURROGATE
from .byte_dfa import ByteDfa, plain_byte_dfa

_ROW = 64
"""The continuation bytes of a position, 0x80 to 0xBF."""

_LEAVES = (LAST_CODE_POINT + 1) // _ROW
_NO_GROUP = -1


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
    ascii_classes = alphabet.classes[np.searchsorted(alphabet.starts, np.arange(0x80), "right") - 1]
    result = np.zeros((len(transitions), 256), np.int32)
    result[:, :0x80] = transitions[:, ascii_classes]
    beyond = np.unique(alphabet.classes[np.append(alphabet.starts[1:] > 0x80, True)])
    rows, of_state = np.unique(transitions[:, beyond], axis=0, return_inverse=True)
    inside = _Inside(len(transitions), alphabet, beyond, budget, subject)
    leads = np.stack([inside.leads(row) for row in rows.tolist()])
    result[:, 0x80:] = leads[of_state.ravel()]
    return np.concatenate([result, inside.rows()])


class _Inside:
    """The states inside of characters, numbered from ``first`` on."""

    def __init__(self, first: int, alphabet: Alphabet, beyond: NDArray[np.int32], budget: Budget, subject: str) -> None:
        self._first = first
        self._alphabet = alphabet
        self._beyond = beyond
        self._budget = budget
        self._subject = subject
        self._numbers: dict[bytes, int] = {np.zeros(_ROW, np.int32).tobytes(): DEAD}
        self._trees: dict[tuple[int, ...], _Tree] = {}

    def leads(self, row: list[int]) -> NDArray[np.int32]:
        """Where the bytes 0x80 to 0xFF lead from a state whose ``row`` has a successor for each class in ``beyond``."""
        result = np.zeros(0x80, np.int32)
        if not any(row):
            return result
        groups: dict[int, int] = {}
        key = tuple([groups.setdefault(target, len(groups)) for target in row])
        tree = self._trees.get(key)
        if tree is None:
            tree = self._trees[key] = self._tree(key)
        targets = np.array([*groups, DEAD], np.int32)  # the last one for ``_NO_GROUP``
        second = self._states(targets[tree.leaves])
        third = self._states(second[tree.branches])
        fourth = self._states(third[tree.roots])
        result[0x42:0x60] = second[tree.two_bytes]
        result[0x60:0x70] = third[tree.three_bytes]
        result[0x70:0x75] = fourth
        return result

    def _tree(self, groups: tuple[int, ...]) -> _Tree:
        group_of = np.full(self._alphabet.size, _NO_GROUP, np.int64)
        group_of[self._beyond] = groups
        starts, values = _beyond_ascii(self._alphabet.starts.astype(np.int64), group_of[self._alphabet.classes])
        return _tree_of(starts.tobytes(), values.tobytes(), len(set(groups)))

    def _states(self, vectors: NDArray[np.int32]) -> NDArray[np.int32]:
        """The states from which the continuation bytes lead as ``vectors`` int32[vectors, 64] say."""
        numbers = self._numbers
        found = [numbers.setdefault(vector.tobytes(), self._first + len(numbers) - 1) for vector in vectors]
        self._budget.check()
        if len(numbers) + self._first > self._budget.limits.states:
            raise states_exceeded(self._subject, self._budget)
        return np.array(found, np.int32)

    def rows(self) -> NDArray[np.int32]:
        result = np.zeros((len(self._numbers) - 1, 256), np.int32)
        vectors = np.frombuffer(b"".join(self._numbers), np.int32).reshape(-1, _ROW)
        result[:, 0x80:0xC0] = vectors[1:]
        return result


class _Tree:
    """All characters beyond ASCII by their bytes, for intervals of code points that are put into ``kinds`` groups.

    ``leaves`` int64[leaves, 64]: groups by the last byte; ``branches`` int64[branches, 64]: leaves by the last byte but
    one; ``roots`` int64[5, 64]: branches by the second of four bytes. ``two_bytes``, ``three_bytes``: leaves and
    branches by first byte, from 0xC2 and 0xE0. Codes that are too long and surrogates are in ``_NO_GROUP``.
    """

    def __init__(self, starts: NDArray[np.int64], values: NDArray[np.int64], kinds: int) -> None:
        constant = values[np.searchsorted(starts, np.arange(_LEAVES) * _ROW, "right") - 1]
        mixed = np.unique(starts[starts % _ROW != 0] // _ROW)
        points = mixed[:, None] * _ROW + np.arange(_ROW)
        vectors, inverse = _distinct(values[np.searchsorted(starts, points, "right") - 1])
        uniform = np.repeat(np.append(np.arange(kinds), _NO_GROUP)[:, None], _ROW, axis=1)
        self.leaves = np.concatenate([uniform, vectors])
        leaf_of = np.where(constant == _NO_GROUP, kinds, constant)
        leaf_of[mixed] = kinds + 1 + inverse
        self.two_bytes = leaf_of[2:32].copy()
        leaf_of[:32] = kinds
        self.branches, branch_of = _distinct(leaf_of.reshape(-1, _ROW))
        self.three_bytes = branch_of[:16].copy()
        nothing = len(self.branches)
        self.branches = np.concatenate([self.branches, np.full((1, _ROW), kinds)])
        branch_of[:16] = nothing
        padding = np.full(5 * _ROW - len(branch_of), nothing)
        self.roots = np.concatenate([branch_of, padding]).reshape(5, _ROW)


@lru_cache(maxsize=64)
def _tree_of(starts: bytes, values: bytes, kinds: int) -> _Tree:
    """Many patterns part the characters beyond ASCII alike, or not at all."""
    return _Tree(np.frombuffer(starts, np.int64), np.frombuffer(values, np.int64), kinds)


def _beyond_ascii(starts: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intervals of equal values, ASCII and the surrogates in ``_NO_GROUP``."""
    last = int(np.searchsorted(starts, 0x80, "right")) - 1
    starts = np.concatenate([[0, 0x80], starts[last + 1 :]])
    values = np.concatenate([[_NO_GROUP], values[last:]])
    after = values[np.searchsorted(starts, LAST_SURROGATE + 1, "right") - 1]
    below, above = starts < FIRST_SURROGATE, starts > LAST_SURROGATE + 1
    starts = np.concatenate([starts[below], [FIRST_SURROGATE, LAST_SURROGATE + 1], starts[above]])
    values = np.concatenate([values[below], [_NO_GROUP, after], values[above]])
    first = np.append(True, values[1:] != values[:-1])
    return starts[first], values[first]


def _distinct(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct rows, and for each row its place among them."""
    numbers: dict[bytes, int] = {}
    places = [numbers.setdefault(row.tobytes(), len(numbers)) for row in rows]
    distinct = np.frombuffer(b"".join(numbers), np.int64).reshape(-1, rows.shape[1])
    return distinct, np.array(places, np.int64)
