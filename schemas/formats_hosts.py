"""The formats of addresses: IP addresses (RFC 2673, RFC 4291), host names (RFC 1123), e-mail (RFC 5321, section 4.1.2).

``hostname`` takes any label of letters, digits and hyphens, so what a label that starts with ``xn--`` decodes to is not
looked at. ``email`` is the rule ``Mailbox`` but for general address literals, of which IANA has registered none.
"""

from __future__ import annotations

from ..grammar.dfa import TextDfa
from ..grammar.regex import compile_pattern

MAX_HOSTNAME = 253
"""Characters of a host name, as its 255 octets in the domain name system leave it; asked for beside the automaton."""

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PADDED_OCTET = r"(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})"
_H16 = r"[0-9A-Fa-f]{1,4}"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"

IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"


def _ipv6_pattern() -> str:
    """The rule ``IPv6address`` of RFC 3986: ``::`` stands for at least one group."""
    last = rf"(?:{_H16}:{_H16}|{IPV4})"
    forms = [rf"(?:{_H16}:){{6}}{last}", rf"{_up_to(6)}::{_H16}", rf"{_up_to(7)}::"]
    forms += [rf"{_up_to(5 - after)}::(?:{_H16}:){{{after}}}{last}" for after in range(6)]
    return f"(?:{'|'.join(forms)})"


def _up_to(groups: int) -> str:
    return rf"(?:(?:{_H16}:){{0,{groups - 1}}}{_H16})?" if groups else ""


IPV6 = _ipv6_pattern()

_ATEXT = r"A-Za-z0-9!#$%&'*+\-/=?^_`{|}~"
_QUOTED = r"\x20-\x21\x23-\x5B\x5D-\x7E"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*"


def _mail_ipv6_pattern() -> str:
    """The rule ``IPv6-addr`` of RFC 5321: ``::`` stands for at least two groups."""
    ipv4 = rf"{_PADDED_OCTET}(?:\.{_PADDED_OCTET}){{3}}"
    forms = [rf"{_H16}(?::{_H16}){{7}}", rf"{_H16}(?::{_H16}){{5}}:{ipv4}"]
    for before in range(7):
        groups = rf"{_H16}(?::{_H16}){{{before - 1}}}" if before else ""
        forms.append(rf"{groups}::{_up_to(6 - before)}")
        if before < 5:
            tail = rf"(?:{_H16}:){{0,{4 - before}}}{ipv4}"
            forms.append(rf"{groups}::{tail}")
    return f"(?:{'|'.join(forms)})"


MAIL_LITERAL = rf"\[(?:{_PADDED_OCTET}(?:\.{_PADDED_OCTET}){{3}}|[Ii][Pp][Vv]6:{_mail_ipv6_pattern()})\]"


def local_part(more: str = "") -> str:
    """The pattern of what stands before the ``@``; ``more``: characters that are allowed beside those of ASCII."""
    atom = rf"[{_ATEXT}{more}]+"
    return rf'(?:{atom}(?:\.{atom})*|"(?:[{_QUOTED}{more}]|\\[\x20-\x7E])*")'


def ipv4() -> TextDfa:
    return compile_pattern(IPV4, anchored=True)


def ipv6() -> TextDfa:
    return compile_pattern(IPV6, anchored=True)


def hostname() -> TextDfa:
    return compile_pattern(rf"{LABEL}(?:\.{LABEL})*", anchored=True)


def email() -> TextDfa:
    return compile_pattern(rf"{local_part()}@(?:{_DOMAIN}|{MAIL_LITERAL})", anchored=True)
