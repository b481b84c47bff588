"""Triton kernels on a card: bytes moved over time, as a share of the card's copy bandwidth measured in the same run.

    python benchmarks/kernels.py [--out benchmarks/results]

256 rows of 131,072 logits, in three types, under three kinds of masks: "key" allows 20 tokens, "text" forbids some
3 % in runs, "random" forbids every other one. Bytes are those that the task cannot do without: applying a mask reads
the mask and writes the forbidden logits; sampling reads the mask, and logits and noise where they are allowed; the
softmax reads the allowed logits once and writes float32 laws. Buffers take turns, and 1 GiB is written before every
launch, which empties the L2 cache and keeps the card busy while the host prepares the launch. XGrammar's kernel, where
it is installed, gets the same logits and masks.

Writes kernels_<card>.json. Without CUDA nothing can be measured: kernels_not_measured.json says so.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from maskwright.logits import apply_token_bitmask_

ROWS, WIDTH = 256, 131_072
WORDS = WIDTH // 32
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
KINDS = ("key", "text", "random")
GOAL = "at least 0.8 of the copy bandwidth for apply_bitmask"
_BUFFERS = 8
_REPETITIONS = 40


def masks_of(kind: str, device: str) -> torch.Tensor:
    """int32[ROWS, WORDS]"""
    generator = torch.Generator().manual_seed(0)
    if kind == "random":
        return torch.randint(-(2**31), 2**31, (ROWS, WORDS), generator=generator).to(torch.int32).to(device)
    masks = torch.full((ROWS, WORDS), 0 if kind == "key" else -1, dtype=torch.int32)
    changed = torch.rand((ROWS, WORDS), generator=generator).argsort(-1)[:, : 20 if kind == "key" else WORDS // 32]
    masks.scatter_(1, changed, 1 if kind == "key" else 0)
    return masks.to(device)


def allowed_share(masks: torch.Tensor) -> float:
    bits = (masks[:, :, None] >> torch.arange(32, device=masks.device, dtype=torch.int32)) & 1
    return float(bits.float().mean())


def seconds_of(run: Callable[[int], object]) -> float:
    """The median time of ``run(i)``, by events on the card."""
    for i in range(_BUFFERS):
        run(i)
    filler = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    times = []
    for i in range(_REPETITIONS):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        filler.zero_()
        start.record()
        run(i % _BUFFERS)
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


def copy_bandwidth() -> float:
    """Bytes read and written a second by copying 1 GiB on the card."""
    source = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / seconds_of(lambda _: target.copy_(source))


def kernels(dtype: torch.dtype, masks: torch.Tensor) -> dict[str, tuple[Callable[[int], object], float]]:
    """For each kernel what runs it on buffer i, and the bytes that it has to move."""
    from maskwright.logits.verification.triton_sampling import draw_rows_triton, log_softmax_triton

    buffers = [torch.randn((ROWS, WIDTH), device="cuda").to(dtype) for _ in range(_BUFFERS)]
    noise = torch.randn((ROWS, WIDTH), device="cuda")
    size, share, entries = buffers[0].element_size(), allowed_share(masks), ROWS * WIDTH
    mask_bytes = masks.numel() * 4
    found: dict[str, tuple[Callable[[int], object], float]] = {
        "sample": (
            lambda i: draw_rows_triton(buffers[i], masks, 0.8, noise),
            mask_bytes + share * entries * (size + 4),
        ),
        "best": (lambda i: draw_rows_triton(buffers[i], masks, 1.0, None), mask_bytes + share * entries * size),
        "log_softmax": (
            lambda i: log_softmax_triton(buffers[i], masks, 0.8),
            mask_bytes + share * entries * size + 4 * entries,
        ),
        "apply_bitmask": (
            lambda i: apply_token_bitmask_(buffers[i], masks),
            mask_bytes + (1 - share) * entries * size,
        ),
    }
    if find_spec("xgrammar") is not None:
        import xgrammar

        found["xgrammar apply_token_bitmask"] = (
            lambda i: xgrammar.apply_token_bitmask_inplace(buffers[i], masks),
            found["apply_bitmask"][1],
        )
    return found


def measure() -> dict[str, Any]:
    bandwidth = copy_bandwidth()
    rows: list[dict[str, Any]] = []
    for name, dtype in DTYPES.items():
        for kind in KINDS:
            masks = masks_of(kind, "cuda")
            for kernel, (run, moved) in kernels(dtype, masks).items():
                seconds = seconds_of(run)
                row = {"kernel": kernel, "dtype": name, "mask": kind, "us": round(seconds * 1e6, 2)}
                rows.append({**row, "share of copy bandwidth": round(moved / seconds / bandwidth, 3)})
                print(json.dumps(rows[-1]), flush=True)
    return {
        "measured": True,
        "card": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "copy bandwidth in GB/s": round(bandwidth / 1e9, 1),
        "shape": [ROWS, WIDTH],
        "goal": GOAL,
        "kernels": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    out: Path = parser.parse_args().out
    if torch.cuda.is_available():
        report = measure()
        name = f"kernels_{report['card'].lower().replace(' ', '_')}"
    else:
        name = "kernels_not_measured"
        report = {"measured": False, "why": "no CUDA device was at hand", "shape": [ROWS, WIDTH], "goal": GOAL}
    (out / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps({key: value for key, value in report.items() if key != "kernels"}))


if __name__ == "__main__":
    main()
