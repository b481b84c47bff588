"""What can be known of a grammar before any text: which symbols are productive, reachable or nullable.

All of it are least fixpoints, found by worklists in time linear in the size of the grammar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..components import components
from ..kernels.derivations import derive, reach
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa
from .compact_dfa import CompactDfa
from .model import Grammar, Rule, Terminal
from .sparse_dfa import SparseDfa


def is_empty(terminal: Terminal) -> bool:
    """Whether no text at all is this terminal."""
    return isinstance(terminal.content, ByteDfa) and terminal.content.start == DEAD


def matches_empty(terminal: Terminal) -> bool:
    """Whether the empty text is this terminal, as it may be in scannerless forms."""
    content = terminal.content
    if isinstance(content, CompactDfa):
        return bool(content.decided[content.start])
    return isinstance(content, ByteDfa) and not isinstance(content, SparseDfa) and bool(content.endings[content.start])


def productive(grammar: Grammar) -> frozenset[int]:
    """The nonterminals that some text is derived from."""
    given = [not is_empty(terminal) for terminal in grammar.terminals]
    return _numbers(_derivable(grammar, given))


def nullable(grammar: Grammar) -> frozenset[int]:
    """The nonterminals that the empty text is derived from."""
    given = [matches_empty(terminal) for terminal in grammar.terminals]
    if not any(given) and all(rule.expansion for rule in grammar.rules):
        return frozenset()
    return _numbers(_derivable(grammar, given))


def _derivable(grammar: Grammar, given: Sequence[bool]) -> NDArray[np.uint8]:
    """For each nonterminal, has it a rule all of whose symbols are derivable; of terminals, those ``given``."""
    found = np.zeros(len(grammar.nonterminals), np.uint8)
    derive(*grammar.flat_rules, np.array(given, np.uint8), found)
    return found


def reachable(grammar: Grammar) -> frozenset[int]:
    """The symbols that a derivation from the start may show; the start is one."""
    terminals, nonterminals = _shown(grammar)
    return _numbers(terminals) | {~number for number in _numbers(nonterminals)}


def _shown(grammar: Grammar) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    terminals = np.zeros(len(grammar.terminals), np.uint8)
    nonterminals = np.zeros(len(grammar.nonterminals), np.uint8)
    nonterminals[grammar.start] = 1
    reach(*grammar.flat_rules, terminals, nonterminals)
    return terminals, nonterminals


def _numbers(found: NDArray[np.uint8]) -> frozenset[int]:
    return frozenset(np.flatnonzero(found).tolist())


def without_empty(grammar: Grammar) -> tuple[Grammar, bool]:
    """The same language less the empty text, and whether that was a member.

    No rule of the result is empty or occurs twice, no terminal of a rule matches the empty text, every nonterminal
    (but a start without rules) is productive and reachable, and none derives just itself. Terminals keep their numbers.
    """
    empty = nullable(grammar)
    symbols = _nullable_symbols(grammar, empty)
    result = _without_nullable(grammar, symbols) if symbols else grammar
    return _without_unreachable(_without_unit_cycles(_without_unproductive(result))), grammar.start in empty


def _without_nullable(grammar: Grammar, symbols: set[int]) -> Grammar:
    """With rules that leave out any of the nullable ``symbols``, and no empty rules or terminals."""
    splitting = _Splitting(list(grammar.nonterminals), symbols)
    short: list[Rule] = []
    for rule in grammar.rules:
        short += [rule] if symbols.isdisjoint(rule.expansion) else splitting.shortened(rule)
    rules: dict[Rule, None] = {}
    for rule in short:
        if not symbols.isdisjoint(rule.expansion):
            rules.update(dict.fromkeys(Rule(rule.origin, kept) for kept in splitting.selections(rule.expansion)))
        elif rule.expansion:
            rules[rule] = None
    terminals = tuple(map(_nonempty, grammar.terminals))
    return replace(grammar, terminals=terminals, nonterminals=tuple(splitting.names), rules=tuple(rules))


def _nullable_symbols(grammar: Grammar, empty: Iterable[int]) -> set[int]:
    return {~n for n in empty} | {t for t, terminal in enumerate(grammar.terminals) if matches_empty(terminal)}


@dataclass
class _Splitting:
    """Cuts rules with many nullable symbols, so that the ways to leave some out do not multiply.

    Equal tails of rules become one new nonterminal.
    """

    names: list[str]
    nullable: set[int]
    tails: dict[tuple[int, ...], int] = field(default_factory=dict)

    def shortened(self, rule: Rule) -> Iterable[Rule]:
        """``rule``, or rules of the same language with at most two nullable symbols each."""
        origin, expansion = rule.origin, rule.expansion
        while True:
            places = [place for place, symbol in enumerate(expansion) if symbol in self.nullable]
            if len(places) <= 2:
                yield Rule(origin, expansion)
                return
            head, tail = expansion[: places[0] + 1], expansion[places[0] + 1 :]
            known = tail in self.tails
            number = self.tails.setdefault(tail, len(self.names))
            yield Rule(origin, (*head, ~number))
            if known:
                return
            self.names.append(f"{self.names[rule.origin]}~{len(expansion) - len(tail)}")
            if len(places) - 1 == len(tail):
                self.nullable.add(~number)
            origin, expansion = number, tail

    def selections(self, expansion: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
        """The texts of symbols that remain when any nullable ones are left out, but not all."""
        kept: list[tuple[int, ...]] = [()]
        for symbol in expansion:
            longer = [(*before, symbol) for before in kept]
            kept = longer + kept if symbol in self.nullable else longer
        return filter(None, kept)


def _nonempty(terminal: Terminal) -> Terminal:
    content = terminal.content
    if not isinstance(content, ByteDfa) or not matches_empty(terminal):
        return terminal
    return replace(terminal, content=without_empty_text(content))


def without_empty_text(dfa: ByteDfa) -> ByteDfa:
    """``dfa`` but for the empty text: a start of its own, left for good by the first byte."""
    if isinstance(dfa, CompactDfa):
        row, states = dfa.columns[dfa.start], len(dfa.columns)
        columns = np.concatenate([dfa.columns, row[None]])
        return CompactDfa(columns, dfa.class_of, np.append(dfa.decided, False), states if row.any() else DEAD)
    row = dfa.transitions[dfa.start]
    if not row.any():
        return replace(dfa, start=DEAD)
    return replace(
        dfa,
        transitions=np.concatenate([dfa.transitions, row[None]]),
        start=len(dfa.transitions),
        decided=np.append(dfa.decided, False),
        endings=(*dfa.endings, ()),
        decided_at_end=None if dfa.decided_at_end is None else np.append(dfa.decided_at_end, False),
    )


def _without_unit_cycles(grammar: Grammar) -> Grammar:
    """Nonterminals that derive each other, alone, have one language: they become one."""
    alone: defaultdict[int, list[int]] = defaultdict(list)
    for origin, expansion in grammar.rules:
        if len(expansion) == 1 and expansion[0] < 0:
            alone[origin].append(~expansion[0])
    if not alone:
        return grammar
    numbers = {origin: number for number, origin in enumerate(alone)}
    successors = [[numbers[target] for target in targets if target in numbers] for targets in alone.values()]
    names = list(alone)
    cycles = [[names[n] for n in members] for members in components(successors, Budget()) if len(members) > 1]
    if not cycles:
        if not any(origin in targets for origin, targets in alone.items()):
            return grammar
        return replace(grammar, rules=tuple(rule for rule in grammar.rules if rule.expansion != (~rule.origin,)))
    one = list(range(len(grammar.nonterminals)))
    for members in cycles:
        for member in members:
            one[member] = min(members)
    rules = (Rule(one[rule.origin], _renamed(rule.expansion, one)) for rule in grammar.rules)
    kept = tuple(rule for rule in rules if rule.expansion != (~rule.origin,))
    return replace(grammar, rules=kept, start=one[grammar.start])


def _renamed(expansion: tuple[int, ...], numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple(symbol if symbol >= 0 else ~numbers[~symbol] for symbol in expansion)


def without_useless(grammar: Grammar) -> Grammar:
    """Only productive and reachable nonterminals (and the start), each rule once."""
    return _without_unreachable(_without_unproductive(grammar))


def _without_unreachable(grammar: Grammar) -> Grammar:
    used = _shown(grammar)[1].tolist()
    if all(used):
        rules = dict.fromkeys(grammar.rules)
        return grammar if len(rules) == len(grammar.rules) else replace(grammar, rules=tuple(rules))
    kept = [number for number, is_used in enumerate(used) if is_used]
    numbers = [-1] * len(used)
    for new, old in enumerate(kept):
        numbers[old] = new
    rules = dict.fromkeys(
        Rule(numbers[rule.origin], _renamed(rule.expansion, numbers)) for rule in grammar.rules if used[rule.origin]
    )
    names = tuple(grammar.nonterminals[number] for number in kept)
    return replace(grammar, nonterminals=names, rules=tuple(rules), start=numbers[grammar.start])


def _without_unproductive(grammar: Grammar) -> Grammar:
    fruitful = productive(grammar)
    if len(fruitful) == len(grammar.nonterminals) and not any(map(is_empty, grammar.terminals)):
        return grammar
    rules = tuple(
        rule
        for rule in grammar.rules
        if not any(
            ~symbol not in fruitful if symbol < 0 else is_empty(grammar.terminals[symbol]) for symbol in rule.expansion
        )
    )
    return replace(grammar, rules=rules)
