"""``maskwright bench``: run engines over benchmarks, sum a run up, compare two.

Exit codes as for all of maskwright; ``compare`` ends with 1 if correctness got worse.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="The benchmark, beside other engines.")

Texts = Optional[list[str]]  # noqa: UP045 - typer reads it when it runs
Text = Optional[str]  # noqa: UP045
Number = Optional[int]  # noqa: UP045
MaybePath = Optional[Path]  # noqa: UP045


@app.command("run")
def run_command(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Of the run; one that is there is taken up.")],
    engine: Annotated[Texts, typer.Option("--engine", metavar="NAME", help="Repeatable; default: maskwright.")] = None,
    dataset: Annotated[Texts, typer.Option("--dataset", metavar="NAME", help="Repeatable; default: maskbench.")] = None,
    maskbench: Annotated[Text, typer.Option("--maskbench", metavar="FOLDER", help="Its files.")] = None,
    jsonschemabench: Annotated[
        Text, typer.Option("--jsonschemabench", metavar="PLACE", help="A folder, or hub:owner/name.")
    ] = None,
    suite: Annotated[Text, typer.Option("--suite", metavar="FOLDER", help="The JSON Schema Test Suite.")] = None,
    tasks: Annotated[Text, typer.Option("--tasks", metavar="FILE", help="JSON Lines of prompts and schemas.")] = None,
    draft: Annotated[
        Texts, typer.Option("--draft", metavar="NAME", help="Of the suite; default: draft2020-12.")
    ] = None,
    archive: Annotated[Text, typer.Option("--archive", metavar="URL", help="Where to fetch the data from.")] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="Use the network for data that are missing.")
    ] = True,
    split: Annotated[Texts, typer.Option("--split", metavar="NAME", help="Repeatable; default: all.")] = None,
    every: Annotated[int, typer.Option("--every", metavar="N", min=1, help="Only each N-th schema.")] = 1,
    sample: Annotated[Number, typer.Option("--sample", metavar="N", min=1, help="Only so many, drawn.")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Of what is drawn.")] = 0,
    vocabulary: Annotated[str, typer.Option("--vocabulary", help="tekken, tiny, bytes, or a tokenizer.")] = "tekken",
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For one schema.")] = 60.0,
    engine_seconds: Annotated[
        Texts, typer.Option("--engine-seconds", metavar="NAME=N", help="For one engine, instead. Repeatable.")
    ] = None,
    memory: Annotated[int, typer.Option("--memory", metavar="MIB", min=16, help="For one schema.")] = 4096,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Of each worker.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Workers at a time.")] = 1,
    python: Annotated[str, typer.Option("--python", metavar="PATH", help="The workers' interpreter.")] = sys.executable,
    ray: Annotated[bool, typer.Option("--ray", help="Run on a Ray cluster.")] = False,
    ray_address: Annotated[Text, typer.Option("--ray-address", help="Its address; default: this machine.")] = None,
    model: Annotated[
        Text, typer.Option("--model", metavar="MODEL", help="Let it write, too: tiny, folder, hub id.")
    ] = None,
    prompt: Annotated[str, typer.Option("--prompt", metavar="TEXT")] = "Write a document as JSON.",
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1)] = 256,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, help="0 is greedy.")] = 0.0,
    sampler: Annotated[str, typer.Option("--sampler", help="mask, exact, or one of maskwright.samplers.")] = "mask",
) -> None:
    """Run engines over schemas, and sum it up."""
    from .cli_bench_run import request_of, run_benchmark

    _guarded(lambda: run_benchmark(out, request_of(context.params)))


@app.command("summary")
def summary_command(folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]) -> None:
    """Write summary.json again from the records, and show it."""
    from .cli_bench_run import show_summary

    _guarded(lambda: show_summary(folder))


@app.command("compare")
def compare_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The folder of a run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The folder of a later one.")],
    margin: Annotated[float, typer.Option("--margin", min=0.0, help="A slow-down that is let pass.")] = 0.05,
) -> None:
    """Say what got worse. Ends with exit code 1 if correctness did."""
    from .cli_bench_compare import compare_runs

    _guarded(lambda: compare_runs(old, new, margin))


@app.command("report")
def report_command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    out: Annotated[MaybePath, typer.Option("--out", metavar="FOLDER", help="For the report; default: RUN.")] = None,
    readme: Annotated[
        MaybePath, typer.Option("--readme", metavar="FILE", help="Only put the headline table into it.")
    ] = None,
) -> None:
    """Write report.md and report.html, or the headline table of a README."""
    from .cli_bench_report import report_run

    _guarded(lambda: report_run(folder, out, readme))


def _guarded(work: Callable[[], int]) -> None:
    """Ends with the exit code that ``work`` gives; wrong input becomes an error of the command line."""
    from .grammar.errors import MaskwrightError
    from .jsonschemabench.errors import BenchError

    try:
        code = work()
    except BenchError as error:
        raise MaskwrightError(error.problem, remedy=error.remedy) from error
    raise typer.Exit(code)
