"""Reads SentencePiece models, BPE and Unigram, with or without byte fallback.

``▁x`` stands for ``" x"``, always: also at the start of a text, where most models put one space that the text does not
have and that SentencePiece's own decoder takes away again. Not supported: denormalisation rules (no published language
model uses them).
"""

from __future__ import annotations

from functools import partial
from os import PathLike, fspath
from typing import Any

from .errors import UnsupportedTokenizer
from .tokenizer_spelling import byte_piece, sentencepiece_bytes
from .tokenizer_table import TokenTable


def read_sentencepiece(model: Any) -> TokenTable:
    """The table of a model given as a path, as the bytes of such a file, or as a ``SentencePieceProcessor``."""
    processor = _load(model) if isinstance(model, str | bytes | PathLike) else model
    if not hasattr(processor, "id_to_piece"):
        raise UnsupportedTokenizer(
            f"{type(model).__name__} is not a SentencePiece model",
            remedy="pass a path, the bytes of a model file, or a SentencePieceProcessor",
        )
    ids = range(processor.get_piece_size())
    specials = frozenset(i for i in ids if processor.is_control(i) or processor.is_unknown(i))
    eos = processor.eos_id()
    return TokenTable(
        tokens=[piece_bytes(processor, i) for i in ids],
        eos_token_ids=(eos,) if eos >= 0 else (),
        special_token_ids=specials,
        encode=partial(processor.encode, out_type=int, add_bos=False, add_eos=False, enable_sampling=False),
        special_tokens={processor.id_to_piece(i): i for i in sorted(specials)},
    )


def piece_bytes(processor: Any, piece_id: int) -> bytes:
    """The bytes of one piece: none for control, unknown and unused pieces."""
    if processor.is_control(piece_id) or processor.is_unknown(piece_id) or processor.is_unused(piece_id):
        return b""
    piece = processor.id_to_piece(piece_id)
    value = byte_piece(piece) if processor.is_byte(piece_id) else None
    return sentencepiece_bytes(piece) if value is None else value


def _load(model: str | bytes | PathLike[str]) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        if isinstance(model, bytes):
            return SentencePieceProcessor(model_proto=model)
        return SentencePieceProcessor(model_file=fspath(model))
    except RuntimeError as error:
        raise UnsupportedTokenizer(
            f"not a SentencePiece model: {error}", remedy="pass a tokenizer.model file"
        ) from error
