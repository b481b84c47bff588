"""``generate``: documents of a language from a language model, in one call.

The model's own ``generate`` does the decoding; a logits processor keeps it inside the language. Not supported:
``generate`` arguments that replace the prompt (``input_ids``, ``inputs_embeds``, ...), and continuous batching.
"""

from __future__ import annotations

import codecs
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..grammar.errors import MaskwrightError
from ..grammar.limits import Limits
from ..grammar.matcher import Constraint, Matcher
from ..logits.checks import check_width
from ..logits.processor import LogitsProcessor
from ..schemas.json_text import read_document
from ..schemas.specification import compile_once, specification_of, vocabulary_of
from ..schemas.tool_calls import ToolCall
from ..schemas.tools import Tools
from .models import check_tokenizer, context_window, decoder_prompt, end_tokens, load, logits_width
from .prompts import Prompt, encode, is_single, pad
from .result import GenerationResult, GenerationStats
from .seeding import check_seed, document_seeds, is_plain_sampling, seeded, seeded_sampling, setting_of
from .speculation.decoding import SpeculativeDecoding
from .speculation.pool import Choice as SpeculationChoice
from .speculation.pool import chosen_decoding

DEFAULT_MAX_NEW_TOKENS = 512
_READ_DOCUMENT: Callable[[str], object] = read_document
_OURS = frozenset({"inputs", "input_ids", "inputs_embeds", "attention_mask"})
_FORCED = ("forced_bos_token_id", "forced_eos_token_id")


def generate(
    model: Any,
    prompt: Prompt | Sequence[Any],
    *,
    schema: object,
    tokenizer: Any = None,
    system: str | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
    speculation: SpeculationChoice = None,
    **generation_kwargs: Any,
) -> Any:
    """Documents that obey ``schema``: a ``GenerationResult`` for one prompt, a list of them for several.

    ``model``: a transformers model, the name or path of one, or None for the bundled tiny model.
    ``prompt``: a string, chat messages (``{"role": ..., "content": ...}``), or a list of either.
    ``schema``: whatever ``compile`` takes, or a compiled ``Constraint``.
    ``system``: a system message, in front of every prompt.
    ``seed``: makes sampling repeatable, each document by itself: the n-th document of a prompt is the same whatever
    other prompts there are, up to what a batch does to the last bits of logits. The global random state stays as it is.
    ``speculation``: ``"auto"``, or a ``Speculation`` with options, drafts tokens that the model verifies several at a
    time: the same documents, in law or, at temperature 0 and with a seed, the very same, in fewer passes of the model.
    ``generation_kwargs``: for the model's ``generate``. With ``num_return_sequences`` above one the result is a list
    in any case, ordered by prompt. ``max_new_tokens`` is 512 if nothing else says how long, and never goes beyond the
    model's context window.

    Raises ``MaskwrightError`` for a schema, model, tokenizer or prompt that cannot be used; a document that is cut off
    is no error, see ``GenerationResult.finish_reason``.
    """
    model, tokenizer = load(model, tokenizer)
    single = is_single(prompt)
    prompts: list[Any] = [prompt] if single else list(prompt)
    task = _prepare(model, tokenizer, schema, limits)
    results = _run(task, prompts, system, seed, speculation, generation_kwargs) if prompts else []
    return results[0] if single and len(results) == 1 else results


@dataclass(frozen=True)
class _Task:
    """What generating takes, apart from prompts and arguments."""

    model: Any
    tokenizer: Any
    constraint: Constraint
    parse: Callable[[str], object]
    tool_calls: Callable[[str], tuple[ToolCall, ...]]
    compile_seconds: float


class _TimedProcessor(LogitsProcessor):
    seconds = 0.0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        started = time.perf_counter()
        masked = super().__call__(input_ids, scores)
        self.seconds += time.perf_counter() - started
        return masked


