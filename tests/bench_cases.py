"""What the benchmark's tests share: data sets in a folder, and runs in this process or through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwright.jsonschemabench.store import read_records

ROOT = Path(__file__).resolve().parents[1]
BAD = "tests.fake_engines:BadEngine"
SLOW = "tests.fake_engines:SlowEngine"


def write_maskbench(folder: Path, schemas: Mapping[str, Any], tests: Sequence[tuple[Any, bool]] = ()) -> Path:
    """MaskBench files, all with the same documents."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.items():
        contents = {"schema": schema, "tests": [{"data": document, "valid": valid} for document, valid in tests]}
        (folder / f"{name}.json").write_text(json.dumps(contents))
    return folder


def environment() -> dict[str, str]:
    """Workers and commands find this checkout and the tests' engines."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """``maskwright bench`` in a process of its own."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=environment(), timeout=120)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "maskwright", "bench", *map(str, arguments)]


def outcomes(folder: Path) -> dict[str, str]:
    return {record.name: str(record.outcome) for record in read_records(folder)}


def correctness(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text())["correctness"]
