"""``report.md`` and ``report.html`` of a run, from the templates beside this file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from . import tables_coverage as coverage
from . import tables_times as times
from .plot_compile import compile_plot
from .plot_coverage import coverage_plot
from .plot_keywords import keyword_plot
from .plot_masks import mask_plot
from .rerun import command
from .run import Evidence, Run, read_evidence, read_run
from .svg import Plot
from .table import Table
from .wording import BASELINE, count, dataset_name, duration, percent

MARKDOWN, HTML = "report.md", "report.html"


@dataclass(frozen=True)
class Section:
    """A heading, what it is about, a plot or none, and tables; those ``behind`` are folded away on the page."""

    key: str
    title: str
    about: str
    plot: Plot | None = None
    tables: tuple[Table, ...] = ()
    behind: tuple[Table, ...] = ()


def write_report(folder: Path, out: Path | None = None) -> list[Path]:
    """The files written, in ``out`` or beside the run in ``folder``. Raises ``BenchError`` if there is no run."""
    run = read_run(folder)
    evidence = read_evidence(run)
    target = folder if out is None else out
    target.mkdir(parents=True, exist_ok=True)
    pages = {MARKDOWN: markdown(run, evidence), HTML: html(run, evidence)}
    for name, text in pages.items():
        (target / name).write_text(text, encoding="utf-8")
    return [target / name for name in pages]


def markdown(run: Run, evidence: Evidence) -> str:
    return _rendered("report.md.jinja", run, evidence, escaped=False)


def html(run: Run, evidence: Evidence) -> str:
    return _rendered("report.html.jinja", run, evidence, escaped=True)


def _rendered(template: str, run: Run, evidence: Evidence, *, escaped: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    contents: dict[str, Any] = {
        "title": "Engines for structured generation, side by side",
        "what": what_was_run(run),
        "findings": findings(run),
        "sections": list(sections(run, evidence)),
        "missing": run.missing,
        "failures": times.failure_table(run, evidence),
        "versions": times.version_table(run),
        "machine": run.info.machine,
        "options": {name: value for name, value in run.info.options.items() if value not in (None, [], ())},
        "command": command(run.info),
    }
    return environment.get_template(template).render(contents)


def what_was_run(run: Run) -> str:
    parts = []
    for dataset in run.datasets:
        schemas = max((run.correctness(name, dataset) or {})["schemas"] for name in run.engines_of(dataset))
        parts.append(f"{count(schemas)} schemas of {_article(dataset)}{dataset_name(dataset)}")
    engines = "1 engine" if len(run.engines) == 1 else f"{len(run.engines)} engines"
    return f"{' and '.join(parts)}, under {engines}"


def _article(dataset: str) -> str:
    return "the " if dataset == "suite" else ""


def findings(run: Run) -> list[tuple[str, str, str]]:
    """Of the main data set: what is measured, the best value and whose it is. None where engines are not compared."""
    found: list[tuple[str, str, str]] = []
    for dataset in run.timed_datasets[:1]:
        engines = [name for name in run.engines_of(dataset) if name != BASELINE]
        if len(engines) > 1:
            rates = {name: (run.correctness(name, dataset) or {})["empirical coverage"] for name in engines}
            best = max(engines, key=lambda name: rates[name] or 0.0)
            found.append(("schemas wholly right, at best", percent(rates[best]), best))
            for measure, what in (("ttfm_us", "median time to the first mask"), ("tbm_us", "median time between masks")):
                medians = {name: run.times(name, dataset)[measure] for name in engines}
                timed = {name: row["p50"] for name, row in medians.items() if row["count"]}
                if timed:
                    best = min(timed, key=lambda name: timed[name])
                    found.append((f"lowest {what}", duration(timed[best]), best))
    return found


def sections(run: Run, evidence: Evidence) -> Iterator[Section]:
    for dataset in run.datasets:
        yield _coverage_section(run, dataset)
    for dataset in run.timed_datasets:
        yield from _time_sections(run, evidence, dataset)
    for dataset in run.datasets:
        plot = keyword_plot(run, dataset)
        if plot is not None:
            yield _keyword_section(run, dataset, plot)
        written, steps = coverage.quality_table(run, dataset), times.step_table(run, dataset)
        tables = tuple(table for table in (written, steps) if table is not None)
        if tables:
            about = "What the model wrote under each engine's masks, and how long each token took."
            yield Section(f"quality-{dataset}", f"With a model: {dataset_name(dataset)}", about, tables=tables)


def _coverage_section(run: Run, dataset: str) -> Section:
    about = (
        "How many schemas each engine takes, and of how many it judges every labelled document rightly: no token of a "
        "valid document refused and the end allowed where it ends, every invalid document stopped. The dots show the "
        "empirical coverage of each split, whose number of schemas stands beside its name."
    )
    plot = coverage_plot(run, dataset)
    if plot is None:
        about = about.partition(" The dots")[0]
    rates = ("empirical coverage", "declared coverage") if plot is not None else ()
    behind = [coverage.split_table(run, dataset, rate) for rate in rates]
    title = f"Coverage: {dataset_name(dataset)}"
    tables = (coverage.coverage_table(run, dataset),)
    return Section(f"coverage-{dataset}", title, about, plot, tables, (*behind, coverage.maskbench_table(run, dataset)))


def _time_sections(run: Run, evidence: Evidence, dataset: str) -> Iterator[Section]:
    of = f": {dataset_name(dataset)}" if len(run.timed_datasets) > 1 else ""
    about = (
        "For every token of every document: computing the mask and accepting the token. Each curve is the density of "
        "these times, scaled to the same height; ticks below it mark the median, percentiles and the maximum."
    )
    tables = (times.between_masks_table(run, dataset), times.common_table(run, evidence, dataset))
    yield Section(f"masks-{dataset}", f"Time between masks{of}", about, mask_plot(run, evidence, dataset), tables)
    about = (
        "From the schema's text to the first mask, against the size of the schema in bytes of JSON. Darker bins hold "
        "more schemas, from 1, 3, 10 and 30 on; the line runs through the medians. Schemas that did not compile are not "
        "shown."
    )
    tables = (times.first_mask_table(run, dataset), times.memory_table(run, dataset))
    yield Section(f"compile-{dataset}", f"Time to the first mask{of}", about, compile_plot(run, evidence, dataset), tables)


def _keyword_section(run: Run, dataset: str, plot: Plot) -> Section:
    about = (
        "The official tests of each keyword. A cell gives the percentage that is judged rightly, rounded down, and ✓ "
        "where all are; tests of schemas that do not compile are not."
    )
    tables = (coverage.keyword_counts_table(run, dataset),)
    return Section(f"keywords-{dataset}", "Keywords", about, plot, tables, (coverage.keyword_table(run, dataset),))
