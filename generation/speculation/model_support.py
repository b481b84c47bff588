"""Which models can verify draft trees, and what they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from ...grammar.errors import MaskwrightError

_ATTENTION = ("eager", "sdpa")
_LAYERS = {"full_attention", "sliding_attention"}
READ_ARGUMENTS = {"attention_mask", "cache_position", "logits_to_keep", "past_key_values", "position_ids", "use_cache"}
"""Of a model, those that every pass of speculation sets anew."""


def window_of(model: Any) -> int | None:
    """How many tokens back some layers attend, if there are such layers."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    window: int | None = getattr(config, "sliding_window", None)
    return window if kinds == set() or "sliding_attention" in kinds else None


def check_support(model: Any) -> None:
    """Raises ``MaskwrightError`` for a model that cannot verify trees."""
    config = model.config.get_text_config()
    remedy = "leave speculation= out"
    if model.config.is_encoder_decoder:
        raise MaskwrightError("speculation works with causal language models only", remedy=remedy)
    if "position_ids" not in inspect.signature(model.forward).parameters:
        raise MaskwrightError(f"a {type(model).__name__} takes no position ids, which trees need", remedy=remedy)
    if getattr(config, "alibi", False) or "local" in getattr(config, "attention_layers", ()):
        raise MaskwrightError(
            f"a {type(model).__name__} tells distances by where a token stands in the cache, which trees change",
            remedy=remedy,
        )
    other = set(getattr(config, "layer_types", None) or ()) - _LAYERS
    if other or getattr(model, "_is_stateful", False):
        raise MaskwrightError(
            f"a {type(model).__name__} keeps a state that cannot go back ({', '.join(sorted(other)) or 'recurrent'})",
            remedy=remedy,
        )
    if config._attn_implementation not in _ATTENTION:
        raise MaskwrightError(
            f"attention of the kind {config._attn_implementation!r} takes no mask of our own",
            remedy='load the model with attn_implementation="sdpa"',
        )


def check_inputs(names: Iterable[str]) -> None:
    """Raises ``MaskwrightError`` for arguments of a model that speculation does not pass on, such as images."""
    others = ", ".join(sorted(set(names) - READ_ARGUMENTS))
    if others:
        raise MaskwrightError(
            f"speculation reads tokens alone, not {others}", remedy=f"leave {others} or speculation= out"
        )


def last_logits(model: Any) -> dict[str, int]:
    """The argument for logits at the last token only, if the model takes it."""
    return {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
