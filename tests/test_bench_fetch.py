"""What the benchmark fetches: once, whole or not at all, and what went wrong is said with a remedy."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwright.jsonschemabench import fetch as fetching
from maskwright.jsonschemabench import suite
from maskwright.jsonschemabench.data import Entry
from maskwright.jsonschemabench.errors import BenchError
from maskwright.jsonschemabench.fetch import WrongHashError, fetch_hub
from maskwright.jsonschemabench.places import Place, entries_of

from .bench_cases import bench, command, environment
from .bench_server import Answer, BenchServer, failing, hub_answers, in_chunks, short, silent, whole
from .interrupts import heed_interrupts

REPOSITORY = "epfl-dlab/JSONSchemaBench"
FILES = {
    "maskbench/data/Github_easy---o1.json": b'{"schema": {}, "tests": []}',
    "data/Snowplow/sp_1.json": b"{}",
    "README.md": b"not kept",
}


def names(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(entry.split, entry.name) for entry in entries]


def tar_archive(files: dict[str, bytes]) -> bytes:
    """As GitHub packs it: all in a folder, which is a member as well."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        top = tarfile.TarInfo("jsonschemabench-main")
        top.type = tarfile.DIRTYPE
        archive.addfile(top)
        for path, contents in files.items():
            member = tarfile.TarInfo(f"jsonschemabench-main/{path}")
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return packed.getvalue()


def zip_archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, contents in files.items():
            archive.writestr(f"jsonschemabench-main/{path}", contents)
    return packed.getvalue()


TAR = tar_archive(FILES)


@pytest.fixture
def server() -> Iterator[BenchServer]:
    with BenchServer() as server:
        server.answers["/main.tar.gz"] = in_chunks(TAR)
        yield server


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the cache will be, and no other data and no proxy."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MASKWRIGHT_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache" / "maskwright"


# --- the archive


