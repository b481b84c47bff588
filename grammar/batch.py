"""The masks of many sequences at once, outside the interpreter lock.

Rows are claimed a few at a time by this thread and those of a pool. What a kernel stops for (something to be compiled,
or an arena that is full) is seen to afterwards, row by row, in the calling thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .argument_checks import wrong_argument
from .kernels.entry import fill_masks
from .matcher import BITMASK_WANTED, Matcher, as_array

if TYPE_CHECKING:
    import torch

_ROWS_AT_ONCE = 16
_MOST_THREADS = 16


def fill_next_token_bitmasks(matchers: Sequence[Matcher], bitmask: NDArray[np.int32] | torch.Tensor) -> None:
    """Write the tokens allowed next by ``matchers[i]`` into ``bitmask[i]``, in parallel where there are many.

    ``bitmask`` is as for ``Matcher.fill_next_token_bitmask``; rows beyond ``len(matchers)`` stay as they are. The
    matchers may belong to different constraints. Raises ``ValueError`` for any other array, for one with too few rows,
    and if a matcher comes twice.
    """
    if isinstance(matchers, Matcher):
        raise wrong_argument("matchers", matchers, "a list of matchers, or call the fill_next_token_bitmask of the one")
    if len(matchers) == 1:
        matchers[0].fill_next_token_bitmask(bitmask)
        return
    target: Any = bitmask if type(bitmask) is np.ndarray else as_array(bitmask)
    addresses = np.array([matcher._address for matcher in matchers], np.int64)
    if len(set(addresses.tolist())) < len(addresses):
        raise ValueError("a matcher comes twice in a batch; fork it, or fill its row once and copy it")
    outcomes = np.empty(len(addresses), np.int32)
    _check(target, len(addresses))
    chunks = count(0, _ROWS_AT_ONCE)
    helpers = min(_threads(), -(-len(addresses) // (2 * _ROWS_AT_ONCE))) - 1
    tasks = [_pool(os.getpid()).submit(_fill_chunks, addresses, outcomes, target, chunks) for _ in range(helpers)]
    _fill_chunks(addresses, outcomes, target, chunks)
    for task in tasks:
        if not task.cancel():  # one that has not begun finds nothing left to do
            task.result()
    for row in np.flatnonzero(outcomes).tolist():
        matchers[row].fill_next_token_bitmask(target, row)


def _fill_chunks(
    addresses: NDArray[np.int64], outcomes: NDArray[np.int32], target: NDArray[np.int32], chunks: Iterator[int]
) -> None:
    """Fill rows until all are claimed; taking the next number is atomic under the interpreter lock."""
    total = len(addresses)
    while (start := next(chunks)) < total:
        fill_masks(addresses, outcomes, target, start, min(start + _ROWS_AT_ONCE, total))


def _check(target: NDArray[np.int32], rows: int) -> None:
    fits = target.dtype == np.int32 and target.ndim == 2 and target.flags.c_contiguous
    if not fits or target.shape[0] < rows:
        raise ValueError(f"{BITMASK_WANTED}; got shape {target.shape} for {rows} matchers")


def _threads() -> int:
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of ``process``: a forked one has none of its parent's."""
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="maskwright")
