"""What can be wrong with the logits that a model gives, said as errors.

A row of masked logits is dead when no allowed token has a logit above minus infinity, or when an allowed one is NaN:
whatever is drawn from it means nothing. On the CPU this is seen at once. On an accelerator a look at the logits would
make the host wait for the model, so the verdict is copied to the host beside other work and read at the next step.
"""

from __future__ import annotations

import torch

from ..grammar.errors import DeadLogits, VocabularyMismatch
from .rows import Vocabulary


def check_count(tokens: int, width: int) -> None:
    """Raise ``VocabularyMismatch`` where a model gives far more logits than there are tokens.

    Models often give some more, for speed (2 % in Phi-2); a quarter more is another tokenizer's.
    """
    if width > 1.25 * tokens + 1024:
        raise VocabularyMismatch(
            f"the model gives {width} logits, the tokenizer has only {tokens} tokens",
            remedy="use the model's own tokenizer; if this is it, compile for a Vocabulary made with "
            f"vocab_size={width}",
        )


def check_width(vocabulary: Vocabulary, width: int) -> None:
    """Raise ``VocabularyMismatch`` unless ``width`` logits can be those of the vocabulary's tokens.

    Fewer logits will do where only special tokens, such as one for padding, are left out.
    """
    remedy = "compile the constraint for the tokenizer of this model"
    check_count(vocabulary.size, width)
    if width >= vocabulary.size:
        return
    if any(vocabulary.tokens[width:]):
        raise VocabularyMismatch(
            f"the vocabulary has {vocabulary.size} tokens, the model gives only {width} logits", remedy=remedy
        )
    if min(vocabulary.eos_token_ids) >= width:
        raise VocabularyMismatch(
            f"no end token can be reached: the model gives {width} logits, the first end token is "
            f"{min(vocabulary.eos_token_ids)}",
            remedy=remedy,
        )


class DeferredCheck:
    """Looks for dead rows on the device of the logits, and tells a step later."""

    def __init__(self) -> None:
        self._verdict: torch.Tensor | None = None

    def begin(self, masked: torch.Tensor) -> None:
        """Judge ``masked``, float[rows, width], without waiting for it."""
        dead = ~(masked.amax(dim=-1) > -torch.inf)  # a NaN is the greatest there is, and above nothing
        self._verdict = dead.to("cpu", non_blocking=True)

    def end(self) -> None:
        """Raise ``DeadLogits`` for what was begun; whatever the device had to do before must be done."""
        verdict, self._verdict = self._verdict, None
        if verdict is not None and verdict.any():
            raise dead_logits(int(verdict.nonzero()[0, 0]))


def dead_logits(row: int) -> DeadLogits:
    return DeadLogits(
        f"row {row}: the model's logits are NaN, or minus infinity for every token that the constraint allows",
        remedy="see whether the model itself gives NaN (weights, precision, padding), and whether another processor "
        "(min_new_tokens, suppress_tokens, bad_words_ids, ...) forbids all that the constraint allows",
    )
