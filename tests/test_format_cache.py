"""Automata of formats on disk: read as they were written, made anew where that is not possible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskwright.grammar.dfa import TextDfa
from maskwright.grammar.kernels import disk_cache
from maskwright.schemas import format_cache
from maskwright.schemas.formats import FORMATS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(disk_cache, "_folder", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> TextDfa:
    raise AssertionError("made anew")


def made(name: str = "uuid") -> TextDfa:
    return format_cache.kept(name, FORMATS[name].build)


def assert_equal(one: TextDfa, other: TextDfa) -> None:
    assert one.alphabet.size == other.alphabet.size
    assert one.dfa.start == other.dfa.start
    for table, expected in (
        (one.alphabet.starts, other.alphabet.starts),
        (one.alphabet.classes, other.alphabet.classes),
        (one.dfa.labels, other.dfa.labels),
        (one.dfa.transitions, other.dfa.transitions),
    ):
        assert table.dtype == expected.dtype == np.int32
        assert table.flags.c_contiguous
        assert np.array_equal(table, expected)


@pytest.mark.parametrize("name", ["uuid", "date-time", "regex"])
def test_read_as_written(name: str, folder: Path) -> None:
    built = made(name)
    assert [path.name.split(".")[0] for path in folder.iterdir()] == [f"format-{name}"]
    assert_equal(format_cache.kept(name, never), built)


def test_kept_beside_the_kernels() -> None:
    folder = disk_cache.cache_folder()
    assert folder is not None
    assert list(Path(folder).glob("*.nbi"))


@pytest.mark.parametrize("damage", [b"", b"123", b"\xff" * 400])
def test_damaged_files_are_made_anew(damage: bytes, folder: Path) -> None:
    built = made()
    [path] = folder.iterdir()
    path.write_bytes(damage)
    assert_equal(made(), built)
    assert_equal(format_cache.kept("uuid", never), built)
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    assert_equal(made(), built)


def test_other_sources(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made()
    monkeypatch.setattr(format_cache, "_stamp", lambda: "other")
    with pytest.raises(AssertionError, match="anew"):
        format_cache.kept("uuid", never)
    made()
    assert [path.name for path in folder.iterdir()] == ["format-uuid.other.bin"]


def test_nowhere_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(disk_cache, "_folder", str(tmp_path / "file" / "cache"))
    assert_equal(made(), FORMATS["uuid"].build())


def test_without_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(disk_cache, "_folder", None)
    monkeypatch.chdir(tmp_path)
    assert_equal(made(), FORMATS["uuid"].build())
    assert not list(tmp_path.iterdir())
