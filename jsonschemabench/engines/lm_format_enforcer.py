"""lm-format-enforcer: a parser of characters, asked along a trie of the tokens, all in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from lmformatenforcer import JsonSchemaParser, TokenEnforcer
from lmformatenforcer.tokenenforcer import TokenEnforcerTokenizerData

import maskwright as mw

from .protocol import Mask, Session, Setting, allows

_UNFINISHED = "�"


class LmFormatEnforcerEngine:
    packages = ("lm-format-enforcer",)
    errors = (Exception,)  # whatever its parser stumbles over: it has no errors of its own for most of it

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        tokens = [
            (number, token.decode(errors="replace"), False)
            for number, token in enumerate(vocabulary.tokens)
            if token and number not in vocabulary.special_token_ids
        ]
        self._data = TokenEnforcerTokenizerData(
            tokens,
            lambda ids: vocabulary.decode(ids).decode(errors="replace").rstrip(_UNFINISHED),
            list(vocabulary.eos_token_ids),
            use_bitmask=True,
            vocab_size=vocabulary.size,
        )

    def compile(self, schema: Any, setting: Setting) -> Session:
        return _LmFormatEnforcerSession(JsonSchemaParser(schema), self._data)


class _LmFormatEnforcerSession:
    def __init__(self, parser: Any, data: Any) -> None:
        self._parser = parser
        self._data = data
        self.reset()

    def reset(self) -> None:
        self._enforcer = TokenEnforcer(self._data, self._parser)
        self._read: list[int] = []

    def compute_mask(self) -> Mask:
        self._mask: Mask = np.asarray(self._enforcer.get_allowed_tokens(self._read).allowed_tokens)
        return self._mask

    def accept_token(self, token: int) -> bool:
        if not allows(self._mask, token):
            return False
        self._read.append(token)
        return True

    def is_accepting(self) -> bool:
        mask = self.compute_mask()
        return any(allows(mask, token) for token in self._data.eos_token_id)
