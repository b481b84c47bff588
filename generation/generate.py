"""``generate``: documents of a language from a language model, in one call.

The model's own ``generate`` does the decoding; a logits processor keeps it inside the language. Not supported:
encoder-decoder models, and ``generate`` arguments that replace the prompt (``input_ids``, ``inputs_embeds``, ...).
"""

from __future__ import annotations

import codecs
import copy
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from ..grammar.errors import MaskwrightError
from ..grammar.limits import Limits
from ..grammar.matcher import Constraint, Matcher
from ..logits.processor import LogitsProcessor
from ..schemas.json_text import read_document
from ..schemas.specification import compile_once, specification_of, vocabulary_of
from ..schemas.tool_calls import ToolCall
from ..schemas.tools import Tools
from .models import context_window, end_tokens, load, logits_width
from .prompts import Prompt, encode, is_single, pad_left
from .result import GenerationResult, GenerationStats

DEFAULT_MAX_NEW_TOKENS = 512
_READ_DOCUMENT: Callable[[str], object] = read_document
_LIMITS = ("max_new_tokens", "max_length")
_OURS = frozenset({"inputs", "input_ids", "inputs_embeds", "attention_mask"})


def generate(
    model: Any,
    prompt: Prompt | Sequence[Any],
    *,
    schema: object,
    tokenizer: Any = None,
    system: str | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
    finish_within_budget: bool | None = None,
    **generation_kwargs: Any,
) -> Any:
    """Documents that obey ``schema``: a ``GenerationResult`` for one prompt, a list of them for several.

    ``model``: a transformers model, the name or path of one, or None for the bundled tiny model.
    ``prompt``: a string, chat messages (``{"role": ..., "content": ...}``), or a list of either.
    ``schema``: whatever ``compile`` takes, or a compiled ``Constraint``.
    ``system``: a system message, in front of every prompt.
    ``seed``: makes sampling repeatable; the global random state stays as it is.
    ``finish_within_budget``: whether masks steer so that every document is complete within the tokens that may be
    written; if not said, they do where ``max_new_tokens`` or ``max_length`` is given. A budget too small for any document
    is refused with ``BudgetTooSmall``.
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
    if finish_within_budget is None:
        finish_within_budget = any(generation_kwargs.get(name) is not None for name in _LIMITS)
    results = _run(task, prompts, system, seed, finish_within_budget, generation_kwargs) if prompts else []
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
        if constraint.vocabulary.size > width:
            raise MaskwrightError(
                f"the constraint's vocabulary has {constraint.vocabulary.size} tokens, the model {width} logits",
                remedy="compile the constraint for the vocabulary of the model's tokenizer",
            )
    else:
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
    finish_within_budget: bool,
    arguments: dict[str, Any],
) -> list[GenerationResult]:
    rows = [encode(task.tokenizer, prompt, system) for prompt in prompts]
    arguments, padding = _arguments(task, max(map(len, rows)), arguments)
    ids, mask = pad_left(rows, padding)
    config = arguments.get("generation_config")
    most = arguments["max_new_tokens"] if config is None else config.max_new_tokens
    processor = _TimedProcessor(
        task.constraint, pad_token_id=padding, max_new_tokens=most if finish_within_budget else None
    )
    arguments["logits_processor"] = [*(arguments.get("logits_processor") or ()), processor]
    device = task.model.device
    started = time.perf_counter()
    with _seeded(seed, device), torch.inference_mode():
        output = task.model.generate(input_ids=ids.to(device), attention_mask=mask.to(device), **arguments)
    seconds = time.perf_counter() - started
    sequences = getattr(output, "sequences", output)
    generated = sequences[:, ids.shape[1] :].tolist()
    results = []
    for index, (matcher, new_ids) in enumerate(zip(processor.finish(sequences), generated, strict=True)):
        prompt_tokens = len(rows[index * len(rows) // len(generated)])
        assert isinstance(matcher, Matcher)
        kept = _without_padding(new_ids, padding, task.constraint.vocabulary.eos_token_ids)
        stats = GenerationStats(prompt_tokens, len(kept), seconds, processor.seconds, task.compile_seconds)
        results.append(_result(task, matcher, kept, stats))
    return results


def _arguments(task: _Task, prompt_length: int, given: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The arguments for the model's ``generate``, and the padding token."""
    refused = _OURS & given.keys()
    if refused:
        raise MaskwrightError(f"generate() makes {', '.join(sorted(refused))} itself", remedy="leave it out")
    arguments = {"tokenizer": task.tokenizer, **given}
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


def _budget(model: Any, prompt_length: int, given: dict[str, Any], config: Any) -> dict[str, int]:
    """How many tokens may be written: what was asked for, as far as the context window reaches."""
    window = context_window(model)
    room = None if window is None else window - prompt_length
    if room is not None and room < 1:
        raise MaskwrightError(
            f"the prompt has {prompt_length} tokens, the model's context window {window}", remedy="shorten the prompt"
        )
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


@contextmanager
def _seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Random numbers from ``seed``, without disturbing those that come afterwards."""
    if seed is None:
        yield
        return
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise MaskwrightError(f"the seed is {seed!r}", remedy="a seed is an integer from 0 to 2**63 - 1")
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        for each in devices:
            with torch.cuda.device(each):
                torch.cuda.manual_seed(seed)
        yield


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
