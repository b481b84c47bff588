"""MaskBench's files: schemas with documents that are labelled valid or not.

The layout is that of guidance-ai/jsonschemabench, folder ``maskbench/data``: one JSON file a schema, ``{"schema": ...,
"tests": [{"valid": bool, "data": ...}, ...]}``. The files are read where they lie; none are shipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maskwright as mw


@dataclass(frozen=True)
class Case:
    """One file: ``documents`` are pairs of a parsed document and whether it is valid."""

    name: str
    schema: Any
    documents: tuple[tuple[Any, bool], ...]


@dataclass(frozen=True)
class Verdict:
    """What became of one case: ``error`` if it was refused, else the indices of the documents judged ``wrong``."""

    name: str
    error: mw.MaskwrightError | None
    wrong: tuple[int, ...] = ()


def cases(folder: Path, every: int = 1, first: int = 0) -> Iterator[Case]:
    """Every ``every``-th file of ``folder`` by name, from number ``first`` on."""
    for path in sorted(folder.glob("*.json"))[first::every]:
        contents = json.loads(path.read_text(encoding="utf-8"))
        documents = tuple((test["data"], test["valid"]) for test in contents.get("tests", ()))
        yield Case(path.name, contents["schema"], documents)


def judge(case: Case, vocabulary: mw.Vocabulary) -> Verdict:
    """Compile the schema, and run its documents through a matcher, keys in any order."""
    wrong = []
    try:
        matcher = mw.compile(mw.JsonSchema(case.schema, property_order="any"), vocabulary).matcher()
        for index, (document, valid) in enumerate(case.documents):
            matcher.reset()
            if accepts(matcher, vocabulary, document) != valid:
                wrong.append(index)
    except mw.MaskwrightError as error:
        return Verdict(case.name, error)
    return Verdict(case.name, None, tuple(wrong))


def accepts(matcher: mw.Matcher, vocabulary: mw.Vocabulary, document: Any) -> bool:
    """Does ``matcher`` accept the whole of ``document``, as ``json.dumps`` writes it?"""
    tokens = vocabulary.tokenize(json.dumps(document, ensure_ascii=False).encode())
    return matcher.accept_tokens(tokens) == len(tokens) and matcher.is_accepting()
