"""ECMA-262 regular expressions to deterministic automata over code points.

Brzozowski's derivatives in continuation-passing form (Brzozowski 1964, Antimirov 1996): a *term* says what the rest of
the text must be, and a state of the automaton is a term. A term is a chain of nodes that ends in "any text", "no more
text" or, inside a look-behind, "here"; or a Boolean combination of chains. With Boolean terms a look-ahead is an
intersection wherever it stands, and each look-behind is one more term that is advanced beside the main one. ``^`` and
``\\b`` need the kind of the previous character. Combinations are kept as a union of intersections, which makes their
number finite.

Not supported: what ``regex_syntax`` refuses. Patterns that need more than ``Limits.states`` states raise
``LimitExceeded``; some short ones do, such as ``(a|b)*a(a|b){20}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from . import charset
from .dfa import REJECT, Alphabet, Dfa, TextDfa
from .dfa_operations import explore, minimize, states_exceeded
from .errors import LimitExceeded
from .kernels.minimizing import number_columns
from .kernels.programs import SEARCH, WHOLE
from .limits import Budget
from .program import Sets, UnsureError, determinized
from .regex_nodes import (
    UNBOUNDED,
    Ahead,
    Alternation,
    Behind,
    Chars,
    Node,
    Nodes,
    Repeat,
    TextEnd,
    TextStart,
    WordBoundary,
    shortest,
)
from .regex_program import pattern_program
from .regex_syntax import parse, shown
from .regex_terms import (
    ALL,
    ASKS_BEHIND,
    ASKS_START,
    ASKS_WORD,
    CHAIN,
    COMPLEMENT,
    END,
    FAIL,
    HERE,
    HOLDS_HERE,
    INTERSECTION,
    TERMINAL,
    UNION,
    Terms,
    TooMuchWork,
)

ACCEPT = 1
"""The label of the texts that match."""

AT_START, AFTER_WORD, AFTER_OTHER = range(3)
"""What stands before the current place."""

Partition = list[tuple[int, int]]
"""(mask of classes, term) pairs with disjoint masks; characters in none of them lead to ``FAIL``."""

Context = tuple[int, tuple[int, ...]]
"""What stands before, and for each look-behind the term that advances beside the main one."""

State = tuple[int, int, tuple[int, ...]]
"""A term and its context, reduced to what the term depends on."""


@dataclass(frozen=True)
class _Step:
    """One way for a chain to go on: ``condition`` must hold of the rest, and either a character of ``mask`` comes and
    then ``target``, or (``mask == 0``) the terminal ``target`` is reached."""

    mask: int
    target: int
    condition: int


class Derivatives:
    """Derivatives and nullability of terms in a context, memoised."""

    def __init__(self, terms: Terms, masks: dict[Node, int], word: int, full: int) -> None:
        self.terms = terms
        self.masks = masks
        self.word = word
        self.full = full
        self._steps: dict[object, list[_Step]] = {}
        self._partitions: dict[object, Partition] = {}
        self._nullable: dict[object, bool] = {}

    def _key(self, term: int, context: Context) -> object:
        return (term, context) if self.terms.flags[term] & ~HOLDS_HERE else term

    # --- the ways a chain can go on

    def steps(self, term: int, context: Context) -> list[_Step]:
        """All steps of a chain or terminal, reached through whatever matches the empty text."""
        key = self._key(term, context)
        found = self._steps.get(key)
        if found is None:
            found = self._steps[key] = list(self._closure(term, context))
        return found

    def _closure(self, term: int, context: Context) -> Iterator[_Step]:
        terms = self.terms
        seen: dict[int, list[int]] = {}
        loops: dict[tuple[Node, int], list[tuple[int, int]]] = {}
        pending = [(term, ALL)]
        while pending:
            term, condition = pending.pop()
            earlier = seen.setdefault(term, [])
            if condition == FAIL or any(self._implies(condition, other) for other in earlier):
                continue
            earlier.append(condition)
            terms.charge(1)
            if term not in terms.chains:
                yield _Step(0, term, condition)
                continue
            node, rest = terms.chains[term]
            if isinstance(node, Chars):
                if self.masks[node]:  # a surrogate has no class
                    yield _Step(self.masks[node], rest, condition)
            elif isinstance(node, Alternation):
                pending.extend((terms.chain(option, rest), condition) for option in node.options)
            elif isinstance(node, Repeat):
                if node.low == 0:
                    rounds = loops.setdefault((node.body, rest), [])
                    if any(node.high <= high and self._implies(condition, other) for high, other in rounds):
                        continue
                    rounds.append((node.high, condition))
                yield from self._unroll(node, rest, condition, pending)
            else:
                pending.append((rest, self._assert(node, condition, context)))

    def _unroll(self, node: Repeat, rest: int, condition: int, pending: list[tuple[int, int]]) -> Iterator[_Step]:
        high = node.high if node.high == UNBOUNDED else node.high - 1
        again = self.terms.chain(self.terms.nodes.repeat(node.body, max(node.low - 1, 0), high), rest)
        if node.low == 0:
            pending.append((rest, condition))
        if isinstance(node.body, Chars):
            if self.masks[node.body]:
                yield _Step(self.masks[node.body], again, condition)
        else:
            pending.append((self.terms.chain(node.body, again), condition))

    def _implies(self, condition: int, other: int) -> bool:
        return other in (ALL, condition) or self.terms.intersection((condition, other)) == condition

    def _assert(self, node: Node, condition: int, context: Context) -> int:
        """``condition`` and what the assertion ``node`` says here, as one term about the rest of the text."""
        terms = self.terms
        previous, trackers = context
        if isinstance(node, TextStart):
            return condition if previous == AT_START else FAIL
        if isinstance(node, TextEnd):
            return terms.intersection((condition, END))
        if isinstance(node, WordBoundary):
            word = terms.chain(terms.nodes.chars(charset.WORD), ALL)
            word_follows = (previous == AFTER_WORD) == node.negated
            claim = word if word_follows else terms.complement(word)
            return terms.intersection((condition, claim))
        assert isinstance(node, Ahead | Behind)
        if isinstance(node, Ahead):
            claim = terms.chain(node.body, ALL)
        else:
            claim = self.arrived(trackers[terms.behinds[node]], context)
        return terms.intersection((condition, terms.complement(claim) if node.negated else claim))

    def arrived(self, term: int, context: Context) -> int:
        """What must hold of the rest of the text for the look-behind body ``term`` to end here."""
        terms = self.terms
        if not terms.flags[term] & HOLDS_HERE:
            return term
        members = terms.payloads[term]
        if terms.kinds[term] == UNION:
            return terms.union([self.arrived(member, context) for member in members])
        if terms.kinds[term] == INTERSECTION:
            return terms.intersection([self.arrived(member, context) for member in members])
        return terms.union(
            [step.condition for step in self.steps(term, context) if step.target == HERE and not step.mask]
        )

    # --- derivatives

    def nullable(self, term: int, context: Context) -> bool:
        """Whether the text may end here."""
        key = self._key(term, context)
        found = self._nullable.get(key)
        if found is None:
            found = self._nullable[key] = self._may_end(term, context)
        return found

    def _may_end(self, term: int, context: Context) -> bool:
        kind = self.terms.kinds[term]
        members = self.terms.payloads[term]
        if kind == UNION:
            return any(self.nullable(member, context) for member in members)
        if kind == INTERSECTION:
            return all(self.nullable(member, context) for member in members)
        if kind == COMPLEMENT:
            return not any(self.nullable(member, context) for member in members)
        if kind == TERMINAL:
            return term in (ALL, END)
        if isinstance(self.terms.chains[term][0], Chars):
            return False
        return any(
            step.mask == 0 and step.target in (ALL, END) and self.nullable(step.condition, context)
            for step in self.steps(term, context)
        )

    def derive(self, term: int, context: Context) -> Partition:
        """For each character what the rest of the text must be after it."""
        key = self._key(term, context)
        found = self._partitions.get(key)
        if found is None:
            found = self._partitions[key] = self._derive(term, context)
        return found

    def _derive(self, term: int, context: Context) -> Partition:
        terms = self.terms
        kind = terms.kinds[term]
        if kind == TERMINAL:
            return [(self.full, ALL)] if term == ALL else []
        if kind == CHAIN:
            node, rest = terms.chains[term]
            if isinstance(node, Chars):
                return [(self.masks[node], rest)] if self.masks[node] else []
            return self._join([self._step_partition(step, context) for step in self.steps(term, context)])
        parts = [self.derive(member, context) for member in terms.payloads[term]]
        if kind == UNION:
            return self._join(parts)
        if kind == INTERSECTION:
            return self._meet(parts)
        rest = self.full
        flipped = []
        for mask, target in parts[0]:
            rest &= ~mask
            flipped.append((mask, terms.complement(target)))
        return [(mask, target) for mask, target in [*flipped, (rest, ALL)] if mask and target != FAIL]

    def _step_partition(self, step: _Step, context: Context) -> Partition:
        after = [(step.mask, step.target)] if step.mask else self.derive(step.target, context)
        return (
            after if step.condition == ALL or not after else self._meet([after, self.derive(step.condition, context)])
        )

    def _join(self, parts: list[Partition]) -> Partition:
        """The union of ``parts``, character by character."""
        if len(parts) == 1:
            return parts[0]
        by_mask: dict[int, list[int]] = {}
        for part in parts:
            for mask, target in part:
                by_mask.setdefault(mask, []).append(target)
        blocks: list[tuple[int, list[int]]] = []
        covered = 0
        for mask, targets in by_mask.items():
            if not mask & covered:
                blocks.append((mask, targets))
                covered |= mask
                continue
            covered |= mask
            refined: list[tuple[int, list[int]]] = []
            for block, members in blocks:
                both = block & mask
                if not both:
                    refined.append((block, members))
                    continue
                mask &= ~both
                refined.append((both, members + targets))
                if block != both:
                    refined.append((block & ~both, members))
            if mask:
                refined.append((mask, targets))
            blocks = refined
        self.terms.charge(len(blocks))
        return [(mask, targets[0] if len(targets) == 1 else self.terms.union(targets)) for mask, targets in blocks]

    def _meet(self, parts: list[Partition]) -> Partition:
        """The intersection of ``parts``, character by character."""
        blocks: list[tuple[int, list[int]]] = [(self.full, [])]
        for part in parts:
            blocks = [
                (block & mask, [*members, target]) for block, members in blocks for mask, target in part if block & mask
            ]
        joined = [(mask, self.terms.intersection(targets)) for mask, targets in blocks]
        return [(mask, target) for mask, target in joined if target != FAIL]


class Automaton:
    """The states of one pattern's automaton, and the steps between them."""

    def __init__(self, derivatives: Derivatives) -> None:
        self.derivatives = derivatives
        self.terms = derivatives.terms
        self.openings = tuple(self.terms.chain(behind.body, HERE) for behind in self.terms.behinds)
        self.symbols: dict[int, list[int]] = {}

    def state(self, term: int, previous: int, trackers: tuple[int, ...]) -> State:
        """``term`` in the given context, without what it does not depend on."""
        needs = self.terms.flags[term]
        if not needs:
            return term, AFTER_OTHER, ()
        if needs < ASKS_BEHIND:
            trackers = ()
        else:
            trackers = tuple(
                tracker if needs & ASKS_BEHIND << index else FAIL for index, tracker in enumerate(trackers)
            )
        if previous == AFTER_WORD and not needs & ASKS_WORD:
            previous = AFTER_OTHER
        if previous == AT_START and not needs & ASKS_START:
            previous = AFTER_OTHER
        return term, previous, trackers

    def successors(self, state: State) -> Iterator[tuple[list[int], State]]:
        term, previous, trackers = state
        context = previous, trackers
        parts = self.derivatives.derive(term, context)
        needs = self.terms.flags[term]
        if not needs:
            for mask, target in parts:
                yield self._symbols(mask), (target, AFTER_OTHER, ())
            return
        blocks = [(mask, target, [FAIL] * len(trackers)) for mask, target in parts]
        for index, tracker in enumerate(trackers):
            if needs & ASKS_BEHIND << index:
                blocks = self._advance(blocks, index, tracker, context)
        for mask, target, advanced in blocks:
            for previous, kind in ((AFTER_WORD, self.derivatives.word), (AFTER_OTHER, ~self.derivatives.word)):
                if mask & kind:
                    yield self._symbols(mask & kind), self.state(target, previous, tuple(advanced))

    def _advance(
        self, blocks: list[tuple[int, int, list[int]]], index: int, tracker: int, context: Context
    ) -> list[tuple[int, int, list[int]]]:
        """``blocks`` with the look-behind ``index`` advanced by each character."""
        parts = self.derivatives.derive(tracker, context)
        rest = self.derivatives.full
        for mask, _ in parts:
            rest &= ~mask
        moves = [(mask, self.terms.union((target, self.openings[index]))) for mask, target in [*parts, (rest, FAIL)]]
        return [
            (block & mask, target, [*advanced[:index], moved, *advanced[index + 1 :]])
            for block, target, advanced in blocks
            for mask, moved in moves
            if block & mask
        ]

    def _symbols(self, mask: int) -> list[int]:
        found = self.symbols.get(mask)
        if found is None:
            found = self.symbols[mask] = [i for i in range(mask.bit_length()) if mask >> i & 1]
        return found

    def label(self, state: State) -> int:
        term, previous, trackers = state
        return ACCEPT if self.derivatives.nullable(term, (previous, trackers)) else 0


