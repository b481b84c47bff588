"""Regular languages, however they are written, as automata and as grammars of one terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ..errors import InvalidGrammar, UnsatisfiableGrammar
from ..limits import Budget
from ..regex import compile_pattern
from ..regex_form import Choice, Complement, Intersection, Regex, Regular, Substring, Union
from .byte_dfa import DEAD, ByteDfa
from .literals import literals_dfa
from .model import Grammar, Lexing, Rule, Terminal
from .regular import complement, intersection, union
from .substring import substring_dfa
from .utf8 import byte_dfa_of

_CUTS = {"character": r".", "word": r"\w+|\s+|[^\w\s]+", "line": r"[^\n]*\n|[^\n]+"}
"""The pieces of a text that stay whole."""


def read_regular(form: Regular, budget: Budget) -> Grammar:
    """The grammar of one terminal. Raises ``UnsatisfiableGrammar``, or what a pattern raises."""
    automaton = automaton_of(form, budget)
    if automaton.start == DEAD:
        raise UnsatisfiableGrammar(f"no text is in the language {form!r:.200}", None, "allow one text at least")
    terminal = Terminal(f"{form!r:.60}", automaton)
    return Grammar((terminal,), ("text",), (Rule(0, (0,)),), 0, lexing=Lexing.EVERY)


def automaton_of(form: Regular, budget: Budget) -> ByteDfa:
    """The texts of ``form`` as bytes."""
    match form:
        case Regex(pattern):
            return byte_dfa_of(compile_pattern(pattern, budget, anchored=True), budget)
        case Choice(options):
            return literals_dfa((option.encode() for option in options if _is_text(option)), budget)
        case Substring(text, unit, empty):
            return substring_dfa(_pieces(text, unit), budget, empty=empty)
        case Intersection(parts):
            return intersection([automaton_of(part, budget) for part in parts], budget)
        case Union(parts):
            return union([automaton_of(part, budget) for part in parts], budget)
        case Complement(part):
            return complement(automaton_of(part, budget), budget)
    raise InvalidGrammar(
        f"{form!r:.60} is no regular language", remedy="write Regex(...), Choice(...) or Substring(...)"
    )


def _is_text(text: str) -> bool:
    """Whether ``text`` can be written at all: no text holds a surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _pieces(text: str, unit: str) -> list[str]:
    if not _is_text(text):
        raise InvalidGrammar("the passage holds a surrogate, which no text does", remedy="leave it out")
    return re.findall(_CUTS[unit], text, re.DOTALL)


def inserted_automaton(value: object, budget: Budget) -> ByteDfa:
    """What ``%regex`` stands for: a pattern, or an object such as ``{"substring_words": text}``."""
    if isinstance(value, str):
        return automaton_of(Regex(value), budget)
    given = {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else {}
    if len(given) == 1:
        key, item = given.popitem()
        if key == "substring_chunks" and isinstance(item, Sequence) and all(isinstance(chunk, str) for chunk in item):
            return substring_dfa(list(item), budget)
        if key in _UNITS and isinstance(item, str):
            return automaton_of(_UNITS[key](item), budget)
    remedy = "write one of substring_words, substring_chars (a text) or substring_chunks (a list of texts)"
    raise InvalidGrammar("%regex takes no such object", remedy=remedy)


_UNITS: dict[str, Callable[[str], Substring]] = {
    "substring_words": lambda text: Substring(text, "word"),
    "substring_chars": lambda text: Substring(text, "character"),
}
