"""Which strings of a Lark grammar are found as the text of another terminal: ``if`` where ``NAME`` matches it.

Lark's lexer leaves out a string that a regular expression of the same priority matches, whole, and looks at what the
regular expression has matched instead. It does so anew for each set of terminals that a state of the parser knows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from lark.lexer import PatternStr, TerminalDef

from ..errors import MaskwrightError
from ..limits import Budget
from .byte_dfa import DEAD, matches_whole
from .compact_dfa import CompactDfa
from .python_pattern import python_pattern_dfa


@dataclass
class Keywords:
    """By names of terminals. ``exact``: texts of each regular expression that are another terminal. ``folded``: those
    that ignore case, in order. ``only``: for each string the regular expressions that take its place."""

    exact: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    folded: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    only: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def keywords_of(terminals: Sequence[TerminalDef], ignored: Container[str], budget: Budget) -> Keywords:
    """``terminals`` in the order of the lexer. What is ignored stays ignored, whatever its text."""
    result = Keywords()
    strings = [terminal for terminal in terminals if isinstance(terminal.pattern, PatternStr)]
    for terminal in terminals:
        if isinstance(terminal.pattern, PatternStr):
            continue
        matches = _matcher_of(terminal, budget)
        inside = [
            string for string in strings if string.priority == terminal.priority and matches(string.pattern.value)
        ]
        for string in inside:
            if frozenset(string.pattern.flags) <= frozenset(terminal.pattern.flags):
                result.only[string.name].add(terminal.name)
        if terminal.name not in ignored:
            _note(result, terminal.name, inside)
    return result


def _matcher_of(terminal: TerminalDef, budget: Budget) -> Callable[[str], bool]:
    """Does the terminal, a regular expression, match a text as a whole, as it prefers to match it?"""
    pattern = terminal.pattern
    try:
        dfa = python_pattern_dfa(pattern.value, frozenset(pattern.flags), budget, may_be_empty=True)
    except MaskwrightError:  # raised once more where the terminal can be named
        match = re.compile(pattern.to_regexp()).match
        return lambda text: (found := match(text)) is not None and found.end() == len(text)
    if not isinstance(dfa, CompactDfa):
        return lambda text: matches_whole(dfa, text.encode())
    rows, class_of, accepting = dfa.columns.tolist(), dfa.class_of.tolist(), dfa.decided.tolist()

    def matches(text: str) -> bool:
        state = dfa.start
        for byte in text.encode():
            state = rows[state][class_of[byte]]
            if state == DEAD:
                return False
        return bool(accepting[state])

    return matches


def _note(result: Keywords, name: str, strings: Sequence[TerminalDef]) -> None:
    folded: list[TerminalDef] = []
    for string in strings:
        if string.pattern.flags:
            folded.append(string)
            result.folded[name].append(string.name)
        else:
            text = string.pattern.value
            first = next((other for other in folded if re.fullmatch(other.pattern.to_regexp(), text)), string)
            result.exact[name].setdefault(text, first.name)
