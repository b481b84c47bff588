"""What the next token may be, judged: for each group of tokens a completion after it for which there is room.

A completion that was found for one group is tried for the next ones before another is looked for: most tokens leave
little to be done that would not have been to be done before.

Inside of an array of unique items, tokens of one group differ in the text that they leave, which may be that of an
earlier item. There each token counts for itself, unless there is so much room that the item can still become another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from .completer import Completion
from .outcomes import Outcomes, outcomes_of
from .probe import Probe

if TYPE_CHECKING:
    from ..matcher import Matcher

MOST_SEARCHED = 512
"""For more groups than this no completion is looked for in a step; where none known to others does, they do not fit."""

_MOST_TRIED = 6
_MOST_VERIFIED = 512
_SPARE = 8
"""Room for making another item of one that has come."""


@dataclass(frozen=True, eq=False)
class Judged:
    """``plans[g - 1]`` completes the text after any token of group ``g`` in time; None if none was found that does.

    ``fits`` bool[V]: the tokens after which there is room; None if that is all of them.
    """

    outcomes: Outcomes
    plans: tuple[Completion | None, ...]
    fits: NDArray[np.bool_] | None

    def plan_after(self, token: int) -> Completion | None:
        group = int(self.outcomes.groups[token])
        return self.plans[group - 1] if group else None


def judge(matcher: Matcher, most: int) -> Judged | None:
    """The groups of the next tokens of ``matcher``, with completions of at most ``most`` tokens; None if there are too
    many to tell apart.
    """
    outcomes = outcomes_of(matcher)
    if outcomes is None:
        return None
    completer = matcher.constraint.completer
    known = _Known(matcher, most)
    here = completer.complete(matcher)
    if here is not None:
        known.tried.append(here)
    plans = tuple(known.after(token, completer.complete) for token in outcomes.samples)
    fits = None if None not in plans else _after_groups(outcomes, [plan is not None for plan in plans])
    if _is_in_unique_items(matcher):
        fits = _verified(matcher, outcomes, plans, most)
    return Judged(outcomes, plans, fits)


def _after_groups(outcomes: Outcomes, fits: list[bool]) -> NDArray[np.bool_]:
    return np.array([False, *fits])[outcomes.groups]


def _is_in_unique_items(matcher: Matcher) -> bool:
    if not matcher._slots[at.KEEPS_TEXT]:
        return False
    probe = Probe(matcher)
    frame = probe.frame_at(probe.configuration.frame)
    while frame.kind not in (at.ROOT, at.EMBEDDED):
        if frame.kind == at.ARRAY and matcher.constraint._automaton.nodes.array[frame.node, at.UNIQUE]:
            return True
        frame = probe.frame_at(frame.parent)
    return False


def _verified(
    matcher: Matcher, outcomes: Outcomes, plans: tuple[Completion | None, ...], most: int
) -> NDArray[np.bool_]:
    """The tokens of which there is room for the plan of their group, and then some, or after which it was tried."""
    fits = _after_groups(outcomes, [plan is not None and len(plan.tokens) + _SPARE <= most for plan in plans])
    doubtful = np.flatnonzero(_after_groups(outcomes, [plan is not None for plan in plans]) & ~fits)
    probe = Probe(matcher)
    fits[list(outcomes.samples)] = [plan is not None for plan in plans]
    for token in doubtful[:_MOST_VERIFIED].tolist():
        plan = plans[outcomes.groups[token] - 1]
        if plan is not None and matcher.accept_token(token):
            fits[token] = probe.completes(plan.content)
            matcher.rollback(1)
    return fits


class _Known:
    """Completions that were found, the last one that did first."""

    def __init__(self, matcher: Matcher, most: int) -> None:
        self.tried: list[Completion] = []
        self._matcher = matcher
        self._probe = Probe(matcher)
        self._most = most
        self._searches = 0

    def after(self, token: int, complete: Callable[[Matcher], Completion | None]) -> Completion | None:
        """A completion after ``token`` for which there is room."""
        if not self._matcher.accept_token(token):
            return None
        found = self._one_of_the_known()
        if found is None and self._searches < MOST_SEARCHED:
            self._searches += 1
            found = complete(self._matcher)
            if found is not None:
                self.tried.insert(0, found)
                del self.tried[_MOST_TRIED:]
        self._matcher.rollback(1)
        return found if found is not None and len(found.tokens) <= self._most else None

    def _one_of_the_known(self) -> Completion | None:
        for place, each in enumerate(self.tried):
            if len(each.tokens) <= self._most and self._probe.completes(each.content):
                self.tried.insert(0, self.tried.pop(place))
                return each
        return None
