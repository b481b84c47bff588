"""Grammars in the W3C's notation as XGrammar takes it.

Beyond XGrammar, texts may stand in single quotes, comments between ``/*`` and ``*/``, and a lower bound be left out.
Not supported: look-ahead ``(= ...)``, bounds among the options of rules, and the macros for free text (``TagDispatch``
and its kin); ``ebnf_macros`` has the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike

from ..limits import Budget
from .folding import folded
from .model import Grammar
from .notation_parser import Dialect, parse_notation
from .source import errors_of, text_of

_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0", "e": "\x1b"}
_ESCAPES = {**_CONTROLS, **{character: character for character in "\"\\/'?"}}
_MACRO = "use Tags for regions in free text"

DIALECT = Dialect(
    title="EBNF",
    name=re.compile(r"[A-Za-z_][\w.-]*", re.ASCII),
    escapes=_ESCAPES,
    class_escapes={**_ESCAPES, **{character: character for character in "^$.*+()[]{}|-"}},
    quotes="\"'",
    any_character=False,
    tokens=False,
    hex_digits="+",
    blank=re.compile(r"(?:\s+|#[^\n]*|/\*.*?\*/)+", re.DOTALL),
    macros=True,
    refused={
        "(=": "leave it out, and let what follows the rule say what follows",
        **dict.fromkeys(("TagDispatch(", "TokenTagDispatch(", "ExcludeToken("), _MACRO),
    },
)


@dataclass(frozen=True)
class Ebnf:
    """The texts that ``start`` derives; no text is left out between its parts.

    ``text``: the grammar, or the path of its file; a string is a path if it names a file.
    """

    text: str | PathLike[str]
    start: str = "root"


def read_ebnf(form: Ebnf, budget: Budget) -> Grammar:
    """The grammar of ``form``. Raises ``InvalidGrammar``, ``UnsatisfiableGrammar`` or ``LimitExceeded``."""
    with errors_of(form.text):
        return folded(parse_notation(text_of(form.text), DIALECT), form.start, budget)
