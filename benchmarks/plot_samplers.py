"""Draws the curves of ``samplers.py`` again: divergence against samples, and against forward passes.

python benchmarks/plot_samplers.py [benchmarks/results/samplers] [--images docs/images]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from maskwright.jsonschemabench.report.svg import TEXT, WIDE, Scale, decades, element, enclosing_decades, label, line
from maskwright.jsonschemabench.report.svg import path as drawn_path

IMAGES = Path("docs/images")
"""Where the pages look for the plots."""

_HEIGHT = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 16, 48
_COLOURS = ("#c2410c", "#7c3aed", "#0b5cad", "#0f766e", "#a16207")
_STYLE = f"""
text {{ font: {TEXT}px system-ui, sans-serif; fill: #1b1f24; font-variant-numeric: tabular-nums; }}
.muted {{ fill: #59616b; }}
.grid {{ stroke: #dfe3e8; }}
.curve {{ fill: none; stroke-width: 2.5; stroke-linejoin: round; }}
.floor {{ fill: none; stroke: #59616b; stroke-width: 1.5; stroke-dasharray: 5 4; }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #e3e6ea; }}
  .muted {{ fill: #a3abb5; }}
  .grid {{ stroke: #323940; }}
  .floor {{ stroke: #a3abb5; }}
}}
"""


@dataclass(frozen=True)
class Curve:
    name: str
    samples: list[int]
    passes: list[float]
    divergences: list[float]


def write_plots(folder: Path, images: Path) -> None:
    """Two SVG files in ``images``, from ``samples.json`` in ``folder``."""
    read = json.loads((folder / "samples.json").read_text())
    curves = [Curve(**curve) for curve in read["curves"]]
    floor = list(zip(map(float, read["counts"]), read["floor"], strict=True))
    by_samples = {each.name: list(zip(map(float, each.samples), each.divergences, strict=True)) for each in curves}
    by_passes = {each.name: list(zip(each.passes, each.divergences, strict=True)) for each in curves}
    _write(images / "divergence_by_samples.svg", "samples", by_samples, floor)
    _write(images / "divergence_by_passes.svg", "forward passes", by_passes, [])


Points = list[tuple[float, float]]


def _write(path: Path, axis: str, curves: dict[str, Points], floor: Points) -> None:
    title = f"Divergence of the samples from the law, by {axis}"
    body = "".join(_elements(axis, curves, floor))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{_HEIGHT}" '
        f'viewBox="0 0 {WIDE} {_HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{body}</svg>\n"
    )


def _elements(axis: str, curves: dict[str, Points], floor: Points) -> Iterator[str]:
    points = [point for curve in [*curves.values(), floor] for point in curve]
    x = _scale([at for at, _ in points], _LEFT, WIDE - _RIGHT)
    y = _scale([value for _, value in points], _HEIGHT - _BOTTOM, _TOP)
    yield from _axes(axis, x, y)
    names = []
    for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
        places = [(x(at), y(value)) for at, value in curve]
        yield element("path", d=drawn_path(places), kind="curve", stroke=colour)
        names.append((places[-1], name, colour))
    if floor:
        places = [(x(at), y(value)) for at, value in floor]
        yield element("path", d=drawn_path(places), kind="floor")
        names.append((places[-1], "exact samples", "currentColor"))
    below = -1.0
    for (right, height), name, colour in sorted(names, key=lambda each: each[0][1]):
        below = max(below + TEXT + 3, height)
        yield label(min(right + 8, WIDE - _RIGHT + 8), below + TEXT / 3, name, style=f"fill: {colour}")


def _axes(axis: str, x: Scale, y: Scale) -> Iterator[str]:
    for value in decades(y.low, y.high):
        yield line(_LEFT, y(value), WIDE - _RIGHT, y(value), "grid")
        yield label(_LEFT - 8, y(value) + TEXT / 3, f"{value:g}", "muted", "end")
    for value in decades(x.low, x.high):
        yield line(x(value), _TOP, x(value), _HEIGHT - _BOTTOM, "grid")
        yield label(x(value), _HEIGHT - _BOTTOM + 20, f"{value:,.0f}", "muted", "middle")
    yield label((_LEFT + WIDE - _RIGHT) / 2, _HEIGHT - 8, axis, "muted", "middle")


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    low, high = enclosing_decades(min(values), max(values))
    return Scale(low, high, start, end, logarithmic=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("benchmarks/results/samplers"))
    parser.add_argument("--images", type=Path, default=IMAGES)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    write_plots(arguments.folder, arguments.images)
