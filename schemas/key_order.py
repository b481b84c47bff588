"""Tables for objects whose keys come in the schema's order (``ORDER`` rows, and ranks by blocks of keys)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..grammar.kernels import layout as at


class Order:
    """The order of ``names``, sorted by bytes, with these ``ranks``; ``nodes`` are those of their values."""

    def __init__(
        self, ranks: Mapping[str, int], names: Sequence[str], nodes: Mapping[str, int], required: Collection[str]
    ) -> None:
        self._ranks = np.fromiter(map(ranks.__getitem__, names), np.int32, len(names))
        self._live = np.fromiter((nodes[name] != at.NONE for name in names), np.bool_, len(names))
        self._required = np.fromiter((name in required for name in names), np.bool_, len(names))

    def rows(self) -> NDArray[np.int32]:
        """int32[names + 1, ORDER_WIDTH]: what is so from each rank on that may be next, up to one past the last."""
        count = len(self._ranks)
        rows = np.zeros((count + 1, at.ORDER_WIDTH), np.int32)
        keys = np.empty(count, np.int32)
        keys[self._ranks] = np.arange(count, dtype=np.int32)
        required = self._required[keys]
        firsts = np.where(required, np.arange(count), count)
        rows[:, at.ORDER_FIRST] = count
        rows[:count, at.ORDER_FIRST] = np.minimum.accumulate(firsts[::-1])[::-1]
        rows[:count, at.ORDER_LIVE_COUNT] = np.cumsum(self._live[keys][::-1])[::-1]
        rows[:count, at.ORDER_REQUIRED_COUNT] = np.cumsum(required[::-1])[::-1]
        rows[:count, at.ORDER_KEY] = keys
        return rows

    def blocks(self) -> NDArray[np.int32]:
        """int32[2 * blocks]: the least and the greatest rank of the live names of each block; none for few names."""
        count = len(self._ranks)
        if count < at.RANK_BLOCK:
            return np.zeros(0, np.int32)
        starts = np.arange(0, count, at.RANK_BLOCK)
        least = np.minimum.reduceat(np.where(self._live, self._ranks, at.UNBOUNDED), starts)
        greatest = np.maximum.reduceat(np.where(self._live, self._ranks, at.NONE), starts)
        blocks: NDArray[np.int32] = np.stack([least, greatest], axis=1).astype(np.int32).ravel()
        return blocks
