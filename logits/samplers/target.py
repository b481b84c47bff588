"""What is sampled: the sequences of a language, at most so many tokens long, by the law of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...grammar.batch import fill_next_token_bitmasks
from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint, Matcher
from ..language_model import LanguageModel

BITS = 32


@dataclass(frozen=True)
class Target:
    """The language L of sequences of tokens that the constraint allows, that end in an end token and have at most
    ``max_tokens`` tokens, the end token included; and p, the law of ``model``. The target law is p(x | x in L)."""

    model: LanguageModel
    constraint: Constraint
    max_tokens: int

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise MaskwrightError(f"max_tokens is {self.max_tokens}", remedy="the end token alone is one token")
        size = self.constraint.vocabulary.size
        if size > self.model.vocabulary_size:
            raise MaskwrightError(
                f"the constraint's vocabulary has {size} tokens, the model {self.model.vocabulary_size}",
                remedy="compile the constraint for the vocabulary of the model's tokenizer",
            )

    @cached_property
    def ends(self) -> NDArray[np.bool_]:
        """bool[V]: the end tokens."""
        ends = np.zeros(self.model.vocabulary_size, np.bool_)
        ends[list(self.constraint.vocabulary.eos_token_ids)] = True
        return ends

    def is_last(self, length: int) -> bool:
        """Whether after ``length`` tokens only an end token fits into the limit."""
        return length >= self.max_tokens - 1

    def masks(self, matchers: Sequence[Matcher]) -> NDArray[np.bool_]:
        """bool[n, V]: what the grammar alone allows next, whatever the length; see ``is_last``."""
        size = self.constraint.vocabulary.size
        words = np.empty((len(matchers), -(-size // BITS)), np.int32)
        if matchers:
            fill_next_token_bitmasks(matchers, words)
        bits = np.unpackbits(words.view(np.uint8), axis=1, count=size, bitorder="little").view(np.bool_)
        padding = self.model.vocabulary_size - size
        return np.pad(bits, ((0, 0), (0, padding))) if padding else bits
