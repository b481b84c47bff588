"""What was seen to be left after any next token, kept by where the matcher stood: what tells that there is plenty of
room where no bound can (``reach``).

Where two matchers have the same key (``kernels.successors``), the same tokens lead to the same; so completions that
were found once for the groups of one place are completions whenever a matcher comes to such a place. Of unique items,
and ambiguous stacks of the parser, there are no keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..kernels import layout as at
from ..kernels.successors import key_of_configuration
from .completer import Completion
from .judging import Judged

if TYPE_CHECKING:
    from ..matcher import Matcher

_MOST_KEPT = 1 << 13

Key = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Prospect:
    """After any next token one of ``plans`` completes the text; ``tokens``: how many the longest of these has."""

    tokens: int
    plans: tuple[Completion, ...]


class Foresight:
    """The prospects of one constraint's places."""

    def __init__(self) -> None:
        self._kept: dict[Key, Prospect] = {}

    def key(self, matcher: Matcher) -> Key | None:
        """What tells where ``matcher`` stands, if anything does."""
        found = np.empty(2, np.int64)
        if key_of_configuration(matcher._slots, found) != at.DONE:
            return None
        first, second = found.tolist()
        return first, second

    def prospect(self, matcher: Matcher) -> Prospect | None:
        """What is known of the next tokens of ``matcher``."""
        key = self.key(matcher) if self._kept else None
        return None if key is None else self._kept.get(key)

    def keep(self, matcher: Matcher, judged: Judged) -> None:
        """Remember what was found where ``matcher`` stands, if that is a completion for every token."""
        plans = [plan for plan in dict.fromkeys(judged.plans) if plan is not None]
        key = self.key(matcher) if None not in judged.plans else None
        if key is None:
            return
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[key] = Prospect(max((len(plan.tokens) for plan in plans), default=0), tuple(plans))
