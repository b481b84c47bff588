"""What is run: cases, each a schema with documents or a task, and data sets, which are lists of entries to load."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Task:
    """What a model is asked, and the ``answer`` that is right, if one is known."""

    prompt: str
    answer: Any = None
    has_answer: bool = False


@dataclass(frozen=True)
class Case:
    """A schema. ``documents`` are pairs of a parsed document and whether it is valid.

    ``keyword`` and ``dialect`` are given for the test suite only: the file that a schema is from, and the dialect
    that its folder implies.
    """

    name: str
    schema: Any
    documents: tuple[tuple[Any, bool], ...] = ()
    dataset: str = "maskbench"
    split: str = ""
    keyword: str | None = None
    dialect: str | None = None
    formats: str = "assert"
    task: Task | None = None


@dataclass(frozen=True)
class Entry:
    """A case that is not loaded yet."""

    dataset: str
    name: str
    split: str
    load: Callable[[], Case] = field(compare=False)


@dataclass(frozen=True)
class Selection:
    """Which entries of a data set are run: those of ``splits`` (all, if empty), of these every ``every``-th, of these
    ``sample``, drawn with ``seed``."""

    splits: tuple[str, ...] = ()
    every: int = 1
    sample: int | None = None
    seed: int = 0

    def of(self, entries: Iterable[Entry]) -> list[Entry]:
        """In the order of names; the same for the same entries."""
        chosen = sorted((entry for entry in entries if self._has(entry)), key=lambda entry: (entry.dataset, entry.name))
        chosen = chosen[:: self.every]
        if self.sample is None or self.sample >= len(chosen):
            return chosen
        numbers = random.Random(self.seed).sample(range(len(chosen)), self.sample)
        return [chosen[number] for number in sorted(numbers)]

    def _has(self, entry: Entry) -> bool:
        return not self.splits or entry.split in self.splits


def splits_of(entries: Sequence[Entry]) -> list[str]:
    return sorted({entry.split for entry in entries})
