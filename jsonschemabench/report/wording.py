"""Numbers and names as a reader wants them: a few digits, a unit, and no rounding that makes a claim."""

from __future__ import annotations

import math

NOTHING = "–"
_TIMES = ((1e6, "s"), (1e3, "ms"), (1.0, "µs"), (1e-3, "ns"))
_SIZES = ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))
_DATASETS = {
    "maskbench": "MaskBench",
    "jsonschemabench": "JSONSchemaBench",
    "suite": "JSON Schema Test Suite",
    "tasks": "Tasks",
}
BASELINE = "none"
"""The engine that constrains nothing: shown, but never the best."""
_OWN = "maskwright"


def percent(rate: float | None) -> str:
    """With one decimal; ``100 %`` and ``0 %`` are said of all and none only.

    >>> percent(0.9996), percent(1.0), percent(0.98765), percent(0.0002)
    ('99.96 %', '100 %', '98.8 %', '0.02 %')
    """
    if rate is None:
        return NOTHING
    if rate in (0.0, 1.0):
        return f"{100 * rate:.0f}\N{NO-BREAK SPACE}%"
    if 0.001 <= rate < 0.9995:
        return f"{100 * rate:.1f}\N{NO-BREAK SPACE}%"
    return f"{min(max(100 * rate, 0.01), 99.99):.2f}\N{NO-BREAK SPACE}%"


def duration(microseconds: float) -> str:
    """Three digits and a unit."""
    return _with_unit(microseconds, _TIMES)


def size(count: float) -> str:
    """A number of bytes with three digits and a unit."""
    return _with_unit(count, _SIZES)


def size_of_ten(power: float) -> str:
    """A power of ten as a number of bytes, for an axis: 1 kB is 1000."""
    return _with_unit(power, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")))


def count(number: int) -> str:
    return f"{number:,}"


def dataset_name(name: str) -> str:
    return _DATASETS.get(name, name)


def engine_order(name: str) -> int:
    """The project's own engine comes first, the baseline last, the others keep their order between them."""
    return {_OWN: 0, BASELINE: 2}.get(name, 1)


def dataset_order(name: str) -> int:
    return [*_DATASETS, name].index(name)


def _with_unit(value: float, units: tuple[tuple[float, str], ...]) -> str:
    """In the largest unit of which it is at least one once rounded: 999.9 µs is 1 ms."""
    for factor, unit in units:
        rounded = _three_digits(value / factor)
        if rounded >= 1:
            return f"{rounded:,.{_decimals(rounded)}f}\N{NO-BREAK SPACE}{unit}"
    factor, unit = units[-1]
    return f"{value / factor:.2g}\N{NO-BREAK SPACE}{unit}"


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def _decimals(value: float) -> int:
    return max(0, 2 - int(math.log10(value))) if value % 1 else 0
