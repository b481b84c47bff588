"""Masked sampling and masked log-softmax in Triton: one program for a row and a block of columns.

Each logit is read once (twice for the softmax, whose second pass writes), and neither logits nor noise are read where
the mask forbids. What the blocks of a row found is put together in torch, over [rows, blocks] numbers. Import only
where ``triton`` is installed; on tensors of the CPU the kernels run under Triton's interpreter.

Division by the temperature is rounded to nearest, and no product precedes the addition of the noise, so that nothing is
contracted: the scores are torch's, bit for bit.
"""

from __future__ import annotations

import torch
import triton  # type: ignore[import-not-found, import-untyped, unused-ignore]
import triton.language as tl  # type: ignore[import-not-found, import-untyped, unused-ignore]

from .draws import NO_TOKEN

BLOCK = 4096
"""Columns per program; a power of two."""


def draw_rows_triton(
    logits: torch.Tensor, masks: torch.Tensor | None, temperature: float, gumbel: torch.Tensor | None
) -> torch.Tensor:
    """As ``sampling.draw_rows``; without ``gumbel`` the best token."""
    rows, width = logits.shape
    blocks = -(-width // BLOCK)
    best = torch.empty((rows, blocks), dtype=torch.float32, device=logits.device)
    where = torch.empty((rows, blocks), dtype=torch.int64, device=logits.device)
    noise = logits if gumbel is None else gumbel
    _best_of_block[(rows, blocks)](
        *_described(logits, masks),
        noise,
        noise.stride(0),
        noise.stride(1),
        temperature,
        best,
        where,
        HAS_MASK=masks is not None,
        HAS_NOISE=gumbel is not None,
        SCALED=temperature != 1.0,
        BLOCK=BLOCK,
    )
    winner = best.argmax(-1, keepdim=True)
    tokens = where.gather(-1, winner)
    return torch.where(best.gather(-1, winner) == -torch.inf, NO_TOKEN, tokens)[:, 0]


def log_softmax_triton(logits: torch.Tensor, masks: torch.Tensor | None, temperature: float) -> torch.Tensor:
    """As ``sampling.log_laws``, without top-k and top-p, at a temperature above 0."""
    rows, width = logits.shape
    blocks = -(-width // BLOCK)
    best, total = torch.empty((2, rows, blocks), dtype=torch.float32, device=logits.device)
    constants = {"HAS_MASK": masks is not None, "SCALED": temperature != 1.0, "BLOCK": BLOCK}
    described = _described(logits, masks)
    _sum_of_block[(rows, blocks)](*described, temperature, best, total, **constants)
    highest = best.amax(-1, keepdim=True)
    base = torch.where(highest == -torch.inf, 0.0, highest)
    shift = (base + (total * (best - base).exp()).sum(-1, keepdim=True).log())[:, 0]
    shift = torch.where(highest[:, 0] == -torch.inf, 0.0, shift)
    laws = torch.empty((rows, width), dtype=torch.float32, device=logits.device)
    _shifted_block[(rows, blocks)](*described, temperature, shift, laws, **constants)
    return laws


def _described(logits: torch.Tensor, masks: torch.Tensor | None) -> tuple[object, ...]:
    bits = logits if masks is None else masks
    return (
        logits,
        logits.shape[1],
        logits.stride(0),
        logits.stride(1),
        bits,
        bits.shape[1],
        bits.stride(0),
        bits.stride(1),
    )


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _scores_of_block(
    logits: tl.tensor,
    width: tl.tensor,
    row_stride: tl.tensor,
    column_stride: tl.tensor,
    masks: tl.tensor,
    words: tl.tensor,
    mask_row_stride: tl.tensor,
    word_stride: tl.tensor,
    temperature: tl.tensor,
    row: tl.tensor,
    column: tl.tensor,
    HAS_MASK: tl.constexpr,  # noqa: N803 - Triton's convention for constants
    SCALED: tl.constexpr,  # noqa: N803
) -> tl.tensor:
    """Scores of the columns, minus infinity where the mask forbids and behind the end; and where they are allowed."""
    allowed = column < width
    if HAS_MASK:
        word = column // 32
        packed = tl.load(masks + row * mask_row_stride + word * word_stride, mask=allowed & (word < words), other=0)
        allowed = allowed & (((packed >> (column % 32).to(tl.int32)) & 1) != 0)
    scores = tl.load(logits + row * row_stride + column * column_stride, mask=allowed, other=-float("inf"))
    scores = scores.to(tl.float32)
    if SCALED:
        scores = tl.div_rn(scores, temperature + tl.zeros_like(scores))
    return scores, allowed


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _best_of_block(
    logits: tl.tensor,
    width: tl.tensor,
    row_stride: tl.tensor,
    column_stride: tl.tensor,
    masks: tl.tensor,
    words: tl.tensor,
    mask_row_stride: tl.tensor,
    word_stride: tl.tensor,
    noise: tl.tensor,
    noise_row_stride: tl.tensor,
    noise_column_stride: tl.tensor,
    temperature: tl.tensor,
    best: tl.tensor,
    where: tl.tensor,
    HAS_MASK: tl.constexpr,  # noqa: N803
    HAS_NOISE: tl.constexpr,  # noqa: N803
    SCALED: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
) -> None:
    row = tl.program_id(0).to(tl.int64)
    block = tl.program_id(1)
    column = block.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    scores, allowed = _scores_of_block(
        logits, width, row_stride, column_stride, masks, words, mask_row_stride, word_stride,
        temperature, row, column, HAS_MASK, SCALED,
    )  # fmt: skip
    if HAS_NOISE:
        scores += tl.load(noise + row * noise_row_stride + column * noise_column_stride, mask=allowed, other=0.0)
    place = row * tl.num_programs(1) + block
    tl.store(best + place, tl.max(scores, axis=0))
    tl.store(where + place, block.to(tl.int64) * BLOCK + tl.argmax(scores, axis=0, tie_break_left=True))


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _sum_of_block(
    logits: tl.tensor,
    width: tl.tensor,
    row_stride: tl.tensor,
    column_stride: tl.tensor,
    masks: tl.tensor,
    words: tl.tensor,
    mask_row_stride: tl.tensor,
    word_stride: tl.tensor,
    temperature: tl.tensor,
    best: tl.tensor,
    total: tl.tensor,
    HAS_MASK: tl.constexpr,  # noqa: N803
    SCALED: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
) -> None:
    row = tl.program_id(0).to(tl.int64)
    block = tl.program_id(1)
    column = block.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    scores, _ = _scores_of_block(
        logits, width, row_stride, column_stride, masks, words, mask_row_stride, word_stride,
        temperature, row, column, HAS_MASK, SCALED,
    )  # fmt: skip
    highest = tl.max(scores, axis=0)
    base = tl.where(highest == -float("inf"), 0.0, highest)
    place = row * tl.num_programs(1) + block
    tl.store(best + place, highest)
    tl.store(total + place, tl.sum(tl.exp(scores - base), axis=0))


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _shifted_block(
    logits: tl.tensor,
    width: tl.tensor,
    row_stride: tl.tensor,
    column_stride: tl.tensor,
    masks: tl.tensor,
    words: tl.tensor,
    mask_row_stride: tl.tensor,
    word_stride: tl.tensor,
    temperature: tl.tensor,
    shift: tl.tensor,
    laws: tl.tensor,
    HAS_MASK: tl.constexpr,  # noqa: N803
    SCALED: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
) -> None:
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    scores, _ = _scores_of_block(
        logits, width, row_stride, column_stride, masks, words, mask_row_stride, word_stride,
        temperature, row, column, HAS_MASK, SCALED,
    )  # fmt: skip
    tl.store(laws + row * width + column, scores - tl.load(shift + row), mask=column < width)
