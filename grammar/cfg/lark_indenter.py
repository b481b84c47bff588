"""What Lark's ``Indenter`` says of indentation, by the names of terminals."""

from __future__ import annotations

from dataclasses import dataclass

from lark.indenter import Indenter

from ..errors import InvalidGrammar

_OWN = ("handle_NL", "_process", "process", "always_accept")
"""What a subclass must leave as it is, because it cannot be seen from the names."""


@dataclass(frozen=True)
class Blocks:
    """The names behind an ``Indentation``."""

    newline: str
    indent: str
    dedent: str
    openers: frozenset[str]
    closers: frozenset[str]
    tab_columns: int


def blocks_of(indenter: object) -> Blocks | None:
    """``indenter``: an instance of ``lark.indenter.Indenter`` or a subclass of it, or ``None``."""
    if indenter is None:
        return None
    kind = indenter if isinstance(indenter, type) else type(indenter)
    if not issubclass(kind, Indenter):
        remedy = "pass a lark.indenter.Indenter, such as PythonIndenter()"
        raise InvalidGrammar(f"the indenter {indenter!r:.60} is none of Lark's", remedy=remedy)
    for name in _OWN:
        if getattr(kind, name) is not getattr(Indenter, name):
            remedy = "derive it from lark.indenter.Indenter with nothing but the names of terminals and tab_len"
            raise InvalidGrammar(f"the indenter {kind.__name__} has a {name} of its own", remedy=remedy)
    made = indenter if isinstance(indenter, Indenter) else _made(kind)
    openers, closers = frozenset(made.OPEN_PAREN_types), frozenset(made.CLOSE_PAREN_types)
    return Blocks(made.NL_type, made.INDENT_type, made.DEDENT_type, openers, closers, made.tab_len)


def _made(kind: type[Indenter]) -> Indenter:
    missing = sorted(getattr(kind, "__abstractmethods__", ()))
    if missing:
        raise InvalidGrammar(f"the indenter {kind.__name__} has no {', '.join(missing)}")
    return kind()
