"""What is most frequent, kept in order while it is counted."""

from __future__ import annotations


class Ranking:
    """Tokens by how often they were added, the most frequent first."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self._counts: dict[int, int] = {}
        self._places: dict[int, int] = {}
        self._firsts: dict[int, int] = {}  # by count

    def add(self, token: int) -> None:
        """In constant time: it changes places with the first of those that were added as often."""
        tokens, places = self.tokens, self._places
        count = self._counts.get(token, 0)
        if not count:
            places[token] = len(tokens)
            tokens.append(token)
            self._firsts.setdefault(0, places[token])
        place, first = places[token], self._firsts[count]
        other = tokens[first]
        tokens[first], tokens[place] = token, other
        places[token], places[other] = first, place
        self._counts[token] = count + 1
        self._firsts.setdefault(count + 1, first)
        if first + 1 < len(tokens) and self._counts.get(tokens[first + 1]) == count:
            self._firsts[count] = first + 1
        else:
            del self._firsts[count]
