"""What can be known of a grammar before any text: which symbols are productive, reachable or nullable.

All of it are least fixpoints, found by worklists in time linear in the size of the grammar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..components import components
from ..limits import Budget
from .byte_dfa import DEAD, ByteDfa
from .model import Grammar, Rule, Terminal


def is_empty(terminal: Terminal) -> bool:
    """Whether no text at all is this terminal."""
    return isinstance(terminal.content, ByteDfa) and terminal.content.start == DEAD


def matches_empty(terminal: Terminal) -> bool:
    """Whether the empty text is this terminal, as it may be in scannerless forms."""
    return isinstance(terminal.content, ByteDfa) and bool(terminal.content.endings[terminal.content.start])


def productive(grammar: Grammar) -> frozenset[int]:
    """The nonterminals that some text is derived from."""
    return _derivable(grammar, lambda terminal: not is_empty(terminal) or matches_empty(terminal))


def nullable(grammar: Grammar) -> frozenset[int]:
    """The nonterminals that the empty text is derived from."""
    return _derivable(grammar, matches_empty)


def _derivable(grammar: Grammar, suffices: Callable[[Terminal], bool]) -> frozenset[int]:
    """The nonterminals with a rule all of whose symbols are derivable; of terminals, those that suffice."""
    given = [suffices(terminal) for terminal in grammar.terminals]
    missing: list[int] = []
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    found: dict[int, None] = {}
    for number, rule in enumerate(grammar.rules):
        needed = {symbol for symbol in rule.expansion if symbol < 0 or not given[symbol]}
        missing.append(len(needed))
        for symbol in needed:
            waiting[symbol].append(number)
        if not needed:
            found[rule.origin] = None
    queue = list(found)
    for nonterminal in queue:
        for number in waiting[~nonterminal]:
            missing[number] -= 1
            origin = grammar.rules[number].origin
            if not missing[number] and origin not in found:
                found[origin] = None
                queue.append(origin)
    return frozenset(found)


def reachable(grammar: Grammar) -> frozenset[int]:
    """The symbols that a derivation from the start may show; the start is one."""
    by_origin: defaultdict[int, list[Rule]] = defaultdict(list)
    for rule in grammar.rules:
        by_origin[rule.origin].append(rule)
    found = {~grammar.start: None}
    queue = list(found)
    for symbol in queue:
        for rule in by_origin[~symbol] if symbol < 0 else ():
            new = [part for part in dict.fromkeys(rule.expansion) if part not in found]
            found.update(dict.fromkeys(new))
            queue.extend(new)
    return frozenset(found)


def without_empty(grammar: Grammar) -> tuple[Grammar, bool]:
    """The same language less the empty text, and whether that was a member.

    No rule of the result is empty or occurs twice, no terminal of a rule matches the empty text, every nonterminal
    (but a start without rules) is productive and reachable, and none derives just itself. Terminals keep their numbers.
    """
    empty = nullable(grammar)
    symbols = _nullable_symbols(grammar, empty)
    result = _without_nullable(grammar, symbols) if symbols else grammar
    return without_useless(_without_unit_cycles(_without_unproductive(result))), grammar.start in empty


def _without_nullable(grammar: Grammar, symbols: set[int]) -> Grammar:
    """With rules that leave out any of the nullable ``symbols``, and no empty rules or terminals."""
    splitting = _Splitting(list(grammar.nonterminals), symbols)
    short = [part for rule in grammar.rules for part in splitting.shortened(rule)]
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
    successors: list[list[int]] = [[] for _ in grammar.nonterminals]
    for rule in grammar.rules:
        if len(rule.expansion) == 1 and rule.expansion[0] < 0:
            successors[rule.origin].append(~rule.expansion[0])
    cycles = [members for members in components(successors, Budget()) if len(members) > 1]
    if not cycles:
        return replace(grammar, rules=tuple(rule for rule in grammar.rules if rule.expansion != (~rule.origin,)))
    one = list(range(len(successors)))
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
    grammar = _without_unproductive(grammar)
    used = reachable(grammar)
    kept = [number for number in range(len(grammar.nonterminals)) if ~number in used]
    if len(kept) == len(grammar.nonterminals):
        return replace(grammar, rules=tuple(dict.fromkeys(grammar.rules)))
    numbers = [-1] * len(grammar.nonterminals)
    for new, old in enumerate(kept):
        numbers[old] = new
    rules = dict.fromkeys(
        Rule(numbers[rule.origin], _renamed(rule.expansion, numbers)) for rule in grammar.rules if ~rule.origin in used
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
