"""Bounds on the work and memory that one constraint may take."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .errors import LimitExceeded


@dataclass(frozen=True)
class Limits:
    """What compiling and running one constraint may cost; going over raises ``LimitExceeded``.

    ``states``: automaton states of any one pattern, number range or formula.
    ``memory``: bytes of all tables of the constraint.
    ``compile_seconds``: seconds spent in one uninterrupted stretch of compiling.
    """

    states: int = 50_000
    memory: int = 512 * 2**20
    compile_seconds: float = 20.0


class Stopwatch:
    """Watches over ``Limits.compile_seconds``."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.compile_seconds
        self.restart()

    def restart(self) -> None:
        """A new stretch of compiling begins."""
        self._end = time.monotonic() + self._seconds

    def check(self) -> None:
        """Raise ``LimitExceeded`` if the stretch takes too long."""
        if time.monotonic() > self._end:
            raise LimitExceeded(
                f"compiling takes longer than limits.compile_seconds = {self._seconds:g}",
                None,
                "raise limits.compile_seconds, or simplify the schema",
            )
