"""A table that Markdown and HTML both show, its best values marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..wording import BASELINE, NOTHING

_SPECIAL = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;", "*": "\\*", "_": "\\_", "`": "\\`"})


class Cell(NamedTuple):
    text: str
    best: bool = False


@dataclass(frozen=True)
class Table:
    """``header`` names the columns; the first cell of a row is its name. ``prose``: text, not numbers."""

    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    prose: bool = False

    def markdown(self) -> str:
        rules = [":--" if self.prose or not column else "--:" for column in range(len(self.header))]
        lines = [self.header, rules, *([_marked(cell) for cell in row] for row in self.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


class Column(NamedTuple):
    """A measure: how to show its value, and which value is the best (``min`` or ``max``; None if none is)."""

    name: str
    show: Callable[[float], str]
    best: Callable[[Sequence[float]], float] | None = None


def engine_rows(
    engines: Sequence[str], columns: Sequence[Column], values: Sequence[Sequence[float | None]]
) -> tuple[tuple[Cell, ...], ...]:
    """A row for each engine; ``values`` by engine and column. What reads like the best value is marked, too."""
    judged = [number for number, engine in enumerate(engines) if engine != BASELINE]
    shown = [
        [Cell(NOTHING if value is None else column.show(value)) for column, value in zip(columns, row, strict=True)]
        for row in values
    ]
    for place, column in enumerate(columns):
        known = [value for number in judged if (value := values[number][place]) is not None]
        if column.best is None or len(known) < 2:
            continue
        best = column.show(column.best(known))
        for number in judged:
            cell = shown[number][place]
            shown[number][place] = cell._replace(best=cell.text == best)
    return tuple((Cell(engine), *row) for engine, row in zip(engines, shown, strict=True))


def filled_rows(
    engines: Sequence[str], columns: Sequence[Column], values: Sequence[Sequence[float | None]]
) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    """Header and rows as of ``engine_rows``, without the columns in which no engine has a value."""
    kept = [place for place in range(len(columns)) if any(row[place] is not None for row in values)]
    shown = [columns[place] for place in kept]
    rows = engine_rows(engines, shown, [[row[place] for place in kept] for row in values])
    return ("engine", *(column.name for column in shown)), rows


def _marked(cell: Cell) -> str:
    text = cell.text.translate(_SPECIAL)
    return f"**{text}**" if cell.best else text
