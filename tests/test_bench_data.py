"""The benchmark's data: every published layout is read, and the same choice of it is the same run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maskwright.jsonschemabench import maskbench, schema_sets, suite, tasks
from maskwright.jsonschemabench.data import Case, Entry, Selection
from maskwright.jsonschemabench.errors import BenchError
from maskwright.jsonschemabench.places import Place, entries_of

from .bench_cases import write_maskbench


def names(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(entry.split, entry.name) for entry in entries]


# --- layouts


def test_maskbench_files(tmp_path: Path) -> None:
    write_maskbench(tmp_path, {"Github_easy---o1": {"type": "null"}, "BFCL_java_12": {}}, [(None, True), ("a", False)])
    entries = maskbench.entries(tmp_path)
    assert names(entries) == [("BFCL_java", "BFCL_java_12"), ("Github_easy", "Github_easy---o1")]
    case = entries[1].load()
    assert case.schema == {"type": "null"}
    assert case.documents == ((None, True), ("a", False))


def test_folders_of_schemas(tmp_path: Path) -> None:
    (tmp_path / "Kubernetes").mkdir()
    (tmp_path / "Kubernetes" / "kb_1.json").write_text('{"type": "object"}')
    entries = schema_sets.entries(tmp_path)
    assert names(entries) == [("Kubernetes", "Kubernetes/kb_1")]
    assert entries[0].load() == Case("Kubernetes/kb_1", {"type": "object"}, (), "jsonschemabench", "Kubernetes")


def test_parquet_files_as_on_the_hub(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def write(place: str, ids: list[str]) -> None:
        (tmp_path / place).parent.mkdir(exist_ok=True)
        schemas = [json.dumps({"title": name}) for name in ids]
        parquet.write_table(pyarrow.table({"json_schema": schemas, "unique_id": ids}), tmp_path / place)

    write("data/Github-00000-of-00001.parquet", ["o1", "o2"])
    write("data/Snowplow-00000-of-00001.parquet", ["s1", "s2"])
    entries = schema_sets.entries(tmp_path)
    assert [split for split, _ in names(entries)] == ["Github", "Github", "Snowplow", "Snowplow"]
    write("Snowplow/test-00000-of-00001.parquet", ["s2"])
    write("Snowplow/train-00000-of-00001.parquet", ["s1"])
    write("Github_hard/train-00000-of-00001.parquet", ["o1"])
    entries = schema_sets.entries(tmp_path)
    found = {("Github_hard", "Github_hard/o1"), ("Snowplow", "Snowplow/s1"), ("Snowplow", "Snowplow/s2")}
    assert set(names(entries)) == found
    assert len(entries) == 3
    assert entries[0].load().schema == {"title": entries[0].name.partition("/")[2]}


@pytest.mark.parametrize("columns", [("json_schema",), ("a", "b"), None])
def test_tables_of_something_else_are_named(tmp_path: Path, columns: tuple[str, ...] | None) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "Snowplow-00000-of-00001.parquet"
    if columns is None:
        path.write_text("not Parquet")
    else:
        parquet.write_table(pyarrow.table({name: ["{}"] for name in columns}), path)
    with pytest.raises(BenchError, match=f"{path.name} is no table of schemas"):
        schema_sets.entries(tmp_path)


def test_the_suite(tmp_path: Path) -> None:
    tests = tmp_path / "tests" / "draft7"
    tests.mkdir(parents=True)
    group = {"description": "d", "schema": {"minimum": 1}, "tests": [{"description": "", "data": 0, "valid": False}]}
    (tests / "minimum.json").write_text(json.dumps([group, group]))
    (tmp_path / "remotes" / "draft4").mkdir(parents=True)
    (tmp_path / "remotes" / "draft4" / "a.json").write_text('{"type": "integer"}')
    entries = suite.entries(tmp_path, ("draft7",))
    assert names(entries) == [("draft7", "draft7/minimum/000 d"), ("draft7", "draft7/minimum/001 d")]
    case = entries[0].load()
    assert case.schema == {"$schema": "http://json-schema.org/draft-07/schema#", "minimum": 1}
    assert (case.keyword, case.formats, case.documents) == ("minimum", "annotate", ((0, False),))
    remote = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}
    assert suite.remote_contents(tmp_path, "draft7") == [("http://localhost:1234/draft4/a.json", remote)]


def test_tasks(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "p", "schema": true, "answer": null}\n\n{"prompt": "q", "schema": {}, "name": "n"}\n')
    first, second = (entry.load() for entry in tasks.entries(path))
    assert first.task is not None
    assert second.task is not None
    assert (first.name, first.task.prompt, first.task.answer, first.task.has_answer) == ("mine/1", "p", None, True)
    assert (second.name, second.task.has_answer) == ("n", False)


@pytest.mark.parametrize(
    ("dataset", "contents", "message"),
    [
        ("maskbench", {}, "holds no MaskBench files"),
        ("jsonschemabench", {}, "holds no schemas"),
        ("suite", {}, "holds no tests/"),
        ("maskbench", {"a.json": "[]"}, "a.json is no MaskBench file"),
        ("jsonschemabench", {"S/a.json": "{"}, "a.json is not JSON"),
    ],
)
def test_what_is_not_data_is_named(tmp_path: Path, dataset: str, contents: dict[str, str], message: str) -> None:
    for name, text in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(BenchError, match=message):
        entries_of(dataset, Place(str(tmp_path)))[0].load()


def test_a_selection_is_the_same_for_the_same_entries() -> None:
    def entry(number: int) -> Entry:
        return Entry("maskbench", f"{number:03}", "even" if number % 2 == 0 else "odd", lambda: Case("", {}))

    entries = [entry(number) for number in range(100)]
    assert [found.name for found in Selection(("odd",), every=20).of(entries)] == ["001", "041", "081"]
    drawn = Selection(sample=7, seed=3).of(entries)
    assert len(drawn) == 7
    assert Selection(sample=7, seed=3).of(reversed(entries)) == drawn
    assert Selection(sample=7, seed=4).of(entries) != drawn
