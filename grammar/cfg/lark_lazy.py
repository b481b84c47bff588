"""What a lazy rule of a Lark grammar matches: a row of patterns, up to the first place where it can end."""

from __future__ import annotations

from ..errors import InvalidGrammar
from ..limits import Budget
from .byte_dfa import ByteDfa, until_end
from .lark_attributes import Until
from .lark_patterns import literal
from .lark_reader import REGEXP, STRING, UnsureError
from .lark_sets import Whole
from .python_pattern import python_pattern_dfa

QUOTE = '"'


def lazy_dfa(until: Until, budget: Budget) -> ByteDfa:
    """The texts of the row of which no beginning is one.

    Raises ``InvalidGrammar`` for parts that are broken, beside what ``python_pattern_dfa`` raises.
    """
    found = python_pattern_dfa("".join(map(_pattern, until.parts)), frozenset(), budget)
    if found.guard is not None:
        raise InvalidGrammar(
            "what ends a lazy rule looks ahead of its end", remedy="let the rule end with a text that is part of it"
        )
    return until_end(found)


def _pattern(part: str | Whole) -> str:
    if isinstance(part, Whole):
        return f"(?:{part.pattern})"
    try:
        return f"(?:{literal(STRING if part[0] == QUOTE else REGEXP, part).to_regexp()})"
    except UnsureError:
        remedy = "leave out what is empty, and check the escapes"
        raise InvalidGrammar(f"{part:.60} of a lazy rule is no text or pattern", remedy=remedy) from None