def _prepare(model: Any, tokenizer: Any, schema: object, limits: Limits | None) -> _Task:
    started = time.perf_counter()
    width = logits_width(model)
    if isinstance(schema, Constraint):
        constraint, parse, tool_calls = schema, _READ_DOCUMENT, _no_calls
        check_width(constraint.vocabulary, width)
    else:
        check_tokenizer(tokenizer, width)
        specification = specification_of(schema)
        vocabulary = vocabulary_of(tokenizer, width, end_tokens(model, tokenizer))
        constraint, parse = compile_once(specification, vocabulary, limits), specification.parse
        tool_calls = specification.tool_calls if isinstance(specification, Tools) else _no_calls
    return _Task(model, tokenizer, constraint, parse, tool_calls, time.perf_counter() - started)


def _run(
    task: _Task,
    prompts: Sequence[Prompt],
    system: str | None,
    seed: int | None,
    speculation: SpeculationChoice,
    arguments: dict[str, Any],
) -> list[GenerationResult]:
    rows = [encode(task.tokenizer, prompt, system) for prompt in prompts]
    setting = setting_of(task.model, arguments)
    if seed is not None:
        check_seed(seed)
    count = setting("num_return_sequences") or 1
    seeds = None if seed is None or not setting("do_sample") else document_seeds(seed, rows, count)
    with chosen_decoding(speculation, task.model, task.constraint, setting) as decoding:
        if decoding is not None:
            decoding.seeds = seeds
            return _write(task, rows, {**arguments, "custom_generate": decoding})
    if seeds is None:
        return _write(task, rows, arguments)
    if is_plain_sampling(setting):
        return _write(task, rows, {**arguments, "custom_generate": seeded_sampling(seeds, arguments.get("streamer"))})
    results = []
    for row, first in zip(rows, seeds[::count], strict=True):
        with seeded(first, task.model.device):
            results += _write(task, [row], arguments)
    return results


