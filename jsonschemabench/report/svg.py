"""What plots are made of: scales, elements, and a figure in a wide and a narrow form.

Plots are drawn to be shown at their own size, so that text has the size of the page's text on a phone, too: each is
drawn twice, and the page shows the form that fits. Colours are classes, which the page's style sheet defines for light
and dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDE, NARROW = 720, 328
TEXT = 14
BOLD = 1.15  # times as wide
_SQUEEZED = 1.08  # from how much too wide on: widths are guesses, and nothing is to be stretched
_WIDTHS = {"iIljftr.,-/() ": 0.36, "mwMW%": 0.9}
_WIDTH_OF_OTHERS = 0.62
"""Of letters, by the size of the text, in a wide one among the usual sans-serif fonts."""


@dataclass(frozen=True)
class Plot:
    """``title`` and ``description`` are for those who hear the page."""

    name: str
    title: str
    description: str
    draw: Callable[[int], tuple[float, Iterable[str]]]
    """Given the width, the height and the elements."""

    def svg(self) -> Markup:
        """Both forms."""
        return Markup(self._form(WIDE, "wide") + self._form(NARROW, "narrow"))

    def _form(self, width: int, form: str) -> str:
        height, elements = self.draw(width)
        key = f"{self.name}-{form}"
        return (
            f'<svg class="{form}" viewBox="0 0 {width} {height:.0f}" role="img" aria-labelledby="{key}-t {key}-d">'
            f'<title id="{key}-t">{escape(self.title)}</title><desc id="{key}-d">{escape(self.description)}</desc>'
            f"{''.join(elements)}</svg>"
        )


@dataclass(frozen=True)
class Scale:
    """From values in [``low``, ``high``] to places between ``start`` and ``end``."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high = self._map(self.low), self._map(self.high)
        share = (self._map(value) - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def _map(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self.logarithmic else value


def decades(low: float, high: float) -> list[float]:
    """The powers of ten from ``low`` to ``high``, which are powers of ten."""
    return [10.0**exponent for exponent in range(round(math.log10(low)), round(math.log10(high)) + 1)]


def enclosing_decades(low: float, high: float) -> tuple[float, float]:
    """Powers of ten around a range, one apart at least."""
    below = math.floor(math.log10(low))
    return 10.0**below, 10.0 ** max(math.ceil(math.log10(high)), below + 1)


def element(name: str, content: str = "", **attributes: object) -> str:
    """``_`` in the name of an attribute stands for a hyphen, ``kind`` is its class; ``content`` is written as it is."""
    written = "".join(
        f' {"class" if key == "kind" else key.replace("_", "-")}="{_value(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def label(x: float, y: float, text: str, kind: str = "", anchor: str = "start", **attributes: object) -> str:
    if kind:
        attributes["kind"] = kind
    if anchor != "start":
        attributes["text_anchor"] = anchor
    return element("text", escape(text), x=x, y=y, **attributes)


def fitted(x: float, y: float, text: str, room: float, kind: str = "", anchor: str = "start") -> str:
    """A label that is squeezed where it is wider than ``room``."""
    if width_of(text) * (BOLD if kind == "name" else 1) <= room * _SQUEEZED:
        return label(x, y, text, kind, anchor)
    return label(x, y, text, kind, anchor, textLength=room, lengthAdjust="spacingAndGlyphs")


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, kind=kind)


def tooltip(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def width_of(text: str, size: float = TEXT) -> float:
    """About how wide a text is."""
    widths = (next((w for letters, w in _WIDTHS.items() if letter in letters), _WIDTH_OF_OTHERS) for letter in text)
    return size * sum(widths)


class Room:
    """Along a line, what is taken by labels already; ``gap`` stays free between two."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._taken: list[tuple[float, float]] = []

    def take(self, start: float, end: float) -> bool:
        """Whether there is room; if so, it is taken."""
        free = all(end + self._gap <= low or high + self._gap <= start for low, high in self._taken)
        if free:
            self._taken.append((start, end))
        return free


def path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return escape(str(value))
