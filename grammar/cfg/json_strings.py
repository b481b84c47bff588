"""Grammars whose texts are the contents of JSON strings: every terminal is spelled in escapes.

With minimal escapes each byte has one spelling, and no spelling begins another. So an automaton of spellings cuts a
text as the automaton of bytes cuts what it stands for, preferences and look-ahead included; and for look-ahead, the
closing quote is the end of the text.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidGrammar
from .byte_dfa import DEAD, PENDING, SATISFIED, VIOLATED, ByteDfa, GuardDfa
from .literals import literal_dfa
from .model import Grammar, Region, Rule, Terminal

_QUOTE = 0x22
_ESCAPED = {
    byte: spelled
    for byte in range(0x80)
    if len(spelled := json.dumps(chr(byte), ensure_ascii=False)[1:-1].encode()) > 1
}
"""The bytes that stand for themselves in no JSON string, and how they are written."""


def json_string_grammar(grammar: Grammar) -> Grammar:
    """The texts of ``grammar`` as JSON strings. Raises ``InvalidGrammar`` for an indented language."""
    if grammar.indentation is not None:
        remedy = "put the program between tags of its own, outside of JSON"
        raise InvalidGrammar("an indented language cannot stand in a JSON string", remedy=remedy)
    terminals = [_escaped_terminal(terminal) for terminal in grammar.terminals]
    opening, closing = len(terminals), len(terminals) + 1
    best = min((terminal.rank for terminal in terminals), default=0)
    terminals += [
        Terminal('the opening "', literal_dfa(b'"'), best - 2),
        Terminal('the closing "', literal_dfa(b'"'), best - 1),
    ]
    start = len(grammar.nonterminals)
    regions = [replace(region, members=region.members | {closing}) for region in grammar.regions]
    if grammar.ignored and not regions:
        regions = [Region(frozenset(range(opening)) - grammar.ignored | {closing}, grammar.ignored)]
    return replace(
        grammar,
        terminals=tuple(terminals),
        nonterminals=(*grammar.nonterminals, "the string"),
        rules=(*grammar.rules, Rule(start, (opening, ~grammar.start, closing))),
        start=start,
        regions=tuple(regions),
    )


def _escaped_terminal(terminal: Terminal) -> Terminal:
    if not isinstance(terminal.content, ByteDfa):
        problem = f"{terminal.name} cannot stand in a JSON string"
        raise InvalidGrammar(problem, remedy="leave out schemas and special tokens there, or write them outside of it")
    keywords = {
        b"".join(_ESCAPED.get(byte, bytes([byte])) for byte in text): n for text, n in terminal.keywords.items()
    }
    return replace(terminal, content=_escaped(terminal.content), keywords=keywords)


def _escaped(dfa: ByteDfa) -> ByteDfa:
    """``dfa`` over spellings."""
    spelling = _Spelling(dfa.transitions)
    decided_by_quote = []
    if dfa.decided_at_end is not None and dfa.decided_at_end.any():
        decided_by_quote = [spelling.new_state()]
        spelling.close(dfa.decided_at_end, decided_by_quote[0])
    inside = spelling.size - len(dfa.transitions)
    decided = np.pad(dfa.decided, (0, inside))
    decided[decided_by_quote] = True
    return ByteDfa(
        spelling.transitions(),
        dfa.start,
        decided,
        (*dfa.endings, *[()] * inside),
        None if dfa.guard is None else _escaped_guard(dfa.guard),
        None if dfa.decided_at_end is None else np.pad(dfa.decided_at_end, (0, inside)),
    )


def _escaped_guard(guard: GuardDfa) -> GuardDfa:
    pending = guard.verdicts == PENDING
    spelling = _Spelling(np.where(pending[:, None], guard.transitions, DEAD))
    met = spelling.new_state()
    spelling.close(guard.at_end & pending, met)
    transitions = spelling.transitions()
    violated = int(np.flatnonzero(guard.verdicts == VIOLATED)[0])
    transitions[transitions == DEAD] = violated
    verdicts = np.pad(guard.verdicts, (0, spelling.size - len(pending)), constant_values=PENDING)
    verdicts[met] = SATISFIED
    settled = np.flatnonzero(verdicts != PENDING)
    transitions[settled] = settled[:, None]
    return GuardDfa(transitions, verdicts, np.pad(guard.at_end, (0, spelling.size - len(pending))))


class _Spelling:
    """The transitions of an automaton with states inside of escapes behind its own."""

    def __init__(self, transitions: NDArray[np.int32]) -> None:
        self._own = transitions.copy()
        self._own[:, list(_ESCAPED)] = DEAD
        self._inside: dict[tuple[tuple[bytes, int], ...], int] = {}
        self._rows: list[NDArray[np.int32]] = []
        for state, row in enumerate(transitions[:, list(_ESCAPED)].tolist()):
            spelled = tuple(
                (text[1:], target) for text, target in zip(_ESCAPED.values(), row, strict=True) if target != DEAD
            )
            if spelled:
                self._own[state, ord("\\")] = self._state(spelled)

    @property
    def size(self) -> int:
        return len(self._own) + len(self._rows)

    def new_state(self) -> int:
        self._rows.append(np.zeros(256, np.int32))
        return self.size - 1

    def _state(self, spelled: tuple[tuple[bytes, int], ...]) -> int:
        """The state from which each text leads to its target."""
        if spelled not in self._inside:
            row = np.zeros(256, np.int32)
            longer: dict[int, list[tuple[bytes, int]]] = {}
            for text, target in spelled:
                if len(text) == 1:
                    row[text[0]] = target
                else:
                    longer.setdefault(text[0], []).append((text[1:], target))
            for byte, rest in longer.items():
                row[byte] = self._state(tuple(rest))
            self._rows.append(row)
            self._inside[spelled] = self.size - 1
        return self._inside[spelled]

    def close(self, states: NDArray[np.bool_], target: int) -> None:
        """Lead from ``states`` to ``target`` by a quote."""
        self._own[np.flatnonzero(states), _QUOTE] = target

    def transitions(self) -> NDArray[np.int32]:
        return np.concatenate([self._own, *(row[None] for row in self._rows)])
