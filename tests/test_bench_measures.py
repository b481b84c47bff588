"""What records add up to, and what two runs say about each other."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskwright.jsonschemabench.compare import compare
from maskwright.jsonschemabench.histogram import Histogram
from maskwright.jsonschemabench.measures import coverage, keyword_counts, keywords, maskbench_class, quality, times
from maskwright.jsonschemabench.records import (
    DocumentVerdict,
    EngineInfo,
    Generated,
    Outcome,
    Phase,
    RunInfo,
    SchemaRecord,
)
from maskwright.jsonschemabench.store import Store

from .bench_cases import bench

RIGHT = DocumentVerdict(True, 3, None, True)
REFUSED = DocumentVerdict(False, 3, 1)
OVER = DocumentVerdict(True, 3, 2)
UNDER = DocumentVerdict(False, 3, None, True)
CUT = DocumentVerdict(True, 3, None, False)
RAISED = DocumentVerdict(True, 3, error="KeyError: 'a'")


def record(name: str = "n", outcome: Outcome = Outcome.COMPILED, *documents: DocumentVerdict) -> SchemaRecord:
    return SchemaRecord(
        "e",
        "maskbench",
        name,
        "s",
        10,
        len(documents),
        outcome,
        documents=documents,
        compile_us=10.0,
        first_mask_us=1.0,
    )


def compiled(*documents: DocumentVerdict) -> SchemaRecord:
    return record("n", Outcome.COMPILED, *documents)


# --- histograms


def test_percentiles_of_a_histogram_are_near_those_of_the_times() -> None:
    draws = np.random.default_rng(1)
    values = np.exp(draws.normal(3, 2, 20_000))
    found = Histogram.of(values.tolist())
    for percent in (1, 25, 50, 90, 99, 99.9):
        assert found.percentile(percent) == pytest.approx(np.percentile(values, percent), rel=0.03)
    assert found.percentile(100) == values.max()
    assert found.mean == pytest.approx(values.mean())


def test_merging_histograms_is_the_histogram_of_all() -> None:
    values = [random.Random(2).expovariate(0.01) + 0.01 for _ in range(500)]
    whole = Histogram.of(values)
    merged = Histogram.merged([Histogram.of(values[:123]), Histogram(), Histogram.of(values[123:])])
    assert (merged.bins, merged.count, merged.greatest) == (whole.bins, whole.count, whole.greatest)
    assert math.isclose(merged.total, whole.total)
    assert Histogram.merged([]) == Histogram()


def test_records_survive_their_lines() -> None:
    generated = Generated("masking", "é\n", True, None, False, 4, 4, Histogram.of([1.5]), Histogram())
    whole = replace(compiled(RIGHT, RAISED), masks=Histogram.of([0.25, 7.5]), generated=generated, keyword="ref")
    assert SchemaRecord.from_json(json.loads(whole.as_line())) == whole


# --- coverage


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (compiled(RIGHT, REFUSED), "passing"),
        (compiled(CUT), "passing"),
        (compiled(), "passing"),
        (compiled(OVER, UNDER), "invalidation error"),
        (compiled(UNDER, OVER), "validation error"),
        (compiled(RAISED), "validation error"),
        (record("n", Outcome.DECLINED), "compile error"),
        (record("n", Outcome.CRASH, RIGHT), "crash"),
    ],
)
def test_classes_of_maskbench(case: SchemaRecord, expected: str) -> None:
    assert maskbench_class(case) == expected


def test_coverage_by_the_paper() -> None:
    records = [
        compiled(RIGHT, REFUSED),
        compiled(RIGHT, CUT),
        compiled(RIGHT, UNDER),
        compiled(),
        replace(record("n", Outcome.DECLINED), tests=2),
        record("n", Outcome.CRASH, RIGHT),
    ]
    found = coverage(records)
    assert found["declared coverage"] == round(4 / 6, 6)
    assert found["empirical coverage"] == round(1 / 5, 6)
    assert found["compliance rate"] == round(1 / 3, 6)
    assert (found["over-constrained"], found["under-constrained"]) == (1, 1)
    assert found["documents"]["accepted without an accepting state"] == 1


def test_coverage_with_a_model_is_of_what_it_was_to_write() -> None:
    def wrote(valid: bool | None) -> SchemaRecord:
        return replace(compiled(RIGHT, UNDER), generated=Generated("mask", "1", True, valid, None, 1, 1))

    records = [
        wrote(True),
        wrote(False),
        wrote(None),
        record("n", Outcome.DECLINED),
        record("n", Outcome.CRASH, RIGHT),
    ]
    found = coverage(records, with_model=True)
    assert (found["judged"], found["right"]) == (4, 1)
    assert found["declared coverage"] == round(3 / 5, 6)
    assert found["empirical coverage"] == round(1 / 4, 6)
    assert found["compliance rate"] == round(1 / 2, 6)
    assert found["under-constrained"] == 3


def test_keywords_of_the_suite() -> None:
    records = [
        replace(compiled(RIGHT, REFUSED), keyword="full"),
        replace(compiled(RIGHT, UNDER), keyword="part"),
        replace(record("n", Outcome.DECLINED), keyword="none", tests=3),
    ]
    found = keywords(records)
    assert found["part"] == {
        "schemas": 1, "compiled": 1, "tests": 2, "right": 1, "over-constrained": 0, "under-constrained": 1
    }  # fmt: skip
    assert keyword_counts(found) == {
        "keywords": 3,
        "full coverage": 1,
        "partial coverage": 2,
        "with schemas that do not compile": 1,
        "over-constrained": 0,
        "under-constrained": 1,
    }


def test_time_outs_count_with_the_limit() -> None:
    late = replace(record("n", Outcome.TIMEOUT), phase=Phase.COMPILE, compile_us=None, first_mask_us=None)
    found = times([compiled(), late], 2.0)
    assert found["ttfm_us"]["count"] == 2
    assert found["ttfm_us"]["p100"] == 2e6
    assert found["ttfm_us"]["p25"] == pytest.approx(11.0, rel=0.03)


def test_quality_of_what_a_model_wrote() -> None:
    def wrote(valid: bool | None, agrees: bool | None) -> SchemaRecord:
        return replace(compiled(), generated=Generated("masking", "", True, valid, agrees, 5, 5))

    found = quality([wrote(True, True), wrote(False, False), wrote(None, None), compiled()])
    assert found is not None
    assert (found["written"], found["validity"], found["agreement"], found["tokens"]) == (3, 0.5, 0.5, 15)
    assert quality([compiled()]) is None


# --- comparison


def changes(old: SchemaRecord, new: SchemaRecord) -> list[bool]:
    """Whether it got worse, for each change."""
    return [change.worse for change in compare({old.key: old}, {new.key: new}).changes]


@pytest.mark.parametrize(
    ("old", "new", "worse"),
    [
        (compiled(RIGHT), compiled(RIGHT), []),
        (compiled(RIGHT), compiled(OVER), [True]),
        (compiled(OVER), compiled(RIGHT), [False]),
        (compiled(OVER, REFUSED), compiled(RIGHT, UNDER), [True]),
        (compiled(RIGHT), record("n", Outcome.DECLINED), [True]),
        (compiled(OVER), record("n", Outcome.DECLINED), []),
        (record("n", Outcome.DECLINED), compiled(RIGHT), [False]),
        (record("n", Outcome.DECLINED), record("n", Outcome.CRASH), [True]),
        (record("n", Outcome.CRASH), compiled(OVER), []),
    ],
)
def test_what_is_worse(old: SchemaRecord, new: SchemaRecord, worse: list[bool]) -> None:
    assert changes(old, new) == worse


def timed(factor: float, seed: int) -> dict[object, SchemaRecord]:
    """Records whose times are ``factor`` times those of others, and noise of a fifth."""
    size, noise = random.Random(7), random.Random(seed)
    found = [record(f"{number}") for number in range(200)]
    changed = [
        replace(each, compile_us=size.lognormvariate(5, 2) * factor * noise.lognormvariate(0, 0.2), first_mask_us=0.0)
        for each in found
    ]
    return {each.key: each for each in changed}


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, "no difference that can be told"), (1.3, "slower"), (0.7, "faster")]
)
def test_times_are_compared_in_pairs(factor: float, verdict: str) -> None:
    (ratio,) = compare(timed(1.0, 1), timed(factor, 2)).ratios  # type: ignore[arg-type]
    assert ratio.verdict == verdict
    assert ratio.low < factor < ratio.high


def store(folder: Path, *records: SchemaRecord) -> Path:
    written = Store(folder, RunInfo({}, (EngineInfo("e"),), {}))
    for each in records:
        written.add(each)
    written.close()
    return folder


def test_the_command_says_what_got_worse(tmp_path: Path) -> None:
    old = store(tmp_path / "old", record("a", Outcome.COMPILED, RIGHT), record("b"))
    new = store(tmp_path / "new", record("a", Outcome.COMPILED, OVER), record("b"))
    done = bench("compare", old, new)
    assert done.returncode == 1
    assert "e: a: no longer right about documents [0]" in done.stdout
    assert bench("compare", old, old).returncode == 0
    nothing = bench("compare", old, tmp_path)
    assert nothing.returncode == 2
    assert "holds no run" in nothing.stderr
