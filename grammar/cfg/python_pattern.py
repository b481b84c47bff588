"""Terminals written as regular expressions of Python, as automata over bytes.

A state is a list of ways to go on, in order of preference (``threads``), beside what look-behinds have seen. Explored
over classes of code points, minimised, and only then spelled out in bytes.

Not supported, beside what ``python_syntax`` refuses: look-behinds, ``^`` and ``\\b`` where the text before the terminal
decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import charset
from ..dfa import Alphabet
from ..dfa_operations import states_exceeded
from ..errors import InvalidGrammar, LimitExceeded
from ..kernels.programs import ACCEPTS, ACCEPTS_AT_END, ORDERED
from ..limits import Budget
from ..program import Sets, UnsureError, determinized
from ..regex_syntax import shown
from .byte_assembly import NO_GUARD, Explored, assembled
from .byte_dfa import DEAD, ByteDfa, plain_byte_dfa
from .formulas import FALSE, TRUE
from .plain_patterns import plain_pattern_dfa
from .python_nodes import Ahead, Atomic, Behind, Chars, Choice, Concat, Node, Repeat
from .python_program import pattern_program
from .python_syntax import parse
from .threads import ARRIVED, DECIDED, MATCH, Context, Items, Threads

_Key = TypeVar("_Key")


def python_pattern_dfa(pattern: str, flags: frozenset[str], budget: Budget, *, may_be_empty: bool = False) -> ByteDfa:
    """What ``re.match`` finds for ``pattern``; ``flags`` are letters as in ``(?i)``.

    Raises ``InvalidPattern`` (unless it ``may_be_empty``, also for what matches the empty text),
    ``UnsupportedPattern``, or ``LimitExceeded`` over the limit of states or seconds, or for too much nesting.
    """
    found = plain_pattern_dfa(pattern, flags, budget.limits.states)
    return found or _compile(pattern, flags, budget, may_be_empty)


def python_language(pattern: str, budget: Budget) -> ByteDfa:
    """All that ``re.match`` can find for ``pattern``, the empty text too, without conditions.

    Raises ``InvalidGrammar`` for a pattern that looks ahead of its end, beside what ``python_pattern_dfa`` raises.
    """
    found = _compile(pattern, frozenset(), budget, True)
    if found.guard is not None:
        remedy = "look ahead of nothing but the pattern's own text"
        raise InvalidGrammar(f"the pattern {shown(pattern)} looks ahead of its end", remedy=remedy)
    return plain_byte_dfa(found.transitions, found.start, np.array([bool(endings) for endings in found.endings]))


@lru_cache(maxsize=1024)
def _compile(pattern: str, flags: frozenset[str], budget: Budget, may_be_empty: bool) -> ByteDfa:
    try:
        return _compiled(pattern, flags, budget, may_be_empty)
    except RecursionError:
        problem = f"groups are nested too deep in the pattern {shown(pattern)}"
        raise LimitExceeded(problem, remedy="remove groups that neither repeat nor separate alternatives") from None


def _compiled(pattern: str, flags: frozenset[str], budget: Budget, may_be_empty: bool) -> ByteDfa:
    subject = f"the pattern {shown(pattern)}"
    node = parse(pattern, flags, may_be_empty=may_be_empty)
    try:
        alphabet, explored = determinize_node(node, budget)
    except UnsureError:
        alphabet, explored = explore_node(node, subject, budget)
    return assembled(explored, alphabet, budget, subject)


def determinize_node(node: Node, budget: Budget) -> tuple[Alphabet, Explored]:
    """The states of ``node`` by a kernel; ``UnsureError`` for what it does not do, or not soon."""
    sets = Sets()
    program = pattern_program(node, sets)
    alphabet, found = determinized(program, sets, ORDERED, budget.limits.states)
    if len(found.flags) == 1:
        raise UnsureError
    endings: list[list[tuple[int, int]]] = [[] for _ in found.flags]
    for state, preferred, guard in found.endings.tolist():
        endings[state].append((preferred, guard))
    kinds = [(guard == 1, bool(flags)) for guard, flags in enumerate(found.guard_flags.tolist())]
    decided, at_end = found.flags & ACCEPTS != 0, found.flags & ACCEPTS_AT_END != 0
    return alphabet, Explored(found.transitions, decided, at_end, endings, found.guards, kinds)


def explore_node(node: Node, subject: str, budget: Budget) -> tuple[Alphabet, Explored]:
    """The states of ``node`` by lists of threads, whatever it holds: slower, and what the kernel is held to."""
    sets = list(dict.fromkeys(_char_sets(node)))
    alphabet, found = charset.partition([charset.ANY, *sets])
    masks = dict(zip(sets, found[1:], strict=True))
    threads = Threads(lambda chars: masks[chars.chars], subject, budget.check)
    exploration = _Exploration(threads, found[0], subject, budget)
    return alphabet, exploration.explore(threads.chain(node, ARRIVED))


def _char_sets(node: Node) -> Iterable[charset.CharSet]:
    match node:
        case Chars(chars):
            yield chars
        case Concat(children) | Choice(children):
            for child in children:
                yield from _char_sets(child)
        case Repeat(body) | Atomic(body) | Ahead(body) | Behind(body):
            yield from _char_sets(body)


class _Exploration:
    """Walks over all states of a pattern, and over those of its conditions."""

    def __init__(self, threads: Threads, full: int, subject: str, budget: Budget) -> None:
        self._threads = threads
        self._full = full
        self._subject = subject
        self._budget = budget
        self._states: dict[tuple[Items, Context], int] = {}
        self._guards: dict[tuple[int, Context], int] = {(FALSE, ()): 0, (TRUE, ()): 1}

    def explore(self, continuation: int) -> Explored:
        threads = self._threads
        self._states[(), ()] = DEAD
        context = threads.behinds.start()
        self._state(threads.expand(continuation, context), context)
        rows, endings = self._explore_states()
        guards = self._explore_guards()
        lists = [items for items, _ in self._states]
        conditions = [condition for condition, _ in self._guards]
        return Explored(
            rows,
            np.array([bool(items) and _is_decided(items) for items in lists]),
            np.array([threads.may_end(items) for items in lists]),
            endings,
            guards,
            [(condition == TRUE, threads.holds_at_end(condition)) for condition in conditions],
        )

    def _state(self, items: Items, context: Context) -> int:
        context = self._threads.relevant(context, items)
        return self._states.setdefault((items, context), len(self._states))

    def _guard(self, condition: int, context: Context) -> int:
        context = self._threads.condition_relevant(context, condition)
        return self._guards.setdefault((condition, context), len(self._guards))

    def _explore_states(self) -> tuple[NDArray[np.int32], list[list[tuple[int, int]]]]:
        threads, behinds = self._threads, self._threads.behinds
        rows: list[list[int]] = []
        endings: list[list[tuple[int, int]]] = []
        for items, context in _growing(self._states):
            self._charge(len(rows))
            endings.append(self._endings(items, context))
            row = [DEAD] * self._full.bit_length()
            for block in _blocks(self._full, threads.masks(items) | behinds.masks(context)):
                symbols = _symbols(block)
                after = behinds.advance(context, symbols[0])
                moved = threads.advance(items, symbols[0], after)
                if moved:
                    state = self._state(moved, after)
                    for symbol in symbols:
                        row[symbol] = state
            rows.append(row)
        return np.array(rows, np.int32), endings

    def _endings(self, items: Items, context: Context) -> list[tuple[int, int]]:
        endings = []
        for index, item in enumerate(items):
            if item[0] == MATCH:
                condition = item[4]
                preferred = self._state(items if condition == TRUE else items[:index], context)
                endings.append((preferred, NO_GUARD if condition == TRUE else self._guard(condition, context)))
        return endings

    def _explore_guards(self) -> NDArray[np.int32]:
        threads, behinds = self._threads, self._threads.behinds
        rows: list[list[int]] = []
        for condition, context in _growing(self._guards):
            self._charge(len(rows))
            row = [len(rows)] * self._full.bit_length()
            if condition not in (FALSE, TRUE):
                for block in _blocks(self._full, threads.condition_masks(condition) | behinds.masks(context)):
                    symbols = _symbols(block)
                    after = behinds.advance(context, symbols[0])
                    guard = self._guard(threads.derive(condition, symbols[0], after), after)
                    for symbol in symbols:
                        row[symbol] = guard
            rows.append(row)
        return np.array(rows, np.int32)

    def _charge(self, states: int) -> None:
        self._budget.check()
        if states > self._budget.limits.states:
            raise states_exceeded(self._subject, self._budget)


def _growing(states: Mapping[_Key, int]) -> Iterator[_Key]:
    """The keys of ``states``, those included that are added meanwhile."""
    done = 0
    while done < len(states):
        fresh = list(states)[done:]
        done += len(fresh)
        yield from fresh


def _is_decided(items: Items) -> bool:
    return items[-1][0] == DECIDED or (items[-1][0] == MATCH and items[-1][4] == TRUE)


def _blocks(full: int, masks: Iterable[int]) -> list[int]:
    """The coarsest partition of ``full`` that tells ``masks`` apart."""
    blocks = [full]
    for mask in masks:
        refined = []
        for block in blocks:
            inside = block & mask
            if inside and inside != block:
                refined += [inside, block ^ inside]
            else:
                refined.append(block)
        blocks = refined
    return blocks


def _symbols(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found
