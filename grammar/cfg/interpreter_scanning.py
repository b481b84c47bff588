"""How the slow interpreter cuts a text into terminals: by reading the bytes of each lexeme with each terminal anew.

A terminal of a context is *alive* if its automaton reads all of the lexeme, and none that is preferred to it has been
decided on the way. What would be preferred to an ending becomes its *blockers*: it counts if none of them comes about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .byte_dfa import DEAD, PENDING, SATISFIED, VIOLATED, ByteDfa
from .model import Grammar, Lexing


@dataclass(frozen=True)
class Blocker:
    """The automaton of ``terminal`` in ``state`` must not match; or, if ``is_guard``, its guard must not be violated."""

    terminal: int
    state: int
    is_guard: bool = False


@dataclass(frozen=True)
class Ended:
    """A lexeme is ``terminal`` unless one of the ``blockers`` comes about."""

    terminal: int
    blockers: frozenset[Blocker]


@dataclass(frozen=True)
class Prospects:
    """What lexemes have in common that may become the same: states of terminals, and what is left of keywords."""

    context: frozenset[int]
    alive: tuple[tuple[int, int], ...]
    keywords: frozenset[tuple[int, bytes]]
    folded: frozenset[tuple[int, int]]


class Scanning:
    """The terminals of ``grammar``. ``representatives``: one byte for each set of bytes that all terminals read alike."""

    def __init__(self, grammar: Grammar) -> None:
        self._terminals = grammar.terminals
        self._prefers = grammar.lexing is Lexing.LONGEST
        self._dfas = {t: x.content for t, x in enumerate(grammar.terminals) if isinstance(x.content, ByteDfa)}
        self._states: dict[tuple[int, bytes], int] = {}
        self._labels: dict[Prospects, frozenset[int]] = {}
        self.representatives = self._representatives()

    def _representatives(self) -> list[int]:
        letters = np.zeros((1, 256), np.int64)
        for terminal in self._terminals:
            for keyword in terminal.keywords:
                letters[0, list(keyword)] = list(keyword)
        tables = [dfa.transitions for dfa in self._dfas.values()]
        tables += [dfa.guard.transitions for dfa in self._dfas.values() if dfa.guard is not None]
        letters[0, [0x09, 0x0A, 0x20]] = [0x09, 0x0A, 0x20]
        _, first = np.unique(np.concatenate([letters, *tables]), axis=1, return_index=True)
        return sorted(first.tolist())

    # --- lexemes

    def _state(self, terminal: int, lexeme: bytes) -> int:
        """Where the terminal's automaton is after ``lexeme``."""
        if not lexeme:
            return self._dfas[terminal].start
        if (terminal, lexeme) not in self._states:
            before = self._state(terminal, lexeme[:-1])
            self._states[terminal, lexeme] = int(self._dfas[terminal].transitions[before, lexeme[-1]])
        return self._states[terminal, lexeme]

    def _known(self, context: frozenset[int]) -> list[int]:
        """The terminals of ``context`` that are read as such, the preferred ones first."""
        known = [t for t in context if t in self._dfas and not self._terminals[t].keyword_only & context]
        return sorted(known, key=lambda t: (self._terminals[t].rank, t))

    def _alive(self, context: frozenset[int], lexeme: bytes) -> list[int]:
        """The terminals that ``lexeme`` may still become, the preferred ones first."""
        alive = []
        for terminal in self._known(context):
            if self._state(terminal, lexeme) != DEAD:
                alive.append(terminal)
            if self._prefers and self._was_decided(terminal, lexeme):
                break
        return alive

    def _was_decided(self, terminal: int, lexeme: bytes) -> bool:
        dfa = self._dfas[terminal]
        return any(dfa.decided[self._state(terminal, lexeme[:end])] for end in range(1, len(lexeme) + 1))

    def _label(self, context: frozenset[int], terminal: int, lexeme: bytes) -> int:
        keyword = self._terminals[terminal].keywords.get(lexeme)
        if keyword is not None and keyword in context:
            return keyword
        folded = (other for other in self._terminals[terminal].folded_keywords if other in context)
        return next((other for other in folded if self._dfas[other].decided[self._state(other, lexeme)]), terminal)

    def endings(self, context: frozenset[int], lexeme: bytes) -> Iterator[Ended]:
        """The ways in which a terminal ends behind ``lexeme``."""
        before: set[Blocker] = set()
        for terminal in self._alive(context, lexeme):
            state = self._state(terminal, lexeme)
            for ending in self._dfas[terminal].endings[state]:
                blockers = set(before)
                if ending.preferred != DEAD and self._prefers:
                    blockers.add(Blocker(terminal, ending.preferred))
                if ending.guard >= 0:
                    blockers.add(Blocker(terminal, ending.guard, is_guard=True))
                yield Ended(self._label(context, terminal, lexeme), frozenset(blockers))
            if self._prefers:
                before.add(Blocker(terminal, state))

    def labels(self, context: frozenset[int], lexeme: bytes) -> frozenset[int]:
        """The terminals that ``lexeme`` may still become, or is, by a search for ways to go on."""
        prospects = self._prospects(context, lexeme)
        if prospects not in self._labels:
            found: set[int] = set()
            seen = {prospects}
            queue = [lexeme]
            for current in queue:
                found.update(ended.terminal for ended in self.endings(context, current))
                for byte in self.representatives:
                    longer = current + bytes([byte])
                    ahead = self._prospects(context, longer)
                    if ahead.alive and ahead not in seen:
                        seen.add(ahead)
                        queue.append(longer)
            self._labels[prospects] = frozenset(found)
        return self._labels[prospects]

    def _prospects(self, context: frozenset[int], lexeme: bytes) -> Prospects:
        alive = self._alive(context, lexeme)
        keywords = {
            (keyword, text[len(lexeme) :])
            for terminal in alive
            for text, keyword in self._terminals[terminal].keywords.items()
            if keyword in context and text.startswith(lexeme)
        }
        folded = {other for t in alive for other in self._terminals[t].folded_keywords if other in context}
        return Prospects(
            context,
            tuple((t, self._state(t, lexeme)) for t in alive),
            frozenset(keywords),
            frozenset((t, self._state(t, lexeme)) for t in folded),
        )

    # --- blockers

    def advanced(self, blockers: Iterable[Blocker], byte: int) -> frozenset[Blocker] | None:
        """What is left of ``blockers`` after ``byte``; None if one of them has come about."""
        left = set()
        for blocker in blockers:
            dfa = self._dfas[blocker.terminal]
            if blocker.is_guard:
                assert dfa.guard is not None
                state = int(dfa.guard.transitions[blocker.state, byte])
                if dfa.guard.verdicts[state] == VIOLATED:
                    return None
                if dfa.guard.verdicts[state] == SATISFIED:
                    continue
            else:
                state = int(dfa.transitions[blocker.state, byte])
                if dfa.decided[state]:
                    return None
                if state == DEAD:
                    continue
            left.add(Blocker(blocker.terminal, state, blocker.is_guard))
        return frozenset(left)

    def let_end(self, blockers: Iterable[Blocker]) -> bool:
        """Do ``blockers`` let the text end here?"""
        for blocker in blockers:
            dfa = self._dfas[blocker.terminal]
            if blocker.is_guard:
                assert dfa.guard is not None and dfa.guard.verdicts[blocker.state] == PENDING
                if not dfa.guard.at_end[blocker.state]:
                    return False
            elif dfa.decided_at_end is not None and dfa.decided_at_end[blocker.state]:
                return False
        return True
