"""Reads Hugging Face tokenizers: ``tokenizers.Tokenizer`` and those of ``transformers``, fast and slow.

What a piece stands for is read from the tokenizer's own components, never guessed from its pieces. Of fast tokenizers,
these are supported: byte-level ones, and those whose decoder is made of ``Metaspace``, ``Replace``, ``ByteFallback``,
``Fuse`` and the ``Strip`` that takes away SentencePiece's leading space. Not supported: WordPiece, and BPE with
word-end or continuation marks, because they do not say where the spaces of the text were.

Added tokens that are not special are text like any other: their content as it stands in byte-level tokenizers, run
through the decoder in the others, where a run of ``▁`` means spaces also in an added token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .errors import UnsupportedTokenizer
from .tokenizer_sentencepiece import piece_bytes, read_sentencepiece
from .tokenizer_spelling import byte_level_bytes, byte_piece
from .tokenizer_table import TokenTable
from .tokenizer_tekken import read_tekken

Spelling = Callable[[str], bytes]

_REMEDY = "build the vocabulary with Vocabulary.from_tokens, giving the bytes of each token"


def read_huggingface(tokenizer: Any) -> TokenTable:
    """The table of any Hugging Face tokenizer."""
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(backend, "get_added_tokens_decoder"):
        return _read_fast(tokenizer, backend)
    if hasattr(getattr(tokenizer, "tokenizer", None), "instruct_tokenizer"):
        return _read_mistral_common(tokenizer)
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        return _read_slow(tokenizer)
    raise UnsupportedTokenizer(
        f"{type(tokenizer).__name__} is not a tokenizer",
        remedy="pass a transformers tokenizer (of a processor: processor.tokenizer) or a tokenizers.Tokenizer; "
        "Vocabulary.from_tiktoken, from_sentencepiece, from_tekken and from_tokens read others",
    )


def _read_fast(tokenizer: Any, backend: Any) -> TokenTable:
    is_byte_level, spelling = _fast_spelling(backend)
    pieces = {piece_id: spelling(piece) for piece, piece_id in backend.get_vocab(with_added_tokens=False).items()}
    specials = {*_special_ids(tokenizer), *_unknown_ids(backend)}
    for token_id, added in backend.get_added_tokens_decoder().items():
        pieces[token_id] = added.content.encode() if is_byte_level else spelling(added.content)
        if added.special:
            specials.add(token_id)
    listed = backend.get_vocab(with_added_tokens=True).items()
    names = {name: i for name, i in sorted(listed, key=lambda item: item[1]) if i in specials}
    encode = partial(_encoder(tokenizer, backend), tokenizer)
    return TokenTable(_in_order(pieces), _eos_ids(tokenizer), frozenset(specials), encode, names)


def _read_slow(tokenizer: Any) -> TokenTable:
    spelling = _slow_spelling(tokenizer)
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    pieces = {i: spelling(piece) for i, piece in enumerate(names) if piece is not None}
    specials = set(_special_ids(tokenizer))
    for token_id, added in tokenizer.added_tokens_decoder.items():
        pieces[token_id] = added.content.encode()
        if added.special:
            specials.add(token_id)
    encode = partial(_encode_transformers, tokenizer)
    special_tokens = {name: i for i, name in enumerate(names) if name is not None and i in specials}
    return TokenTable(_in_order(pieces), _eos_ids(tokenizer), frozenset(specials), encode, special_tokens)


def _read_mistral_common(tokenizer: Any) -> TokenTable:
    """The ``transformers`` wrapper around ``mistral_common`` keeps the file that it was loaded from."""
    path = tokenizer.tokenizer.instruct_tokenizer.tokenizer.file_path
    return read_tekken(path) if path.suffix == ".json" else read_sentencepiece(path)


def _encoder(tokenizer: Any, backend: Any) -> Callable[[Any, str], list[int]]:
    if tokenizer is backend:
        return _encode_tokenizers
    return _encode_backend if _encodes_plainly(tokenizer) else _encode_transformers


def _encode_backend(tokenizer: Any, text: str) -> list[int]:
    """What transformers' own classes would do, at a fifth of the time, unless something else is set just now."""
    backend = tokenizer.backend_tokenizer
    if backend.truncation or backend.padding or backend.encode_special_tokens != tokenizer.split_special_tokens:
        return _encode_transformers(tokenizer, text)
    return _encode_tokenizers(backend, text)


def _encodes_plainly(tokenizer: Any) -> bool:
    """Is encoding left to transformers' common classes, and by them to the backend?"""
    methods = (getattr(type(tokenizer), name, None) for name in ("encode", "_encode_plus"))
    return hasattr(tokenizer, "split_special_tokens") and all(
        getattr(each, "__module__", "").startswith("transformers.tokenization_utils") for each in methods
    )


def _encode_transformers(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False, verbose=False)
    return ids


