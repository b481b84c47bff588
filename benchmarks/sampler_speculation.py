"""How many passes of the model samplers save with speculation, on a JSON schema with the bundled model.

    python benchmarks/sampler_speculation.py [--documents 8] [--out benchmarks/results/sampler_speculation.json]

Each sampler draws the same documents of one seed without and with ``speculation="auto"``: prefixes that it asked about,
prefixes that the model computed, passes of the model (each of several prefixes), and seconds. Passes that are
speculated are few or many by what they were seen to cost, so the counts differ a little from run to run.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from engines import conditions

import maskwright as mw

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 10},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 3},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
SAMPLERS: dict[str, Any] = {
    "Mask": mw.samplers.Mask(),
    "SMC, 32 particles": mw.samplers.SMC(particles=32),
    "exact": "exact",
    "exact, one attempt at a time": mw.samplers.Exact(batch=1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Passes of the model that samplers save with speculation.")
    parser.add_argument("--documents", type=int, default=8)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = [row for name in SAMPLERS for row in compared(name, arguments.documents)]
    text = json.dumps({"conditions": conditions(), "documents": arguments.documents, "rows": rows}, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


def compared(name: str, documents: int) -> list[dict[str, Any]]:
    """The rows of a sampler, without and with speculation."""
    rows, texts = [], []
    for speculation in (None, "auto"):
        started = time.perf_counter()
        results = mw.generate(
            None,
            "Write a person.",
            schema=SCHEMA,
            sampler=SAMPLERS[name],
            n=documents,
            max_new_tokens=80,
            seed=1,
            speculation=speculation,
        )
        seconds = time.perf_counter() - started
        sampling = results[0].sampling
        texts.append([each.token_ids for each in results])
        rows.append(
            {
                "sampler": name,
                "speculation": speculation,
                "asked": sampling.forward_passes,
                "computed": sampling.computed_prefixes,
                "passes": sampling.model_passes,
                "seconds": seconds,
            }
        )
    rows[1]["same documents"] = texts[0] == texts[1]
    return rows


if __name__ == "__main__":
    main()
