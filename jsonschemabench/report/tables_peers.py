"""The table that sums a run up: an engine a row, what it gets right and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .run import SUITE, Run
from .table import Column, Table, engine_rows
from .wording import count, dataset_name, duration, percent

_COLUMNS = (
    Column("wholly right", percent, max),
    Column("compiled", percent, max),
    Column("test suite right", percent, max),
    Column("first mask p50", duration, min),
    Column("first mask p99", duration, min),
    Column("between masks p50", duration, min),
    Column("between masks mean", duration, min),
    Column("between masks p99", duration, min),
    Column("between masks max", duration, min),
)
_SUITE_COLUMN = 2


def peers_table(run: Run) -> Table:
    """Of the run's main data set, and the test suite beside it if it was run."""
    dataset = run.timed_datasets[0]
    engines = run.engines_of(dataset)
    beside = dataset != SUITE and SUITE in run.datasets
    kept = [place for place in range(len(_COLUMNS)) if beside or place != _SUITE_COLUMN]
    values = [_values(run, engine, dataset) for engine in engines]
    columns = [_COLUMNS[place] for place in kept]
    rows = engine_rows(engines, columns, [[row[place] for place in kept] for row in values])
    schemas = max((run.correctness(engine, dataset) or {})["schemas"] for engine in engines)
    caption = (
        f"{count(schemas)} schemas of {dataset_name(dataset)}. Compiled: the declared coverage. Wholly right: the "
        "schema compiles and all of its documents are judged rightly, to their end. First mask: compiling and the "
        "first mask. Between masks: one mask and the acceptance of one token."
    )
    if beside:
        caption += " Test suite: the schemas of the official JSON Schema Test Suite that are wholly right."
    return Table("Side by side", caption, ("engine", *(column.name for column in columns)), rows)


def _values(run: Run, engine: str, dataset: str) -> list[float | None]:
    found, times = run.correctness(engine, dataset) or {}, run.times(engine, dataset)
    return [
        found["empirical coverage"],
        found["declared coverage"],
        (run.correctness(engine, SUITE) or {}).get("empirical coverage"),
        *_known(times["ttfm_us"], "p50", "p99"),
        *_known(times["tbm_us"], "p50", "mean", "p99", "p100"),
    ]


def _known(row: Mapping[str, Any], *names: str) -> list[float | None]:
    return [row[name] if row["count"] else None for name in names]
