"""A string that several automata accept or refuse, looked for without making the automaton of all of them.

Best-first search (Hart, Nilsson and Raphael, "A formal basis for the heuristic determination of minimum cost paths",
1968): as many characters as the part that is farthest from its goal needs are certainly still to come. The product of
a format and a pattern can have thousands of states, of which a string that both accept passes some ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from .dfa import REJECT, Dfa, TextDfa
from .dfa_operations import UNREACHABLE, distances
from .limits import Budget
from .text_dfa import refine, representatives, without_surrogates

_MOST_STATES = 500
"""So many states of the product are looked at."""

_NO_WAY = 1 << 30

_Found = tuple[str, "_Found | None"]
"""The last character of a string, and what is before it."""


def likely_string(
    wanted: Sequence[TextDfa], unwanted: Sequence[TextDfa], shortest: int, longest: int | None, budget: Budget
) -> str | None:
    """A string of ``shortest`` to ``longest`` code points that all ``wanted`` accept and no ``unwanted`` does.

    ``None`` says only that none was found soon. At least one automaton is given.
    """
    search = _Search(wanted, unwanted, shortest)
    for text in search.strings(budget):
        return text if longest is None or len(text) <= longest else None
    return None


class _Search:
    def __init__(self, wanted: Sequence[TextDfa], unwanted: Sequence[TextDfa], shortest: int) -> None:
        parts = [*wanted, *unwanted]
        alphabet, origins = refine([part.alphabet for part in parts])
        usable = without_surrogates(alphabet)
        characters = dict(representatives(alphabet))
        self._characters = [characters[symbol] for symbol in np.flatnonzero(usable).tolist()]
        self._steps = [part.dfa.transitions[:, origin[usable]] for part, origin in zip(parts, origins, strict=True)]
        self._left = [_characters_left(part.dfa) for part in wanted]
        self._left += [(part.dfa.labels != REJECT).astype(np.int32) for part in unwanted]
        self._start = tuple(part.dfa.start for part in parts)
        self._shortest = shortest

    def strings(self, budget: Budget) -> Iterator[str]:
        """Those found, shortest first."""
        heap: list[tuple[int, int, int, tuple[int, ...], _Found | None]] = []
        seen = {(self._start, 0)}
        least = max(int(left[state]) for left, state in zip(self._left, self._start, strict=True))
        heappush(heap, (max(least, self._shortest), 0, 0, self._start, None))
        for _ in range(_MOST_STATES):
            if not heap or heap[0][0] >= _NO_WAY:
                return
            budget.check()
            total, _, length, states, found = heappop(heap)
            if total == length:
                yield _spelled(found)
            rows = [step[state] for step, state in zip(self._steps, states, strict=True)]
            least_left = np.max([left[row] for left, row in zip(self._left, rows, strict=True)], axis=0).tolist()
            successors = zip(*(row.tolist() for row in rows), strict=True)
            for character, after, following in zip(self._characters, least_left, successors, strict=True):
                key = following, min(length + 1, self._shortest)
                if after < _NO_WAY and key not in seen:
                    seen.add(key)
                    total = length + 1 + max(after, self._shortest - length - 1)
                    heappush(heap, (total, -len(seen), length + 1, following, (character, found)))


def _spelled(found: _Found | None) -> str:
    characters = []
    while found is not None:
        character, found = found
        characters.append(character)
    return "".join(reversed(characters))


@lru_cache(maxsize=64)
def _characters_left(dfa: Dfa) -> NDArray[np.int32]:
    """How many characters lead from each state to acceptance."""
    left = distances(dfa.transitions, (dfa.labels != REJECT)[None])[0]
    return np.where(left == UNREACHABLE, _NO_WAY, left).astype(np.int32)
