"""The examples of ``docs/grammars.md`` run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maskwright.schemas.tool_formats import ALIASES, FORMATS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "grammars.md").read_text()


def test_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    blocks = list(re.finditer(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    assert len(blocks) > 12
    for block in blocks:
        line = PAGE.count("\n", 0, block.start()) + 1
        exec(compile("\n" * line + block[1], "docs/grammars.md", "exec"), namespace)


def test_every_format_is_in_the_table() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([\w.-]+)`", row.split("|")[1])}
    assert {*FORMATS, *ALIASES} <= named
