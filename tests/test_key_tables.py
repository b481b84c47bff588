"""How many keys of each class are left, against counting them one by one."""

from __future__ import annotations

import re
from itertools import product as tuples

import pytest

from maskwright.grammar.kernels.layout import UNBOUNDED
from maskwright.grammar.limits import Budget
from maskwright.grammar.regex import compile_pattern
from maskwright.grammar.text_product import product
from maskwright.schemas.key_tables import keys_left

LONG, LONGEST = 7, 11
"""No pattern below matches a text of ``LONG`` letters, or more, unless it matches infinitely many."""

PATTERNS = [
    ("^a[ab]{0,3}$", "^[ab]{2}$"),
    ("^a", "^[ab]{1,3}$"),
    ("^(ab)*$", "^b?a{3}$", "^.b$"),
    ("^[ab]{2}a*$",),
    ("^$", "^a?b?a?b?$"),
    ("ab", "ba", "^a{4}$"),
]


@pytest.mark.parametrize("patterns", PATTERNS)
def test_keys_left(patterns: tuple[str, ...]) -> None:
    """A text of the letters a and b is of a class for each way in which patterns are found in it."""
    classes = {truths: i + 1 for i, truths in enumerate(tuples([False, True], repeat=len(patterns)))}
    parts = [compile_pattern(pattern) for pattern in ("^[ab]*$", *patterns)]
    budget = Budget()
    text = product(parts, lambda found: classes[tuple(map(bool, found[1:]))] if found[0] else 0, budget)
    left = keys_left(text, len(classes), budget)[text.dfa.start].tolist()
    short, long = [0] * len(classes), [0] * len(classes)
    for length in range(LONGEST):
        for letters in tuples("ab", repeat=length):
            found = tuple(re.search(pattern, "".join(letters)) is not None for pattern in patterns)
            (short if length < LONG else long)[classes[found] - 1] += 1
    expected = [UNBOUNDED if more else count for count, more in zip(short, long, strict=True)]
    assert left == expected


def test_characters_are_counted() -> None:
    budget = Budget()
    one, two = (compile_pattern(f"^[^a]{{{count}}}$") for count in (1, 2))
    assert keys_left(one, 1, budget)[one.dfa.start, 0] == 0x110000 - 0x800 - 1
    assert keys_left(two, 1, budget)[two.dfa.start, 0] == UNBOUNDED
