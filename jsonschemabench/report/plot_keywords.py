"""A heat map of the test suite: keywords by engines, the share of tests judged rightly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..wording import NOTHING, dataset_name, percent
from .run import Run
from .svg import BOLD, NARROW, TEXT, Plot, element, fitted, label, tooltip, width_of
from .tables_coverage import keyword_share, keywords_of

_ROW = 24.0
_SHADES = (0.5, 0.9, 1.0)
"""The shade of a share is the number of these that it reaches, and one more if it is not 0."""


def keyword_plot(run: Run, dataset: str) -> Plot | None:
    """None but for the test suite."""
    keywords = [keyword for keyword, _ in keywords_of(run, dataset)]
    if not keywords:
        return None
    engines = run.engines_of(dataset)
    full = "; ".join(f"{name} {_full(run, name, dataset, keywords)}" for name in engines)
    return Plot(
        f"keywords-{dataset}",
        f"{dataset_name(dataset)}: tests judged rightly, by keyword and engine",
        f"A row for each of {len(keywords)} keywords, a column for each engine. Keywords wholly right: {full}.",
        lambda width: _draw(width, run, dataset, keywords),
    )


def _full(run: Run, engine: str, dataset: str, keywords: Sequence[str]) -> int:
    return sum(keyword_share(run, engine, dataset, keyword) == 1 for keyword in keywords)


def _draw(width: int, run: Run, dataset: str, keywords: Sequence[str]) -> tuple[float, list[str]]:
    engines = run.engines_of(dataset)
    left = 146.0 if width == NARROW else 200.0
    cell = min(64.0, (width - left) / len(engines))
    widest = max(map(width_of, engines)) * BOLD
    upright = widest > cell + 8
    top = widest + 14 if upright else TEXT + 8.0
    elements = [_heading(engine, left + cell * (n + 0.5), top - 6, upright) for n, engine in enumerate(engines)]
    for number, keyword in enumerate(keywords):
        y = top + _ROW * number
        elements.append(fitted(left - 8, y + 17, keyword, left - 8, anchor="end"))
        elements += _cells(run, dataset, keyword, left, cell, y)
    return top + _ROW * len(keywords) + 2, elements


def _heading(engine: str, x: float, y: float, upright: bool) -> str:
    if upright:
        return label(x + 5, y, engine, "name", transform=f"rotate(-90 {x + 5:.1f} {y:.1f})")
    return label(x, y, engine, "name", "middle")


def _cells(run: Run, dataset: str, keyword: str, left: float, cell: float, y: float) -> Iterator[str]:
    for number, engine in enumerate(run.engines_of(dataset)):
        share = keyword_share(run, engine, dataset, keyword)
        x = left + cell * number
        text = tooltip(f"{engine}, {keyword}: {percent(share)}")
        shade = "none" if share is None else f"h{(share > 0) + sum(share >= limit for limit in _SHADES)}"
        yield element("rect", text, x=x + 1, y=y + 1, width=cell - 2, height=_ROW - 2, kind=f"heat {shade}")
        yield label(x + cell / 2, y + 17, _sign(share), f"on-{shade}", "middle")


def _sign(share: float | None) -> str:
    """A tick, or whole percents, rounded down."""
    if share is None:
        return NOTHING
    return "✓" if share == 1 else str(int(100 * share))
