"""Models and tokenizers from whatever names them, and what generating needs to know about a model.

Not supported: models that need code from a repository to load (load those yourself).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from ..grammar.errors import InvalidArgument, MaskwrightError
from ..logits.checks import check_count
from .hub import is_out_of_reach
from .tiny import load_tiny_model

_LOADING_ERRORS = (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError)


def load(model: Any, tokenizer: Any = None) -> tuple[Any, Any]:
    """A model and its tokenizer.

    ``model``: None is the bundled tiny model; a string or path is loaded by transformers, onto a GPU if there is one,
    and the last one is kept; anything else is a model. ``tokenizer``: one, or what names it; None is the model's own.
    Raises ``MaskwrightError`` for what cannot be loaded or cannot generate.
    """
    if model is None:
        model, own = _tiny_model()
        return model, load_tokenizer(tokenizer) if tokenizer is not None else own
    if isinstance(model, str | os.PathLike):
        name = os.fspath(model)
        return _named_model(name), load_tokenizer(name if tokenizer is None else tokenizer)
    if not hasattr(model, "generate") or not hasattr(model, "config"):
        raise InvalidArgument(
            f"{model!r:.60}, of type {type(model).__name__}, is not a model",
            remedy="pass a transformers model, its name or path, or None",
        )
    own = getattr(model, "tokenizer", None) if tokenizer is None else tokenizer
    own = getattr(model, "name_or_path", "") if own is None else own
    if own == "":
        raise MaskwrightError("the model does not say which tokenizer it has", remedy="pass tokenizer=")
    return model, load_tokenizer(own)


def load_tokenizer(tokenizer: Any) -> Any:
    """A tokenizer, given itself or by its name or path; raises ``MaskwrightError``."""
    if isinstance(tokenizer, str | os.PathLike):
        return _named_tokenizer(os.fspath(tokenizer))
    if not callable(tokenizer):
        raise InvalidArgument(
            f"{tokenizer!r:.60}, of type {type(tokenizer).__name__}, is not a tokenizer",
            remedy="pass one of transformers', or its name or path",
        )
    return tokenizer


def logits_width(model: Any) -> int:
    """How many logits the model gives: at least as many as its tokenizer has tokens, often some more."""
    embeddings = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    if embeddings is not None:
        return int(embeddings.weight.shape[0])
    return int(model.config.get_text_config().vocab_size)


def check_tokenizer(tokenizer: Any, width: int) -> None:
    """Raise ``VocabularyMismatch`` for a tokenizer with far fewer tokens than the model has logits."""
    if hasattr(tokenizer, "__len__"):
        check_count(len(tokenizer), width)


def decoder_prompt(model: Any, setting: Callable[[str], Any], rows: int) -> dict[str, torch.Tensor]:
    """For an encoder-decoder model whose first token is forced (BART's), the ids to begin with.

    Forcing would meet the mask, which knows nothing of a first token; so it is written before. ``setting``: what holds
    for an argument of ``generate``.
    """
    first = setting("forced_bos_token_id")
    if not model.config.is_encoder_decoder or first is None or setting("decoder_input_ids") is not None:
        return {}
    start = setting("decoder_start_token_id")
    start = setting("bos_token_id") if start is None else start
    return {"decoder_input_ids": torch.tensor([[start, first]] * rows, device=model.device)}


def context_window(model: Any) -> int | None:
    """How many tokens the model can attend to; None if it does not say."""
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return window if isinstance(window, int) and window > 0 else None


def end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...] | None:
    """The tokens that end a text for the tokenizer or for the model, ascending; None if neither names any."""
    found = {*_ids(getattr(tokenizer, "eos_token_id", None))}
    found.update(_ids(getattr(model.generation_config, "eos_token_id", None)))
    return tuple(sorted(found)) or None


@lru_cache(1)
def _tiny_model() -> tuple[Any, Any]:
    return load_tiny_model()


@lru_cache(1)
def _named_model(name: str) -> Any:
    offline = is_out_of_reach(name)
    try:
        config = AutoConfig.from_pretrained(name, local_files_only=offline)
        kind: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model: Any = kind.from_pretrained(name, dtype="auto", local_files_only=offline)
    except _LOADING_ERRORS as error:
        raise _unreadable("model", name, error) from error
    return model.to("cuda") if torch.cuda.is_available() else model


@lru_cache(4)
def _named_tokenizer(name: str) -> Any:
    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=is_out_of_reach(name))
    except _LOADING_ERRORS as error:
        raise _unreadable("tokenizer", name, error) from error


def _unreadable(kind: str, name: str, error: BaseException) -> MaskwrightError:
    reason = " ".join(str(error).split())[:200]
    return MaskwrightError(
        f"cannot load the {kind} {name!r}: {reason}",
        remedy="check the spelling; pass a folder with a language model, or the id of one on the hub",
    )


def _ids(ids: int | Iterable[int] | None) -> Iterable[int]:
    if ids is None:
        return ()
    return (ids,) if isinstance(ids, int) else ids
