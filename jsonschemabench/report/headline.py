"""The headline table of a README, between two comments, made from a run's summary.

The first comment names the folder of the run, relative to the README: whoever reads, or checks, the table finds the run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BenchError
from .run import Run, read_run
from .table import Column, Table, engine_rows
from .wording import count, dataset_name, duration, percent

BEGIN = "<!-- benchmark: {run} -->"
END = "<!-- end of benchmark -->"
_BLOCK = re.compile(r"<!-- benchmark: *(?P<run>\S*) *-->\n.*?<!-- end of benchmark -->", re.DOTALL)
_COLUMNS = (
    Column("declared", percent, max),
    Column("right", percent, max),
    Column("first mask p50", duration, min),
    Column("p99", duration, min),
    Column("between masks p50", duration, min),
    Column("mean", duration, min),
    Column("p99", duration, min),
    Column("max", duration, min),
)


def headline(run: Run) -> str:
    """A Markdown table of the run's main data set, a sentence that says what it shows, and the test suite's share."""
    dataset = run.timed_datasets[0]
    engines = run.engines_of(dataset)
    rows = engine_rows(engines, _COLUMNS, [_values(run, engine, dataset) for engine in engines])
    table = Table("", "", ("engine", *(column.name for column in _COLUMNS)), rows)
    schemas = max((run.correctness(engine, dataset) or {})["schemas"] for engine in engines)
    said = (
        f"{count(schemas)} schemas of {dataset_name(dataset)}. Declared: the schema compiles; right: and all of its "
        "labelled documents are judged rightly, to the end. First mask: compiling and the first mask; between masks: one "
        "mask and the acceptance of one token."
    )
    return f"{table.markdown()}\n\n{said}{_machine(run)}\n"


def _values(run: Run, engine: str, dataset: str) -> list[float | None]:
    found, times = run.correctness(engine, dataset) or {}, run.times(engine, dataset)
    first = _known(times["ttfm_us"], "p50", "p99")
    return [found["declared coverage"], found["empirical coverage"], *first, *_known(times["tbm_us"], "p50", "mean", "p99", "p100")]


def _known(row: Mapping[str, Any], *names: str) -> list[float | None]:
    return [row[name] if row["count"] else None for name in names]


def _machine(run: Run) -> str:
    processor, cores = run.info.machine.get("processor"), run.info.machine.get("cores")
    return f" On {processor}, {cores} cores." if processor else ""


def named_run(readme: str) -> str | None:
    """The folder that a README says its headline is from; None if it has no headline."""
    found = _BLOCK.search(readme)
    return found["run"] if found else None


def with_headline(readme: str, run: Run, place: str) -> str:
    """The text of a README with the headline of ``run``, whose folder is at ``place``. Raises ``BenchError``."""
    block = f"{BEGIN.format(run=place)}\n{headline(run)}{END}"
    changed, number = _BLOCK.subn(lambda _: block, readme, count=1)
    if not number:
        raise BenchError("the README has no place for the headline", f"put {BEGIN.format(run=place)} and {END} on lines there")
    return changed


def rewrite_readme(path: Path, folder: Path) -> None:
    """Put the headline of the run in ``folder`` into the README at ``path``. Raises ``BenchError``."""
    place = Path(os.path.relpath(folder, path.parent)).as_posix()
    try:
        readme = path.read_text(encoding="utf-8")
        path.write_text(with_headline(readme, read_run(folder), place), encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path} cannot be rewritten: {error.strerror}", "name a README that is there") from error
