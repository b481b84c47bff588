"""The masks of many sequences at once are those of each."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import maskwright as mw

from .engine_cases import CLOSED, END, PERSON, TEXT, UNION, constraint_of, ids_of, random_walk, small_vocabulary

SCHEMAS: tuple[Any, ...] = (PERSON, UNION, CLOSED, TEXT, True, {"enum": ["a", "ab", 3]})
UNIQUE = {"type": "array", "items": {"enum": ["a", "b", "c", 1]}, "uniqueItems": True, "minItems": 2}


def words() -> int:
    return (small_vocabulary().size + 31) // 32


def matchers_on_the_way(constraints: list[mw.Constraint], count: int, seed: int) -> list[mw.Matcher]:
    """Matchers at the beginning, in the middle and at the end of walks."""
    chance, found = random.Random(seed), []
    for number in range(count):
        constraint = constraints[number % len(constraints)]
        matcher = constraint.matcher()
        walk = random_walk(constraint_of(SCHEMAS[number % len(SCHEMAS)]), chance, 30) if number % 3 else []
        matcher.accept_tokens(walk)
        found.append(matcher)
    return found


def row_by_row(matchers: list[mw.Matcher]) -> NDArray[np.int32]:
    bitmask = np.zeros((len(matchers), words()), np.int32)
    for row, matcher in enumerate(matchers):
        matcher.fill_next_token_bitmask(bitmask, row)
    return bitmask


@pytest.mark.parametrize("count", [0, 1, 5, 16, 17, 70, 200])
def test_a_batch_is_its_rows(count: int) -> None:
    matchers = matchers_on_the_way([constraint_of(schema) for schema in SCHEMAS], count, seed=count)
    expected = row_by_row(matchers)
    for bitmask in (np.full((count, words()), -1, np.int32), torch.full((count, words()), -1, dtype=torch.int32)):
        mw.fill_next_token_bitmasks(matchers, bitmask)
        assert np.array_equal(np.asarray(bitmask), expected)


@pytest.mark.parametrize("schema", [*SCHEMAS, UNIQUE], ids=str)
def test_a_batch_that_has_to_be_compiled_first(schema: Any) -> None:
    """Every row misses: all matchers are taken from the constraint before anything was reached."""
    walk = random_walk(constraint_of(schema), random.Random(3), 12)
    expected = row_by_row([constraint_of(schema).matcher()])
    shared = constraint_of(schema)
    matchers = [shared.matcher() for _ in range(100)]
    bitmask = np.zeros((100, words()), np.int32)
    mw.fill_next_token_bitmasks(matchers, bitmask)
    assert (bitmask == expected).all()
    for row, matcher in enumerate(matchers):
        assert matcher.accept_tokens(walk[: row % (len(walk) + 1)]) == row % (len(walk) + 1)
    mw.fill_next_token_bitmasks(matchers, bitmask)
    fresh = [constraint_of(schema).matcher() for _ in range(len(walk) + 1)]
    for length, matcher in enumerate(fresh):
        matcher.accept_tokens(walk[:length])
    assert np.array_equal(bitmask, row_by_row([fresh[row % (len(walk) + 1)] for row in range(100)]))


def test_terminated_matchers_allow_nothing() -> None:
    constraint = constraint_of({"const": "a"})
    matchers = [constraint.matcher() for _ in range(40)]
    for matcher in matchers[::2]:
        assert matcher.accept_tokens([*ids_of(b'"a"'), END]) == len(ids_of(b'"a"')) + 1
    bitmask = np.full((40, words()), -1, np.int32)
    mw.fill_next_token_bitmasks(matchers, bitmask)
    assert (bitmask[::2] == 0).all()
    assert bitmask[1::2].any(axis=1).all()


def test_rows_beyond_the_batch_and_wider_rows() -> None:
    matchers = matchers_on_the_way([constraint_of(PERSON)], 3, seed=1)
    bitmask = np.full((5, words() + 2), -1, np.int32)
    mw.fill_next_token_bitmasks(matchers, bitmask)
    assert np.array_equal(bitmask[:3, : words()], row_by_row(matchers))
    assert (bitmask[:3, words() :] == 0).all()
    assert (bitmask[3:] == -1).all()


def test_batches_from_several_threads() -> None:
    shared = [constraint_of(schema) for schema in SCHEMAS]
    batches = [matchers_on_the_way(shared, 60, seed) for seed in range(6)]
    found = [np.zeros((60, words()), np.int32) for _ in batches]
    barrier = threading.Barrier(len(batches))

    def run(index: int) -> None:
        barrier.wait()
        for _ in range(5):
            mw.fill_next_token_bitmasks(batches[index], found[index])

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for bitmask, matchers in zip(found, batches, strict=True):
        assert np.array_equal(bitmask, row_by_row(matchers))


def test_what_cannot_be_filled() -> None:
    matcher = constraint_of(PERSON).matcher()
    with pytest.raises(ValueError, match="twice"):
        mw.fill_next_token_bitmasks([matcher, matcher], np.zeros((2, words()), np.int32))
    for bitmask in (
        np.zeros((1, words()), np.int32),
        np.zeros((2, words() - 1), np.int32),
        np.zeros((2, words()), np.int64),
        np.zeros((2, 2 * words()), np.int32)[:, ::2],
        torch.zeros((2, words()), dtype=torch.int64),
        None,
    ):
        with pytest.raises(ValueError, match="a bitmask is"):
            mw.fill_next_token_bitmasks([matcher, matcher.fork()], bitmask)  # type: ignore[arg-type]
