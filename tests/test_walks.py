"""Random walks on MaskBench's schemas: no dead ends, and ``jsonschema`` agrees. More: ``scripts/conformance``."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw
from maskwright.generation.tiny import TINY_MODEL_PATH
from maskwright.jsonschemabench.maskbench import cases
from maskwright.jsonschemabench.reference import CannotJudgeError, Judge, python_pattern
from maskwright.jsonschemabench.walks import Walker

EVERY = 90
WALKS = 2


@pytest.fixture(scope="module")
def vocabulary() -> mw.Vocabulary:
    """2,048 tokens: all bytes, and pieces of text and JSON."""
    from transformers import AutoTokenizer

    return mw.Vocabulary.from_huggingface(AutoTokenizer.from_pretrained(TINY_MODEL_PATH, local_files_only=True))


def test_walks_end_in_valid_documents(maskbench_folder: Path, vocabulary: mw.Vocabulary) -> None:
    walker, finished = Walker(vocabulary), 0
    for number, case in enumerate(cases(maskbench_folder, EVERY, 7)):
        order = "any" if number % 2 else "schema"
        try:
            constraint = mw.compile(mw.JsonSchema(case.schema, property_order=order), vocabulary)
        except (mw.UnsupportedSchema, mw.UnsatisfiableSchema):
            continue
        for seed in range(WALKS):
            walk = walker.walk(constraint.matcher(), random.Random(seed))
            assert not walk.dead_end, f"{case.name}: after {walk.content!r}"
            finished += walk.finished
            if walk.finished:
                with contextlib.suppress(CannotJudgeError):
                    assert Judge(case.schema).accepts(walk.content), f"{case.name}: {walk.content!r}"
    assert finished >= 60


# --- the judge


@pytest.mark.parametrize(
    ("schema", "text", "valid"),
    [
        ({"multipleOf": 0.1}, b"0.3", True),
        ({"multipleOf": 0.1}, b"0.35", False),
        ({"type": "integer"}, b"1.0", True),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}, b"1.0", False),
        ({"const": 1}, b"10e-1", True),
        ({"maximum": 9007199254740992}, b"9007199254740993.0", False),
        ({"pattern": r"^\d$"}, '"٣"'.encode(), False),
        ({"pattern": "^a$"}, b'"a\\n"', False),
        ({"patternProperties": {r"^[\w]+$": False}}, '{"é": 1}'.encode(), True),
        ({"not": {"format": "date"}}, b'"2023-02-29"', True),
        ({"format": "date"}, b'"2023-02-29"', False),
        ({"format": "no such format"}, b'"a"', True),
        ({"properties": {"pattern": {"type": "string"}}, "enum": [{"pattern": "("}]}, b'{"pattern": "("}', True),
    ],
)
def test_the_judge(schema: Any, text: bytes, valid: bool) -> None:
    assert Judge(schema).accepts(text) == valid


@pytest.mark.parametrize("pattern", [r"\p{L}", r"[^\D]", "(?<a>b)"])
def test_patterns_that_the_judge_leaves(pattern: str) -> None:
    with pytest.raises(CannotJudgeError):
        python_pattern(pattern)
