"""What records add up to, as JSONSchemaBench (arXiv 2501.10868) and MaskBench (its README and scripts) define it.

- A schema is *declared* covered if the engine compiles it, without an error, crash, or running out of time or memory.
- It is *empirically* covered if what the engine lets through is right: in the paper, the documents that a model
  writes; here these if there is a model, else the labelled documents, all of them, in the stricter reading. Left out
  are schemas without documents if there is no model, and documents of a model that ``jsonschema`` cannot judge.
- The *compliance rate* is the share of declared covered schemas that are empirically covered.
- A schema is *over-constrained* if a valid document is refused, *under-constrained* if an invalid one is accepted.

In the stricter reading a document is accepted if no token was refused and the engine could end there. MaskBench asks
for the former only, and knows for each schema: passing, compile error, validation error (a valid document was
refused, or an error raised), invalidation error (an invalid one was accepted; of several, the last counts), crash,
timeout, out of memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from .histogram import Histogram
from .records import Outcome, Phase, SchemaRecord

PERCENTILES = (25, 50, 75, 90, 95, 99, 99.9, 100)
_ENDED_BADLY = {
    Outcome.DECLINED: "compile error",
    Outcome.FAILED: "validation error",
    Outcome.CRASH: "crash",
    Outcome.TIMEOUT: "timeout",
    Outcome.OUT_OF_MEMORY: "out of memory",
}
MASKBENCH_CLASSES = ("passing", *dict.fromkeys(_ENDED_BADLY.values()), "invalidation error")


def maskbench_class(record: SchemaRecord) -> str:
    """One of ``MASKBENCH_CLASSES``."""
    if record.outcome is not Outcome.COMPILED:
        return _ENDED_BADLY[record.outcome]
    wrong = [document for document in record.documents if document.accepted != document.valid or document.error]
    if not wrong:
        return "passing"
    return "validation error" if wrong[-1].valid or wrong[-1].error else "invalidation error"


def is_declared(record: SchemaRecord) -> bool:
    """Did it compile, and live to run all documents?"""
    return record.outcome is Outcome.COMPILED


def is_over_constrained(record: SchemaRecord) -> bool:
    return any(document.valid and not document.complete for document in record.documents)


def is_under_constrained(record: SchemaRecord) -> bool:
    return any(not document.valid and document.complete for document in record.documents)


def is_right(record: SchemaRecord) -> bool | None:
    """Is it empirically covered? None without documents and model, or where ``jsonschema`` cannot judge the model's.

    Where a model was to write and did not come to it, this is about the documents, if the schema compiled.
    """
    if record.generated is not None:
        return record.generated.valid
    if not record.tests:
        return None
    return is_declared(record) and not is_over_constrained(record) and not is_under_constrained(record)


def coverage(records: Sequence[SchemaRecord], with_model: bool = False) -> dict[str, Any]:
    """Counts and rates; a rate is None where nothing was counted. ``with_model``: was one to write?"""
    declared = sum(map(is_declared, records))
    judged = [record for record in records if _has_evidence(record, with_model)]
    right = sum(is_right(record) is True for record in judged if record.generated is not None or not with_model)
    outcomes = Counter(str(record.outcome) for record in records)
    return {
        "schemas": len(records),
        "outcomes": {str(outcome): outcomes[str(outcome)] for outcome in Outcome},
        "declared": declared,
        "judged": len(judged),
        "right": right,
        "over-constrained": sum(map(is_over_constrained, records)),
        "under-constrained": sum(map(is_under_constrained, records)),
        "declared coverage": _rate(declared, len(records)),
        "empirical coverage": _rate(right, len(judged)),
        "compliance rate": _rate(right, sum(map(is_declared, judged))),
        "maskbench": _maskbench(records),
        "documents": _documents(records),
    }


def keywords(records: Sequence[SchemaRecord]) -> dict[str, Any]:
    """Of the test suite, for each keyword: its schemas and tests, and how many of them are judged rightly."""
    found: dict[str, list[SchemaRecord]] = {}
    for record in records:
        if record.keyword is not None:
            found.setdefault(record.keyword, []).append(record)
    return {keyword: _keyword(group) for keyword, group in sorted(found.items())}


def keyword_counts(by_keyword: dict[str, Any]) -> dict[str, int]:
    """How many keywords an engine covers fully, in part (a test is right), or gets wrong in a way."""
    rows = by_keyword.values()
    return {
        "keywords": len(by_keyword),
        "full coverage": sum(row["right"] == row["tests"] for row in rows),
        "partial coverage": sum(row["right"] > 0 for row in rows),
        "with schemas that do not compile": sum(row["compiled"] < row["schemas"] for row in rows),
        "over-constrained": sum(row["over-constrained"] > 0 for row in rows),
        "under-constrained": sum(row["under-constrained"] > 0 for row in rows),
    }


def quality(records: Sequence[SchemaRecord]) -> dict[str, Any] | None:
    """What a model wrote; None without one."""
    written = [record.generated for record in records if record.generated is not None]
    if not written:
        return None
    judged = [each for each in written if each.valid is not None]
    asked = [each for each in written if each.agrees is not None]
    return {
        "written": len(written),
        "finished": sum(each.finished for each in written),
        "valid": sum(each.valid is True for each in judged),
        "validity": _rate(sum(each.valid is True for each in judged), len(judged)),
        "agreement": _rate(sum(each.agrees is True for each in asked), len(asked)),
        "tokens": sum(each.tokens for each in written),
        "forward passes": sum(each.forward_passes for each in written),
    }


def times(records: Sequence[SchemaRecord], limit_seconds: float) -> dict[str, Any]:
    """Percentiles of times in microseconds, and of the memory that compiling took, in bytes.

    ``ttfm_us``: from the schema to the first mask; a schema that ran out of time before counts with the limit, as in
    MaskBench. ``compile_us``: without that mask, as MaskBench's program measures it. ``tbm_us``: mask and acceptance,
    for each token of each document.
    """
    late = [limit_seconds * 1e6 for each in records if each.outcome is Outcome.TIMEOUT and each.phase is Phase.COMPILE]
    compiled = [each for each in records if each.compile_us is not None]
    first = [(each.compile_us or 0.0) + (each.first_mask_us or 0.0) for each in compiled]
    memory = [float(each.compile_memory) for each in compiled if each.compile_memory is not None]
    written = [each.generated for each in records if each.generated is not None]
    found = {
        "ttfm_us": percentiles(Histogram.of(first + late)),
        "compile_us": percentiles(Histogram.of([each.compile_us or 0.0 for each in compiled] + late)),
        "tbm_us": percentiles(Histogram.merged(each.masks for each in records)),
        "compile_memory": percentiles(Histogram.of(memory)),
    }
    if written:
        found["step_us"] = percentiles(Histogram.merged(each.step_us for each in written))
        found["step_mask_us"] = percentiles(Histogram.merged(each.mask_us for each in written))
    return found


def percentiles(histogram: Histogram) -> dict[str, float]:
    row = {f"p{percent:g}": round(histogram.percentile(percent), 2) for percent in PERCENTILES}
    return {"count": histogram.count, "mean": round(histogram.mean, 2), **row}


def _has_evidence(record: SchemaRecord, with_model: bool) -> bool:
    if record.generated is not None:
        return record.generated.valid is not None
    return with_model or record.tests > 0


def _maskbench(records: Iterable[SchemaRecord]) -> dict[str, int]:
    classes = Counter(map(maskbench_class, records))
    return {name: classes[name] for name in MASKBENCH_CLASSES}


def _documents(records: Iterable[SchemaRecord]) -> dict[str, int]:
    """Of the documents that were run: valid ones, those of them accepted, and so on, in the stricter reading."""
    counts: Counter[str] = Counter()
    for record in records:
        for document in record.documents:
            label = "valid" if document.valid else "invalid"
            counts[label] += 1
            counts[f"{label} accepted"] += document.complete
            counts["accepted without an accepting state"] += document.accepted and not document.accepting
    names = ("valid", "valid accepted", "invalid", "invalid accepted", "accepted without an accepting state")
    return {name: counts[name] for name in names}


def _keyword(group: Sequence[SchemaRecord]) -> dict[str, int]:
    documents = [document for record in group if is_declared(record) for document in record.documents]
    return {
        "schemas": len(group),
        "compiled": sum(map(is_declared, group)),
        "tests": sum(record.tests for record in group),
        "right": sum(document.complete == document.valid for document in documents),
        "over-constrained": sum(document.valid and not document.complete for document in documents),
        "under-constrained": sum(not document.valid and document.complete for document in documents),
    }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
