"""The likeliest tokens of some rows of logits, which token recycling guesses again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...grammar.kernels.disk_cache import compiled_as_called
from .recycling import BRANCHES


def likeliest(logits: torch.Tensor, rows: Sequence[int]) -> NDArray[np.int64]:
    """int64[n, up to BRANCHES], best first: the tokens of the greatest logits in ``rows`` of ``logits`` float[N, V]."""
    most = min(BRANCHES, logits.shape[-1])
    if logits.device.type != "cpu" or logits.dtype not in (torch.float32, torch.float64):
        best: NDArray[np.int64] = logits[list(rows)].topk(most).indices.cpu().numpy()
        return best
    found = np.empty((len(rows), most), np.int64)
    _greatest(logits.detach().contiguous().numpy(), np.array(rows, np.int64), found)
    return found


@compiled_as_called
def _greatest(logits: Any, rows: Any, found: Any) -> None:
    """By insertion: few logits of a row are greater than the least of those found so far."""
    count = found.shape[1]
    values = np.empty(count, logits.dtype)
    for place, row in enumerate(rows):
        values[:] = -np.inf
        found[place] = np.arange(count)
        for token, value in enumerate(logits[row]):
            if not value > values[count - 1]:
                continue
            at = count - 1
            while at > 0 and value > values[at - 1]:
                values[at], found[place, at] = values[at - 1], found[place, at - 1]
                at -= 1
            values[at], found[place, at] = value, token
