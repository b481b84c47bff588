"""The cache of masks inside patterns: what it holds is bounded, and never changes what is allowed."""

from __future__ import annotations

import gc
import random
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import maskwright as mw

from .engine_cases import constraint_of, ids_of, mask_of, masks_along, random_walk, small_vocabulary

PATTERNS = {"type": "string", "pattern": "^(ab|ba|a{3}b{3}|[ab]x|aabb?é)*$", "maxLength": 40}
CLASSED = {
    "type": "object",
    "patternProperties": {"^a": {"type": "integer"}, "b$": {"type": "null"}},
    "additionalProperties": False,
}
FINITE = {"type": "object", "patternProperties": {"^[ab]{0,120}$": {"type": "null"}}, "additionalProperties": False}
SCHEMA: dict[str, Any] = {"type": "array", "items": {"anyOf": [PATTERNS, CLASSED]}}


def constraint_with(masks: int) -> mw.Constraint:
    """A constraint that keeps at most so many masks."""
    row = 4 * ((small_vocabulary().size + 31) // 32)
    return mw.compile(mw.JsonSchema(SCHEMA, limits=mw.Limits(mask_cache=masks * row)), small_vocabulary())


@pytest.mark.parametrize("masks", [0, 1, 2, 3, 5, 8])
def test_a_small_cache_gives_the_same_masks(masks: int) -> None:
    small, large = constraint_with(masks), constraint_with(10_000)
    for seed in range(6):
        walk = random_walk(large, random.Random(seed), 60)
        assert masks_along(small, walk) == masks_along(large, walk)
        assert len(small._stay_masks) <= masks


def test_keys_that_may_run_out() -> None:
    """Where many are left, masks are kept for them; near the greatest length all tokens are walked."""
    kept = constraint_of(FINITE)
    walked = mw.compile(mw.JsonSchema(FINITE, limits=mw.Limits(mask_cache=0)), small_vocabulary())
    used = b"".join(b'"%s": null, ' % (b"a" * length) for length in (115, 119, 120))
    for length in (0, 3, 100, 112, 118, 119, 120):
        found = []
        for constraint in (kept, walked):
            matcher = constraint.matcher()
            tokens = ids_of(b'{%s"%s' % (used, (b"a" * length)[:-1] + b"b" * (length > 0)))
            assert matcher.accept_tokens(tokens) == len(tokens)
            found.append(mask_of(matcher))
        assert np.array_equal(*found)
    assert len(kept._stay_masks)


def test_the_masks_used_last_are_kept() -> None:
    constraint = constraint_with(4)
    matcher = constraint.matcher()
    bitmask = np.zeros((1, (small_vocabulary().size + 31) // 32), np.int32)
    for text in (b'["a', b'["b', b'["aa', b'["ab', b'["a', b'["aaab', b'["a'):
        matcher.reset()
        matcher.accept_tokens(small_vocabulary().tokenize(text))
        matcher.fill_next_token_bitmask(bitmask)
    kept = set(constraint._stay_masks._masks)
    assert len(kept) == 4
    matcher.fill_next_token_bitmask(bitmask)
    assert set(constraint._stay_masks._masks) == kept


def test_masks_that_make_way_are_given_back() -> None:
    constraint = constraint_with(2)
    seeds = iter(range(100))
    while not len(constraint._stay_masks):
        masks_along(constraint, random_walk(constraint, random.Random(next(seeds)), 20))
    seen = [weakref.ref(mask) for mask in constraint._stay_masks._masks.values()]
    for seed in range(100, 110):
        masks_along(constraint, random_walk(constraint, random.Random(seed), 40))
    gc.collect()
    held = len(constraint._stay_masks._masks)
    assert sum(mask() is not None for mask in seen) <= held
    assert constraint._stay_masks._retired == []


def test_threads_share_a_small_cache() -> None:
    large, small = constraint_with(10_000), constraint_with(3)
    walks = [random_walk(large, random.Random(seed), 60) for seed in range(8)]
    expected = [masks_along(large, walk) for walk in walks]
    found = [b""] * len(walks)

    def run(index: int) -> None:
        for _ in range(5):
            found[index] = masks_along(small, walks[index])

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(walks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
    assert 0 < len(small._stay_masks) <= 3


def test_masks_of_open_keys_leave_limits_of_length_alone() -> None:
    schema = {"properties": {"name": {"type": "string", "pattern": "^[a-c]{20}$"}, "zeta": True}}
    constraint = constraint_of(schema, whitespace="compact")
    for text, valid in ((b'{"name":"%s"}' % (b"a" * 20), True), (b'{"name":"%s"}' % (b"a" * 21), False)):
        matcher = constraint.matcher()
        accepted = 0
        for token in ids_of(text):
            allowed = bool(mask_of(matcher)[token])
            assert matcher.accept_token(token) == allowed
            accepted += allowed
            if not allowed:
                break
        assert (accepted == len(text)) == valid
