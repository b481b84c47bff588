"""The benchmark's data: every published layout is read, and what is fetched comes whole or not at all."""

from __future__ import annotations

import functools
import http.server
import json
import tarfile
import threading
from collections.abc import Iterator
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

    write("data/Snowplow-00000-of-00001.parquet", ["s1", "s2"])
    write("Snowplow/test-00000-of-00001.parquet", ["s2"])
    write("Github_hard/train-00000-of-00001.parquet", ["o1"])
    entries = schema_sets.entries(tmp_path)
    found = {("Github_hard", "Github_hard/o1"), ("Snowplow", "Snowplow/s1"), ("Snowplow", "Snowplow/s2")}
    assert set(names(entries)) == found
    assert len(entries) == 3
    assert entries[0].load().schema == {"title": entries[0].name.partition("/")[2]}


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


# --- fetching


@pytest.fixture
def archive_address(tmp_path: Path) -> Iterator[str]:
    """An archive as GitHub serves it, from this machine; ``/short.tar.gz`` ends too early."""
    source = tmp_path / "jsonschemabench-main"
    write_maskbench(source / "maskbench" / "data", {"Github_easy---o1": {}})
    (source / "data" / "Snowplow").mkdir(parents=True)
    (source / "data" / "Snowplow" / "sp_1.json").write_text("{}")
    (source / "README.md").write_text("not kept")
    served = tmp_path / "served"
    served.mkdir()
    with tarfile.open(served / "main.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None: ...

        def do_GET(self) -> None:
            if self.path != "/short.tar.gz":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"too short")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MASKWRIGHT_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache" / "maskwright"


def test_an_archive_is_fetched_once_and_serves_both_data_sets(archive_address: str, empty_cache: Path) -> None:
    place = Place(archive=f"{archive_address}/main.tar.gz")
    assert names(entries_of("maskbench", place)) == [("Github_easy", "Github_easy---o1")]
    nowhere = Place(archive="http://127.0.0.1:9/", fetching=False)
    assert names(entries_of("jsonschemabench", nowhere)) == [("Snowplow", "Snowplow/sp_1")]
    assert [path.name for path in empty_cache.iterdir()] == ["jsonschemabench"]
    assert not list(empty_cache.rglob("README.md"))


@pytest.mark.parametrize("name", ["short.tar.gz", "missing.tar.gz"])
def test_what_cannot_be_fetched_leaves_nothing_behind(archive_address: str, empty_cache: Path, name: str) -> None:
    with pytest.raises(BenchError, match=name):
        entries_of("maskbench", Place(archive=f"{archive_address}/{name}"))
    assert list(empty_cache.iterdir()) == []


def test_without_the_network_the_error_says_where_the_data_go(empty_cache: Path) -> None:
    with pytest.raises(BenchError, match="MASKWRIGHT_DATA/maskbench"):
        entries_of("maskbench", Place(fetching=False))
