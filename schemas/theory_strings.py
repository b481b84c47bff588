"""Some string that satisfies a conjunction of string atoms and negated ones: exact, by automata for patterns.

Lengths are not made automata: ``maxLength`` may be large, and following the set of live states of the patterns'
automaton for as many steps as the shortest allowed string has characters decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import DEAD, REJECT, TextDfa
from ..grammar.limits import Budget
from ..grammar.regex import compile_pattern
from ..grammar.regex_evident import listed_texts
from ..grammar.regex_lengths import consisting_of
from ..grammar.text_dfa import from_strings, label_of, length_at_least
from ..grammar.text_dfa import shortest as shortest_string
from ..grammar.text_product import UNSETTLED, Judgement, judged_product, product
from ..grammar.text_search import likely_string
from .atoms import ConsistsOf, HasFormat, LengthAtLeast, Matches, StringAtom, StringIn
from .formats import FORMATS, format_automaton
from .key_tables import class_sizes
from .witness import LONGEST, Witness, constant, too_long

_MANY = 10**6
"""Fewer than the strings of one code point; no list of excluded strings is that long."""

_UNTOLD = 1e12
"""No document has so many items."""

_COUNTED = 1 << 20
"""So many transitions are looked at to count strings: some milliseconds."""

_PLENTY = 4
"""There are more strings of this many code points than any document has items."""


def string_satisfies(atom: StringAtom, text: str, budget: Budget) -> bool:
    """Whether ``atom`` is true of ``text``."""
    if isinstance(atom, StringIn):
        return text in atom.values
    if isinstance(atom, LengthAtLeast):
        return len(text) >= atom.count
    listed = listed_texts(atom.pattern, budget) if isinstance(atom, Matches) else None
    if listed is not None:
        return text in listed
    return label_of(recogniser(atom, budget), text) != REJECT


def recogniser(atom: StringAtom, budget: Budget) -> TextDfa:
    """The automaton of the strings of which ``atom`` is true."""
    if isinstance(atom, Matches):
        return compile_pattern(atom.pattern, budget)
    if isinstance(atom, HasFormat):
        return format_automaton(atom.name)
    if isinstance(atom, ConsistsOf):
        return consisting_of(atom.chars)
    if isinstance(atom, LengthAtLeast):
        return length_at_least(atom.count)
    return from_strings(dict.fromkeys(sorted(atom.values), 1))


@lru_cache(maxsize=32)
def conjunction(positive: frozenset[StringAtom], negative: frozenset[StringAtom], budget: Budget) -> TextDfa:
    """The automaton of the strings of which all ``positive`` atoms are true and all ``negative`` ones false.

    At least one atom is given. Kept for a while: the same conjunction is asked for to decide and then to recognise.
    """
    listed = [atom.values for atom in negative if isinstance(atom, StringIn)]
    if len(listed) > 1:
        negative = frozenset(atom for atom in negative if not isinstance(atom, StringIn))
        negative |= {StringIn(frozenset[str]().union(*listed))}
    parts = [recogniser(atom, budget) for atom in (*positive, *negative)]
    if len(parts) == 1 and positive:
        return parts[0]
    goals = (True,) * len(positive) + (False,) * len(negative)

    def is_possible(possible: int, labels: tuple[int, ...]) -> int:
        pairs = zip(labels, goals, strict=True)
        return int(possible and all(label == UNSETTLED or (label != REJECT) == goal for label, goal in pairs))

    judgement = Judgement(1, is_possible, lambda possible: [bool(possible)] * len(parts), is_possible)
    return judged_product(parts, judgement, budget)


def some_string(positive: Sequence[StringAtom], negative: Sequence[StringAtom], budget: Budget) -> Witness | None:
    """A string of which all ``positive`` atoms are true and all ``negative`` ones false, if there is one."""
    finite = [atom.values for atom in positive if isinstance(atom, StringIn)]
    if finite:
        candidates = frozenset.intersection(*finite)
        found = (
            text
            for text in sorted(candidates)
            if all(string_satisfies(atom, text, budget) for atom in positive)
            and not any(string_satisfies(atom, text, budget) for atom in negative)
        )
        return next(map(constant, found), None)
    shortest = max((atom.count for atom in positive if isinstance(atom, LengthAtLeast)), default=0)
    longest = min((atom.count - 1 for atom in negative if isinstance(atom, LengthAtLeast)), default=None)
    if longest is not None and longest < shortest:
        return None
    wanted = frozenset(atom for atom in positive if not isinstance(atom, LengthAtLeast))
    unwanted = frozenset(atom for atom in negative if not isinstance(atom, LengthAtLeast))
    if not wanted and _only_some_excluded(unwanted, longest):
        excluded = frozenset(text for atom in unwanted if isinstance(atom, StringIn) for text in atom.values)
        plenty = longest is None or longest >= _PLENTY
        return Witness(lambda _: _free_string(excluded, shortest, longest), (), plenty)
    if not unwanted and not shortest and _some_format(wanted, longest):
        return Witness(lambda _: shortest_string(conjunction(wanted, unwanted, budget)), (), True)
    if any(recogniser(atom, budget).dfa.is_empty for atom in wanted):
        return None
    known = _likely_string(wanted, unwanted, shortest, longest, budget)
    if known is not None:
        return constant(
            known, plenty=lambda: are_abundant(conjunction(wanted, unwanted, budget), shortest, longest, budget)
        )
    automaton = conjunction(wanted, unwanted, budget)
    if automaton.dfa.is_empty or not some_length(automaton, shortest, longest, budget):
        return None

    def spelled(_: object) -> object:
        if shortest > LONGEST:
            return too_long(_)
        whole = product([automaton, length_at_least(shortest)], lambda labels: int(all(labels)), budget)
        return shortest_string(whole)

    return Witness(spelled, (), lambda: are_abundant(automaton, shortest, longest, budget))


def _likely_string(
    wanted: frozenset[StringAtom],
    unwanted: frozenset[StringAtom],
    shortest: int,
    longest: int | None,
    budget: Budget,
) -> str | None:
    """A string that several conditions allow, if one is soon found: then no automaton of all of them is made."""
    if len(wanted) + len(unwanted) < 2 or shortest > LONGEST:
        return None
    accepting, refusing = ([recogniser(atom, budget) for atom in atoms] for atoms in (wanted, unwanted))
    return likely_string(accepting, refusing, shortest, longest, budget)


def _free_string(excluded: frozenset[str], shortest: int, longest: int | None) -> str:
    """A string of ``shortest`` to ``longest`` code points that is not ``excluded``."""
    if shortest > LONGEST:
        too_long(None)
    length = shortest
    while True:
        head = "a" * (length - 1)
        for character in chain(ascii_letters, map(chr, range(_MANY))) if length else ("",):
            if head + character not in excluded and not "\ud800" <= character <= "\udfff":
                return head + character
        length += 1


def are_abundant(automaton: TextDfa, shortest: int, longest: int | None, budget: Budget) -> bool:
    """Whether a trimmed automaton is known to accept too many strings of these lengths for items to run out."""
    endless = longest is None and not is_finite(automaton)
    return endless or are_plenty(automaton, shortest, longest, budget)


def is_finite(automaton: TextDfa) -> bool:
    """Whether a trimmed automaton accepts only finitely many strings: whether no way leads round in a circle."""
    live = np.ones(len(automaton.dfa.labels), np.bool_)
    live[DEAD] = False
    while live.any():
        ends = live & ~live[automaton.dfa.transitions].any(axis=1)
        if not ends.any():
            return False
        live &= ~ends
    return True


def are_plenty(automaton: TextDfa, shortest: int, longest: int | None, budget: Budget) -> bool:
    """Whether an automaton accepts more strings of ``shortest`` to ``longest`` code points than any document has items.

    Counted length by length, as far as that costs little: a "no" means only that it was not found.
    """
    dfa, sizes = automaton.dfa, np.array(class_sizes(automaton), np.float64)
    ways = np.zeros(len(dfa.labels))
    ways[dfa.start] = 1
    accepted = 0.0
    steps = _COUNTED // dfa.transitions.size
    for length in range(1 + (steps if longest is None else min(longest, steps))):
        budget.check()
        if length >= shortest:
            accepted += float(ways[dfa.labels != REJECT].sum())
        if accepted >= _UNTOLD or not ways.any():
            break
        spread = np.bincount(dfa.transitions.ravel(), (ways[:, None] * sizes).ravel(), len(ways))
        spread[DEAD] = 0
        ways = np.minimum(spread, _UNTOLD)
    return accepted >= _UNTOLD


def _only_some_excluded(unwanted: frozenset[StringAtom], longest: int | None) -> bool:
    """Whether ``unwanted`` are lists of strings, and there are strings that are not in them and not too long."""
    excluded: set[str] = set()
    for atom in unwanted:
        if not isinstance(atom, StringIn):
            return False
        excluded |= atom.values
    return (longest != 0 or "" not in excluded) and len(excluded) < _MANY


def _some_format(wanted: frozenset[StringAtom], longest: int | None) -> bool:
    """Whether just one format is wanted, without another limit than its own: there are strings of every format."""
    if len(wanted) != 1:
        return False
    [atom] = wanted
    return isinstance(atom, HasFormat) and longest in (None, FORMATS[atom.name].maximum)


def some_length(automaton: TextDfa, shortest: int, longest: int | None, budget: Budget) -> bool:
    """Whether a trimmed automaton accepts a string of ``shortest`` to ``longest`` symbols."""
    dfa = automaton.dfa
    live = np.zeros(len(dfa.labels), np.bool_)
    live[dfa.start] = True
    seen: dict[bytes, int] = {}
    for step in range(shortest):
        budget.check()
        live = _successors(dfa.transitions, live)
        if not live.any():
            return False
        earlier = seen.setdefault(live.tobytes(), step)
        if earlier != step and (shortest - 1 - step) % (step - earlier) == 0:
            break
    if longest is None:
        return True
    reached = live.copy()
    for _ in range(longest - shortest + 1):
        budget.check()
        if (dfa.labels[reached] != REJECT).any():
            return True
        live = _successors(dfa.transitions, live) & ~reached
        if not live.any():
            return False
        reached |= live
    return False


def _successors(transitions: NDArray[np.int32], live: NDArray[np.bool_]) -> NDArray[np.bool_]:
    following = np.zeros_like(live)
    following[transitions[live].ravel()] = True
    following[DEAD] = False
    return following
