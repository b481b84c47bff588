"""What got worse from one run to another, schema by schema.

Correctness is compared exactly: a schema got worse if it was right and is not any more, if a document that was judged
rightly is not, or if the engine now crashes or runs out of time or memory on it. Times are compared as pairs: the
ratios of the same schema's times in both runs, their geometric mean, and an interval for that from resampled schemas
(the bootstrap of Efron, 1979). A time got worse only if the whole interval lies above 1 and a margin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .measures import is_right
from .records import Key, Outcome, SchemaRecord

MARGIN = 0.05
_RESAMPLED = 2000
_CONFIDENCE = 0.99
_FEWEST_PAIRS = 10
_SEED = 20250122
_VIOLENT = (Outcome.CRASH, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY, Outcome.FAILED)


@dataclass(frozen=True)
class Change:
    """A schema that is judged otherwise. ``worse``: see above; else it got better."""

    key: Key
    what: str
    worse: bool


@dataclass(frozen=True)
class Ratio:
    """New times by old ones over ``pairs`` schemas: the geometric mean, and the interval for it."""

    engine: str
    measure: str
    pairs: int
    mean: float
    low: float
    high: float
    margin: float

    @property
    def verdict(self) -> str:
        if self.pairs < _FEWEST_PAIRS:
            return "too few to say"
        if self.low > 1 + self.margin:
            return "slower"
        return "faster" if self.high < 1 / (1 + self.margin) else "no difference that can be told"


@dataclass(frozen=True)
class Comparison:
    """``only_old`` and ``only_new``: how many records have no partner."""

    changes: tuple[Change, ...]
    ratios: tuple[Ratio, ...]
    paired: int
    only_old: int
    only_new: int

    @property
    def got_worse(self) -> bool:
        """Did correctness get worse?"""
        return any(change.worse for change in self.changes)


def compare(old: Mapping[Key, SchemaRecord], new: Mapping[Key, SchemaRecord], margin: float = MARGIN) -> Comparison:
    """Compare the records that both runs have."""
    keys = sorted(old.keys() & new.keys())
    changes = [change for key in keys if (change := _change(old[key], new[key])) is not None]
    pairs = [(old[key], new[key]) for key in keys]
    ratios = [
        ratio
        for engine in sorted({key.engine for key in keys})
        for measure, time in _MEASURES.items()
        if (ratio := _ratio(engine, measure, time, [pair for pair in pairs if pair[0].engine == engine], margin))
    ]
    return Comparison(tuple(changes), tuple(ratios), len(keys), len(old) - len(keys), len(new) - len(keys))


def _change(old: SchemaRecord, new: SchemaRecord) -> Change | None:
    was, now = _is_good(old), _is_good(new)
    if new.outcome is not old.outcome:
        what = f"was {old.outcome}, is {new.outcome}" + (f": {new.error}" if new.error else "")
        if new.outcome in _VIOLENT or (was and not now):
            return Change(new.key, what, True)
        return Change(new.key, what, False) if now and not was else None
    lost = _rightly_judged(old) - _rightly_judged(new)
    if lost:
        return Change(new.key, f"no longer right about documents {sorted(lost)}", True)
    gained = _rightly_judged(new) - _rightly_judged(old)
    if gained:
        return Change(new.key, f"now right about documents {sorted(gained)}", False)
    if was != now:
        return Change(new.key, "the model's document is valid" if now else "the model's document is not valid", was)
    return None


def _is_good(record: SchemaRecord) -> bool:
    """Compiled, and nothing is known to be wrong with it."""
    return record.outcome is Outcome.COMPILED and is_right(record) is not False


def _rightly_judged(record: SchemaRecord) -> set[int]:
    return {index for index, document in enumerate(record.documents) if document.complete == document.valid}


def _to_first_mask(record: SchemaRecord) -> float | None:
    if record.compile_us is None or record.first_mask_us is None:
        return None
    return record.compile_us + record.first_mask_us


def _between_masks(record: SchemaRecord) -> float | None:
    return record.masks.mean if record.masks.count else None


_MEASURES: dict[str, Callable[[SchemaRecord], float | None]] = {
    "time to first mask": _to_first_mask,
    "time between masks": _between_masks,
}


def _ratio(
    engine: str,
    measure: str,
    time: Callable[[SchemaRecord], float | None],
    pairs: list[tuple[SchemaRecord, SchemaRecord]],
    margin: float,
) -> Ratio | None:
    """None without a single pair of times."""
    times = [(time(old), time(new)) for old, new in pairs]
    ratios = np.array([new / old for old, new in times if old and new])
    if not len(ratios):
        return None
    logarithms = np.log(ratios)
    low, high = _interval(logarithms)
    return Ratio(engine, measure, len(ratios), float(np.exp(logarithms.mean())), low, high, margin)


def _interval(logarithms: NDArray[np.float64]) -> tuple[float, float]:
    """The bootstrap's percentile interval for the geometric mean."""
    draws = np.random.default_rng(_SEED)
    means = [draws.choice(logarithms, len(logarithms)).mean() for _ in range(_RESAMPLED)]
    rest = (1 - _CONFIDENCE) / 2
    low, high = np.exp(np.quantile(means, (rest, 1 - rest)))
    return float(low), float(high)
