"""What compiling ahead wins: the time of a step that meets something for the first time, with and without prefetch.

    python benchmarks/prefetch.py --data FOLDER [--files 60] [--model-ms 8] [--out benchmarks/results/prefetch.json]

FOLDER holds MaskBench files. For each, a constraint is compiled anew and its first valid document is written token by
token; between two steps a model "computes": torch multiplies matrices, on one thread and without the interpreter lock,
for about ``--model-ms``. A step is: mask, look-up, acceptance (and the call of ``prefetch``). Both ways are run for
each file, one after the other, in turns of order; the better of two runs of each is kept, step by step. Steps that meet
something new are those that, without prefetch, take 20 us and three times as long as when nothing is new.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from engines import conditions, tekken
from numpy.typing import NDArray

import maskwright as mw

_QUANTILES = (50, 90, 99)
_RUNS = 2
_LONGEST = 150
"""Steps of a document."""


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(1)
    vocabulary = tekken()
    names = sorted(path.name for path in arguments.data.glob("*.json"))
    random.Random(7).shuffle(names)
    model = _model(arguments.model_ms)
    steps: dict[bool, list[float]] = {False: [], True: []}
    again: list[float] = []
    files = 0
    gc.disable()
    for name in names:
        if files == arguments.files:
            break
        case = json.loads((arguments.data / name).read_text())
        tokens = _document(case, vocabulary)
        if tokens is None or not _can_be_written(case["schema"], vocabulary, tokens):
            continue
        files += 1
        for ahead in (False, True) if files % 2 else (True, False):
            steps[ahead] += _best(case["schema"], vocabulary, tokens, model, ahead)
        again += _known(case["schema"], vocabulary, tokens)
        gc.collect()
    is_new = [spent > 3 * usual + 20 for spent, usual in zip(steps[False], again, strict=True)]
    report = {
        **conditions(),
        "files": files,
        "model, ms": arguments.model_ms,
        "mask + accept, us": {label: _summary(steps[ahead]) for label, ahead in (("without", False), ("with", True))},
        "steps that meet something new": {
            label: _summary([spent for spent, new in zip(steps[ahead], is_new, strict=True) if new])
            for label, ahead in (("without", False), ("with", True))
        },
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


def _document(case: dict[str, object], vocabulary: mw.Vocabulary) -> list[int] | None:
    tests = case["tests"]
    assert isinstance(tests, list)
    valid = next((test["data"] for test in tests if test["valid"]), None)
    if valid is None:
        return None
    return vocabulary.tokenize(json.dumps(valid, ensure_ascii=False).encode())[:_LONGEST]


def _can_be_written(schema: object, vocabulary: mw.Vocabulary, tokens: list[int]) -> bool:
    """Whether it is accepted; also warms what the process keeps for all constraints."""
    try:
        matcher = _constraint(schema, vocabulary).matcher()
        return matcher.accept_tokens(tokens) == len(tokens)
    except mw.MaskwrightError:
        return False


def _constraint(schema: object, vocabulary: mw.Vocabulary) -> mw.Constraint:
    return mw.compile(mw.JsonSchema(schema, property_order="any"), vocabulary)


def _best(
    schema: object, vocabulary: mw.Vocabulary, tokens: list[int], model: Callable[[], object], ahead: bool
) -> list[float]:
    runs = [_write(_constraint(schema, vocabulary), tokens, model, ahead) for _ in range(_RUNS)]
    return [min(times) for times in zip(*runs, strict=True)]


def _known(schema: object, vocabulary: mw.Vocabulary, tokens: list[int]) -> list[float]:
    """The same steps when nothing is new."""
    constraint = _constraint(schema, vocabulary)
    _write(constraint, tokens, lambda: None, False)
    return _write(constraint, tokens, lambda: None, False)


def _write(constraint: mw.Constraint, tokens: list[int], model: Callable[[], object], ahead: bool) -> list[float]:
    matcher = constraint.matcher()
    mask: NDArray[np.int32] = np.zeros((1, -(-constraint.vocabulary.size // 32)), np.int32)
    times = []
    for token in tokens:
        model()
        start = time.perf_counter_ns()
        matcher.fill_next_token_bitmask(mask)
        matcher.accept_token(token)
        if ahead:
            matcher.prefetch()
        times.append((time.perf_counter_ns() - start) / 1e3)
    return times


def _model(milliseconds: float) -> Callable[[], object]:
    """Multiplies matrices for about so long."""
    left, right = torch.rand(256, 512), torch.rand(512, 512)
    start = time.perf_counter()
    for _ in range(20):
        left @ right
    count = max(1, round(milliseconds / 1e3 / ((time.perf_counter() - start) / 20)))

    def compute() -> None:
        for _ in range(count):
            torch.mm(left, right)

    return compute


def _summary(times: list[float]) -> dict[str, float]:
    if not times:
        return {"n": 0}
    values = np.array(times)
    quantiles = {f"p{q}": float(np.percentile(values, q)) for q in _QUANTILES}
    return {
        "n": len(values),
        "sum": float(values.sum()),
        "mean": float(values.mean()),
        **quantiles,
        "max": values.max(),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with MaskBench files")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--model-ms", type=float, default=8.0)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
