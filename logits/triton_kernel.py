"""The CUDA kernel that sets the logits of forbidden tokens to minus infinity, written in Triton.

One program handles one row and one block of columns. It reads each word of the mask once and only writes logits, never
reads them. Import this module only where ``triton`` is installed; on tensors of the CPU it runs under Triton's
interpreter (``TRITON_INTERPRET=1``), which is how it is tested where there is no GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import triton  # type: ignore[import-not-found, import-untyped, unused-ignore]
import triton.language as tl  # type: ignore[import-not-found, import-untyped, unused-ignore]

BLOCK = 4096
"""Columns per program; a multiple of 32 and a power of two."""


def apply_token_bitmask_triton_(logits: torch.Tensor, bitmask: torch.Tensor, rows: Sequence[int] | None = None) -> None:
    """As ``apply_token_bitmask_``, for arguments that were checked and lie on one device."""
    row_count = len(logits) if rows is None else len(rows)
    if row_count == 0 or logits.shape[1] == 0:
        return
    index = None if rows is None else torch.tensor(list(rows), dtype=torch.int64, device=logits.device)
    blocks = -(-logits.shape[1] // BLOCK)
    _mask_block[(row_count, blocks)](
        logits,
        bitmask,
        logits if index is None else index,
        logits.shape[1],
        bitmask.shape[1],
        logits.stride(0),
        logits.stride(1),
        bitmask.stride(0),
        bitmask.stride(1),
        HAS_ROWS=index is not None,
        BLOCK=BLOCK,
    )


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _mask_block(
    logits: Any,
    bitmask: Any,
    rows: Any,
    width: Any,
    words: Any,
    logits_row_stride: Any,
    logits_column_stride: Any,
    bitmask_row_stride: Any,
    bitmask_word_stride: Any,
    HAS_ROWS: tl.constexpr,  # noqa: N803 - Triton's convention for constants
    BLOCK: tl.constexpr,  # noqa: N803
) -> None:
    row = tl.program_id(0).to(tl.int64)
    if HAS_ROWS:
        row = tl.load(rows + row)
    block = tl.program_id(1)
    index = block * (BLOCK // 32) + tl.arange(0, BLOCK // 32)
    packed = tl.load(bitmask + row * bitmask_row_stride + index * bitmask_word_stride, mask=index < words, other=0)
    forbidden = ((packed[:, None] >> tl.arange(0, 32)[None, :]) & 1) == 0
    column = index[:, None] * 32 + tl.arange(0, 32)[None, :]
    target = logits + row * logits_row_stride + column * logits_column_stride
    tl.store(target, -float("inf"), mask=forbidden & (column < width))
