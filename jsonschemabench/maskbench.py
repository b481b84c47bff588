"""MaskBench's files: schemas with documents that are labelled valid or not.

The layout is that of guidance-ai/jsonschemabench, folder ``maskbench/data``: one JSON file a schema, ``{"schema":
..., "tests": [{"valid": bool, "data": ...}, ...]}``; the name is the split, ``---`` and a name in it. The files are
read where they lie; none are shipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import maskwright as mw

from .data import Case, Entry
from .errors import BenchError

_NUMBER = re.compile(r"_\d+$")


@dataclass(frozen=True)
class Verdict:
    """What became of one case: ``error`` if it was refused, else the indices of the documents judged ``wrong``."""

    name: str
    error: mw.MaskwrightError | None
    wrong: tuple[int, ...] = ()


def entries(folder: Path) -> list[Entry]:
    """All files of ``folder``. Raises ``BenchError`` if there are none."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise BenchError(f"{folder} holds no MaskBench files", "name the folder maskbench/data of jsonschemabench")
    return [Entry("maskbench", path.stem, split_of(path.stem), partial(load, path)) for path in paths]


def split_of(stem: str) -> str:
    """The split that a file belongs to, by its name; files without ``---`` are numbered within their split."""
    split, dashes, _ = stem.partition("---")
    return split if dashes else _NUMBER.sub("", stem)


def load(path: Path) -> Case:
    """The case in a file. Raises ``BenchError`` if it is not laid out as above."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
        documents = tuple((test["data"], test["valid"]) for test in contents.get("tests", ()))
        return Case(path.stem, contents["schema"], documents, "maskbench", split_of(path.stem))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BenchError(f"{path} is no MaskBench file: {error!r}", "see maskbench/README.md there") from error


def cases(folder: Path, every: int = 1, first: int = 0) -> Iterator[Case]:
    """Every ``every``-th file of ``folder`` by name, from number ``first`` on."""
    for path in sorted(folder.glob("*.json"))[first::every]:
        yield load(path)


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
