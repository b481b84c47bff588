"""Packed token masks, and setting the logits of forbidden tokens to minus infinity.

A bitmask is int32[rows, ceil(V / 32)]: token ``t`` is bit ``t % 32``, least significant first, of word ``t // 32``; a
set bit means allowed. On the CPU a compiled loop over words does the work, because ``masked_fill_`` on an unpacked mask
mispredicts branches and wakes a thread pool for 100 microseconds of work; on CUDA it is a Triton kernel. The reference
in plain torch serves every other case, and both must agree with it bit for bit.

Not supported: logits of other types than the four below, and masks that live on another accelerator than the logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..grammar.kernels.disk_cache import compiled_as_called

BITS = 32
"""Tokens per word of a bitmask."""

_INTEGER_VIEWS = {
    torch.float16: torch.int16,
    torch.bfloat16: torch.int16,
    torch.float32: torch.int32,
    torch.float64: torch.int64,
}


def word_count(vocabulary_size: int) -> int:
    """How many int32 words hold one bit per token."""
    return -(-vocabulary_size // BITS)


def allocate_token_bitmask(rows: int, vocabulary_size: int) -> torch.Tensor:
    """A bitmask int32[rows, ceil(vocabulary_size / 32)] on the CPU that allows everything; pinned if there is CUDA."""
    shape = (rows, word_count(vocabulary_size))
    return torch.full(shape, -1, dtype=torch.int32, pin_memory=torch.cuda.is_available())


def apply_token_bitmask_(
    logits: torch.Tensor, bitmask: torch.Tensor | NDArray[np.int32], rows: Sequence[int] | None = None
) -> None:
    """Set the logits of forbidden tokens to minus infinity, in place.

    ``logits``: float[rows, width], of 16, 32 or 64 bits. Columns that the mask does not reach are forbidden, bits
    beyond ``width`` are ignored. ``bitmask``: int32[rows, words], on the device of the logits or on the CPU; its row
    ``r`` belongs to row ``r`` of the logits. ``rows``: the rows to mask, the others stay as they are; by default all.

    Raises ``TypeError`` for a wrong element type, ``ValueError`` for a wrong shape or device, ``IndexError`` for a row
    that does not exist.
    """
    mask = torch.from_numpy(bitmask) if isinstance(bitmask, np.ndarray) else bitmask
    _check(logits, mask, rows)
    if mask.device != logits.device:
        mask = mask.to(logits.device)
    if logits.is_cuda and find_spec("triton") is not None:
        from .triton_kernel import apply_token_bitmask_triton_

        apply_token_bitmask_triton_(logits, mask, rows)
    elif logits.device.type == "cpu" and logits.is_contiguous() and not logits.requires_grad:
        _apply_compiled_(logits, mask, rows)
    else:
        apply_token_bitmask_reference_(logits, mask, rows)


def apply_and_look_(logits: torch.Tensor, bitmask: torch.Tensor) -> int | None:
    """As ``apply_token_bitmask_``; the first row that is dead, -1 if there is none, None if nobody looked.

    A row is dead if no allowed logit is above minus infinity, or one is NaN. On the CPU looking comes with masking.
    """
    if logits.device.type == "cpu" and logits.is_contiguous() and not logits.requires_grad:
        _check(logits, bitmask, None)
        return _apply_compiled_(logits, bitmask, None)
    apply_token_bitmask_(logits, bitmask)
    return None


def apply_token_bitmask_reference_(
    logits: torch.Tensor, bitmask: torch.Tensor, rows: Sequence[int] | None = None
) -> None:
    """The same in plain torch, for tensors of one device: what the faster implementations are tested against."""
    offsets = torch.arange(BITS, dtype=torch.int32, device=bitmask.device)
    allowed = ((bitmask.unsqueeze(-1) >> offsets) & 1).bool().flatten(1)
    covered = min(allowed.shape[1], logits.shape[1])
    forbidden = torch.ones((bitmask.shape[0], logits.shape[1]), dtype=torch.bool, device=logits.device)
    forbidden[:, :covered] = ~allowed[:, :covered]
    if rows is None:
        logits.masked_fill_(forbidden, -torch.inf)
    else:
        index = torch.tensor(list(rows), dtype=torch.int64, device=logits.device)
        logits[index] = logits[index].masked_fill(forbidden[index], -torch.inf)


def _apply_compiled_(logits: torch.Tensor, bitmask: torch.Tensor, rows: Sequence[int] | None) -> int:
    view = _INTEGER_VIEWS[logits.dtype]
    infinities = torch.tensor([-torch.inf, torch.inf], dtype=logits.dtype).view(view).numpy()
    selected = np.arange(len(logits)) if rows is None else np.array(list(rows), dtype=np.int64)
    words = np.ascontiguousarray(bitmask.numpy())
    return int(_mask_rows(logits.detach().view(view).numpy(), words, selected, infinities[0], infinities[1]))


@compiled_as_called
def _mask_rows(logits: Any, bitmask: Any, rows: Any, minus: Any, plus: Any) -> int:
    """``logits``: the bit patterns, intN[rows, width]; the first dead row, or -1.

    ``minus`` and ``plus``: the patterns of the infinities; one without its sign is above ``plus`` iff it is NaN's.
    Without a branch per bit, and with 32-bit shifts, the inner loop becomes vector instructions: 15 instead of 1,000
    microseconds for 131,072 float32 logits under a random mask (``timeit`` on one core).
    """
    width, words = logits.shape[1], bitmask.shape[1]
    full_words = min(words, width // 32)
    unsigned = ~(minus ^ plus)
    dead = -1
    for row in rows:
        scores, alive, wrong = logits[row], False, False
        for index in range(full_words):
            word = bitmask[row, index]
            chunk = scores[32 * index : 32 * index + 32]
            if word == 0:
                chunk[:] = minus
                continue
            for offset in range(32):
                keep = -np.int32(np.int32(word >> np.int32(offset)) & np.int32(1))
                value = minus ^ ((chunk[offset] ^ minus) & keep)
                chunk[offset] = value
                alive |= value != minus
                wrong |= (value & unsigned) > plus
        for column in range(32 * full_words, width):
            if column >= 32 * words or not (bitmask[row, column // 32] >> (column % 32)) & 1:
                scores[column] = minus
            alive |= scores[column] != minus
            wrong |= (scores[column] & unsigned) > plus
        if dead < 0 and (wrong or not alive):
            dead = row
    return dead


def _check(logits: torch.Tensor, bitmask: torch.Tensor, rows: Sequence[int] | None) -> None:
    if logits.dtype not in _INTEGER_VIEWS:
        raise TypeError(f"logits must be float16, bfloat16, float32 or float64, not {logits.dtype}")
    if bitmask.dtype != torch.int32:
        raise TypeError(f"a token bitmask must be int32, not {bitmask.dtype}")
    if logits.dim() != 2 or bitmask.dim() != 2:
        raise ValueError(
            "logits and bitmask must be matrices [rows, columns], "
            f"not of shape {tuple(logits.shape)} and {tuple(bitmask.shape)}"
        )
    if bitmask.device != logits.device and bitmask.device.type != "cpu":
        raise ValueError(f"the bitmask is on {bitmask.device}, the logits on {logits.device}")
    if rows is None:
        if len(logits) != len(bitmask):
            raise ValueError(
                f"logits {tuple(logits.shape)} and bitmask {tuple(bitmask.shape)} differ in their number of rows"
            )
        return
    limit = min(len(logits), len(bitmask))
    for row in rows:
        if not 0 <= row < limit:
            raise IndexError(
                f"row {row} is not in both logits {tuple(logits.shape)} and bitmask {tuple(bitmask.shape)}"
            )