def compile_pattern(pattern: str, budget: Budget | None = None, *, anchored: bool = False) -> TextDfa:
    """The texts in which ``pattern`` is found, or if ``anchored`` those that it matches as a whole.

    The automaton is trimmed and minimal, its labels are ``ACCEPT`` and ``REJECT``. Raises ``InvalidPattern``,
    ``UnsupportedPattern``, or ``LimitExceeded`` over the limit of states or seconds.
    """
    return _compile(pattern, anchored, budget or Budget())


@lru_cache(maxsize=256)
def _compile(pattern: str, anchored: bool, budget: Budget) -> TextDfa:
    nodes = Nodes(budget)
    return compile_node(parse(pattern, nodes), nodes, f"the pattern {shown(pattern)}", anchored)


def compile_node(node: Node, nodes: Nodes, subject: str, anchored: bool = True) -> TextDfa:
    """As :func:`compile_pattern`, for a node made by ``nodes`` (all of whose sets the alphabet tells apart)."""
    budget = nodes.budget
    if shortest(node) >= budget.limits.states:
        raise states_exceeded(subject, budget)
    try:
        return determinize_node(node, budget, anchored)
    except UnsureError:
        return derive_node(node, nodes, subject, anchored)


def determinize_node(node: Node, budget: Budget, anchored: bool = True) -> TextDfa:
    """The automaton of ``node`` by a kernel; ``UnsureError`` for what it does not do, or not soon."""
    sets = Sets()
    program = pattern_program(node, sets, search=not anchored)
    alphabet, found = determinized(program, sets, WHOLE if anchored else SEARCH, budget.limits.states)
    labels = np.where(found.flags, ACCEPT, REJECT).astype(np.int32)
    start = min(1, len(labels) - 1)
    return _merge_classes(alphabet, minimize(Dfa(found.transitions, labels, start), budget))


