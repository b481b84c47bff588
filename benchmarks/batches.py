"""The masks of many sequences at once, beside llguidance's executor and XGrammar's batch matcher, in one process.

    python benchmarks/batches.py [--data FOLDER] [--out benchmarks/results/batches.json]

FOLDER holds MaskBench files; without it, a few schemas written here are used. Every sequence obeys one of the schemas
and stands somewhere in a valid document; steps fill all masks, then accept each sequence's next token. Only filling is
timed: microseconds a sequence, the median and the best over the steps. All engines get the same schemas, documents and
tokens (Mistral's Tekken), and as many threads as there are cores. Rounds of the engines alternate.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from engines import DECLINES, Llguidance, Maskwright, Xgrammar, conditions, installed_peers, tekken

import maskwright as mw

_SIZES = (1, 16, 64, 256, 1024)
_SCHEMAS = 32

Sequence = tuple[object, list[int]]


class MaskwrightBatch:
    name = "maskwright"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._engine = Maskwright(vocabulary)
        self._words = (vocabulary.size + 31) // 32

    def matcher(self, schema: object) -> Any:
        return self._engine.constraint(schema).matcher()

    def copy(self, matcher: Any) -> Any:
        return matcher.fork()

    def begin(self, matchers: list[Any]) -> None:
        self._matchers = matchers
        self.mask = np.zeros((len(matchers), self._words), np.int32)

    def fill(self) -> None:
        mw.fill_next_token_bitmasks(self._matchers, self.mask)

    def accept(self, matcher: Any, token: int) -> None:
        matcher.accept_token(token)


class LlguidanceBatch:
    name = "llguidance"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        import llguidance
        from llguidance.numpy import fill_next_token_bitmask_par

        self._engine = Llguidance(vocabulary)
        self._executor = llguidance.LLExecutor(num_threads=_cores())
        self._fill = fill_next_token_bitmask_par

    def matcher(self, schema: object) -> Any:
        return self._engine.matcher(schema)

    def copy(self, matcher: Any) -> Any:
        return matcher.deep_copy()

    def begin(self, matchers: list[Any]) -> None:
        self._rows = [(matcher, row) for row, matcher in enumerate(matchers)]
        self.mask = np.zeros((len(matchers), self._engine.mask.shape[1]), np.int32)

    def fill(self) -> None:
        self._fill(self._executor, self._rows, self.mask)

    def accept(self, matcher: Any, token: int) -> None:
        matcher.consume_token(token)


class XgrammarBatch:
    name = "xgrammar"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        import xgrammar

        self._engine = Xgrammar(vocabulary)
        self._batch = xgrammar.BatchGrammarMatcher(max_threads=_cores())
        self._allocate: Callable[[int, int], Any] = xgrammar.allocate_token_bitmask
        self._size = vocabulary.size

    def matcher(self, schema: object) -> Any:
        return self._engine.matcher(schema)

    def copy(self, matcher: Any) -> Any:
        return matcher.fork()

    def begin(self, matchers: list[Any]) -> None:
        self._matchers = matchers
        self._bitmask = self._allocate(len(matchers), self._size)
        self.mask = self._bitmask.numpy()

    def fill(self) -> None:
        self._batch.batch_fill_next_token_bitmask(self._matchers, self._bitmask)

    def accept(self, matcher: Any, token: int) -> None:
        matcher.accept_token(token)


def _batches(vocabulary: mw.Vocabulary) -> Iterator[Any]:
    yield MaskwrightBatch(vocabulary)
    installed = {peer.name for peer in installed_peers()}
    yield from (peer(vocabulary) for peer in (LlguidanceBatch, XgrammarBatch) if peer.name in installed)


def _plain_sequences() -> Iterator[tuple[object, Any]]:
    """Schemas and documents for those who have no MaskBench."""
    for i in range(_SCHEMAS):
        names = [f"{name}{i}" for name in ("name", "city", "count", "tags", "state")]
        values = ["Ada Lovelace", "Turin", 12 * i, ["red", "green"], "open"]
        kinds = [{"type": "string"}, {"type": "string", "maxLength": 40}, {"type": "integer"}]
        kinds += [{"type": "array", "items": {"type": "string"}}, {"enum": ["open", "closed", f"held{i}"]}]
        properties = dict(zip(names, kinds, strict=True))
        yield (
            {"type": "object", "properties": properties, "required": names, "additionalProperties": False},
            dict(zip(names, values, strict=True)),
        )


def _maskbench_sequences(folder: Path) -> Iterator[tuple[object, Any]]:
    paths = sorted(folder.glob("*.json"))
    random.Random(5).shuffle(paths)
    for path in paths:
        case = json.loads(path.read_text())
        yield from itertools.islice(((case["schema"], test["data"]) for test in case["tests"] if test["valid"]), 1)


def _usable(engines: list[Any], sequences: Iterator[tuple[object, Any]], vocabulary: mw.Vocabulary) -> list[Any]:
    """``_SCHEMAS`` documents with one fresh matcher for each engine, which all read the whole document."""
    found = []
    for schema, document in sequences:
        tokens = vocabulary.tokenize(json.dumps(document, ensure_ascii=False).encode())
        try:
            matchers = [engine.matcher(schema) for engine in engines]
        except DECLINES:
            continue
        if len(tokens) >= 24 and all(_reads(e, m, tokens) for e, m in zip(engines, matchers, strict=True)):
            found.append((matchers, tokens))
        if len(found) == _SCHEMAS:
            break
    return found


def _reads(engine: Any, matcher: Any, tokens: list[int]) -> bool:
    copy = engine.copy(matcher)
    engine.begin([copy])
    for token in tokens:
        engine.fill()
        if not engine.mask[0, token >> 5] >> (token & 31) & 1:
            return False
        engine.accept(copy, token)
    return True


def _measure(engine: Any, place: int, usable: list[Any], size: int, steps: int) -> list[float]:
    """Microseconds a sequence that each step takes to fill ``size`` masks."""
    rows = []
    for row in range(size):
        matchers, tokens = usable[row % len(usable)]
        matcher, start = engine.copy(matchers[place]), (7 * row) % (len(tokens) - steps)
        for token in tokens[:start]:
            engine.accept(matcher, token)
        rows.append((matcher, tokens[start:]))
    engine.begin([matcher for matcher, _ in rows])
    times = []
    for step in range(steps):
        start_time = time.perf_counter_ns()
        engine.fill()
        times.append((time.perf_counter_ns() - start_time) / 1e3 / size)
        for matcher, tokens in rows:
            engine.accept(matcher, tokens[step])
    return times


def main() -> None:
    arguments = _arguments()
    vocabulary = tekken()
    engines = list(_batches(vocabulary))
    sequences = _maskbench_sequences(arguments.data) if arguments.data else _plain_sequences()
    usable = _usable(engines, sequences, vocabulary)
    gc.collect()
    gc.disable()
    results: dict[str, dict[str, Any]] = {}
    for size in _SIZES:
        rounds: dict[str, list[list[float]]] = {engine.name: [] for engine in engines}
        for _ in range(arguments.rounds):
            for place, engine in enumerate(engines):
                rounds[engine.name].append(_measure(engine, place, usable, size, arguments.steps))
        results[str(size)] = {
            name: {
                "median": round(min(statistics.median(times) for times in found), 2),
                "best": round(min(min(times) for times in found), 2),
            }
            for name, found in rounds.items()
        }
        print(size, json.dumps(results[str(size)]), flush=True)
    if arguments.out:
        report = {
            **conditions(),
            "schemas": len(usable),
            "steps": arguments.steps,
            "us a sequence, by sequences": results,
        }
        arguments.out.write_text(json.dumps(report, indent=2) + "\n")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with MaskBench files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
