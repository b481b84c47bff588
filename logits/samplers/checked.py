"""A constraint given by a function that says whether a sequence may go on: for what has no grammar and no masks.

Such a constraint is for samplers that ask about single tokens (``AWRS``, and ``SMC`` with its proposal).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...grammar.vocabulary import Vocabulary
from ..language_model import Prefix


class TokenChecker(Protocol):
    """What is asked of a matcher where there are no masks."""

    def accept_token(self, token_id: int) -> bool: ...

    def rollback(self, count: int) -> None: ...

    def fork(self) -> TokenChecker: ...


class Checkable(Protocol):
    """What is asked of a constraint where there are no masks: every ``Constraint`` is one."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def matcher(self) -> TokenChecker: ...


class Checked:
    """The sequences all of whose beginnings ``allows`` is true for; those that end in an end token are whole.

    ``allows(token_ids)`` is asked about sequences whose last token is new, the end token included. What it refuses
    once it has to refuse however it goes on; where it allows what cannot be finished, samples are lost, none is wrong.
    """

    def __init__(self, vocabulary: Vocabulary, allows: Callable[[Prefix], bool]) -> None:
        self.vocabulary = vocabulary
        self.allows = allows

    def matcher(self) -> PrefixChecker:
        return PrefixChecker(self.allows)


class PrefixChecker:
    """One sequence under a ``Checked`` constraint."""

    def __init__(self, allows: Callable[[Prefix], bool], token_ids: Prefix = ()) -> None:
        self._allows = allows
        self._token_ids = token_ids

    def accept_token(self, token_id: int) -> bool:
        after = (*self._token_ids, token_id)
        if not self._allows(after):
            return False
        self._token_ids = after
        return True

    def rollback(self, count: int) -> None:
        self._token_ids = self._token_ids[: len(self._token_ids) - count]

    def fork(self) -> PrefixChecker:
        return PrefixChecker(self._allows, self._token_ids)
