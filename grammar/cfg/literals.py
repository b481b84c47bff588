"""Automata of given texts: one, or one of many.

The sorted texts are a matrix of bytes, from which the nodes of their trie come at once: a text has nodes of its own
behind what it shares with the one before it. Subtrees with equal hashes are merged, once it is certain that they are
equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..dfa_operations import states_exceeded
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa, plain_byte_dfa
from .python_sets import ignoring_case
from .sparse_dfa import START, SparseDfa

_ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93], np.uint64)
"""Odd numbers with bits all over, to hash with."""

_SHORT = 64
"""Literals up to this long are kept for other grammars."""


def literal_dfa(content: bytes) -> ByteDfa:
    """The one text ``content``."""
    if not content:
        return plain_byte_dfa(np.zeros((2, 256), np.int32), START, np.array([False, True]))
    return _literal(content) if len(content) <= _SHORT else _literal.__wrapped__(content)


@lru_cache(maxsize=1 << 12)
def _literal(content: bytes) -> ByteDfa:
    return SparseDfa(None, len(content) + 2, len(content) + 1, content)


def folded_literal_dfa(content: str) -> ByteDfa:
    """What ``re`` matches for the one text ``content``, which is not empty, when it ignores case."""
    return _folded_literal(content) if len(content) <= _SHORT else _folded_literal.__wrapped__(content)


@lru_cache(maxsize=1 << 12)
def _folded_literal(content: str) -> ByteDfa:
    found: list[tuple[int, int, int]] = []
    state, free = START, START + 1
    for edges, size in map(_spellings, content):
        for source, byte, target in edges:  # numbered from 0, where the character begins, to -1, where it ends
            found.append((state if source == 0 else free + source, byte, free if target < 0 else free + target))
        state, free = free, free + size
    return SparseDfa(np.array(found, np.int32), free, state)


@lru_cache(maxsize=1024)
def _spellings(character: str) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Edges of bytes for all that equals ``character`` but for case, and how many states they lead to."""
    code = ord(character)
    variants = [chr(other) for low, high in ignoring_case(((code, code),), False) for other in range(low, high + 1)]
    states: dict[bytes, int] = {b"": 0}
    edges: dict[tuple[int, int, int], None] = {}
    for spelled in (variant.encode() for variant in variants):
        for length in range(1, len(spelled)):
            states.setdefault(spelled[:length], len(states))
            edges[states[spelled[: length - 1]], spelled[length - 1], states[spelled[:length]]] = None
        edges[states[spelled[:-1]], spelled[-1], -1] = None
    return tuple(edges), len(states)


def literals_dfa(contents: Iterable[bytes], budget: Budget | None = None) -> ByteDfa:
    """The texts ``contents``; the minimal automaton. ``LimitExceeded`` over the limit of states or memory."""
    budget = budget or Budget()
    words = sorted(set(contents))
    if not words:
        return plain_byte_dfa(np.zeros((1, 256), np.int32), DEAD, np.zeros(1, np.bool_))
    depths, parents, bytes_, accepts = _trie(words, budget)
    classes = _classes(depths, parents, bytes_, accepts)
    _, members, numbers = np.unique(classes, return_index=True, return_inverse=True)
    if len(members) > budget.limits.states:
        raise states_exceeded(f"{len(words)} alternatives", budget)
    transitions = np.zeros((len(members) + 1, 256), np.int32)
    state_of = numbers.ravel().astype(np.int32) + 1
    transitions[state_of[parents[1:]], bytes_[1:]] = state_of[1:]
    return plain_byte_dfa(transitions, int(state_of[0]), np.append(False, accepts[members]))


_Edges = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]


def _trie(words: list[bytes], budget: Budget) -> _Edges:
    """For each node, the root first, its depth, parent and last byte, and whether a word ends there."""
    lengths = np.array([len(word) for word in words])
    longest = int(lengths.max())
    budget.check_memory(20 * len(words) * (longest + 1), f"a list of {len(words)} alternatives")
    matrix = np.frombuffer(b"".join(word.ljust(longest, b"\0") for word in words), np.uint8).reshape(len(words), -1)
    unlike = np.hstack([matrix[1:] != matrix[:-1], np.ones((len(words) - 1, 1), np.bool_)])
    shared = np.append(0, np.minimum(unlike.argmax(axis=1), lengths[:-1]))
    columns = np.arange(longest + 1)
    fresh = (columns > shared[:, None]) & (columns <= lengths[:, None])
    fresh[0, 0] = True
    numbers = np.where(fresh, np.cumsum(fresh).reshape(fresh.shape) - 1, 0)
    node_of = np.maximum.accumulate(numbers, axis=0)
    word_of, depths = np.nonzero(fresh)
    parents = node_of[word_of, np.maximum(depths - 1, 0)]
    bytes_ = matrix[word_of, depths - 1] if longest else np.zeros(1, np.uint8)
    accepts = np.zeros(len(depths), np.bool_)
    accepts[node_of[np.arange(len(words)), lengths]] = True
    return depths, parents, bytes_, accepts


def _classes(
    depths: NDArray[np.int64], parents: NDArray[np.int64], bytes_: NDArray[np.uint8], accepts: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """For each node a number that is that of the nodes with equal subtrees."""
    sums = accepts.astype(np.uint64) * _ODD[0]
    order = np.argsort(-depths, kind="stable")
    bounds = np.searchsorted(-depths[order], np.arange(-int(depths.max()), 1))
    with np.errstate(over="ignore"):
        for nodes in np.split(order, bounds[1:])[:-1]:
            hashes = (sums[nodes] ^ (sums[nodes] >> np.uint64(29))) * _ODD[1] + bytes_[nodes]
            hashes = (hashes ^ (hashes >> np.uint64(32))) * _ODD[2]
            np.add.at(sums, parents[nodes], hashes ^ (hashes >> np.uint64(31)))
    classes: NDArray[np.int64] = np.unique(sums, return_inverse=True)[1].ravel()
    return classes if _are_equal(classes, parents, bytes_, accepts) else np.arange(len(depths))


def _are_equal(
    classes: NDArray[np.int64], parents: NDArray[np.int64], bytes_: NDArray[np.uint8], accepts: NDArray[np.bool_]
) -> bool:
    """Whether nodes of one class all have the same edges, and words end at all of them or none."""
    count = int(classes.max()) + 1
    degrees = np.bincount(parents[1:], minlength=len(classes))
    edges = np.unique((classes[parents[1:]] * 256 + bytes_[1:]) * count + classes[1:])
    of_class = np.bincount(edges // (256 * count), minlength=count)
    accepting = np.bincount(classes, accepts, count)
    alike = (accepting == 0) | (accepting == np.bincount(classes))
    return bool((of_class[classes] == degrees).all() and alike.all())
