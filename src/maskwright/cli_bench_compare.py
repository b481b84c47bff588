"""``maskwright bench compare``: two runs side by side, on stdout."""

from __future__ import annotations

import sys
from pathlib import Path

from .jsonschemabench.compare import Comparison, compare
from .jsonschemabench.errors import BenchError
from .jsonschemabench.store import read_info, read_records
from .jsonschemabench.tables import aligned

_MOST_SHOWN = 50


def compare_runs(old: Path, new: Path, margin: float) -> int:
    """The exit code: 1 if correctness got worse. Raises ``BenchError`` if there is nothing to compare."""
    for folder in (old, new):
        read_info(folder)
    before, after = ({record.key: record for record in read_records(folder)} for folder in (old, new))
    found = compare(before, after, margin)
    if not found.paired:
        raise BenchError(f"{old} and {new} have no schema of an engine in common", "run the same engines and data")
    sys.stdout.write(describe(found) + "\n")
    return int(found.got_worse)


def describe(found: Comparison) -> str:
    worse = [change for change in found.changes if change.worse]
    better = [change for change in found.changes if not change.worse]
    lines = [
        f"{found.paired} schemas in both runs, {found.only_old} in the old one only, {found.only_new} in the new one"
    ]
    for title, changes in (("worse", worse), ("better", better)):
        lines.append(f"\n{len(changes)} got {title}")
        lines += [f"  {change.key.engine}: {change.key.name}: {change.what}" for change in changes[:_MOST_SHOWN]]
        if len(changes) > _MOST_SHOWN:
            lines.append(f"  and {len(changes) - _MOST_SHOWN} more")
    rows = [
        [
            ratio.engine,
            ratio.measure,
            str(ratio.pairs),
            f"{ratio.mean:.3f}",
            f"{ratio.low:.3f} to {ratio.high:.3f}",
            ratio.verdict,
        ]
        for ratio in found.ratios
    ]
    if rows:
        header = ["times", "measure", "pairs", "new / old", "99 % interval", "verdict"]
        lines.append("\n" + aligned([header, *rows]))
    return "\n".join(lines)
