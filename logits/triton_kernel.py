"""The CUDA kernel that sets the logits of forbidden tokens to minus infinity, written in Triton.

One program handles one row and one block of columns. It only writes logits, never reads them: what is moved is the mask
and the forbidden logits. Masks of grammars forbid long runs, so groups that are forbidden as a whole are written by
wide stores; only a block with a mixed group goes over its columns one by one.

Import this module only where ``triton`` is installed; on tensors of the CPU it runs under Triton's interpreter
(``TRITON_INTERPRET=1``), which is how it is tested where there is no GPU. Parameters are annotated with names of
``triton.language``, since Triton's compiler looks annotations up and refuses others.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton  # type: ignore[import-not-found, import-untyped, unused-ignore]
import triton.language as tl  # type: ignore[import-not-found, import-untyped, unused-ignore]

BLOCK = 4096
"""Columns per program; a multiple of 32 and a power of two."""
GROUP = 8
"""Neighbours that are forbidden together by one store of 16 bytes (16-bit logits); a power of two up to 16."""


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
        GROUP=GROUP,
    )


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _mask_block(
    logits: tl.tensor,
    bitmask: tl.tensor,
    rows: tl.tensor,
    width: tl.tensor,
    words: tl.tensor,
    logits_row_stride: tl.tensor,
    logits_column_stride: tl.tensor,
    bitmask_row_stride: tl.tensor,
    bitmask_word_stride: tl.tensor,
    HAS_ROWS: tl.constexpr,  # noqa: N803 - Triton's convention for constants
    BLOCK: tl.constexpr,  # noqa: N803
    GROUP: tl.constexpr,  # noqa: N803
) -> None:
    row = tl.program_id(0).to(tl.int64)
    if HAS_ROWS:
        row = tl.load(rows + row)
    first = tl.program_id(1) * (BLOCK // GROUP)
    group = first + tl.arange(0, BLOCK // GROUP)
    word = group // (32 // GROUP)
    packed = tl.load(bitmask + row * bitmask_row_stride + word * bitmask_word_stride, mask=word < words, other=0)
    allowed = (packed >> ((group % (32 // GROUP)) * GROUP)) & ((1 << GROUP) - 1)
    column = group[:, None] * GROUP + tl.arange(0, GROUP)[None, :]
    target = logits + row * logits_row_stride + column * logits_column_stride
    whole = (allowed == 0) & (group * GROUP + GROUP <= width)
    tl.store(target, -float("inf"), mask=tl.broadcast_to(whole[:, None], (BLOCK // GROUP, GROUP)))
    some = (allowed != (1 << GROUP) - 1) & (whole == 0)
    if tl.max(some.to(tl.int32), axis=0) != 0:
        forbidden = ((allowed[:, None] >> tl.arange(0, GROUP)[None, :]) & 1) == 0
        tl.store(target, -float("inf"), mask=some[:, None] & forbidden & (column < width))
