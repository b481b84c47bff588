"""Places in the text of a grammar, and the errors that point at them."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import InvalidGrammar


def place_of(text: str, offset: int) -> tuple[int, int]:
    """The line and column, from 1, of ``text[offset]``."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def line_of(text: str, number: int) -> str:
    """The line of that number, from 1; ``""`` behind the last."""
    lines = text.split("\n")
    return lines[number - 1].rstrip("\r") if number <= len(lines) else ""


def error_at(text: str, offset: int, problem: str, *, remedy: str = "", expected: Iterable[str] = ()) -> InvalidGrammar:
    """The error for what stands at ``text[offset]``, or is missing there."""
    line, column = place_of(text, offset)
    return InvalidGrammar(problem, None, remedy, line, column, line_of(text, line), tuple(expected))


def in_grammar(text: object) -> str:
    """``text``, which has to be a string, without a byte order mark and with line feeds for line ends."""
    if not isinstance(text, str):
        raise InvalidGrammar(f"the grammar {text!r:.60} is no text", remedy="pass the text of the grammar")
    return text.removeprefix("\ufeff").replace("\r\n", "\n")
