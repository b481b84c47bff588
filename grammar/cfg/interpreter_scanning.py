"""How the slow interpreter cuts a text into terminals: by reading the bytes of each lexeme with each terminal anew.

A terminal of a context is *alive* if its automaton reads all of the lexeme, and none that is preferred to it has been
decided on the way. What would be preferred to an ending becomes its *blockers*: it counts if none of them comes about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .byte_dfa import DEAD, PENDING, VIOLATED, ByteDfa
from .model import Grammar, Indentation, Lexing

State = tuple[int, int]
"""A terminal, and a state of its automaton (or of its guard's)."""


@dataclass(frozen=True)
class Blocker:
    """None of ``states`` must come to match; or, if ``is_guard``, to be violated."""

    states: frozenset[State]
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


Line = tuple[Prospects, int]
"""A lexeme that may become a line feed, and the columns behind it, -1 where it has no line feed yet."""

_REST = {
    **dict.fromkeys(range(194, 224), (1, 128, 191)),
    **dict.fromkeys(range(224, 240), (2, 128, 191)),
    **dict.fromkeys(range(240, 245), (3, 128, 191)),
    0xE0: (2, 0xA0, 0xBF),
    0xED: (2, 0x80, 0x9F),
    0xF0: (3, 0x90, 0xBF),
    0xF4: (3, 0x80, 0x8F),
}
"""For the first byte of a character, how many bytes follow, and the range of the first of them."""


class Scanning:
    """The terminals of ``grammar``. ``representatives``: a byte for each set of those that all terminals read alike."""

    def __init__(self, grammar: Grammar) -> None:
        self._terminals = grammar.terminals
        self._prefers = grammar.lexing is Lexing.LONGEST
        self._dfas = {t: x.content for t, x in enumerate(grammar.terminals) if isinstance(x.content, ByteDfa)}
        self._states: dict[tuple[int, bytes], int] = {}
        self._labels: dict[Prospects, frozenset[int]] = {}
        self._columns: dict[tuple[Line, int], frozenset[int]] = {}
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
        before: frozenset[State] = frozenset()
        for terminal in self._alive(context, lexeme):
            state = self._state(terminal, lexeme)
            for ending in self._dfas[terminal].endings[state]:
                preferred = before | {(terminal, ending.preferred)} if ending.preferred != DEAD else before
                blockers = {Blocker(preferred)} if self._prefers else set()
                if ending.guard >= 0:
                    blockers.add(Blocker(frozenset({(terminal, ending.guard)}), is_guard=True))
                yield Ended(self._label(context, terminal, lexeme), frozenset(blockers))
            before |= {(terminal, state)}

    def labels(self, context: frozenset[int], lexeme: bytes) -> frozenset[int]:
        """The terminals that ``lexeme`` may still become, or is, by a search for ways to go on."""
        prospects = self.prospects(context, lexeme)
        if prospects not in self._labels:
            found: set[int] = set()
            seen = {prospects}
            queue = [lexeme]
            for current in queue:
                found.update(ended.terminal for ended in self.endings(context, current))
                for byte in self.representatives:
                    longer = current + bytes([byte])
                    ahead = self.prospects(context, longer)
                    if ahead.alive and ahead not in seen:
                        seen.add(ahead)
                        queue.append(longer)
            self._labels[prospects] = frozenset(found)
        return self._labels[prospects]

    def columns(self, context: frozenset[int], lexeme: bytes, indentation: Indentation, most: int) -> frozenset[int]:
        """The columns that a line can come to have of which ``lexeme`` is the line feed so far; ``most``: or more."""
        start = self._line(context, lexeme, indentation, most)
        if (start, most) not in self._columns:
            found: set[int] = set()
            seen = {start}
            queue = [lexeme]
            for current in queue:
                ended = {ended.terminal for ended in self.endings(context, current)}
                _, columns = self._line(context, current, indentation, most)
                if columns >= 0 and indentation.newline in ended:
                    found.add(columns)
                for byte in self.representatives:
                    longer = current + bytes([byte])
                    line = self._line(context, longer, indentation, most)
                    if line[0].alive and line not in seen:
                        seen.add(line)
                        queue.append(longer)
            self._columns[start, most] = frozenset(found)
        return self._columns[start, most]

    def _line(self, context: frozenset[int], lexeme: bytes, indentation: Indentation, most: int) -> Line:
        _, feed, line = lexeme.rpartition(b"\n")
        return self.prospects(context, lexeme), min(indentation.columns(line), most) if feed else -1

    def prospects(self, context: frozenset[int], lexeme: bytes) -> Prospects:
        """What makes a difference to how ``lexeme`` may go on."""
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
        """What is left of ``blockers`` after ``byte``; None if one of them has come about, or cannot but do so."""
        left = set()
        for blocker in blockers:
            if blocker.is_guard:
                verdicts = {self._guard_verdict(state) for state in self._guards_after(blocker.states, byte)}
                if VIOLATED in verdicts:
                    return None
                if PENDING in verdicts:
                    left.add(Blocker(self._guards_after(blocker.states, byte), is_guard=True))
                continue
            states = self._after(blocker.states, byte)
            rest, low, high = _REST.get(byte, (0, 0, 0))
            if self._has_decided(states) or (rest > 0 and self._is_inevitable(states, rest, low, high)):
                return None
            if states:
                left.add(Blocker(states))
        return frozenset(left)

    def _after(self, states: frozenset[State], byte: int) -> frozenset[State]:
        after = ((terminal, int(self._dfas[terminal].transitions[state, byte])) for terminal, state in states)
        return frozenset((terminal, state) for terminal, state in after if state != DEAD)

    def _has_decided(self, states: frozenset[State]) -> bool:
        return any(self._dfas[terminal].decided[state] for terminal, state in states)

    def _is_inevitable(self, states: frozenset[State], rest: int, low: int, high: int) -> bool:
        """Do all characters of which ``rest`` bytes are to come, the next from ``low`` to ``high``, match?"""
        if rest == 0:
            return self._has_decided(states)
        following = {self._after(states, byte) for byte in range(low, high + 1)}
        return all(self._is_inevitable(after, rest - 1, 0x80, 0xBF) for after in following)

    def _guards_after(self, states: frozenset[State], byte: int) -> frozenset[State]:
        guards = ((terminal, self._dfas[terminal].guard, state) for terminal, state in states)
        return frozenset((t, int(guard.transitions[state, byte])) for t, guard, state in guards if guard is not None)

    def _guard_verdict(self, state: State) -> int:
        guard = self._dfas[state[0]].guard
        assert guard is not None
        return int(guard.verdicts[state[1]])

    def let_end(self, blockers: Iterable[Blocker]) -> bool:
        """Do ``blockers`` let the text end here?"""
        for blocker in blockers:
            for terminal, state in blocker.states:
                dfa = self._dfas[terminal]
                if blocker.is_guard:
                    assert dfa.guard is not None
                    if not dfa.guard.at_end[state]:
                        return False
                elif dfa.decided_at_end is not None and dfa.decided_at_end[state]:
                    return False
        return True
