"""A regular expression as a public value.

Its only use so far is the option ``whitespace``; it is not yet a specification of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InvalidPattern


@dataclass(frozen=True)
class Regex:
    """The texts that ``pattern`` (ECMA-262) matches as a whole."""

    pattern: str

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str):
            raise InvalidPattern(f"the pattern {self.pattern!r:.60} is no text", remedy="pass a string")
