"""A worker: the process that one engine lives in. ``python -m maskwright.jsonschemabench.worker``

It reads lines of JSON on stdin, first a ``WorkerSetup``, then cases, and writes events on what was its stdout; what
engines print goes to stderr. It ends with its stdin, and with the process that started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
from importlib import metadata
from typing import IO, Any

import maskwright as mw

from .data import Case
from .engines.protocol import Engine, Session, Setting
from .engines.registry import engine_class
from .errors import BenchError
from .exercise import Tell, exercise
from .messages import WorkerSetup, case_from_json
from .process_memory import limit_growth
from .vocabularies import vocabulary_of

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_SLACK = 1 << 30
"""Address space is not memory: allocators reserve more than they use, which must not end an engine too soon."""
_FIRST_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def main() -> None:
    requests, tell = _channel()
    setup = WorkerSetup.from_json(json.loads(requests.readline()))
    try:
        engine, vocabulary = _make(setup)
        write = _writer(setup, vocabulary)
    except ModuleNotFoundError as error:
        tell({"event": "missing", "error": str(error)})
        return
    except BenchError as error:
        tell({"event": "unusable", "problem": error.problem, "remedy": error.remedy})
        return
    gc.collect()
    gc.freeze()
    tell({"event": "ready", "versions": _versions(engine)})
    for line in requests:
        case = case_from_json(json.loads(line))
        limit_growth(setup.memory + _SLACK)
        try:
            exercise(engine, case, setup.setting_of(case), vocabulary, tell, write)
        except MemoryError:
            tell({"event": "out of memory"})
            return
        gc.collect()


def _channel() -> tuple[IO[str], Tell]:
    """Requests and the way to tell events, out of the reach of engines that read and print."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    def tell(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    return requests, tell


def _make(setup: WorkerSetup) -> tuple[Engine, mw.Vocabulary]:
    """The engine, after a first schema, so that what it does once is not counted to another one."""
    found = engine_class(setup.engine)
    vocabulary = vocabulary_of(setup.vocabulary)
    engine: Engine = found(vocabulary)
    exercise(engine, Case("", _FIRST_SCHEMA, (({"a": 1}, True),)), Setting(), vocabulary, lambda event: None, _no_model)
    return engine, vocabulary


def _no_model(session: Session, case: Case) -> dict[str, Any]:
    return {}


def _writer(setup: WorkerSetup, vocabulary: mw.Vocabulary) -> Any:
    if setup.generation is None:
        return _no_model
    from .generation import Writer

    return Writer(setup.generation, vocabulary)


def _versions(engine: Engine) -> dict[str, str]:
    """Of the interpreter and of those of the engine's packages that are installed."""
    found = {"python": sys.version.split()[0]}
    for name in engine.packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


if __name__ == "__main__":
    main()
