"""Numbers and names as a reader wants them: a few digits, a unit, and no rounding that makes a claim."""

from __future__ import annotations

import math

NOTHING = "\N{EN DASH}"
_TIMES = ((1e6, "s"), (1e3, "ms"), (1.0, "µs"), (1e-3, "ns"))
_SIZES = ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))
_DECIMAL_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))
_SPACE = "\N{NO-BREAK SPACE}"
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
    ('99.96\\xa0%', '100\\xa0%', '98.8\\xa0%', '0.02\\xa0%')
    """
    if rate is None:
        return NOTHING
    if rate in (0.0, 1.0):
        return f"{100 * rate:.0f}{_SPACE}%"
    if 0.001 <= rate < 0.9995:
        return f"{100 * rate:.1f}{_SPACE}%"
    return f"{min(max(100 * rate, 0.01), 99.99):.2f}{_SPACE}%"


def duration(microseconds: float) -> str:
    """Three digits and a unit.

    >>> duration(3.6), duration(999.7), duration(0.25)
    ('3.60\\xa0µs', '1.00\\xa0ms', '250\\xa0ns')
    """
    number, unit = _in_unit(microseconds, _TIMES)
    return f"{_three_digits(number)}{_SPACE}{unit}"


def size(number_of_bytes: float) -> str:
    """Three digits and a unit; whole bytes."""
    number, unit = _in_unit(number_of_bytes, _SIZES)
    return f"{number:.0f}{_SPACE}{unit}" if unit == "B" else f"{_three_digits(number)}{_SPACE}{unit}"


def round_duration(microseconds: float) -> str:
    """A power of ten of a microsecond, for an axis."""
    number, unit = _in_unit(microseconds, _TIMES)
    return f"{number:g}{_SPACE}{unit}"


def round_size(number_of_bytes: float) -> str:
    """A power of ten of a byte, for an axis: 1 kB is 1000."""
    number, unit = _in_unit(number_of_bytes, _DECIMAL_SIZES)
    return f"{number:g}{_SPACE}{unit}"


def count(number: int) -> str:
    return f"{number:,}"


def count_of(number: int, what: str) -> str:
    """
    >>> count_of(1, "schema"), count_of(2345, "schema")
    ('1 schema', '2,345 schemas')
    """
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def dataset_name(name: str) -> str:
    return _DATASETS.get(name, name)


def engine_order(name: str) -> int:
    """The project's own engine comes first, the baseline last, the others keep their order between them."""
    return {_OWN: 0, BASELINE: 2}.get(name, 1)


def dataset_order(name: str) -> int:
    return [*_DATASETS, name].index(name)


def _in_unit(value: float, units: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """In the largest unit of which it is at least one once rounded: 999.9 µs is 1 ms."""
    for factor, unit in units:
        if float(f"{value / factor:.3g}") >= 1:
            return value / factor, unit
    factor, unit = units[-1]
    return value / factor, unit


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    decimals = max(0, 2 - math.floor(math.log10(rounded))) if rounded else 0
    return f"{rounded:,.{min(decimals, 2)}f}"
