"""The terms whose derivatives are the states of a regular expression's automaton: hash-consed, simplified.

A *term* says what the rest of the text must be: a chain of nodes that ends in "any text", "no more text" or, inside a
look-behind, "here", or a Boolean combination of chains. Combinations are kept as a union of intersections, which makes
their number finite.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import charset
from .limits import Budget
from .regex_nodes import (
    UNBOUNDED,
    Ahead,
    Alternation,
    Behind,
    Chars,
    Concat,
    Node,
    Nodes,
    Repeat,
    TextEnd,
    TextStart,
    WordBoundary,
    matches_empty,
)

FAIL, ALL, END, HERE = range(4)
"""The terms of no text, of any text, of no more text, and of the place that a look-behind asks about."""

_Kind = int
TERMINAL, CHAIN, UNION, INTERSECTION, COMPLEMENT = range(5)

ASKS_START, ASKS_WORD, HOLDS_HERE, ASKS_BEHIND = 1, 2, 4, 8
"""Flags of a term: which context it depends on; ``ASKS_BEHIND << i`` for the look-behind ``i``."""


class Terms:
    """The table of hash-consed terms and their smart constructors, which alone simplify."""

    def __init__(self, nodes: Nodes, work: int, budget: Budget) -> None:
        self.nodes = nodes
        self._work = work
        self._budget = budget
        self.kinds = [TERMINAL] * 4
        self.payloads: list[frozenset[int]] = [frozenset()] * 4
        self.chains: dict[int, tuple[Node, int]] = {}
        self.flags = [0, 0, 0, HOLDS_HERE]
        self.behinds: dict[Behind, int] = {}
        self._table: dict[object, int] = {}
        self._chained: dict[tuple[Node, int], int] = {}
        self._node_flags: dict[Node, int] = {}

    def _intern(self, kind: _Kind, key: object, flags: int, members: frozenset[int] = frozenset()) -> int:
        term = self._table.get((kind, key))
        if term is None:
            self._work -= 1 + len(members)
            self._budget.check()
            term = self._table[kind, key] = len(self.kinds)
            self.kinds.append(kind)
            self.payloads.append(members)
            self.flags.append(flags)
        return term

    def node_flags(self, node: Node) -> int:
        """The flags of ``node``; numbers the look-behinds in it, inner ones first."""
        known = self._node_flags.get(node)
        if known is not None:
            return known
        flags = 0
        match node:
            case TextStart():
                flags = ASKS_START
            case WordBoundary():
                flags = ASKS_WORD
            case Concat(children) | Alternation(children):
                for child in children:
                    flags |= self.node_flags(child)
            case Repeat(body) | Ahead(body):
                flags = self.node_flags(body)
            case Behind(body):
                flags = self.node_flags(body)
                flags |= ASKS_BEHIND << self.behinds.setdefault(node, len(self.behinds))
        self._node_flags[node] = flags
        return flags

    # --- chains

    def chain(self, node: Node, rest: int) -> int:
        """``node`` and then ``rest``, which is a chain or terminal."""
        term = self._chained.get((node, rest))
        if term is None:
            term = self._chained[node, rest] = self._new_chain(node, rest)
        return term

    def _new_chain(self, node: Node, rest: int) -> int:
        if rest == FAIL or node is self.nodes.nothing:
            return FAIL
        if isinstance(node, Concat):
            for part in reversed(node.parts):
                rest = self.chain(part, rest)
            return rest
        if rest == ALL and matches_empty(node):
            return ALL
        if isinstance(node, TextEnd) and rest in (ALL, END):
            return END
        if isinstance(node, Repeat):
            return self._repetition(node, rest)
        return self._link(node, rest)

    def _link(self, node: Node, rest: int) -> int:
        term = self._intern(CHAIN, (node, rest), self.node_flags(node) | self.flags[rest])
        self.chains[term] = (node, rest)
        return term

    def _repetition(self, node: Repeat, rest: int) -> int:
        body, low, high = node.body, node.low, node.high
        if rest == ALL and low < high:
            return self.chain(self.nodes.repeat(body, low, low), rest)
        following, after = self.chains.get(rest, (None, rest))
        if isinstance(following, Repeat) and following.body is body:
            return self.chain(self.nodes.repeat(body, low + following.low, high + following.high), after)
        if rest == END and low == 0 and high == UNBOUNDED and isinstance(body, Chars) and body.chars == charset.ANY:
            return ALL
        return self._link(node, rest)

    # --- Boolean terms

    def union(self, terms: Iterable[int]) -> int:
        members: set[int] = set()
        for term in terms:
            if term == ALL:
                return ALL
            if self.kinds[term] == UNION:
                members |= self.payloads[term]
            elif term != FAIL:
                members.add(term)
        if len(members) <= 1:
            return members.pop() if members else FAIL
        key = (UNION, frozenset(members))
        known = self._table.get(key)
        if known is None:
            self._work -= len(members)
            known = self._table[key] = self._new_union(members)
        return known

    def _new_union(self, members: set[int]) -> int:
        self._merge_repetitions(members)
        self._absorb(members)
        if ALL in members or self._covers_complement(members):
            return ALL
        if len(members) == 1:
            return members.pop()
        flags = 0
        for term in members:
            flags |= self.flags[term]
        frozen = frozenset(members)
        return self._intern(UNION, frozen, flags, frozen)

    def _merge_repetitions(self, members: set[int]) -> None:
        """``x{1,3}k`` and ``x{2,4}k`` become ``x{1,4}k``: this keeps the counters of a search from piling up."""
        groups: dict[tuple[Node, int], list[tuple[int, int, int]]] = {}
        for term in members:
            node, rest = self.chains.get(term, (None, FAIL))
            if isinstance(node, Repeat):
                groups.setdefault((node.body, rest), []).append((node.low, node.high, term))
        for (body, rest), found in groups.items():
            if rest in members:
                found.append((0, 0, rest))
            found.sort()
            low, high, _ = found[0]
            for next_low, next_high, _ in found[1:]:
                if next_low > high + 1:
                    break
                high = max(high, next_high)
            merged = [term for next_low, _, term in found if next_low <= high]
            if len(merged) > 1:
                members.difference_update(merged)
                members.add(self.chain(self.nodes.repeat(body, low, high), rest))

    def _absorb(self, members: set[int]) -> None:
        """Drops the intersections that another member contains."""
        both = [term for term in members if self.kinds[term] == INTERSECTION]
        for term in both:
            payload = self.payloads[term]
            if not payload.isdisjoint(members) or any(self.payloads[other] < payload for other in both[:64]):
                members.discard(term)

    def _covers_complement(self, members: set[int]) -> bool:
        """Whether ``members`` hold the complement of some of themselves, so that they are all texts."""
        return any(
            self.atoms(next(iter(self.payloads[term]))) <= members for term in members if self.kinds[term] == COMPLEMENT
        )

    def atoms(self, term: int) -> frozenset[int]:
        """The terms of which ``term`` is the union."""
        return self.payloads[term] if self.kinds[term] == UNION else frozenset((term,))

    def intersection(self, terms: Iterable[int]) -> int:
        clauses: set[frozenset[int]] = {frozenset()}
        for term in terms:
            if term == FAIL:
                return FAIL
            if term != ALL:
                options = [
                    self.payloads[option] if self.kinds[option] == INTERSECTION else {option}
                    for option in self.atoms(term)
                ]
                clauses = {clause | option for clause in clauses for option in options}
                self.charge(len(clauses))
        return self.union(self._clause(clause) for clause in clauses)

    def _clause(self, members: frozenset[int]) -> int:
        """The intersection of ``members``, no unions; at most one complement stays, that of a union."""
        if not members:
            return ALL
        excluded = [next(iter(self.payloads[term])) for term in members if self.kinds[term] == COMPLEMENT]
        if excluded:
            members = frozenset(term for term in members if self.kinds[term] != COMPLEMENT)
            outside = self.union(excluded)
            if outside == ALL or not self.atoms(outside).isdisjoint(members):
                return FAIL
            members |= {self.complement(outside)}
        if len(members) == 1:
            return next(iter(members))
        flags = 0
        for term in members:
            flags |= self.flags[term]
        return self._intern(INTERSECTION, members, flags, members)

    def complement(self, term: int) -> int:
        if term in (FAIL, ALL):
            return FAIL + ALL - term
        if self.kinds[term] == COMPLEMENT:
            return next(iter(self.payloads[term]))
        return self._intern(COMPLEMENT, term, self.flags[term], frozenset((term,)))

    def charge(self, work: int) -> None:
        self._work -= work
        if self._work < 0:
            raise TooMuchWork
        self._budget.check()


class TooMuchWork(Exception):  # noqa: N818 - control flow inside this module
    """The terms grow beyond what an automaton within the limits can need."""
