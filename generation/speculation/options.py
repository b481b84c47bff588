"""How to speculate."""

from __future__ import annotations

from dataclasses import dataclass

from ...grammar.argument_checks import whole_number, wrong_argument
from ...grammar.errors import MaskwrightError
from ...grammar.vocabulary import Vocabulary
from .drafter import Drafter
from .forced import Forced
from .lookup import Lookup
from .ngram import NGram
from .recycling import Recycling


@dataclass(frozen=True)
class Speculation:
    """Options of speculative decoding; ``speculation="auto"`` is all defaults.

    ``drafters``: who guesses, the most trusted first; None for all that need no other model: what the language
    forces, look-up in the text and in earlier outputs, n-grams, token recycling. Drafters learn: give the same object
    to several calls to let them remember, one call at a time.

    ``budget``: at most so many drafted tokens in one pass, all sequences of a batch together. ``deepest``: at most so
    many in a row. ``branching``: False drafts chains only. ``adaptive``: False spends the whole budget, however
    improbable the guesses; True stops where one more costs more time than it saves, by what passes were seen to cost.

    Raises ``MaskwrightError`` for a budget or depth below one.
    """

    drafters: tuple[Drafter, ...] | None = None
    budget: int = 32
    deepest: int = 16
    branching: bool = True
    adaptive: bool = True

    def __post_init__(self) -> None:
        for name in ("budget", "deepest"):
            if whole_number(f"{name} of speculation", getattr(self, name)) < 1:
                raise MaskwrightError(f"{name} of speculation is {getattr(self, name)}", remedy="it is at least 1")
        if self.drafters is not None and not isinstance(self.drafters, list | tuple):
            raise wrong_argument("drafters", self.drafters, "a list of them: put it into [...]")
        for each in self.drafters or ():
            if isinstance(each, type) or not callable(getattr(each, "session", None)):
                raise wrong_argument("a drafter", each, "objects such as maskwright.drafters.Lookup()")

    def drafters_for(self, vocabulary: Vocabulary) -> tuple[Drafter, ...]:
        if self.drafters is not None:
            return self.drafters
        return Forced(vocabulary), Lookup(), NGram(), Recycling()
