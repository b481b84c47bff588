"""GRID (grid-guardrail): a schema becomes an LALR(1) grammar; what it cannot enforce, it leaves out.

Its kernels, ``grid_core``, are an extra of it; without them it computes masks in Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from grid.grammar import spec
from grid.grammar.projection import RoleProjection
from grid.guide import GridGuide
from grid.jsonschema import compile_json_schema
from grid.lalr.compile import compile_tables
from grid.lexer.dfa import build_scanner
from grid.trie.build import build_trie

import maskwright as mw

from .protocol import Mask, Session, Setting, allows, empty_mask


class GridEngine:
    packages = ("grid-guardrail", "grid_core")
    errors = (Exception,)  # it has a dozen kinds of errors, and raises some of Python's as well

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._tokens = _Tokens(vocabulary)
        self._trie = build_trie(self._tokens)
        self._mask = empty_mask(vocabulary)

    def compile(self, schema: Any, setting: Setting) -> Session:
        source, _ = compile_json_schema(schema)
        grammar = spec.load(source)
        tables = compile_tables(RoleProjection.full(grammar).build())
        scanner = build_scanner(grammar.terminals, grammar.terminal_order)
        guide = GridGuide(tables=tables, dfa=scanner, trie=self._trie, adapter=self._tokens)
        return _GridSession(guide, self._mask)


class _Tokens:
    """A vocabulary in the form that GRID reads."""

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._bytes = vocabulary.tokens
        self.special_token_ids = frozenset(number for number, token in enumerate(self._bytes) if not token)
        self.vocabulary = {str(number): number for number in range(vocabulary.size)}
        self.eos_token_id = vocabulary.eos_token_ids[0]
        self.pad_token_id = self.eos_token_id
        self.special_tokens = {str(number) for number in self.special_token_ids}
        self.greedy_tokenize = vocabulary.tokenize

    def token_bytes(self, token_id: int) -> bytes:
        return self._bytes[token_id]


class _GridSession:
    def __init__(self, guide: Any, mask: Mask) -> None:
        self._guide = guide
        self._mask = mask
        self._words = mask.view(np.uint32)
        self.reset()

    def reset(self) -> None:
        self._state = self._guide.initial_state

    def compute_mask(self) -> Mask:
        self._guide.fill_bitmask(self._state, self._words)
        return self._mask

    def accept_token(self, token: int) -> bool:
        if not allows(self._mask, token):
            return False
        self._state = self._guide.get_next_state(self._state, token)
        return True

    def is_accepting(self) -> bool:
        return bool(self._guide.can_terminate_state(self._state))
