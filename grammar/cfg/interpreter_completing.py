"""Whether a thread of the slow interpreter can be completed, told plainly: by following whatever may come.

A *place* lies between two terminals: the context of the next one, what must not match behind the last one, and whether
the text may end there. From a place, any lexeme may come that the blockers let pass, and so lead to other places; a
nonterminal leads from a place to those behind its texts. What a stack needs are the rests of the rules that it is in
the middle of, from the innermost out.

Not supported: values, and lines that indent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .interpreter_scanning import Blocker, Scanning
from .lr import Lr
from .model import Grammar

Stack = tuple[int, ...]


class Place(NamedTuple):
    context: frozenset[int]
    blockers: frozenset[Blocker]
    ends: bool


class Ahead(NamedTuple):
    """A terminal that may come, with what then must not match and whether the text may end."""

    terminal: int
    blockers: frozenset[Blocker]
    ends: bool


_Call = tuple[int, int, Place]
"""A nonterminal, the parser's state where it begins, and the place."""


class Completing:
    """``context``: the terminals that are looked for, by the parser's stack."""

    def __init__(
        self,
        grammar: Grammar,
        lr: Lr,
        scanning: Scanning,
        accepts_empty: bool,
        context: Callable[[Stack], frozenset[int]],
    ) -> None:
        self._grammar, self._lr, self._scanning = grammar, lr, scanning
        self._accepts_empty, self._context = accepts_empty, context
        self._ahead: dict[object, frozenset[Ahead]] = {}
        self._results: dict[_Call, set[Place]] = {}
        self._new: list[_Call] = []
        self._answers: dict[tuple[Stack, Place], bool] = {}

    def ahead(self, context: frozenset[int], lexeme: bytes, blockers: frozenset[Blocker]) -> frozenset[Ahead]:
        """What the lexeme may become, if it is one: otherwise, what may come."""
        start = self._scanning.prospects(context, lexeme), blockers, bool(lexeme)
        if start not in self._ahead:
            found: set[Ahead] = set()
            seen: set[object] = {start}
            queue = [(lexeme, blockers)]
            for current, left in queue:
                for ended in self._scanning.endings(context, current) if current else ():
                    both = left | ended.blockers
                    found.add(Ahead(ended.terminal, both, self._scanning.let_end(both)))
                for byte in self._scanning.representatives:
                    longer, after = current + bytes([byte]), self._scanning.advanced(left, byte)
                    if after is not None:
                        key = self._scanning.prospects(context, longer), after, True
                        if key[0].alive and key not in seen:
                            seen.add(key)
                            queue.append((longer, after))
            self._ahead[start] = frozenset(found)
        return self._ahead[start]

    def is_possible(self, stack: Stack, place: Place) -> bool:
        """Can the text be completed where the parser has ``stack``?"""
        start = stack, place
        if start not in self._answers:
            reached = dict.fromkeys((stack, each) for each in self._with_ignored([place]))
            queue = list(reached)
            found = False
            for current, at in queue:
                after, ended = self._outwards(current, at)
                found = found or ended
                queue += [each for each in after if each not in reached]
                reached.update(dict.fromkeys(after))
            self._answers[start] = found
        return self._answers[start]

    def _outwards(self, stack: Stack, place: Place) -> tuple[list[tuple[Stack, Place]], bool]:
        """Where the parser may be once a rule that it is in the middle of is read; and can the text end."""
        found: dict[tuple[Stack, Place], None] = {}
        ends = stack == (0,) and place.ends and self._accepts_empty
        for rule, read in self._lr.items[stack[-1]]:
            if rule == len(self._grammar.rules):
                rest = (~self._grammar.start,) if read == 0 else ()
                ends = ends or any(after.ends for after in self._behind(stack[-1], rest, place))
                continue
            origin, expansion = self._grammar.rules[rule]
            below = stack[: len(stack) - read]
            for after in self._behind(stack[-1], expansion[read:], place):
                found[(*below, self._lr.gotos[below[-1]][origin]), after] = None
        return list(found), ends

    # --- what is behind symbols

    def _with_ignored(self, places: Iterable[Place]) -> list[Place]:
        """``places``, and those behind what is ignored there."""
        found = dict.fromkeys(places)
        queue = list(found)
        for place in queue:
            for ahead in self.ahead(place.context, b"", place.blockers):
                after = Place(place.context, ahead.blockers, ahead.ends)
                if ahead.terminal in self._grammar.ignored and after not in found:
                    found[after] = None
                    queue.append(after)
        return list(found)

    def _behind(self, state: int, symbols: tuple[int, ...], place: Place) -> set[Place]:
        """The places behind texts of ``symbols``."""
        places = self._walk(state, symbols, place)
        while self._new:
            calls, self._new = self._new, []
            changed = True
            while changed:
                changed = False
                for call in calls:
                    origin, begun, before = call
                    for rule in self._grammar.rules:
                        if rule.origin == origin:
                            after = self._walk(begun, rule.expansion, before)
                            changed |= not after <= self._results[call]
                            self._results[call] |= after
                changed |= bool(self._new)
                calls, self._new = calls + self._new, []
            places = self._walk(state, symbols, place)
        return places

    def _walk(self, state: int, symbols: tuple[int, ...], place: Place) -> set[Place]:
        """``_behind``, as far as it is known; calls that are met for the first time are noted."""
        places = {place}
        for symbol in symbols:
            after: set[Place] = set()
            for each in places:
                after |= self._call(~symbol, state, each) if symbol < 0 else self._read(symbol, state, each)
            places = after
            state = self._lr.gotos[state][~symbol] if symbol < 0 else self._lr.shifts[state][symbol]
        return places

    def _call(self, nonterminal: int, state: int, place: Place) -> set[Place]:
        call = nonterminal, state, place
        if call not in self._results:
            self._results[call] = set()
            self._new.append(call)
        return self._results[call]

    def _read(self, terminal: int, state: int, place: Place) -> set[Place]:
        context = self._context((self._lr.shifts[state][terminal],))
        return set(
            self._with_ignored(
                Place(context, ahead.blockers, ahead.ends)
                for ahead in self.ahead(place.context, b"", place.blockers)
                if ahead.terminal == terminal
            )
        )
