"""A run as the report reads it: what was run, its summary, and what only the records tell."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BenchError
from ..histogram import Histogram
from ..records import EngineInfo, Outcome, RunInfo, SchemaRecord
from ..store import SUMMARY, read_info, read_records
from ..wording import BASELINE, dataset_order, engine_order

SUITE = "suite"
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|/\S+|\d+")


@dataclass(frozen=True)
class Run:
    """``run.json`` and ``summary.json``; ``folder`` is as it was named."""

    folder: Path
    info: RunInfo
    summary: Mapping[str, Any]

    @cached_property
    def engines(self) -> list[str]:
        """Those that have results, in the order of the report."""
        named = [engine.name for engine in self.info.engines]
        return sorted((name for name in named if self.summary["correctness"].get(name)), key=engine_order)

    @property
    def missing(self) -> list[EngineInfo]:
        return [engine for engine in self.info.engines if engine.missing is not None]

    @cached_property
    def datasets(self) -> list[str]:
        found = {dataset for name in self.engines for dataset in self.summary["correctness"][name]}
        return sorted(found, key=dataset_order)

    @property
    def timed_datasets(self) -> list[str]:
        """Where times say something: the suite's documents are too small, unless there is nothing else."""
        return [name for name in self.datasets if name != SUITE] or self.datasets

    @property
    def sampler(self) -> str | None:
        """How the model wrote; None if there was none."""
        generation = self.info.options.get("generation")
        return None if generation is None else str(generation["sampler"])

    def compared(self, dataset: str) -> list[str]:
        """The engines that constrain."""
        return [name for name in self.engines_of(dataset) if name != BASELINE]

    def has_documents(self, dataset: str) -> bool:
        """Whether any labelled document was run; tasks have none, nor have schemas alone."""
        ran = [(self.correctness(name, dataset) or {})["documents"] for name in self.engines_of(dataset)]
        return any(documents["valid"] or documents["invalid"] for documents in ran)

    def correctness(self, engine: str, dataset: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.summary["correctness"][engine].get(dataset)
        return found

    def times(self, engine: str, dataset: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.summary["times"][engine][dataset]
        return found

    def engines_of(self, dataset: str) -> list[str]:
        return [name for name in self.engines if self.correctness(name, dataset) is not None]


def read_run(folder: Path) -> Run:
    """Raises ``BenchError`` if the folder holds no run, or no summary of it."""
    info = read_info(folder)
    path = folder / SUMMARY
    try:
        return Run(folder, info, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be read: {error}", f"write it by maskwright bench summary {folder}") from error


class Point(NamedTuple):
    """A schema that compiled: its size, and the time to its first mask."""

    schema_bytes: int
    first_us: float


class Failure(NamedTuple):
    """How often an engine failed in the same way, and one of the messages."""

    engine: str
    dataset: str
    outcome: str
    schemas: int
    example: str


@dataclass(frozen=True)
class Evidence:
    """What only the records tell, by engine and data set.

    ``common``: of ``masks``, those of the schemas that all engines compiled.
    """

    masks: Mapping[tuple[str, str], Histogram]
    common: Mapping[tuple[str, str], Histogram]
    common_schemas: Mapping[str, int]
    points: Mapping[tuple[str, str], Sequence[Point]]
    failures: Sequence[Failure]


def read_evidence(run: Run) -> Evidence:
    """Raises ``BenchError`` if there are no records, or others than the summary's."""
    records = list(read_records(run.folder))
    summed = sum(found["schemas"] for part in run.summary["correctness"].values() for found in part.values())
    if len(records) != summed:
        problem = f"{run.folder} holds {len(records)} records, and a summary of {summed}"
        raise BenchError(problem, f"write it again by maskwright bench summary {run.folder}")
    return gather(run, records)


def gather(run: Run, records: Sequence[SchemaRecord]) -> Evidence:
    groups: dict[tuple[str, str], list[SchemaRecord]] = {}
    for record in records:
        groups.setdefault((record.engine, record.dataset), []).append(record)
    shared = {
        dataset: _compiled_by_all([groups.get((engine, dataset), []) for engine in run.compared(dataset)])
        for dataset in run.datasets
    }
    return Evidence(
        masks={key: Histogram.merged(record.masks for record in group) for key, group in groups.items()},
        common={
            key: Histogram.merged(record.masks for record in group if record.name in shared.get(key[1], ()))
            for key, group in groups.items()
        },
        common_schemas={dataset: len(names) for dataset, names in shared.items()},
        points={key: [_point(record) for record in group if _has_point(record)] for key, group in groups.items()},
        failures=[failure for name in run.engines for failure in _failures(name, groups)],
    )


def _compiled_by_all(groups: Sequence[Iterable[SchemaRecord]]) -> frozenset[str]:
    names = [{record.name for record in group if record.outcome is Outcome.COMPILED} for group in groups]
    return frozenset(set.intersection(*names)) if names else frozenset()


def _has_point(record: SchemaRecord) -> bool:
    return record.compile_us is not None and record.schema_bytes > 0


def _point(record: SchemaRecord) -> Point:
    return Point(record.schema_bytes, (record.compile_us or 0.0) + (record.first_mask_us or 0.0))


def _failures(engine: str, groups: Mapping[tuple[str, str], Sequence[SchemaRecord]]) -> list[Failure]:
    """The most frequent first. Messages that differ in names and numbers only are one."""
    found: list[Failure] = []
    for (name, dataset), group in groups.items():
        if name == engine:
            failed = [record for record in group if record.outcome is not Outcome.COMPILED]
            kinds = [(str(record.outcome), _VARYING.sub("…", record.error or "")) for record in failed]
            examples = {kind: record.error or "" for kind, record in reversed(list(zip(kinds, failed, strict=True)))}
            counts = Counter(kinds)
            found += [Failure(engine, dataset, kind[0], counts[kind], examples[kind]) for kind in counts]
    return sorted(found, key=lambda failure: (-failure.schemas, failure.dataset, failure.outcome, failure.example))
