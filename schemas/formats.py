"""The formats that ``format`` can name, each with the automaton of its strings.

One definition serves all dialects, that of draft 2020-12. Not known, and so an annotation: every other name, such as
``int32`` or ``color``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ..grammar.dfa import TextDfa
from ..grammar.regex import compile_pattern
from . import formats_hosts, formats_idn, formats_regex, formats_time, formats_uri
from .format_cache import kept

_POINTER = r"(?:/(?:[^/~]|~[01])*)*"
_NUMBER = r"(?:0|[1-9]\d*)"
_HEX = "[0-9A-Fa-f]"


@dataclass(frozen=True)
class Format:
    """``build`` makes the automaton; ``standard`` names what defines the format.

    ``maximum``: the most code points, where the automaton leaves counting them to others. ``note``: what is not exact.
    """

    build: Callable[[], TextDfa]
    standard: str
    maximum: int | None = None
    note: str = ""


def _pattern(pattern: str) -> Callable[[], TextDfa]:
    return lambda: compile_pattern(pattern, anchored=True)


FORMATS: dict[str, Format] = {
    "date-time": Format(formats_time.date_time, "RFC 3339"),
    "date": Format(formats_time.date, "RFC 3339"),
    "time": Format(formats_time.time, "RFC 3339"),
    "duration": Format(formats_time.duration, "RFC 3339, appendix A"),
    "email": Format(formats_hosts.email, "RFC 5321, section 4.1.2"),
    "idn-email": Format(formats_idn.idn_email, "RFC 6531", note=formats_idn.NOTE),
    "hostname": Format(formats_hosts.hostname, "RFC 1123, section 2.1", formats_hosts.MAX_HOSTNAME),
    "idn-hostname": Format(formats_idn.idn_hostname, "RFC 5890", formats_hosts.MAX_HOSTNAME, formats_idn.NOTE),
    "ipv4": Format(formats_hosts.ipv4, "RFC 2673, section 3.2"),
    "ipv6": Format(formats_hosts.ipv6, "RFC 4291, section 2.2"),
    "uri": Format(formats_uri.uri, "RFC 3986"),
    "uri-reference": Format(formats_uri.uri_reference, "RFC 3986"),
    "iri": Format(formats_uri.iri, "RFC 3987"),
    "iri-reference": Format(formats_uri.iri_reference, "RFC 3987"),
    "uri-template": Format(formats_uri.uri_template, "RFC 6570"),
    "uuid": Format(_pattern(rf"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"), "RFC 4122"),
    "json-pointer": Format(_pattern(_POINTER), "RFC 6901, section 5"),
    "relative-json-pointer": Format(
        _pattern(rf"{_NUMBER}(?:(?:[+\-]{_NUMBER})?{_POINTER}|#)"), "draft-bhutton-relative-json-pointer-00"
    ),
    "regex": Format(formats_regex.regex, "ECMA-262", note=formats_regex.NOTE),
}


@cache
def format_automaton(name: str) -> TextDfa:
    """The strings of the known format ``name``, of any length; made once for all limits, as no automaton is large."""
    return kept(name, FORMATS[name].build)
