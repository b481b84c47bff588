"""Distinct columns are those that numpy finds by sorting them all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.grammar import columns
from maskwright.grammar.columns import distinct_columns


@st.composite
def tables(draw: st.DrawFn) -> NDArray[np.int32]:
    rows, few = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    base = draw(st.lists(st.lists(st.integers(0, 300), min_size=rows, max_size=rows), min_size=few, max_size=few))
    chosen = draw(st.lists(st.integers(0, few - 1), min_size=1, max_size=12))
    return np.array([base[place] for place in chosen], np.int32).T


def check(table: NDArray[np.int32]) -> None:
    found, places = distinct_columns(table)
    expected, inverse = np.unique(table, axis=1, return_inverse=True)
    assert np.array_equal(found, expected)
    assert np.array_equal(places, inverse.ravel())


@given(tables())
def test_distinct_columns(table: NDArray[np.int32]) -> None:
    check(table)


def test_columns_with_equal_sums_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_GOLDEN", 0)
    check(np.array([[3, 1, 3, 2], [0, 5, 0, 5]], np.int32))
