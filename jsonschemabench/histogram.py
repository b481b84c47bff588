"""Histograms of times with logarithmic bins: millions of steps in a few hundred integers.

A bin spans a factor of 2^(1/16), so that a percentile is off by 2.2 % at most; the count, the sum and the two extremes
are exact. Times are in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

BINS_PER_DOUBLING = 16
_SHORTEST = 2.0**-10  # a nanosecond: what is shorter goes into its bin


@dataclass(frozen=True)
class Histogram:
    """``bins``: how many times lie in [2^(b / 16), 2^((b + 1) / 16)) microseconds, for each bin ``b`` that has some."""

    bins: Mapping[int, int] = field(default_factory=dict)
    count: int = 0
    total: float = 0.0
    least: float = 0.0
    greatest: float = 0.0

    @classmethod
    def of(cls, times: Sequence[float]) -> Histogram:
        """The histogram of times in microseconds."""
        if not len(times):
            return cls()
        values = np.asarray(times, np.float64)
        indices = np.floor(np.log2(np.maximum(values, _SHORTEST)) * BINS_PER_DOUBLING).astype(np.int64)
        bins, counts = np.unique(indices, return_counts=True)
        return cls(
            dict(zip(bins.tolist(), counts.tolist(), strict=True)),
            len(values),
            float(values.sum()),
            float(values.min()),
            float(values.max()),
        )

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """All of ``parts`` together."""
        bins: dict[int, int] = {}
        filled = [part for part in parts if part.count]
        for part in filled:
            for index, count in part.bins.items():
                bins[index] = bins.get(index, 0) + count
        if not filled:
            return cls()
        return cls(
            dict(sorted(bins.items())),
            sum(part.count for part in filled),
            sum(part.total for part in filled),
            min(part.least for part in filled),
            max(part.greatest for part in filled),
        )

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """The time that ``percent`` of all times do not exceed: the middle of its bin; 100 is exact."""
        if percent >= 100:
            return self.greatest
        rank, seen = percent / 100 * self.count, 0
        for index, count in sorted(self.bins.items()):
            seen += count
            if seen > rank:
                middle = float(2.0 ** ((index + 0.5) / BINS_PER_DOUBLING))
                return min(max(middle, self.least), self.greatest)
        return self.greatest

    def as_json(self) -> dict[str, Any]:
        return {
            "bins": {str(index): count for index, count in self.bins.items()},
            "count": self.count,
            "total": round(self.total, 3),
            "least": round(self.least, 3),
            "greatest": round(self.greatest, 3),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Histogram:
        bins = {int(index): int(count) for index, count in data["bins"].items()}
        return cls(bins, data["count"], data["total"], data["least"], data["greatest"])
