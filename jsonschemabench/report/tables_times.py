"""Tables of times and memory, and of what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..histogram import Histogram
from ..measures import percentiles
from ..messages import MASK
from ..wording import NOTHING, count, dataset_name, duration, size
from .run import Evidence, Run
from .table import Cell, Column, Table, engine_rows

_SHOWN = {"mean": "mean", "p50": "p50", "p90": "p90", "p99": "p99", "p99.9": "p99.9", "p100": "max"}
_MOST_FAILURES = 5
_LONGEST_EXAMPLE = 160


def first_mask_table(run: Run, dataset: str) -> Table:
    caption = (
        "From the schema to the first mask (TTFM), for each schema that compiled. A schema that ran out of time before "
        "counts with the limit."
    )
    return _table(run, dataset, "To the first mask, all schemas", caption, "ttfm_us", "schemas", duration)


def between_masks_table(run: Run, dataset: str) -> Table:
    caption = "Computing one mask and accepting one token (TBM), for each token of each document that the engine ran."
    if len(run.compared(dataset)) > 1:
        caption += " Engines that decline the harder schemas are not timed on them, hence the next table."
    return _table(run, dataset, "Between masks, all schemas", caption, "tbm_us", "tokens", duration)


def common_table(run: Run, evidence: Evidence, dataset: str) -> Table:
    """The same for the schemas that all engines compiled."""
    engines = run.engines_of(dataset)
    schemas = evidence.common_schemas.get(dataset, 0)
    found = [percentiles(evidence.common.get((name, dataset), Histogram())) for name in engines]
    title = "Between masks, the same schemas"
    caption = f"As above, but on those schemas only that every engine compiled: {count(schemas)}."
    return _times(title, caption, engines, found, "tokens", duration)


def memory_table(run: Run, dataset: str) -> Table:
    caption = "By how much the peak of the process's resident memory rose while one schema was compiled."
    return _table(run, dataset, "Memory while compiling", caption, "compile_memory", "schemas", size)


def step_table(run: Run, dataset: str) -> Table | None:
    """Time per output token with a model; None without one."""
    engines = [name for name in run.engines_of(dataset) if "step_us" in run.times(name, dataset)]
    if not engines:
        return None
    caption = "One output token, the model's forward pass, the mask and the sampling included."
    if run.sampler != MASK:
        caption = "The time that a document took, by its tokens: samplers try many that they do not keep."
    found = [run.times(name, dataset)["step_us"] for name in engines]
    return _times("Time per output token", caption, engines, found, "tokens", duration)


def step_mask_table(run: Run, dataset: str) -> Table | None:
    """The masks' part of the time per output token; None without a model, or where samplers are not timed so."""
    engines = [name for name in run.engines_of(dataset) if "step_mask_us" in run.times(name, dataset)]
    found = [run.times(name, dataset)["step_mask_us"] for name in engines]
    if not any(row["count"] for row in found):
        return None
    caption = "Of that: computing the mask, applying it to the logits, and accepting the token."
    return _times("Masks per output token", caption, engines, found, "tokens", duration)


def failure_table(run: Run, evidence: Evidence) -> Table:
    """The most frequent ways in which each engine did not finish a schema."""
    rows = []
    for engine in run.engines:
        mine = [failure for failure in evidence.failures if failure.engine == engine]
        for failure in mine[:_MOST_FAILURES]:
            named = (dataset_name(failure.dataset), failure.outcome, count(failure.schemas), _cut(failure.example))
            rows.append((Cell(engine), *map(Cell, named)))
        if len(mine) > _MOST_FAILURES:
            rest = sum(failure.schemas for failure in mine[_MOST_FAILURES:])
            rows.append((Cell(engine), Cell(""), Cell("others"), Cell(count(rest)), Cell("")))
    caption = "Messages that differ in names and numbers only are counted together; one of them is shown."
    return Table("What did not finish", caption, ("engine", "data", "outcome", "schemas", "message"), tuple(rows), True)


def version_table(run: Run) -> Table:
    rows = []
    for engine in run.info.engines:
        versions = ", ".join(f"{name} {version}" for name, version in engine.versions.items()) or NOTHING
        rows.append((Cell(engine.name), Cell(versions if engine.missing is None else f"not run: {engine.missing}")))
    return Table("Engines and versions", "As installed when the run began.", ("engine", "packages"), tuple(rows), True)


def _table(
    run: Run, dataset: str, title: str, caption: str, measure: str, counted: str, show: Callable[[float], str]
) -> Table:
    engines = run.engines_of(dataset)
    found = [run.times(name, dataset)[measure] for name in engines]
    return _times(title, caption, engines, found, counted, show)


def _times(
    title: str,
    caption: str,
    engines: Sequence[str],
    found: Sequence[Mapping[str, Any]],
    counted: str,
    show: Callable[[float], str],
) -> Table:
    columns = [*(Column(name, show, min) for name in _SHOWN.values()), Column(counted, lambda value: count(int(value)))]
    values = [[*(row[name] if row["count"] else None for name in _SHOWN), row["count"]] for row in found]
    return Table(
        title, caption, ("engine", *(column.name for column in columns)), engine_rows(engines, columns, values)
    )


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST_EXAMPLE else message[: _LONGEST_EXAMPLE - 1] + "…"
