"""``report.md`` and ``report.html`` of a run, from the templates beside this file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from ..messages import MASK
from ..wording import count_of, dataset_name, duration, percent
from . import tables_coverage as coverage
from . import tables_times as times
from .plot_compile import compile_plot
from .plot_coverage import coverage_plot
from .plot_keywords import keyword_plot
from .plot_masks import mask_plot
from .rerun import command, options_in_words
from .run import Evidence, Failure, Run, read_evidence, read_run
from .svg import Plot
from .table import Table
from .tables_peers import peers_table, schemas_of

MARKDOWN, HTML = "report.md", "report.html"
_MOST_FAILURES = 12


@dataclass(frozen=True)
class Section:
    """A heading, what it is about, and tables around a plot, if there is one; those ``behind`` are folded."""

    key: str
    title: str
    about: str
    before: tuple[Table, ...] = ()
    plot: Plot | None = None
    after: tuple[Table, ...] = ()
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
        "dataset_name": dataset_name,
        "failures": times.failure_table(run, evidence),
        "failed": failed(run, evidence),
        "versions": times.version_table(run),
        "machine": run.info.machine,
        "options": options_in_words(run.info.options),
        "command": command(run.info),
    }
    return environment.get_template(template).render(contents)


def failed(run: Run, evidence: Evidence) -> list[tuple[str, int, list[Failure]]]:
    """Engines that did not finish all schemas: the name, of how many, and the most frequent ways."""
    groups = [(name, [each for each in evidence.failures if each.engine == name]) for name in run.engines]
    return [(name, sum(each.schemas for each in group), group[:_MOST_FAILURES]) for name, group in groups if group]


def what_was_run(run: Run) -> str:
    parts = [
        f"{count_of(schemas_of(run, each), 'schema')} of {_article(each)}{dataset_name(each)}" for each in run.datasets
    ]
    return f"{' and '.join(parts) or 'No schemas'}, under {count_of(len(run.engines), 'engine')}"


def _article(dataset: str) -> str:
    return "the " if dataset == "suite" else ""


def findings(run: Run) -> list[tuple[str, str, str]]:
    """Of the main data set: what is measured, the best value and whose it is. None where engines are not compared."""
    found: list[tuple[str, str, str]] = []
    for dataset in run.timed_datasets[:1]:
        engines = run.compared(dataset)
        if len(engines) > 1:
            rates = {name: (run.correctness(name, dataset) or {})["empirical coverage"] for name in engines}
            best = max(engines, key=lambda name: rates[name] or 0.0)
            what = "of schemas wholly right" if run.sampler is None else "of schemas given a valid document"
            found.append((what, percent(rates[best]), best))
            for measure, what in (
                ("ttfm_us", "median time to the first mask"),
                ("tbm_us", "median time between masks"),
            ):
                rows = {name: run.times(name, dataset)[measure] for name in engines}
                timed = {name: row["p50"] for name, row in rows.items() if row["count"]}
                if timed:
                    quickest = min(timed, key=lambda name: timed[name])
                    found.append((what, duration(timed[quickest]), quickest))
    return found


def sections(run: Run, evidence: Evidence) -> Iterator[Section]:
    """All in one table, and by data set: coverage, times, keywords, and what a model wrote."""
    if run.engines:
        about = "The best value of each column is set off, among the engines that constrain."
        yield Section("peers", "Side by side", about, (peers_table(run),))
    for dataset in run.datasets:
        keywords = keyword_plot(run, dataset)
        yield _coverage_section(run, dataset) if keywords is None else _suite_section(run, dataset, keywords)
        if dataset in run.timed_datasets:
            if run.has_documents(dataset):
                yield _mask_section(run, evidence, dataset)
            yield _compile_section(run, evidence, dataset)
        quality = coverage.quality_table(run, dataset)
        if quality is not None:
            yield _quality_section(run, dataset, quality)


def _quality_section(run: Run, dataset: str, quality: Table) -> Section:
    about = "What the model wrote under each engine's masks, and how long each token took."
    if run.sampler != MASK:
        about = f"What the sampler {run.sampler} drew from the model, within the schemas, and how long it took."
    timed = (times.step_table(run, dataset), times.step_mask_table(run, dataset))
    tables = (quality, *(table for table in timed if table is not None))
    return Section(f"quality-{dataset}", f"With a model: {dataset_name(dataset)}", about, tables)


def _coverage_section(run: Run, dataset: str) -> Section:
    about = (
        "How many schemas each engine takes, and of how many it judges every labelled document rightly: every invalid "
        "document is stopped, and no token of a valid one refused, nor its end. Schemas without documents count for "
        "the former only."
    )
    if run.sampler is not None:
        about = "How many schemas each engine takes, and of how many the model wrote a valid document under it."
    plot = coverage_plot(run, dataset)
    first, *behind = coverage.coverage_table(run, dataset), coverage.outcome_table(run, dataset)
    if plot is not None:
        about += " The dots show the share of each split that is wholly right; beside its name, how many are judged."
        behind += [coverage.split_table(run, dataset, rate) for rate in ("empirical coverage", "declared coverage")]
    if run.has_documents(dataset):
        behind.append(coverage.maskbench_table(run, dataset))
    return Section(f"coverage-{dataset}", dataset_name(dataset), about, (first,), plot, (), tuple(behind))


def _suite_section(run: Run, dataset: str, plot: Plot) -> Section:
    about = (
        "The official tests of each keyword, in schemas that combine little. A cell gives the percentage of tests "
        "judged rightly, rounded down, and ✓ where all are; tests of schemas that do not compile are not."
    )
    behind = (
        coverage.keyword_table(run, dataset),
        coverage.outcome_table(run, dataset),
        coverage.maskbench_table(run, dataset),
    )
    before, after = (coverage.coverage_table(run, dataset),), (coverage.keyword_counts_table(run, dataset),)
    return Section(f"coverage-{dataset}", dataset_name(dataset), about, before, plot, after, behind)


def _mask_section(run: Run, evidence: Evidence, dataset: str) -> Section:
    about = (
        "For every token of every document: computing the mask and accepting the token. Each curve is the density of "
        "these times, scaled to the same height; ticks mark the median, percentiles and the maximum."
    )
    tables: tuple[Table, ...] = (times.between_masks_table(run, dataset),)
    if len(run.compared(dataset)) > 1:
        tables += (times.common_table(run, evidence, dataset),)
    title = f"Time between masks{_named(run, dataset)}"
    return Section(f"masks-{dataset}", title, about, (), mask_plot(run, evidence, dataset), tables)


def _compile_section(run: Run, evidence: Evidence, dataset: str) -> Section:
    about = (
        "From the schema's text to the first mask, up, against the size of the schema as JSON, across. Stronger "
        "shades hold more schemas, from 1, 3, 10 and 30 on; the line runs through the medians. Schemas that did not "
        "compile are not shown."
    )
    tables = (times.first_mask_table(run, dataset), times.memory_table(run, dataset))
    title = f"Time to the first mask{_named(run, dataset)}"
    return Section(f"compile-{dataset}", title, about, (), compile_plot(run, evidence, dataset), tables)


def _named(run: Run, dataset: str) -> str:
    return f": {dataset_name(dataset)}" if len(run.timed_datasets) > 1 else ""
