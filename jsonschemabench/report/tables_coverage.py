"""Tables of what engines get right: by data set, by split, by keyword, and by MaskBench's own reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..records import Outcome
from ..wording import count, dataset_name, percent
from .run import Run
from .table import Cell, Column, Table, engine_rows, filled_rows

_OF_ALL = "Of the schemas of the split."
_OF_JUDGED = "Of those schemas of the split that have documents."
_SHORT = {"with schemas that do not compile": "not all compiled"}


def _number(value: float) -> str:
    return count(int(value))


_COVERAGE = (
    Column("empirical", percent, max),
    Column("declared", percent, max),
    Column("compliance", percent, max),
    Column("over-constrained", _number),
    Column("under-constrained", _number),
)


_COVERED = (
    "Shares: of the schemas that have documents, those empirically covered (it compiles and all of its documents "
    "are judged rightly); of all schemas, those declared covered (it compiles); of the declared ones that have "
    "documents, the empirically covered (compliance)."
)
_COVERED_WITH_MODEL = (
    "Shares: of the schemas, those empirically covered (it compiles, and what the model wrote is valid; left out where "
    "jsonschema cannot judge it) and those declared covered (it compiles); of the declared ones, the empirically "
    "covered (compliance)."
)
_CONSTRAINED = (
    " Numbers of schemas of which a valid document is refused (over-constrained), or an invalid one accepted "
    "(under-constrained)."
)


def coverage_table(run: Run, dataset: str) -> Table:
    caption = _COVERED if run.sampler is None else _COVERED_WITH_MODEL
    if run.has_documents(dataset):
        caption += _CONSTRAINED
    engines = run.engines_of(dataset)
    values = [_coverage_values(run.correctness(name, dataset) or {}, run.has_documents(dataset)) for name in engines]
    return Table(f"{dataset_name(dataset)}: coverage", caption, *filled_rows(engines, _COVERAGE, values))


def _coverage_values(found: Mapping[str, Any], has_documents: bool) -> list[float | None]:
    rates = [found[name] for name in ("empirical coverage", "declared coverage", "compliance rate")]
    numbers = [found[name] if has_documents else None for name in ("over-constrained", "under-constrained")]
    return [*rates, *numbers]


def outcome_table(run: Run, dataset: str) -> Table:
    columns = [Column(outcome, _number) for outcome in Outcome]
    caption = (
        "Numbers of schemas: compiled and all documents run; declined with an error when compiling, or failed with one "
        "afterwards; or the process crashed, ran out of time, or out of memory."
    )
    title = f"{dataset_name(dataset)}: outcomes"
    return _by_engine(run, dataset, title, caption, columns, lambda found: [found["outcomes"][o] for o in Outcome])


def maskbench_table(run: Run, dataset: str) -> Table:
    """MaskBench's own classes: a document is accepted if no token is refused, whether or not it may end there."""
    first = run.correctness(run.engines_of(dataset)[0], dataset)
    names = list(first["maskbench"]) if first else []
    columns = [Column(name, _number, max if name == "passing" else None) for name in names]
    caption = (
        "Numbers of schemas. Here a document counts as accepted if no token is refused, even if it may not end there."
    )
    title = f"{dataset_name(dataset)}: classes of MaskBench's own program"
    return _by_engine(run, dataset, title, caption, columns, lambda found: [found["maskbench"][name] for name in names])


def split_table(run: Run, dataset: str, rate: str) -> Table:
    """A row for each split, by number of schemas; ``rate`` is that of ``measures.coverage``."""
    engines = run.engines_of(dataset)
    rows = [
        (Cell(split), *(Cell(percent(split_rate(run, e, dataset, split, rate))) for e in engines), Cell(count(schemas)))
        for split, schemas in splits_by_size(run, dataset)
    ]
    title = f"{dataset_name(dataset)}: {rate} by split"
    of_judged = rate == "empirical coverage" and run.sampler is None
    return Table(title, _OF_JUDGED if of_judged else _OF_ALL, ("split", *engines, "schemas"), tuple(rows))


