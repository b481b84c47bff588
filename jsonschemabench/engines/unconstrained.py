"""No constraint at all: the floor of all times, and of all coverage."""

from __future__ import annotations

from typing import Any

import numpy as np

import maskwright as mw

from .protocol import Mask, Session, Setting, empty_mask


class UnconstrainedEngine:
    packages: tuple[str, ...] = ()
    errors: tuple[type[BaseException], ...] = ()

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._mask = np.full_like(empty_mask(vocabulary), -1)

    def compile(self, schema: Any, setting: Setting) -> Session:
        return _UnconstrainedSession(self._mask)


class _UnconstrainedSession:
    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def reset(self) -> None: ...

    def compute_mask(self) -> Mask:
        return self._mask

    def accept_token(self, token: int) -> bool:
        return True

    def is_accepting(self) -> bool:
        return True