def _encode_tokenizers(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def _in_order(pieces: dict[int, bytes]) -> list[bytes]:
    """The tokens by id; ids that no piece uses are empty."""
    return [pieces.get(i, b"") for i in range(max(pieces, default=-1) + 1)]


# --- which tokens are not text


def _special_ids(tokenizer: Any) -> Iterable[int]:
    """What decoding with ``skip_special_tokens`` leaves out."""
    ids: list[int] = getattr(tokenizer, "all_special_ids", [])
    return ids


def _eos_ids(tokenizer: Any) -> tuple[int, ...]:
    eos = getattr(tokenizer, "eos_token_id", None)
    if eos is None:
        return ()
    return (eos,) if isinstance(eos, int) else tuple(eos)


def _unknown_ids(backend: Any) -> list[int]:
    """The token that stands for whatever the vocabulary cannot write; it is no text, even when not marked special."""
    if type(backend.model).__name__ == "Unigram":
        unknown = _state(backend.model)["unk_id"]
        return [] if unknown is None else [unknown]
    token = getattr(backend.model, "unk_token", None)
    unknown = None if token is None else backend.token_to_id(token)
    return [] if unknown is None else [unknown]


# --- what a piece stands for


def _fast_spelling(backend: Any) -> tuple[bool, Spelling]:
    """Whether the tokenizer is byte-level, and the bytes of its pieces."""
    _refuse_marked_models(backend.model)
    decoder = _steps(backend.decoder)
    encoder = _steps(backend.normalizer) + _steps(backend.pre_tokenizer)
    if not decoder:
        decoder = [step for step in encoder if step["type"] in ("ByteLevel", "Metaspace")][:1]
    kinds = [step["type"] for step in decoder]
    if "ByteLevel" in kinds:
        for kind in set(kinds) - {"ByteLevel", "Fuse"}:
            raise _unknown_decoder(kind)
        return True, byte_level_bytes
    if not kinds:
        raise UnsupportedTokenizer(
            "the tokenizer has no decoder, so its tokens do not say where the spaces of a text are", remedy=_REMEDY
        )
    has_byte_pieces = "ByteFallback" in kinds or bool(getattr(backend.model, "byte_fallback", False))
    return False, partial(_replaced, _replacements(decoder), has_byte_pieces)


def _refuse_marked_models(model: Any) -> None:
    marks = [getattr(model, name, None) for name in ("continuing_subword_prefix", "end_of_word_suffix")]
    if type(model).__name__ == "WordPiece" or any(marks):
        raise UnsupportedTokenizer(
            f"{type(model).__name__} tokens with word marks do not determine a text: its spaces are lost",
            remedy="use a model whose tokenizer is byte-level BPE or SentencePiece",
        )


def _replacements(decoder: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What the decoder replaces inside each piece, in order."""
    found: list[tuple[str, str]] = []
    fused = False
    for step in decoder:
        match step:
            case {"type": "Metaspace", "replacement": mark}:
                found.append((mark, " "))
            case {"type": "Replace", "pattern": {"String": old}, "content": new} if not fused or len(old) == 1:
                found.append((old, new))
            case {"type": "Fuse"}:
                fused = True
            case {"type": "ByteFallback"} if not fused:
                pass
            case {"type": "Strip", "content": " ", "start": 0 | 1, "stop": 0} if fused:
                pass
            case _:
                raise _unknown_decoder(step["type"])
    return found


def _unknown_decoder(kind: str) -> UnsupportedTokenizer:
    return UnsupportedTokenizer(f"the tokenizer's decoder has a {kind} step that cannot be undone", remedy=_REMEDY)


def _replaced(replacements: list[tuple[str, str]], has_byte_pieces: bool, piece: str) -> bytes:
    value = byte_piece(piece) if has_byte_pieces else None
    if value is not None:
        return value
    for old, new in replacements:
        piece = piece.replace(old, new)
    return piece.encode()


def _slow_spelling(tokenizer: Any) -> Spelling:
    if hasattr(tokenizer, "byte_decoder"):
        return byte_level_bytes
    if hasattr(tokenizer, "sp_model"):
        return partial(_slow_sentencepiece_bytes, tokenizer.sp_model)
    raise UnsupportedTokenizer(
        f"{type(tokenizer).__name__} is written in Python and does not say what bytes its tokens are",
        remedy="use the fast version of the tokenizer, or Vocabulary.from_tokens",
    )


def _slow_sentencepiece_bytes(processor: Any, piece: str) -> bytes:
    """Ids may be shifted against those of the model, so the piece is looked up by its name."""
    return piece_bytes(processor, processor.piece_to_id(piece))


# --- the components of a fast tokenizer


def _steps(component: Any) -> list[dict[str, Any]]:
    """The elementary steps of a normalizer, pre-tokenizer or decoder, sequences flattened."""
    return [] if component is None else _flattened(_state(component))


def _flattened(step: dict[str, Any]) -> list[dict[str, Any]]:
    if step["type"] != "Sequence":
        return [step]
    parts = next(value for value in step.values() if isinstance(value, list))
    return [inner for part in parts for inner in _flattened(part)]


def _state(component: Any) -> dict[str, Any]:
    """The component as it stands in ``tokenizer.json``."""
    state: dict[str, Any] = json.loads(component.__getstate__())
    return state
