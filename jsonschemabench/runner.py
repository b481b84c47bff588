"""Runs engines over cases: several workers at a time, records into a store, and what is done is not done again."""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from .data import Entry
from .errors import BenchError
from .messages import WorkerSetup
from .records import EngineInfo, Key, RunInfo, SchemaRecord
from .store import Store, read_info
from .supervisor import Bounds, StoppedError, Supervisor

Add = Callable[[SchemaRecord], None]


@dataclass(frozen=True)
class Plan:
    """What to run, and how. ``options`` are those that decide what the records hold. ``python``: the workers'."""

    setups: tuple[WorkerSetup, ...]
    entries: tuple[Entry, ...]
    folder: Path
    options: Mapping[str, Any]
    bounds: Bounds = field(default_factory=Bounds)
    jobs: int = 1
    python: str = sys.executable


class Pool(Protocol):
    """Who does the work: threads here, or Ray."""

    def run(self, setup: WorkerSetup, entries: Sequence[Entry], add: Add) -> None:
        """Give a record for each entry to ``add``, in any order."""


def run(plan: Plan, pool: Pool, told: Callable[[EngineInfo, int, int], Callable[[SchemaRecord], None]]) -> RunInfo:
    """Run what is not done yet. Raises ``BenchError``.

    ``told`` hears of each engine, with the number of its cases that are done and of all, and gives what hears of
    records.
    """
    infos = _infos(plan)
    info = RunInfo(plan.options, tuple(infos), _machine())
    if (plan.folder / "run.json").exists():
        info = _merged(read_info(plan.folder), info)
    store = Store(plan.folder, info)
    try:
        for setup, engine in zip(plan.setups, infos, strict=True):
            left = [entry for entry in plan.entries if Key(setup.engine, entry.dataset, entry.name) not in store.keys]
            hears = told(engine, len(plan.entries) - len(left), len(plan.entries))
            if engine.missing is None:
                pool.run(setup, left, _both(store.add, hears))
    finally:
        store.close()
    return info


def _both(first: Add, second: Add) -> Add:
    def add(record: SchemaRecord) -> None:
        first(record)
        second(record)

    return add


def _infos(plan: Plan) -> list[EngineInfo]:
    infos = []
    for setup in plan.setups:
        supervisor = Supervisor(setup, plan.bounds, plan.python)
        try:
            infos.append(supervisor.info())
        finally:
            supervisor.stop()
    return infos


def _merged(old: RunInfo, new: RunInfo) -> RunInfo:
    """The engines of a run that is taken up again, those that it had before among them."""
    named = {engine.name for engine in new.engines}
    return replace(new, engines=(*(engine for engine in old.engines if engine.name not in named), *new.engines))


def _machine() -> dict[str, str]:
    return {
        "processor": _processor() or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


class Threads:
    """A pool of ``jobs`` workers on this machine."""

    def __init__(self, bounds: Bounds, jobs: int, python: str) -> None:
        self._bounds = bounds
        self._jobs = jobs
        self._python = python

    def run(self, setup: WorkerSetup, entries: Sequence[Entry], add: Add) -> None:
        left: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        for entry in entries:
            left.put(entry)
        failures: list[BenchError] = []
        stopping = threading.Event()
        workers = [
            threading.Thread(target=self._work, args=(setup, left, add, failures, stopping))
            for _ in range(min(self._jobs, len(entries)))
        ]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        finally:
            stopping.set()  # where this thread was interrupted, the others still have to end
            for worker in workers:
                worker.join()
        if failures:
            raise failures[0]

    def _work(
        self,
        setup: WorkerSetup,
        left: queue.SimpleQueue[Entry],
        add: Add,
        failures: list[BenchError],
        stopping: threading.Event,
    ) -> None:
        supervisor = Supervisor(setup, self._bounds, self._python, stopping)
        try:
            for entry in _taken(left, stopping):
                add(supervisor.run(entry.load()))
        except BenchError as error:
            failures.append(error)
            stopping.set()
        except StoppedError:
            return
        finally:
            supervisor.stop()


def _taken(left: queue.SimpleQueue[Entry], stopping: threading.Event) -> Iterator[Entry]:
    while not stopping.is_set():
        try:
            yield left.get_nowait()
        except queue.Empty:
            return


def batches(entries: Sequence[Entry], size: int) -> Iterable[Sequence[Entry]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
