"""Finishing within a budget of tokens: a constraint under which a text can always still be completed in time.

What is kept true: with ``left`` tokens to go, the end token among them, a completion of at most so many is known, and
the matcher has read it. So the mask of a tight step allows the tokens after which one of at most ``left - 1``
was found, and always the first token of the one that is known. Tokens that leave the same to be written are judged by
one of them. What is found is not always the shortest, so some tokens may be left out after which there would just have
been room; none is allowed after which there is not.

While there is plenty of room, nothing is searched for, and masks are those of the constraint itself: where a bound
says so (``completions.reach``), or what was found when a matcher last was at such a place (``completions.foresight``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .completions.completer import Completion
from .completions.judging import Judged, judge
from .completions.probe import Probe
from .errors import BudgetTooSmall, MaskwrightError
from .matcher import Constraint, Matcher, as_array
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

Plan = Completion | tuple[Completion, ...]
"""A completion, or several of which one is."""


_NOTHING = Completion(b"", ())


class BudgetedConstraint:
    """``constraint``, limited to texts of at most ``max_tokens`` tokens, the end token included.

    ``least``: a number of tokens that is known to be enough. Raises ``BudgetTooSmall`` if that is more than
    ``max_tokens``, and ``MaskwrightError`` if no completion was found at all.
    """

    def __init__(self, constraint: Constraint, max_tokens: int) -> None:
        self.constraint = constraint
        self.max_tokens = max_tokens
        first = constraint.matcher()
        found = constraint.completer.complete(first)
        if found is None:
            raise MaskwrightError(
                "no text was found that the vocabulary's tokens can spell, so that none can be promised",
                remedy="use a vocabulary with a token for every byte, or do not ask to finish within the budget",
            )
        self._first = found
        self.least = len(found.tokens) + 1
        if max_tokens < self.least:
            raise BudgetTooSmall(
                f"a budget of {max_tokens} tokens is too small for any text, as far as was found",
                remedy=f"allow at least {self.least} tokens, the end token included",
                least=self.least,
            )

    @property
    def vocabulary(self) -> Vocabulary:
        return self.constraint.vocabulary

    @property
    def notes(self) -> tuple[str, ...]:
        return self.constraint.notes

    def matcher(self) -> BudgetedMatcher:
        """A new sequence, at its beginning."""
        return BudgetedMatcher(self.constraint.matcher(), self.max_tokens, self._first)


class BudgetedMatcher:
    """A matcher that allows only what leaves room for the rest; otherwise as ``Matcher``."""

    def __init__(self, matcher: Matcher, max_tokens: int, plan: Plan) -> None:
        self.matcher = matcher
        self.max_tokens = max_tokens
        self._plans: list[Plan] = [plan]
        self._judged: tuple[int, Judged | None] | None = None
        self._completer = matcher.constraint.completer

    # --- the budget

    @property
    def used(self) -> int:
        """How many tokens were read."""
        return len(self._plans) - 1

    @property
    def left(self) -> int:
        """How many tokens may still come, the end token among them."""
        return self.max_tokens - self.used

    def shortest_completion(self) -> list[int] | None:
        """As ``Matcher.shortest_completion``."""
        return self.matcher.shortest_completion()

    def _plenty(self) -> tuple[Completion, ...] | None:
        """None unless there is room for the rest whatever token comes next; then what may complete it, if that is known
        only from having seen it.
        """
        left, reach = self.left - 1, self._completer.reach
        if reach is not None and reach.tokens_after(self.matcher, left) <= left:
            return ()
        prospect = self._completer.foresight.prospect(self.matcher)
        return prospect.plans if prospect is not None and prospect.tokens < left else None

    def _plan(self) -> Completion:
        """A completion of the text as it is."""
        plan = self._plans[-1]
        if isinstance(plan, tuple):
            found = self._completer.complete(self.matcher)
            if found is None or len(found.tokens) >= self.left:
                found = next((each for each in plan if self._completes(each)), None)
            assert found is not None
            assert len(found.tokens) < self.left, "what was known to complete the text does not"
            plan = self._plans[-1] = found
        return plan

    def _completes(self, plan: Completion) -> bool:
        return Probe(self.matcher).completes(plan.content)

    # --- masks

    def fill_next_token_bitmask(self, bitmask: NDArray[np.int32] | torch.Tensor, row: int = 0) -> None:
        """As ``Matcher.fill_next_token_bitmask``, without the tokens that leave no room for the rest."""
        self.matcher.fill_next_token_bitmask(bitmask, row)
        words: Any = bitmask if type(bitmask) is np.ndarray else as_array(bitmask)
        self.restrict(words[row])

    def restrict(self, mask: NDArray[np.int32]) -> None:
        """Take from ``mask``, int32[at least ceil(V / 32)], which the matcher has filled, what leaves no room."""
        if self.matcher.is_terminated() or self._plenty() is not None:
            return
        judged = self._judge()
        if judged is not None and judged.fits is None:
            return
        kept = np.zeros(32 * len(mask), np.bool_)
        if judged is not None and judged.fits is not None:
            kept[: len(judged.fits)] = judged.fits
        kept[list(self.matcher.constraint.vocabulary.eos_token_ids)] = True
        kept[list(self._plan().tokens[:1])] = True
        mask &= np.packbits(kept, bitorder="little").view(np.int32)

    def _judge(self) -> Judged | None:
        """The groups of the next tokens, judged; None if there are too many."""
        if self._judged is None or self._judged[0] != self.used:
            judged = judge(self.matcher, self.left - 2)
            if judged is not None:
                self._completer.foresight.keep(self.matcher, judged)
            self._judged = (self.used, judged)
        return self._judged[1]

    # --- tokens

    def accept_token(self, token_id: int) -> bool:
        """Read a token; False, and no change, if it is not allowed or leaves no room for the rest."""
        if self.left < 1:
            return False
        plan, plenty = self._plans[-1], self._plenty()
        if not self.matcher.accept_token(token_id):
            return False
        following = self._plan_behind(token_id, plan, plenty)
        if following is None:
            self.matcher.rollback(1)
            return False
        self._plans.append(following)
        return True

    def _plan_behind(self, token: int, plan: Plan, plenty: tuple[Completion, ...] | None) -> Plan | None:
        """What completes the text after ``token``, which was just read, if there is room for it."""
        if self.matcher.is_terminated():
            return _NOTHING
        if isinstance(plan, Completion) and plan.tokens[:1] == (token,):
            size = len(self.matcher.constraint.vocabulary.spelled[token])
            return Completion(plan.content[size:], plan.tokens[1:])
        if plenty is not None:
            return plenty
        judged = self._judged
        if judged is not None and judged[0] == self.used and judged[1] is not None:
            known = judged[1].plan_after(token)
            if known is not None and self._completes(known):
                return known
        found = self._completer.complete(self.matcher)
        return found if found is not None and len(found.tokens) + 2 <= self.left else None

    def accept_tokens(self, token_ids: list[int]) -> int:
        """Read tokens up to the first that is not allowed; how many were read."""
        for count, token in enumerate(token_ids):
            if not self.accept_token(token):
                return count
        return len(token_ids)

    def validate_tokens(self, token_ids: list[int]) -> int:
        """How many of the tokens ``accept_tokens`` would read; the matcher does not change."""
        count = self.accept_tokens(token_ids)
        self.rollback(count)
        return count

    def rollback(self, count: int) -> None:
        """Take back the last ``count`` tokens, and what they took of the budget."""
        self.matcher.rollback(count)
        del self._plans[len(self._plans) - count :]
        self._judged = None

    def reset(self) -> None:
        """Go back to the beginning."""
        self.rollback(self.used)

    def fork(self) -> BudgetedMatcher:
        """An independent matcher in the same state, with the same budget left."""
        other = BudgetedMatcher(self.matcher.fork(), self.max_tokens, _NOTHING)
        other._plans = self._plans.copy()
        other._judged = self._judged
        return other

    # --- questions

    def is_accepting(self) -> bool:
        """Is the text read so far a complete member of the language?"""
        return self.matcher.is_accepting()

    def is_terminated(self) -> bool:
        """Was an end-of-sequence token accepted?"""
        return self.matcher.is_terminated()
