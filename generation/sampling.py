"""``generate`` by a sampler: documents that have the law of the model, given the language."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grammar.argument_checks import whole_number
from ..grammar.errors import MaskwrightError
from ..grammar.matcher import Constraint
from ..logits.language_model import LanguageModel, Prefix, SamplingSettings
from ..logits.samplers.base import Sampler
from ..logits.samplers.exact import Exact
from ..logits.samplers.result import SamplingResult
from ..logits.transformers_model import TransformersModel
from .arguments import token_budget
from .result import GenerationResult, GenerationStats
from .speculation.pool import Choice as SpeculationChoice
from .speculation.pool import lent, options_of
from .speculation.sampler_drafts import SamplerDrafts
from .speculation.stats import SpeculationStats
from .task import Task, document

MASK = "mask"
_LENGTHS = frozenset({"max_new_tokens", "max_length", "generation_config"})
_SETTINGS = ("temperature", "top_k", "top_p")


@dataclass(frozen=True)
class Drawn:
    """``result``, and how long it took: ``seconds`` in all, ``own_seconds`` without the model."""

    result: SamplingResult
    seconds: float
    own_seconds: float
    speculation: SpeculationStats | None = None


class _TimedModel:
    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.seconds = 0.0
        self.vocabulary_size = model.vocabulary_size
        self.fingerprint = model.fingerprint

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.floating[Any]]:
        started = time.perf_counter()
        laws = self._model.log_probabilities(prefixes)
        self.seconds += time.perf_counter() - started
        return laws


def sampler_of(sampler: str | Sampler) -> Sampler | None:
    """The sampler that is meant; None for plain masking inside the model's own ``generate``."""
    if not isinstance(sampler, str):
        if not callable(getattr(sampler, "sample", None)) or isinstance(sampler, type):
            raise MaskwrightError(f"{sampler!r:.60} is no sampler", remedy="pass mw.samplers.CARS(), say, or its like")
        return sampler
    if sampler == "exact":
        return Exact()
    if sampler != MASK:
        raise MaskwrightError(f"there is no sampler {sampler!r}", remedy='pass "mask", "exact", or one of mw.samplers')
    return None


def masked_arguments(n: int | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for the model's ``generate``, that it may give ``n`` documents of a prompt."""
    if n is None:
        return dict(arguments)
    if "num_return_sequences" in arguments:
        raise MaskwrightError("both n and num_return_sequences are given", remedy="pass n alone")
    count = _check_count(n)
    return {"do_sample": count > 1, **arguments, "num_return_sequences": count}


def settings_of(model: Any, arguments: Mapping[str, Any]) -> SamplingSettings:
    """The sampling settings: as given, else those of the model's generation config, else none."""
    refused = arguments.keys() - _LENGTHS - {*_SETTINGS, "do_sample"}
    if refused or not arguments.get("do_sample", True):
        named = ", ".join(sorted(refused)) or "do_sample=False"
        raise MaskwrightError(
            f"samplers do not take {named}", remedy='leave it out, say n= for how many, or take sampler="mask"'
        )
    config = arguments.get("generation_config") or model.generation_config
    given = {name: arguments.get(name, getattr(config, name, None)) for name in _SETTINGS}
    return SamplingSettings(**{name: value for name, value in given.items() if value is not None})


def draw(
    model: Any,
    constraint: Constraint,
    prompt_ids: Sequence[int],
    settings: SamplingSettings,
    sampler: Sampler,
    *,
    n: int | None,
    max_tokens: int,
    seed: int | None,
    drafts: SamplerDrafts | None = None,
) -> Drawn:
    """``n`` documents for one prompt."""
    started = time.perf_counter()
    own = TransformersModel(model, prompt_ids, settings, drafts=drafts)
    timed = _TimedModel(own)
    timed.seconds = time.perf_counter() - started  # the prompt's own pass
    result = sampler.sample(timed, constraint, n=_check_count(n), max_tokens=max_tokens, seed=seed)
    result = replace(result, model_passes=own.passes, computed_prefixes=own.computed)
    seconds = time.perf_counter() - started
    if drafts is None:
        return Drawn(result, seconds, seconds - timed.seconds)
    drafts.finish()
    drafts.stats.tokens = result.forward_passes
    return Drawn(result, seconds, seconds - timed.seconds + drafts.stats.draft_seconds, drafts.stats)


def seed_of(seed: int | None, prompt: int) -> int | None:
    """A seed for each prompt."""
    return None if seed is None else int(np.random.SeedSequence([seed, prompt]).generate_state(1, np.uint64)[0] >> 1)


def sample_documents(
    task: Task,
    rows: Sequence[list[int]],
    seed: int | None,
    sampler: Sampler,
    n: int | None,
    arguments: dict[str, Any],
    speculation: SpeculationChoice = None,
) -> list[GenerationResult]:
    """The documents of each prompt in turn: what a sampler learns of one must not be used for another."""
    settings = settings_of(task.model, arguments)
    config = arguments.get("generation_config") or task.model.generation_config
    options = options_of(speculation)
    results = []
    for index, row in enumerate(rows):
        budget = token_budget(task.model, len(row), arguments, config)["max_new_tokens"]
        own_seed = seed_of(seed, index)
        with nullcontext() if options is None else lent(speculation, task.constraint) as learned:
            drafts = None
            if options is not None and learned is not None:
                drafts = SamplerDrafts(task.constraint, row, budget, options, learned)
            drawn = draw(
                task.model,
                task.constraint,
                row,
                settings,
                sampler,
                n=n,
                max_tokens=budget,
                seed=own_seed,
                drafts=drafts,
            )
        results += _documents(task, len(row), drawn)
    return results


def _documents(task: Task, prompt_length: int, drawn: Drawn) -> list[GenerationResult]:
    results = []
    for sample in drawn.result.samples:
        matcher = task.constraint.matcher()
        matcher.accept_tokens(sample.token_ids)
        count = len(sample.token_ids)
        seconds = drawn.seconds, drawn.own_seconds, task.compile_seconds
        stats = GenerationStats(prompt_length, count, *seconds, drawn.speculation)
        result = document(task, matcher, list(sample.token_ids), stats)
        results.append(replace(result, weight=sample.weight, sampling=drawn.result))
    return results


def _check_count(n: int | None) -> int:
    if n is None:
        return 1
    if whole_number("n", n) < 1:
        raise MaskwrightError(f"{n} documents are wanted", remedy="n is one or more")
    return int(n)
