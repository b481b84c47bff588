"""The report on a run: what its tables, pages and headline say."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from maskwright.cli import run as command_line
from maskwright.jsonschemabench import wording
from maskwright.jsonschemabench.errors import BenchError
from maskwright.jsonschemabench.records import Outcome, RunInfo, SchemaRecord
from maskwright.jsonschemabench.report.headline import BEGIN, END, headline, named_run, with_headline
from maskwright.jsonschemabench.report.pages import findings, html, markdown, sections, write_report
from maskwright.jsonschemabench.report.rerun import command
from maskwright.jsonschemabench.report.run import Run, gather, read_evidence, read_run
from maskwright.jsonschemabench.report.tables_coverage import coverage_table, keyword_share, keyword_table
from maskwright.jsonschemabench.report.tables_times import common_table
from maskwright.jsonschemabench.store import read_info, read_records
from maskwright.jsonschemabench.summary import summarise

from .bench_samples import ENGINES, KEYWORDS, MISSING, SPLITS, write_model_run, write_run

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), every=40)


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return read_run(folder)


@pytest.fixture(scope="module")
def records(folder: Path) -> list[SchemaRecord]:
    return list(read_records(folder))


@pytest.fixture(scope="module")
def page(folder: Path, run: Run) -> str:
    return html(run, read_evidence(run))


class Elements(HTMLParser):
    """All elements of a page, with their attributes, and the text of each heading cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def selected(info: RunInfo, records: list[SchemaRecord], keep: Callable[[SchemaRecord], Any]) -> tuple[Run, Any]:
    """A run with some of the records only."""
    kept = [record for record in records if keep(record)]
    run = Run(Path(), info, summarise(info, kept))
    return run, gather(run, kept)


# --- numbers in words


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, wording.NOTHING),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.5, "50.0 %"),
        (0.99949, "99.9 %"),
        (0.99999, "99.99 %"),
        (1e-6, "0.01 %"),
    ],
)
def test_percentages_say_all_and_none_of_all_and_none_only(rate: float | None, text: str) -> None:
    assert wording.percent(rate).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (3.6, "3.60 µs"),
        (999.6, "1.00 ms"),
        (36586, "36.6 ms"),
        (60e6, "60.0 s"),
        (5e9, "5,000 s"),
        (0.2, "200 ns"),
        (0, "0 ns"),
    ],
)
def test_durations_have_three_digits_and_the_largest_unit(microseconds: float, text: str) -> None:
    assert wording.duration(microseconds).replace("\N{NO-BREAK SPACE}", " ") == text


def test_sizes_are_whole_bytes_or_have_three_digits() -> None:
    said = [wording.size(size).replace("\N{NO-BREAK SPACE}", " ") for size in (0, 898, 1 << 20, 3 << 29)]
    assert said == ["0 B", "898 B", "1.00 MiB", "1.50 GiB"]


# --- tables


def test_tables_show_what_the_summary_holds(run: Run) -> None:
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in coverage_table(run, "maskbench").rows}
    assert list(rows) == ["maskwright", *(name for name in ENGINES if name not in ("maskwright", "none")), "none"]
    for engine, cells in rows.items():
        found = run.summary["correctness"][engine]["maskbench"]
        assert cells[:2] == [wording.percent(found[f"{kind} coverage"]) for kind in ("empirical", "declared")]
        assert cells[3:] == [f"{found[f'{kind}-constrained']:,}" for kind in ("over", "under")]


def test_the_best_value_is_marked_but_never_that_of_the_baseline(run: Run) -> None:
    table = coverage_table(run, "maskbench")
    best = {row[0].text for row in table.rows for cell in row if cell.best}
    assert best
    assert "none" not in best
    assert [row[2].text for row in table.rows if row[0].text == "none"] == ["100\N{NO-BREAK SPACE}%"]
    assert f"**{table.rows[0][1].text}**" in table.markdown()


def test_times_are_also_compared_on_the_schemas_that_all_engines_compiled(
    run: Run, records: list[SchemaRecord]
) -> None:
    compiled = [r for r in records if r.outcome is Outcome.COMPILED and r.dataset == "maskbench" and r.engine != "none"]
    times = Counter(record.name for record in compiled)
    shared = {name for name, number in times.items() if number == len(ENGINES) - 1}
    evidence = gather(run, records)
    assert evidence.common_schemas["maskbench"] == len(shared) > 0
    tokens = sum(record.masks.count for record in compiled if record.name in shared and record.engine == "grid")
    row = next(row for row in common_table(run, evidence, "maskbench").rows if row[0].text == "grid")
    assert row[-1].text == f"{tokens:,}"


