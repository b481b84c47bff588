"""Keywords about strings. Lengths count code points."""

from __future__ import annotations

from .atoms import Kind, LengthAtLeast, Matches
from .keywords_common import KeywordFunction, Site


def min_length(site: Site, length: object) -> None:
    count = site.count(length)
    if count:
        site.demand(Kind.STRING, site.atom(LengthAtLeast(count)))


def max_length(site: Site, length: object) -> None:
    count = site.count(length)
    site.demand(Kind.STRING, site.formulas.negation(site.atom(LengthAtLeast(count + 1))))


def pattern(site: Site, expression: object) -> None:
    site.demand(Kind.STRING, site.atom(Matches(site.text(expression))))


COMMON: dict[str, KeywordFunction] = {
    "minLength": min_length,
    "maxLength": max_length,
    "pattern": pattern,
}
