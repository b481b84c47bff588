"""Patterns that only say which characters a text consists of and how many there are, such as ``^[a-z]{1,100000}$``.

As an automaton such a pattern has a state for every length; as a set of characters and a length it has one, whatever
the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from . import charset
from .charset import CharSet
from .dfa import Dfa, TextDfa
from .errors import InvalidPattern, UnsupportedPattern
from .regex_nodes import UNBOUNDED, Chars, Concat, Nodes, Repeat, TextEnd, TextStart
from .regex_syntax import parse


@dataclass(frozen=True)
class CountedCharacters:
    """The texts of ``low`` to ``high`` code points, all of them in ``chars``; ``high`` is ``None`` for no limit."""

    chars: CharSet
    low: int
    high: int | None


@lru_cache(maxsize=256)
def counted_characters(pattern: str) -> CountedCharacters | None:
    """What ``pattern`` (ECMA-262) asks for, if it is of this kind; wrong patterns are not."""
    if not (pattern.startswith("^") and pattern.endswith("}$")):
        return None
    try:
        node = parse(pattern, Nodes())
    except (InvalidPattern, UnsupportedPattern):
        return None
    if not isinstance(node, Concat) or len(node.parts) != 3:
        return None
    start, repeat, end = node.parts
    if not (isinstance(start, TextStart) and isinstance(end, TextEnd) and isinstance(repeat, Repeat)):
        return None
    if not isinstance(repeat.body, Chars):
        return None
    return CountedCharacters(repeat.body.chars, repeat.low, None if repeat.high == UNBOUNDED else repeat.high)


@lru_cache(maxsize=256)
def consisting_of(chars: CharSet) -> TextDfa:
    """The automaton of the texts all of whose code points are in ``chars``, label 1."""
    alphabet, [mask] = charset.partition([chars])
    inside = np.array([mask >> symbol & 1 for symbol in range(alphabet.size)], np.int32)
    return TextDfa(alphabet, Dfa(np.stack([np.zeros_like(inside), inside]), np.array([0, 1], np.int32), 1))
