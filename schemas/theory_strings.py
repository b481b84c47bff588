"""Whether some string satisfies a conjunction of string atoms and negated ones: exact, by automata for patterns.

Lengths are not made automata: ``maxLength`` may be large, and following the set of live states of the patterns'
automaton for as many steps as the shortest allowed string has characters decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import DEAD, REJECT, TextDfa
from ..grammar.limits import Limits
from ..grammar.regex import compile_pattern
from ..grammar.text_dfa import from_strings, product
from .atoms import HasFormat, LengthAtLeast, Matches, StringAtom, StringIn
from .formats import FORMATS, format_automaton

_MANY = 10**6
"""Fewer than the strings of one code point; no list of excluded strings is that long."""


def string_satisfies(atom: StringAtom, text: str, limits: Limits) -> bool:
    """Whether ``atom`` is true of ``text``."""
    if isinstance(atom, StringIn):
        return text in atom.values
    if isinstance(atom, LengthAtLeast):
        return len(text) >= atom.count
    return _accepts(recogniser(atom, limits), text)


def recogniser(atom: Matches | HasFormat, limits: Limits) -> TextDfa:
    """The automaton of the strings of which ``atom`` is true."""
    return compile_pattern(atom.pattern, limits) if isinstance(atom, Matches) else format_automaton(atom.name)


def some_string(positive: Sequence[StringAtom], negative: Sequence[StringAtom], limits: Limits) -> bool:
    """Whether a string exists of which all ``positive`` atoms are true and all ``negative`` ones false."""
    finite = [atom.values for atom in positive if isinstance(atom, StringIn)]
    if finite:
        candidates = frozenset.intersection(*finite)
        return any(
            all(string_satisfies(atom, text, limits) for atom in positive)
            and not any(string_satisfies(atom, text, limits) for atom in negative)
            for text in candidates
        )
    shortest = max((atom.count for atom in positive if isinstance(atom, LengthAtLeast)), default=0)
    longest = min((atom.count - 1 for atom in negative if isinstance(atom, LengthAtLeast)), default=None)
    if longest is not None and longest < shortest:
        return False
    excluded = frozenset(text for atom in negative if isinstance(atom, StringIn) for text in atom.values)
    wanted = [atom for atom in positive if isinstance(atom, Matches | HasFormat)]
    unwanted = [atom for atom in negative if isinstance(atom, Matches | HasFormat)]
    if not wanted and not unwanted and (longest != 0 or "" not in excluded) and len(excluded) < _MANY:
        return True
    if not unwanted and not excluded and not shortest and _some_format(wanted, longest):
        return True
    return _some_match(wanted, unwanted, excluded, shortest, longest, limits)


def _some_format(wanted: Sequence[Matches | HasFormat], longest: int | None) -> bool:
    """Whether just one format is wanted, without another limit than its own: there are strings of every format."""
    if len(wanted) != 1 or not isinstance(wanted[0], HasFormat):
        return False
    return longest in (None, FORMATS[wanted[0].name].maximum)


def _some_match(
    wanted: Sequence[Matches | HasFormat],
    unwanted: Sequence[Matches | HasFormat],
    excluded: frozenset[str],
    shortest: int,
    longest: int | None,
    limits: Limits,
) -> bool:
    """Whether a string of ``shortest`` to ``longest`` code points matches what is wanted and nothing else."""
    parts = [recogniser(atom, limits) for atom in (*wanted, *unwanted)]
    if any(part.dfa.is_empty for part in parts[: len(wanted)]):
        return False
    if excluded:
        parts.append(from_strings(dict.fromkeys(sorted(excluded), 1)))
    goal = (1,) * len(wanted) + (0,) * (len(parts) - len(wanted))
    automaton = parts[0]
    if len(parts) > 1 or unwanted or excluded:
        automaton = product(parts, lambda labels: int(tuple(map(bool, labels)) == tuple(map(bool, goal))), limits)
    return not automaton.dfa.is_empty and _some_length(automaton, shortest, longest)


def _some_length(automaton: TextDfa, shortest: int, longest: int | None) -> bool:
    """Whether a trimmed automaton accepts a string of ``shortest`` to ``longest`` symbols."""
    dfa = automaton.dfa
    live = np.zeros(len(dfa.labels), np.bool_)
    live[dfa.start] = True
    seen: dict[bytes, int] = {}
    for step in range(shortest):
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


def _accepts(automaton: TextDfa, text: str) -> bool:
    alphabet, dfa = automaton.alphabet, automaton.dfa
    points = np.fromiter(map(ord, text), np.int32, len(text))
    state = dfa.start
    for symbol in alphabet.classes[np.searchsorted(alphabet.starts, points, side="right") - 1]:
        state = int(dfa.transitions[state, symbol])
    return bool(dfa.labels[state] != REJECT)
