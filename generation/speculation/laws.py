"""The law of the next token, from the model's logits and the grammar's mask, as the model's ``generate`` would have it.

transformers hands a decoding method a list of processors: the model's own, then the caller's, then the warpers of
sampling. The mask takes the place of the first ``LogitsProcessor`` of ours, or else comes before the warpers. Where
there are only temperature, top-k and top-p, they are a ``Target``; any others are called as they stand, one node at a
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from ...logits.bitmask import apply_token_bitmask_
from ...logits.processor import LogitsProcessor
from ...logits.verification import Target

_WARPERS = (TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)


class Law:
    """``scores`` gives logarithms of the law of the token after a node, up to a constant."""

    def __init__(self, processors: Sequence[Any], do_sample: bool) -> None:
        mask_at = next((i for i, each in enumerate(processors) if isinstance(each, LogitsProcessor)), None)
        others = [each for each in processors if not isinstance(each, LogitsProcessor)]
        if mask_at is None:
            mask_at = next((i for i, each in enumerate(others) if isinstance(each, _WARPERS)), len(others))
        self._before, self._after = others[:mask_at], others[mask_at:]
        self._greedy = Target(temperature=0.0)
        self._target = _target(self._after) if do_sample else self._greedy
        if self._target is not None and not (not do_sample and self._after):
            self._after = []
        self._is_greedy = not do_sample

    @property
    def needs_text(self) -> bool:
        """Do some processors look at the tokens so far?"""
        return bool(self._before or self._after)

    @property
    def plain_target(self) -> Target | None:
        """The whole law, whatever the text; None where processors have a part in it."""
        return None if self.needs_text else self._target

    def scores(self, logits: torch.Tensor, mask: torch.Tensor, text: Text | None) -> torch.Tensor:
        """float32[V]. ``logits``: [V]; ``mask``: int32[words]; ``text``: None if nothing needs it."""
        masks = mask[None]
        if text is None:
            assert self._target is not None
            assert not self.needs_text
            return self._target.scores(logits[None], masks)[0]
        row = text.process(self._before, logits.to(torch.float32, copy=True))
        if not self._after and self._target is not None:
            return self._target.scores(row[None], masks)[0]
        row = row.clone()
        apply_token_bitmask_(row[None], masks)
        row = text.process(self._after, row)
        return self._greedy.scores(row[None])[0] if self._is_greedy else row


@dataclass(frozen=True)
class Text:
    """The tokens before a node, for processors: they know their sequence by its row in a batch of ``rows``."""

    ids: torch.Tensor
    row: int
    rows: int

    def process(self, processors: Sequence[Any], scores: torch.Tensor) -> torch.Tensor:
        """``scores`` [V] after all ``processors``; ``ids`` is int64[n]."""
        if not processors:
            return scores
        ids, wide = self.ids.repeat(self.rows, 1), scores.repeat(self.rows, 1)  # some write in place
        for processor in processors:
            wide = processor(ids, wide)
        return wide[self.row]


def _target(warpers: Sequence[Any]) -> Target | None:
    """The warpers as a target, if they are at most one each of temperature, top-k and top-p, in this order."""
    kinds = [type(each) for each in warpers]
    if kinds != [kind for kind in _WARPERS if kind in kinds]:
        return None
    found = dict(zip(kinds, warpers, strict=True))
    temperature, top_k, top_p = (found.get(kind) for kind in _WARPERS)
    if (top_p is not None and top_p.min_tokens_to_keep > 1) or any(
        each is not None and each.filter_value != -float("inf") for each in (top_k, top_p)
    ):
        return None
    return Target(
        temperature=1.0 if temperature is None else float(temperature.temperature),
        top_k=None if top_k is None else int(top_k.top_k),
        top_p=1.0 if top_p is None else float(top_p.top_p),
    )
