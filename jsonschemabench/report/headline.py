"""The headline table of a README, between two comments, made from a run's summary.

The first comment names the folder of the run, relative to the README, so that whoever checks the table finds the run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..errors import BenchError
from .run import Run, read_run
from .tables_peers import peers_table

BEGIN = "<!-- benchmark: {run} -->"
END = "<!-- end of benchmark -->"
_BLOCK = re.compile(r"<!-- benchmark: *(?P<run>\S*) *-->\n.*?<!-- end of benchmark -->", re.DOTALL)


def headline(run: Run) -> str:
    """The table that sums the run up, and what it shows, in Markdown."""
    table = peers_table(run)
    return f"{table.markdown()}\n\n{table.caption}{_machine(run)}\n"


def _machine(run: Run) -> str:
    processor, cores = run.info.machine.get("processor"), run.info.machine.get("cores")
    return f" On {processor}, {cores} cores." if processor else ""


def named_run(readme: str) -> str | None:
    """The folder that a README says its headline is from; None if it has no headline."""
    found = _BLOCK.search(readme)
    return found["run"] if found else None


def with_headline(readme: str, run: Run, place: str) -> str:
    """The text of a README with the headline of ``run``, whose folder is at ``place``. Raises ``BenchError``."""
    block = f"{BEGIN.format(run=place)}\n{headline(run)}{END}"
    changed, number = _BLOCK.subn(lambda _: block, readme, count=1)
    if not number:
        raise BenchError(
            "the README has no place for the headline", f"put {BEGIN.format(run=place)} and {END} on lines there"
        )
    return changed


def rewrite_readme(path: Path, folder: Path) -> None:
    """Put the headline of the run in ``folder`` into the README at ``path``. Raises ``BenchError``."""
    place = Path(os.path.relpath(folder, path.parent)).as_posix()
    try:
        readme = path.read_text(encoding="utf-8")
        path.write_text(with_headline(readme, read_run(folder), place), encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path} cannot be rewritten: {error.strerror}", "name a README that is there") from error
