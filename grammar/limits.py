"""Bounds on the work and memory that one constraint may take."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InvalidArgument, LimitExceeded
from .kernels.stopwatch import running_time


@dataclass(frozen=True)
class Limits:
    """What compiling and running one constraint may cost; going over the first three raises ``LimitExceeded``.

    ``states``: automaton states of any one pattern, number range or formula; values of the parameters of a grammar's
    rules; a fourth of the states of a grammar's parser.
    ``memory``: bytes of all tables of the constraint.
    ``compile_seconds``: seconds spent in one uninterrupted stretch of compiling, without the kernels' own compilation.
    ``mask_cache``: bytes of masks kept for use again; those used longest ago make way.
    """

    states: int = 50_000
    memory: int = 512 * 2**20
    compile_seconds: float = 20.0
    mask_cache: int = 64 * 2**20

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise InvalidArgument(f"limits.{name} is {value!r:.60}", remedy="pass a number, 0 or more")


class Budget:
    """``limits``, and the clock of the stretch of compiling that they apply to.

    Whatever may take long is given one and asks ``check`` about every millisecond. Budgets with equal limits are equal,
    so that a result found within one can be kept for the others.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.restart()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Budget) and self.limits == other.limits

    def __hash__(self) -> int:
        return hash(self.limits)

    def restart(self) -> None:
        """A new stretch of compiling begins."""
        self._end = running_time() + self.limits.compile_seconds

    def check(self) -> None:
        """Raise ``LimitExceeded`` if the stretch takes too long."""
        if running_time() > self._end:
            raise LimitExceeded(
                f"compiling takes longer than limits.compile_seconds = {self.limits.compile_seconds:g}",
                None,
                "raise limits.compile_seconds, or simplify the schema",
            )

    def check_memory(self, nbytes: int, subject: str) -> None:
        """Raise ``LimitExceeded`` if ``subject`` needs more bytes, be it for a moment only, than the limit."""
        if nbytes > self.limits.memory:
            raise LimitExceeded(
                f"{subject} needs more than limits.memory = {self.limits.memory} bytes",
                None,
                "raise limits.memory, or ask for something simpler",
            )
