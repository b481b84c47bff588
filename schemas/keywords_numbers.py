"""Keywords about numbers. In draft 4 ``exclusiveMinimum`` is a flag beside ``minimum``, later a bound of its own."""

from __future__ import annotations

from .atoms import AtLeast, Kind, MoreThan, MultipleOf
from .keywords_common import KeywordFunction, Site

_FLAG_REMEDY = 'true and false stand here in draft 4 only: say so with "$schema"'


def minimum(site: Site, bound: object) -> None:
    """Exact, by an automaton over the text of the number."""
    site.demand_that(Kind.NUMBER, AtLeast(site.number(bound)))


def exclusive_minimum(site: Site, bound: object) -> None:
    """Exact, by an automaton over the text of the number."""
    site.demand_that(Kind.NUMBER, MoreThan(site.number(bound, _remedy(bound))))


def maximum(site: Site, bound: object) -> None:
    """Exact, by an automaton over the text of the number."""
    site.demand_that(Kind.NUMBER, MoreThan(site.number(bound)), False)


def exclusive_maximum(site: Site, bound: object) -> None:
    """Exact, by an automaton over the text of the number."""
    site.demand_that(Kind.NUMBER, AtLeast(site.number(bound, _remedy(bound))), False)


def minimum_draft4(site: Site, bound: object) -> None:
    """Exact, by an automaton over the text of the number; excludes the bound beside ``exclusiveMinimum: true``."""
    (exclusive_minimum if site.contents.get("exclusiveMinimum") is True else minimum)(site, bound)


def maximum_draft4(site: Site, bound: object) -> None:
    """Exact, by an automaton over the text of the number; excludes the bound beside ``exclusiveMaximum: true``."""
    (exclusive_maximum if site.contents.get("exclusiveMaximum") is True else maximum)(site, bound)


def exclusive_draft4(site: Site, flag: object) -> None:
    """A flag that is read with ``minimum`` or ``maximum``; says nothing without it."""
    if not isinstance(flag, bool):
        raise site.invalid("true or false in draft 4", flag, 'a number stands here from draft 6 on: see "$schema"')


def multiple_of(site: Site, divisor: object) -> None:
    """Exact, decimals too, by an automaton over the text of the number."""
    number = site.number(divisor)
    if number <= 0:
        raise site.invalid("more than 0", divisor)
    site.demand_that(Kind.NUMBER, MultipleOf(number))


def _remedy(bound: object) -> str:
    return _FLAG_REMEDY if isinstance(bound, bool) else ""


COMMON: dict[str, KeywordFunction] = {
    "minimum": minimum,
    "maximum": maximum,
    "exclusiveMinimum": exclusive_minimum,
    "exclusiveMaximum": exclusive_maximum,
    "multipleOf": multiple_of,
}

DRAFT4: dict[str, KeywordFunction] = {
    **COMMON,
    "minimum": minimum_draft4,
    "maximum": maximum_draft4,
    "exclusiveMinimum": exclusive_draft4,
    "exclusiveMaximum": exclusive_draft4,
}
