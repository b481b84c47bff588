"""Where the data are: in a folder that is named, in one that the environment names, in the cache, or on the network."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import maskbench, schema_sets, suite, tasks
from .data import Entry
from .errors import BenchError
from .fetch import ARCHIVE, HUB, cache_folder, fetch_archive, fetch_hub

DATASETS = ("maskbench", "jsonschemabench", "suite", "tasks")
_KEPT = ("maskbench/data", "data")
_HUB_PREFIX = "hub:"


@dataclass(frozen=True)
class Place:
    """Where to look for a data set. ``named``: a path, or ``hub:owner/name``. ``fetching``: may the network be used?"""

    named: str | None = None
    archive: str = ARCHIVE
    fetching: bool = True
    drafts: tuple[str, ...] = ("draft2020-12",)


def entries_of(dataset: str, place: Place) -> list[Entry]:
    """All entries of a data set. Raises ``BenchError`` where it is not to be found."""
    if dataset == "maskbench":
        return maskbench.entries(_folder(place, "maskbench", "maskbench/data"))
    if dataset == "jsonschemabench":
        if place.named is not None and place.named.startswith(_HUB_PREFIX):
            return schema_sets.entries(fetch_hub(place.named.removeprefix(_HUB_PREFIX) or HUB, place.fetching))
        return schema_sets.entries(_folder(place, "jsonschemabench", "data"))
    if dataset == "suite":
        return suite.entries(suite_folder(place), place.drafts)
    if dataset == "tasks":
        return tasks.entries(_existing(place.named, Path.is_file, "a file of tasks"))
    raise BenchError(f"there is no data set {dataset}", f"name some of {', '.join(DATASETS)}")


def suite_folder(place: Place) -> Path:
    """The JSON Schema Test Suite. Raises ``BenchError``."""
    named = place.named or os.environ.get("MASKWRIGHT_SUITE")
    if named is not None:
        return _existing(named, Path.is_dir, "a folder")
    if not place.fetching:
        raise BenchError("the JSON Schema Test Suite is not here", "set MASKWRIGHT_SUITE, or allow fetching it")
    return suite.fetch(cache_folder())


def _folder(place: Place, below_data: str, in_archive: str) -> Path:
    """A folder that is named; ``below_data`` in the folder MASKWRIGHT_DATA; or ``in_archive`` of what is fetched."""
    if place.named is not None:
        return _existing(place.named, Path.is_dir, "a folder")
    data = os.environ.get("MASKWRIGHT_DATA")
    if data is not None and (Path(data) / below_data).is_dir():
        return Path(data) / below_data
    cached = cache_folder() / "jsonschemabench"
    if not cached.is_dir() and not place.fetching:
        raise BenchError(f"{below_data} is not here", f"name its folder, or put it into MASKWRIGHT_DATA/{below_data}")
    return fetch_archive(place.archive, _KEPT, cached) / in_archive


def _existing(named: str | None, is_right: Callable[[Path], bool], kind: str) -> Path:
    if named is None or not is_right(Path(named)):
        raise BenchError(f"{named or 'nothing'} is not {kind}", "name one that is there")
    return Path(named)
