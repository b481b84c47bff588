"""The distribution of times as a picture of its own, for pages that show it apart from the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from maskwright.jsonschemabench.histogram import Histogram
from maskwright.jsonschemabench.report.plot_masks import hills
from maskwright.jsonschemabench.report.svg import TEXT, WIDE

_STYLE = f"""
text {{ font: {TEXT}px system-ui, sans-serif; fill: #1b1f24; font-variant-numeric: tabular-nums; }}
.name {{ font-weight: 600; }}
.muted {{ fill: #59616b; }}
.grid {{ stroke: #dfe3e8; }}
.base, .mark {{ stroke: #59616b; }}
.mark {{ stroke-width: 1.5; }}
.mark.strong {{ stroke: #10151b; stroke-width: 2.5; }}
.hill {{ fill: #7d8995; fill-opacity: 0.55; stroke: #7d8995; stroke-width: 1.5; stroke-linejoin: round; }}
.hill.own {{ fill: #0b5cad; fill-opacity: 0.45; stroke: #0b5cad; }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #e3e6ea; }}
  .muted {{ fill: #a3abb5; }}
  .grid {{ stroke: #323940; }}
  .base, .mark {{ stroke: #a3abb5; }}
  .mark.strong {{ stroke: #ffffff; }}
  .hill.own {{ fill: #6cb2f2; stroke: #6cb2f2; }}
}}
"""


def write_plot(path: Path, title: str, times: Mapping[str, Sequence[float]]) -> None:
    """Draw the density of ``times`` (microseconds, by engine) on a logarithmic axis into the SVG file ``path``."""
    height, elements = hills(WIDE, {name: Histogram.of(values) for name, values in times.items()})
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDE} {height:.0f}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(elements)}</svg>\n"
    )
