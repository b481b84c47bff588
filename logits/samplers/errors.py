"""What samplers raise."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...grammar.errors import MaskwrightError
from .result import SamplingResult


@dataclass(unsafe_hash=True)
class BudgetExhausted(MaskwrightError):
    """The forward passes allowed were spent before all samples were drawn; ``found`` holds those that were.

    Taken alone these lean a little towards sequences that take few forward passes.
    """

    found: SamplingResult | None = field(default=None, repr=False)


class EmptyTarget(MaskwrightError):
    """No sequence of the language within the limit of length has positive probability."""
