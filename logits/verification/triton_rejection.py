"""Recursive rejection down a tree in Triton: one program for a tree, which goes over the vocabulary once or twice for
each draft that it rejects.

What is left of the target and of the draft law lies in two rows of scratch memory. Sums are float32 and in the order of
the blocks, so that the result is that of the reference except where a uniform number, or two scores, differ by less
than some 1e-5.
"""

from __future__ import annotations

import torch
import triton  # type: ignore[import-not-found, import-untyped, unused-ignore]
import triton.language as tl  # type: ignore[import-not-found, import-untyped, unused-ignore]

from .draws import Noise
from .tree import NO_PARENT

BLOCK = 4096
"""Columns at once; a power of two."""


def walk_rejecting_triton(
    parents: torch.Tensor,
    tokens: torch.Tensor,
    log_laws: torch.Tensor,
    draft_laws: torch.Tensor,
    noise: Noise,
    replacement: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Paths int64[B, N], their lengths int64[B] and the tokens after them int64[B], as ``tree_walk.walk_samples``.

    ``parents``, ``tokens``: int64[B, N]; ``log_laws``, ``draft_laws``: float32[B, N, V], of the target and of the
    drafts.
    """
    batch, nodes, width = log_laws.shape
    paths = torch.full((batch, nodes), NO_PARENT, dtype=torch.int64, device=parents.device)
    lengths, last = torch.empty((2, batch), dtype=torch.int64, device=parents.device)
    scratch = torch.empty((2, batch, width), dtype=torch.float32, device=parents.device)
    _reject_down[(batch,)](
        parents.contiguous(),
        tokens.contiguous(),
        log_laws.contiguous(),
        draft_laws.to(torch.float32).contiguous(),
        noise.uniforms.contiguous(),
        noise.gumbel.contiguous(),
        scratch[0],
        scratch[1],
        paths,
        lengths,
        last,
        nodes,
        width,
        NODES=max(16, triton.next_power_of_2(nodes)),
        REPLACEMENT=replacement,
        BLOCK=BLOCK,
    )
    return paths, lengths, last


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _begin_node(
    log_laws: tl.tensor, draft_laws: tl.tensor, left: tl.tensor, proposed: tl.tensor, width: tl.tensor,
    BLOCK: tl.constexpr,  # noqa: N803 - Triton's convention for constants
) -> tl.tensor:  # fmt: skip
    """Copy the laws of a node to the scratch memory; the sum of the draft law."""
    tl.debug_barrier()  # the laws of the node before may still be read
    offered = tl.zeros((), tl.float32)
    for start in range(0, width, BLOCK):
        column = start + tl.arange(0, BLOCK)
        inside = column < width
        tl.store(left + column, tl.exp(tl.load(log_laws + column, mask=inside, other=0.0)), mask=inside)
        share = tl.load(draft_laws + column, mask=inside, other=0.0)
        tl.store(proposed + column, share, mask=inside)
        offered += tl.sum(share, axis=0)
    tl.debug_barrier()
    return offered


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _reject(
    left: tl.tensor, proposed: tl.tensor, width: tl.tensor, offered: tl.tensor, token: tl.tensor,
    REPLACEMENT: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
) -> None:  # fmt: skip
    """What is left of the target once the draft law, whose sum is ``offered``, is served; and of that without
    ``token``."""
    total = tl.zeros((), tl.float32)
    for start in range(0, width, BLOCK):
        column = start + tl.arange(0, BLOCK)
        inside = column < width
        share = tl.load(proposed + column, mask=inside, other=0.0) / offered
        total += tl.sum(tl.maximum(tl.load(left + column, mask=inside, other=0.0) - share, 0.0), axis=0)
    for start in range(0, width, BLOCK):
        column = start + tl.arange(0, BLOCK)
        inside = column < width
        share = tl.load(proposed + column, mask=inside, other=0.0)
        wanted = tl.load(left + column, mask=inside, other=0.0)
        rest = tl.maximum(wanted - share / offered, 0.0) / tl.where(total > 0.0, total, 1.0)
        tl.store(left + column, tl.where(total > 0.0, rest, wanted), mask=inside)
        if not REPLACEMENT:
            tl.store(proposed + column, tl.where(column == token, 0.0, share), mask=inside)
    tl.debug_barrier()


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _draw(
    left: tl.tensor, gumbel: tl.tensor, width: tl.tensor,
    BLOCK: tl.constexpr,  # noqa: N803
) -> tl.tensor:  # fmt: skip
    best = tl.full((), -float("inf"), tl.float32)
    token = tl.full((), -1, tl.int64)
    for start in range(0, width, BLOCK):
        column = start + tl.arange(0, BLOCK)
        inside = column < width
        share = tl.load(left + column, mask=inside, other=0.0)
        noise = tl.load(gumbel + column, mask=inside, other=0.0)
        score = tl.where(share > 0.0, tl.log(tl.where(share > 0.0, share, 1.0)) + noise, -float("inf"))
        highest = tl.max(score, axis=0)
        where = start + tl.argmax(score, axis=0, tie_break_left=True)
        token = tl.where(highest > best, where.to(tl.int64), token)
        best = tl.maximum(best, highest)
    return token


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _reject_down(
    parents: tl.tensor,
    tokens: tl.tensor,
    log_laws: tl.tensor,
    draft_laws: tl.tensor,
    uniforms: tl.tensor,
    gumbel: tl.tensor,
    left: tl.tensor,
    proposed: tl.tensor,
    paths: tl.tensor,
    lengths: tl.tensor,
    last: tl.tensor,
    nodes: tl.tensor,
    width: tl.tensor,
    NODES: tl.constexpr,  # noqa: N803
    REPLACEMENT: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
) -> None:
    tree = tl.program_id(0).to(tl.int64)
    first = tree * nodes
    left += tree * width
    proposed += tree * width
    index = tl.arange(0, NODES)
    parent = tl.load(parents + first + index, mask=index < nodes, other=-1)
    node = tl.zeros((), tl.int32)
    length = tl.zeros((), tl.int32)
    going = tl.full((), 1, tl.int32)
    while going != 0:
        tl.store(paths + first + length, node.to(tl.int64))
        length += 1
        row = (first + node) * width
        offered = _begin_node(log_laws + row, draft_laws + row, left, proposed, width, BLOCK)
        child = tl.min(tl.where(parent == node, index, NODES), axis=0)
        accepted = tl.full((), NODES, tl.int32)
        while child < NODES:
            token = tl.load(tokens + first + child)
            share = tl.load(proposed + token)
            uniform = tl.load(uniforms + first + child)
            if uniform * share < tl.load(left + token) * offered:
                accepted = child
                child = tl.full((), NODES, tl.int32)
            else:
                _reject(left, proposed, width, offered, token, REPLACEMENT, BLOCK)
                if not REPLACEMENT:
                    offered -= share
                child = tl.min(tl.where((parent == node) & (index > child), index, NODES), axis=0)
        going = (accepted < NODES).to(tl.int32)
        if accepted < NODES:
            node = accepted
        else:
            tl.store(last + tree, _draw(left, gumbel + row, width, BLOCK))
    tl.store(lengths + tree, length.to(tl.int64))
