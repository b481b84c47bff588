"""What a run tells its workers, as JSON: how to set themselves up, and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .data import Case, Task
from .engines.protocol import Setting

MASK = "mask"


@dataclass(frozen=True)
class Generation:
    """How a model is to write. ``model``: a folder or hub id, or ``tiny``. ``temperature`` 0 is greedy.

    ``sampler``: ``mask``, or one of maskwright's samplers by its name, ``exact`` among them; of its own engine only.
    """

    model: str
    prompt: str = "Write a document as JSON."
    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    sampler: str = MASK


@dataclass(frozen=True)
class WorkerSetup:
    """``memory``: by how many bytes the worker may grow for one schema. ``remotes``: for each draft, documents that
    references may name, by address. ``seconds``: for one schema, where the engine has a limit of its own."""

    engine: str
    vocabulary: str
    memory: int
    generation: Generation | None = None
    remotes: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WorkerSetup:
        generation = data["generation"] and Generation(**data["generation"])
        remotes = {draft: tuple((address, doc) for address, doc in docs) for draft, docs in data["remotes"].items()}
        return cls(**{**data, "generation": generation, "remotes": remotes})

    def setting_of(self, case: Case) -> Setting:
        return Setting(case.dialect, case.formats, self.remotes.get(case.split, ()))


def case_as_json(case: Case) -> dict[str, Any]:
    return asdict(case)


def case_from_json(data: Mapping[str, Any]) -> Case:
    documents = tuple((document, valid) for document, valid in data["documents"])
    task = data["task"] and Task(**data["task"])
    return Case(**{**data, "documents": documents, "task": task})
