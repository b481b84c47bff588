"""Made-up runs for the report's tests: engines with temperaments, and schemas of all sizes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from maskwright.jsonschemabench.histogram import Histogram
from maskwright.jsonschemabench.records import (
    DocumentVerdict,
    EngineInfo,
    Generated,
    Outcome,
    Phase,
    RunInfo,
    SchemaRecord,
)
from maskwright.jsonschemabench.store import Store, write_summary
from maskwright.jsonschemabench.summary import summarise

SPLITS = {
    "Github_medium": 1355,
    "Github_easy": 1334,
    "Glaiveai2K": 1222,
    "Github_hard": 889,
    "Kubernetes": 740,
    "JsonSchemaStore": 345,
    "Github_trivial": 313,
    "Synthesized": 305,
    "Snowplow": 284,
    "BFCL_simple": 238,
    "BFCL_parallel_multiple": 131,
    "Github_ultra": 111,
    "WashingtonPost": 92,
    "MCPspec": 33,
}
KEYWORDS = (
    *("additionalProperties", "allOf", "anchor", "anyOf", "boolean_schema", "const", "contains", "content", "default"),
    *("defs", "dependentRequired", "dependentSchemas", "dynamicRef", "enum", "exclusiveMaximum", "exclusiveMinimum"),
    *("format", "if-then-else", "infinite-loop-detection", "items", "maxContains", "maxItems", "maxLength"),
    *("maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties", "minimum", "multipleOf"),
    *("not", "oneOf", "pattern", "patternProperties", "prefixItems", "properties", "propertyNames", "ref", "refRemote"),
    *("required", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems", "unknownKeyword", "vocabulary"),
)


@dataclass(frozen=True)
class Temperament:
    """How an engine behaves: which share of schemas it declines and of documents it gets wrong, and its times in µs."""

    versions: dict[str, str]
    declines: float
    errs: float
    mask: float
    spread: float
    compiling: float
    growth: float
    crashes: float = 0.0


ENGINES = {
    "llguidance": Temperament({"llguidance": "1.9.1"}, 0.08, 0.004, 16, 0.9, 600, 0.35),
    "maskwright": Temperament({"maskwright": "0.2.0", "numba": "0.68.0"}, 0.001, 0.0, 3.4, 0.45, 300, 0.3),
    "xgrammar": Temperament({"xgrammar": "0.2.8"}, 0.05, 0.05, 4.5, 1.6, 9000, 0.8, 0.003),
    "xgrammar-strict": Temperament({"xgrammar": "0.2.8"}, 0.06, 0.06, 4.1, 1.5, 7000, 0.8, 0.003),
    "outlines-core": Temperament({"outlines-core": "0.2.14"}, 0.35, 0.12, 40, 0.4, 800_000, 0.9, 0.01),
    "lm-format-enforcer": Temperament({"lm-format-enforcer": "0.11.3"}, 0.2, 0.1, 900, 1.3, 400, 0.5),
    "grid": Temperament({"grid-guardrail": "0.3.0"}, 0.3, 0.05, 120, 1.0, 5000, 0.5, 0.02),
    "llama.cpp": Temperament({"llama-cpp-python": "0.3.36"}, 0.15, 0.2, 9000, 1.1, 300, 0.4, 0.01),
    "none": Temperament({}, 0.0, 0.3, 0.2, 0.2, 1, 0.0),
}
WRITERS = ("llguidance", "maskwright", "none")
_FAILURES = (
    "ValueError: Unimplemented keys: ['contains', 'minContains'] at '#/properties/a/b'",
    "ValueError: regex of 14212 states is too large (limit 10000)",
    "NotImplementedError: $ref to 'https://example.com/schema.json' <remote>",
)
MISSING = EngineInfo("formatron", missing="pip install formatron")


def write_run(folder: Path, every: int = 20, seed: int = 1) -> Path:
    """A run over each ``every``-th schema of MaskBench's size, and one schema for each keyword of the suite."""
    info = RunInfo(
        options={
            "datasets": ["maskbench", "suite"],
            "drafts": ["draft2020-12"],
            "splits": [],
            "every": every,
            "sample": None,
            "seed": seed,
            "vocabulary": "tekken",
            "seconds": 60.0,
            "memory": 4 << 30,
            "threads": 1,
            "generation": None,
        },
        engines=(*(EngineInfo(name, each.versions) for name, each in ENGINES.items()), MISSING),
        machine={"processor": "A made-up processor at 3 GHz", "cores": "2", "system": "Linux-6.1", "python": "3.11.2"},
    )
    store = Store(folder, info)
    records = list(_records(every, random.Random(seed)))
    for record in records:
        store.add(record)
    store.close()
    write_summary(folder, summarise(info, records))
    return folder


