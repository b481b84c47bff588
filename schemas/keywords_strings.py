"""Keywords about strings. Lengths count code points."""

from __future__ import annotations

from ..grammar.regex_lengths import counted_characters
from .atoms import ConsistsOf, HasFormat, Kind, LengthAtLeast, Matches, StringIn
from .formats import FORMATS
from .keywords_common import KeywordFunction, Site
from .meant import perhaps

_FEW = 16
"""Up to this many code points, counting them is left to the automaton of a pattern."""


def min_length(site: Site, length: object) -> None:
    """Counts code points."""
    count = site.count(length)
    if count:
        site.demand_that(Kind.STRING, LengthAtLeast(count))


def max_length(site: Site, length: object) -> None:
    """Counts code points."""
    count = site.count(length)
    site.demand_that(Kind.STRING, LengthAtLeast(count + 1), False)


def pattern(site: Site, expression: object) -> None:
    """An ECMA-262 expression, found anywhere in the string, by an automaton; no back-references.

    One like ``^circle$`` says what ``enum`` does, and tells alternatives apart as well.
    """
    expression = site.text(expression)
    counted = counted_characters(expression)
    if counted is None or max(counted.low, counted.high or 0) <= _FEW:
        texts = site.expression(expression, site.pointer)
        site.demand_that(Kind.STRING, StringIn(texts) if texts else Matches(expression))
        return
    site.demand_that(Kind.STRING, ConsistsOf(counted.chars))
    min_length(site, counted.low)
    if counted.high is not None:
        max_length(site, counted.high)


def format_(site: Site, name: object) -> None:
    """By the automaton of the format; one that is not known is an annotation, as all are by option."""
    name = site.text(name)
    if site.options.formats == "annotate":
        return
    known = FORMATS.get(name)
    if known is None:
        remedy = perhaps(name, FORMATS, "say what it means by a pattern or bounds")
        site.note(f"the format {name!r} is not known and not enforced ({remedy})")
        return
    if known.note:
        site.note(f"the format {name!r} is enforced, but {known.note}")
    site.demand_that(Kind.STRING, HasFormat(name))
    if known.maximum is not None:
        site.demand_that(Kind.STRING, LengthAtLeast(known.maximum + 1), False)


COMMON: dict[str, KeywordFunction] = {
    "minLength": min_length,
    "maxLength": max_length,
    "pattern": pattern,
    "format": format_,
}
