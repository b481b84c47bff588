"""Every example runs as it is, and what it says of itself is true."""

from __future__ import annotations

import ast
import json
import os
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name != "fill_data_set.py")
SHOWS = {"extraction.py": "Person(", "sql.py": "SELECT ", "tool_calling.py": " -> "}
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


def run_cells(path: Path) -> list[object]:
    """Run the cells of a notebook in one namespace: the value of the last expression of each cell of code."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert not cell["outputs"], "notebooks are kept without outputs"
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec", dont_inherit=True), namespace)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), path.name, "eval", dont_inherit=True), namespace))
    return shown


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) > 1
    assert SHOWS.get(name, "") in shown


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_run(name: str) -> None:
    shown = run_cells(EXAMPLES / name)
    assert len(shown) > 2
    assert None not in shown


def fill(path: Path, *options: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(mw.__file__).parents[1])}
    command = [sys.executable, str(EXAMPLES / "fill_data_set.py"), str(path), *options]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def test_a_data_set_is_filled_across_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.jsonl"
    with fill(path, "--rows", "100000", "--batch-size", "2") as program:
        deadline = time.monotonic() + 200
        while not (path.exists() and path.read_bytes().count(b"\n") >= 4):
            assert time.monotonic() < deadline
            assert program.poll() is None
            time.sleep(0.05)
        program.kill()
    kept = path.read_text().splitlines()
    with path.open("a") as file:
        file.write('{"row": 99, "val')  # as if the disk had been full
    whole = [line for line in kept if line.endswith("}")]
    rows = len(whole) + 7
    monkeypatch.setattr(sys, "argv", ["fill_data_set.py", str(path), "--rows", str(rows), "--batch-size", "3"])
    for _ in range(2):  # the second time there is nothing to do
        runpy.run_path(str(EXAMPLES / "fill_data_set.py"), run_name="__main__")
        lines = path.read_text().splitlines()
        assert [json.loads(line)["row"] for line in lines] == list(range(rows))
        assert lines[: len(whole)] == whole
