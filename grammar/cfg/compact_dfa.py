"""Automata without conditions in few columns, as kernels make them of patterns; wide tables are made on demand."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .byte_dfa import ByteDfa, Ending

START = 1


class CompactDfa(ByteDfa):
    """An automaton without conditions, from state ``START`` unless another one is given.

    ``columns`` int32[states, columns]; ``class_of`` uint8[256]: the column of each byte; ``decided`` bool[states].
    """

    columns: NDArray[np.int32]
    class_of: NDArray[np.uint8]

    def __init__(
        self,
        columns: NDArray[np.int32],
        class_of: NDArray[np.uint8],
        decided: NDArray[np.bool_],
        start: int = START,
    ) -> None:
        self.__dict__.update(
            columns=columns, class_of=class_of, decided=decided, start=start, guard=None, decided_at_end=None
        )

    @cached_property
    def transitions(self) -> NDArray[np.int32]:
        return self.columns[:, self.class_of]

    @cached_property
    def endings(self) -> tuple[tuple[Ending, ...], ...]:
        return tuple((Ending(state),) if accepts else () for state, accepts in enumerate(self.decided.tolist()))