def _write(task: _Task, rows: Sequence[list[int]], arguments: dict[str, Any]) -> list[GenerationResult]:
    """The documents of prompts that are written together."""
    setting = setting_of(task.model, arguments)
    arguments, padding = _arguments(task, rows, arguments)
    ids, mask = pad(rows, padding, right=task.model.config.is_encoder_decoder)
    in_place = not setting("output_logits") and setting("prompt_lookup_num_tokens") is None
    processor = _TimedProcessor(task.constraint, pad_token_id=padding, in_place=in_place)
    arguments["logits_processor"] = [*(arguments.get("logits_processor") or ()), processor]
    device = task.model.device
    started = time.perf_counter()
    with torch.inference_mode():
        output = task.model.generate(input_ids=ids.to(device), attention_mask=mask.to(device), **arguments)
    seconds = time.perf_counter() - started
    sequences = getattr(output, "sequences", output)
    decoding = arguments.get("custom_generate")
    if isinstance(decoding, SpeculativeDecoding):
        matchers: Sequence[object] = decoding.matchers
        start, speculation = ids.shape[1], decoding.stats
        mask_seconds = speculation.draft_seconds
    else:
        matchers = processor.finish(sequences)
        start, speculation = processor.prompt_length, None
        mask_seconds = processor.seconds
    results = []
    for index, (matcher, new_ids) in enumerate(zip(matchers, sequences[:, start:].tolist(), strict=True)):
        prompt_tokens = len(rows[index * len(rows) // len(sequences)])
        assert isinstance(matcher, Matcher)
        kept = _without_padding(new_ids, padding, task.constraint.vocabulary.eos_token_ids)
        stats = GenerationStats(prompt_tokens, len(kept), seconds, mask_seconds, task.compile_seconds, speculation)
        results.append(_result(task, matcher, kept, stats))
    return results


def _arguments(task: _Task, rows: Sequence[list[int]], given: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The arguments for the model's ``generate``, and the padding token."""
    refused = _OURS & given.keys()
    if refused:
        raise MaskwrightError(f"generate() makes {', '.join(sorted(refused))} itself", remedy="leave it out")
    setting = setting_of(task.model, given)
    if setting("cache_implementation") == "paged":
        raise MaskwrightError(
            "transformers drops logits processors with cache_implementation='paged'",
            remedy="use maskwright.ContinuousBatchingLogitsProcessor with the model's continuous batching",
        )
    arguments = {"tokenizer": task.tokenizer, **given, **decoder_prompt(task.model, setting, len(rows))}
    arguments |= {name: None for name in _FORCED if setting(name) is not None}
    prompt_length = _prompt_length(task.model, rows, arguments)
    own = task.model.generation_config
    config = copy.deepcopy(arguments.get("generation_config"))
    padding = _padding(task, given)
    settings = {
        "eos_token_id": list(task.constraint.vocabulary.eos_token_ids),
        "pad_token_id": padding,
        **_budget(task.model, prompt_length, given, config or own),
    }
    if config is None:
        return {**arguments, **settings}, padding
    config.update(**settings)
    return {**arguments, "generation_config": config}, padding


def _prompt_length(model: Any, rows: Sequence[list[int]], arguments: dict[str, Any]) -> int:
    """How many tokens stand before the first one that is written."""
    longest = max(map(len, rows))
    if not model.config.is_encoder_decoder:
        return longest
    window = context_window(model)
    if window is not None and longest > window:
        raise _too_long(longest, window)
    given = arguments.get("decoder_input_ids")
    return 1 if given is None else int(given.shape[1])


def _too_long(length: int, window: int) -> MaskwrightError:
    return MaskwrightError(
        f"the prompt has {length} tokens, the model's context window {window}", remedy="shorten the prompt"
    )


def _budget(model: Any, prompt_length: int, given: dict[str, Any], config: Any) -> dict[str, int]:
    """How many tokens may be written: what was asked for, as far as the context window reaches."""
    window = context_window(model)
    room = None if window is None else window - prompt_length
    if room is not None and room < 1:
        assert window is not None
        raise _too_long(prompt_length, window)
    wanted = given.get("max_new_tokens")
    if wanted is None and given.get("max_length") is not None:
        wanted = given["max_length"] - prompt_length
    if wanted is None:
        wanted = getattr(config, "max_new_tokens", None) or DEFAULT_MAX_NEW_TOKENS
    if wanted < 1:
        raise MaskwrightError(f"there is room for {wanted} new tokens", remedy="raise max_new_tokens or max_length")
    return {"max_new_tokens": wanted if room is None else min(wanted, room)}


def _padding(task: _Task, given: dict[str, Any]) -> int:
    """A token to pad with: the caller's, the tokenizer's, the model's, or else an end token."""
    named = (
        given.get("pad_token_id"),
        getattr(task.tokenizer, "pad_token_id", None),
        task.model.generation_config.pad_token_id,
    )
    width = logits_width(task.model)
    return next(
        (token for token in named if token is not None and 0 <= token < width),
        task.constraint.vocabulary.eos_token_ids[0],
    )


def _without_padding(ids: list[int], padding: int, ends: Sequence[int]) -> list[int]:
    for position, token in enumerate(ids):
        if token in ends:
            return ids[: position + 1]
        if token == padding:
            return ids[:position]
    return ids


def _result(task: _Task, matcher: Matcher, ids: list[int], stats: GenerationStats) -> GenerationResult:
    written = task.constraint.vocabulary.decode(ids, special_tokens=True)
    complete = matcher.is_terminated() or matcher.is_accepting()
    text = codecs.getincrementaldecoder("utf-8")().decode(written)  # a character that was cut off is left out
    calls = task.tool_calls(text)
    if not complete:
        return GenerationResult(text, tuple(ids), "length", stats, tool_calls=calls)
    try:
        return GenerationResult(text, tuple(ids), "stop", stats, task.parse(text), tool_calls=calls)
    except MaskwrightError as error:
        return GenerationResult(text, tuple(ids), "stop", stats, None, error, calls)


def _no_calls(text: str) -> tuple[ToolCall, ...]:
    return ()
