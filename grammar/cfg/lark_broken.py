"""Patterns of a Lark grammar that are none, and where they stand.

Lark measures patterns by the package ``regex`` where it is installed, and lets its errors pass.
"""

from __future__ import annotations

import re

from lark import utils

from ..errors import InvalidGrammar
from .source import error_at

BROKEN: tuple[type[Exception], ...] = (re.error, OverflowError)
"""What Lark raises, or lets pass, for a broken pattern."""
if hasattr(utils, "regex"):
    BROKEN = (*BROKEN, utils.regex.error)

_PLACES = re.compile(
    r"""
      //[^\n]* | \#[^\n]* | %regex\s*/(?:\\.|[^/\\\n])*/
    | (?P<first> "(?:\\.|[^"\\\n])*" ) [ \t]* \.\. [ \t]* (?P<last> "(?:\\.|[^"\\\n])*" )
    | "(?:\\.|[^"\\\n])*"
    | /(?P<pattern>(?!/)(?:\\.|[^/\\])*)/(?P<flags>[a-z]*)
    """,
    re.VERBOSE | re.DOTALL,
)


def broken_pattern(text: str, error: Exception) -> InvalidGrammar:
    """``error``, which came up while ``text`` was read, at the pattern or range that is broken."""
    for place in _PLACES.finditer(text):
        if place["first"] and place["first"] > place["last"]:
            return error_at(text, place.start(), f"the range {place[0]} ends before it begins")
        if place["pattern"] is not None and (said := _broken(place["pattern"], place["flags"])):
            return error_at(text, place.start(), f"the pattern {place[0]:.60} is broken: {said}")
    return InvalidGrammar(f"a pattern is broken: {error}")


def _broken(pattern: str, flags: str) -> str:
    """What Python says against it; ``""`` if nothing."""
    unknown = set(flags) - set("imsxu")
    if unknown:
        return f"there is no flag {min(unknown)} of texts"
    try:
        re.compile(f"(?{flags}:{pattern})" if flags else pattern)
    except (re.error, OverflowError) as error:
        return str(error)
    return ""
