"""The kernels' cache on disk: keyed by every kernel file, found wherever it may be, each kernel compiled once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from maskwright.grammar.kernels import compilation, disk_cache, entry

KERNELS = Path(disk_cache.__file__).parent
IMPORT_KERNELS = """
from time import process_time
import numba
begin = process_time()
import maskwright.grammar.kernels.entry
print(process_time() - begin)
"""
COUNT = """
import json, sys
from numba.core import ccallback, event
import maskwright as mw
compiled, whole = [], ccallback.CFunc._compile_uncached
class Listener(event.Listener):
    def on_start(self, event):
        dispatcher = event.data["dispatcher"]
        compiled.append(f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__qualname__}")
    def on_end(self, event):
        pass
def count(callback):
    compiled.append(f"{callback._pyfunc.__module__}.{callback._pyfunc.__qualname__}")
    return whole(callback)
ccallback.CFunc._compile_uncached = count
event.register("numba:compile", Listener())
"""
SMALL = """
from maskwright.grammar.kernels.tries import build_trie
from maskwright.grammar.token_trie import make_trie
make_trie([b"a", b"ab"], [0, 1])
print(json.dumps(compiled))
"""
SESSION = """
name, day, tags = {"pattern": "^[a-z]+$"}, {"format": "date"}, {"items": {"enum": ["a", "b"]}, "uniqueItems": True}
schema = {"type": "object", "properties": {"name": name, "age": {"type": "integer"}, "at": day, "tags": tags}}
for spec in schema, mw.Lark('start: "a" NAME\\nNAME: /[a-z]+/'), mw.Regex("(a|b)+c"):
    for seed in 1, 2:
        mw.generate(None, "x", schema=spec, seed=seed, max_new_tokens=40)
mw.generate(None, "x", schema=schema, temperature=0.0, max_new_tokens=40)
print(json.dumps(compiled))
"""


def stamp_of(folder: Path) -> str:
    spec = spec_from_file_location("disk_cache_copy", folder / "disk_cache.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.STAMP)


def run(program: str, folder: Path | None = None, **environment: str) -> tuple[str, str]:
    """What a new process prints on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return done.stdout, done.stderr


def compiled_by(program: str, folder: Path | None = None, **environment: str) -> Counter[str]:
    """How often each function is compiled in a new process."""
    printed, _ = run(COUNT + program, folder, **environment)
    return Counter(json.loads(printed.splitlines()[-1]))


@pytest.mark.parametrize("changed", sorted(path.name for path in KERNELS.glob("*.py")))
def test_a_change_in_any_kernel_file_changes_the_stamp(changed: str, tmp_path: Path) -> None:
    copy = shutil.copytree(KERNELS, tmp_path / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    assert stamp_of(copy) == disk_cache.STAMP
    with (copy / changed).open("a") as file:
        file.write("# changed\n")
    assert stamp_of(copy) != disk_cache.STAMP


@pytest.mark.parametrize("name", ["fill_mask", "accept"])
def test_cached_kernels_carry_the_stamp(name: str) -> None:
    assert getattr(entry, name)._cache._cache_file._source_stamp == disk_cache.STAMP


def test_warm_kernels_are_imported_fast_and_in_silence() -> None:
    run(IMPORT_KERNELS)
    runs = [run(IMPORT_KERNELS) for _ in range(2)]
    assert [printed for _, printed in runs] == ["", ""]
    assert min(float(seconds) for seconds, _ in runs) < 1.5


def test_compiling_is_announced_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compilation, "_announced", False)
    compilation._announce_once()
    compilation._announce_once()
    assert capsys.readouterr().err.count("maskwright: compiling kernels") == 1


def test_importing_compiles_nothing(tmp_path: Path) -> None:
    assert run("import maskwright.grammar.kernels.entry", NUMBA_CACHE_DIR=str(tmp_path)) == ("", "")
    assert not list(tmp_path.glob("**/*.nbi"))


def test_arguments_are_judged_at_the_first_call(tmp_path: Path) -> None:
    program = """
import numpy as np
from maskwright.grammar.kernels.entry import count_readers
for _ in range(2):
    try:
        count_readers(np.zeros(9, np.float32))
    except TypeError as error:
        print(str(error).splitlines()[0])
"""
    printed, _ = run(program, NUMBA_CACHE_DIR=str(tmp_path))
    assert printed.count("No matching definition") == 2


def test_a_second_process_compiles_nothing_wherever_it_runs(installed: Path, tmp_path: Path) -> None:
    cache = {"PYTHONPATH": str(installed), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert set(compiled_by(SMALL, **cache).values()) == {1}
    assert not compiled_by(SMALL, **cache)
    assert not compiled_by(SMALL, tmp_path, **cache)


def as_readers_see(folder: Path, **environment: str) -> dict[str, str]:
    """Neither the sources' folder nor the home can be written; permissions do not bind those who run as root."""
    return {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere", "PYTHONPATH": str(folder), **environment}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package as an installation has it, beside whose sources nothing can be written."""
    source = Path(disk_cache.__file__).parents[2]
    ignored = shutil.ignore_patterns("__pycache__", "jsonschemabench")
    shutil.copytree(source, tmp_path / "site" / "maskwright", ignore=ignored)
    return tmp_path / "site"


def refuse_folder(monkeypatch_program: str) -> str:
    return (
        "from numba.core import caching\n"
        "def refuse(self): raise PermissionError\n"
        f"caching._CacheLocator.ensure_cache_path = refuse\n{monkeypatch_program}"
    )


def test_a_cache_beside_the_sources_that_can_only_be_read(installed: Path) -> None:
    assert compiled_by(SMALL, **as_readers_see(installed))
    assert not compiled_by(refuse_folder(SMALL), **as_readers_see(installed))


def test_no_folder_can_be_written(installed: Path) -> None:
    assert compiled_by(refuse_folder(SMALL), **as_readers_see(installed))
    assert not list(installed.glob("**/*.nbi"))


def test_threads_that_need_a_kernel_at_once_compile_it_once(installed: Path, tmp_path: Path) -> None:
    program = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from maskwright.grammar.kernels.entry import count_readers
header = np.zeros(64, np.int64)
with ThreadPoolExecutor(4) as pool:
    assert list(pool.map(lambda _: count_readers(header), range(8))) == [0] * 8
print(json.dumps(compiled))
"""
    counted = compiled_by(program, PYTHONPATH=str(installed), NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert counted["maskwright.grammar.kernels.entry.count_readers"] == 1
    assert set(counted.values()) == {1}


@pytest.mark.slow
def test_no_function_is_compiled_twice(installed: Path, tmp_path: Path) -> None:
    """For two sets of types, or because two kernels call it; nor is anything left for the next process."""
    cache = {"PYTHONPATH": str(installed), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    counted = compiled_by(SESSION, **cache)
    ours = {name: times for name, times in counted.items() if name.startswith("maskwright.")}
    assert len(ours) > 100
    assert [name for name, times in ours.items() if times > 1] == []
    assert not [name for name in compiled_by(SESSION, **cache) if name.startswith("maskwright.")]


@pytest.mark.slow
def test_warm_compiles_all_and_says_so_once(installed: Path, tmp_path: Path) -> None:
    cache = {"PYTHONPATH": str(installed), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    warm: Callable[[], tuple[str, str]] = lambda: run("from maskwright.cli import run; run(['warm'])", **cache)  # noqa: E731
    ready, announced = warm()
    assert "kernels are ready in" in ready
    assert announced.count("\n") == 1
    assert announced.startswith("maskwright: ")
    assert warm() == (ready, "")