def test_an_archive_is_fetched_once_and_serves_both_data_sets(server: BenchServer, cache: Path) -> None:
    place = Place(archive=f"{server.address}/main.tar.gz")
    assert names(entries_of("maskbench", place)) == [("Github_easy", "Github_easy---o1")]
    assert names(entries_of("jsonschemabench", place)) == [("Snowplow", "Snowplow/sp_1")]
    assert names(entries_of("maskbench", Place(fetching=False))) == [("Github_easy", "Github_easy---o1")]
    assert server.asked == ["GET /main.tar.gz"]
    assert [path.name for path in cache.iterdir()] == ["jsonschemabench"]
    assert not list(cache.rglob("README.md"))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (failing(404), r"cannot be fetched: HTTP Error 404.*\(try again later, or name a folder"),
        (failing(500), r"cannot be fetched: HTTP Error 500.*\(try again later, or name a folder"),
        (silent(3.0), r"cannot be fetched: .*timed out \(try again later, or name a folder"),
        (short(TAR[:50], 1000), r"was cut off after 50 of 1000 bytes \(try again"),
        (in_chunks(TAR, cut=True), r"cannot be fetched: IncompleteRead.*\(try again later"),
        (whole(TAR[: len(TAR) // 2]), r"cannot be unpacked: .*\(name a .tar.gz archive"),
        (whole(b"<!doctype html>"), r"cannot be unpacked: .*\(name a .tar.gz archive"),
        (whole(zip_archive(FILES)), r"cannot be unpacked: .*\(name a .tar.gz archive"),
        (whole(tar_archive({"README.md": b""})), r"holds none of maskbench/data, data \(name an archive"),
        (whole(tar_archive({"data/../../../outside": b""})), r"cannot be unpacked: .*outside"),
    ],
    ids=["missing", "broken", "silent", "short", "cut", "torn", "a page", "zip", "another", "hostile"],
)
def test_what_cannot_be_fetched_is_said_and_leaves_nothing_behind(
    server: BenchServer, cache: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, message: str
) -> None:
    monkeypatch.setattr(fetching, "_SECONDS", 0.5)
    server.answers["/some.tar.gz"] = answer
    place = Place(archive=f"{server.address}/some.tar.gz")
    with pytest.raises(BenchError, match=f"some.tar.gz {message}"):
        entries_of("maskbench", place)
    assert list(cache.iterdir()) == []
    server.answers["/some.tar.gz"] = whole(TAR)
    assert len(entries_of("maskbench", place)) == 1


def test_nobody_answers(cache: Path) -> None:
    with pytest.raises(BenchError, match=r"127.0.0.1:9/ cannot be fetched: .*refused.* \(try again later"):
        entries_of("maskbench", Place(archive="http://127.0.0.1:9/"))


def test_an_archive_whose_hash_is_named_is_that_archive(server: BenchServer, cache: Path) -> None:
    address, right = f"{server.address}/main.tar.gz", hashlib.sha256(TAR).hexdigest()
    wrong = hashlib.sha256(b"").hexdigest()
    with pytest.raises(WrongHashError, match=f"main.tar.gz has the SHA-256 hash {right}, not {wrong}") as caught:
        entries_of("maskbench", Place(archive=f"{address}#sha256={wrong}"))
    assert "name its new hash" in caught.value.remedy
    assert list(cache.iterdir()) == []
    assert len(entries_of("maskbench", Place(archive=f"{address}#sha256={right.upper()}"))) == 1


def test_the_suite_is_that_of_the_known_hash(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def downloaded(folder: Path) -> Path:
        (folder / "jsonschema.tar.gz").write_bytes(TAR)
        return folder / "jsonschema.tar.gz"

    monkeypatch.setattr(suite, "_download", downloaded)
    with pytest.raises(suite.SuiteUnavailableError, match=r"not the one whose hash is known \(MASKWRIGHT_SUITE"):
        suite.fetch(cache)
    assert list(cache.iterdir()) == []


def test_a_download_shows_its_progress_on_a_terminal(
    server: BenchServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    server.answers["/known.tar.gz"] = whole(TAR)
    for name, shown in (("main", "fetching: 0.00B"), ("known", "fetching:   0%")):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache / name))
        entries_of("maskbench", Place(archive=f"{server.address}/{name}.tar.gz"))
        assert shown in terminal.getvalue()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_download_that_was_interrupted_is_begun_again(server: BenchServer, cache: Path, how: signal.Signals) -> None:
    server.answers["/slow.tar.gz"] = silent(20.0)
    arguments = ["run", "--engine", "none", "--vocabulary", "bytes", "--out", str(cache.parent / "run")]
    given = [*arguments, "--archive", f"{server.address}/slow.tar.gz"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command(*given), env=environment(), preexec_fn=heed_interrupts, **quiet) as process:
        deadline = time.monotonic() + 60
        while not server.asked:
            assert time.monotonic() < deadline, "nothing is fetched"
            time.sleep(0.02)
        process.send_signal(how)
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert not [path for path in cache.rglob("*") if path.is_file()]
    server.answers["/slow.tar.gz"] = whole(TAR)
    done = bench(*given)
    assert done.returncode == 0, done.stderr


def test_without_the_network_the_error_says_where_the_data_go(cache: Path) -> None:
    with pytest.raises(BenchError, match="MASKWRIGHT_DATA/maskbench"):
        entries_of("maskbench", Place(fetching=False))


def test_a_cache_that_cannot_be_is_said_to_be(cache: Path) -> None:
    cache.parent.write_text("a file")
    with pytest.raises(BenchError, match=r"there can be no cache in .*XDG_CACHE_HOME"):
        entries_of("maskbench", Place())


# --- the hub


@pytest.fixture
def hub(server: BenchServer, cache: Path, monkeypatch: pytest.MonkeyPatch) -> BenchServer:
    """The hub's layout, served from this machine: a folder for each split, and an older one for all."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    constants = pytest.importorskip("huggingface_hub.constants")

    def table(*ids: str) -> bytes:
        packed = io.BytesIO()
        schemas = [json.dumps({"title": name}) for name in ids]
        parquet.write_table(pyarrow.table({"json_schema": schemas, "unique_id": list(ids)}), packed)
        return packed.getvalue()

    files = {
        ".gitattributes": b"",
        "README.md": b"---\nconfigs: []\n---\n",
        "Snowplow/train-00000-of-00001.parquet": table("s1"),
        "Snowplow/test-00000-of-00001.parquet": table("s2"),
        "data/Snowplow-00000-of-00001.parquet": table("s1", "s2"),
        "data/Github-00000-of-00001.parquet": table("o1"),
    }
    server.answers.update(hub_answers(REPOSITORY, files))
    older = {path: contents for path, contents in files.items() if path.startswith("data/")}
    server.answers.update(hub_answers("someone/older", older))
    pages = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", pages)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache.parent / "hub"))
    return server


def test_splits_are_fetched_from_the_hub_once(hub: BenchServer) -> None:
    place = Place("hub:")
    assert sorted(names(entries_of("jsonschemabench", place))) == [
        ("Snowplow", "Snowplow/s1"),
        ("Snowplow", "Snowplow/s2"),
    ]
    tables = {path.partition("/resolve/")[2].partition("/")[2] for path in hub.asked if path.endswith(".parquet")}
    assert tables == {"Snowplow/train-00000-of-00001.parquet", "Snowplow/test-00000-of-00001.parquet"}
    asked = len(hub.asked)
    assert len(entries_of("jsonschemabench", place)) == 2
    assert len(entries_of("jsonschemabench", Place("hub:", fetching=False))) == 2
    assert len(hub.asked) == asked


def test_a_data_set_without_folders_for_its_splits_is_fetched_as_it_is(hub: BenchServer) -> None:
    found = names(entries_of("jsonschemabench", Place("hub:someone/older")))
    assert {split for split, _ in found} == {"Github", "Snowplow"}


@pytest.mark.parametrize(
    ("path", "code"), [("/api/datasets/{}/revision/main", 404), ("/api/datasets/{}/revision/main", 500), ("{}", 404)]
)
def test_what_the_hub_does_not_give_is_said(hub: BenchServer, cache: Path, path: str, code: int) -> None:
    table = next(place for place in hub.answers if place.endswith("train-00000-of-00001.parquet"))
    broken = table if path == "{}" else path.format(REPOSITORY)
    right = hub.answers[broken]
    hub.answers[broken] = failing(code)
    with pytest.raises(BenchError, match=rf"{REPOSITORY} cannot be fetched from the hub: .*\(try again later, or name"):
        fetch_hub(REPOSITORY)
    assert not (cache / "hub").exists()
    hub.answers[broken] = right
    assert len(list(fetch_hub(REPOSITORY).rglob("*.parquet"))) == 2


@pytest.mark.parametrize(("name", "reason"), [("a/b/c", "Repo id"), ("nobody/nothing", "")])
def test_names_that_the_hub_does_not_know(hub: BenchServer, name: str, reason: str) -> None:
    with pytest.raises(BenchError, match=f"{name} cannot be fetched from the hub: .*{reason}"):
        fetch_hub(name)


def test_the_hub_is_left_alone_without_fetching(hub: BenchServer) -> None:
    with pytest.raises(BenchError, match=rf"{REPOSITORY} cannot be fetched from the hub"):
        entries_of("jsonschemabench", Place("hub:", fetching=False))
    assert hub.asked == []
