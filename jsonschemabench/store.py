"""The folder of a run: records are appended one by one, so that a run that was killed can be taken up again.

A record is in the file when its line is whole: a last line without its line break is cut off. A record whose key is
there already is not added again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import BenchError
from .records import FORMAT, EngineInfo, Key, RunInfo, SchemaRecord

RUN, RESULTS, SUMMARY = "run.json", "results.jsonl", "summary.json"


class Store:
    """A folder that records are added to, by several threads. Raises ``BenchError`` if it holds another run."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._info = info
        if (folder / RUN).exists():
            old = read_info(folder)
            _check_same_options(folder, old, info)
            self._info = replace(info, engines=(*old.engines, *info.engines))
        _write(folder / RUN, self._info.as_json())
        results = folder / RESULTS
        _cut_torn_line(results)
        self._keys = {record.key for record in read_records(folder)} if results.exists() else set()
        self._file = results.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, engine: EngineInfo) -> None:
        """An engine takes part. Raises ``BenchError`` if it did so in another version or with another limit."""
        for before in self._info.engines:
            if before.name == engine.name and not before.missing:
                _check_same_engine(self._folder, before, engine)
        others = tuple(each for each in self._info.engines if each.name != engine.name)
        self._info = replace(self._info, engines=(*others, engine))
        _write(self._folder / RUN, self._info.as_json())

    @property
    def keys(self) -> frozenset[Key]:
        """What is done."""
        return frozenset(self._keys)

    def add(self, record: SchemaRecord) -> None:
        with self._lock:
            if record.key not in self._keys:
                self._file.write(record.as_line() + "\n")
                self._file.flush()
                self._keys.add(record.key)

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def read_info(folder: Path) -> RunInfo:
    """Raises ``BenchError`` if the folder holds no run, or one of another format."""
    try:
        data = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"{folder} holds no run: {error}", "name a folder that maskwright bench run wrote") from error
    if data.get("format") != FORMAT:
        raise BenchError(f"{folder} is of format {data.get('format')}, not {FORMAT}", "run the benchmark again")
    return RunInfo.from_json(data)


def read_records(folder: Path) -> Iterator[SchemaRecord]:
    """The records in the folder of a run; a last line that is not whole is left out. Raises ``BenchError``."""
    path = folder / RESULTS
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith("\n"):
                    return
                yield _record(path, number, line)
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror}", "name the folder of a run") from error


def _record(path: Path, number: int, line: str) -> SchemaRecord:
    try:
        return SchemaRecord.from_json(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(f"{path}, line {number} is no record: {error!r}", "take the line out") from error


def write_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    _write(folder / SUMMARY, summary)


def _write(path: Path, contents: Mapping[str, Any]) -> None:
    """All of it or nothing."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(contents, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def _cut_torn_line(path: Path) -> None:
    if path.exists():
        contents = path.read_bytes()
        whole = contents.rfind(b"\n") + 1
        if whole < len(contents):
            os.truncate(path, whole)


def _check_same_options(folder: Path, old: RunInfo, new: RunInfo) -> None:
    differing = [name for name in {**old.options, **new.options} if old.options.get(name) != new.options.get(name)]
    if differing:
        name = differing[0]
        raise BenchError(
            f"{folder} holds a run with other options: {name} is {old.options.get(name)}, not {new.options.get(name)}",
            "name another folder, or give the same options",
        )


def _check_same_engine(folder: Path, old: EngineInfo, new: EngineInfo) -> None:
    if old.versions != new.versions:
        raise BenchError(f"{folder} has results of another version of {new.name}", "name another folder")
    if old.seconds != new.seconds:
        given = "those of the run" if old.seconds is None else f"{old.seconds:g}"
        raise BenchError(
            f"{folder} has results of {new.name} with other seconds for a schema ({given})",
            "name another folder, or give the same --engine-seconds",
        )
