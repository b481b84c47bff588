"""MaskBench: schemas from the wild, with documents labelled valid or not. The whole of it: ``scripts/conformance``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from jsonschema.validators import validator_for

import maskwright as mw
from maskwright.jsonschemabench.maskbench import cases, judge

EVERY = 25
EXCEPTIONS = Path(__file__).parent / "data" / "maskbench_exceptions.json"
LISTED = {entry["name"]: entry["error"] for entry in json.loads(EXCEPTIONS.read_text(encoding="utf-8"))}
WRITTEN = 12


@pytest.fixture(scope="module")
def tekken() -> mw.Vocabulary:
    mistral_common = pytest.importorskip("mistral_common")
    return mw.Vocabulary.from_tekken(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def test_every_schema_is_judged_rightly(maskbench_folder: Path, tekken: mw.Vocabulary) -> None:
    verdicts = {case.name.removesuffix(".json"): judge(case, tekken) for case in cases(maskbench_folder, EVERY)}
    errors = {name: type(verdict.error).__name__ for name, verdict in verdicts.items() if verdict.error is not None}
    assert errors == {name: error for name, error in LISTED.items() if name in verdicts}
    assert [name for name, verdict in verdicts.items() if verdict.wrong] == []


def test_the_bundled_model_writes_only_valid_documents(maskbench_folder: Path) -> None:
    finished = tried = 0
    for case in cases(maskbench_folder, 97, 5):
        if tried == WRITTEN:
            break
        try:
            result = mw.generate(
                None,
                "Write a document as JSON.",
                schema=mw.JsonSchema(case.schema, property_order="any", integers="plain"),
                seed=tried,
                do_sample=True,
                max_new_tokens=400,
            )
        except mw.UnsupportedSchema:
            continue
        tried += 1
        if result.finish_reason == "stop":
            finished += 1
            validator = validator_for(case.schema, default=jsonschema.Draft202012Validator)
            validator(case.schema).validate(json.loads(result.text))
    assert finished >= WRITTEN // 3
