"""Runs engines over cases: several workers at a time, records into a store, and what is done is not done again."""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from .data import Entry
from .errors import BenchError
from .messages import WorkerSetup
from .records import EngineInfo, Key, RunInfo, SchemaRecord
from .store import Store
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

    def info(self, setup: WorkerSetup) -> EngineInfo:
        """The engine's versions, or how to get it."""

    def run(self, setup: WorkerSetup, entries: Sequence[Entry], add: Add) -> None:
        """Give a record for each entry to ``add``, in any order."""

    def close(self) -> None:
        """End what was started."""


def run(plan: Plan, pool: Pool, told: Callable[[EngineInfo, int, int], Add]) -> None:
    """Run what is not done yet, an engine after the other. Raises ``BenchError``.

    ``told`` hears of each engine, with the number of its cases that are done and of all, and gives what hears of
    records.
    """
    store = Store(plan.folder, RunInfo(plan.options, (), _machine()))
    try:
        for setup in plan.setups:
            done = store.keys
            left = [entry for entry in plan.entries if Key(setup.engine, entry.dataset, entry.name) not in done]
            if not left:
                continue
            engine = pool.info(setup)
            store.note(engine)
            hears = told(engine, len(plan.entries) - len(left), len(plan.entries))
            if engine.missing is None:
                pool.run(setup, left, _both(store.add, hears))
    finally:
        store.close()
        pool.close()


def _both(first: Add, second: Add) -> Add:
    def add(record: SchemaRecord) -> None:
        first(record)
        second(record)

    return add


def _machine() -> dict[str, str]:
    return {
        "processor": _processor() or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


class Threads:
    """A pool of ``jobs`` workers on this machine. The one that is asked for versions is the first to work."""

    def __init__(self, bounds: Bounds, jobs: int, python: str) -> None:
        self._bounds = bounds
        self._jobs = jobs
        self._python = python
        self._stopping = threading.Event()
        self._waiting: list[Supervisor] = []

    def info(self, setup: WorkerSetup) -> EngineInfo:
        self.close()
        self._waiting = [self._supervisor(setup)]
        return self._waiting[0].info()

    def run(self, setup: WorkerSetup, entries: Sequence[Entry], add: Add) -> None:
        left: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        for entry in entries:
            left.put(entry)
        count = min(self._jobs, len(entries))
        supervisors = [*self._waiting, *(self._supervisor(setup) for _ in range(count))][:count]
        failures: list[BenchError] = []
        threads = [threading.Thread(target=self._work, args=(each, left, add, failures)) for each in supervisors]
        self._waiting = self._waiting[count:]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            self._stopping.set()  # where this thread was interrupted, the others still have to end
            for thread in threads:
                thread.join()
            self._stopping.clear()
        if failures:
            raise failures[0]

    def close(self) -> None:
        for supervisor in self._waiting:
            supervisor.stop()
        self._waiting = []

    def _supervisor(self, setup: WorkerSetup) -> Supervisor:
        return Supervisor(setup, self._bounds, self._python, self._stopping)

    def _work(
        self, supervisor: Supervisor, left: queue.SimpleQueue[Entry], add: Add, failures: list[BenchError]
    ) -> None:
        try:
            while not self._stopping.is_set():
                add(supervisor.run(left.get_nowait().load()))
        except (queue.Empty, StoppedError):
            return
        except BenchError as error:
            failures.append(error)
            self._stopping.set()
        finally:
            supervisor.stop()


def batches(entries: Sequence[Entry], size: int) -> Iterable[Sequence[Entry]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
