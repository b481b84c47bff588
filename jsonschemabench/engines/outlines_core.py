"""outlines-core: a schema becomes a regular expression, and that an index of the vocabulary's tokens by state."""

from __future__ import annotations

import json
from typing import Any

import outlines_core
from outlines_core.json_schema import build_regex_from_schema

import maskwright as mw

from .protocol import Mask, Session, Setting, allows, empty_mask


class OutlinesCoreEngine:
    packages = ("outlines_core",)
    errors = (ValueError, RuntimeError, TypeError, OSError)

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        ids: dict[bytes, list[int]] = {}
        for number, token in enumerate(vocabulary.tokens):
            if token:
                ids.setdefault(token, []).append(number)
        self._vocabulary = outlines_core.Vocabulary(vocabulary.eos_token_ids[0], ids)
        self._mask = empty_mask(vocabulary)

    def compile(self, schema: Any, setting: Setting) -> Session:
        pattern = build_regex_from_schema(json.dumps(schema))
        return _OutlinesCoreSession(outlines_core.Index(pattern, self._vocabulary), self._mask)


class _OutlinesCoreSession:
    def __init__(self, index: Any, mask: Mask) -> None:
        self._index = index
        self._mask = mask
        self.reset()

    def reset(self) -> None:
        self._guide = outlines_core.Guide(self._index)

    def compute_mask(self) -> Mask:
        self._guide.write_mask_into(self._mask.ctypes.data, self._mask.size, self._mask.itemsize)
        return self._mask

    def accept_token(self, token: int) -> bool:
        if not allows(self._mask, token):
            return False
        self._guide.advance(token, return_tokens=False)
        return True

    def is_accepting(self) -> bool:
        return bool(self._guide.is_finished())
