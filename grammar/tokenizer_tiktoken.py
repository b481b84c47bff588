"""Reads ``tiktoken`` encodings, whose tokens are bytes already. Ids that no token uses stay empty."""

from __future__ import annotations

from typing import Any

from .tokenizer_table import TokenTable

_END_OF_TEXT = "<|endoftext|>"


def read_tiktoken(encoding: Any) -> TokenTable:
    """The table of a ``tiktoken.Encoding``; its end token is ``<|endoftext|>`` where there is one."""
    names = encoding.special_tokens_set
    special_tokens = {name: encoding.encode_single_token(name) for name in sorted(names)}
    specials = frozenset(special_tokens.values())
    tokens = [b"" if token in specials else _token_bytes(encoding, token) for token in range(encoding.n_vocab)]
    eos = (special_tokens[_END_OF_TEXT],) if _END_OF_TEXT in names else ()
    return TokenTable(tokens, eos, specials, encoding.encode_ordinary, special_tokens)


def _token_bytes(encoding: Any, token: int) -> bytes:
    try:
        piece: bytes = encoding.decode_single_token_bytes(token)
    except KeyError:
        return b""
    return piece
