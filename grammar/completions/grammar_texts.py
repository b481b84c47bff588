"""Completing the text of a grammar, terminal by terminal.

The least terminals that complete the parser's stack are known (``derivations``), and for each the least text. Whether
texts may stand side by side is the scanner's business: so a terminal is tried as it is, behind a blank, and behind a
line feed with some columns, and what brings the matcher nearest to the end is kept. A step that does not bring it
nearer is not taken, so that this ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cfg.byte_dfa import DEAD, ByteDfa
from ..cfg.model import Embedded, Supplied
from ..kernels import layout as at
from .derivations import Derivation, Derivations, Stack
from .probe import Configuration, Probe

if TYPE_CHECKING:
    from ..cfg.tables import GrammarTables
    from .values import ValueTexts

_ORDER = np.argsort([0 if 0x20 < byte < 0x7F else 1 if byte in b" \n" else 2 for byte in range(256)], kind="stable")
_MOST_STACKS = 8
_MOST_WAYS = 64
_COLUMNS = 9


class _Way(NamedTuple):
    """``text`` ends the terminal in hand; then ``derivation`` is left. ``cost``: of both."""

    cost: int
    text: bytes
    derivation: Derivation


class GrammarTexts:
    """Pieces of completions of one grammar."""

    def __init__(self, tables: GrammarTables, values: ValueTexts) -> None:
        self._tables = tables
        self._values = values
        self._grammar = tables._grammar
        self._texts: dict[int, bytes | None] = {}
        self._endings: dict[int, list[tuple[int, bytes]]] = {}
        self._derivations = Derivations(tables._grammar, tables._lr, self._cost)
        self._separators = self._possible_separators()

    # --- terminals

    def _cost(self, terminal: int) -> int | None:
        text = self._text(terminal)
        return None if text is None else self._values.cost(text) if text else 0

    def _text(self, terminal: int) -> bytes | None:
        """The least text of a terminal; ``b""`` for those that no text spells."""
        if terminal not in self._texts:
            content = self._grammar.terminals[terminal].content
            if isinstance(content, ByteDfa):
                self._texts[terminal] = _least_text(content)
            elif isinstance(content, Embedded):
                self._texts[terminal] = self._values.text(int(self._tables._terminals[terminal, at.TERMINAL_NODE]))
            else:
                self._texts[terminal] = b"" if isinstance(content, Supplied) else None
        return self._texts[terminal]

    def _possible_separators(self) -> tuple[bytes, ...]:
        blanks = [b"", b" ", b"\n"] if self._grammar.ignored or self._grammar.indentation else [b""]
        if self._grammar.indentation is not None:
            blanks += [b"\n" + b" " * columns for columns in range(1, _COLUMNS)]
            blanks += [b" " * columns for columns in range(2, _COLUMNS)]
        return tuple(blanks)

    # --- where the matcher stands

    def next_piece(self, probe: Probe) -> bytes | None:
        """Some bytes nearer to the end, which the probe then has read; None if none was found."""
        ways = self._ways(probe)
        if not ways:
            return None
        start = probe.length
        now = ways[0].cost
        for way in ways[:_MOST_WAYS]:
            best: tuple[int, bytes] | None = None
            for piece in self._pieces(way):
                if not probe.read(piece):
                    continue
                left = 0 if probe.matcher.is_accepting() else self._left(probe)
                probe.back(start)
                if left is not None and (best is None or left < best[0]):
                    best = (left, piece)
            if best is not None and best[0] < max(now, way.cost) and probe.read(best[1]):
                return best[1]
        return None

    def _left(self, probe: Probe) -> int | None:
        ways = self._ways(probe)
        return 1 + ways[0].cost if ways else None

    def _pieces(self, way: _Way) -> Iterator[bytes]:
        """What to try next: the rest of the terminal in hand, alone or with the next one that has a text."""
        texts = [self._text(terminal) for terminal in way.derivation.terminals]
        following = next((text for text in texts if text), None)
        if following is None:
            yield from (way.text + separator for separator in self._separators if way.text + separator)
        else:
            yield from (way.text + separator + following for separator in self._separators)

    def _ways(self, probe: Probe) -> list[_Way]:
        """Ways to go on, the least first."""
        found = []
        for thread in self._threads(probe):
            if thread.mode == at.GRAMMAR:
                stacks = self._stacks(probe, thread.b)
                endings = self._endings_of(thread.a) if thread.a != DEAD else []
                if thread.a == DEAD:
                    found += [self._way(b"", stack) for stack in stacks]
                for terminal, text in endings:
                    found += [self._way(text, after) for stack in stacks for after in self._after(stack, terminal)]
            elif thread.mode in (at.ENDED, at.EMBEDDED_NUMBER):
                frame = probe.frame_at(thread.frame)
                if frame.kind == at.EMBEDDED:
                    stacks = self._stacks(probe, frame.come)
                    found += [self._way(b"", after) for stack in stacks for after in self._after(stack, frame.node)]
        return sorted((way for way in found if way is not None), key=lambda way: way.cost)

    def _way(self, text: bytes, stack: Stack) -> _Way | None:
        derivation = self._derivations.completion(stack)
        if derivation is None:
            return None
        return _Way((self._values.cost(text) if text else 0) + derivation.cost, text, derivation)

    def _after(self, stack: Stack, terminal: int) -> list[Stack]:
        """The stacks after ``terminal``; what a line feed may bring about is left open."""
        if terminal in self._grammar.ignored:
            return [stack]
        stacks = self._derivations.after(stack, terminal)
        indentation = self._grammar.indentation
        if indentation is not None and terminal == indentation.newline:
            indented = [after for each in stacks for after in self._derivations.after(each, indentation.indent)]
            dedented, level = [], stacks
            for _ in range(len(stack)):
                level = [after for each in level for after in self._derivations.after(each, indentation.dedent)]
                dedented += level
            stacks = [stack, *stacks, *indented, *dedented]
        return stacks

    def _threads(self, probe: Probe) -> list[Configuration]:
        configuration = probe.configuration
        if configuration.mode != at.SEVERAL:
            return [configuration]
        arena, place = probe.matcher._arena, configuration.a
        count = int(arena[place])
        rows = arena[place + 1 : place + 1 + count * at.THREAD].reshape(count, at.THREAD).tolist()
        return [Configuration._make([*row[: at.TOP], row[at.TOP] or configuration.top]) for row in rows]

    def _stacks(self, probe: Probe, frontier: int) -> list[Stack]:
        """Some of the stacks of a frontier, the bottom first."""
        arena = probe.matcher._arena
        nodes = [frontier] if frontier > 0 else arena[1 - frontier : 1 - frontier + int(arena[-frontier])].tolist()
        found: list[Stack] = []
        work: list[tuple[int, Stack]] = [(node, ()) for node in nodes]
        while work and len(found) < _MOST_STACKS:
            node, above = work.pop()
            stack = (int(arena[node + at.GSS_STATE]), *above)
            below, more = int(arena[node + at.GSS_BELOW]), int(arena[node + at.GSS_MORE])
            if below == at.NONE:
                found.append(stack)
                continue
            while more:
                work.append((int(arena[more + at.EDGE_BELOW]), stack))
                more = int(arena[more + at.EDGE_MORE])
            work.append((below, stack))
        return found

    def _endings_of(self, state: int) -> list[tuple[int, bytes]]:
        """For each terminal that the one in hand may become, the least text that ends it."""
        if state not in self._endings:
            self._endings[state] = self._find_endings(state)
        return self._endings[state]

    def _find_endings(self, state: int) -> list[tuple[int, bytes]]:
        scanner = self._tables._scanner
        columns: dict[int, int] = {}
        for byte in _ORDER.tolist():
            columns.setdefault(int(scanner.byte_class[byte]), byte)
        found: dict[int, bytes] = {}
        level, met = [(state, b"")], {state}
        while level:
            following = []
            for current, text in level:
                first, count = scanner.where[current].tolist()
                for terminal in scanner.endings[first : first + count, 2].tolist():
                    found.setdefault(terminal, text)
                row = scanner.transitions[current].tolist()
                for column, byte in columns.items():
                    after = row[column]
                    if after != DEAD and after not in met:
                        met.add(after)
                        following.append((after, text + bytes([byte])))
            level = following
        return list(found.items())


def _least_text(dfa: ByteDfa) -> bytes | None:
    """The shortest text that an automaton matches, of plain characters where that makes no difference."""
    paths: dict[int, bytes] = {dfa.start: b""}
    level = [dfa.start]
    while level:
        following = []
        for state in level:
            if dfa.endings[state] and paths[state]:
                return paths[state]
            row: NDArray[np.int32] = dfa.transitions[state]
            for byte in _ORDER.tolist():
                after = int(row[byte])
                if after != DEAD and after not in paths:
                    paths[after] = paths[state] + bytes([byte])
                    following.append(after)
        level = following
    return None
