"""The table of where a text with limits of length can be completed, against the one in which nothing is left out."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.grammar.dfa import DEAD
from maskwright.grammar.length_table import length_table
from maskwright.grammar.limits import Budget
from maskwright.grammar.regex import compile_pattern
from maskwright.grammar.text_dfa import viability

_PATTERNS = (
    *("^(ab)*$", "^a{3,7}(bc)*$", "x", "^(a|bcd|efghij)*$"),
    *("^a{4}$", "^(aa)*b?$", "^a*(bbb)*$", "^a{2}|b{5}|c{9,}$"),
)
_LIMITS = [
    (minimum, maximum)
    for minimum in (0, 1, 2, 3, 5, 8, 13)
    for maximum in (None, 0, 1, 4, 6, 9, 14, 40, 200)
    if (minimum if maximum is None else maximum >= minimum)
]


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_nothing_but_free_columns_is_left_out(pattern: str) -> None:
    budget = Budget()
    dfa = compile_pattern(pattern, budget).dfa
    for minimum, maximum in _LIMITS:
        whole = viability(dfa, minimum, maximum, budget)
        if maximum is not None:  # too many code points
            whole = np.concatenate([whole, np.zeros((len(whole), 1), np.bool_)], axis=1)
        table = length_table(dfa, minimum, maximum, budget)
        assert table.columns == whole.shape[1]
        behind = max(min(table.free_to, table.columns), table.free_from)
        assert whole[DEAD + 1 :, table.free_from : behind].all()
        kept = np.concatenate([whole[:, : table.free_from], whole[:, behind:]], axis=1)
        np.testing.assert_array_equal(table.content, kept)


def test_a_great_maximum_costs_no_more_than_a_small_one() -> None:
    budget = Budget()
    dfa = compile_pattern("^(ab|cde)*$", budget).dfa
    assert length_table(dfa, 3, 1_000_000, budget).content.size == length_table(dfa, 3, 100, budget).content.size
