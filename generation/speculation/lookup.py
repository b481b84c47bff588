"""Drafts copied from what was already written: in the prompt, in this output, and in earlier ones.

The longest suffix of the text that occurred before says what may come next, as in prompt lookup (Saxena 2023),
CopySpec (arXiv 2502.08923), REST (arXiv 2311.08252) and SuffixDecoding (arXiv 2411.04975); a suffix automaton finds
it in constant time a token. Evidence is the length of the match, up to ``LONGEST_EVIDENCE``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...grammar.matcher import Matcher
from .drafter import Candidate, Mask, Session
from .suffix_automaton import SuffixAutomaton

LONGEST_EVIDENCE = 8
SEPARATOR = -1
"""Stands between texts; no token, so nothing is matched across it."""

_MOST_BRANCHES = 3
_SUFFIXES_TRIED = 2

_Position = tuple[int, int]


@dataclass
class Lookup:
    """``shortest`` is the least number of matching tokens that a guess rests on.

    ``remember``: how many tokens of earlier outputs are kept for later ones; beyond that the memory starts afresh.
    """

    shortest: int = 1
    remember: int = 20_000
    prior: float = 0.4
    name: str = "lookup"
    _earlier: SuffixAutomaton = field(default_factory=SuffixAutomaton, repr=False)

    def session(self, prompt: Sequence[int]) -> LookupSession:
        return LookupSession(self, self._earlier, prompt)

    def learn(self, output: Iterable[int]) -> None:
        """Remember a whole output for later sequences."""
        if self._earlier.length > self.remember:
            self._earlier = SuffixAutomaton()
        for token in output:
            self._earlier.append(token)
        self._earlier.append(SEPARATOR)


class LookupSession(Session):
    """A cursor is a position in the text of this sequence, and one in earlier outputs."""

    def __init__(self, lookup: Lookup, earlier: SuffixAutomaton, prompt: Sequence[int]) -> None:
        self._lookup = lookup
        self._own = SuffixAutomaton()
        self._earlier = earlier
        self._in_earlier: _Position = (0, 0)
        self.extend(prompt)

    def root(self) -> tuple[_Position, _Position]:
        return self._own.repeated_suffix(), self._in_earlier

    def candidates(self, cursor: tuple[_Position, _Position], matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        own, earlier = cursor
        first, second = (self._own, own), (self._earlier, earlier)
        if earlier[1] > own[1]:
            first, second = second, first
        found = self._continuations(*first)
        found += self._continuations(*second)
        return found[: 2 * _MOST_BRANCHES]

    def advance(self, cursor: tuple[_Position, _Position], token: int) -> tuple[_Position, _Position]:
        own, earlier = cursor
        return self._own.step(own, token), self._earlier.step(earlier, token)

    def extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self._own.append(token)
            self._in_earlier = self._earlier.step(self._in_earlier, token)

    def finish(self, output: Sequence[int]) -> None:
        self._lookup.learn(output)

    def _continuations(self, text: SuffixAutomaton, position: _Position) -> list[Candidate]:
        found: list[Candidate] = []
        for _ in range(_SUFFIXES_TRIED):
            length = position[1]
            if length < self._lookup.shortest:
                break
            recent = text.continuations(position)[: -_MOST_BRANCHES - 1 : -1]
            evidence = min(length, LONGEST_EVIDENCE) * _MOST_BRANCHES + min(len(recent), _MOST_BRANCHES) - 1
            found += [Candidate(token, evidence) for token in recent if token != SEPARATOR]
            position = text.shorter(position)
        return found
