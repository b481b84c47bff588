"""Schemas at which engines are known to slow down or give up: compile, mean mask and worst mask, beside the peers.

    python benchmarks/cliffs.py [--out benchmarks/results/cliffs.json] [--only TEXT]

Each schema comes with a document that satisfies it, written token by token (Mistral's Tekken): before each token its
mask is computed, in which the token must be. *Compile* is from the schema to the first mask, *mean* and *worst* are
over the masks of the document; of two runs, each with a constraint of its own, the better time of each step is kept,
because other work on the machine interrupts some. Garbage is collected between the runs, not in them. Each engine gets
each schema in a process of its own, in which it may take ``--seconds``.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engines import DECLINES, Engine, Maskwright, conditions, installed_peers, microseconds_since, tekken

Case = tuple[str, dict[str, Any], Any]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class _StoppedError(Exception):
    """An engine refused a token of a valid document."""


def cases() -> Iterator[Case]:
    """Names, schemas and documents; a document satisfies its schema and has its keys in the schema's order."""
    words = "The quick brown fox jumps over the lazy dog. "
    yield "maxLength: 100000", {"type": "string", "maxLength": 100_000}, words * 20
    yield "minLength: 4096", {"type": "string", "minLength": 4096}, (words * 100)[:4200]
    yield "pattern ^[a-z]{0,300}$", {"type": "string", "pattern": "^[a-z]{0,300}$"}, "quickbrownfoxjumps" * 15
    values = [f"{_LETTERS[i % 26]}{i * 7919 % 10007}-{i}" for i in range(3000)]
    yield "enum of 3,000 strings", {"enum": values}, values[1500]
    for count in (50, 500, 2500):
        yield f"anyOf of {count:,} objects told apart by a const", *_tagged(count)
        yield f"anyOf of {count:,} tool schemas", *_tools(count)
    yield "anyOf of 50 objects, each with a bound and a pattern of its own", *_told_apart_with_values(50)
    for count in (5000, 50_000):
        properties = {f"property_{i}": {"type": ("string", "integer", "boolean")[i % 3]} for i in range(count)}
        schema = {"type": "object", "properties": properties, "additionalProperties": False}
        chosen = range(0, count, count // 20)
        yield f"object with {count:,} properties", schema, {f"property_{i}": ("x", 1, True)[i % 3] for i in chosen}


def _tagged(count: int) -> tuple[dict[str, Any], Any]:
    alternatives = [
        {
            "type": "object",
            "properties": {"kind": {"const": f"kind{i}"}, f"value{i}": {"type": "integer"}, "note": {"type": "string"}},
            "required": ["kind", f"value{i}"],
            "additionalProperties": False,
        }
        for i in range(count)
    ]
    last = count - 1
    return {"anyOf": alternatives}, {"kind": f"kind{last}", f"value{last}": 12345, "note": "a short note"}


def _told_apart_with_values(count: int) -> tuple[dict[str, Any], Any]:
    """Objects told apart by a constant, whose other values each need an automaton of their own."""
    alternatives = [
        {
            "type": "object",
            "properties": {
                "kind": {"const": f"kind{i}"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 1000 + i},
                "code": {"type": "string", "pattern": f"^[a-f]{{{i + 1}}}$"},
            },
            "required": ["kind", "limit"],
            "additionalProperties": False,
        }
        for i in range(count)
    ]
    return {"anyOf": alternatives}, {"kind": "kind7", "limit": 12, "code": "abcdefab"}


def _tools(count: int) -> tuple[dict[str, Any], Any]:
    """Calls of tools: a name, and arguments of its own."""
    alternatives = []
    for i in range(count):
        arguments = {
            "type": "object",
            "properties": {
                f"query_{i}": {"type": "string"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100 + i},
                "mode": {"enum": ["fast", "exact", f"special{i}"]},
            },
            "required": [f"query_{i}"],
            "additionalProperties": False,
        }
        properties = {"name": {"const": f"tool_{i}"}, "arguments": arguments}
        alternatives.append(
            {
                "type": "object",
                "properties": properties,
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    chosen = count // 2
    arguments = {f"query_{chosen}": "weather in Turin", "limit": 25, "mode": f"special{chosen}"}
    return {"anyOf": alternatives}, {"name": f"tool_{chosen}", "arguments": arguments}


def _measure(engine: Engine, schema: object, tokens: list[int]) -> tuple[float, list[float]]:
    """Microseconds to the first mask, and of each mask from the first on."""
    start = time.perf_counter_ns()
    engine.compile(schema)
    compiled = microseconds_since(start)
    times = []
    for token in tokens:
        start = time.perf_counter_ns()
        engine.fill()
        times.append(microseconds_since(start))
        if not engine.mask[0, token >> 5] >> (token & 31) & 1:
            raise _StoppedError(f"after {len(times) - 1} tokens: {engine.problem() or 'refuses a valid token'}")
        engine.accept(token)
    return compiled, times


def _row(engine: Engine, schema: object, tokens: list[int], runs: int) -> dict[str, Any]:
    try:
        measured = []
        for _ in range(runs):
            gc.collect()
            gc.disable()
            measured.append(_measure(engine, schema, tokens))
            gc.enable()
    except DECLINES as error:
        return {"declined": str(error).strip().splitlines()[0][:100]}
    except _StoppedError as error:
        return {"stopped": str(error).strip().splitlines()[0][:160]}
    steps = [min(step) for step in zip(*(times for _, times in measured), strict=True)]
    return {
        "compile, ms": round(min(compiled for compiled, _ in measured) / 1e3, 3),
        "mean mask, us": round(sum(steps) / len(steps), 2),
        "worst mask, us": round(max(steps), 1),
    }


def _row_within(engine: Engine, schema: object, tokens: list[int], runs: int, seconds: float) -> dict[str, Any]:
    """``_row`` in a forked process, ended after ``seconds``."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sending.send(_row(engine, schema, tokens, runs)))
    process.start()
    sending.close()
    try:
        return dict(receiving.recv()) if receiving.poll(seconds) else {"no answer within, s": seconds}
    except EOFError:
        return {"crashed": True}
    finally:
        process.terminate()
        process.join()


def main() -> None:
    arguments = _arguments()
    vocabulary = tekken()
    engines: list[Engine] = [Maskwright(vocabulary), *(peer(vocabulary) for peer in installed_peers())]
    engines = [engine for engine in engines if arguments.engine in (None, engine.name)]
    Maskwright(vocabulary).compile({"enum": ["a"]})  # load the kernels and build the tables of the vocabulary
    rows: dict[str, dict[str, Any]] = {}
    for name, schema, document in cases():
        if arguments.only and arguments.only not in name:
            continue
        tokens = vocabulary.tokenize(json.dumps(document).encode())
        rows[name] = {}
        for engine in engines:
            rows[name][engine.name] = _row_within(engine, schema, tokens, arguments.runs, arguments.seconds)
            print(f"{name:50} {engine.name:11} {json.dumps(rows[name][engine.name])}", flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps({**conditions(), "rows": rows}, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only the cases with this in their name")
    parser.add_argument("--engine", help="only this engine")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120, help="for each engine and schema")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
