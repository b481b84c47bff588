"""One small tokenizer of every family, trained here or read from the files of ``mistral_common``, as vocabularies."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from maskwright.grammar.vocabulary import Vocabulary

CORPUS = [
    '{"name": "Ada", "tags": ["x", "yy"]}',
    "The quick brown fox\n\tjumps over 12,345 dogs.",
    "naïve café 日本語 😀",
] * 20


def byte_level_tokenizer() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = byte_level(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<|end|>"],
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens([tokenizers.AddedToken("<tool>", normalized=False), "  ", "né", "né 😀"])
    return tokenizer


def metaspace_tokenizer(decoder: str = "sequence") -> Any:
    """Like Llama's: ``▁`` for spaces, one in front, and ``<0xNN>`` for unknown characters."""
    tokenizers = pytest.importorskip("tokenizers")
    decoders = tokenizers.decoders
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps) if decoder == "sequence" else decoders.Metaspace()
    byte_pieces = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=450, special_tokens=["<unk>", "<s>", "</s>", *byte_pieces], show_progress=False
    )
    tokenizer.train_from_iterator([line.replace("😀", "") for line in CORPUS], trainer)
    return without_special_bytes(tokenizer)


def without_special_bytes(tokenizer: Any) -> Any:
    """The trainer can only make byte pieces special; published tokenizers do not list them as added tokens."""
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = [added for added in document["added_tokens"] if added["id"] < 3]
    return type(tokenizer).from_str(json.dumps(document))


def unigram_tokenizer() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁the", -3.0), ("cat", -3.5)]
    pieces += [(character, -5.0) for character in 'abcdefghijklmnopqrstuvwxyz"{}:,.\n0123456789']
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    tokenizer.decoder = tokenizers.decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>"])
    return tokenizer


def sentencepiece_model(model_type: str = "bpe", byte_fallback: bool = True) -> bytes:
    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        model_type=model_type,
        vocab_size=310 if byte_fallback else 60,
        byte_fallback=byte_fallback,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=["<tool>"],
        control_symbols=["<ctrl>"],
        minloglevel=2,
    )
    return model.getvalue()


def small_encoding() -> Any:
    """Has a gap between the ranks and the special tokens, as several published encodings do."""
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)}
    for token in (b"he", b"ll", b"hell", b"hello", b" w", b'": "'[:2]):
        ranks[token] = len(ranks)
    return tiktoken.Encoding(
        name="small",
        pat_str=r" ?\p{L}+|\s+|[^\s\p{L}]+",
        mergeable_ranks=ranks,
        special_tokens={"<|endoftext|>": 270, "<|im_end|>": 272},
    )


def mistral_file(name: str) -> Path:
    return Path(pytest.importorskip("mistral_common").__file__).parent / "data" / name


TEKKEN = "tekken_240911.json"
SENTENCEPIECE_FILES = ["tokenizer.model.v1", "mistral_instruct_tokenizer_240323.model.v3"]


@cache
def vocabulary_of(family: str) -> Vocabulary:
    match family:
        case "byte-level":
            return Vocabulary.from_huggingface(byte_level_tokenizer(), eos_token_ids=1)
        case "metaspace":
            return Vocabulary.from_huggingface(metaspace_tokenizer(), eos_token_ids=2)
        case "tiktoken":
            return Vocabulary.from_tiktoken(small_encoding())
        case "sentencepiece" | "sentencepiece-unigram":
            kind = "unigram" if family.endswith("unigram") else "bpe"
            return Vocabulary.from_sentencepiece(sentencepiece_model(kind))
        case "bytes":
            return Vocabulary.from_tokens([b"", *(bytes([b]) for b in range(256)), b"ab", b"bab"], eos_token_ids=0)
    return Vocabulary.from_tekken(mistral_file(family)) if "tekken" in family else from_file(family)


def from_file(name: str) -> Vocabulary:
    pytest.importorskip("sentencepiece")
    return Vocabulary.from_sentencepiece(mistral_file(name))


BYTE_FAMILIES = ["byte-level", "tiktoken", "bytes", TEKKEN]
SPACE_FAMILIES = ["metaspace", "sentencepiece", "sentencepiece-unigram", *SENTENCEPIECE_FILES]
