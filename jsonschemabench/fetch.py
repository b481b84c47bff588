"""Data that are fetched once, with a progress bar, and kept in the user's cache.

An archive is streamed into a file without a name and unpacked beside its place, then moved there, so that what lies
there is never half of it, and a process that is killed leaves no archive behind. It is then fetched from the beginning:
GitHub packs archives as they are asked for, and serves no part of one. Data sets on the hub are in the hub's cache,
which takes downloads up where they ended; a link to what is whole is kept in ours.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from tqdm import tqdm

from .errors import BenchError

ARCHIVE = "https://codeload.github.com/guidance-ai/jsonschemabench/tar.gz/refs/heads/main"
"""Holds MaskBench (``maskbench/data``) and JSONSchemaBench (``data``)."""
HUB = "epfl-dlab/JSONSchemaBench"

_HASH = "#sha256="
_SECONDS = 60
_CHUNK = 1 << 16
_TABLES = "*.parquet"
_INSTEAD = "name a folder that holds the data, or another place to fetch them from"
_LATER = f"try again later, or {_INSTEAD}"


class WrongHashError(BenchError):
    """What was fetched is not what the address says it is."""


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "maskwright"


def fetch_archive(address: str, kept: Iterable[str], place: Path) -> Path:
    """The folders ``kept`` of a tar archive, without the folder that the archive puts around all, under ``place``.

    An address may end in ``#sha256=`` and the archive's hash. Raises ``BenchError``, ``WrongHashError`` among them.
    """
    if place.is_dir():
        return place
    address, _, expected = address.partition(_HASH)
    _make_folder(place.parent)
    with tempfile.TemporaryDirectory(dir=place.parent) as name, tempfile.TemporaryFile(dir=place.parent) as whole:
        found = _download(address, whole)
        if expected and found != expected.lower():
            problem = f"{address} has the SHA-256 hash {found}, not {expected}"
            raise WrongHashError(problem, "see whether the archive has changed, and name its new hash")
        unpacked = Path(name) / "unpacked"
        _unpack(address, whole, tuple(kept), unpacked)
        try:
            unpacked.rename(place)
        except OSError:
            if not place.is_dir():  # another process was faster
                raise
    return place


def fetch_hub(repository: str, fetching: bool = True) -> Path:
    """The Parquet files of a data set on the hub. ``fetching``: may the network be used? Raises ``BenchError``.

    Where each split has a folder of its own, as the splits of JSONSchemaBench have, the folder ``data`` beside them,
    an earlier upload, is left out.
    """
    place = cache_folder() / "hub" / repository.replace("/", "--")
    if place.is_dir():
        return place
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # whichever library it uses

    def snapshot(left_out: str | None) -> Path:
        found = snapshot_download(
            repository,
            repo_type="dataset",
            allow_patterns=_TABLES,
            ignore_patterns=left_out,
            local_files_only=not fetching,
        )
        return Path(found)

    try:
        folder = snapshot("data/*")
        if not any(folder.rglob(_TABLES)):
            folder = snapshot(None)
    except (OSError, HTTPError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BenchError(f"{repository} cannot be fetched from the hub: {reason}", _LATER) from error
    _make_folder(place.parent)
    with tempfile.TemporaryDirectory(dir=place.parent) as name:
        link = Path(name) / "link"
        link.symlink_to(folder)
        link.replace(place)
    return place


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"there can be no cache in {folder}: {error.strerror}", "set XDG_CACHE_HOME") from error


def _download(address: str, target: IO[bytes]) -> str:
    """The SHA-256 hash of what is written to ``target``."""
    seen = hashlib.sha256()
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:
            size = int(answer.headers.get("Content-Length") or 0)
            with tqdm(total=size or None, unit="B", unit_scale=True, desc="fetching", disable=None, leave=False) as bar:
                while chunk := answer.read(_CHUNK):
                    target.write(chunk)
                    seen.update(chunk)
                    bar.update(len(chunk))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BenchError(f"{address} cannot be fetched: {error}", _LATER) from error
    if size and target.tell() != size:
        raise BenchError(f"{address} was cut off after {target.tell()} of {size} bytes", "try again")
    return seen.hexdigest()


def _unpack(address: str, whole: IO[bytes], kept: tuple[str, ...], folder: Path) -> None:
    whole.seek(0)
    try:
        with tarfile.open(fileobj=whole, mode="r:gz") as archive:
            archive.extractall(folder, members=_members(archive, kept), filter="data")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise BenchError(
            f"{address} cannot be unpacked: {error}", "name a .tar.gz archive of jsonschemabench"
        ) from error
    if not folder.is_dir():
        raise BenchError(f"{address} holds none of {', '.join(kept)}", "name an archive of jsonschemabench")


def _members(archive: tarfile.TarFile, kept: tuple[str, ...]) -> Iterator[tarfile.TarInfo]:
    for member in archive:
        _, _, member.name = member.name.partition("/")
        if member.isfile() and any(member.name.startswith(f"{folder}/") for folder in kept):
            yield member
