"""What the subcommands are given: schemas and documents, with errors that name the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .cli_options import PATTERN, unreadable
from .grammar.cfg.ebnf import Ebnf
from .grammar.cfg.gbnf import Gbnf
from .grammar.cfg.lark_form import Lark
from .grammar.cfg.source import text_of
from .grammar.errors import InvalidGrammar, MaskwrightError, UnsatisfiableGrammar
from .grammar.regex_form import Choice, Regex
from .schemas.specification import GrammarSpecification, JsonSchema

_FORMS = {"lark": Lark, "gbnf": Gbnf, "ebnf": Ebnf}
_SUFFIXES = {f".{kind}": kind for kind in _FORMS}


def read_schema(
    path: str, property_order: Any, whitespace: Any, formats: Any, escapes: Any, dialect: str | None
) -> JsonSchema:
    """The schema in a file, with options as they were typed; raises ``MaskwrightError``."""
    if isinstance(whitespace, str) and whitespace.startswith(PATTERN):
        whitespace = Regex(whitespace.removeprefix(PATTERN))
    with errors_naming(path):
        return JsonSchema(
            Path(path),
            property_order=property_order,
            whitespace=whitespace,
            formats=formats,
            escapes=escapes,
            dialect=dialect,
        )


def read_grammar(path: str, kind: str | None) -> GrammarSpecification | None:
    """The grammar in a file, of the ``kind`` that is named or that its suffix tells; ``None`` if it tells of none."""
    kind = kind or _SUFFIXES.get(Path(path).suffix)
    if kind is None:
        return None
    if kind == "regex":
        return GrammarSpecification(Regex(text_of(Path(path)).removesuffix("\n")))
    return GrammarSpecification(_FORMS[kind](Path(path)))


def given_text(regex: str | None, choices: list[str]) -> GrammarSpecification | None:
    """The language that is given on the command line itself."""
    if regex is not None and choices:
        raise MaskwrightError("both --regex and --choice are given", remedy="leave one out")
    if regex is not None:
        return GrammarSpecification(Regex(regex))
    return GrammarSpecification(Choice(choices)) if choices else None


def read_bytes(path: str) -> bytes:
    """What a file holds, or stdin for ``-``."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


@contextmanager
def errors_naming(path: str) -> Iterator[None]:
    """Errors about a place in the schema say which file it is in."""
    try:
        yield
    except MaskwrightError as error:
        is_about_it = error.pointer is not None or isinstance(error, InvalidGrammar | UnsatisfiableGrammar)
        if not is_about_it or path in str(error):
            raise
        raise replace(error, problem=f"{path}: {error.problem}") from error


def quieten_transformers() -> None:
    """No warnings and no progress bars for loading a model; for a process of its own only."""
    from transformers.utils import logging

    logger: Any = logging
    logger.set_verbosity_error()
    logger.disable_progress_bar()
