"""Rules that join a nonterminal with itself, such as ``e: e "+" e``, rewritten so that there is one way to parse.

Let the rules of ``a`` be joins ``a J a``, prefixes ``P a``, suffixes ``a S`` and others ``B``, where ``J``, ``P``,
``S`` and ``B`` stand for any of several sequences. Then ``a`` derives just ``U (J U)*`` with ``U = P* B S*``. That
language holds ``B``, and for two members ``x`` and ``y`` also ``x J y``, ``P x`` and ``x S``; and each of its members
is derived, prefixes and suffixes first, then the joins from the left. The sequences may hold ``a`` themselves: the
least solution of ``a = F(a, a)`` is that of ``a = (the least b with b = F(b, a))``, the diagonal rule of fixed points.
So ``a: a J u | u``, ``u: P u | v``, ``v: v S | B`` say the same. A parser that follows all ways at once reads
``e: e e | "a"`` in time that grows with the cube of the text's length, and ``e: e u | u`` in the same time a letter.
Where all joins are powers of ``a``, one of ``k`` is ``a u ... u``: either adds ``k - 1`` of what ``U`` stands for.

Lark's lexer looks for the terminals that a state of the parser knows, so that other states may mean another language.
There rules are rewritten only if what is looked for behind a terminal depends on nothing but its place in a rule, and
is the same before and after: since either grammar puts the same terminals of a text into the same places of the same
rules, both then cut it alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from ..limits import Budget
from .analysis import without_useless
from .lr_tables import LrTables, lr_tables
from .model import Grammar, Lexing, Rule

Expansion = tuple[int, ...]
Known = dict[tuple[Rule, int], bytes]
"""For each rule and place behind a terminal of it, which terminals the parser knows there."""


def without_joins(grammar: Grammar, budget: Budget) -> tuple[Grammar, LrTables]:
    """A grammar of the same language, without empty rules as ``grammar`` is, and its automaton."""
    tables = lr_tables(grammar, budget)
    if not any(_is_join(rule.expansion, rule.expansion[0]) for rule in grammar.rules):
        return grammar, tables
    rewriting = _Rewriting(grammar)
    if not rewriting.joins:
        return grammar, tables
    made = replace(grammar, nonterminals=tuple(rewriting.names), rules=tuple(rewriting.sources))
    rewritten = without_useless(made)
    sources = dict(zip(rewritten.rules, rewriting.sources.values(), strict=True))
    after = lr_tables(rewritten, budget)
    if grammar.lexing is Lexing.LONGEST and not _cut_alike(grammar, tables, rewritten, after, sources):
        return grammar, tables
    return rewritten, after


def _is_join(expansion: Expansion, symbol: int) -> bool:
    return symbol < 0 and len(expansion) > 1 and expansion[0] == expansion[-1] == symbol


class _Rewriting:
    """``sources``: the new rules, each with the old ones whose places its terminals have; ``joins``: are there any.

    A nonterminal that is nothing but another one in some rule has that one's rules instead, if it is joined there.
    What cannot be reached any more is left out.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.names = list(grammar.nonterminals)
        self.sources: dict[Rule, list[Rule]] = {}
        self.joins = False
        self._rules: defaultdict[int, list[Rule]] = defaultdict(list)
        self._units: defaultdict[int, list[int]] = defaultdict(list)
        self._joined: defaultdict[int, list[int]] = defaultdict(list)
        for rule in grammar.rules:
            self._rules[rule.origin].append(rule)
            symbol = rule.expansion[0]
            if symbol < 0 and len(rule.expansion) == 1:
                self._units[~symbol].append(rule.origin)
            elif _is_join(rule.expansion, symbol):
                self._joined[~symbol].append(rule.origin)
        reached = {grammar.start: None}
        queue = list(reached)
        for nonterminal in queue:
            first = len(self.sources)
            self._rewrite(nonterminal, self._inlined(nonterminal))
            for rule in [*self.sources][first:]:
                new = [~symbol for symbol in rule.expansion if symbol < 0 and ~symbol in self._rules]
                queue += [each for each in dict.fromkeys(new) if each not in reached]
                reached.update(dict.fromkeys(new))

    def _inlined(self, nonterminal: int) -> list[Rule]:
        """The rules of ``nonterminal``, with those of another one in the place of each that leads to its joins."""
        leading = dict.fromkeys(self._joined.get(nonterminal, ()))
        work = list(leading)
        for each in work:
            new = [origin for origin in self._units[each] if origin not in leading]
            leading.update(dict.fromkeys(new))
            work += dict.fromkeys(new)
        if nonterminal not in leading:
            return self._rules[nonterminal]
        found: list[Rule] = []
        inlined = {nonterminal: None}
        queue = list(inlined)
        for each in queue:
            for rule in self._rules[each]:
                symbol = rule.expansion[0]
                if len(rule.expansion) > 1 or symbol >= 0 or ~symbol not in leading:
                    found.append(rule)
                elif ~symbol not in inlined:
                    inlined[~symbol] = None
                    queue.append(~symbol)
        return found

    def _rewrite(self, nonterminal: int, rules: list[Rule]) -> None:
        own = ~nonterminal
        joins = [rule for rule in rules if _is_join(rule.expansion, own)]
        if not joins:
            for rule in self._rules[nonterminal]:
                self._add(nonterminal, rule.expansion, rule)
            return
        self.joins = True
        if any(len(rule.expansion) == 2 for rule in joins):  # then three in a row are two in a row, twice
            joins = [rule for rule in joins if len(rule.expansion) == 2 or set(rule.expansion) != {own}]
        others = [rule for rule in rules if not _is_join(rule.expansion, own)]
        prefixes = [rule for rule in others if rule.expansion[-1] == own]
        suffixes = [rule for rule in others if rule.expansion[0] == own]
        inner = [rule for rule in others if own not in (rule.expansion[0], rule.expansion[-1])]
        unit = self._new_nonterminal(nonterminal, "unit")
        self._add(nonterminal, (unit,))
        are_powers = all(set(rule.expansion) == {own} for rule in joins)
        for rule in joins:
            between = [unit] * (len(rule.expansion) - 2) if are_powers else rule.expansion[1:-1]
            self._add(nonterminal, (own, *between, unit), rule)
        if prefixes and suffixes:
            below = self._new_nonterminal(nonterminal, "operand")
            self._add(~unit, (below,))
        else:
            below = unit
        for rule in prefixes:
            self._add(~unit, (*rule.expansion[:-1], unit), rule)
        for rule in suffixes:
            self._add(~below, (below, *rule.expansion[1:]), rule)
        for rule in inner:
            self._add(~below, rule.expansion, rule)

    def _new_nonterminal(self, nonterminal: int, part: str) -> int:
        self.names.append(f"{self.names[nonterminal]}~{part}")
        return ~(len(self.names) - 1)

    def _add(self, origin: int, expansion: Expansion, source: Rule | None = None) -> None:
        sources = self.sources.setdefault(Rule(origin, expansion), [])
        if source is not None:
            sources.append(source)


def _cut_alike(
    before: Grammar, tables: LrTables, after: Grammar, new_tables: LrTables, sources: Mapping[Rule, list[Rule]]
) -> bool:
    """Does what is looked for behind a terminal depend on its place in a rule alone, and is it the same in both?"""
    known, new = _known(before, tables), _known(after, new_tables)
    if known is None or new is None or _looked_for(tables, 0) != _looked_for(new_tables, 0):
        return False
    return all(
        known[source, place] == looked_for for (rule, place), looked_for in new.items() for source in sources[rule]
    )


def _known(grammar: Grammar, tables: LrTables) -> Known | None:
    """``None`` if what is looked for behind a terminal does not depend on its place in a rule alone."""
    found: Known = {}
    for state in range(len(tables.actions)):
        looked_for = _looked_for(tables, state)
        for number, place in tables.items_of(state):
            if place == 0 or number == len(grammar.rules) or grammar.rules[number].expansion[place - 1] < 0:
                continue
            if found.setdefault((grammar.rules[number], place), looked_for) != looked_for:
                return None
    return found


def _looked_for(tables: LrTables, state: int) -> bytes:
    return bytes((tables.actions[state, :-1] != 0).tobytes())
