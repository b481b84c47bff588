"""The table that sums a run up: an engine a row, what it gets right and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..wording import count, dataset_name, duration, percent
from .run import SUITE, Run
from .table import Column, Table, engine_rows

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
    caption = (
        f"{count(schemas_of(run, dataset))} schemas of {dataset_name(dataset)}. Wholly right: of the schemas that "
        "have documents, those that compile and whose documents are all judged rightly, to their end. Compiled: the "
        "declared coverage. First mask: compiling and the first mask. Between masks: one mask and the acceptance of "
        "one token."
    )
    if beside:
        caption += " Test suite: the schemas of the official JSON Schema Test Suite that are wholly right."
    caption += _unfinished(run, dataset) + _limits(run)
    return Table("Side by side", caption, ("engine", *(column.name for column in columns)), rows)


def schemas_of(run: Run, dataset: str) -> int:
    """How many schemas of a data set the run has; an engine that is not done yet has fewer."""
    return max(_schemas(run, engine, dataset) for engine in run.engines_of(dataset))


def _schemas(run: Run, engine: str, dataset: str) -> int:
    return int((run.correctness(engine, dataset) or {})["schemas"])


def _limits(run: Run) -> str:
    """What a schema was allowed, where engines differ in it."""
    own = [engine for engine in run.info.engines if engine.missing is None and engine.seconds is not None]
    if not own:
        return ""
    given = " and ".join(f"{engine.seconds:g} s with {engine.name}" for engine in own)
    return f" A schema was allowed {run.info.options['seconds']:g} s, but {given}."


def _unfinished(run: Run, dataset: str) -> str:
    """Who did not run them all."""
    every = schemas_of(run, dataset)
    done = {engine: _schemas(run, engine, dataset) for engine in run.engines_of(dataset)}
    said = [f"{engine} ran {count(number)} of them" for engine, number in done.items() if number < every]
    return f" The run is not finished: {', '.join(said)}." if said else ""


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
