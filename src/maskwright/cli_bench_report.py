"""``maskwright bench report``: the report's files, and the headline table of a README."""

from __future__ import annotations

import sys
from pathlib import Path

from .jsonschemabench.report.headline import rewrite_readme
from .jsonschemabench.report.pages import write_report


def report_run(folder: Path, out: Path | None, readme: Path | None) -> int:
    """Say which files were written; with ``readme``, only rewrite its headline. Raises ``BenchError``."""
    if readme is None:
        written = write_report(folder, out)
    else:
        rewrite_readme(readme, folder)
        written = [readme]
    sys.stdout.writelines(f"{path}\n" for path in written)
    return 0