def test_keywords_are_shares_of_all_their_tests(run: Run, records: list[SchemaRecord]) -> None:
    mine = [record for record in records if record.engine == "llguidance" and record.keyword == "allOf"]
    right = sum(d.complete == d.valid for r in mine if r.outcome is Outcome.COMPILED for d in r.documents)
    assert keyword_share(run, "llguidance", "suite", "allOf") == right / sum(record.tests for record in mine)
    assert {row[0].text for row in keyword_table(run, "suite").rows} == set(KEYWORDS)


def test_failures_that_differ_in_names_only_are_one(run: Run, records: list[SchemaRecord]) -> None:
    mine = [record for record in records if record.engine == "grid" and record.outcome is Outcome.DECLINED]
    renamed = [replace(record, error=(record.error or "").replace("14212", str(n))) for n, record in enumerate(mine)]
    failures = gather(run, renamed).failures
    assert sum(failure.schemas for failure in failures) == len(mine)
    assert len(failures) <= 6  # three messages in two data sets


def test_an_engine_that_has_not_run_everything_is_named(run: Run, records: list[SchemaRecord]) -> None:
    less, _ = selected(run.info, records, lambda record: record.engine != "grid" or record.split == "Github_easy")
    schemas = sum(record.split == "Github_easy" for record in records) // len(ENGINES)
    assert f"not finished: grid ran {schemas} of them." in headline(less)
    assert "not finished" not in headline(run)


def test_schemas_without_documents_are_not_in_the_plot_of_coverage(run: Run, records: list[SchemaRecord]) -> None:
    bare = [replace(r, tests=0, documents=()) if r.split == "Snowplow" else r for r in records]
    less, evidence = selected(run.info, bare, lambda record: record.dataset == "maskbench")
    page = html(less, evidence)
    assert 'class="name">Snowplow<' not in page
    assert 'class="name">MCPspec<' in page


# --- the pages


def test_both_files_are_written_where_asked(folder: Path, tmp_path: Path) -> None:
    assert write_report(folder, tmp_path / "new" / "place") == [
        tmp_path / "new" / "place" / name for name in ("report.md", "report.html")
    ]


def test_the_markdown_has_all_engines_splits_and_keywords(run: Run) -> None:
    text = markdown(run, read_evidence(run)).replace("\\_", "_")
    for name in (*ENGINES, *SPLITS, *KEYWORDS, MISSING.missing):
        assert str(name) in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_the_page_is_small_and_needs_nothing_else(page: str) -> None:
    elements = Elements(page)
    assert len(page.encode()) < MOST_BYTES
    assert elements.of("script") == []
    assert [link["href"] for link in elements.of("link")] == ["data:,"]
    assert [attributes for _, attributes in elements.found if "src" in attributes] == []
    assert "url(" not in page
    assert "@import" not in page
    targets = {str(link["href"]).removeprefix("#") for link in elements.of("a")}
    assert targets <= {attributes.get("id") for _, attributes in elements.found}


def test_the_page_can_be_heard(page: str) -> None:
    elements = Elements(page)
    identities = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(identities) == len(set(identities))
    plots = elements.of("svg")
    assert len(plots) == 2 * 4
    for plot in plots:
        assert plot["role"] == "img"
        assert set(str(plot["aria-labelledby"]).split()) <= set(identities)
    assert len(elements.of("table")) == len(elements.of("thead"))
    assert {heading.get("scope") for heading in elements.of("th")} == {"col", "row"}


def test_messages_are_text_not_markup(page: str) -> None:
    assert "&lt;remote&gt;" in page
    assert "<remote>" not in page


def test_the_page_says_how_to_run_it_again(run: Run, page: str) -> None:
    said = command(run.info)
    assert "--engine xgrammar-strict" in said
    assert "--every 40" in said
    assert MISSING.name not in said
    assert said in page
    assert max(map(len, said.splitlines())) < 40
    assert shlex.split(said.replace("\\\n", ""))[:5] == ["maskwright", "bench", "run", "--out", "RUN"]
    assert all(str(value) in page for value in run.info.machine.values())


