"""Every Python block of the pages and of the README runs, one after the other; the site builds without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from maskwright.schemas.tool_formats import ALIASES, FORMATS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*(ROOT / "docs").glob("**/*.md"), ROOT / "README.md"])
_BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks_of(page: str) -> list[tuple[int, str]]:
    """The Python blocks of a page, each with the number of the line before it."""
    text = (ROOT / page).read_text()
    return [(text.count("\n", 0, match.start()) + 1, match[1]) for match in _BLOCK.finditer(text)]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)])
def test_blocks_run(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for line, block in blocks_of(page):
        exec(compile("\n" * line + block, page, "exec", dont_inherit=True), namespace)


def test_pages_have_blocks() -> None:
    counts = {page: len(blocks_of(page)) for page in PAGES}
    assert counts["docs/grammars.md"] > 12
    guides = ["docs/generate.md", "docs/index.md", "docs/pipelines.md", "docs/streaming.md", "docs/typed-results.md"]
    assert all(counts[page] >= 3 for page in [*guides, "README.md"])


def test_every_format_of_tools_is_in_the_table() -> None:
    rows = [line for line in (ROOT / "docs" / "grammars.md").read_text().splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([\w.-]+)`", row.split("|")[1])}
    assert {*FORMATS, *ALIASES} <= named


def test_the_site_builds(tmp_path: Path) -> None:
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed (the extra docs)")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "Plan a journey" in (tmp_path / "site" / "streaming.html").read_text()
