"""The least terminals that complete what a parser has read.

For each symbol the derivation that costs least is a least fixpoint over the rules (Knuth 1977). A stack is completed by
finishing an item of its top state, reducing, and going on from there: a shortest path over what is left of the stack
and the state on top (Dijkstra). Look-ahead need not be considered: what follows is a sentence that the stack begins.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..cfg.lr_tables import LrTables
from ..cfg.model import Grammar

Stack = tuple[int, ...]
_MOST_STACKS = 16


@dataclass(frozen=True)
class Derivation:
    """Terminals, and what their texts cost."""

    cost: int
    terminals: tuple[int, ...]


class Derivations:
    """``cost``: of a terminal, None where it has no text."""

    def __init__(self, grammar: Grammar, lr: LrTables, cost: Callable[[int], int | None]) -> None:
        self._lr = lr
        self._rules = [(rule.origin, rule.expansion) for rule in grammar.rules]
        self._rules.append((len(grammar.nonterminals), (~grammar.start, lr.end)))
        self._least: dict[int, Derivation] = {lr.end: Derivation(0, ())}
        for terminal in range(len(grammar.terminals)):
            worth = cost(terminal)
            if worth is not None:
                self._least[terminal] = Derivation(worth, (terminal,))
        self._known: dict[Stack, Derivation | None] = {}
        self._derive()

    def _derive(self) -> None:
        """Rules are looked at again until none makes anything cheaper; each costs at least what its parts do."""
        using: dict[int, list[int]] = {}
        for number, (_, expansion) in enumerate(self._rules):
            for symbol in expansion:
                using.setdefault(symbol, []).append(number)
        work = list(range(len(self._rules)))
        while work:
            origin, expansion = self._rules[work.pop()]
            found = self._of(expansion)
            known = self._least.get(~origin)
            if found is not None and (known is None or found.cost < known.cost):
                self._least[~origin] = found
                work += using.get(~origin, ())

    def _of(self, symbols: Iterable[int]) -> Derivation | None:
        parts = [self._least.get(symbol) for symbol in symbols]
        if None in parts:
            return None
        known = [part for part in parts if part is not None]
        return Derivation(
            sum(part.cost for part in known), tuple(terminal for part in known for terminal in part.terminals)
        )

    def completion(self, stack: Stack) -> Derivation | None:
        """The least terminals that complete a text of which ``stack``, the bottom first, is what was read."""
        if stack not in self._known:
            self._known[stack] = self._search(stack)
        return self._known[stack]

    def _search(self, stack: Stack) -> Derivation | None:
        start = (len(stack) - 1, stack[-1])  # the state on top lies at this height, the stack below it is unchanged
        ways: list[tuple[int, tuple[int, int], tuple[int, ...]]] = [(0, start, ())]
        done: set[tuple[int, int]] = set()
        while ways:
            cost, place, terminals = heapq.heappop(ways)
            if place in done:
                continue
            done.add(place)
            height, top = place
            if height < 0:
                return Derivation(cost, terminals)
            for rule, dot in self._lr.items_of(top):
                origin, expansion = self._rules[rule]
                rest = self._of(expansion[dot:])
                if rest is None:
                    continue
                below = height - dot
                following = (-1, -1)
                if rule != len(self._rules) - 1:
                    following = (below + 1, self._lr.goto(stack[below], origin))
                heapq.heappush(ways, (cost + rest.cost, following, terminals + rest.terminals))
        return None

    def after(self, stack: Stack, terminal: int) -> list[Stack]:
        """The stacks after ``terminal`` is read."""
        found, work, met = [], [stack], {stack}
        while work and len(met) < _MOST_STACKS:
            current = work.pop()
            for action in self._lr.actions_of(current[-1], terminal):
                if action > 0:
                    found.append((*current, action - 1))
                    continue
                origin, expansion = self._rules[-1 - action]
                below = current[: len(current) - len(expansion)]
                reduced = (*below, self._lr.goto(below[-1], origin))
                if reduced not in met:
                    met.add(reduced)
                    work.append(reduced)
        return found
