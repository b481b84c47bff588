"""Triton kernels: they agree with their torch references, and compile for CUDA also where there is no card."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

COMPARISON = Path(__file__).with_name("triton_comparison.py")

pytestmark = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")

ROWS_OF_LOGITS = ["*bf16", "i32", "i32", "i32", "*i32", "i32", "i32", "i32"]
SAMPLING = {"HAS_MASK": True, "SCALED": True, "BLOCK": 4096}
KERNELS = {  # module, kernel: types of its arguments, and its constants
    ("triton_kernel", "_mask_block"): (
        ["*bf16", "*i32", "*i64", *["i32"] * 6],
        {"HAS_ROWS": True, "BLOCK": 4096, "GROUP": 8},
    ),
    ("verification.triton_sampling", "_best_of_block"): (
        [*ROWS_OF_LOGITS, "*fp32", "i32", "i32", "fp32", "*fp32", "*i64"],
        {**SAMPLING, "HAS_NOISE": True},
    ),
    ("verification.triton_sampling", "_sum_of_block"): ([*ROWS_OF_LOGITS, "fp32", "*fp32", "*fp32"], SAMPLING),
    ("verification.triton_sampling", "_shifted_block"): ([*ROWS_OF_LOGITS, "fp32", "*fp32", "*fp32"], SAMPLING),
    ("verification.triton_rejection", "_reject_down"): (
        [*["*i64"] * 2, *["*fp32"] * 6, *["*i64"] * 3, "i32", "i32"],
        {"NODES": 64, "REPLACEMENT": False, "BLOCK": 4096},
    ),
    ("verification.triton_walk", "_walk_tree"): ([*["*i64"] * 6, "i32"], {"NODES": 64}),
}


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_kernels_agree_with_their_references(device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device; the interpreter runs the kernels instead")
    environment = {**os.environ, "TRITON_INTERPRET": "1" if device == "cpu" else "0"}
    subprocess.run([sys.executable, str(COMPARISON), device], check=True, env=environment)


@pytest.mark.parametrize(("module", "name"), KERNELS, ids=[name for _, name in KERNELS])
def test_kernels_compile_for_cuda(module: str, name: str) -> None:
    """The interpreter accepts what the compiler does not, such as annotations that are no names of Triton."""
    from importlib import import_module

    from triton import compile as compile_kernel
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel = getattr(import_module(f"maskwright.logits.{module}"), name)
    types, constants = KERNELS[module, name]
    names = list(kernel.arg_names)
    left = iter(types)
    signature = {each: "constexpr" if each in constants else next(left) for each in names}
    places = {(names.index(each),): value for each, value in constants.items()}
    source = ASTSource(kernel, signature, constexprs=places)
    assert compile_kernel(source, target=GPUTarget("cuda", 90, 32)).asm["cubin"]
