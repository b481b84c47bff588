"""Masks on logits: every implementation against one that tests a bit per token in plain Python."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.logits import allocate_token_bitmask, apply_token_bitmask_
from maskwright.logits.bitmask import apply_token_bitmask_reference_

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
SIZES = [1, 31, 32, 33, 1000]


def random_bitmask(rows: int, size: int, seed: int) -> np.ndarray:
    """Words that are random, all ones or all zeros, so that no branch of a kernel stays unused."""
    generator = np.random.default_rng(seed)
    words = generator.integers(-(2**31), 2**31, (rows, -(-size // 32)), dtype=np.int64)
    kind = generator.integers(0, 3, words.shape)
    return np.where(kind == 0, words, np.where(kind == 1, -1, 0)).astype(np.int32)


def masked_by_hand(logits: torch.Tensor, bitmask: np.ndarray, rows: list[int]) -> torch.Tensor:
    expected = logits.clone()
    for row in rows:
        for token in range(logits.shape[1]):
            word = int(bitmask[row, token // 32]) if token // 32 < bitmask.shape[1] else 0
            if not (word >> (token % 32)) & 1:
                expected[row, token] = -torch.inf
    return expected


def same(left: torch.Tensor, right: torch.Tensor) -> bool:
    return torch.equal(left.nan_to_num(nan=1234.0), right.nan_to_num(nan=1234.0)) and torch.equal(
        left.isnan(), right.isnan()
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[torch.Tensor, np.ndarray, list[int] | None]:
    rows = draw(st.integers(1, 4))
    size = draw(st.sampled_from(SIZES))
    width = max(1, size + draw(st.sampled_from([-40, -1, 0, 0, 1, 31, 64])))
    seed = draw(st.integers(0, 2**16))
    logits = torch.randn((rows, width), generator=torch.Generator().manual_seed(seed)).to(draw(st.sampled_from(DTYPES)))
    for value in (torch.nan, torch.inf, -torch.inf):
        logits.view(-1)[seed % logits.numel() :: 7] = value
        seed += 3
    subset = draw(st.none() | st.lists(st.integers(0, rows - 1), unique=True))
    return logits, random_bitmask(rows, size, seed), subset


@settings(max_examples=100, deadline=None)
@given(problems())
def test_every_implementation_agrees_with_the_definition(
    problem: tuple[torch.Tensor, np.ndarray, list[int] | None],
) -> None:
    logits, bitmask, rows = problem
    expected = masked_by_hand(logits, bitmask, list(range(len(logits))) if rows is None else rows)
    compiled, reference, strided = logits.clone(), logits.clone(), logits.t().contiguous().t()
    apply_token_bitmask_(compiled, bitmask, rows)
    apply_token_bitmask_reference_(reference, torch.from_numpy(bitmask), rows)
    apply_token_bitmask_(strided, torch.from_numpy(bitmask), rows)
    assert same(compiled, expected)
    assert same(reference, expected)
    assert same(strided, expected)


@pytest.mark.parametrize("size", SIZES)
def test_a_new_bitmask_allows_everything(size: int) -> None:
    bitmask = allocate_token_bitmask(3, size)
    assert bitmask.shape == (3, -(-size // 32))
    assert bitmask.dtype == torch.int32
    logits = torch.zeros((3, size))
    apply_token_bitmask_(logits, bitmask)
    assert torch.equal(logits, torch.zeros((3, size)))


def test_bit_order_by_hand() -> None:
    logits = torch.arange(34.0)[None]
    apply_token_bitmask_(logits, torch.tensor([[0b101, 0b10]], dtype=torch.int32))
    assert (logits[0] > -torch.inf).nonzero().flatten().tolist() == [0, 2, 33]


def test_no_rows_and_an_empty_selection() -> None:
    apply_token_bitmask_(torch.zeros((0, 5)), allocate_token_bitmask(0, 5))
    logits = torch.zeros((2, 5))
    apply_token_bitmask_(logits, torch.zeros((2, 1), dtype=torch.int32), [])
    assert torch.equal(logits, torch.zeros((2, 5)))


@pytest.mark.parametrize(
    ("logits", "bitmask", "rows", "error", "message"),
    [
        (torch.zeros((1, 5), dtype=torch.int32), torch.zeros((1, 1), dtype=torch.int32), None, TypeError, "int32"),
        (torch.zeros((1, 5)), torch.zeros((1, 1), dtype=torch.int64), None, TypeError, "int64"),
        (torch.zeros(5), torch.zeros((1, 1), dtype=torch.int32), None, ValueError, r"\(5,\)"),
        (torch.zeros((2, 5)), torch.zeros((3, 1), dtype=torch.int32), None, ValueError, r"\(2, 5\).*\(3, 1\)"),
        (torch.zeros((2, 5)), torch.zeros((3, 1), dtype=torch.int32), [2], IndexError, "row 2"),
        (torch.zeros((2, 5)), torch.zeros((2, 1), dtype=torch.int32), [-1], IndexError, "row -1"),
        (torch.zeros((1, 5)), torch.zeros((1, 1), dtype=torch.int32, device="meta"), None, ValueError, "meta"),
    ],
)
def test_wrong_arguments_are_named(
    logits: torch.Tensor, bitmask: torch.Tensor, rows: list[int] | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        apply_token_bitmask_(logits, bitmask, rows)


def test_importing_the_package_imports_no_torch() -> None:
    program = (
        "import sys; import maskwright.logits as logits; assert 'torch' not in sys.modules; "
        "logits.allocate_token_bitmask; assert 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


TRITON_AGAINST_REFERENCE = """
import itertools, sys, torch
from maskwright.logits import triton_kernel
from maskwright.logits.bitmask import apply_token_bitmask_reference_

device = sys.argv[1]
triton_kernel.BLOCK = 256 if device == "cpu" else triton_kernel.BLOCK
torch.manual_seed(0)
dtypes = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
every = itertools.product(dtypes, [1, 31, 32, 33, 1000], [-1, 0, 40], [None, [2, 0]], [False, True])
for dtype, size, extra, rows, strided in list(every)[:: 7 if device == "cpu" else 1]:
    logits = torch.randn(3, max(1, size + extra)).to(device, dtype)
    logits = logits.t().contiguous().t() if strided else logits
    bitmask = torch.randint(-2**31, 2**31, (3, -(-size // 32)), dtype=torch.int64).to(device, torch.int32)
    expected = logits.clone()
    apply_token_bitmask_reference_(expected, bitmask, rows)
    triton_kernel.apply_token_bitmask_triton_(logits, bitmask, rows)
    assert torch.equal(logits, expected), (dtype, size, extra, rows, strided)
triton_kernel.apply_token_bitmask_triton_(torch.zeros(0, 5, device=device), torch.zeros(0, 1, device=device), None)
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_triton_kernel_agrees_with_the_reference(device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device; the interpreter runs the kernel instead")
    environment = {**os.environ, "TRITON_INTERPRET": "1" if device == "cpu" else "0"}
    subprocess.run([sys.executable, "-c", TRITON_AGAINST_REFERENCE, device], check=True, env=environment)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_logits_on_cuda_take_masks_from_either_side() -> None:
    bitmask = torch.from_numpy(random_bitmask(3, 1000, 7))
    expected = torch.randn((3, 1000))
    on_device, from_host = expected.cuda(), expected.cuda()
    apply_token_bitmask_(expected, bitmask)
    apply_token_bitmask_(on_device, bitmask.cuda())
    apply_token_bitmask_(from_host, bitmask)
    assert torch.equal(on_device.cpu(), expected)
    assert torch.equal(from_host.cpu(), expected)
