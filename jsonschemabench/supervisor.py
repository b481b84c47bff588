"""The other end of a worker: starts it, watches its time and memory, and makes records of what it tells.

A worker that dies, hangs or grows too much is a result. It is replaced when the next case comes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .data import Case
from .engines.registry import requirement_of
from .errors import BenchError
from .histogram import Histogram
from .messages import WorkerSetup, case_as_json
from .process_memory import resident
from .records import DocumentVerdict, EngineInfo, Generated, Outcome, Phase, SchemaRecord

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "TORCH_NUM_THREADS",
)
_START_SECONDS = 600
_WATCH_SECONDS = 0.02
_LEFT_TO_GROW = 0.5  # an idle worker that has used up more of its memory than this is replaced
_NO_MEMORY = (b"bad_alloc", b"MemoryError", b"memory allocation of", b"Cannot allocate memory", b"out of memory")
_TAIL = 2000
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Bounds:
    """For one schema: ``seconds`` of time, ``memory`` bytes of growth, ``threads`` of a worker."""

    seconds: float = 60.0
    memory: int = 4 << 30
    threads: int = 1


class MissingEngineError(BenchError):
    """The engine's package is not installed where the worker runs."""


class StoppedError(Exception):
    """The run was interrupted; the case has no record."""


class _WorkerDied(Exception):  # noqa: N818 - it did
    """The worker's end of the channel is closed."""


class _OverTime(Exception):  # noqa: N818
    """The time of a case is used up."""


class _OverMemory(Exception):  # noqa: N818
    """The memory of a case is used up."""


