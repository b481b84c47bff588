"""Compares the Triton kernels of verification with their torch references: ``python triton_comparison.py cpu|cuda``.

A program of its own, because Triton's interpreter is switched on (``TRITON_INTERPRET=1``) before triton is imported.
"""

from __future__ import annotations

import itertools
import sys

import torch

from maskwright.logits.verification import (
    NO_TOKEN,
    RECURSIVE,
    WITHOUT_REPLACEMENT,
    DraftTree,
    Noise,
    Target,
    TreeBatch,
    triton_rejection,
    triton_sampling,
    verify,
)
from maskwright.logits.verification.sampling import LAW_TOLERANCE, draw_rows_reference, log_laws_reference
from maskwright.logits.verification.target import law_of
from maskwright.logits.verification.tree_walk import walk_samples_reference
from maskwright.logits.verification.triton_walk import walk_samples_triton

DEVICE = sys.argv[1]
ROWS = 4
triton_rejection.BLOCK = 16 if DEVICE == "cpu" else triton_rejection.BLOCK
triton_sampling.BLOCK = 256 if DEVICE == "cpu" else triton_sampling.BLOCK


def masks_of(width: int, generator: torch.Generator) -> torch.Tensor:
    """Random words; one token; nothing; all but one."""
    words = -(-width // 32)
    masks = torch.randint(-(2**31), 2**31, (ROWS, words), generator=generator)
    masks[1] = 0
    masks[1, words // 2] = 1
    masks[2] = 0
    masks[3] = -1
    masks[3, 0] = ~1
    return masks.to(torch.int32)


def rows_problems() -> None:
    dtypes = [torch.float32, torch.bfloat16, torch.float16]
    every = itertools.product(dtypes, [33, 256, 1000, 1025], [1.0, 0.7], [False, True], [False, True])
    for dtype, width, temperature, strided, has_mask in list(every)[:: 3 if DEVICE == "cpu" else 1]:
        generator = torch.Generator().manual_seed(width)
        logits = (3 * torch.randn((ROWS, width), generator=generator)).to(dtype)
        logits[0, 5::7] = -torch.inf
        logits = (logits.t().contiguous().t() if strided else logits).to(DEVICE)
        masks = masks_of(width, generator).to(DEVICE) if has_mask else None
        gumbel = Noise.generate(1, ROWS, width, "cpu", generator).gumbel[0].to(DEVICE)
        gumbel = gumbel.t().contiguous().t() if strided else gumbel
        case = (dtype, width, temperature, strided, has_mask)
        target, greedy = Target(temperature), Target(0.0)
        drawn = triton_sampling.draw_rows_triton(logits, masks, temperature, gumbel)
        assert torch.equal(drawn, draw_rows_reference(logits, masks, target, gumbel)), case
        best = triton_sampling.draw_rows_triton(logits, masks, 1.0, None)
        assert torch.equal(best, draw_rows_reference(logits, masks, greedy, None)), case
        if has_mask:
            assert drawn.tolist()[1:3] == [32 * (-(-width // 32) // 2), NO_TOKEN], case
        laws = triton_sampling.log_softmax_triton(logits, masks, temperature)
        expected = log_laws_reference(logits, masks, target)
        assert torch.equal(laws == -torch.inf, expected == -torch.inf), case
        torch.testing.assert_close(laws, expected, rtol=LAW_TOLERANCE, atol=LAW_TOLERANCE)


def walk_problems() -> None:
    generator = torch.Generator().manual_seed(0)
    for nodes in (1, 2, 7, 16, 33):
        trees = []
        for size in (nodes, max(1, nodes // 2)):
            parents = [-1, *(int(torch.randint(node, (), generator=generator)) for node in range(1, size))]
            trees.append(DraftTree(torch.randint(0, 3, (size,), generator=generator).numpy(), parents))
        trees.append(DraftTree.chain(0, [1] * (nodes - 1)))
        batch = TreeBatch.of(trees, DEVICE)
        samples = torch.randint(-1, 3, batch.tokens.shape, generator=generator).to(DEVICE)
        samples[2] = 1
        found = walk_samples_triton(batch.parents, batch.tokens, samples)
        for ours, expected in zip(found, walk_samples_reference(batch.parents, batch.tokens, samples), strict=True):
            assert torch.equal(ours, expected), nodes
        assert found[1][2] == nodes


def rejection_problems() -> None:
    """Drafts that their law can give, two or three for each of the first nodes."""
    generator = torch.Generator().manual_seed(3)
    parents = [-1, 0, 0, 0, 1, 1, 2, 4]
    width = 37
    for rule in (RECURSIVE, WITHOUT_REPLACEMENT):
        trees, laws = [], law_of(2 * torch.randn((24, 8, width), generator=generator))
        for tree in range(24):
            tokens = [0] * 8
            for node in (0, 1, 2, 4):
                children = [child for child in range(8) if parents[child] == node]
                drawn = torch.multinomial(laws[tree, node], len(children), rule.replacement, generator=generator)
                for child, token in zip(children, drawn.tolist(), strict=True):
                    tokens[child] = token
            trees.append(DraftTree(tokens, parents))
        batch = TreeBatch.of(trees)
        logits = 2 * torch.randn((24, 8, width), generator=generator)
        masks = torch.randint(-(2**31), 2**31, (24, 8, 2), generator=generator).to(torch.int32)
        masks[:, 7] = 0
        noise = Noise.generate(24, 8, width, "cpu", generator)
        expected = verify(batch, logits, masks, Target(0.9), noise, [rule] * 24, laws)
        assert {len(path) for path in expected.paths} >= {1, 2, 3}
        log_laws = log_laws_reference(logits.flatten(0, 1), masks.flatten(0, 1), Target(0.9)).view(24, 8, width)
        on_device = [each.to(DEVICE) for each in (batch.parents, batch.tokens, log_laws, laws.float())]
        numbers = Noise(noise.uniforms.to(DEVICE), noise.gumbel.to(DEVICE))
        found = triton_rejection.walk_rejecting_triton(*on_device, numbers, rule.replacement)
        paths, lengths, last = (each.tolist() for each in found)
        assert [path[:length] for path, length in zip(paths, lengths, strict=True)] == expected.paths
        assert last == expected.tokens


rows_problems()
rejection_problems()
walk_problems()
