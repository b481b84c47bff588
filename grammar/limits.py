"""Bounds on the work and memory that one constraint may take."""

from __future__ import annotations

from dataclasses import dataclass


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
