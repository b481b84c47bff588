"""What goes wrong outside the engines: wrong options, data that are not there, folders of another run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class BenchError(Exception):
    """``problem`` is one sentence, ``remedy`` what the caller can do."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem} ({self.remedy})"
