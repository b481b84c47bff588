"""Keywords about strings. Lengths count code points."""

from __future__ import annotations

from .atoms import HasFormat, Kind, LengthAtLeast, Matches
from .formats import FORMATS
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


def format_(site: Site, name: object) -> None:
    """A format that is not known is an annotation, as all are if the options say so."""
    name = site.text(name)
    if site.options.formats == "annotate":
        return
    known = FORMATS.get(name)
    if known is None:
        site.note(f"the format {name!r} is not known and not enforced")
        return
    if known.note:
        site.note(f"the format {name!r} is enforced, but {known.note}")
    site.demand(Kind.STRING, site.atom(HasFormat(name)))
    if known.maximum is not None:
        site.demand(Kind.STRING, site.formulas.negation(site.atom(LengthAtLeast(known.maximum + 1))))


COMMON: dict[str, KeywordFunction] = {
    "minLength": min_length,
    "maxLength": max_length,
    "pattern": pattern,
    "format": format_,
}
