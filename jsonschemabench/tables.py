"""Summaries as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .wording import duration, percent


def summary_tables(summary: Mapping[str, Any]) -> str:
    """A table for each data set, an engine a row, and what is not installed."""
    correctness, measured = summary["correctness"], summary["times"]
    datasets = sorted({dataset for found in correctness.values() for dataset in found})
    parts = [_dataset_table(dataset, correctness, measured) for dataset in datasets]
    missing = [
        f"{engine['name']} is not installed: {engine['missing']}"
        for engine in summary["run"]["engines"]
        if engine["missing"]
    ]
    return "\n\n".join([*parts, *(["\n".join(missing)] if missing else [])])


def _dataset_table(dataset: str, correctness: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    header = ["engine", "schemas", "declared", "empirical", "compliance", "over", "under", "crash", "time", "memory"]
    header += ["TTFM p50", "p99", "TBM p50", "p99", "max"]
    rows = []
    written = []
    for engine, found in correctness.items():
        if dataset in found:
            rows.append(_row(engine, found[dataset], measured[engine][dataset]))
            if "quality" in found[dataset]:
                written.append(_quality_row(engine, found[dataset]["quality"], measured[engine][dataset]))
    title = f"{dataset}: schemas by outcome; times to the first mask, and between masks"
    table = f"{title}\n{aligned([header, *rows])}"
    if written:
        names = ["engine", "written", "finished", "valid", "agreement", "tokens", "passes", "token p50", "mask p50"]
        table += f"\n\n{dataset}: what the model wrote\n{aligned([names, *written])}"
    return table


def _row(engine: str, found: Mapping[str, Any], measured: Mapping[str, Any]) -> list[str]:
    outcomes = found["outcomes"]
    first, between = measured["ttfm_us"], measured["tbm_us"]
    return [
        engine,
        str(found["schemas"]),
        percent(found["declared coverage"]),
        percent(found["empirical coverage"]),
        percent(found["compliance rate"]),
        str(found["over-constrained"]),
        str(found["under-constrained"]),
        str(outcomes["crash"]),
        str(outcomes["timeout"]),
        str(outcomes["out of memory"]),
        *(duration(first[name]) if first["count"] else "-" for name in ("p50", "p99")),
        *(duration(between[name]) if between["count"] else "-" for name in ("p50", "p99", "p100")),
    ]


def _quality_row(engine: str, found: Mapping[str, Any], measured: Mapping[str, Any]) -> list[str]:
    return [
        engine,
        *(str(found[name]) for name in ("written", "finished")),
        percent(found["validity"]),
        percent(found["agreement"]),
        *(str(found[name]) for name in ("tokens", "forward passes")),
        *(duration(row["p50"]) if row["count"] else "-" for row in (measured["step_us"], measured["step_mask_us"])),
    ]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns: the first to the left, the others to the right; a line under the header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:]])
