"""What a user adds to the law: functions of the text so far.

The value of a function is the logarithm of a factor. A *potential* is part of the target, which becomes proportional to
p(x) times the factor of the whole text; its values for partial texts only guide the way. A *twist* guides alone, and is
no part of the target: it counts as 1 once a text is whole. ``-inf`` ends a particle, so it must be kept however the
text goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...grammar.errors import MaskwrightError
from ...grammar.vocabulary import Vocabulary
from ..language_model import Prefix

LogFactor = Callable[[Prefix, bytes], float]
"""Of the tokens after the prompt, and of the bytes they stand for, to the log of a factor."""


@dataclass(frozen=True)
class Potentials:
    """The product of all of a user's functions."""

    potentials: tuple[LogFactor, ...]
    twists: tuple[LogFactor, ...]
    vocabulary: Vocabulary

    def __bool__(self) -> bool:
        return bool(self.potentials or self.twists)

    def log_factor(self, token_ids: Prefix, *, whole: bool) -> float:
        """The sum for a text that is whole, or may go on. Raises ``MaskwrightError`` for what is no log of a factor."""
        functions = self.potentials if whole else self.potentials + self.twists
        if not functions:
            return 0.0
        text = self.vocabulary.decode(token_ids)
        value = float(sum(function(token_ids, text) for function in functions))
        if not value < float("inf"):
            remedy = "return the logarithm of a factor: a finite number, or -inf"
            raise MaskwrightError(f"the potentials of {text!r:.60} add up to {value}", remedy=remedy)
        return value
