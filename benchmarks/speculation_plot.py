"""Draws what ``speculation.py`` measured: how many drafted tokens each pass accepts, and how many of each drafter's.

python benchmarks/speculation_plot.py [benchmarks/results/speculation.json [docs/images/speculation-accepted.svg]]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from maskwright.jsonschemabench.report.svg import TEXT, WIDE, element, label, line, tooltip

_BAR, _GAP, _HEAD = 22, 8, 40
_NAMES, _NUMBERS = 130, 160
_LONGEST = 8
"""Passes that accept so many tokens or more share a bar."""
_STYLE = f"""
text {{ font: {TEXT}px system-ui, sans-serif; fill: #1b1f24; font-variant-numeric: tabular-nums; }}
.name {{ font-weight: 600; }}
.muted {{ fill: #59616b; }}
.base {{ stroke: #59616b; }}
.drafted {{ fill: #7d8995; fill-opacity: 0.35; }}
.own {{ fill: #0b5cad; }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #e3e6ea; }}
  .muted {{ fill: #a3abb5; }}
  .base {{ stroke: #a3abb5; }}
  .own {{ fill: #6cb2f2; }}
}}
"""


def write_plot(result: Mapping[str, Any], path: Path) -> None:
    """Draw the summary ``result`` into the SVG file ``path``."""
    title = "Drafted tokens that were accepted, by pass and by drafter"
    passes = _lengths(result["passes_with_so_many_accepted"])
    half = _HEAD + len(passes) * (_BAR + _GAP)
    height = half + _HEAD + len(result["drafted"]) * (_BAR + _GAP) + _GAP
    body = "".join([*_by_pass(passes, result["mean_accepted_length"]), *_by_drafter(result, half)])
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{height}" '
        f'viewBox="0 0 {WIDE} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{body}</svg>\n"
    )


def _lengths(passes: Mapping[str, int]) -> dict[str, int]:
    """Passes by what they accepted, from none to ``_LONGEST`` and more."""
    counts = {str(length): 0 for length in range(_LONGEST)} | {f"{_LONGEST} or more": 0}
    for length, count in passes.items():
        counts[length if int(length) < _LONGEST else f"{_LONGEST} or more"] += count
    return counts


def _by_pass(passes: Mapping[str, int], mean: float) -> Iterator[str]:
    total, most = sum(passes.values()), max(passes.values())
    yield label(0, TEXT + 4, f"Tokens accepted in each of {total:,} passes: {mean:.2f} in the mean", "name")
    for place, (length, count) in enumerate(passes.items()):
        y = _HEAD + place * (_BAR + _GAP)
        numbers = f"{count / total:.1%}"
        yield from _row(y, length, [("own", count / most)], numbers)
    yield line(_NAMES, _HEAD - _GAP / 2, _NAMES, _HEAD + len(passes) * (_BAR + _GAP) - _GAP / 2, "base")


def _by_drafter(result: Mapping[str, Any], top: float) -> Iterator[str]:
    drafted, accepted = result["drafted"], result["accepted"]
    most = max(drafted.values(), default=1)
    yield label(0, top + TEXT + 4, "Tokens drafted, and accepted of them, by drafter", "name")
    for place, name in enumerate(sorted(drafted, key=drafted.__getitem__, reverse=True)):
        right = accepted.get(name, 0)
        bars = [("drafted", drafted[name] / most), ("own", right / most)]
        numbers = f"{right:,} of {drafted[name]:,}, {right / drafted[name]:.0%}"
        yield from _row(top + _HEAD + place * (_BAR + _GAP), name, bars, numbers)
    yield line(_NAMES, top + _HEAD - _GAP / 2, _NAMES, top + _HEAD + len(drafted) * (_BAR + _GAP) - _GAP / 2, "base")


def _row(y: float, name: str, bars: list[tuple[str, float]], numbers: str) -> Iterator[str]:
    """A name, bars from the same line on, and what they mean; ``bars``: their kinds, and lengths of at most 1."""
    room = WIDE - _NAMES - _NUMBERS - 8
    yield label(_NAMES - 8, y + _BAR / 2 + TEXT / 3, name, anchor="end")
    for kind, length in bars:
        yield element("rect", tooltip(f"{name}: {numbers}"), x=_NAMES, y=y, width=length * room, height=_BAR, kind=kind)
    end = _NAMES + max(length for _, length in bars) * room
    yield label(end + 8, y + _BAR / 2 + TEXT / 3, numbers, "muted")


if __name__ == "__main__":
    named = dict(enumerate(sys.argv))
    measured = Path(named.get(1, "benchmarks/results/speculation.json"))
    write_plot(json.loads(measured.read_text()), Path(named.get(2, "docs/images/speculation-accepted.svg")))
