"""A grammar whose terminals say how a text was cut, so that what cannot be cut like that cannot be derived.

Whether terminals can stand side by side is a matter of their contexts and of what must not match behind them, and so of
the *places* between them (``cuts``). A rule is made anew for each way to put places between its symbols that cuts
allow: the grammar's language of terminals, intersected with the regular one of cuts (Bar-Hillel, Perles and Shamir,
"On formal properties of simple phrase structure grammars", 1961). What is derived from a nonterminal begins in a state
of the old parser, which says what the contexts are. Ignored terminals become part of the rules, behind the others.
So a parser of the new grammar refuses a terminal behind which nothing could complete the text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from ..errors import LimitExceeded, UnsatisfiableGrammar
from ..limits import Budget
from .blocker_classes import NOTHING
from .cuts import Cut, Cuts, Place
from .literals import literal_dfa
from .lr_tables import LrTables
from .model import Grammar, Rule, Terminal

MOST_RULES = 3_000

Span: TypeAlias = "tuple[object, Place, Place]"
"""What a new nonterminal is: an old one with the state in which it begins (or a terminal with the context behind it),
and the places before and after it."""

_Call: TypeAlias = "tuple[int, int, Place]"
"""A nonterminal, the parser's state in which it begins, and the place."""

_Progress: TypeAlias = "tuple[_Call, int, int, int, Place]"
"""A call, a rule, how much of it is read, the parser's state there, and the place."""

_LEAD = "lead"
_START = "start"


