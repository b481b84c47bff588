"""XGrammar, in the two settings that MaskBench has.

``xgrammar`` is its "compliant" one: any blanks, and objects that do not forbid other keys allow them.
``xgrammar-strict`` is XGrammar's own default for ``strict_mode``, in which they do not, and blanks are as
``json.dumps`` writes them.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np
import xgrammar

import maskwright as mw

from .protocol import Mask, Session, Setting, allows, empty_mask


class XgrammarEngine:
    packages = ("xgrammar",)
    errors = (ValueError, RuntimeError, TypeError)
    _options: ClassVar[dict[str, bool]] = {"any_whitespace": True, "strict_mode": False}

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        import torch

        self._eos = vocabulary.eos_token_ids[0]
        tokens = xgrammar.TokenizerInfo(
            list(vocabulary.tokens),
            xgrammar.VocabType.RAW,
            vocab_size=vocabulary.size,
            stop_token_ids=list(vocabulary.eos_token_ids),
        )
        self._compiler = xgrammar.GrammarCompiler(tokens, max_threads=1, cache_enabled=False)
        self._mask = empty_mask(vocabulary).reshape(1, -1)
        self._tensor = torch.from_numpy(self._mask)

    def compile(self, schema: Any, setting: Setting) -> Session:
        compiled = self._compiler.compile_json_schema(json.dumps(schema), **self._options)
        return _XgrammarSession(compiled, self._mask, self._tensor, self._eos)


class StrictXgrammarEngine(XgrammarEngine):
    _options: ClassVar[dict[str, bool]] = {"any_whitespace": False, "strict_mode": True}


class _XgrammarSession:
    def __init__(self, compiled: Any, mask: Any, tensor: Any, eos: int) -> None:
        self._compiled = compiled
        self._mask = mask
        self._tensor = tensor
        self._eos = eos
        self.reset()

    def reset(self) -> None:
        self._matcher = xgrammar.GrammarMatcher(self._compiled)

    def compute_mask(self) -> Mask:
        if not self._matcher.fill_next_token_bitmask(self._tensor):
            self._mask.fill(np.int32(-1))  # nothing is forbidden, and the mask was left as it was
        mask: Mask = self._mask[0]
        return mask

    def accept_token(self, token: int) -> bool:
        return bool(self._matcher.accept_token(token))

    def is_accepting(self) -> bool:
        return not self._matcher.is_terminated() and allows(self.compute_mask(), self._eos)
