"""What a loader reads out of a tokenizer: the bytes of every token, and which tokens are not text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, eq=False)
class TokenTable:
    """One tokenizer, read but not yet checked.

    ``tokens``: the bytes each id stands for, ``b""`` for ids that stand for no text.
    ``eos_token_ids``: the tokenizer's own end tokens, empty when it names none.
    ``special_token_ids``: tokens that steer the model and are never text.
    ``encode``: the tokenizer's own tokenisation of a text; it may add a leading space, and special tokens.
    ``special_tokens``: names of special tokens, as far as they have any.
    """

    tokens: list[bytes]
    eos_token_ids: tuple[int, ...]
    special_token_ids: frozenset[int]
    encode: Encode | None
    special_tokens: Mapping[str, int] = field(default_factory=dict)
