"""Tables for objects whose keys come in the schema's order (``ORDER`` rows, and ranks by blocks of keys)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ..grammar.kernels import layout as at


def order_rows(names: Sequence[str], nodes: dict[str, int], required: Collection[str]) -> list[int]:
    """``ORDER`` rows, one after the other: what is so from each rank on that may be next, up to one past the last.

    ``names`` are sorted by bytes; ``nodes``, those of their values, are in the schema's order.
    """
    first = count = len(nodes)
    place = dict(zip(names, range(count), strict=True))
    live = needed = 0
    rows = [0, 0, 0, count]  # from the end to the beginning
    for name in reversed(nodes):
        count -= 1
        live += nodes[name] != at.NONE
        if name in required:
            first, needed = count, needed + 1
        rows += (place[name], needed, live, first)
    rows.reverse()
    return rows


def rank_blocks(names: Sequence[str], nodes: Mapping[str, int], ranks: Mapping[str, int]) -> Sequence[int]:
    """The least and the greatest rank of the live names of each block of ``names``."""
    count = len(names)
    ranked = np.fromiter(map(ranks.__getitem__, names), np.int32, count)
    live = np.fromiter((nodes[name] != at.NONE for name in names), np.bool_, count)
    starts = np.arange(0, count, at.RANK_BLOCK)
    least = np.minimum.reduceat(np.where(live, ranked, at.UNBOUNDED), starts)
    greatest = np.maximum.reduceat(np.where(live, ranked, at.NONE), starts)
    blocks: list[int] = np.stack([least, greatest], axis=1).ravel().tolist()
    return blocks
