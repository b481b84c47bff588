"""The text of a grammar, places in it, and the errors that point at them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import InvalidGrammar

_SUFFIXES = (".lark", ".gbnf", ".ebnf")


def file_of(given: object) -> Path | None:
    """The file that ``given`` names: a path, or a string that names one, as for schemas. None for the text itself."""
    if isinstance(given, os.PathLike):
        return Path(given)
    if not isinstance(given, str) or "\n" in given:
        return None
    return Path(given) if os.path.isfile(given) else None


def text_of(given: object) -> str:
    """The text of a grammar, itself or by its file; raises ``InvalidGrammar`` for what cannot be read."""
    file = file_of(given)
    if file is None:
        if isinstance(given, str) and given.endswith(_SUFFIXES) and not any(map(str.isspace, given)):
            raise InvalidGrammar(f"there is no file {given!r:.200}", remedy="pass the path of a file, or a grammar")
        return in_grammar(given)
    try:
        return in_grammar(file.read_text("utf-8"))
    except OSError as error:
        raise InvalidGrammar(f"cannot read {file}: {error.strerror}", remedy="name a readable file") from None
    except UnicodeDecodeError as error:
        problem = f"{file} is not UTF-8: {error.reason} at byte {error.start}"
        raise InvalidGrammar(problem, remedy="grammars are written in UTF-8") from None


@contextmanager
def errors_of(given: object) -> Iterator[None]:
    """Errors about places in the grammar ``given`` say which file it is from."""
    try:
        yield
    except InvalidGrammar as error:
        file = file_of(given)
        if file is None or error.file or not error.line:
            raise
        raise replace(error, file=str(file)) from error


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
