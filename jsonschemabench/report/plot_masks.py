"""How long masks take: for each engine, the density of times on a common logarithmic axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..histogram import BINS_PER_DOUBLING, Histogram
from ..wording import dataset_name, duration, round_duration
from .run import Evidence, Run
from .svg import (
    NARROW,
    TEXT,
    Plot,
    Room,
    Scale,
    decades,
    element,
    enclosing_decades,
    label,
    line,
    path,
    tooltip,
    width_of,
)

_HILL = 44.0
_MARKS = {"p50": 50.0, "max": 100.0, "p99": 99.0, "p99.9": 99.9}
"""In the order in which they get a label where there is not room for all."""
_SMOOTHING = 2.0  # bins


def mask_plot(run: Run, evidence: Evidence, dataset: str) -> Plot | None:
    """None if no engine computed a mask."""
    engines = [name for name in run.engines_of(dataset) if _histogram(evidence, name, dataset).count]
    if not engines:
        return None
    histograms = {name: _histogram(evidence, name, dataset) for name in engines}
    medians = "; ".join(f"{name} {duration(histogram.percentile(50))}" for name, histogram in histograms.items())
    return Plot(
        f"masks-{dataset}",
        f"Time between masks on {dataset_name(dataset)}",
        f"A density curve for each engine on a logarithmic axis of time. Medians: {medians}.",
        lambda width: hills(width, histograms),
    )


def _histogram(evidence: Evidence, engine: str, dataset: str) -> Histogram:
    return evidence.masks.get((engine, dataset), Histogram())


def hills(width: int, histograms: dict[str, Histogram]) -> tuple[float, list[str]]:
    """The height and the elements of a plot of this width: a curve for each name."""
    narrow = width == NARROW
    left = 8.0 if narrow else 172.0
    low = min(histogram.percentile(0.1) for histogram in histograms.values())
    high = max(histogram.greatest for histogram in histograms.values())
    scale = Scale(*enclosing_decades(low, high), left, width - 16.0, logarithmic=True)
    pitch = _HILL + TEXT + (38 if narrow else 24)
    height = 30.0 + pitch * len(histograms)
    elements = list(_axis(scale, height))
    for number, (engine, histogram) in enumerate(histograms.items()):
        base = 30.0 + pitch * (number + 1) - TEXT - 10
        elements += _name(engine, histogram, base, narrow)
        elements += _hill(histogram, scale, base, engine)
        elements += _marks(histogram, scale, base, width)
    return height, elements


def _axis(scale: Scale, height: float) -> Iterator[str]:
    """Grid and labels on top; every other label where they would touch."""
    ticks = decades(scale.low, scale.high)
    room = (scale.end - scale.start) / max(1, len(ticks) - 1)
    every = 1 if room > width_of("100 µs") + 6 else 2
    for number, tick in enumerate(ticks):
        yield line(scale(tick), 24.0, scale(tick), height - TEXT - 10, "grid")
        if number % every == 0:
            anchor = "end" if number == len(ticks) - 1 else "start" if scale(tick) < 20 else "middle"
            yield label(scale(tick), 14.0, round_duration(tick), "muted", anchor)


def _name(engine: str, histogram: Histogram, base: float, narrow: bool) -> list[str]:
    median = f"median {duration(histogram.percentile(50))}"
    if narrow:
        y = base - _HILL - 8
        return [label(0, y, engine, "name"), label(NARROW, y, median, "muted", "end")]
    return [label(0, base - 20, engine, "name"), label(0, base - 1, median, "muted")]


def _hill(histogram: Histogram, scale: Scale, base: float, engine: str) -> list[str]:
    times, density = _smoothed(histogram)
    inside = times >= scale.low
    tops = base - _HILL * density[inside] / density.max()
    outline = [(scale(time), float(top)) for time, top in zip(times[inside].tolist(), tops, strict=True)]
    if not outline:
        return []
    closed = [(outline[0][0], base), *outline, (outline[-1][0], base)]
    text = f"{engine}: {histogram.count:,} masks, mean {duration(histogram.mean)}"
    own = " own" if engine == "maskwright" else ""
    return [
        line(scale.start, base, scale.end, base, "base"),
        element("path", tooltip(text), d=path(closed), kind=f"hill{own}"),
    ]


def _smoothed(histogram: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Times at the middles of the bins, and a smoothed count for each."""
    first, last = min(histogram.bins), max(histogram.bins)
    margin = int(3 * _SMOOTHING)
    counts = np.zeros(last - first + 1 + 2 * margin)
    for index, count in histogram.bins.items():
        counts[index - first + margin] = count
    kernel = np.exp(-0.5 * (np.arange(-margin, margin + 1) / _SMOOTHING) ** 2)
    middles = np.arange(first - margin, last + margin + 1) + 0.5
    return 2.0 ** (middles / BINS_PER_DOUBLING), np.convolve(counts, kernel / kernel.sum(), mode="same")


def _marks(histogram: Histogram, scale: Scale, base: float, width: int) -> Iterator[str]:
    room = Room(6.0)
    for name, percent in _MARKS.items():
        time = histogram.percentile(percent)
        x = scale(time)
        kind = "mark strong" if name == "p50" else "mark"
        yield element(
            "path", tooltip(f"{name} {duration(time)}"), d=f"M{x:.1f} {base - 9:.1f}V{base + 4:.1f}", kind=kind
        )
        half = width_of(name) / 2
        middle = min(max(x, half), width - half)
        if room.take(middle - half, middle + half):
            yield label(middle, base + TEXT + 4, name, "muted", "middle")
