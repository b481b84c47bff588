"""A data set, filled in by batches: killed and started again, it goes on where it was, without a row lost or doubled.

    python examples/fill_data_set.py people.jsonl --rows 200 --batch-size 16

Rows are JSON Lines, written in order and a batch at a time. A row counts when its line is whole; a line that was cut
off is taken away when the program starts again.
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

import transformers
from pydantic import BaseModel, Field
from tqdm import tqdm

import maskwright.pipelines
from maskwright.generation.tiny import TINY_MODEL_PATH

TOWNS = ["Oslo", "Lima", "Accra", "Kyoto", "Quito"]


class Person(BaseModel):
    name: str = Field(max_length=30)
    age: int = Field(ge=0, le=120)


def prompts(rows: range) -> Iterator[str]:
    for row in rows:
        yield f"Write a person who lives in {TOWNS[row % len(TOWNS)]}, number {row}."


def done(path: Path) -> int:
    """How many whole lines there are, after a beginning of one is cut off."""
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        file.truncate(sum(map(len, whole)))
    return len(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill a data set.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=8)
    options = parser.parse_args()
    model = str(TINY_MODEL_PATH)
    write = transformers.pipeline(maskwright.pipelines.TASK, model=model, schema=Person, device="cpu")
    start = done(options.path)
    results = write(prompts(range(start, options.rows)), batch_size=options.batch_size, return_full_result=True)
    with options.path.open("a") as file, tqdm(total=options.rows, initial=start) as progress:
        for row, result in enumerate(results, start):
            value = result.value.model_dump() if result.finish_reason == "stop" else None
            file.write(json.dumps({"row": row, "value": value}) + "\n")
            progress.update()
            if (row + 1 - start) % options.batch_size == 0:
                file.flush()
                os.fsync(file.fileno())


if __name__ == "__main__":
    main()
