"""The macros of XGrammar's EBNF that are regular: ``Regex("[0-9]+")``, ``Substring("a ", "b ")``, ``Token(7)``.

In ``Regex`` without flags ``.`` is any character, as in XGrammar. The others, which switch between free text and rules,
are refused: that is what ``Tags`` is for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import InvalidGrammar
from ..limits import Budget
from ..regex_form import Regex
from .byte_dfa import ByteDfa
from .notation import Apart, Expression, Token
from .regular import intersection
from .regular_grammar import automaton_of
from .substring import substring_dfa

MACRO = re.compile(r"(?P<name>Regex|Substring|Token)[ \t]*\(")

Value = str | int | bool

_INLINE = re.compile(r"\(\?([a-z]+)\)")
_IN_JSON = Regex('[^\\u0000-\\u001f"\\\\]*')
"""What stands for itself in a JSON string."""


@dataclass(frozen=True)
class Pattern(Apart):
    """What ``pattern`` (ECMA-262) matches as a whole; ``in_json``: without what JSON strings have to escape."""

    pattern: str
    in_json: bool

    def automaton(self, budget: Budget) -> ByteDfa:
        """Over bytes."""
        found = automaton_of(Regex(self.pattern), budget)
        return intersection([found, automaton_of(_IN_JSON, budget)], budget) if self.in_json else found


@dataclass(frozen=True)
class Chunks(Apart):
    """Any of ``chunks`` that follow each other, or nothing."""

    chunks: tuple[str, ...]

    def automaton(self, budget: Budget) -> ByteDfa:
        """Over bytes."""
        return substring_dfa([chunk for chunk in self.chunks if chunk], budget, empty=True)


def macro(name: str, given: list[Value], named: Mapping[str, Value]) -> Expression:
    """What ``name(*given, **named)`` stands for. Raises ``InvalidGrammar`` for other arguments than it takes."""
    return _MACROS[name](given, named)


def _regex(given: list[Value], named: Mapping[str, Value]) -> Expression:
    flags, in_json = named.get("flags"), named.get("json_string", False)
    well = len(given) == 1 and isinstance(given[0], str) and isinstance(in_json, bool)
    if (
        not well
        or set(named) - {"flags", "json_string"}
        or not isinstance(flags, str | None)
        or set(flags or "") - set("isu")
    ):
        raise InvalidGrammar(
            "Regex takes other arguments", remedy='write Regex("pattern"), Regex("pattern", flags="is")'
        )
    inline = _INLINE.match(str(given[0]))
    letters = "".join(sorted({*("s" if flags is None else flags), *(inline[1] if inline else "")} - {"u"}))
    pattern = str(given[0])[inline.end() if inline else 0 :]
    return Pattern(f"(?{letters}:{pattern})" if letters else pattern, in_json is True)


def _substring(given: list[Value], named: Mapping[str, Value]) -> Expression:
    if named or not all(isinstance(chunk, str) for chunk in given):
        raise InvalidGrammar("Substring takes other arguments", remedy='write Substring("one ", "two ")')
    return Chunks(tuple(map(str, given)))


def _token(given: list[Value], named: Mapping[str, Value]) -> Expression:
    if named or not given or not all(type(number) is int for number in given):
        raise InvalidGrammar("Token takes other arguments", remedy="write Token(7), the number of a special token")
    return Token(f"<[{','.join(map(str, given))}]>")


_MACROS: dict[str, Callable[[list[Value], Mapping[str, Value]], Expression]] = {
    "Regex": _regex,
    "Substring": _substring,
    "Token": _token,
}