def write_model_run(folder: Path, sampler: str = "mask") -> Path:
    """A run in which a model wrote: over schemas with documents and over tasks, two engines and the baseline."""
    generation = {"model": "tiny", "prompt": "Write.", "max_new_tokens": 64, "temperature": 1.0, "seed": 0}
    info = RunInfo(
        options={
            "datasets": ["maskbench", "tasks"],
            "every": 1,
            "seed": 0,
            "vocabulary": "tiny",
            "seconds": 60.0,
            "memory": 4 << 30,
            "threads": 1,
            "generation": {**generation, "sampler": sampler},
        },
        engines=tuple(EngineInfo(name, ENGINES[name].versions) for name in WRITERS),
        machine={"processor": "A made-up processor at 3 GHz", "cores": "2"},
    )
    store = Store(folder, info)
    records = list(_written_records(sampler, random.Random(2)))
    for record in records:
        store.add(record)
    store.close()
    write_summary(folder, summarise(info, records))
    return folder


def _written_records(sampler: str, chance: random.Random) -> Iterator[SchemaRecord]:
    for number in range(8):
        for engine in WRITERS:
            for dataset, split in (("maskbench", f"Split_{number % 2}"), ("tasks", "mine")):
                record = _record(engine, dataset, f"{split}---{number}", split, 200, None, chance)
                if dataset == "tasks":
                    record = replace(record, tests=0, documents=(), masks=Histogram())
                if record.outcome is Outcome.COMPILED:
                    record = replace(record, generated=_written(engine, dataset, sampler, chance))
                yield record


def _written(engine: str, dataset: str, sampler: str, chance: random.Random) -> Generated:
    valid, tokens = engine != "none" and chance.random() < 0.8, chance.randint(5, 40)
    times = Histogram.of([chance.lognormvariate(9, 0.3) for _ in range(tokens)])
    masks = Histogram.of([chance.lognormvariate(4, 0.5) for _ in range(tokens if sampler == "mask" else 0)])
    agrees = chance.random() < 0.5 if dataset == "tasks" else None
    return Generated(sampler, "{}", valid, valid, agrees, tokens, tokens, times, masks)


def _records(every: int, chance: random.Random) -> Iterator[SchemaRecord]:
    for split, size in SPLITS.items():
        for number in range(0, size, every):
            schema_bytes = int(chance.lognormvariate(7.2, 1.3)) + 20
            for engine in ENGINES:
                yield _record(engine, "maskbench", f"{split}---{number}", split, schema_bytes, None, chance)
    for keyword in KEYWORDS:
        for number in range(3):
            name = f"draft2020-12/{keyword}/{number:03} of {keyword}"
            for engine in ENGINES:
                yield _record(engine, "suite", name, "draft2020-12", 60, keyword, chance)


def _record(
    engine: str, dataset: str, name: str, split: str, schema_bytes: int, keyword: str | None, chance: random.Random
) -> SchemaRecord:
    nature = ENGINES[engine]
    tests = chance.randint(2, 6)
    hardness = 4.0 if keyword else 2.5 if split in ("Github_hard", "Github_ultra", "JsonSchemaStore") else 0.7
    about = (engine, dataset, name, split, schema_bytes, tests)
    if chance.random() < nature.crashes:
        outcome = chance.choice([Outcome.CRASH, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY])
        return SchemaRecord(*about, outcome, Phase.COMPILE, keyword, "the process ended with signal 11")
    if chance.random() < nature.declines * hardness:
        return SchemaRecord(*about, Outcome.DECLINED, Phase.COMPILE, keyword, chance.choice(_FAILURES))
    documents = tuple(_document(number, nature.errs * hardness, chance) for number in range(tests))
    tokens = sum(document.tokens for document in documents)
    return SchemaRecord(
        *about,
        Outcome.COMPILED,
        keyword=keyword,
        compile_us=nature.compiling * (schema_bytes / 1000) ** nature.growth * chance.lognormvariate(0, 0.4),
        first_mask_us=nature.mask * 30,
        compile_memory=int(nature.compiling * 900 * chance.random()),
        documents=documents,
        masks=Histogram.of([nature.mask * chance.lognormvariate(0, nature.spread) for _ in range(tokens)]),
    )


def _document(number: int, errs: float, chance: random.Random) -> DocumentVerdict:
    valid, tokens = number % 2 == 0, chance.randint(5, 40)
    right = chance.random() >= errs
    refused = None if valid == right else tokens // 2
    return DocumentVerdict(valid, tokens, refused, accepting=refused is None)
