"""What a budget of tokens changes for a logits processor: its constraints, and its matchers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..grammar.argument_checks import whole_number
from ..grammar.errors import MaskwrightError
from ..grammar.matcher import Constraint
from ..grammar.token_budget import BudgetedConstraint, BudgetedMatcher


def within_budget(constraints: Sequence[Any], max_new_tokens: int | None) -> tuple[Any, ...]:
    """``constraints``, each limited to ``max_new_tokens``, the end token included; as they are if that is None.

    Raises ``BudgetTooSmall``.
    """
    if max_new_tokens is None:
        return tuple(constraints)
    most = whole_number("max_new_tokens", max_new_tokens)
    limited: dict[int, BudgetedConstraint] = {}
    for each in constraints:
        if not isinstance(each, Constraint):
            raise MaskwrightError(
                f"a {type(each).__name__} cannot be kept within a budget of tokens",
                remedy="leave max_new_tokens out, or use a constraint of maskwright.compile",
            )
        if id(each) not in limited:
            limited[id(each)] = BudgetedConstraint(each, most)
    return tuple(limited[id(each)] for each in constraints)


def unlimited(matcher: Any) -> Any:
    """The matcher without its budget."""
    return matcher.matcher if isinstance(matcher, BudgetedMatcher) else matcher


def restrict(matchers: Sequence[Any], words: Any) -> None:
    """Take what leaves no room from the rows that the matchers without their budgets have filled."""
    for index, matcher in enumerate(matchers):
        if isinstance(matcher, BudgetedMatcher):
            matcher.restrict(words[index])