@pytest.mark.parametrize(
    "keep",
    [
        lambda record: record.engine == "grid",
        lambda record: record.dataset == "suite",
        lambda record: record.dataset == "maskbench" and record.split == "Github_easy",
        lambda record: record.outcome is not Outcome.COMPILED,
        lambda record: False,
    ],
    ids=["one engine", "the suite only", "one split", "nothing compiled", "nothing"],
)
def test_a_report_can_be_written_of_less(
    run: Run, records: list[SchemaRecord], keep: Callable[[SchemaRecord], bool]
) -> None:
    less, evidence = selected(run.info, records, keep)
    assert "</html>" in html(less, evidence)
    assert "## How it was measured" in markdown(less, evidence)


# --- with a model


@pytest.fixture(scope="module", params=["mask", "exact"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(write_model_run(tmp_path_factory.mktemp("model"), request.param))


def test_with_a_model_coverage_is_of_what_it_wrote(written: Run) -> None:
    said = markdown(written, read_evidence(written))
    assert "those of which the model wrote a valid document" in said
    assert "judges every labelled document" not in said
    assert findings(written)[0][0] == "of schemas given a valid document"
    assert "8 schemas of MaskBench and 8 schemas of Tasks, under 3 engines" in said


def test_with_a_model_masks_and_samplers_are_told_apart(written: Run) -> None:
    said = markdown(written, read_evidence(written))
    under_masks = written.sampler == "mask"
    assert ("under each engine's masks" in said) == under_masks
    assert ("### Masks per output token" in said) == under_masks
    assert ("the sampler exact drew" in said) == (not under_masks)
    assert f"--sampler {written.sampler}" in command(written.info)


def test_no_column_is_without_values(run: Run, written: Run) -> None:
    for each in (run, written):
        for section in sections(each, read_evidence(each)):
            for table in (*section.before, *section.after, *section.behind):
                for place, name in enumerate(table.header):
                    assert {row[place].text for row in table.rows} != {wording.NOTHING}, (table.title, name)


def test_without_documents_there_is_nothing_about_them(written: Run) -> None:
    keys = [section.key for section in sections(written, read_evidence(written))]
    assert "masks-maskbench" in keys
    assert "masks-tasks" not in keys
    assert [column for column in coverage_table(written, "tasks").header if "constrained" in column] == []
    assert len(coverage_table(written, "maskbench").header) == len(coverage_table(written, "tasks").header) + 2


# --- the headline


def test_a_readme_gets_the_headline_between_its_comments(run: Run) -> None:
    before = f"# A\n\n{BEGIN.format(run='old')}\nstale | table\n{END}\n\nafter\n"
    after = with_headline(before, run, "results/new")
    assert after == f"# A\n\n{BEGIN.format(run='results/new')}\n{headline(run)}{END}\n\nafter\n"
    assert with_headline(after, run, "results/new") == after
    assert named_run(after) == "results/new"


def test_a_readme_without_the_comments_is_an_error(run: Run) -> None:
    with pytest.raises(BenchError, match="no place for the headline"):
        with_headline("# A\n", run, "results")


def test_the_readme_says_what_the_committed_results_say() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    place = named_run(readme)
    if place is None:
        pytest.skip("the README has no headline table yet")
    assert with_headline(readme, read_run(ROOT / place), place) == readme


# --- on the command line


def test_the_command_writes_the_report_and_the_headline(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line(["bench", "report", str(folder), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "report.md"), str(tmp_path / "report.html")]
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN.format(run='x')}\n{END}\n", encoding="utf-8")
    assert command_line(["bench", "report", str(folder), "--readme", str(readme)]) == 0
    assert headline(read_run(folder)) in readme.read_text(encoding="utf-8")


def test_what_is_no_run_is_an_error_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["bench", "report", str(tmp_path / "missing")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_summary_of_other_records_is_not_reported_on(folder: Path, tmp_path: Path) -> None:
    for name in ("run.json", "summary.json", "results.jsonl"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    results = tmp_path / "results.jsonl"
    results.write_text("".join(results.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    with pytest.raises(BenchError, match="maskwright bench summary"):
        write_report(tmp_path)


def test_a_run_without_a_summary_names_the_command_that_writes_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(read_info(folder).as_json()), encoding="utf-8")
    with pytest.raises(BenchError, match="maskwright bench summary"):
        read_run(tmp_path)
