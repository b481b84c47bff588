"""Where a text with limits of length can still be completed: a table by states and lengths, without its even middle.

Between the minimum and some symbols before the maximum, length forbids nothing, however far these are apart. So limits
of 100,000 cost no more than small ones: that part is left out, and so are the columns that would be told there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .dfa import REJECT, Dfa
from .dfa_operations import distances
from .errors import LimitExceeded
from .kernels import layout as at
from .limits import Budget
from .text_dfa import viability


@dataclass(frozen=True)
class LengthTable:
    """``content``: uint8[states, columns that are kept], for each state and number of code points read.

    ``columns``: how many there are with those left out, which are ``free_from`` up to ``free_to``; the last one stands
    for all greater numbers. ``free_to`` is ``UNBOUNDED`` where there is no maximum, and 0 where nothing is left out.
    """

    content: NDArray[np.uint8]
    columns: int
    free_from: int
    free_to: int


def length_table(dfa: Dfa, minimum: int, maximum: int | None, budget: Budget) -> LengthTable:
    """The table for texts of ``minimum`` to ``maximum`` code points. Raises ``LimitExceeded``."""
    states = len(dfa.labels)
    farthest = int(distances(dfa.transitions, (dfa.labels != REJECT)[None]).max())
    even = 0 if maximum is None else max(0, maximum - minimum - farthest)
    most = None if maximum is None else maximum - even
    columns = (minimum if most is None else most) + 1
    if states * columns > budget.limits.memory:
        raise LimitExceeded(
            f"a pattern with {states} states and lengths up to {columns - 1} needs more than limits.memory",
            None,
            "raise limits.memory, or give smaller lengths",
        )
    viable = viability(dfa, minimum, most, budget).view(np.uint8)
    budget.check()
    if maximum is not None:  # one more column: too many code points
        viable = np.concatenate([viable, np.zeros((states, 1), np.uint8)], axis=1)
        columns += 1
    first, behind = _free(np.logical_and.reduce(viable[1:], axis=0), minimum)
    if behind <= first:
        return LengthTable(viable, columns + even, columns + even, 0)
    kept = np.concatenate([viable[:, :first], viable[:, behind:]], axis=1)
    return LengthTable(kept, columns + even, first, at.UNBOUNDED if behind == columns else behind + even)


def _free(free: NDArray[np.bool_], minimum: int) -> tuple[int, int]:
    """From and up to where all columns are ``free``, around the ``minimum`` if that one is."""
    if not free.any():
        return 0, 0
    place = minimum if minimum < len(free) and free[minimum] else int(free.argmax())
    before, after = np.flatnonzero(~free[:place]), np.flatnonzero(~free[place:])
    return int(before[-1]) + 1 if len(before) else 0, place + int(after[0]) if len(after) else len(free)
