"""``maskwright bench run`` and ``bench summary``: a progress bar on stderr, tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .jsonschemabench.data import Selection
from .jsonschemabench.engines.registry import check_name
from .jsonschemabench.errors import BenchError
from .jsonschemabench.messages import Generation, WorkerSetup
from .jsonschemabench.places import DATASETS, Place, entries_of, suite_folder
from .jsonschemabench.records import EngineInfo, Outcome, SchemaRecord
from .jsonschemabench.runner import Plan, Pool, Threads, run
from .jsonschemabench.sampled import check_sampler
from .jsonschemabench.store import read_info, read_records, write_summary
from .jsonschemabench.suite import remote_contents
from .jsonschemabench.summary import summarise
from .jsonschemabench.supervisor import Bounds
from .jsonschemabench.tables import summary_tables

_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Request:
    """What the command line asks for. ``places``: the data sets, and where to look for each."""

    engines: tuple[str, ...]
    places: Mapping[str, Place]
    splits: tuple[str, ...]
    every: int
    sample: int | None
    seed: int
    vocabulary: str
    bounds: Bounds
    own_seconds: Mapping[str, float]
    generation: Generation | None
    jobs: int
    python: str
    ray: bool
    ray_address: str | None

    def options(self) -> dict[str, Any]:
        """Those that decide what the records hold; engines and jobs may differ when a run is taken up again."""
        return {
            "datasets": sorted(self.places),
            "drafts": sorted(
                {draft for name, place in self.places.items() if name == "suite" for draft in place.drafts}
            ),
            "splits": sorted(self.splits),
            "every": self.every,
            "sample": self.sample,
            "seed": self.seed,
            "vocabulary": self.vocabulary,
            **asdict(self.bounds),
            "generation": None if self.generation is None else asdict(self.generation),
        }


def request_of(given: Mapping[str, Any]) -> Request:
    """The request that the options of the command line make, by their names."""
    chosen = given["dataset"] or [name for name in DATASETS if given.get(name) is not None] or ["maskbench"]
    common = {"fetching": given["fetch"], "drafts": tuple(given["draft"] or ["draft2020-12"])}
    if given["archive"] is not None:
        common["archive"] = given["archive"]
    generation = None
    if given["model"] is not None:
        names = ("model", "prompt", "max_new_tokens", "temperature", "seed", "sampler")
        generation = Generation(**{name: given[name] for name in names})
    return Request(
        engines=tuple(given["engine"] or ["maskwright"]),
        places={name: Place(given.get(name), **common) for name in chosen},
        splits=tuple(given["split"] or []),
        vocabulary=given["model"] or given["vocabulary"],
        bounds=Bounds(given["seconds"], given["memory"] * _MEBIBYTE, given["threads"]),
        own_seconds=dict(map(_own_seconds, given["engine_seconds"] or ())),
        generation=generation,
        **{name: given[name] for name in ("every", "sample", "seed", "jobs", "python", "ray", "ray_address")},
    )


def _own_seconds(text: str) -> tuple[str, float]:
    """An engine and its limit, from ``name=seconds``. Raises ``BenchError``."""
    name, _, number = text.rpartition("=")
    try:
        seconds = float(number)
    except ValueError:
        seconds = 0.0
    if not name or not 0.0 < seconds < float("inf"):
        raise BenchError(f"--engine-seconds {text} is no limit", "write it as llguidance=20")
    return name, seconds


def run_benchmark(folder: Path, request: Request) -> int:
    """Run what is not done yet; always 0: what goes wrong with an engine is a result. Raises ``BenchError``."""
    for name in request.engines:
        check_name(name)
    strangers = request.own_seconds.keys() - set(request.engines)
    if strangers:
        raise BenchError(f"--engine-seconds names {min(strangers)}, which is not run", "name it with --engine")
    if request.generation is not None:
        check_sampler(request.generation.sampler, request.generation.temperature, request.engines)
    selection = Selection(request.splits, request.every, request.sample, request.seed)
    entries = tuple(entry for name, place in request.places.items() for entry in selection.of(entries_of(name, place)))
    if not entries:
        raise BenchError("there is no schema to run", "ask for other splits")
    remotes = _remotes(request)
    setups = tuple(
        WorkerSetup(
            name, request.vocabulary, request.bounds.memory, request.generation, remotes, request.own_seconds.get(name)
        )
        for name in request.engines
    )
    plan = Plan(setups, entries, folder, request.options(), request.bounds, request.jobs, request.python)
    _check_free(folder)
    run(plan, _pool(request), _Progress().begin)
    return show_summary(folder)


def show_summary(folder: Path) -> int:
    """Write ``summary.json`` from the records, and show it."""
    summary = summarise(read_info(folder), read_records(folder))
    write_summary(folder, summary)
    sys.stdout.write(summary_tables(summary) + "\n")
    return 0


def _pool(request: Request) -> Pool:
    if request.ray:
        if request.python != sys.executable:
            raise BenchError("Ray's tasks run in Ray's own interpreter", "leave out --python")
        from .jsonschemabench.ray_pool import RayPool

        return RayPool(request.bounds, request.ray_address, request.jobs if request.ray_address is None else None)
    return Threads(request.bounds, request.jobs, request.python)


def _remotes(request: Request) -> dict[str, Any]:
    """The documents that references in the suite name, for each draft."""
    place = request.places.get("suite")
    if place is None:
        return {}
    folder = suite_folder(place)
    return {draft: tuple(remote_contents(folder, draft)) for draft in place.drafts}


def _check_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BenchError(f"{folder} is a file", "name a folder for the run")


class _Progress:
    """A bar for each engine, with the number of schemas that ended otherwise than compiled."""

    def begin(self, engine: EngineInfo, done: int, of: int) -> Callable[[SchemaRecord], None]:
        outcomes: dict[str, int] = {}
        nothing = True if engine.missing is not None or done == of else None  # None: shown only on a terminal
        bar = tqdm(total=of, initial=done, unit=" schemas", desc=engine.name, disable=nothing)

        def hear(record: SchemaRecord) -> None:
            if record.outcome is not Outcome.COMPILED:
                outcomes[record.outcome] = outcomes.get(record.outcome, 0) + 1
                bar.set_postfix(outcomes, refresh=False)
            bar.update()
            if bar.n == of:
                bar.close()

        return hear
