"""Which digits may follow the states of a number automaton, where a residue beside the states decides too.

A state is *free* if enough digits may follow to reach any residue before it accepts. That is so where all ten digits
may follow for ever, while zeros lead all of these states to one (they forget what was read before): the digits in front
of some zeros are then any at all. Whatever leads to a free state is free. From the other states only few digits may
follow, but for zeros at the end of a fraction, which change nothing; these strings are gathered from the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .dfa import DEAD, Dfa
from .errors import LimitExceeded
from .limits import Budget
from .number_dfa import MINUS_SIGN, POINT
from .progressions import Choices, Progression, Ways, are_zeros, joined, prefixed, union

MOST_PROGRESSIONS = 1_000
"""Of one state; more are needed where numbers within bounds must not be multiples of 100, say."""

_ZERO, _DIGITS = 1, range(1, 11)


class DigitsAhead:
    """What may follow each state of ``dfa``.

    ``choices``: those with an outcome, for each label. ``everything``: all choices there are. ``period``: the step of
    the progressions (``progressions.Ways``). ``is_enough``: whether the members of a progression are so many that one
    of them is accepted whatever the residue before it. ``ways``: for each state, the digits that may follow, ``None``
    if it is free.
    """

    def __init__(
        self,
        dfa: Dfa,
        choices: Sequence[Choices],
        everything: Choices,
        period: int,
        is_enough: Callable[[Progression], bool],
        budget: Budget,
    ) -> None:
        self._transitions = dfa.transitions
        self._rows: list[list[int]] = dfa.transitions.tolist()
        self._period = period
        self._is_enough = is_enough
        self._ends = [choices[label] for label in dfa.labels.tolist()]
        always = np.array([ends == everything for ends in self._ends])
        self._in_fraction = _behind_point(dfa.transitions)
        free = self._leading_to(always | self._forgetful())
        free[DEAD] = False
        self.ways: list[Ways | None] = [None if is_free else {} for is_free in free.tolist()]
        for state in self._from_the_end():
            budget.check()
            self.ways[state] = self._ways(state)

    def _forgetful(self) -> NDArray[np.bool_]:
        """The states after which all digits may follow for ever, and enough zeros always lead to the same state."""
        digits = self._transitions[:, _DIGITS]
        after_zeros = self._transitions[:, _ZERO]
        for _ in range(len(after_zeros).bit_length()):
            after_zeros = after_zeros[after_zeros]
        found: NDArray[np.bool_] = self._transitions[after_zeros, _ZERO] == after_zeros
        found[DEAD] = False
        found &= (after_zeros[digits] == after_zeros[:, None]).all(axis=1)
        while True:
            closed = found & found[digits].all(axis=1)
            if (found == closed).all():
                return found
            found = closed

    def _leading_to(self, targets: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The states from which one of ``targets`` can be reached."""
        while True:
            wider = targets | targets[self._transitions].any(axis=1)
            if (targets == wider).all():
                return targets
            targets = wider

    # --- the other states

    def _from_the_end(self) -> Iterator[int]:
        """The states that are not free, each after those that its digits, sign and point lead to."""
        left = [state for state, ways in enumerate(self.ways) if ways is not None and state != DEAD]
        begun: set[int] = set()
        done: set[int] = set()
        while left:
            state = left[-1]
            if state in done:
                left.pop()
                continue
            begun.add(state)
            missing = [s for s in self._successors(state) if self.ways[s] is not None and s not in done]
            if not begun.isdisjoint(missing):
                raise LimitExceeded("numbers whose digits may go on in circles", remedy="give wider bounds")
            if missing:
                left += missing
                continue
            done.add(state)
            begun.discard(state)
            yield state

    def _successors(self, state: int) -> list[int]:
        row = self._rows[state]
        found = [row[symbol] for symbol in (*_DIGITS, POINT, MINUS_SIGN) if row[symbol] != DEAD]
        return [] if found == [state] and row[_ZERO] == state else found

    def _ways(self, state: int) -> Ways | None:
        """``None`` where many digits may follow, though not for ever: enough for all residues."""
        successors = self._successors(state)
        if any(self.ways[successor] is None for successor in successors):
            return None
        parts: list[Ways] = []
        if self._ends[state]:
            parts.append({0: [Progression(0, self._period, 1, self._ends[state])]})
        if successors:
            row = self._rows[state]
            after = {symbol: self.ways[row[symbol]] or {} for symbol in (POINT, MINUS_SIGN, *_DIGITS)}
            parts += [
                after[POINT],
                after[MINUS_SIGN],
                prefixed({symbol - 1: after[symbol] for symbol in _DIGITS}, self._period),
            ]
        ways = union(parts, self._period)
        if self._in_fraction[state] and are_zeros(ways):
            ways = union([{0: progressions} for progressions in ways.values()], self._period)
        if sum(map(len, ways.values())) > MOST_PROGRESSIONS:
            raise LimitExceeded(
                f"the digits that may end a number are more than {MOST_PROGRESSIONS} arithmetic progressions",
                remedy="give wider bounds or fewer divisors",
            )
        return None if any(self._is_enough(p) for found in ways.values() for p in joined(found, self._period)) else ways


def _behind_point(transitions: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The states of fraction digits."""
    found = np.zeros(len(transitions), np.bool_)
    found[transitions[:, POINT]] = True
    while True:
        wider = found.copy()
        wider[transitions[found]] = True
        if (wider == found).all():
            return found
        found = wider
