"""The ways in which a text can still match a regular expression of Python, in order of preference.

Of the ways to match, Python takes the first that succeeds (Pike's threads, in order; Laurikari 2000 and Cox 2010
determinise them). A *continuation* is what is left of the expression, a chain of nodes, hash-consed. An *item* is a
way to go on: some characters and then a continuation, or a match; with a condition on the text ahead, which is a
formula over lists of items of which one comes to a match. A list of items is cut after the first match without a
condition. An atomic group runs a list of its own, and what comes after the group goes on from each of its matches, on
condition that no preferred one comes about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import or_
from typing import TypeAlias

from ..errors import LimitExceeded, UnsupportedPattern
from ..regex_nodes import UNBOUNDED
from .formulas import FALSE, TRUE, Formulas
from .look_behinds import IDLE, LookBehinds, Steps
from .python_nodes import Ahead, Atomic, Behind, Chars, Choice, Concat, Node, Repeat, TextEnd

ARRIVED = 0
"""The continuation of which nothing is left."""

MOST_CLAUSES = 2_000
"""Of one condition; comparing so many with each other takes a tenth of a second."""

STEP, GROUP, MATCH, PENDING, DECIDED = range(5)
"""Kinds of items: a character of a set comes; an atomic group goes on; a match ends here; one that ended before waits
for its condition; one that ended before has met it."""

Item: TypeAlias = "tuple[int, int, Items, int, int]"
"""(kind, mask of classes, list of a group, continuation, condition)"""
Items: TypeAlias = "tuple[Item, ...]"

_END: Items = ()
"""The atom that the text ends here; all others are lists of items, one of which comes to a match."""

Context = tuple[int, ...]
"""The trackers of look-behinds."""

_Link = tuple[Node, int, int, int, bool]
"""(node, low, high, rest, whether a round has just ended): the numbers are those of a ``Repeat``."""

_Key = tuple[Repeat, int]
"""A repetition and what follows it."""


class Threads:
    """Continuations, and how lists of items move along with the text."""

    def __init__(self, mask_of: Callable[[Chars], int], subject: str, check: Callable[[], None]) -> None:
        self.formulas = Formulas(self._charge)
        self.behinds = LookBehinds(self._behind_steps, ARRIVED)
        self._mask_of = mask_of
        self._subject = subject
        self._check = check
        self._links: list[_Link] = [(Concat(()), 0, 0, ARRIVED, False)]
        self._numbers: dict[_Link, int] = {}
        self._asks = [0]
        self._node_asks: dict[Node, int] = {}
        self._trackers: dict[Behind, int] = {}
        self._expanded: dict[tuple[int, Context], Items] = {}
        self._atoms: list[Items] = []
        self._atom_numbers: dict[Items, int] = {}
        self._derived: dict[tuple[int, int, Context], int] = {}

    def _charge(self, clauses: int) -> None:
        self._check()
        if clauses > MOST_CLAUSES:
            problem = f"the look-aheads of {self._subject} depend on each other in more than {MOST_CLAUSES} ways"
            raise LimitExceeded(problem, remedy="put fewer look-aheads into one terminal")

    # --- continuations

    def chain(self, node: Node, rest: int) -> int:
        """``node`` and then ``rest``."""
        if isinstance(node, Concat):
            for part in reversed(node.parts):
                rest = self.chain(part, rest)
            return rest
        low, high = (node.low, node.high) if isinstance(node, Repeat) else (0, 0)
        return self._linked((node, low, high, rest, False))

    def _linked(self, link: _Link) -> int:
        number = self._numbers.get(link)
        if number is None:
            asks = self._asks_of(link[0]) | self._asks[link[3]]
            number = self._numbers[link] = len(self._links)
            self._links.append(link)
            self._asks.append(asks)
        return number

    def _asks_of(self, node: Node) -> int:
        """Which look-behinds ``node`` asks, as bits; numbers them."""
        if node not in self._node_asks:
            asks = 0
            match node:
                case Concat(children) | Choice(children):
                    for child in children:
                        asks |= self._asks_of(child)
                case Repeat(body) | Ahead(body) | Atomic(body):
                    asks = self._asks_of(body)
                case Behind(body):
                    asks = 1 << self.behinds.add(node, self.chain(body, ARRIVED))
                    self._trackers[node] = asks.bit_length() - 1
            self._node_asks[node] = asks
        return self._node_asks[node]

    def _behind_steps(self, continuation: int) -> Steps:
        return tuple((mask, rest) for kind, mask, _, rest, _ in self.expand(continuation, ()) if kind == STEP)

    # --- from a continuation to items

    def expand(self, continuation: int, context: Context) -> Items:
        """The ways to go on with ``continuation``."""
        key = (continuation, context)
        if key not in self._expanded:
            self._check()
            self._expanded[key] = self.reduced(self._ways(continuation, context))
        return self._expanded[key]

    def _ways(self, continuation: int, context: Context) -> Iterator[Item]:
        pending: list[tuple[int, int, frozenset[_Key]]] = [(continuation, TRUE, frozenset())]
        seen: dict[tuple[int, frozenset[_Key]], list[int]] = {}
        while pending:
            continuation, condition, rounds = pending.pop()
            earlier = seen.setdefault((continuation, rounds), [])
            if any(self.formulas.implies(condition, other) for other in earlier):
                continue
            earlier.append(condition)
            if continuation == ARRIVED:
                yield MATCH, 0, (), ARRIVED, condition
                if condition == TRUE:
                    return
                continue
            node, _, _, rest, _ = self._links[continuation]
            match node:
                case Chars():
                    yield STEP, self._mask_of(node), (), rest, condition
                case Choice(options):
                    pending.extend((self.chain(option, rest), condition, rounds) for option in reversed(options))
                case Repeat():
                    pending.extend(self._rounds(continuation, condition, rounds))
                case Atomic(body):
                    group = self.expand(self.chain(body, ARRIVED), context)
                    yield from self._inside(group, rest, condition)
                    exits = reversed(self._exits(group))
                    pending.extend((rest, self.formulas.both(condition, met), rounds) for met in exits)
                case _:
                    condition = self.formulas.both(condition, self._claim(node, context))
                    if condition != FALSE:
                        pending.append((rest, condition, rounds))

    def _rounds(
        self, continuation: int, condition: int, rounds: frozenset[_Key]
    ) -> list[tuple[int, int, frozenset[_Key]]]:
        """Another round, or no more, least preferred first; after a round without a character there is no other."""
        node, low, high, rest, after_round = self._links[continuation]
        assert isinstance(node, Repeat)
        fewer = high if high == UNBOUNDED else high - 1
        if low:
            again = self._linked((node, low - 1, fewer, rest, True))
            return [(self.chain(node.body, again), condition, rounds)]
        key = (node, rest)
        ways = [(rest, condition, rounds - {key})]
        if high and not (after_round and key in rounds):
            again = self._linked((node, 0, fewer, rest, True))
            inside = rounds | {key} if node.may_be_empty else rounds
            ways.append((self.chain(node.body, again), condition, inside))
        return ways if node.greedy else ways[::-1]

    def _inside(self, group: Items, rest: int, condition: int) -> Iterator[Item]:
        """The way to go on inside an atomic group, if there is one."""
        if any(item[0] in (STEP, GROUP) for item in group):
            yield GROUP, 0, group, rest, condition

    def _exits(self, group: Items) -> list[int]:
        """For each match of an atomic group that ends here, the condition that it is the preferred one."""
        return [
            self.formulas.both(item[4], self.formulas.negation(self._decides(group[:index])))
            for index, item in enumerate(group)
            if item[0] == MATCH
        ]

    def _after_group(self, group: Items, rest: int, condition: int, context: Context) -> Iterator[Item]:
        """The ways to go on once an atomic group has come to be ``group``."""
        yield from self._inside(group, rest, condition)
        for met in self._exits(group):
            yield from self._conditioned(self.expand(rest, context), self.formulas.both(condition, met))

    def _conditioned(self, items: Iterable[Item], condition: int) -> Iterator[Item]:
        for kind, mask, group, rest, own in items:
            yield kind, mask, group, rest, self.formulas.both(own, condition)

    def reduced(self, items: Iterable[Item]) -> Items:
        """Without what can never be preferred to the rest."""
        kept: list[Item] = []
        seen: dict[tuple[int, int, Items, int], list[int]] = {}
        for item in items:
            kind, mask, condition = item[0], item[1], item[4]
            if condition == FALSE or (kind == STEP and not mask):
                continue
            key = (MATCH, 0, (), ARRIVED) if kind == PENDING else item[:4]
            earlier = seen.setdefault(key, [])
            if any(self.formulas.implies(condition, other) for other in earlier):
                continue
            earlier.append(condition)
            if condition == TRUE and kind in (MATCH, PENDING):
                kept.append(item if kind == MATCH else (DECIDED, 0, (), ARRIVED, TRUE))
                break
            kept.append(item)
        return tuple(kept)

    # --- conditions on the text ahead

    def _claim(self, node: Node, context: Context) -> int:
        """What the look-around ``node`` says here, as a formula about the text ahead."""
        match node:
            case TextEnd():
                return self._atom(_END)
            case Ahead(body, negated):
                claim = self._decides(self.expand(self.chain(body, ARRIVED), context))
                return self.formulas.negation(claim) if negated else claim
            case Behind(_, negated, source):
                answer = self.behinds.answer(context[self._trackers[node]])
                if answer is None:
                    problem = f"{source} in {self._subject} asks what stands before the terminal"
                    remedy = "leave it out: a terminal knows its own text and what follows it"
                    raise UnsupportedPattern(problem, remedy=remedy)
                return TRUE if answer is not negated else FALSE
        raise TypeError(node)

    def _decides(self, items: Items) -> int:
        """The formula that one of ``items`` comes to a match."""
        formula = FALSE
        for item in items:
            if item[0] in (MATCH, PENDING, DECIDED):
                formula = self.formulas.either(formula, item[4])
        steps = tuple(sorted(item for item in items if item[0] in (STEP, GROUP)))
        return self.formulas.either(formula, self._atom(steps)) if steps and formula != TRUE else formula

    def _atom(self, items: Items) -> int:
        """The formula that one of ``items`` comes to a match, or if there are none, that the text ends here."""
        number = self._atom_numbers.setdefault(items, len(self._atoms))
        if number == len(self._atoms):
            self._atoms.append(items)
        return self.formulas.atom(number)

    def derive(self, condition: int, symbol: int, context: Context) -> int:
        """What ``condition`` asks of the text after a character; ``context`` is that behind it."""
        if condition in (FALSE, TRUE):
            return condition
        key = (condition, symbol, context)
        if key not in self._derived:
            self._check()
            self._derived[key] = self.formulas.replaced(condition, lambda atom: self._atom_after(atom, symbol, context))
        return self._derived[key]

    def _atom_after(self, atom: int, symbol: int, context: Context) -> int:
        items = self._atoms[atom]
        return self._decides(self.advance(items, symbol, context)) if items != _END else FALSE

    def holds_at_end(self, condition: int) -> bool:
        """Whether ``condition`` is met if the text ends here."""
        return self.formulas.holds(condition, lambda atom: self._atoms[atom] == _END)

    def may_end(self, items: Items) -> bool:
        """Whether a match with a condition counts if the text ends here."""
        return any(item[0] in (MATCH, PENDING) and item[4] != TRUE and self.holds_at_end(item[4]) for item in items)

    # --- moving on

    def advance(self, items: Items, symbol: int, context: Context) -> Items:
        """``items`` after a character; ``context`` is that behind it."""
        return self.reduced(self._advanced(items, symbol, context))

    def _advanced(self, items: Items, symbol: int, context: Context) -> Iterator[Item]:
        for kind, mask, group, rest, condition in items:
            if kind == DECIDED or (kind == STEP and not mask >> symbol & 1) or (kind == MATCH and condition == TRUE):
                continue
            after = self.derive(condition, symbol, context)
            if after == FALSE:
                continue
            if kind == STEP:
                found = self.expand(rest, context)
                yield from found if after == TRUE else self._conditioned(found, after)
            elif kind == GROUP:
                yield from self._after_group(self.advance(group, symbol, context), rest, after, context)
            else:
                yield PENDING, 0, (), ARRIVED, after

    # --- what makes a difference

    def asks(self, items: Items) -> int:
        """Which look-behinds ``items`` may still ask, as bits."""
        found = 0
        for _, _, group, rest, condition in items:
            found |= self._asks[rest] | self.asks(group) | self.condition_asks(condition)
        return found

    def condition_asks(self, condition: int) -> int:
        return reduce(or_, (self.asks(self._atoms[atom]) for atom in self.formulas.atoms(condition)), 0)

    def masks(self, items: Items) -> set[int]:
        """The sets of classes that ``items`` tell apart."""
        found: set[int] = set()
        for kind, mask, group, _, condition in items:
            if kind == STEP:
                found.add(mask)
            found |= self.masks(group) | self.condition_masks(condition)
        return found

    def condition_masks(self, condition: int) -> set[int]:
        return set().union(*(self.masks(self._atoms[atom]) for atom in self.formulas.atoms(condition)))

    def relevant(self, context: Context, items: Items) -> Context:
        """``context`` without the trackers that ``items`` do not ask any more."""
        return _kept(context, self.asks(items)) if context else ()

    def condition_relevant(self, context: Context, condition: int) -> Context:
        """``context`` without the trackers that ``condition`` does not ask any more."""
        return _kept(context, self.condition_asks(condition)) if context else ()


def _kept(context: Context, asks: int) -> Context:
    return tuple(tracker if asks >> index & 1 else IDLE for index, tracker in enumerate(context)) if asks else ()
