"""Regular languages as public values: patterns, choices, substrings, and what ``&``, ``|`` and ``~`` make of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .errors import InvalidGrammar, InvalidPattern

Unit = Literal["character", "word", "line"]


@dataclass(frozen=True)
class Regular:
    """A regular language: ``a & b`` are the texts of both, ``a | b`` of either, ``~a`` all other texts."""

    def __and__(self, other: Regular) -> Regular:
        return Intersection((*_parts(self, Intersection), *_parts(other, Intersection)))

    def __or__(self, other: Regular) -> Regular:
        return Union((*_parts(self, Union), *_parts(other, Union)))

    def __invert__(self) -> Regular:
        return self.part if isinstance(self, Complement) else Complement(self)


@dataclass(frozen=True)
class Regex(Regular):
    """The texts that ``pattern`` (ECMA-262) matches as a whole."""

    pattern: str

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str):
            raise InvalidPattern(f"the pattern {self.pattern!r:.60} is no text", remedy="pass a string")


@dataclass(frozen=True, init=False)
class Choice(Regular):
    """One of ``options``."""

    options: tuple[str, ...]

    def __init__(self, options: Iterable[str]) -> None:
        found = tuple(options) if isinstance(options, Iterable) and not isinstance(options, str) else options
        if not isinstance(found, tuple) or not all(isinstance(option, str) for option in found):
            raise InvalidGrammar(f"the options {found!r:.60} are not texts", remedy="pass a list of strings")
        object.__setattr__(self, "options", found)


@dataclass(frozen=True)
class Substring(Regular):
    """Any part of ``text`` without a gap, cut between characters, words or lines; also none of it if ``empty``.

    Words are runs of letters, digits and ``_``, runs of white space, and runs of anything else. A line ends with its
    line feed.
    """

    text: str
    unit: Unit = "character"
    empty: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidGrammar(f"the passage {self.text!r:.60} is no text", remedy="pass a string")
        if self.unit not in ("character", "word", "line"):
            problem = f"the unit {self.unit!r:.60} is none"
            raise InvalidGrammar(problem, remedy='pass "character", "word" or "line"')


@dataclass(frozen=True)
class Intersection(Regular):
    """The texts of all ``parts``; made by ``&``."""

    parts: tuple[Regular, ...]


@dataclass(frozen=True)
class Union(Regular):
    """The texts of at least one of ``parts``; made by ``|``."""

    parts: tuple[Regular, ...]


@dataclass(frozen=True)
class Complement(Regular):
    """The texts that are not of ``part``; made by ``~``."""

    part: Regular


def _parts(form: object, kind: type[Intersection] | type[Union]) -> tuple[Regular, ...]:
    if not isinstance(form, Regular):
        raise InvalidGrammar(
            f"{form!r:.60} is no regular language", remedy="write Regex(...), Choice(...) or Substring(...)"
        )
    return form.parts if isinstance(form, kind) else (form,)