@dataclass
class _Account:
    """What was told about a case so far."""

    phase: Phase = Phase.COMPILE
    fields: dict[str, Any] = field(default_factory=dict)
    documents: list[DocumentVerdict] = field(default_factory=list)
    masks: list[Histogram] = field(default_factory=list)
    outcome: Outcome | None = None

    def add(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "phase":
            self.phase = Phase(event["phase"])
        elif kind == "compiled":
            self.fields.update({name: event[name] for name in ("compile_us", "first_mask_us", "compile_memory")})
        elif kind == "document":
            self.documents.append(DocumentVerdict(**event["verdict"]))
            self.masks.append(Histogram.from_json(event["masks"]))
        elif kind in (Outcome.DECLINED, Outcome.FAILED):
            self.outcome, self.fields["error"] = Outcome(kind), event["error"]
        elif kind == Outcome.OUT_OF_MEMORY:
            self.outcome = Outcome.OUT_OF_MEMORY
        elif kind == "done":
            self.outcome, self.phase = Outcome.COMPILED, Phase.DONE
            if event["generated"]:
                times = {name: Histogram.from_json(event["generated"][name]) for name in ("step_us", "mask_us")}
                self.fields["generated"] = Generated(**{**event["generated"], **times})


class Supervisor:
    """Runs cases, one after the other, on a worker of its own, until ``stopping`` is set. For one thread at a time."""

    def __init__(
        self,
        setup: WorkerSetup,
        bounds: Bounds,
        python: str = sys.executable,
        stopping: threading.Event | None = None,
    ) -> None:
        self._stopping = stopping or threading.Event()
        self._setup = setup
        self._bounds = bounds if setup.seconds is None else replace(bounds, seconds=setup.seconds)
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._baseline = (
            self._before
        ) = -1  # resident memory of an idle worker; when the case began, or -1: any is allowed

    def info(self) -> EngineInfo:
        """The engine's versions, or how to get it."""
        try:
            return EngineInfo(self._setup.engine, self._start(), seconds=self._setup.seconds)
        except MissingEngineError as error:
            return EngineInfo(self._setup.engine, missing=error.remedy)

    def run(self, case: Case) -> SchemaRecord:
        """The record of a case. Raises ``BenchError`` if no worker can be started, ``StoppedError``."""
        self._ready()
        account = _Account()
        deadline = time.monotonic() + self._bounds.seconds
        try:
            self._send(case_as_json(case))
            while account.outcome is None:
                account.add(self._receive(deadline))
        except _OverTime:
            account.outcome, account.fields["error"] = Outcome.TIMEOUT, f"more than {self._bounds.seconds:g} s"
        except _OverMemory:
            account.outcome = Outcome.OUT_OF_MEMORY
        except _WorkerDied:
            account.outcome, account.fields["error"] = self._post_mortem()
        if account.outcome is Outcome.OUT_OF_MEMORY:
            account.fields["error"] = f"more than {self._bounds.memory >> 20} MiB"
        if account.outcome not in (Outcome.COMPILED, Outcome.DECLINED, Outcome.FAILED):
            self.stop()
        return self._record(case, account)

    def stop(self) -> None:
        """End the worker, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._stderr):
                assert stream is not None
                with contextlib.suppress(BrokenPipeError):  # of a request that was never read
                    stream.close()
        self._process, self._unread = None, b""

    def _record(self, case: Case, account: _Account) -> SchemaRecord:
        assert account.outcome is not None
        return SchemaRecord(
            self._setup.engine,
            case.dataset,
            case.name,
            case.split,
            len(json.dumps(case.schema, ensure_ascii=False).encode()),
            len(case.documents),
            account.outcome,
            account.phase,
            case.keyword,
            documents=tuple(account.documents),
            masks=Histogram.merged(account.masks),
            **account.fields,
        )

    # --- the process

    def _ready(self) -> None:
        """See to it that there is a worker with room to grow."""
        if self._process is not None:
            grown = resident(self._process.pid) - self._baseline
            if self._process.poll() is not None or grown > _LEFT_TO_GROW * self._bounds.memory:
                self.stop()
        if self._process is None:
            self._start()
        assert self._process is not None
        self._before = resident(self._process.pid)

    def _start(self) -> dict[str, str]:
        """Start a worker; its engine's versions."""
        self.stop()
        threads = {name: str(self._bounds.threads) for name in _THREADS}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        self._process = subprocess.Popen(
            [self._python, "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            start_new_session=True,  # an interrupt from the keyboard is for the run, which is no crash of the engine
            env={**os.environ, **threads, "TOKENIZERS_PARALLELISM": "false"},
        )
        self._before = -1
        try:
            self._send(self._setup.as_json())
            event = self._receive(time.monotonic() + _START_SECONDS)
        except (_WorkerDied, _OverTime) as error:
            reason = self._post_mortem()[1] if isinstance(error, _WorkerDied) else "it took too long"
            self.stop()
            raise BenchError(f"no worker for {self._setup.engine} can be started: {reason}", "see to it") from None
        if event["event"] == "ready":
            self._baseline = resident(self._process.pid)
            versions: dict[str, str] = event["versions"]
            return versions
        self.stop()
        if event["event"] == "unusable":
            raise BenchError(event["problem"], event["remedy"])
        raise MissingEngineError(
            f"{self._setup.engine} cannot run: {event['error']}", requirement_of(self._setup.engine)
        )

    def _post_mortem(self) -> tuple[Outcome, str]:
        """Of what a dead worker died, and its last words."""
        assert self._process is not None
        code = self._process.wait()
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - _TAIL))
        tail = self._stderr.read()
        if any(words in tail for words in _NO_MEMORY):
            return Outcome.OUT_OF_MEMORY, ""
        lines = tail.decode(errors="replace").strip().splitlines()
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Outcome.CRASH, f"{cause}: {lines[-1].strip()}" if lines else cause

    # --- the channel

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _WorkerDied from None

    def _receive(self, deadline: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        channel = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            if self._stopping.is_set():
                raise StoppedError
            if time.monotonic() > deadline:
                raise _OverTime
            if 0 <= self._before < resident(self._process.pid) - self._bounds.memory:
                raise _OverMemory
            readable, _, _ = select.select([channel], [], [], _WATCH_SECONDS)
            if readable:
                chunk = os.read(channel, _CHUNK)
                if not chunk:
                    raise _WorkerDied
                self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        event: dict[str, Any] = json.loads(line)
        return event
