"""What a run writes: ``run.json``, which says what was run, and ``results.jsonl``, a record for each engine and schema.

All times are in microseconds, all sizes in bytes. Records are frozen values; ``as_json`` and ``from_json`` are inverse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from .histogram import Histogram

FORMAT = 1


class Outcome(StrEnum):
    """What became of a schema under an engine."""

    COMPILED = "compiled"
    """It compiled, and all documents were run."""
    DECLINED = "declined"
    """The engine raised an error when it compiled the schema."""
    FAILED = "failed"
    """The engine raised an error after compiling, outside any document."""
    CRASH = "crash"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"


class Phase(StrEnum):
    """How far a schema came."""

    COMPILE = "compile"
    DOCUMENTS = "documents"
    GENERATION = "generation"
    DONE = "done"


class Key(NamedTuple):
    """What tells records of a run apart."""

    engine: str
    dataset: str
    name: str


@dataclass(frozen=True)
class DocumentVerdict:
    """One document of a schema.

    ``valid``: its label. ``refused_at``: the index of the first of its ``tokens`` tokens that was refused, or None.
    ``accepting``: whether the engine was in an accepting state after all of them. ``error``: what the engine raised.
    """

    valid: bool
    tokens: int
    refused_at: int | None = None
    accepting: bool = False
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """By MaskBench's reading: no token was refused."""
        return self.refused_at is None and self.error is None

    @property
    def complete(self) -> bool:
        """By the stricter reading: accepted, and the document could end there."""
        return self.accepted and self.accepting


@dataclass(frozen=True)
class Generated:
    """What a model wrote under the mask.

    ``valid``: by ``jsonschema``, None where it cannot judge. ``agrees``: equal to the task's reference answer, None
    where there is none. ``finished``: it ended within the budget. ``step_us``: the time of each output token, the
    model's forward pass included; ``mask_us``: the part that mask and acceptance took.
    """

    sampler: str
    text: str
    finished: bool
    valid: bool | None
    agrees: bool | None
    tokens: int
    forward_passes: int
    step_us: Histogram = field(default_factory=Histogram)
    mask_us: Histogram = field(default_factory=Histogram)


@dataclass(frozen=True)
class SchemaRecord:
    """One schema under one engine.

    ``dataset``: ``maskbench``, ``jsonschemabench``, ``suite`` or ``tasks``. ``split``: the part of the data set, such
    as ``Github_easy`` or ``draft2020-12``. ``tests``: how many documents the schema has; ``documents``: verdicts on
    those that were finished. ``keyword``: of the test suite, the file that the schema is from, else None. ``error``:
    one line, where the outcome is not ``compiled``. ``phase``: where the outcome befell the engine. ``compile_us``:
    the time to compile, what MaskBench's program measures as the time to first mask; ``first_mask_us``: the first
    mask after that. ``compile_memory``: by how much the resident memory's peak rose. ``masks``: a time for each token
    of each document, to compute the mask and accept the token.
    """

    engine: str
    dataset: str
    name: str
    split: str
    schema_bytes: int
    tests: int
    outcome: Outcome
    phase: Phase = Phase.DONE
    keyword: str | None = None
    error: str | None = None
    compile_us: float | None = None
    first_mask_us: float | None = None
    compile_memory: int | None = None
    documents: tuple[DocumentVerdict, ...] = ()
    masks: Histogram = field(default_factory=Histogram)
    generated: Generated | None = None

    @property
    def key(self) -> Key:
        return Key(self.engine, self.dataset, self.name)

    def as_json(self) -> dict[str, Any]:
        data = asdict(self)
        data["masks"] = self.masks.as_json()
        if self.generated is not None:
            data["generated"]["step_us"] = self.generated.step_us.as_json()
            data["generated"]["mask_us"] = self.generated.mask_us.as_json()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SchemaRecord:
        generated = data["generated"]
        if generated is not None:
            times = {name: Histogram.from_json(generated[name]) for name in ("step_us", "mask_us")}
            generated = Generated(**{**generated, **times})
        changed = {
            "outcome": Outcome(data["outcome"]),
            "phase": Phase(data["phase"]),
            "documents": tuple(DocumentVerdict(**document) for document in data["documents"]),
            "masks": Histogram.from_json(data["masks"]),
            "generated": generated,
        }
        return cls(**{**data, **changed})

    def as_line(self) -> str:
        """The record as a line of ``results.jsonl``, without the line break."""
        return json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class EngineInfo:
    """An engine of a run. ``versions``: of its packages. ``missing``: if it is not installed, how to get it.
    ``seconds``: for one schema, if not those of the run."""

    name: str
    versions: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class RunInfo:
    """``run.json``. ``options`` decide what the records hold: a run is only taken up again with the same ones."""

    options: Mapping[str, Any]
    engines: tuple[EngineInfo, ...]
    machine: Mapping[str, str]
    format: int = FORMAT

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunInfo:
        return cls(**{**data, "engines": tuple(EngineInfo(**engine) for engine in data["engines"])})
