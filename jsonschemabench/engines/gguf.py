"""A vocabulary as a GGUF file that holds nothing else, which is how llama.cpp is given one.

The format is described in ``docs/gguf.md`` of ggml. Tokens are written as byte-level BPE writes them, in 256 characters
that stand for the bytes, so that llama.cpp has every token byte by byte.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import maskwright as mw

_UINT32, _INT32, _STRING, _ARRAY = 4, 5, 8, 9
_NORMAL, _CONTROL = 1, 3
_PRINTABLE = (*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1))
_REST = [byte for byte in range(256) if byte not in _PRINTABLE]
_CHARACTERS = {byte: 256 + number for number, byte in enumerate(_REST)}
"""The characters of those bytes that do not stand for themselves."""


def write_vocabulary(vocabulary: mw.Vocabulary, path: Path) -> None:
    """Tokens without bytes, and repetitions of earlier tokens, become special tokens with names of their own."""
    texts: list[str] = []
    kinds: list[int] = []
    seen: set[bytes] = set()
    for number, token in enumerate(vocabulary.tokens):
        ordinary = bool(token) and token not in seen
        texts.append(token.decode("latin-1").translate(_CHARACTERS) if ordinary else f"<special {number}>")
        kinds.append(_NORMAL if ordinary else _CONTROL)
        seen.add(token)
    values = (
        _text("general.architecture", "llama"),
        _text("tokenizer.ggml.model", "gpt2"),
        _text("tokenizer.ggml.pre", "default"),
        _texts("tokenizer.ggml.tokens", texts),
        _array("tokenizer.ggml.token_type", _INT32, len(kinds), struct.pack(f"<{len(kinds)}i", *kinds)),
        _texts("tokenizer.ggml.merges", []),
        _value("tokenizer.ggml.eos_token_id", _UINT32, struct.pack("<I", vocabulary.eos_token_ids[0])),
    )
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(values)) + b"".join(values))


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _value(key: str, kind: int, contents: bytes) -> bytes:
    return _string(key) + struct.pack("<I", kind) + contents


def _text(key: str, text: str) -> bytes:
    return _value(key, _STRING, _string(text))


def _array(key: str, kind: int, length: int, contents: bytes) -> bytes:
    return _value(key, _ARRAY, struct.pack("<IQ", kind, length) + contents)


def _texts(key: str, texts: Sequence[str]) -> bytes:
    return _array(key, _STRING, len(texts), b"".join(map(_string, texts)))
