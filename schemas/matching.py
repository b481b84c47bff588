"""Bipartite matching: whether each of several places can have a choice of its own.

Augmenting paths, after Kuhn (1955), breadth first and therefore without recursion.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

_Choice = TypeVar("_Choice", bound=Hashable)


def perfect_matching(choices: Sequence[Sequence[_Choice]]) -> list[_Choice] | None:
    """A different member of each of ``choices``, or ``None`` if there is no such selection."""
    taker: dict[_Choice, int] = {}
    for start in range(len(choices)):
        reached: dict[_Choice, int] = {}
        queue = [start]
        free: _Choice | None = None
        for place in queue:
            for choice in choices[place]:
                if choice not in reached:
                    reached[choice] = place
                    if choice not in taker:
                        free = choice
                        break
                    queue.append(taker[choice])
            if free is not None:
                break
        if free is None:
            return None
        _augment(taker, reached, free, start)
    taken = {place: choice for choice, place in taker.items()}
    return [taken[place] for place in range(len(choices))]


def _augment(taker: dict[_Choice, int], reached: dict[_Choice, int], choice: _Choice, start: int) -> None:
    """Gives ``choice`` to the place that reached it, which leaves its own to the place before, and so on."""
    held = {place: taken for taken, place in taker.items()}
    while True:
        place = reached[choice]
        given_up = held.get(place)
        taker[choice] = place
        if place == start or given_up is None:
            return
        choice = given_up
