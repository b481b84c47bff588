"""Regular languages, however they are written, as grammars of one terminal."""

from __future__ import annotations

from ..errors import InvalidGrammar
from ..limits import Budget
from ..regex import compile_pattern
from .byte_dfa import ByteDfa
from .utf8 import byte_dfa_of


def inserted_dfa(value: object, budget: Budget) -> ByteDfa:
    """What ``%regex`` stands for: a pattern, or an object such as ``{"substring_words": text}``."""
    if isinstance(value, str):
        return byte_dfa_of(compile_pattern(value, budget, anchored=True), budget)
    raise InvalidGrammar("x")
