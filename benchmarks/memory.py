"""Resident memory: of 1,000 compiled schemas, of 10,000 live matchers, and over a soak of requests, beside llguidance.

    python benchmarks/memory.py --data FOLDER [--out benchmarks/results/memory.json]

FOLDER holds MaskBench files. Each engine runs in a process of its own, which reads the vocabulary (Mistral's Tekken),
then compiles schemas and walks one document of each, so that what is compiled on demand is there; then it makes
matchers of them, each some tokens into its document; then, all that given back, it serves requests: compile a schema,
write a document, forget both. Figures are MiB of resident memory beyond what the step before held; the soak's are in
equal parts, so that growth would show from one to the next.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import multiprocessing
import os
import random
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from engines import DECLINES, Llguidance, Maskwright, conditions, installed_peers, tekken

_READ = 16
_PARTS = 6


def _resident() -> float:
    """MiB of this process, garbage collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class _Ours:
    def __init__(self, vocabulary: Any) -> None:
        self._engine = Maskwright(vocabulary)
        self._mask = self._engine.mask

    def compile(self, schema: object) -> Any:
        return self._engine.constraint(schema)

    def matcher(self, compiled: Any) -> Any:
        return compiled.matcher()

    def read(self, matcher: Any, tokens: list[int]) -> None:
        for token in tokens:
            matcher.fill_next_token_bitmask(self._mask)
            if not matcher.accept_token(token):
                break


class _Llguidance:
    def __init__(self, vocabulary: Any) -> None:
        from llguidance.numpy import fill_next_token_bitmask

        self._engine = Llguidance(vocabulary)
        self._fill = fill_next_token_bitmask
        self._mask = self._engine.mask

    def compile(self, schema: object) -> Any:
        return self._engine.matcher(schema)

    def matcher(self, compiled: Any) -> Any:
        return compiled.deep_copy()

    def read(self, matcher: Any, tokens: list[int]) -> None:
        for token in tokens:
            self._fill(matcher, self._mask, 0)
            if not matcher.consume_token(token):
                break


def _cases(folder: Path, vocabulary: Any) -> Iterator[tuple[object, list[int]]]:
    """Schemas and one valid document each, as tokens."""
    paths = sorted(folder.glob("*.json"))
    random.Random(9).shuffle(paths)
    for path in paths:
        case = json.loads(path.read_text())
        for test in itertools.islice((test for test in case["tests"] if test["valid"]), 1):
            yield case["schema"], vocabulary.tokenize(json.dumps(test["data"], ensure_ascii=False).encode())


def _compiled(engine: Any, cases: Iterator[tuple[object, list[int]]], count: int) -> list[tuple[Any, list[int]]]:
    found = []
    for schema, tokens in cases:
        try:
            compiled = engine.compile(schema)
        except DECLINES:
            continue
        engine.read(engine.matcher(compiled), tokens[:200])
        found.append((compiled, tokens))
        if len(found) == count:
            break
    return found


def _measure(engine_class: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    vocabulary = tekken()
    engine = engine_class(vocabulary)
    cases = list(itertools.islice(_cases(arguments.data, vocabulary), 2 * arguments.schemas))
    _compiled(engine, iter(cases), 1)
    levels = [_resident()]
    compiled = _compiled(engine, iter(cases), arguments.schemas)
    levels.append(_resident())
    matchers = []
    for (schema, tokens), _ in zip(itertools.cycle(compiled), range(arguments.matchers), strict=False):
        matchers.append(engine.matcher(schema))
        engine.read(matchers[-1], tokens[:_READ])
    levels.append(_resident())
    report = {
        "compiled": len(compiled),
        "compiled schemas, MiB": round(levels[1] - levels[0], 1),
        "live matchers, MiB": round(levels[2] - levels[1], 1),
    }
    del compiled, matchers, schema
    soak = []
    requests = itertools.cycle(cases)
    for _ in range(_PARTS):
        for _ in range(arguments.requests // _PARTS):
            _compiled(engine, iter([next(requests)]), 1)
        soak.append(round(_resident() - levels[0], 1))
    return {**report, "soak, MiB beyond the vocabulary after each part": soak}


def _run(engine_class: Any, arguments: argparse.Namespace, sending: Connection) -> None:
    sending.send(_measure(engine_class, arguments))


def main() -> None:
    arguments = _arguments()
    engines: dict[str, Any] = {"maskwright": _Ours}
    if any(peer.name == "llguidance" for peer in installed_peers()):
        engines["llguidance"] = _Llguidance
    context = multiprocessing.get_context("spawn")
    results = {}
    for name, engine_class in engines.items():
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(engine_class, arguments, sending))
        process.start()
        sending.close()
        results[name] = receiving.recv()
        process.join()
        print(name, json.dumps(results[name]), flush=True)
    if arguments.out:
        counts = {"schemas": arguments.schemas, "matchers": arguments.matchers, "requests": arguments.requests}
        arguments.out.write_text(json.dumps({**conditions(), **counts, "engines": results}, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with MaskBench files")
    parser.add_argument("--schemas", type=int, default=1_000)
    parser.add_argument("--matchers", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
