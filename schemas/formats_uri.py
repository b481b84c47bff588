"""The formats of resource identifiers: URI (RFC 3986), IRI (RFC 3987) and URI templates (RFC 6570), as their rules say.

What schemes say about their own identifiers is not looked at, nor what RFC 3987 recommends for bidirectional text.
"""

from __future__ import annotations

from ..grammar.dfa import TextDfa
from ..grammar.regex import compile_pattern
from .formats_hosts import IPV6

_PCT = r"%[0-9A-Fa-f]{2}"
_UNRESERVED = r"A-Za-z0-9\-._~"
_SUB_DELIMS = r"!$&'()*+,;="
_UCSCHAR = r"\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}" + "".join(
    rf"\u{{{plane:X}{'1000' if plane == 14 else '0000'}}}-\u{{{plane:X}FFFD}}" for plane in range(1, 15)
)
_IPRIVATE = r"\u{E000}-\u{F8FF}\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}"
_SCHEME = r"[A-Za-z][A-Za-z0-9+\-.]*"


class _Rules:
    """The rules that URIs and IRIs share; ``more`` and ``private``: what IRIs allow beside the characters of URIs."""

    def __init__(self, more: str = "", private: str = "") -> None:
        plain = _UNRESERVED + more + _SUB_DELIMS
        segment = self._some(f"{plain}:@")
        segments = rf"(?:/{segment}*)*"
        host = rf"(?:\[(?:{IPV6}|[Vv][0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+)\]|{self._some(plain)}*)"
        authority = rf"(?:{self._some(plain + ':')}*@)?{host}(?::\d*)?"
        local = rf"//{authority}{segments}|/(?:{segment}+{segments})?"
        query = self._some(f"{plain}:@/?{private}")
        fragment = self._some(f"{plain}:@/?")
        end = rf"(?:\?{query}*)?(?:#{fragment}*)?"
        self.absolute = rf"{_SCHEME}:(?:{local}|{segment}+{segments})?{end}"
        self.relative = rf"(?:{local}|{self._some(plain + '@')}+{segments})?{end}"

    @staticmethod
    def _some(chars: str) -> str:
        return rf"(?:[{chars}]|{_PCT})"


def uri() -> TextDfa:
    return compile_pattern(_Rules().absolute, anchored=True)


def uri_reference() -> TextDfa:
    rules = _Rules()
    return compile_pattern(f"{rules.absolute}|{rules.relative}", anchored=True)


def iri() -> TextDfa:
    return compile_pattern(_Rules(_UCSCHAR, _IPRIVATE).absolute, anchored=True)


def iri_reference() -> TextDfa:
    rules = _Rules(_UCSCHAR, _IPRIVATE)
    return compile_pattern(f"{rules.absolute}|{rules.relative}", anchored=True)


def uri_template() -> TextDfa:
    literal = rf"(?:[!#$&(-;=?-\[\]_a-z~{_UCSCHAR}{_IPRIVATE}]|{_PCT})"
    char = rf"(?:[A-Za-z0-9_]|{_PCT})"
    variable = rf"{char}+(?:\.{char}+)*(?::[1-9]\d{{0,3}}|\*)?"
    expression = rf"\{{[+#./;?&=,!@|]?{variable}(?:,{variable})*\}}"
    return compile_pattern(rf"(?:{literal}|{expression})*", anchored=True)
