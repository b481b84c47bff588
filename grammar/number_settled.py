"""After which beginnings the value of a number cannot change any more: ``0`` among integers, ``100`` up to 100."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .dfa import DEAD, Dfa
from .number_dfa import EXPONENT, MINUS_SIGN, PLUS_SIGN, POINT

_ZERO = 1
_ZEROS, _NO_POWER = [_ZERO], [_ZERO, PLUS_SIGN, MINUS_SIGN]


def settled_states(dfa: Dfa) -> NDArray[np.bool_]:
    """The states of a number automaton from which nothing but a point and zeros behind it leads on; bool[states].

    So do those behind an exponent that can only be zero. A minus sign counts where only zero may follow it. That zeros
    stay zero whatever their exponent is, is not seen: they share their states with other numbers.
    """
    live = dfa.transitions != DEAD
    ends = np.asarray(~live.any(axis=1), np.bool_)
    behind_point = _only(dfa, _ZEROS) & _reachable(dfa, np.unique(_to(dfa, POINT)), _ZEROS)
    only_point = np.asarray(~np.delete(live, POINT, axis=1).any(axis=1), np.bool_)
    settled: NDArray[np.bool_] = ends | behind_point | (only_point & (behind_point | ends)[_to(dfa, POINT)])
    settled |= _only(dfa, _NO_POWER) & _reachable(dfa, np.unique(_to(dfa, EXPONENT)), _NO_POWER)
    settled[DEAD] = False
    minus = int(dfa.transitions[dfa.start, MINUS_SIGN])
    settled[minus] |= _is_before_zero(dfa, minus, settled)
    return settled


def _is_before_zero(dfa: Dfa, minus: int, settled: NDArray[np.bool_]) -> bool:
    """Whether nothing but the minus sign leads to the state ``minus``, and from there only to a settled zero."""
    ways = int(np.count_nonzero(dfa.transitions == minus))
    after = dfa.transitions[minus]
    return minus != DEAD and ways == 1 and np.count_nonzero(after) == 1 and bool(settled[after[_ZERO]])


def _to(dfa: Dfa, symbol: int) -> NDArray[np.int32]:
    return dfa.transitions[:, symbol]


def _only(dfa: Dfa, symbols: list[int]) -> NDArray[np.bool_]:
    """The states from which only texts of ``symbols`` are accepted."""
    found = np.asarray(~np.delete(dfa.transitions != DEAD, symbols, axis=1).any(axis=1), np.bool_)
    following = dfa.transitions[:, symbols]
    while True:
        kept: NDArray[np.bool_] = found & (found[following] | (following == DEAD)).all(axis=1)
        if np.array_equal(kept, found):
            return found
        found = kept


def _reachable(dfa: Dfa, starts: NDArray[np.int32], symbols: list[int]) -> NDArray[np.bool_]:
    """The states that ``starts`` lead to by ``symbols``."""
    found = np.zeros(len(dfa.labels), np.bool_)
    while len(starts):
        found[starts] = True
        following = np.unique(dfa.transitions[starts][:, symbols])
        starts = following[~found[following]]
    return found
