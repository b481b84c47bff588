"""The strings of a schema where they are few: spelled by an automaton, against witnesses found one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from maskwright.grammar.limits import Budget, Limits
from maskwright.schemas.few_strings import few_strings
from maskwright.schemas.lowering import Language
from maskwright.schemas.satisfiability import Satisfier
from maskwright.schemas.strings import AnyStrings

MOST = 10

LEAVES = st.sampled_from(
    [
        {"pattern": "^[ab]{0,2}$"},
        {"pattern": "^a"},
        {"pattern": "b"},
        {"pattern": "^[a-f]{2,3}$"},
        {"pattern": "^(ab)*$"},
        {"minLength": 2},
        {"maxLength": 1},
        {"maxLength": 3},
        {"maxLength": 100_000},
        {"enum": ["a", "ab", "abab", "x", "", 1]},
        {"const": "ba"},
    ]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(lambda schema: {"not": schema}, inner)
        | st.builds(lambda word, parts: {word: parts}, st.sampled_from(["anyOf", "oneOf"]), st.lists(inner, min_size=1))
        | st.builds(lambda parts: {"allOf": parts}, st.lists(inner, min_size=2, max_size=4))
    ),
    max_leaves=6,
)


class OneByOne(Satisfier):
    """Finds each string as a witness that differs from those before."""

    def _some_strings(self, value: int, most: int) -> None:
        return None


@settings(max_examples=300, deadline=None)
@given(SCHEMAS)
def test_few_strings_are_those_found_one_by_one(schema: dict[str, Any]) -> None:
    language = Language({"type": "string", "allOf": [schema]})
    quick, slow = Satisfier(language), OneByOne(language)
    assume(quick.value(language.root))
    expected, found = slow.few_values(language.root, MOST), quick.few_values(language.root, MOST)
    assert (None if found is None else sorted(found)) == (None if expected is None else sorted(expected))
    assert not quick.is_scarce(language.root, MOST) or slow.is_scarce(language.root, MOST)


@pytest.mark.parametrize(("minimum", "maximum", "count"), [(0, 0, 1), (1, 0, 0), (0, 1, None), (3, None, None)])
def test_lengths(minimum: int, maximum: int | None, count: int | None) -> None:
    found = few_strings(AnyStrings(minimum, maximum), MOST, Budget())
    assert found is not None
    assert found.are_all == (count is not None)
    assert not found.are_all or len(found.texts) == count


def test_great_lengths_are_not_looked_at() -> None:
    assert few_strings(AnyStrings(0, 1 << 30), MOST, Budget(Limits(memory=1 << 20))) is None
