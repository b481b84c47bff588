"""llguidance, with its defaults for JSON schemas: keys in the schema's order, any blanks."""

from __future__ import annotations

import json
from typing import Any

import llguidance
from llguidance.numpy import fill_next_token_bitmask

import maskwright as mw

from .protocol import Mask, NoDocument, Session, Setting, allows, empty_mask


class LlguidanceEngine:
    packages = ("llguidance",)
    errors = (ValueError, RuntimeError, TypeError)

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        tokenizer: Any = _Tokenizer(vocabulary)
        self._tokenizer = llguidance.LLTokenizer(tokenizer)
        self._mask = empty_mask(vocabulary).reshape(1, -1)

    def compile(self, schema: Any, setting: Setting) -> Session:
        grammar = json.dumps({"grammars": [{"json_schema": schema}]})
        matcher = llguidance.LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            problem = matcher.get_error()
            if "nsatisfiable schema" in problem:
                return NoDocument(self._mask)
            raise ValueError(problem)
        return _LlguidanceSession(matcher, self._mask)


class _Tokenizer:
    """A vocabulary in the form that llguidance reads. Unused ids get bytes that no text holds, each its own.

    llguidance's own ``TokenizerWrapper`` put a character in front of what it tokenised until version 0.7, which split
    ``_a`` in two where the tokenizer does not; this stands in for it.
    """

    is_tokenizer_wrapper = True

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self.eos_token_id = vocabulary.eos_token_ids[0]
        self.bos_token_id = None
        self.tokens = [token or b"\xff<%d>" % number for number, token in enumerate(vocabulary.tokens)]
        self.special_token_ids = sorted(vocabulary.special_token_ids)
        self._tokenize = vocabulary.tokenize

    def __call__(self, text: str | bytes) -> list[int]:
        return self._tokenize(text if isinstance(text, bytes) else text.encode())


class _LlguidanceSession:
    def __init__(self, matcher: Any, mask: Any) -> None:
        self._fresh = matcher
        self._mask = mask
        self.reset()

    def reset(self) -> None:
        self._matcher = self._fresh.deep_copy()

    def compute_mask(self) -> Mask:
        fill_next_token_bitmask(self._matcher, self._mask, 0)
        mask: Mask = self._mask[0]
        return mask

    def accept_token(self, token: int) -> bool:
        if not allows(self._mask[0], token):
            return False
        return self._matcher.consume_token(token) is not False

    def is_accepting(self) -> bool:
        return bool(self._matcher.is_accepting())
