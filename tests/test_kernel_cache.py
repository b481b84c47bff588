"""The kernels' cache on disk: keyed by every kernel file, fast when warm, one line of notice when cold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from maskwright.grammar.kernels import compilation, entry

KERNELS = Path(compilation.__file__).parent
IMPORT_KERNELS = """
from time import process_time
import numba
begin = process_time()
import maskwright.grammar.kernels.entry
print(process_time() - begin)
"""


def stamp_of(folder: Path) -> str:
    spec = spec_from_file_location("compilation_copy", folder / "compilation.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.STAMP)


def import_kernels(**environment: str) -> tuple[float, str]:
    """Processor seconds that a new process takes to import the kernels after numba, and what it prints on stderr."""
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_KERNELS],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return float(run.stdout), run.stderr


@pytest.mark.parametrize("changed", sorted(path.name for path in KERNELS.glob("*.py")))
def test_a_change_in_any_kernel_file_changes_the_stamp(changed: str, tmp_path: Path) -> None:
    copy = shutil.copytree(KERNELS, tmp_path / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    assert stamp_of(copy) == compilation.STAMP
    with (copy / changed).open("a") as file:
        file.write("# changed\n")
    assert stamp_of(copy) != compilation.STAMP


@pytest.mark.parametrize("name", ["fill_mask", "accept"])
def test_cached_kernels_carry_the_stamp(name: str) -> None:
    assert getattr(entry, name)._cache._cache_file._source_stamp == compilation.STAMP


def test_warm_kernels_are_imported_fast_and_in_silence() -> None:
    import_kernels()
    runs = [import_kernels() for _ in range(2)]
    assert [printed for _, printed in runs] == ["", ""]
    assert min(seconds for seconds, _ in runs) < 1.5


def test_what_is_compiled_later_is_announced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "warm").touch()
    monkeypatch.setattr(compilation, "_announced", False)
    for name in ("warm", "cold", "warm", "cold too"):
        compilation._announce_once(str(tmp_path / name))
    assert capsys.readouterr().err.count("maskwright: compiling its kernels") == 1


@pytest.mark.slow
def test_cold_kernels_say_once_that_they_are_compiled(tmp_path: Path) -> None:
    _, printed = import_kernels(NUMBA_CACHE_DIR=str(tmp_path))
    assert printed.startswith("maskwright: ")
    assert printed.count("\n") == 1
    _, printed = import_kernels(NUMBA_CACHE_DIR=str(tmp_path))
    assert printed == ""
