"""llama.cpp: llama-cpp-python turns a schema into a GBNF grammar, llama.cpp's sampler follows it from token to token.

That converter is older than the one in C++ that llama.cpp's own server has, and knows fewer keywords. The sampler tries
each token of the vocabulary against each stack of the grammar; llama.cpp's programs mostly spare themselves that by
asking about the token they have drawn, and about all only if it is refused.
"""

from __future__ import annotations

import ctypes
import json
import tempfile
import weakref
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp.llama_grammar import json_schema_to_gbnf

import maskwright as mw

from .gguf import write_vocabulary
from .protocol import Mask, Session, Setting, allows

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_ERROR = 4  # GGML_LOG_LEVEL_ERROR


class LlamaCppEngine:
    packages = ("llama-cpp-python",)
    errors = (Exception,)  # its converter raises whatever it stumbles over: it has no errors of its own

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._problems: list[str] = []
        self._log = llama_cpp.llama_log_callback(self._hear)
        llama_cpp.llama_log_set(self._log, None)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vocabulary.gguf"
            write_vocabulary(vocabulary, path)
            options = llama_cpp.llama_model_default_params()
            options.vocab_only = True
            self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
        self._tokens = llama_cpp.llama_model_get_vocab(self._model)
        self._candidates = _Candidates(vocabulary, self._tokens)

    def compile(self, schema: Any, setting: Setting) -> Session:
        grammar = json_schema_to_gbnf(json.dumps(schema))
        self._problems.clear()
        sampler = llama_cpp.llama_sampler_init_grammar(self._tokens, grammar.encode(), b"root")
        if not sampler:
            raise ValueError(f"llama.cpp does not take the grammar: {' '.join(self._problems)}")
        return _LlamaCppSession(sampler, self._candidates)

    def _hear(self, level: int, text: bytes, context: object) -> None:
        if level == _ERROR:
            self._problems.append(text.decode(errors="replace").strip())


class _Candidates:
    """The tokens that samplers are asked about. Those with the same bytes are one to llama.cpp, and so are end tokens.

    Tokens without bytes are never allowed, nor are those few that llama.cpp takes for end tokens by their text.
    """

    def __init__(self, vocabulary: mw.Vocabulary, tokens: Any) -> None:
        first: dict[bytes, int] = {}
        self.ids = [first.setdefault(token, number) for number, token in enumerate(vocabulary.tokens)]
        ends, self.end = vocabulary.eos_token_ids, vocabulary.eos_token_ids[0]
        for number in ends:
            self.ids[number] = self.end
        self._asked = np.array(
            [
                number
                for number, token in enumerate(vocabulary.tokens)
                if number in ends or (token and not llama_cpp.llama_vocab_is_eog(tokens, self.ids[number]))
            ]
        )
        self._flags = np.zeros(-(-vocabulary.size // 32) * 32, np.bool_)
        self._all, self._all_of_them = _array_of(np.array(self.ids, np.int32)[self._asked])
        self._one, self._one_of_them = _array_of(np.array([self.end], np.int32))

    def mask(self, sampler: Any) -> Mask:
        self._all["logit"] = 0
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(self._all_of_them))
        self._flags[self._asked] = self._all["logit"] == 0
        return np.packbits(self._flags, bitorder="little").view(np.int32)

    def may_end(self, sampler: Any) -> bool:
        self._one["logit"] = 0
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(self._one_of_them))
        return bool(self._one["logit"][0] == 0)


def _array_of(ids: Any) -> tuple[Any, Any]:
    """Candidates, and llama.cpp's view of them."""
    candidates = np.zeros(len(ids), _CANDIDATE)
    candidates["id"] = ids
    data = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    return candidates, llama_cpp.llama_token_data_array(data, len(ids), -1, False)


class _LlamaCppSession:
    def __init__(self, sampler: Any, candidates: _Candidates) -> None:
        self._sampler = sampler
        self._candidates = candidates
        self._moved = False
        weakref.finalize(self, llama_cpp.llama_sampler_free, sampler)

    def reset(self) -> None:
        if self._moved:  # it would read the grammar again
            llama_cpp.llama_sampler_reset(self._sampler)
        self._moved = False

    def compute_mask(self) -> Mask:
        self._mask = self._candidates.mask(self._sampler)
        return self._mask

    def accept_token(self, token: int) -> bool:
        if not allows(self._mask, token):
            return False  # llama.cpp would abort
        self._moved = True
        llama_cpp.llama_sampler_accept(self._sampler, self._candidates.ids[token])
        return True

    def is_accepting(self) -> bool:
        return self._candidates.may_end(self._sampler)