def derive_node(node: Node, nodes: Nodes, subject: str, anchored: bool = True) -> TextDfa:
    """The automaton of ``node`` by derivatives, whatever it holds: slower, and what the kernel is held to."""
    budget = nodes.budget
    nodes.after_start(node)  # which may join sets to larger ones; the alphabet has to tell these apart as well
    alphabet, derivatives = _prepare(nodes, budget)
    try:
        automaton, start = _start(node, derivatives, anchored)
        dfa = explore(start, automaton.successors, automaton.label, alphabet.size, budget, subject)
    except TooMuchWork:
        states = budget.limits.states
        problem = f"the states of {subject} are too large for a limit of {states} states"
        raise LimitExceeded(problem, remedy="raise Limits.states, or ask for something simpler") from None
    return _merge_classes(alphabet, dfa)


WORK_PER_STATE = 40
"""How much larger than the limit on states the terms may grow, all together."""


def _prepare(nodes: Nodes, budget: Budget) -> tuple[Alphabet, Derivatives]:
    """The alphabet that the sets in ``nodes`` generate, and the derivatives over it."""
    nodes.chars(charset.ANY)
    word = nodes.chars(charset.WORD) if any(isinstance(node, WordBoundary) for node in nodes.table.values()) else None
    sets = [node for node in nodes.table.values() if isinstance(node, Chars)]
    alphabet, found = charset.partition([node.chars for node in sets])
    masks: dict[Node, int] = dict(zip(sets, found, strict=True))
    full = (1 << alphabet.size) - 1
    terms = Terms(nodes, WORK_PER_STATE * budget.limits.states, budget)
    return alphabet, Derivatives(terms, masks, masks[word] if word else full, full)


