"""Many machines through Ray: each task runs a worker on a batch of cases. Needs ``maskwright[ray]`` on all of them.

The cases travel to the tasks, so that only the machine that starts the run needs the data; its folder is written by
that machine alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .data import Case, Entry
from .errors import BenchError
from .messages import WorkerSetup
from .records import EngineInfo, SchemaRecord
from .runner import Add, batches
from .supervisor import Bounds, Supervisor

_BATCH = 32
_AHEAD = 2  # batches that are in flight for each processor of the cluster


class RayPool:
    """Workers on a Ray cluster: that of ``address``, or one that is started on this machine. Raises ``BenchError``."""

    def __init__(self, bounds: Bounds, address: str | None = None, processors: int | None = None) -> None:
        try:
            import ray
        except ImportError:
            raise BenchError("ray is not installed", "pip install 'maskwright[ray]'") from None
        self._ray = ray
        self._bounds = bounds
        if not ray.is_initialized():
            try:
                ray.init(address=address, num_cpus=processors, include_dashboard=False, log_to_driver=False)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise BenchError(f"no Ray cluster: {error}", "name its address, or leave it out") from error
        self._task = ray.remote(num_cpus=1, max_retries=2)(run_batch)
        self._probe = ray.remote(num_cpus=1)(probe)

    def info(self, setup: WorkerSetup) -> EngineInfo:
        found: EngineInfo = self._ray.get(self._probe.remote(setup, self._bounds))
        return found

    def run(self, setup: WorkerSetup, entries: Sequence[Entry], add: Add) -> None:
        processors = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        size = max(1, min(_BATCH, -(-len(entries) // processors)))
        flying: list[Any] = []
        for batch in batches(entries, size):
            if len(flying) >= _AHEAD * processors:
                flying = self._landed(flying, add)
            flying.append(self._task.remote(setup, self._bounds, [entry.load() for entry in batch]))
        while flying:
            flying = self._landed(flying, add)

    def close(self) -> None:
        self._ray.shutdown()

    def _landed(self, flying: list[Any], add: Add) -> list[Any]:
        """Add the records of a batch that is done; the others."""
        done, rest = self._ray.wait(flying, num_returns=1)
        for record in self._ray.get(done[0]):
            add(record)
        return list(rest)


def run_batch(setup: WorkerSetup, bounds: Bounds, cases: Sequence[Case]) -> list[SchemaRecord]:
    """The records of the cases; run on a machine of the cluster."""
    supervisor = Supervisor(setup, bounds)
    try:
        return [supervisor.run(case) for case in cases]
    finally:
        supervisor.stop()


def probe(setup: WorkerSetup, bounds: Bounds) -> EngineInfo:
    """The engine's versions on a machine of the cluster."""
    supervisor = Supervisor(setup, bounds)
    try:
        return supervisor.info()
    finally:
        supervisor.stop()
