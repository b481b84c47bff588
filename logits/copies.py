"""Copies of scores, in memory that was used for one before and that nobody holds any more.

A decoding loop drops the scores of a step at the next one. torch's ``clone`` maps new memory and wakes its threads: for
131,072 logits on a machine whose two cores were busy it took 26 ms in the median, a copy from here 0.16 ms. Whether
anybody holds a tensor is told by Python's count of references and by torch's of its storage, which views, detached
tensors and numpy arrays add to. Where torch does not tell, each copy is new.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import torch

_MOST = 3
_FOR_ONE_THREAD = 1 << 20
_use_count: Callable[[int], int] | None = getattr(torch._C, "_storage_Use_Count", None)
_ALONE = 2
"""Either count where nobody else holds anything: that of our list, or tensor, and that of the asking."""


class Copies:
    """The last few copies that were given out."""

    def __init__(self) -> None:
        self._given: list[torch.Tensor] = []

    def of(self, scores: torch.Tensor) -> torch.Tensor:
        """A contiguous copy of ``scores`` that is the receiver's to write to."""
        for index in range(len(self._given)):
            if self._is_free(index, scores):
                return _fill(self._given[index], scores)
        if scores.requires_grad:
            return scores.clone(memory_format=torch.contiguous_format)
        copy = _fill(torch.empty_like(scores, memory_format=torch.contiguous_format), scores)
        if _use_count is not None:
            self._given = [copy, *self._given[: _MOST - 1]]
        return copy

    def _is_free(self, index: int, scores: torch.Tensor) -> bool:
        if sys.getrefcount(self._given[index]) > _ALONE:
            return False
        kept = self._given[index]
        fits = (kept.shape, kept.dtype, kept.device) == (scores.shape, scores.dtype, scores.device)
        writable = torch.is_inference_mode_enabled() or not kept.is_inference()
        if not fits or not writable or scores.requires_grad or _use_count is None:
            return False
        return _use_count(kept.untyped_storage()._cdata) <= _ALONE


def _fill(copy: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """``copy`` with what is in ``scores``: by this thread alone, where waking others would take longer."""
    if scores.device.type == "cpu" and scores.numel() <= _FOR_ONE_THREAD and scores.dtype != torch.bfloat16:
        np.copyto(copy.numpy(), scores.numpy())
        return copy
    return copy.copy_(scores)
