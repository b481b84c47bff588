"""How long a mask and the acceptance of a token take, beside llguidance, in one process.

    python benchmarks/mask_time.py --data FOLDER [--files 200] [--out benchmarks/results/mask_time.json]

FOLDER holds MaskBench files. Both engines get the same schemas (those that both compile), the same documents and the
same tokens (Mistral's Tekken, 131,072 of them), keys in any order. A step is: compute the mask, look the next token up
in it, accept the token. Two rounds are run and the better time of each step is kept, because other work on the machine
interrupts some. Compiling is timed apart: from the schema to the first mask.
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

import maskwright as mw

_QUANTILES = (50, 90, 99, 99.9)


class Maskwright:
    name = "maskwright"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._mask = np.zeros((1, (vocabulary.size + 31) // 32), np.int32)

    def compile(self, schema: object) -> None:
        self._constraint = mw.compile(mw.JsonSchema(schema, property_order="any"), self._vocabulary)
        self._matcher = self._constraint.matcher()
        self._matcher.fill_next_token_bitmask(self._mask)

    def reset(self) -> None:
        self._matcher.reset()

    def step(self, token: int) -> bool:
        self._matcher.fill_next_token_bitmask(self._mask)
        if not self._mask[0, token >> 5] >> (token & 31) & 1:
            return False
        return self._matcher.accept_token(token)

    def is_accepting(self) -> bool:
        return self._matcher.is_accepting()


class Llguidance:
    name = "llguidance"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        import llguidance
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        class Tokenizer:
            eos_token_id = vocabulary.eos_token_ids[0]
            bos_token_id = None
            tokens = [  # noqa: RUF012 -- the attribute that llguidance reads
                token or b"\xff<%d>" % number for number, token in enumerate(vocabulary.tokens)
            ]
            special_token_ids = sorted(vocabulary.special_token_ids)

            def __call__(self, text: str | bytes) -> list[int]:
                return vocabulary.tokenize(text if isinstance(text, bytes) else text.encode())

        self._matcher_of = llguidance.LLMatcher
        self._fill = fill_next_token_bitmask
        self._tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tokenizer()))
        self._mask = allocate_token_bitmask(1, self._tokenizer.vocab_size)

    def compile(self, schema: object) -> None:
        grammar = json.dumps({"grammars": [{"json_schema": schema}]})
        self._fresh = self._matcher_of(self._tokenizer, grammar, log_level=0)
        if self._fresh.is_error():
            raise ValueError(self._fresh.get_error())
        self.reset()
        self._fill(self._matcher, self._mask, 0)

    def reset(self) -> None:
        self._matcher = self._fresh.deep_copy()

    def step(self, token: int) -> bool:
        self._fill(self._matcher, self._mask, 0)
        if not self._mask[0, token >> 5] >> (token & 31) & 1:
            return False
        self._matcher.consume_token(token)
        return True

    def is_accepting(self) -> bool:
        return bool(self._matcher.is_accepting())


def main() -> None:
    arguments = _arguments()
    vocabulary = _tekken()
    engines = [Maskwright(vocabulary), Llguidance(vocabulary)]
    names = sorted(path.name for path in arguments.data.glob("*.json"))
    random.Random(arguments.seed).shuffle(names)
    compile_times: dict[str, list[float]] = {engine.name: [] for engine in engines}
    step_times: dict[str, list[float]] = {engine.name: [] for engine in engines}
    wrong: dict[str, int] = {engine.name: 0 for engine in engines}
    files = declined = 0
    gc.disable()
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
    medians = [report["engines"][engine.name]["mask + accept, us"]["p50"] for engine in engines]  # type: ignore[index]
    print(f"median: {medians[0]:.2f} us beside {medians[1]:.2f} us", file=sys.stderr)


def _attempt(engine: Maskwright | Llguidance, schema: object) -> float | None:
    """Microseconds from the schema to the first mask, the better of two; None if the engine declines."""
    errors: tuple[type[Exception], ...] = (mw.MaskwrightError, ValueError)
    try:
        return min(_microseconds(lambda: engine.compile(schema)) for _ in range(2))
    except errors:
        return None


def _run_twice(engine: Maskwright | Llguidance, tokens: list[int]) -> tuple[list[float], bool]:
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
    return [min(pair) for pair in zip(*runs, strict=True)], allowed and engine.is_accepting()


def _microseconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e3


def _summary(times: list[float]) -> dict[str, float]:
    values = np.array(times)
    quantiles = {f"p{q}": float(np.percentile(values, q)) for q in _QUANTILES}
    return {"n": len(values), "mean": float(values.mean()), **quantiles, "max": float(values.max())}


def _tekken() -> mw.Vocabulary:
    import mistral_common

    return mw.Vocabulary.from_tekken(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with MaskBench files")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
