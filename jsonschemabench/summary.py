"""The summary of a run: correctness, which repeating the run does not change, and times, which it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from .measures import coverage, keyword_counts, keywords, quality, times
from .records import RunInfo, SchemaRecord


def summarise(info: RunInfo, records: Iterable[SchemaRecord]) -> dict[str, Any]:
    """``correctness`` and ``times`` by engine and data set; records may be in any order."""
    ordered = sorted(records, key=lambda record: record.key)
    engines = [engine for engine in info.engines if engine.missing is None]
    by_engine = {each.name: [record for record in ordered if record.engine == each.name] for each in engines}
    common = float(info.options.get("seconds", 0.0))
    limits = {each.name: common if each.seconds is None else each.seconds for each in engines}
    return {
        "run": info.as_json(),
        "correctness": {name: _by_dataset(group, _correctness) for name, group in by_engine.items()},
        "times": {name: _by_dataset(group, partial(_times, limits[name])) for name, group in by_engine.items()},
    }


def _by_dataset(records: Sequence[SchemaRecord], measure: Any) -> dict[str, Any]:
    names = sorted({record.dataset for record in records})
    return {name: measure([record for record in records if record.dataset == name]) for name in names}


def _times(limit: float, records: Sequence[SchemaRecord]) -> dict[str, Any]:
    return times(records, limit)


def _correctness(records: Sequence[SchemaRecord]) -> dict[str, Any]:
    splits = sorted({record.split for record in records})
    found = {
        **coverage(records),
        "splits": {split: coverage([record for record in records if record.split == split]) for split in splits},
    }
    by_keyword = keywords(records)
    if by_keyword:
        found["keywords"] = by_keyword
        found["keyword counts"] = keyword_counts(by_keyword)
    written = quality(records)
    if written is not None:
        found["quality"] = written
    return found
