"""Tasks with reference answers: JSON Lines of ``{"prompt":, "schema":, "answer":, "name":}``, the last two optional."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .data import Case, Entry, Task
from .errors import BenchError


def entries(path: Path) -> list[Entry]:
    """All tasks in a file. Raises ``BenchError`` naming the line that is none."""
    found, names = [], set[str]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            case = _case(path, number, line)
            if case.name in names:
                raise BenchError(f"{path}, line {number}: there is a task {case.name} before", "give it another name")
            names.add(case.name)
            found.append(Entry("tasks", case.name, case.split, _Loaded(case)))
    return found


class _Loaded:
    def __init__(self, case: Case) -> None:
        self._case = case

    def __call__(self) -> Case:
        return self._case


def _case(path: Path, number: int, line: str) -> Case:
    try:
        data: dict[str, Any] = json.loads(line)
        task = Task(data["prompt"], data.get("answer"), "answer" in data)
        name = data.get("name", f"{path.stem}/{number}")
        return Case(name, data["schema"], dataset="tasks", split=path.stem, task=task)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(f"{path}, line {number} is no task: {error!r}", 'write {"prompt":, "schema":}') from error