def splits_by_size(run: Run, dataset: str, counted: str = "schemas") -> list[tuple[str, int]]:
    """The splits with their numbers of schemas, or of those ``"judged"``, the largest first; not those with none."""
    sizes: dict[str, int] = {}
    for engine in run.engines_of(dataset):
        found = run.correctness(engine, dataset) or {}
        for split, part in found["splits"].items():
            sizes[split] = max(sizes.get(split, 0), part[counted])
    filled = [(split, number) for split, number in sizes.items() if number]
    return sorted(filled, key=lambda item: (-item[1], item[0]))


def split_rate(run: Run, engine: str, dataset: str, split: str, rate: str) -> float | None:
    """None where the engine has no results for the split."""
    part = (run.correctness(engine, dataset) or {}).get("splits", {}).get(split)
    return None if part is None else part[rate]


def keyword_counts_table(run: Run, dataset: str) -> Table:
    first = run.correctness(run.engines_of(dataset)[0], dataset) or {}
    names = sorted(first.get("keyword counts", {}), key=lambda name: name == "keywords")  # the same for all: last
    columns = [Column(_SHORT.get(name, name), _number, max if name.endswith("coverage") else None) for name in names]
    caption = (
        "Numbers of keywords, that is, files of the test suite: all tests right (full coverage), any test right "
        "(partial), and those in which some schema does not compile, some valid document is refused, some invalid one "
        "accepted."
    )
    title = f"{dataset_name(dataset)}: keywords"
    return _by_engine(run, dataset, title, caption, columns, lambda found: [found["keyword counts"][n] for n in names])


def keyword_table(run: Run, dataset: str) -> Table:
    engines = run.engines_of(dataset)
    rows = [
        (Cell(keyword), *(Cell(percent(keyword_share(run, e, dataset, keyword))) for e in engines), Cell(count(tests)))
        for keyword, tests in keywords_of(run, dataset)
    ]
    title = f"{dataset_name(dataset)}: tests judged rightly, by keyword"
    caption = "Shares of the keyword's tests; tests of schemas that do not compile are not judged rightly."
    return Table(title, caption, ("keyword", *engines, "tests"), tuple(rows))


def keywords_of(run: Run, dataset: str) -> list[tuple[str, int]]:
    """Keywords and their numbers of tests, by name; none but for the test suite."""
    tests: dict[str, int] = {}
    for engine in run.engines_of(dataset):
        for keyword, row in (run.correctness(engine, dataset) or {}).get("keywords", {}).items():
            tests[keyword] = max(tests.get(keyword, 0), row["tests"])
    return sorted(tests.items(), key=lambda item: item[0].lower())


def keyword_share(run: Run, engine: str, dataset: str, keyword: str) -> float | None:
    row = (run.correctness(engine, dataset) or {}).get("keywords", {}).get(keyword)
    return row["right"] / row["tests"] if row and row["tests"] else None


def quality_table(run: Run, dataset: str) -> Table | None:
    """What a model wrote; None without one."""
    engines = [name for name in run.engines_of(dataset) if "quality" in (run.correctness(name, dataset) or {})]
    if not engines:
        return None
    columns = (
        Column("written", _number),
        Column("finished", _number),
        Column("valid", percent, max),
        Column("agree", percent, max),
        Column("tokens", _number),
        Column("forward passes", _number),
    )
    names = ("written", "finished", "validity", "agreement", "tokens", "forward passes")
    found = [(run.correctness(name, dataset) or {})["quality"] for name in engines]
    header, rows = filled_rows(engines, columns, [[quality[name] for name in names] for quality in found])
    caption = (
        "Documents that the model wrote, of schemas that compiled: ended within the budget, valid by jsonschema among "
        "those that it can judge"
    )
    asked = any(quality["agreement"] is not None for quality in found)
    caption += ", equal to the reference answer (agree) where there is one." if asked else "."
    return Table(f"{dataset_name(dataset)}: what the model wrote", caption, header, rows)


def _by_engine(
    run: Run,
    dataset: str,
    title: str,
    caption: str,
    columns: tuple[Column, ...] | list[Column],
    values: Callable[[Mapping[str, Any]], list[float | None]],
) -> Table:
    engines = run.engines_of(dataset)
    rows = engine_rows(engines, columns, [values(run.correctness(name, dataset) or {}) for name in engines])
    return Table(title, caption, ("engine", *(column.name for column in columns)), rows)
