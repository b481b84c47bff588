"""The arguments for the model's own ``generate``: those of the caller, and what a constraint needs besides."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..grammar.argument_checks import check_number, whole_number
from ..grammar.errors import MaskwrightError
from .models import context_window, decoder_prompt, logits_width
from .seeding import setting_of
from .task import Task

DEFAULT_MAX_NEW_TOKENS = 512
_OURS = frozenset({"inputs", "input_ids", "inputs_embeds", "attention_mask"})
_FORCED = ("forced_bos_token_id", "forced_eos_token_id")


_LENGTHS = ("max_new_tokens", "max_length", "min_new_tokens", "min_length")
_WHOLE = (*_LENGTHS, "n", "num_beams", "num_return_sequences", "top_k")
_REAL = ("temperature", "top_p")


def check_kinds(given: dict[str, Any]) -> None:
    """Raises ``InvalidArgument`` for settings that are no numbers, of those that are numbers."""
    for name in _WHOLE:
        if given.get(name) is not None:
            whole_number(name, given[name])
    for name in _REAL:
        if given.get(name) is not None:
            check_number(name, given[name])


def transformers_arguments(task: Task, rows: Sequence[list[int]], given: dict[str, Any]) -> tuple[dict[str, Any], int]:
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
        **token_budget(task.model, prompt_length, given, config or own),
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


def token_budget(model: Any, prompt_length: int, given: dict[str, Any], config: Any) -> dict[str, int]:
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


def _padding(task: Task, given: dict[str, Any]) -> int:
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


def without_padding(ids: list[int], padding: int, ends: Sequence[int]) -> list[int]:
    """``ids`` up to the first end token, or to the padding that follows a text that was stopped otherwise."""
    for position, token in enumerate(ids):
        if token in ends:
            return ids[: position + 1]
        if token == padding:
            return ids[:position]
    return ids
