"""The strings of a formula where they are few: spelled by its automaton, not found one by one as witnesses.

Strings grow by one character at a time, and only those that can still be completed are kept. Each of these is the
beginning of a string of its own, so that more of them than are few tell that the strings are not few either.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ..grammar.dfa import DEAD, REJECT, TextDfa
from ..grammar.limits import Budget
from ..grammar.text_dfa import FIRST_SURROGATE, LAST_CODE_POINT, LAST_SURROGATE, accept_all, viability
from .strings import Listed, Recognised, Strings
from .theory_strings import are_abundant

_TABLE = 1 << 22
"""Entries of the largest table that is made of where strings can still be completed."""


class SomeStrings(NamedTuple):
    """``texts``, shortest first; whether these are all; whether there are more than any document has items."""

    texts: list[str]
    are_all: bool
    abundant: bool


def few_strings(strings: Strings, most: int, budget: Budget) -> SomeStrings | None:
    """All ``strings`` if there are no more than ``most``, else some, or none; ``None`` where lengths are too great."""
    if isinstance(strings, Listed):
        texts = sorted(strings.values, key=lambda text: (len(text), text))
        return SomeStrings(texts[:most], len(texts) <= most, False)
    text = strings.text if isinstance(strings, Recognised) else accept_all()
    minimum, maximum = strings.minimum, strings.maximum
    last = minimum if maximum is None else maximum
    if (last + 1) * len(text.dfa.labels) > _TABLE:
        return None
    viable = viability(text.dfa, minimum, maximum, budget)
    found: list[str] = []
    begun = [(text.dfa.start, "")] if viable[text.dfa.start, 0] else []
    length = 0
    while begun and len(found) + len(begun) <= most:
        budget.check()
        if length >= minimum:
            found += [spelled for state, spelled in begun if text.dfa.labels[state] != REJECT]
        if length == maximum:
            return SomeStrings(found, True, False)
        length += 1
        column = viable[:, min(length, last)]
        longer = ((s, spelled + c) for state, spelled in begun for c, s in _edges(text, state) if column[s])
        begun = list(islice(longer, most + 1))
    return SomeStrings(found, not begun, bool(begun) and are_abundant(text, minimum, maximum, budget))


def _edges(text: TextDfa, state: int) -> Iterator[tuple[str, int]]:
    """The characters that may follow ``state``, and the state to which each leads."""
    alphabet, successors = text.alphabet, text.dfa.transitions[state].tolist()
    ends = [*alphabet.starts[1:].tolist(), LAST_CODE_POINT + 1]
    for start, end, symbol in zip(alphabet.starts.tolist(), ends, alphabet.classes.tolist(), strict=True):
        if successors[symbol] != DEAD:
            for point in range(start, end):
                if not FIRST_SURROGATE <= point <= LAST_SURROGATE:
                    yield chr(point), successors[symbol]
