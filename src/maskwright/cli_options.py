"""Options and names of files, judged before anything is imported that takes long: wrong ones are refused at once."""

from __future__ import annotations

from .grammar.errors import MaskwrightError
from .schemas.choices import require

_KINDS = ("lark", "gbnf", "ebnf", "regex")
PATTERN = "regex:"
"""What goes before a pattern where a word could stand."""


def check_options(
    property_order: str | None, whitespace: str | None, formats: str, escapes: str, dialect: str | None
) -> None:
    """Raises ``MaskwrightError`` for a value that the option of a schema cannot have."""
    require("property_order", property_order)
    if whitespace is None or not whitespace.startswith(PATTERN):
        require("whitespace", whitespace)
    require("formats", formats)
    require("escapes", escapes)
    if dialect is not None and "://" not in dialect:
        require("dialect", dialect)


def check_files(kind: str | None, *paths: str | None) -> None:
    """Raises ``MaskwrightError`` for a kind of grammar that there is not, and for files that cannot be read."""
    if kind is not None and kind not in _KINDS:
        raise MaskwrightError(f"{kind!r} is no kind of grammar", remedy="write lark, gbnf, ebnf or regex")
    for path in paths:
        if path is not None and path != "-":
            try:
                open(path, "rb").close()
            except (OSError, ValueError) as error:
                raise unreadable(path, error) from error


def unreadable(path: str, error: OSError | ValueError) -> MaskwrightError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return MaskwrightError(f"cannot read {path}: {reason}", remedy="name a readable file, or - for stdin")
