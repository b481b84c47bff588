"""JSONSchemaBench as it is published: schemas alone, by split.

Two layouts: folders of schemas, ``Github_easy/o1.json``, as in the archive of guidance-ai/jsonschemabench
(``data/``); and Parquet with the columns ``json_schema`` and ``unique_id``, as on the hub
(epfl-dlab/JSONSchemaBench), a folder a split (``Github_easy/train-00000-of-00001.parquet``) or, where there are no such
folders, one file a split (``data/Github_easy-00000-of-00001.parquet``). The hub has both, and in ``data`` the union of
all splits from GitHub as well, whose schemas would be run twice.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from .data import Case, Entry
from .errors import BenchError

_PARTS = ("train", "val", "validation", "test")
_WHOLE = "data"
"""The folder on the hub that holds all splits, next to a folder for each."""


def entries(folder: Path) -> list[Entry]:
    """All schemas under ``folder``. Raises ``BenchError`` if there are none."""
    tables = sorted(folder.rglob("*.parquet"))
    found = _from_parquet(tables) if tables else _from_files(folder)
    if not found:
        raise BenchError(
            f"{folder} holds no schemas", "name a folder with folders of JSON files, or with Parquet files"
        )
    return found


def _from_files(folder: Path) -> list[Entry]:
    return [
        Entry("jsonschemabench", f"{path.parent.name}/{path.stem}", path.parent.name, partial(_load_file, path))
        for path in sorted(folder.glob("*/*.json"))
    ]


def _load_file(path: Path) -> Case:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BenchError(f"{path} is not JSON: {error}", "fetch it again") from error
    return _case(f"{path.parent.name}/{path.stem}", path.parent.name, schema)


def _case(name: str, split: str, schema: Any) -> Case:
    return Case(name, schema, dataset="jsonschemabench", split=split)


def _from_parquet(paths: list[Path]) -> list[Entry]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise BenchError("Parquet files need pyarrow", "pip install 'maskwright[bench]'") from None
    found: dict[tuple[str, str], Entry] = {}
    by_split = [path for path in paths if path.parent.name != _WHOLE]
    for path in by_split or paths:
        split = _split(path)
        try:
            table = parquet.read_table(path, columns=["json_schema", "unique_id"])
            named = zip(table["unique_id"].to_pylist(), table["json_schema"].to_pylist(), strict=True)
        except (ArrowException, OSError, KeyError) as error:
            problem = f"{path} is no table of schemas with the columns json_schema and unique_id: {error}"
            raise BenchError(problem, "fetch it again") from error
        for name, text in named:
            entry = Entry("jsonschemabench", f"{split}/{name}", split, partial(_load_text, split, name, text))
            found.setdefault((split, name), entry)
    return list(found.values())


def _split(path: Path) -> str:
    part = path.stem.partition("-0")[0]
    return part if path.parent.name == _WHOLE or part not in _PARTS else path.parent.name


def _load_text(split: str, name: str, text: str) -> Case:
    try:
        return _case(f"{split}/{name}", split, json.loads(text))
    except ValueError as error:
        raise BenchError(f"the schema {split}/{name} is not JSON: {error}", "fetch the data again") from error
