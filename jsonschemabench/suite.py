"""The official JSON Schema Test Suite: where to get it, its cases, and its remote documents.

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
from functools import partial
from pathlib import Path
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT4, DRAFT6, DRAFT7, DRAFT201909, DRAFT202012

import maskwright as mw

from .data import Case, Entry
from .errors import BenchError

SPECIFICATIONS = {
    "draft4": DRAFT4,
    "draft6": DRAFT6,
    "draft7": DRAFT7,
    "draft2019-09": DRAFT201909,
    "draft2020-12": DRAFT202012,
}
DIALECTS = {draft: draft.removeprefix("draft") if "-" in draft else draft for draft in SPECIFICATIONS}

_METASCHEMAS = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
_OLD_DRAFTS = ("draft3", "draft-next")
_ADDRESS = "http://localhost:1234/"
_VERSION = "4.26.0"
_SHA256 = "0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326"
_DOWNLOAD = ["pip", "download", "--quiet", "--disable-pip-version-check"]
_AS_SOURCE = ["--no-binary", ":all:", "--no-deps", "--no-build-isolation"]


class SuiteUnavailableError(BenchError):
    """The suite is neither here nor can it be had; the message says why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "MASKWRIGHT_SUITE can name a folder that holds it")


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
        raise SuiteUnavailableError(f"the JSON Schema Test Suite cannot be downloaded: {reason}")
    return archives[0]


# --- as the tests read it


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


def remotes(suite: Path, draft: str) -> Registry[Any]:
    """The suite's remote documents; those without a ``$schema`` are of the draft of their folder, or of ``draft``."""
    resources = [
        (address, SPECIFICATIONS[folder].create_resource(contents))
        for address, contents, folder in _remote_documents(suite, draft)
    ]
    return Registry[Any]().with_resources(resources)


def _remote_documents(suite: Path, draft: str) -> Iterator[tuple[str, Any, str]]:
    """Address, contents, and the draft that is implied."""
    for path in sorted((suite / "remotes").rglob("*.json")):
        place = path.relative_to(suite / "remotes")
        folder = place.parts[0] if place.parts[0] in SPECIFICATIONS else draft
        contents = json.loads(path.read_text(encoding="utf-8"))
        stated = contents.get("$schema", "") if isinstance(contents, dict) else ""
        if "draft/next" not in stated and place.parts[0] not in _OLD_DRAFTS:
            yield _ADDRESS + place.as_posix(), contents, folder


def options(suite: Path, draft: str) -> mw.JsonOptions:
    return mw.JsonOptions(dialect=DIALECTS[draft], registry=remotes(suite, draft), formats="annotate")


# --- as the benchmark reads it


def entries(suite: Path, drafts: tuple[str, ...]) -> list[Entry]:
    """A case for each group of the required tests; formats are annotations, as there. Raises ``BenchError``."""
    unknown = [draft for draft in drafts if draft not in SPECIFICATIONS]
    if unknown:
        raise BenchError(f"there is no draft {unknown[0]}", f"name some of {', '.join(SPECIFICATIONS)}")
    if not (suite / "tests").is_dir():
        raise BenchError(f"{suite} holds no tests/", "name a copy of the JSON Schema Test Suite")
    return [
        Entry("suite", name, draft, partial(_case, name, draft, path.stem, group))
        for draft in drafts
        for path in sorted((suite / "tests" / draft).glob("*.json"))
        for number, group in enumerate(json.loads(path.read_text(encoding="utf-8")))
        if (name := f"{draft}/{path.stem}/{number:03} {group['description']}")
    ]


def _case(name: str, draft: str, keyword: str, group: dict[str, Any]) -> Case:
    documents = tuple((test["data"], test["valid"]) for test in group["tests"])
    schema = _with_dialect(group["schema"], draft)
    return Case(name, schema, documents, "suite", draft, keyword, DIALECTS[draft], "annotate")


def _with_dialect(schema: Any, draft: str) -> Any:
    """The schema, saying which draft it is of: engines have no other way to know."""
    if isinstance(schema, dict) and "$schema" not in schema:
        return {"$schema": _METASCHEMAS[draft], **schema}
    return schema


def remote_contents(suite: Path, draft: str) -> list[tuple[str, Any]]:
    """The suite's remote documents by address, each saying which draft it is of."""
    return [(address, _with_dialect(contents, folder)) for address, contents, folder in _remote_documents(suite, draft)]