class ExactGrammar:
    """``grammar``: the new one; ``cuts``: what its terminals are; ``places``: of each rule, those around its symbols.

    Raises ``UnsatisfiableGrammar``, or ``LimitExceeded`` where it would be too large.
    """

    def __init__(self, grammar: Grammar, lr: LrTables, context_of: list[int], empty: bool, cuts: Cuts, budget: Budget):
        self._old = grammar
        self._lr = lr
        self._context_of = context_of
        self._cuts = cuts
        self._budget = budget
        self._rules_of: defaultdict[int, list[int]] = defaultdict(list)
        for number, rule in enumerate(grammar.rules):
            self._rules_of[rule.origin].append(number)
        self.first = Place(context_of[0], NOTHING, empty, True)
        self._behind_known: dict[tuple[Place, int, int], list[Place]] = {}
        self._results: dict[_Call, dict[Place, None]] = {}
        self._waiting: defaultdict[_Call, list[_Progress]] = defaultdict(list)
        self._queue: list[_Progress] = []
        self._met: set[_Progress] = set()
        self._numbers: dict[Span, int] = {}
        self._pending: list[Span] = []
        self._terminals: dict[Cut, int] = {}
        self._rules: dict[Rule, tuple[Place, ...]] = {}
        leads = list(self._ignored_behind([self.first]))
        self._find_results([(grammar.start, 0, lead) for lead in leads])
        self._write(leads)
        terminals = tuple(self._terminal(cut) for cut in self._terminals)
        self.terminals = list(self._terminals)
        self.places = list(self._rules.values())
        self.grammar = replace(
            grammar,
            terminals=terminals,
            nonterminals=tuple(map(str, range(len(self._numbers)))),
            rules=tuple(self._rules),
            start=0,
            ignored=frozenset(),
            regions=(),
        )

    def _terminal(self, cut: Cut) -> Terminal:
        return Terminal(self._old.terminals[cut.terminal].name, literal_dfa(self._cuts.texts[cut]))

    # --- places

    def _ignored_behind(self, places: list[Place]) -> dict[Place, None]:
        """``places``, and those that ignored terminals lead to."""
        found = dict.fromkeys(places)
        queue = list(found)
        for place in queue:
            for after, _ in self._ignored(place):
                if after not in found:
                    found[after] = None
                    queue.append(after)
        return found

    def _ignored(self, place: Place) -> Iterator[tuple[Place, Cut]]:
        for cut in self._cuts.leading_on(place.context, place.blocked):
            if cut.terminal in self._old.ignored:
                yield Place(place.context, cut.blocked, cut.ends), cut

    def _behind(self, place: Place, terminal: int, context: int) -> list[Place]:
        """The places behind ``terminal`` and what is ignored there."""
        key = place, terminal, context
        if key not in self._behind_known:
            cuts = (cut for cut in self._cuts.leading_on(place.context, place.blocked) if cut.terminal == terminal)
            places = [Place(context, cut.blocked, cut.ends) for cut in cuts]
            self._behind_known[key] = list(self._ignored_behind(places))
        return self._behind_known[key]

    def _after(self, state: int, symbol: int) -> int:
        """The parser's state behind a symbol."""
        if symbol < 0:
            return self._lr.goto(state, ~symbol)
        return next(action - 1 for action in self._lr.actions_of(state, symbol) if action > 0)

    # --- which spans there are

    def _find_results(self, calls: list[_Call]) -> None:
        """The places behind each nonterminal, wherever it may begin: a least fixpoint, from the start down."""
        for call in calls:
            self._begin(call)
        while self._queue:
            self._budget.check()
            if len(self._met) > 4 * MOST_RULES:
                raise LimitExceeded("the ways to cut texts need too many rules", remedy="use fewer terminals")
            progress = self._queue.pop()
            call, rule, read, state, place = progress
            expansion = self._old.rules[rule].expansion
            if read == len(expansion):
                self._note_result(call, place)
            elif expansion[read] >= 0:
                context = self._context_of[self._after(state, expansion[read])]
                for behind in self._behind(place, expansion[read], context):
                    self._go_on(self._further(progress, behind))
            else:
                inner = (~expansion[read], state, place)
                self._begin(inner)
                self._waiting[inner].append(progress)
                for behind in list(self._results[inner]):
                    self._go_on(self._further(progress, behind))

    def _begin(self, call: _Call) -> None:
        if call not in self._results:
            self._results[call] = {}
            for rule in self._rules_of[call[0]]:
                self._go_on((call, rule, 0, call[1], call[2]))

    def _go_on(self, progress: _Progress) -> None:
        if progress not in self._met:
            self._met.add(progress)
            self._queue.append(progress)

    def _note_result(self, call: _Call, place: Place) -> None:
        if place not in self._results[call]:
            self._results[call][place] = None
            for waiting in self._waiting[call]:
                self._go_on(self._further(waiting, place))

    def _further(self, progress: _Progress, place: Place) -> _Progress:
        call, rule, read, state, _ = progress
        return call, rule, read + 1, self._after(state, self._old.rules[rule].expansion[read]), place

    # --- the new rules

    def _write(self, leads: list[Place]) -> None:
        start = self._number((_START, self.first, self.first))
        self._pending.clear()
        for lead in leads:
            before = () if lead.is_first else (self._number((_LEAD, self.first, lead)),)
            around = () if lead.is_first else (lead,)
            if before and self.first.ends and lead.ends:
                self._add(Rule(~start, before), (self.first, lead))
            for end in self._results[self._old.start, 0, lead]:
                if end.ends:
                    symbol = self._number(((self._old.start, 0), lead, end))
                    self._add(Rule(~start, (*before, symbol)), (self.first, *around, end))
        if not self._rules and not self.first.ends:
            problem = "no text of the grammar is cut into terminals as its rules want them"
            raise UnsatisfiableGrammar(problem, None, "let something stand between terminals that run into each other")
        while self._pending:
            self._budget.check()
            self._write_span(self._pending.pop())

    def _number(self, span: Span) -> int:
        """The symbol of a nonterminal."""
        if span not in self._numbers:
            self._numbers[span] = len(self._numbers)
            self._pending.append(span)
        return ~self._numbers[span]

    def _add(self, rule: Rule, places: tuple[Place, ...]) -> None:
        self._rules[rule] = places
        if len(self._rules) > MOST_RULES:
            raise LimitExceeded("the ways to cut texts need too many rules", remedy="use fewer terminals")

    def _write_span(self, span: Span) -> None:
        what, before, after = span
        origin = self._numbers[span]
        if what == _LEAD:
            self._write_ignored(origin, span, self._ignored_behind([before]))
        elif isinstance(what, tuple) and len(what) == 3:
            _, terminal, context = what
            for cut in self._cuts.leading_on(before.context, before.blocked):
                if cut.terminal == terminal and after == Place(context, cut.blocked, cut.ends):
                    self._add(Rule(origin, (self._cut(terminal, after),)), (before, after))
            self._write_ignored(origin, span, self._behind(before, terminal, context))
        else:
            assert isinstance(what, tuple)
            for rule in self._rules_of[what[0]]:
                for places in self._placings(rule, what[1], before, after):
                    self._add(Rule(origin, tuple(self._symbols(rule, what[1], places))), places)

    def _write_ignored(self, origin: int, span: Span, places: Iterable[Place]) -> None:
        """Rules whose last symbol is an ignored terminal, behind each of ``places``."""
        what, before, after = span
        for place in places:
            for found, cut in self._ignored(place):
                if found == after:
                    symbols = () if place.is_first else (self._number((what, before, place)),)
                    around = () if place.is_first else (place,)
                    self._add(Rule(origin, (*symbols, self._cut(cut.terminal, after))), (before, *around, after))

    def _cut(self, terminal: int, place: Place) -> int:
        return self._terminals.setdefault(Cut(terminal, place.blocked, place.ends), len(self._terminals))

    def _placings(self, rule: int, state: int, before: Place, after: Place) -> Iterator[tuple[Place, ...]]:
        """The ways to put places around the symbols of a rule."""
        expansion = self._old.rules[rule].expansion
        ways: list[tuple[Place, ...]] = [(before,)]
        for symbol in expansion:
            following = self._after(state, symbol)
            longer: list[tuple[Place, ...]] = []
            for way in ways:
                place = way[-1]
                if symbol >= 0:
                    places = self._behind(place, symbol, self._context_of[following])
                else:
                    places = list(self._results.get((~symbol, state, place), ()))
                longer += [(*way, each) for each in places]
            ways, state = longer, following
            if len(ways) > MOST_RULES:
                raise LimitExceeded("the ways to cut texts need too many rules", remedy="use fewer terminals")
        return (way for way in ways if way[-1] == after)

    def _symbols(self, rule: int, state: int, places: tuple[Place, ...]) -> Iterator[int]:
        for symbol, (before, after) in zip(self._old.rules[rule].expansion, pairwise(places), strict=True):
            following = self._after(state, symbol)
            if symbol < 0:
                yield self._number(((~symbol, state), before, after))
            elif self._old.ignored:
                yield self._number((("terminal", symbol, self._context_of[following]), before, after))
            else:
                yield self._cut(symbol, after)
            state = following
