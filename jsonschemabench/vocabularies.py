"""The vocabularies that engines are run with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import maskwright as mw

from .errors import BenchError

TEKKEN = "tekken"
TINY = "tiny"
BYTES = "bytes"
TINY_FOLDER = Path(mw.__file__).parent / "generation" / "tiny_model"


def vocabulary_of(name: str) -> mw.Vocabulary:
    """``tekken``: Mistral's, of 131,072 tokens; ``tiny``: the bundled model's; ``bytes``: a token for each byte; else a
    tokenizer's folder or hub id. Raises ``BenchError``.
    """
    tiny = partial(_huggingface, str(TINY_FOLDER))
    made: dict[str, Callable[[], mw.Vocabulary]] = {TEKKEN: _tekken, BYTES: _bytes, TINY: tiny}
    vocabulary = made[name]() if name in made else _huggingface(name)
    vocabulary.tokenize(b"[1]")  # builds the tokenizer now
    return vocabulary


def _bytes() -> mw.Vocabulary:
    return mw.Vocabulary.from_tokens([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])


def _tekken() -> mw.Vocabulary:
    try:
        import mistral_common
    except ImportError:
        raise BenchError("the Tekken vocabulary needs mistral-common", "pip install 'maskwright[bench]'") from None
    return mw.Vocabulary.from_tekken(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def _huggingface(name: str) -> mw.Vocabulary:
    from transformers import AutoTokenizer

    try:
        return mw.Vocabulary.from_huggingface(AutoTokenizer.from_pretrained(name))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BenchError(f"{name} is no tokenizer that can be loaded: {reason}", "name a folder or hub id") from error
