"""Time to the first mask against the size of the schema: a panel for each engine, schemas counted in bins."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from ..wording import BASELINE, count, dataset_name, duration, round_duration, round_size
from .run import Evidence, Point, Run
from .svg import (
    NARROW,
    TEXT,
    Plot,
    Room,
    Scale,
    decades,
    element,
    enclosing_decades,
    fitted,
    label,
    line,
    path,
    tooltip,
    width_of,
)

_BINS_PER_DECADE = 8
_LEVELS = (1, 3, 10, 30)
"""From how many schemas on a bin is drawn in the next darker shade."""
_FEWEST_FOR_MEDIAN = 5
_GAP = 14.0
_PANEL = 160.0


def compile_plot(run: Run, evidence: Evidence, dataset: str) -> Plot | None:
    """None if nothing compiled."""
    points = {name: evidence.points.get((name, dataset), ()) for name in run.engines_of(dataset) if name != BASELINE}
    points = {name: found for name, found in points.items() if found}
    if not points:
        return None
    medians = "; ".join(f"{name} {duration(median(p.first_us for p in found))}" for name, found in points.items())
    return Plot(
        f"compile-{dataset}",
        f"Time to the first mask against the size of the schema, {dataset_name(dataset)}",
        f"A panel for each engine, both axes logarithmic. Median times over all schemas: {medians}.",
        lambda width: _draw(width, points),
    )


def _draw(width: int, points: Mapping[str, Sequence[Point]]) -> tuple[float, list[str]]:
    every = [point for found in points.values() for point in found]
    sizes = enclosing_decades(min(p.schema_bytes for p in every), max(p.schema_bytes for p in every))
    times = enclosing_decades(min(p.first_us for p in every), max(p.first_us for p in every))
    columns = 2 if width == NARROW else 4
    left = 58.0
    panel = (width - left - _GAP * (columns - 1)) / columns
    pitch = _PANEL + 64
    elements = []
    for number, (engine, found) in enumerate(points.items()):
        row, column = divmod(number, columns)
        x, y = left + column * (panel + _GAP), 26.0 + row * pitch
        across = Scale(*sizes, x, x + panel, logarithmic=True)
        up = Scale(*times, y + _PANEL, y, logarithmic=True)
        elements += [fitted(x, y - 9, engine, panel, "name"), *_grid(across, up, named=column == 0)]
        elements += [*_bins(found, across, up, engine), _median_line(found, across, up)]
    rows = math.ceil(len(points) / columns)
    return rows * pitch - 4, elements


def _grid(across: Scale, up: Scale, *, named: bool) -> Iterator[str]:
    """``named``: with the labels of the times, to the left."""
    for tick in decades(across.low, across.high):
        yield line(across(tick), up.start, across(tick), up.end, "grid")
    for tick in decades(up.low, up.high):
        yield line(across.start, up(tick), across.end, up(tick), "grid")
        if named and round(math.log10(tick)) % 2 == 0:
            yield label(across.start - 6, up(tick) + 5, round_duration(tick), "muted", "end")
    yield from _sizes(across, up.start + TEXT + 4)


def _sizes(across: Scale, y: float) -> Iterator[str]:
    """The labels of the sizes, those at the ends first, as far as there is room."""
    ticks, room = decades(across.low, across.high), Room(8.0)
    for tick in [ticks[0], ticks[-1], *ticks[1:-1]]:
        text = round_size(tick)
        width, x = width_of(text), across(tick)
        start = x if tick == ticks[0] else x - width if tick == ticks[-1] else x - width / 2
        if room.take(start, start + width):
            yield label(start, y, text, "muted")


def _bins(points: Sequence[Point], across: Scale, up: Scale, engine: str) -> Iterator[str]:
    """One path for each shade."""
    counts = Counter((_bin(point.schema_bytes), _bin(point.first_us)) for point in points)
    own = " own" if engine == "maskwright" else ""
    for level, fewest in enumerate(_LEVELS):
        most = _LEVELS[level + 1] if level + 1 < len(_LEVELS) else math.inf
        chosen = sorted(key for key, number in counts.items() if fewest <= number < most)
        if chosen:
            text = tooltip(f"{fewest} or more schemas each")
            yield element(
                "path", text, d="".join(_rectangle(key, across, up) for key in chosen), kind=f"bin s{level}{own}"
            )


def _bin(value: float) -> int:
    return math.floor(math.log10(value) * _BINS_PER_DECADE)


def _edge(index: float) -> float:
    return float(10.0 ** (index / _BINS_PER_DECADE))


def _rectangle(key: tuple[int, int], across: Scale, up: Scale) -> str:
    left, right = across(_edge(key[0])), across(_edge(key[0] + 1))
    bottom, top = up(_edge(key[1])), up(_edge(key[1] + 1))
    return f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}z"


def _median_line(points: Sequence[Point], across: Scale, up: Scale) -> str:
    """Through the medians of the bins of size that hold enough schemas."""
    by_size: dict[int, list[float]] = {}
    for point in points:
        by_size.setdefault(_bin(point.schema_bytes), []).append(point.first_us)
    full = sorted((key, times) for key, times in by_size.items() if len(times) >= _FEWEST_FOR_MEDIAN)
    if len(full) < 2:
        return ""
    text = tooltip(f"median by size, {count(len(points))} schemas")
    through = path((across(_edge(key + 0.5)), up(median(times))) for key, times in full)
    return element("path", d=through, kind="median halo") + element("path", text, d=through, kind="median")
