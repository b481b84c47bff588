"""Deterministic automata over bytes, with what a scanner has to know of a terminal that looks ahead.

By Python's rules the first of several alternatives counts, so where a terminal ends can depend on what follows: an
earlier alternative may still match, and a look-ahead may still fail. An *ending* says on what.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEAD = 0

PENDING, SATISFIED, VIOLATED = range(3)


@dataclass(frozen=True, eq=False)
class GuardDfa:
    """What a look-ahead at the end of a terminal asks of the bytes behind it.

    ``transitions`` int32[states, 256]; ``verdicts`` uint8[states]: ``PENDING``, ``SATISFIED`` or ``VIOLATED`` (states
    of the last two are left no more); ``at_end`` bool[states]: is it satisfied if the text ends here?
    """

    transitions: NDArray[np.int32]
    verdicts: NDArray[np.uint8]
    at_end: NDArray[np.bool_]


@dataclass(frozen=True)
class Ending:
    """A way to match up to here. It counts unless what comes before it in preference matches after all.

    ``preferred``: the state, at the same place, of what would be preferred; ``DEAD`` where nothing would be. If bytes
    (at least one) lead from there to a state that is ``decided``, or if the text ends, here or later, in a state that
    is ``decided_at_end``, this ending does not count. ``guard``: the state of the guard automaton before the next byte,
    ``-1`` for no condition.
    """

    preferred: int
    guard: int = -1


@dataclass(frozen=True, eq=False)
class ByteDfa:
    """A trimmed automaton over bytes; state ``DEAD`` is 0.

    ``transitions`` int32[states, 256]. ``decided`` bool[states]: a match ends here without conditions, or one that
    ended before has just met its condition; whatever is less preferred is out. ``endings``: for each state, the ways to
    match that end just here. For a terminal without look-ahead, ``decided`` are the accepting states, and each has the
    one ending ``Ending(preferred=state)``. ``guard``: the guard automaton, ``None`` where no ending has a condition.
    ``decided_at_end`` bool[states]: if the text ends here, a match with a condition, that ends here or ended before,
    has met it; ``None`` where no ending has a condition.
    """

    transitions: NDArray[np.int32]
    start: int
    decided: NDArray[np.bool_]
    endings: tuple[tuple[Ending, ...], ...]
    guard: GuardDfa | None = None
    decided_at_end: NDArray[np.bool_] | None = None


def plain_byte_dfa(transitions: NDArray[np.int32], start: int, accepting: NDArray[np.bool_]) -> ByteDfa:
    """An automaton without conditions: every ending counts unless a longer one comes about."""
    endings = tuple((Ending(state),) if accepts else () for state, accepts in enumerate(accepting.tolist()))
    return ByteDfa(transitions, start, accepting, endings)


def until_end(dfa: ByteDfa) -> ByteDfa:
    """The texts of ``dfa``, which has no conditions, of which no beginning is one."""
    accepting = np.array([bool(endings) for endings in dfa.endings])
    transitions = np.where(accepting[:, None], DEAD, dfa.transitions).astype(np.int32)
    return plain_byte_dfa(transitions, dfa.start, accepting)


def longest_match(dfa: ByteDfa, data: bytes) -> int | None:
    """Where the match at the start of ``data``, a whole text, ends; ``None`` if there is none.

    The obvious way to read endings, which others are held to.
    """
    state = dfa.start
    found = set()
    for place in range(len(data) + 1):
        found |= {place for ending in dfa.endings[state] if _counts(dfa, ending, data[place:])}
        if place < len(data):
            state = int(dfa.transitions[state, data[place]])
    if len(found) > 1:
        raise ValueError(f"the match of {data!r} ends at each of {sorted(found)}")
    return found.pop() if found else None


def matches_whole(dfa: ByteDfa, data: bytes) -> bool:
    """Whether the match at the start of ``data``, a whole text, ends where that does."""
    state = dfa.start
    for byte in data:
        state = int(dfa.transitions[state, byte])
        if state == DEAD:
            return False
    return any(_counts(dfa, ending, b"") for ending in dfa.endings[state])


def _counts(dfa: ByteDfa, ending: Ending, rest: bytes) -> bool:
    return _guard_holds(dfa.guard, ending.guard, rest) and not _comes_about(dfa, ending.preferred, rest)


def _guard_holds(guard: GuardDfa | None, state: int, rest: bytes) -> bool:
    if guard is None or state < 0:
        return True
    for byte in rest:
        if guard.verdicts[state] != PENDING:
            break
        state = int(guard.transitions[state, byte])
    verdict = guard.verdicts[state]
    return bool(verdict == SATISFIED or (verdict == PENDING and guard.at_end[state]))


def _comes_about(dfa: ByteDfa, state: int, rest: bytes) -> bool:
    for byte in rest:
        state = int(dfa.transitions[state, byte])
        if dfa.decided[state]:
            return True
    return dfa.decided_at_end is not None and bool(dfa.decided_at_end[state])
