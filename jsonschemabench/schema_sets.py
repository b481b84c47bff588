"""JSONSchemaBench as it is published: schemas alone, by split.

Two layouts: folders of schemas, ``Github_easy/o1.json``, as in the archive of guidance-ai/jsonschemabench
(``data/``); and Parquet with the columns ``json_schema`` and ``unique_id``, as on the hub
(epfl-dlab/JSONSchemaBench), one file a split (``data/Github_easy-00000-of-00001.parquet``) or a folder a split
(``Github_easy/train-00000-of-00001.parquet``).
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
        from pyarrow import parquet
    except ImportError:
        raise BenchError("Parquet files need pyarrow", "pip install 'maskwright[bench]'") from None
    found: dict[tuple[str, str], Entry] = {}
    for path in paths:
        split = _split(path)
        table = parquet.read_table(path, columns=["json_schema", "unique_id"])
        for name, text in zip(table["unique_id"].to_pylist(), table["json_schema"].to_pylist(), strict=True):
            entry = Entry("jsonschemabench", f"{split}/{name}", split, partial(_load_text, split, name, text))
            found.setdefault((split, name), entry)  # the same schema lies in the folder of its split, too
    return list(found.values())


def _split(path: Path) -> str:
    part = path.stem.partition("-0")[0]
    return part if path.parent.name == _WHOLE or part not in _PARTS else path.parent.name


def _load_text(split: str, name: str, text: str) -> Case:
    try:
        return _case(f"{split}/{name}", split, json.loads(text))
    except ValueError as error:
        raise BenchError(f"the schema {split}/{name} is not JSON: {error}", "fetch the data again") from error
