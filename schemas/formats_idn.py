"""The formats of internationalised host names and e-mail addresses (RFC 5890 to 5893, RFC 6531).

A label is checked for its code points, the contextual rules of RFC 5892, its hyphens and combining marks, and the rule
of RFC 5893 for names with right-to-left labels. Three things are not regular, or not in a usable size, and are only
approximated, always towards accepting more: that a label encoded in Punycode has at most 63 octets (here: at most 59
code points, which is necessary), that it is normalised (NFC; here: each of its characters by itself is), and what an
encoded label (``xn--``, here in small letters) decodes to (here: its digits start and end as such digits can).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..grammar.charset import CharSet
from ..grammar.dfa import DEAD, REJECT, Dfa, TextDfa
from ..grammar.dfa_operations import trim
from ..grammar.limits import Budget
from ..grammar.regex import ACCEPT, compile_node, compile_pattern
from ..grammar.regex_nodes import Nodes
from ..grammar.regex_syntax import parse
from ..grammar.text_dfa import refine
from ..grammar.text_product import product
from .formats_hosts import MAIL_LITERAL, local_part
from .idna_tables import GREEK, HEBREW, HIRAGANA_KATAKANA_HAN, JOINS_LEFT, JOINS_RIGHT, label_sets

NOTE = "the length, the normal form and the Punycode of labels are checked only in part"

_WITHOUT_RTL, _BIDI_RULE, _ASCII = 1, 2, 4
"""Bits of a label's label. One of the first two, about its direction, must hold of all labels of a name."""

_LONGEST, _LONGEST_ASCII = 59, 63


def idn_hostname() -> TextDfa:
    """RFC 3490's other full stops separate labels too."""
    return _names(r"[.\u3002\uFF0E\uFF61]")


def idn_email() -> TextDfa:
    local = compile_pattern(local_part(r"\u{80}-\u{10FFFF}") + "@", anchored=True)
    literal = compile_pattern(MAIL_LITERAL, anchored=True)
    return _followed(local, [_names(r"\."), literal])


# --- labels


def _label() -> TextDfa:
    """One label of any length; its label is made of the bits above.

    The parts are joined one by one, so that dead ends are dropped early.
    """
    result = _compiled(_FORM)
    for pattern in (_NEIGHBOURS, *_WHOLE_LABEL_RULES):
        part = _compiled(pattern)
        result = product([result, part], lambda labels: int(all(labels)), Budget())
    bits = [_compiled(pattern) for pattern in (_WITHOUT_RTL_CHARACTERS, _OBEYING_BIDI_RULE, r"[\x00-\x7F]*")]

    def label_of(labels: tuple[int, ...]) -> int:
        return sum(bit << i for i, bit in enumerate(labels[1:])) if labels[0] else REJECT

    return product([result, *bits], label_of, Budget())


def _of_allowed_length(label: TextDfa) -> Dfa:
    """``label`` once for each number of code points read; labels that are too long are cut off."""
    rows, labels = label.dfa.transitions[1:], label.dfa.labels[1:]
    count = len(labels)
    blocks = [np.where(rows == DEAD, DEAD, rows + count * (read + 1)) for read in range(_LONGEST_ASCII)]
    blocks = [np.zeros_like(rows[:1]), *blocks, np.zeros_like(rows)]
    short = [labels] * (_LONGEST + 1)
    long = [np.where(labels & _ASCII, labels, REJECT)] * (_LONGEST_ASCII - _LONGEST)
    return trim(Dfa(np.concatenate(blocks), np.concatenate([[REJECT], *short, *long]), label.dfa.start))


_ASCII_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_ENCODED = r"xn--(?:[a-z0-9\-]+-)?[b-z0-9]{2}[a-z0-9]*[a-z]"
_FORM = rf"{_ENCODED}|(?!..--)(?:{_ASCII_LABEL}|(?![\p{{mark}}\-])\p{{all}}+(?<!-))"
"""A label of ASCII, an encoded one, or one of the allowed code points. ``\\p`` names the sets of ``_sets``."""

