"""A grammar executed slowly and plainly: what the kernels are tested against.

A configuration is a set of threads, the ways to understand the text so far. A thread has one stack of parser states,
written out in full, and the bytes of the terminal in hand, which every terminal's own automaton reads anew with each
byte. Nothing is shared between threads, and no automata are run as one.

**What is promised.** A byte is read if some thread goes on: if ``is_exact``, while a completion of the whole text
exists (``interpreter_completing``). Otherwise while the terminal in hand may still become one that its stack can read
(a line feed only with columns that the line can still come to have), or one that is ignored, and none of its blockers
has come about. That is less in one case: all completions of a thread may meet its blockers, or be cut into other
terminals, because names that have to follow each other cannot. ``completion`` searches for a text that completes a
configuration.

Not supported: speed, and special tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..automaton import Automaton
from ..errors import LimitExceeded
from ..interpreter import Interpreter
from ..interpreter_configuration import Configuration as ValueConfiguration
from ..kernels import layout as at
from ..limits import Budget
from ..vocabulary import Vocabulary
from .analysis import without_empty
from .interpreter_completing import Completing, Place
from .interpreter_scanning import Blocker, Ended, Scanning
from .lr import lr_automaton
from .model import Embedded, Grammar, Supplied

Stack = tuple[int, ...]


@dataclass(frozen=True)
class Position:
    """Where the parser is: ``stack``, how deep in parentheses, and the columns of the open blocks."""

    stack: Stack
    opened: int = 0
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Thread:
    """One way to understand the text so far.

    ``context``: the terminals that are looked for; ``lexeme``: what was read of one, nothing only before all text.
    ``value``: instead, what was read of the value that the terminal ``embedded`` is. ``blockers``: what must not match.
    """

    position: Position
    context: frozenset[int]
    lexeme: bytes = b""
    blockers: frozenset[Blocker] = frozenset()
    embedded: int = at.NONE
    value: ValueConfiguration | None = None


Configuration = frozenset[Thread]


class GrammarInterpreter:
    """Runs ``grammar``; ``nodes``: for each terminal that is embedded, its value node in ``automaton``; ``is_exact``:
    is whatever cannot be completed refused (no values, no lines that indent)."""

    def __init__(
        self,
        grammar: Grammar,
        budget: Budget,
        automaton: Automaton | None = None,
        nodes: Mapping[int, int] | None = None,
        is_exact: bool = False,
    ) -> None:
        self._grammar, self._accepts_empty = without_empty(grammar)
        self._lr = lr_automaton(self._grammar, budget)
        self._scanning = Scanning(self._grammar)
        self._values = None if automaton is None else Interpreter(automaton)
        self._nodes = nodes or {}
        self._shifted: dict[tuple[Stack, int], frozenset[Stack]] = {}
        self._completing = None
        if is_exact:
            parts = self._grammar, self._lr, self._scanning, self._accepts_empty, self._context
            self._completing = Completing(*parts)

    # --- the interface

    def start(self) -> Configuration:
        return frozenset({Thread(Position((0,)), self._context((0,)))})

    def read(self, configuration: Configuration, content: bytes) -> Configuration | None:
        """The configuration after all of ``content``, None if a byte of it is refused."""
        current: Configuration | None = configuration
        for byte in content:
            current = None if current is None else self.step(current, byte)
        return current

    def step(self, configuration: Configuration, byte: int) -> Configuration | None:
        """The configuration after ``byte``, or None: no thread goes on like this."""
        return frozenset(after for thread in configuration for after in self._step(thread, byte)) or None

    def is_accepting(self, configuration: Configuration) -> bool:
        """Is the text so far a complete member of the language?"""
        return any(self._may_end(thread) for thread in configuration)

    def mask(self, configuration: Configuration, vocabulary: Vocabulary) -> NDArray[np.bool_]:
        """Which tokens may come next; bool[V]."""
        reached: dict[bytes, Configuration | None] = {b"": configuration}

        def reach(content: bytes) -> Configuration | None:
            if content not in reached:
                before = reach(content[:-1])
                reached[content] = None if before is None else self.step(before, content[-1])
            return reached[content]

        allowed = np.array([token != b"" and reach(token) is not None for token in vocabulary.spelled], np.bool_)
        allowed[list(vocabulary.eos_token_ids)] = self.is_accepting(configuration)
        return allowed

    def completion(
        self, configuration: Configuration, letters: Iterable[int] = range(256), most: int = 1000
    ) -> bytes | None:
        """A shortest text of ``letters`` that completes ``configuration``; None if there is none.

        Raises ``LimitExceeded`` if it is not among the nearest ``most`` configurations.
        """
        tried = sorted(set(letters) & set(self._scanning.representatives))
        reached = {configuration: b""}
        queue = [configuration]
        for current in queue:
            if self.is_accepting(current):
                return reached[current]
            if len(reached) > most:
                raise LimitExceeded(f"no completion among {most:,} configurations", remedy="raise ``most``")
            for byte in tried:
                after = self.step(current, byte)
                if after is not None and after not in reached:
                    reached[after] = reached[current] + bytes([byte])
                    queue.append(after)
        return None

    # --- the parser

    def _context(self, stack: Stack) -> frozenset[int]:
        """The terminals that are looked for where the parser's state is the last of ``stack``."""
        known = self._lr.knows(stack[-1]) - {self._lr.end}
        return known | self._grammar.beside(known)

    def _shift(self, stack: Stack, terminal: int) -> frozenset[Stack]:
        """All stacks that ``stack`` may become by reading ``terminal``."""
        if (stack, terminal) not in self._shifted:
            found, work = {stack}, [stack]
            while work:
                top = work.pop()
                for rule in self._lr.reductions[top[-1]].get(terminal, ()):
                    origin, expansion = self._grammar.rules[rule].origin, self._grammar.rules[rule].expansion
                    below = top[: len(top) - len(expansion)]
                    reduced = (*below, self._lr.gotos[below[-1]][origin])
                    if reduced not in found:
                        found.add(reduced)
                        work.append(reduced)
            shifts = ((top, self._lr.shifts[top[-1]].get(terminal)) for top in found)
            self._shifted[stack, terminal] = frozenset((*top, state) for top, state in shifts if state is not None)
        return self._shifted[stack, terminal]

    def _shift_all(self, stacks: Iterable[Stack], terminal: int) -> frozenset[Stack]:
        return frozenset(after for stack in stacks for after in self._shift(stack, terminal))

    def _read(self, position: Position, terminal: int, lexeme: bytes) -> Iterator[Position]:
        """Where the parser may be after ``terminal``, whose text is ``lexeme``."""
        grammar, opened = self._grammar, position.opened
        if terminal in grammar.ignored:
            yield position
            return
        if grammar.indentation is not None:
            if terminal == grammar.indentation.newline:
                yield from [position] if opened else self._read_newline(position, lexeme)
                return
            opened += (terminal in grammar.indentation.openers) - (terminal in grammar.indentation.closers)
        if opened >= 0:
            for stack in self._shift(position.stack, terminal):
                yield Position(stack, opened, position.blocks)

    def _read_newline(self, position: Position, lexeme: bytes) -> Iterator[Position]:
        """Where the parser may be after a line feed outside parentheses, and what it indents."""
        indentation = self._grammar.indentation
        assert indentation is not None
        _, feed, line = lexeme.rpartition(b"\n")
        if not feed:
            return
        yield from self._read_columns(position, indentation.columns(line))

    def _read_columns(self, position: Position, columns: int) -> Iterator[Position]:
        """Where the parser may be after a line feed outside parentheses, with ``columns`` behind it."""
        indentation = self._grammar.indentation
        assert indentation is not None
        stacks, blocks = self._shift(position.stack, indentation.newline), position.blocks
        if columns > (0, *blocks)[-1]:
            stacks, blocks = self._shift_all(stacks, indentation.indent), (*blocks, columns)
        while columns < (0, *blocks)[-1]:
            stacks, blocks = self._shift_all(stacks, indentation.dedent), blocks[:-1]
        if columns == (0, *blocks)[-1]:
            after = (Position(stack, 0, blocks) for stack in stacks)
            yield from (position for position in after if self._goes_on(position))

    def _goes_on(self, position: Position) -> bool:
        """Can anything come that has a text, or the end?"""
        terminals = enumerate(self._grammar.terminals)
        return self._text_may_end(position) or any(
            self._shift(position.stack, number)
            for number, terminal in terminals
            if not isinstance(terminal.content, Supplied)
        )

    def _text_may_end(self, position: Position) -> bool:
        if position.stack == (0,) and self._accepts_empty:
            return True
        stacks = frozenset({position.stack})
        for _ in position.blocks:
            assert self._grammar.indentation is not None
            stacks = self._shift_all(stacks, self._grammar.indentation.dedent)
        return bool(self._shift_all(stacks, self._lr.end))

    # --- threads

    def _goes_on_with(self, thread: Thread) -> bool:
        """May the lexeme still become something that can be read?"""
        if self._completing is not None:
            return self._can_be_completed(thread, self._completing)
        return any(
            label in self._grammar.ignored
            or (
                self._line_goes_on(thread)
                if self._is_newline(label)
                else bool(self._shift(thread.position.stack, label))
            )
            for label in self._scanning.labels(thread.context, thread.lexeme)
        )

    def _can_be_completed(self, thread: Thread, completing: Completing) -> bool:
        stack = thread.position.stack
        return any(
            completing.is_possible(after, Place(self._context(after), ahead.blockers, ahead.ends))
            for ahead in completing.ahead(thread.context, thread.lexeme, thread.blockers)
            for after in ([stack] if ahead.terminal in self._grammar.ignored else self._shift(stack, ahead.terminal))
        )

    def _is_newline(self, terminal: int) -> bool:
        return self._grammar.indentation is not None and terminal == self._grammar.indentation.newline

    def _line_goes_on(self, thread: Thread) -> bool:
        """Are there columns that the line feed in hand can come to have and the parser can read?"""
        position, indentation = thread.position, self._grammar.indentation
        assert indentation is not None
        most = (0, *position.blocks)[-1] + 1
        return position.opened > 0 or any(
            any(self._read_columns(position, columns))
            for columns in self._scanning.columns(thread.context, thread.lexeme, indentation, most)
        )

    def _begin(self, position: Position, blockers: frozenset[Blocker], byte: int) -> Iterator[Thread]:
        """The threads in which a new terminal begins with ``byte``."""
        context = self._context(position.stack)
        thread = Thread(position, context, bytes([byte]), blockers)
        if self._goes_on_with(thread):
            yield thread
        for terminal in context:
            if isinstance(self._grammar.terminals[terminal].content, Embedded) and self._shift(
                position.stack, terminal
            ):
                assert self._values is not None
                value = self._values.step(self._values.start_at(self._nodes[terminal]), byte)
                if value is not None:
                    yield Thread(position, context, embedded=terminal, value=value)

    def _step(self, thread: Thread, byte: int) -> Iterator[Thread]:
        if thread.value is not None:
            yield from self._step_value(thread, thread.value, byte)
            return
        blockers = self._scanning.advanced(thread.blockers, byte)
        if blockers is None:
            return
        if not thread.lexeme:
            yield from self._begin(thread.position, blockers, byte)
            return
        longer = replace(thread, lexeme=thread.lexeme + bytes([byte]), blockers=blockers)
        if self._goes_on_with(longer):
            yield longer
        for ended in self._scanning.endings(thread.context, thread.lexeme):
            left = self._scanning.advanced(ended.blockers, byte)
            if left is not None:
                for position in self._read(thread.position, ended.terminal, thread.lexeme):
                    yield from self._begin(position, blockers | left, byte)

    def _step_value(self, thread: Thread, value: ValueConfiguration, byte: int) -> Iterator[Thread]:
        """A byte for an embedded value: numbers end where the byte does not make another number, others at once."""
        assert self._values is not None
        complete = self._values.is_accepting(value)
        longer = self._values.step(value, byte) if not complete or value.mode == at.NUMBER else None
        if longer is not None:
            yield replace(thread, value=longer)
        if complete and (longer is None or not self._values.is_accepting(longer)):
            for position in self._read(thread.position, thread.embedded, b""):
                yield from self._begin(position, frozenset(), byte)

    def _may_end(self, thread: Thread) -> bool:
        if thread.value is not None:
            assert self._values is not None
            ends = [Ended(thread.embedded, frozenset())] if self._values.is_accepting(thread.value) else []
        elif not thread.lexeme:
            return self._text_may_end(thread.position)
        else:
            ends = list(self._scanning.endings(thread.context, thread.lexeme))
        return any(
            self._text_may_end(position)
            for ended in ends
            if self._scanning.let_end(thread.blockers | ended.blockers)
            for position in self._read(thread.position, ended.terminal, thread.lexeme)
        )
