"""Small random models of several families, and a small vocabulary and language for them."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    BartConfig,
    GemmaConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
    T5Config,
)

import maskwright as mw

PAD, BOS, EOS = 0, 1, 2
PIECES = [b'{"', b'":', b'","', b'"}', b'{"a', b'"b', b"tr", b"true", b"fa", b"false", b"xy", b"10", b"42"]
TOKENS = [b"", b"", b"", *(bytes([byte]) for byte in range(32, 127)), *PIECES]
WIDTH = 128
SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"enum": ["x", "xy", "xyz"]},
        "b": {"type": "string", "pattern": "^[1-4]{0,2}$"},
        "c": {"type": "boolean"},
    },
    "required": ["a", "b"],
    "additionalProperties": False,
}
LONGEST = len('{"a":"xyz","b":"42","c":false}') + 1
"""Tokens of the longest document, one a byte, and its end."""

_SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": WIDTH}
_GATED = {**_SMALL, "intermediate_size": 24, "num_key_value_heads": 1, "head_dim": 8, "max_position_embeddings": 256}
CAUSAL: dict[str, Any] = {
    "llama": lambda: LlamaConfig(**_GATED),
    "gpt2": lambda: GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=WIDTH, n_positions=256),
    "qwen2": lambda: Qwen2Config(**_GATED),
    "qwen3": lambda: Qwen3Config(**_GATED),
    "gemma": lambda: GemmaConfig(**_GATED),
    "mistral": lambda: MistralConfig(**_GATED, sliding_window=8),
}
ENCODER_DECODER: dict[str, Any] = {
    "t5": lambda: T5Config(d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, vocab_size=WIDTH),
    "bart": lambda: BartConfig(
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        vocab_size=WIDTH,
        max_position_embeddings=64,
    ),
}


@cache
def model(family: str, seed: int = 0) -> Any:
    """In float32 and in evaluation mode; weights are large, so that logits are far from each other."""
    config = (CAUSAL | ENCODER_DECODER)[family]()
    config.pad_token_id, config.bos_token_id, config.eos_token_id = PAD, BOS, EOS
    config.decoder_start_token_id = PAD
    torch.manual_seed(seed)
    kind: Any = AutoModelForSeq2SeqLM if family in ENCODER_DECODER else AutoModelForCausalLM
    made = kind.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4)
    made.generation_config.forced_eos_token_id = None
    return made


@cache
def vocabulary() -> mw.Vocabulary:
    return mw.Vocabulary.from_tokens(TOKENS, eos_token_ids=EOS, special_token_ids=[PAD, BOS])


@cache
def constraint(schema: str = "") -> mw.Constraint:
    """That of ``schema``, JSON text, or of ``SCHEMA``."""
    return mw.compile(mw.JsonSchema(schema or SCHEMA, whitespace="compact", escapes="minimal"), vocabulary())
