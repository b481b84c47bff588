"""Finishing within a budget of tokens: a constraint under which a text can always still be completed in time.

What is kept true: with ``left`` tokens to go, the end token among them, a completion of at most so many is known, and
the matcher has read it. So the mask of a tight step allows the tokens after which one of at most ``left - 1``
was found, and always the first token of the one that is known. Tokens that leave the same to be written are judged by
one of them. What is found is not always the shortest, so some tokens may be left out after which there would just have
been room; none is allowed after which there is not.

While there is plenty of room (``completions.reach``), nothing is searched for, and masks are those of the constraint
itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .completions.outcomes import Outcomes, outcomes_of
from .completions.probe import Probe
from .errors import BudgetTooSmall, MaskwrightError
from .matcher import Constraint, Matcher, as_array
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

Plan = tuple[int, ...]
"""Tokens that complete a text, the end token left out."""

MOST_JUDGED = 512
"""Of more groups of tokens than this only so many are judged in a step; the others are taken not to fit."""


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
        self._first: Plan = found.tokens
        self.least = len(self._first) + 1
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


@dataclass(eq=False)
class _Judged:
    """The tokens of one place: ``plans[g]`` completes the text after a token of group ``g`` in time, if any does."""

    length: int
    outcomes: Outcomes
    plans: list[Plan | None]


class BudgetedMatcher:
    """A matcher that allows only what leaves room for the rest; otherwise as ``Matcher``."""

    def __init__(self, matcher: Matcher, max_tokens: int, plan: Plan) -> None:
        self.matcher = matcher
        self.max_tokens = max_tokens
        self._plans: list[Plan | None] = [plan]
        self._judged: _Judged | None = None
        self._reach = matcher.constraint.completer.reach

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

    def _has_plenty(self) -> bool:
        """Is there room for the rest whatever token comes next?"""
        left = self.max_tokens - len(self._plans)
        return self._reach is not None and self._reach.tokens_after(self.matcher, left) <= left

    def _plan(self) -> Plan:
        plan = self._plans[-1]
        if plan is None:
            found = self.matcher.constraint.completer.complete(self.matcher)
            assert found is not None
            assert len(found.tokens) < self.left, "the bounds of ``Reach`` do not hold"
            plan = self._plans[-1] = found.tokens
        return plan

    # --- masks

    def fill_next_token_bitmask(self, bitmask: NDArray[np.int32] | torch.Tensor, row: int = 0) -> None:
        """As ``Matcher.fill_next_token_bitmask``, without the tokens that leave no room for the rest."""
        self.matcher.fill_next_token_bitmask(bitmask, row)
        words: Any = bitmask if type(bitmask) is np.ndarray else as_array(bitmask)
        self.restrict(words[row])

    def restrict(self, mask: NDArray[np.int32]) -> None:
        """Take from ``mask``, int32[at least ceil(V / 32)], which the matcher has filled, what leaves no room."""
        if self._has_plenty() or self.matcher.is_terminated():
            return
        judged = self._judge()
        if judged is None:
            self._only(mask, self._plan())
            return
        fits = np.array([False, *(plan is not None for plan in judged.plans)])[judged.outcomes.groups]
        bits = np.zeros(32 * len(mask), np.bool_)
        bits[: len(fits)] = fits
        bits[list(self.matcher.constraint.vocabulary.eos_token_ids)] = True
        plan = self._plan()
        if plan:
            bits[plan[0]] = True
        mask &= np.packbits(bits, bitorder="little").view(np.int32)

    def _only(self, mask: NDArray[np.int32], plan: Plan) -> None:
        """Keep the next token of ``plan`` and the end tokens."""
        kept = np.zeros(32 * len(mask), np.bool_)
        kept[list(self.matcher.constraint.vocabulary.eos_token_ids)] = True
        kept[list(plan[:1])] = True
        mask &= np.packbits(kept, bitorder="little").view(np.int32)

    def _judge(self) -> _Judged | None:
        """The groups of the next tokens, judged."""
        if self._judged is None or self._judged.length != self.used:
            outcomes = outcomes_of(self.matcher)
            if outcomes is None:
                return None
            plans = [self._plan_after(sample) for sample in outcomes.samples[:MOST_JUDGED]]
            plans += [None] * (len(outcomes.samples) - len(plans))
            self._judged = _Judged(self.used, outcomes, plans)
        return self._judged

    def _plan_after(self, token: int) -> Plan | None:
        """A completion after ``token`` for which there is room."""
        matcher = self.matcher
        if not matcher.accept_token(token):
            return None
        found = matcher.constraint.completer.complete(matcher)
        matcher.rollback(1)
        return found.tokens if found is not None and len(found.tokens) + 2 <= self.left else None

    # --- tokens

    def accept_token(self, token_id: int) -> bool:
        """Read a token; False, and no change, if it is not allowed or leaves no room for the rest."""
        if self.left < 1:
            return False
        plan, has_plenty = self._plans[-1], self._has_plenty()
        if not self.matcher.accept_token(token_id):
            return False
        if self.matcher.is_terminated():
            self._plans.append(())
        elif plan and plan[0] == token_id:
            self._plans.append(plan[1:])
        elif has_plenty:
            self._plans.append(None)
        else:
            found = self._plan_behind(token_id)
            if found is None:
                self.matcher.rollback(1)
                return False
            self._plans.append(found)
        return True

    def _plan_behind(self, token: int) -> Plan | None:
        """A completion for which there is room, after ``token``, which was just read."""
        judged = self._judged
        if judged is not None and judged.length == self.used:
            group = int(judged.outcomes.groups[token])
            plan = judged.plans[group - 1] if group else None
            if plan is not None and self._completes(plan):
                return plan
        found = self.matcher.constraint.completer.complete(self.matcher)
        return found.tokens if found is not None and len(found.tokens) + 2 <= self.left else None

    def _completes(self, plan: Plan) -> bool:
        spelled = self.matcher.constraint.vocabulary.spelled
        return Probe(self.matcher).completes(b"".join([spelled[token] for token in plan]))

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
        other = BudgetedMatcher(self.matcher.fork(), self.max_tokens, ())
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
