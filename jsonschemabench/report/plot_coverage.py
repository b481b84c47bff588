"""Coverage of each split: a strip of dots, one for each engine, each on a line of its own within the strip."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..wording import count, dataset_name, percent
from .run import Run
from .svg import NARROW, TEXT, Plot, Scale, element, label, line, tooltip, width_of
from .tables_coverage import split_rate, splits_by_size

_RATE = "empirical coverage"
_LANE = 5.0
_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-3.5-3.5h7v7h-7z",
    "M0-4.8L4.8 0L0 4.8L-4.8 0z",
    "M0-4.4L4.5 3.5H-4.5z",
    "M0 4.4L4.5-3.5H-4.5z",
    "M-1.3-4.2h2.6v2.9h2.9v2.6h-2.9v2.9h-2.6v-2.9h-2.9v-2.6h2.9z",
    "M-4.4-1.4L-1.4-4.4L0-1.9L1.4-4.4L4.4-1.4L1.9 0L4.4 1.4L1.4 4.4L0 1.9L-1.4 4.4L-4.4 1.4L-1.9 0z",
    "M-5-1.5h10v3h-10z",
    "M-4.2-4.2h8.4L0 0L4.2 4.2h-8.4L0 0z",
)


def coverage_plot(run: Run, dataset: str) -> Plot | None:
    """None where there is one split only."""
    splits = splits_by_size(run, dataset, "judged")
    if len(splits) < 2:
        return None
    engines = run.engines_of(dataset)
    overall = "; ".join(f"{name} {percent((run.correctness(name, dataset) or {})[_RATE])}" for name in engines)
    return Plot(
        f"splits-{dataset}",
        f"Empirical coverage of the splits of {dataset_name(dataset)}",
        f"For each split, a dot for each engine on an axis from 0 to 100 percent. Overall: {overall}.",
        lambda width: _draw(width, run, dataset, splits),
    )


def _draw(width: int, run: Run, dataset: str, splits: Sequence[tuple[str, int]]) -> tuple[float, list[str]]:
    narrow = width == NARROW
    engines = run.engines_of(dataset)
    top, legend = _legend(engines, width)
    scale = Scale(0.0, 1.0, 8.0 if narrow else 204.0, width - 14.0)
    strip = _LANE * (len(engines) + 1)
    pitch = strip + (TEXT + 16 if narrow else 8)
    first = top + 34
    height = first + pitch * len(splits)
    elements = [*legend, *_axis(scale, top + 14, first - (TEXT if narrow else 0), height)]
    for number, (split, schemas) in enumerate(splits):
        start = first + pitch * number + (TEXT + 6 if narrow else 0)
        elements += _names(split, schemas, start, strip, narrow)
        elements.append(
            element("rect", x=scale.start, y=start, width=scale.end - scale.start, height=strip, kind="strip")
        )
        elements += _dots(run, dataset, split, start, scale)
    return height, elements


def _legend(engines: Sequence[str], width: int) -> tuple[float, list[str]]:
    """Its height, and shapes with names in as many columns as fit."""
    room = min(max(map(width_of, engines)) + 24, width / 2)
    columns = int(width / room)
    elements = []
    for number, engine in enumerate(engines):
        row, column = divmod(number, columns)
        x, y = 6 + column * room, 12.0 + row * 22
        elements += [_dot(number, x, y, ""), label(x + 11, y + 5, engine)]
    return 12.0 + math.ceil(len(engines) / columns) * 22, elements


def _axis(scale: Scale, y: float, start: float, end: float) -> Iterator[str]:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        yield line(scale(share), start, scale(share), end, "grid")
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        yield label(scale(share), y, f"{share:.0%}", "muted", anchor)


def _names(split: str, schemas: int, start: float, strip: float, narrow: bool) -> list[str]:
    if narrow:
        return [label(0, start - 5, split, "name"), label(NARROW - 8, start - 5, count(schemas), "muted", "end")]
    middle = start + strip / 2 + 5
    return [label(0, middle, split, "name"), label(192, middle, count(schemas), "muted", "end")]


def _dots(run: Run, dataset: str, split: str, start: float, scale: Scale) -> Iterator[str]:
    for number, engine in reversed(list(enumerate(run.engines_of(dataset)))):
        rate = split_rate(run, engine, dataset, split, _RATE)
        if rate is not None:
            yield _dot(number, scale(rate), start + _LANE * (number + 1), f"{engine}, {split}: {percent(rate)}")


def _dot(number: int, x: float, y: float, text: str) -> str:
    """Shapes are met again with other colours."""
    rounds, place = divmod(number, len(_SHAPES))
    colour = (place + rounds) % len(_SHAPES)
    content = tooltip(text) if text else ""
    return element("path", content, d=_SHAPES[place], transform=f"translate({x:.1f} {y:.1f})", kind=f"dot e{colour}")
