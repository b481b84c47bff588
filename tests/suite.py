"""The official JSON Schema Test Suite: where to get it, its cases, and its remote documents as a registry.

It is carried by the source distribution of ``jsonschema``, which the package index serves.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT4, DRAFT6, DRAFT7, DRAFT201909, DRAFT202012

from maskwright.schemas.options import JsonOptions

SPECIFICATIONS = {
    "draft4": DRAFT4,
    "draft6": DRAFT6,
    "draft7": DRAFT7,
    "draft2019-09": DRAFT201909,
    "draft2020-12": DRAFT202012,
}
DIALECTS = {draft: draft.removeprefix("draft") if "-" in draft else draft for draft in SPECIFICATIONS}


_VERSION = "4.26.0"
_SHA256 = "0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326"
_DOWNLOAD = ["pip", "download", "--quiet", "--disable-pip-version-check"]
_AS_SOURCE = ["--no-binary", ":all:", "--no-deps", "--no-build-isolation"]


class SuiteUnavailableError(Exception):
    """The suite is neither here nor can it be had; the message says why."""


def fetch(cache: Path) -> Path:
    """The suite in the folder ``cache``, downloaded if it is not there yet. Raises ``SuiteUnavailableError``."""
    suite = cache / f"jsonschema-{_VERSION}-suite"
    if suite.is_dir():
        return suite
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        archive = _download(Path(folder))
        if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
            raise SuiteUnavailableError(f"the downloaded {archive.name} is not the one whose hash is known")
        with tarfile.open(archive) as files:
            files.extractall(folder, filter="data")
        try:
            (Path(folder) / f"jsonschema-{_VERSION}" / "json").rename(suite)
        except OSError:
            if not suite.is_dir():  # another process was faster
                raise
    return suite


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", *_DOWNLOAD, *_AS_SOURCE, "--dest", str(folder), f"jsonschema=={_VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise SuiteUnavailableError("the JSON Schema Test Suite cannot be downloaded in time") from None
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        reason = (done.stderr.strip().splitlines() or ["pip saved no archive"])[-1]
        raise SuiteUnavailableError(
            f"the JSON Schema Test Suite cannot be downloaded ({reason}); MASKWRIGHT_SUITE can name it"
        )
    return archives[0]


@dataclass(frozen=True)
class Group:
    """A schema of the suite with its ``tests``: documents, and whether they are valid."""

    name: str
    schema: Any
    tests: list[tuple[str, Any, bool]]


def groups(suite: Path, draft: str, file: str) -> Iterator[Group]:
    """The groups in a ``file``, such as ``ref`` or ``optional/anchor``; none where the draft has no such file."""
    path = suite / "tests" / draft / f"{file}.json"
    for group in json.loads(path.read_text()) if path.exists() else []:
        tests = [(test["description"], test["data"], test["valid"]) for test in group["tests"]]
        yield Group(f"{draft}/{file}: {group['description']}", group["schema"], tests)


def remotes(suite: Path, draft: str) -> Registry:
    """The suite's remote documents; those without a ``$schema`` are of the draft of their folder, or of ``draft``."""
    resources = []
    for path in sorted((suite / "remotes").rglob("*.json")):
        address = path.relative_to(suite / "remotes")
        specification = SPECIFICATIONS.get(address.parts[0], SPECIFICATIONS[draft])
        contents = json.loads(path.read_text())
        stated = contents.get("$schema", "") if isinstance(contents, dict) else ""
        if "draft/next" not in stated and address.parts[0] not in ("draft3", "draft-next"):
            resource = specification.create_resource(contents)
            resources.append((f"http://localhost:1234/{address.as_posix()}", resource))
    return Registry().with_resources(resources)


def options(suite: Path, draft: str) -> JsonOptions:
    return JsonOptions(dialect=DIALECTS[draft], registry=remotes(suite, draft), formats="annotate")
