"""Grammars in llama.cpp's format, GBNF."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..limits import Budget
from .folding import folded
from .model import Grammar
from .notation_parser import Dialect, parse_notation
from .source import in_grammar

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "[": "[", "]": "]"}

DIALECT = Dialect(
    title="GBNF",
    name=re.compile(r"[A-Za-z0-9_-]+"),
    escapes=_ESCAPES,
    class_escapes={**_ESCAPES, "-": "-", "^": "^", "/": "/", "'": "'"},
    quotes='"',
    any_character=True,
    tokens=True,
    hex_digits="{2}",
    blank=re.compile(r"(?:\s+|#[^\n]*)+"),
    other_tokens=True,
)


@dataclass(frozen=True)
class Gbnf:
    """The texts that ``start`` (llama.cpp's is ``root``) derives; no text is left out between its parts.

    ``<name>`` and ``<[7]>`` are special tokens of the vocabulary, ``!<[7]>*`` is anything but that one.
    """

    text: str
    start: str = "root"


def read_gbnf(form: Gbnf, budget: Budget) -> Grammar:
    """The grammar of ``form``. Raises ``InvalidGrammar``, ``UnsatisfiableGrammar`` or ``LimitExceeded``."""
    return folded(parse_notation(in_grammar(form.text), DIALECT), form.start, budget)
