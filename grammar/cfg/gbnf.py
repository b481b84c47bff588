"""Grammars in llama.cpp's format, GBNF."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike

from ..limits import Budget
from .folding import folded
from .model import Grammar
from .notation_parser import Dialect, parse_notation
from .source import errors_of, text_of

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

    ``text``: the grammar, or the path of its file; a string is a path if it names a file.
    """

    text: str | PathLike[str]
    start: str = "root"


def read_gbnf(form: Gbnf, budget: Budget) -> Grammar:
    """The grammar of ``form``. Raises ``InvalidGrammar``, ``UnsatisfiableGrammar`` or ``LimitExceeded``."""
    with errors_of(form.text):
        return folded(parse_notation(text_of(form.text), DIALECT), form.start, budget)
