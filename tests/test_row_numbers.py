"""Rows of integers numbered by a kernel, against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.row_numbers import RowNumbers


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 400), min_size=1, max_size=6), st.integers(0, 2**32), st.booleans())
def test_rows_are_numbered_in_the_order_in_which_they_come(
    width: int, sizes: list[int], seed: int, are_few: bool
) -> None:
    chance = np.random.default_rng(seed)
    numbers = RowNumbers(width)
    known: dict[tuple[int, ...], int] = {}
    for size in sizes:
        low, high = (-1, 2) if are_few else (-(2**31), 2**31 - 1)
        rows = chance.integers(low, high, (size, width), dtype=np.int32)
        expected = [known.setdefault(tuple(row), len(known)) for row in rows.tolist()]
        assert numbers.add(rows).tolist() == expected
        assert len(numbers) == len(known)
        assert list(map(tuple, numbers.rows.tolist())) == list(known)
