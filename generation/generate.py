"""``generate``: documents of a language from a language model, in one call.

The model's own ``generate`` does the decoding, and a logits processor keeps it inside the language, or speculation
drafts for it (``speculation``), or a sampler does it all (``sampling``). Not supported: ``generate`` arguments that
replace the prompt (``input_ids``, ``inputs_embeds``, ...), and continuous batching.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

from ..grammar.argument_checks import wrong_argument
from ..grammar.limits import Limits
from ..grammar.matcher import Matcher
from ..logits.processor import LogitsProcessor
from ..logits.samplers.base import Sampler
from .arguments import check_kinds, transformers_arguments, without_padding
from .models import load
from .prompts import Prompt, encode, is_single, pad
from .result import GenerationResult, GenerationStats
from .sampling import MASK, masked_arguments, sample_documents, sampler_of
from .seeding import check_seed, document_seeds, is_plain_sampling, seeded, seeded_sampling, setting_of
from .speculation.decoding import SpeculativeDecoding
from .speculation.pool import Choice as SpeculationChoice
from .speculation.pool import chosen_decoding
from .task import Task, document, prepare

_LIMITS = ("max_new_tokens", "max_length")


def generate(
    model: Any,
    prompt: Prompt | Sequence[Any],
    *,
    schema: object,
    tokenizer: Any = None,
    system: str | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
    sampler: str | Sampler = MASK,
    n: int | None = None,
    speculation: SpeculationChoice = None,
    finish_within_budget: bool | None = None,
    **generation_kwargs: Any,
) -> Any:
    """Documents that obey ``schema``: a ``GenerationResult`` for one prompt, a list of them for several.

    ``model``: a transformers model, the name or path of one, or None for the bundled tiny model.
    ``prompt``: a string, chat messages (``{"role": ..., "content": ...}``), or a list of either.
    ``schema``: whatever ``compile`` takes, or a compiled ``Constraint``.
    ``system``: a system message, in front of every prompt.
    ``seed``: makes sampling repeatable, each document by itself: the n-th document of a prompt is the same whatever
    other prompts there are, up to what a batch does to the last bits of logits. The global random state stays as it is.
    ``sampler``: "mask", the model's own ``generate`` under masks; "exact" or one of ``mw.samplers``, whose documents
    have the law of the model given the language (``docs/samplers.md``), with ``temperature``, ``top_k``, ``top_p``,
    ``max_new_tokens``, ``max_length`` and ``generation_config`` as only further arguments.
    ``n``: how many documents for each prompt, by sampling; with more than one the result is a list, ordered by prompt.
    ``speculation``: ``"auto"``, or a ``Speculation`` with options, drafts tokens that the model verifies several at a
    time: the same documents, in law or, at temperature 0 and with a seed, the very same, in fewer passes of the model.
    With a sampler, it drafts what the sampler may ask about next.
    ``finish_within_budget``: whether masks steer so that every document is complete within the tokens that may be
    written; if not said, they do where ``max_new_tokens`` or ``max_length`` is given. A budget that is too small for
    any document is refused with ``BudgetTooSmall``.
    ``generation_kwargs``: for the model's ``generate``. With ``num_return_sequences`` above one the result is a list
    in any case, ordered by prompt. ``max_new_tokens`` is 512 if nothing else says how long, and never goes beyond the
    model's context window.

    Raises ``MaskwrightError`` for a schema, model, tokenizer or prompt that cannot be used; a document that is cut off
    is no error, see ``GenerationResult.finish_reason``.
    """
    check_kinds(generation_kwargs)
    if not isinstance(finish_within_budget, bool | None):
        raise wrong_argument("finish_within_budget", finish_within_budget, "True, False or None")
    single = is_single(prompt)
    model, tokenizer = load(model, tokenizer)
    prompts: list[Any] = [prompt] if single else list(prompt)
    task = prepare(model, tokenizer, schema, limits)
    chosen = sampler_of(sampler)
    if seed is not None:
        check_seed(seed)
    if finish_within_budget is None:
        finish_within_budget = any(generation_kwargs.get(name) is not None for name in _LIMITS)
    rows = [encode(tokenizer, each, system) for each in prompts]
    if not rows:
        results = []
    elif chosen is None:
        arguments = masked_arguments(n, generation_kwargs)
        results = _run(task, rows, seed, speculation, finish_within_budget, arguments)
    else:
        results = sample_documents(task, rows, seed, chosen, n, generation_kwargs, speculation)
    return results[0] if single and len(results) == 1 else results


class _TimedProcessor(LogitsProcessor):
    seconds = 0.0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        started = time.perf_counter()
        masked = super().__call__(input_ids, scores)
        self.seconds += time.perf_counter() - started
        return masked


def _run(
    task: Task,
    rows: Sequence[list[int]],
    seed: int | None,
    speculation: SpeculationChoice,
    within_budget: bool,
    arguments: dict[str, Any],
) -> list[GenerationResult]:
    setting = setting_of(task.model, arguments)
    count = setting("num_return_sequences") or 1
    seeds = None if seed is None or not setting("do_sample") else document_seeds(seed, rows, count)
    with chosen_decoding(speculation, task.model, task.constraint, setting, arguments) as decoding:
        if decoding is not None:
            decoding.seeds, decoding.streamer = seeds, arguments.get("streamer")
            return _write(task, rows, within_budget, {**arguments, "custom_generate": decoding})
    if seeds is None:
        return _write(task, rows, within_budget, arguments)
    if is_plain_sampling(setting):
        sampling = seeded_sampling(seeds, arguments.get("streamer"))
        return _write(task, rows, within_budget, {**arguments, "custom_generate": sampling})
    results = []
    for row, first in zip(rows, seeds[::count], strict=True):
        with seeded(first, task.model.device):
            results += _write(task, [row], within_budget, arguments)
    return results


def _write(
    task: Task, rows: Sequence[list[int]], within_budget: bool, arguments: dict[str, Any]
) -> list[GenerationResult]:
    """The documents of prompts that are written together."""
    setting = setting_of(task.model, arguments)
    arguments, padding = transformers_arguments(task, rows, arguments)
    ids, mask = pad(rows, padding, right=task.model.config.is_encoder_decoder)
    in_place = not setting("output_logits") and setting("prompt_lookup_num_tokens") is None
    config = arguments.get("generation_config")
    most = arguments["max_new_tokens"] if config is None else config.max_new_tokens
    budget = most if within_budget else None
    processor = _TimedProcessor(task.constraint, pad_token_id=padding, in_place=in_place, max_new_tokens=budget)
    decoding = arguments.get("custom_generate")
    if isinstance(decoding, SpeculativeDecoding):
        decoding.max_new_tokens = budget
    arguments["logits_processor"] = [*(arguments.get("logits_processor") or ()), processor]
    device = task.model.device
    started = time.perf_counter()
    with torch.inference_mode():
        output = task.model.generate(input_ids=ids.to(device), attention_mask=mask.to(device), **arguments)
    seconds = time.perf_counter() - started
    sequences = getattr(output, "sequences", output)
    if isinstance(decoding, SpeculativeDecoding):
        matchers: Sequence[object] = decoding.matchers
        start, speculation, mask_seconds = ids.shape[1], decoding.stats, decoding.stats.draft_seconds
    else:
        matchers = processor.finish(sequences)
        start, speculation, mask_seconds = processor.prompt_length, None, processor.seconds
    results = []
    for index, (matcher, new_ids) in enumerate(zip(matchers, sequences[:, start:].tolist(), strict=True)):
        prompt_tokens = len(rows[index * len(rows) // len(sequences)])
        assert isinstance(matcher, Matcher)
        kept = without_padding(new_ids, padding, task.constraint.vocabulary.eos_token_ids)
        stats = GenerationStats(prompt_tokens, len(kept), seconds, mask_seconds, task.compile_seconds, speculation)
        results.append(document(task, matcher, kept, stats))
    return results
