"""The official JSON Schema Test Suite: whole serialised documents, judged by the matcher."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw

from .suite import DIALECTS, SPECIFICATIONS, remotes

BYTES = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
EXCEPTIONS = json.loads((Path(__file__).parent / "data" / "suite_exceptions.json").read_text())


def verdicts(schema: Any, documents: list[Any], **options: Any) -> list[bool]:
    specification = mw.JsonSchema(schema, property_order="any", **options)
    try:
        matcher = mw.compile(specification, BYTES).matcher()
    except mw.UnsatisfiableSchema:
        return [False] * len(documents)
    judged = []
    for document in documents:
        matcher.reset()
        text = json.dumps(document).encode()
        judged.append(matcher.accept_tokens(list(text)) == len(text) and matcher.is_accepting())
    return judged


def excepted(draft: str, file: str, group: str, test: str) -> bool:
    """Is the case listed, with its reason, as one that is not judged as the suite wants?"""
    return any(
        entry["file"] == file
        and entry["group"] == group
        and entry.get("test", test) == test
        and draft in entry.get("drafts", [draft])
        for entry in EXCEPTIONS
    )


def wrong_cases(suite: Path, draft: str, pattern: str, formats: str) -> list[str]:
    registry = remotes(suite, draft)
    base = suite / "tests" / draft
    wrong = []
    for path in sorted(base.glob(pattern)):
        file = path.relative_to(base).with_suffix("").as_posix()
        for group in json.loads(path.read_text()):
            name = group["description"]
            tests = [test for test in group["tests"] if not excepted(draft, file, name, test["description"])]
            if tests:
                options = {"dialect": DIALECTS[draft], "registry": registry, "formats": formats}
                judged = verdicts(group["schema"], [test["data"] for test in tests], **options)
                wrong += [
                    f"{file}: {name}: {test['description']}"
                    for test, accepted in zip(tests, judged, strict=True)
                    if accepted != test["valid"]
                ]
    return wrong


@pytest.mark.parametrize("draft", SPECIFICATIONS)
def test_required_cases(suite_folder: Path, draft: str) -> None:
    assert wrong_cases(suite_folder, draft, "*.json", "annotate") == []


@pytest.mark.parametrize("draft", SPECIFICATIONS)
def test_optional_cases(suite_folder: Path, draft: str) -> None:
    assert wrong_cases(suite_folder, draft, "optional/*.json", "annotate") == []