def _start(node: Node, derivatives: Derivatives, anchored: bool) -> tuple[Automaton, State]:
    terms = derivatives.terms
    nodes = terms.nodes
    if anchored:
        term = terms.chain(node, END)
    else:
        later = nodes.concat([nodes.repeat(nodes.chars(charset.ANY), 1, UNBOUNDED), nodes.after_start(node)])
        term = terms.union([terms.chain(node, ALL), terms.chain(later, ALL)])
    terms.node_flags(node)
    automaton = Automaton(derivatives)
    return automaton, automaton.state(term, AT_START, automaton.openings)


def _merge_classes(alphabet: Alphabet, dfa: Dfa) -> TextDfa:
    """Classes that ``dfa`` does not tell apart become one."""
    transitions = np.ascontiguousarray(dfa.transitions, np.int32)
    numbers, firsts = np.empty(alphabet.size, np.int32), np.empty(alphabet.size, np.int32)
    count = number_columns(transitions, numbers, firsts)
    classes = numbers[alphabet.classes]
    keep = np.ones(len(classes), dtype=np.bool_)
    keep[1:] = classes[1:] != classes[:-1]
    smaller = Alphabet(alphabet.starts[keep], classes[keep], count)
    return TextDfa(smaller, Dfa(np.ascontiguousarray(transitions[:, firsts[:count]]), dfa.labels, dfa.start))
