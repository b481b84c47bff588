"""The tokens that may come next, sorted by where they lead."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels.outcomes import TOO_MANY, sort_by_outcome
from ..token_tables import TokenTables

if TYPE_CHECKING:
    from ..matcher import Matcher

_ROOMS = (1 << 12, 1 << 15)
"""For so many groups there is room at first, and at last: more are not told apart."""

_staying: weakref.WeakKeyDictionary[TokenTables, dict[int, Outcomes]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Outcomes:
    """``groups`` int32[V]: the group of each token, 0 for those that may not come; ``samples``: a token of each."""

    groups: NDArray[np.int32]
    samples: tuple[int, ...]


def outcomes_of(matcher: Matcher) -> Outcomes | None:
    """The groups of the tokens that ``matcher`` allows next; None if there are too many to tell apart.

    Of a free string or key, only the tokens that close it are walked: what the others lead to is the same in all of
    them.
    """
    if not (_is_in_free_string(matcher) or _is_in_free_key(matcher)):
        return _sorted(matcher, at.TRIE, None)
    constraint = matcher.constraint
    by_escapes = _staying.setdefault(constraint._tables, {})
    escapes = _escapes(matcher)
    if escapes not in by_escapes:
        found = _sorted(matcher, at.TRIE, None)
        if found is None:
            return None
        by_escapes[escapes] = _only_staying(matcher, found, escapes)
    return _sorted(matcher, at.CROSS, by_escapes[escapes])


def _is_in_free_string(matcher: Matcher) -> bool:
    slots = matcher._slots
    start = int(slots[at.LENGTH]) * at.CONFIGURATION
    mode, _, node, _, count, inside = matcher._history[start : start + at.S + 1].tolist()
    if mode != at.STRING or inside != at.INSIDE:
        return False
    record = matcher.constraint._automaton.nodes.array[node]
    unlimited = record[at.MAX_LENGTH] >= at.UNBOUNDED or record[at.MAX_LENGTH] - count >= slots[at.LONGEST]
    return bool(count >= record[at.MIN_LENGTH] and unlimited)


def _is_in_free_key(matcher: Matcher) -> bool:
    """Is it a key of which nothing is known, nor will be?"""
    slots = matcher._slots
    start = int(slots[at.LENGTH]) * at.CONFIGURATION
    mode, frame, named, _, _, inside = matcher._history[start : start + at.S + 1].tolist()
    if mode != at.OPEN_KEY or inside != at.INSIDE or named >= 0:
        return False
    node = matcher.constraint._automaton.nodes.array[matcher._arena[frame + at.NODE]]
    return bool(node[at.CLASSES] == 0 and matcher._arena[frame + at.OTHERS] == 0)


def _escapes(matcher: Matcher) -> int:
    """How the free string or key in hand is written."""
    start = int(matcher._slots[at.LENGTH]) * at.CONFIGURATION
    mode, frame, node = matcher._history[start : start + at.A + 1].tolist()
    automaton = matcher.constraint._automaton
    if mode == at.OPEN_KEY:
        node = int(matcher._arena[frame + at.NODE])
    return automaton.styles[int(automaton.nodes.array[node, at.NODE_STYLE])].escapes


def _only_staying(matcher: Matcher, found: Outcomes, escapes: int) -> Outcomes:
    tables = matcher.constraint._tables
    mask = tables.strings(escapes).stay_within[-1]
    stays = np.unpackbits(mask.view(np.uint8), bitorder="little")[: len(found.groups)]
    groups = found.groups * stays
    numbers, first = np.unique(groups, return_index=True)
    renamed = np.searchsorted(numbers, groups).astype(np.int32)
    if numbers[0]:  # every token stays
        return Outcomes(renamed + 1, tuple(first.tolist()))
    return Outcomes(renamed, tuple(first[1:].tolist()))


def _sorted(matcher: Matcher, trie: int, known: Outcomes | None) -> Outcomes | None:
    for room in _ROOMS:
        found = _sorted_within(matcher, trie, known, room)
        if found is not None:
            return found
    return None


def _sorted_within(matcher: Matcher, trie: int, known: Outcomes | None, room: int) -> Outcomes | None:
    size = matcher.constraint._tables.size
    while True:
        groups = np.zeros(size, np.int32) if known is None else known.groups.copy()
        samples = np.zeros(room, np.int32)
        if known is not None:
            samples[0] = len(known.samples)
            samples[1 : 1 + len(known.samples)] = known.samples
        keys, numbers = np.zeros(4 * room, np.int64), np.zeros(4 * room, np.int32)
        outcome = sort_by_outcome(matcher._slots, trie, groups, keys, numbers, samples)
        if outcome == TOO_MANY:
            return None
        if outcome >= 0 or -1 - outcome == at.REFUSED:
            return Outcomes(groups, tuple(samples[1 : 1 + int(samples[0])].tolist()))
        matcher._make_way(-1 - outcome)
