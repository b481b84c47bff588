"""Data that are fetched once, with a progress bar, and kept in the user's cache.

An archive is streamed into a temporary folder beside its place and moved there when it is whole, so that what lies
there is never half of it.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from .errors import BenchError

ARCHIVE = "https://codeload.github.com/guidance-ai/jsonschemabench/tar.gz/refs/heads/main"
"""Holds MaskBench (``maskbench/data``) and JSONSchemaBench (``data``)."""
HUB = "epfl-dlab/JSONSchemaBench"

_SECONDS = 60
_CHUNK = 1 << 16


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "maskwright"


def fetch_archive(address: str, kept: Iterable[str], place: Path) -> Path:
    """The folders ``kept`` of a tar archive, without the folder that the archive puts around all, under ``place``.

    Raises ``BenchError``.
    """
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as name:
        whole = Path(name) / "archive.tar.gz"
        _download(address, whole)
        unpacked = Path(name) / "unpacked"
        with tarfile.open(whole) as archive:
            archive.extractall(unpacked, members=_members(archive, tuple(kept)), filter="data")
        if not unpacked.is_dir():
            raise BenchError(f"{address} holds none of {', '.join(kept)}", "name an archive of jsonschemabench")
        try:
            unpacked.rename(place)
        except OSError:
            if not place.is_dir():  # another process was faster
                raise
    return place


def fetch_hub(repository: str) -> Path:
    """The Parquet files of a data set on the hub, in the hub's own cache. Raises ``BenchError``."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(repository, repo_type="dataset", allow_patterns="*.parquet"))
    except (OSError, HfHubHTTPError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BenchError(f"{repository} cannot be fetched from the hub: {reason}", "name a folder instead") from error


def _download(address: str, target: Path) -> None:
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer, target.open("wb") as file:
            size = int(answer.headers.get("Content-Length") or 0)
            with tqdm(total=size or None, unit="B", unit_scale=True, desc="fetching", disable=None, leave=False) as bar:
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise BenchError(f"{address} cannot be fetched: {error}", "name a folder with the data instead") from error
    if size and target.stat().st_size != size:
        raise BenchError(f"{address} was cut off after {target.stat().st_size} of {size} bytes", "try again")


def _members(archive: tarfile.TarFile, kept: tuple[str, ...]) -> Iterator[tarfile.TarInfo]:
    for member in archive:
        _, _, member.name = member.name.partition("/")
        if member.isfile() and any(member.name.startswith(f"{folder}/") for folder in kept):
            yield member
