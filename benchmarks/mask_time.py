"""How long a mask and the acceptance of a token take, beside llguidance, in one process.

    python benchmarks/mask_time.py --data FOLDER [--files 200] [--out benchmarks/results/mask_time.json]
        [--plot benchmarks/results/mask_time.svg] [--property-order schema] [--formats annotate]

FOLDER holds MaskBench files. Both engines get the same schemas (those that both compile), the same documents and the
same tokens (Mistral's Tekken, 131,072 of them), keys in any order by default. A step is: compute the mask, look the
next token up in it, accept the token. Two rounds are run and the better time of each step is kept, because other work
on the machine interrupts some. Compiling is timed apart: from the schema to the first mask.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import platform
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from engines import Engine, Llguidance, Maskwright, tekken
from plot import write_plot

import maskwright as mw

_QUANTILES = (50, 90, 99, 99.9)


def main() -> None:
    arguments = _arguments()
    vocabulary = tekken()
    ours = Maskwright(vocabulary, arguments.property_order, arguments.formats)
    engines: list[Engine] = [ours, Llguidance(vocabulary)]
    names = sorted(path.name for path in arguments.data.glob("*.json"))
    random.Random(arguments.seed).shuffle(names)
    compile_times: dict[str, list[float]] = {engine.name: [] for engine in engines}
    step_times: dict[str, list[float]] = {engine.name: [] for engine in engines}
    wrong: dict[str, int] = {engine.name: 0 for engine in engines}
    files = declined = 0
    for engine in engines:
        engine.compile({"type": "object"})
    gc.disable()
    gc.collect()
    gc.freeze()  # else each collection below runs through all that was loaded, and leaves cold caches
    for name in names:
        if files == arguments.files:
            break
        case = json.loads((arguments.data / name).read_text())
        seconds = [_attempt(engine, case["schema"]) for engine in engines]
        if None in seconds:
            declined += 1
            continue
        files += 1
        for engine, spent in zip(engines, seconds, strict=True):
            compile_times[engine.name].append(spent or 0.0)
            for test in case["tests"]:
                tokens = vocabulary.tokenize(json.dumps(test["data"], ensure_ascii=False).encode())
                times, accepted = _run_twice(engine, tokens)
                step_times[engine.name] += times
                wrong[engine.name] += accepted != test["valid"]
        gc.collect()
    report = {
        "machine": f"{platform.processor() or platform.machine()}, CPython {platform.python_version()}",
        "llguidance": importlib.metadata.version("llguidance"),
        "maskwright": mw.__version__,
        "property order": arguments.property_order,
        "formats": arguments.formats,
        "files": files,
        "declined by one of them": declined,
        "engines": {
            engine.name: {
                "mask + accept, us": _summary(step_times[engine.name]),
                "schema to first mask, us": _summary(compile_times[engine.name]),
                "documents judged wrongly": wrong[engine.name],
            }
            for engine in engines
        },
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")
    if arguments.plot:
        write_plot(arguments.plot, "Time of a mask and the acceptance of a token", step_times)
    medians = [report["engines"][engine.name]["mask + accept, us"]["p50"] for engine in engines]  # type: ignore[index]
    print(f"median: {medians[0]:.2f} us beside {medians[1]:.2f} us", file=sys.stderr)


def _attempt(engine: Engine, schema: object) -> float | None:
    """Microseconds from the schema to the first mask, the better of two; None if the engine declines."""
    errors: tuple[type[Exception], ...] = (mw.MaskwrightError, ValueError)
    try:
        return min(_microseconds(lambda: engine.compile(schema)) for _ in range(2))
    except errors:
        return None


def _run_twice(engine: Engine, tokens: list[int]) -> tuple[list[float], bool]:
    runs = []
    for _ in range(2):
        engine.reset()
        times, allowed = [], True
        for token in tokens:
            start = time.perf_counter_ns()
            allowed = engine.step(token)
            times.append((time.perf_counter_ns() - start) / 1e3)
            if not allowed:
                break
        runs.append(times)
    return list(map(min, *runs)), allowed and engine.is_accepting()  # of the steps that both rounds took


def _microseconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e3


def _summary(times: list[float]) -> dict[str, float]:
    values = np.array(times)
    quantiles = {f"p{q}": float(np.percentile(values, q)) for q in _QUANTILES}
    return {"n": len(values), "mean": float(values.mean()), **quantiles, "max": float(values.max())}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with MaskBench files")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--property-order", choices=["any", "schema"], default="any")
    parser.add_argument("--formats", choices=["assert", "annotate"], default="assert")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path, help="SVG file for the distribution of mask + accept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
