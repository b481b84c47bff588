"""A suffix automaton over token ids that grows token by token.

It recognises every substring of the text read so far; a state stands for the substrings that end at the same places.
Amortised constant time a token (Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text").
"""

from __future__ import annotations

ROOT = 0
NO_STATE = -1


class SuffixAutomaton:
    """``append`` grows the text; ``step`` follows a text of one's own through it.

    A position in the automaton is a pair (state, length): the longest suffix of what was followed that occurs in the
    text, which has ``length`` tokens and belongs to ``state``.
    """

    def __init__(self) -> None:
        self._next: list[dict[int, int]] = [{}]
        self._link = [NO_STATE]
        self._longest = [0]
        self._last = ROOT
        self.length = 0

    def append(self, token: int) -> None:
        """Add a token to the text."""
        state = self._add_state(self._longest[self._last] + 1, {})
        before = self._last
        while before != NO_STATE and token not in self._next[before]:
            self._next[before][token] = state
            before = self._link[before]
        self._link[state] = ROOT if before == NO_STATE else self._suffix_state(before, token)
        self._last = state
        self.length += 1

    def repeated_suffix(self) -> tuple[int, int]:
        """The position of the longest suffix of the text that occurs in it once more, further to the left."""
        state = max(self._link[self._last], ROOT)
        return state, self._longest[state]

    def step(self, position: tuple[int, int], token: int) -> tuple[int, int]:
        """The position after one more token."""
        state, length = position
        while state != ROOT and token not in self._next[state]:
            state = self._link[state]
            length = self._longest[state]
        following = self._next[state].get(token)
        return (ROOT, 0) if following is None else (following, length + 1)

    def shorter(self, position: tuple[int, int]) -> tuple[int, int]:
        """The position of the longest proper suffix that occurs at more places."""
        state = max(self._link[position[0]], ROOT)
        return state, self._longest[state]

    def continuations(self, position: tuple[int, int]) -> list[int]:
        """The tokens that came after it somewhere in the text, the last one to come after it anew being the last."""
        return list(self._next[position[0]])

    def _suffix_state(self, before: int, token: int) -> int:
        """The state of the longest suffix that occurred before: a state as it is, or the short part of one."""
        whole = self._next[before][token]
        if self._longest[before] + 1 == self._longest[whole]:
            return whole
        part = self._add_state(self._longest[before] + 1, self._next[whole].copy())
        self._link[part] = self._link[whole]
        self._link[whole] = part
        walk = before
        while walk != NO_STATE and self._next[walk].get(token) == whole:
            self._next[walk][token] = part
            walk = self._link[walk]
        return part

    def _add_state(self, longest: int, following: dict[int, int]) -> int:
        self._next.append(following)
        self._link.append(NO_STATE)
        self._longest.append(longest)
        return len(self._longest) - 1