_JOINED = r"(?<=\p{joins_left}\p{transparent}*)\u200C(?=\p{transparent}*\p{joins_right})"
_NEIGHBOURS = (
    r"(?:[^\xB7\u0375\u05F3\u05F4\u200C\u200D]|(?<=l)\xB7(?=l)|\u0375(?=\p{greek})|(?<=\p{hebrew})[\u05F3\u05F4]"
    rf"|(?<=\p{{virama}})[\u200C\u200D]|{_JOINED})*"
)
"""Appendices A.1 to A.6 of RFC 5892: what must stand beside a code point."""

_WHOLE_LABEL_RULES = (
    r"[^\u30FB]*|[\s\S]*\p{hiragana_katakana_han}[\s\S]*",
    r"[^\u0660-\u0669]*|[^\u06F0-\u06F9]*",
)
"""Appendices A.7 to A.9: the katakana middle dot is not alone, and Arabic digits are of one kind."""

_WITHOUT_RTL_CHARACTERS = r"[^\p{R}\p{AN}]*"
_WEAK = r"\p{neutral}\p{NSM}"
_RTL = (
    rf"\p{{R}}(?:[\p{{R}}\p{{EN}}{_WEAK}]*|[\p{{R}}\p{{AN}}{_WEAK}]*)"
    r"(?<=[\p{R}\p{EN}\p{AN}]\p{NSM}*)"
)
_LTR = rf"[\p{{L}}A-Z][\p{{L}}A-Z\p{{EN}}{_WEAK}]*(?<=[\p{{L}}A-Z\p{{EN}}]\p{{NSM}}*)"
_OBEYING_BIDI_RULE = f"{_RTL}|{_LTR}"
"""Section 2 of RFC 5893."""


@cache
def _sets() -> dict[str, CharSet]:
    """The sets that the patterns above name."""
    scripts = {"greek": GREEK, "hebrew": HEBREW, "hiragana_katakana_han": HIRAGANA_KATAKANA_HAN}
    return {**label_sets(), **scripts, "joins_left": JOINS_LEFT, "joins_right": JOINS_RIGHT}


def _compiled(pattern: str) -> TextDfa:
    nodes = Nodes()
    return compile_node(parse(pattern, nodes, _sets()), nodes, "a label")


# --- names


def _names(separator: str) -> TextDfa:
    """Labels with ``separator`` between them, of which either all hold no right-to-left character or all obey the rule.

    The label's automaton three times: for what may still hold of all labels when the current one is over.
    """
    label = _label()
    dfa = _of_allowed_length(label)
    between = compile_pattern(separator, anchored=True)
    alphabet, (columns, separators) = refine([label.alphabet, between.alphabet])
    separates = between.dfa.transitions[between.dfa.start, separators] != DEAD
    count = len(dfa.labels) - 1
    inner = dfa.transitions[1:, columns]
    copies = {possible: index * count for index, possible in enumerate((_WITHOUT_RTL | _BIDI_RULE, 1, 2))}
    rows, labels = [np.zeros((1, alphabet.size), np.int32)], [np.zeros(1, np.int32)]
    for possible, base in copies.items():
        block = np.where(inner == DEAD, DEAD, inner + base)
        after = dfa.labels[1:] & possible
        for left, start in copies.items():
            block[np.ix_(after == left, separates)] = dfa.start + start
        rows.append(block.astype(np.int32))
        labels.append(np.where(after, ACCEPT, REJECT).astype(np.int32))
    return TextDfa(alphabet, trim(Dfa(np.concatenate(rows), np.concatenate(labels), dfa.start)))


def _followed(first: TextDfa, seconds: list[TextDfa]) -> TextDfa:
    """``first``, of which no text continues another, and then one of ``seconds``, which start differently."""
    alphabet, columns = refine([first.alphabet, *(second.alphabet for second in seconds)])
    rows = [first.dfa.transitions[:, columns[0]].copy()]
    labels = [np.zeros_like(first.dfa.labels)]
    ends = first.dfa.labels != REJECT
    for second, symbols in zip(seconds, columns[1:], strict=True):
        base = sum(map(len, rows)) - 1
        inner = second.dfa.transitions[:, symbols]
        moved = np.where(inner == DEAD, DEAD, inner + base).astype(np.int32)
        rows[0][ends] += moved[second.dfa.start]
        rows.append(moved[1:])
        labels.append(second.dfa.labels[1:])
    return TextDfa(alphabet, trim(Dfa(np.concatenate(rows), np.concatenate(labels), first.dfa.start)))
