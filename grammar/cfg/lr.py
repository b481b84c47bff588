"""LALR(1) automata of grammars without empty rules, with every conflict kept.

States are sets of LR(0) items; look-aheads are those of DeRemer and Pennello, "Efficient computation of LALR(1)
look-ahead sets" (1982), which without empty rules need only their relations *includes* and *lookback*. Where a state
may shift or reduce, or reduce in two ways, both actions stay: the parser follows all of them (Tomita 1985).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..errors import LimitExceeded
from ..limits import Budget
from .model import Grammar


@dataclass(frozen=True)
class Lr:
    """The automaton. State 0 is the start; ``end`` is the number of the end of the text, after all terminals.

    ``shifts``: for each state, the state after each terminal; ``gotos``: after each nonterminal. ``reductions``: for
    each state and terminal, the rules that may be reduced (indices into the grammar's rules) if that comes next.
    The end of the text is shifted into ``accepting`` from the state after the start symbol. ``items``: for each state,
    the rules that it is in the middle of, and how much of them was read; the last rule, behind the grammar's, is that
    the text is the start symbol and the end.
    """

    end: int
    shifts: tuple[dict[int, int], ...]
    gotos: tuple[dict[int, int], ...]
    reductions: tuple[dict[int, tuple[int, ...]], ...]
    accepting: int
    items: tuple[tuple[tuple[int, int], ...], ...]

    def knows(self, state: int) -> frozenset[int]:
        """The terminals that have an action in ``state``."""
        return frozenset(self.shifts[state]) | frozenset(self.reductions[state])


class _Items:
    """LR(0) items as numbers: rule ``r`` with the dot before its symbol ``i`` is ``first[r] + i``."""

    def __init__(self, grammar: Grammar) -> None:
        self.end = len(grammar.terminals)
        self.rules = [(rule.origin, rule.expansion) for rule in grammar.rules]
        self.augmented = len(self.rules)
        self.rules.append((len(grammar.nonterminals), (~grammar.start, self.end)))
        self.next_symbol: list[int | None] = []
        self.rule_of: list[int] = []
        self.first: list[int] = []
        for number, (_, expansion) in enumerate(self.rules):
            self.first.append(len(self.next_symbol))
            self.next_symbol += [*expansion, None]
            self.rule_of += [number] * (len(expansion) + 1)
        self.rules_of: list[list[int]] = [[] for _ in range(len(grammar.nonterminals) + 1)]
        for number, (origin, _) in enumerate(self.rules):
            self.rules_of[origin].append(number)
        self.opened = lru_cache(maxsize=None)(self._opened)

    def _opened(self, nonterminal: int) -> tuple[int, ...]:
        """The nonterminals that a text of ``nonterminal`` can begin with, itself among them."""
        found, work = {nonterminal}, [nonterminal]
        while work:
            for rule in self.rules_of[work.pop()]:
                symbol = self.rules[rule][1][0]
                if symbol < 0 and ~symbol not in found:
                    found.add(~symbol)
                    work.append(~symbol)
        return tuple(sorted(found))

    def moves(self, kernel: tuple[int, ...]) -> dict[int, list[int]]:
        """For each symbol that may come after the dot in the closure of ``kernel``, the items after it."""
        moves: dict[int, list[int]] = {}
        opened: set[int] = set()
        for item in kernel:
            symbol = self.next_symbol[item]
            if symbol is not None:
                moves.setdefault(symbol, []).append(item + 1)
                if symbol < 0:
                    opened.update(self.opened(~symbol))
        for nonterminal in opened:
            for rule in self.rules_of[nonterminal]:
                moves.setdefault(self.rules[rule][1][0], []).append(self.first[rule] + 1)
        return moves


def lr_automaton(grammar: Grammar, budget: Budget) -> Lr:
    """The automaton of ``grammar``, which has no empty rules and none that is useless. Raises ``LimitExceeded``."""
    items = _Items(grammar)
    kernels, shifts, gotos = _states(items, budget)
    rules = items.rule_of
    dotted = [tuple((rules[item], item - items.first[rules[item]]) for item in kernel) for kernel in kernels]
    complete = [[rules[item] for item in kernel if items.next_symbol[item] is None] for kernel in kernels]
    lookaheads = _lookaheads(items, shifts, gotos, complete, budget)
    reductions = []
    for state, rules in enumerate(complete):
        by_terminal: dict[int, tuple[int, ...]] = {}
        for rule in rules:
            for terminal in _members(lookaheads[state, rule]):
                by_terminal[terminal] = (*by_terminal.get(terminal, ()), rule)
        reductions.append(by_terminal)
    accepting = shifts[gotos[0][grammar.start]][items.end]
    return Lr(items.end, tuple(shifts), tuple(gotos), tuple(reductions), accepting, tuple(dotted))


def _states(items: _Items, budget: Budget) -> tuple[list[tuple[int, ...]], list[dict[int, int]], list[dict[int, int]]]:
    """The items of every state, and its moves by terminals and by nonterminals."""
    shifts: list[dict[int, int]] = []
    gotos: list[dict[int, int]] = []
    kernels: list[tuple[int, ...]] = [(items.first[items.augmented],)]
    known = {kernels[0]: 0}
    for kernel in kernels:
        budget.check()
        if len(kernels) > budget.limits.states:
            raise LimitExceeded(
                f"the grammar needs more than {budget.limits.states:,} parser states", remedy="raise Limits.states"
            )
        by_terminal: dict[int, int] = {}
        by_nonterminal: dict[int, int] = {}
        for symbol, moved in items.moves(kernel).items():
            following = tuple(sorted(moved))
            state = known.get(following)
            if state is None:
                state = known[following] = len(kernels)
                kernels.append(following)
            if symbol < 0:
                by_nonterminal[~symbol] = state
            else:
                by_terminal[symbol] = state
        shifts.append(by_terminal)
        gotos.append(by_nonterminal)
    return kernels, shifts, gotos


def _lookaheads(
    items: _Items,
    shifts: list[dict[int, int]],
    gotos: list[dict[int, int]],
    complete: list[list[int]],
    budget: Budget,
) -> dict[tuple[int, int], int]:
    """For each state and rule complete in it, the terminals that may follow, as the bits of an integer."""
    follow: dict[tuple[int, int], int] = {}
    for state, by_nonterminal in enumerate(gotos):
        for nonterminal, target in by_nonterminal.items():
            follow[state, nonterminal] = sum(1 << terminal for terminal in shifts[target])
    included_in: dict[tuple[int, int], list[tuple[int, int]]] = {transition: [] for transition in follow}
    looks_back: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for state, nonterminal in follow:
        budget.check()
        for rule in items.rules_of[nonterminal]:
            expansion = items.rules[rule][1]
            reached = state
            for symbol in expansion[:-1]:
                reached = shifts[reached][symbol] if symbol >= 0 else gotos[reached][~symbol]
            last = expansion[-1]
            if last < 0:
                included_in[state, nonterminal].append((reached, ~last))
                reached = gotos[reached][~last]
            else:
                reached = shifts[reached][last]
            looks_back.append(((reached, rule), (state, nonterminal)))
    work = list(follow)
    while work:
        transition = work.pop()
        for inner in included_in[transition]:
            if follow[transition] & ~follow[inner]:
                follow[inner] |= follow[transition]
                work.append(inner)
    lookaheads: dict[tuple[int, int], int] = {}
    for place, transition in looks_back:
        lookaheads[place] = lookaheads.get(place, 0) | follow[transition]
    return {(state, rule): lookaheads.get((state, rule), 0) for state, rules in enumerate(complete) for rule in rules}


def _members(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
