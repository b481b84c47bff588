"""The official JSON Schema Test Suite: its cases, and its remote documents as a registry."""

from __future__ import annotations

import json
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
