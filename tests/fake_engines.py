"""Engines that do on purpose what engines should not do. They run in workers, never in the tests' own process.

What they do is asked for by the schema: ``{"do": "abort"}``. All other schemas they let pass, and refuse no document.
"""

from __future__ import annotations

import os
import time
from typing import Any

from maskwright.jsonschemabench.engines.protocol import Session, Setting
from maskwright.jsonschemabench.engines.unconstrained import UnconstrainedEngine

MEBIBYTE = 1 << 20


class BadEngine(UnconstrainedEngine):
    """Aborts, hangs, eats memory, raises what it declares or what it does not; or does it while it runs a document."""

    errors = (ValueError,)

    def compile(self, schema: Any, setting: Setting) -> Session:
        action = schema.get("do", "")
        if action.startswith("later "):
            return _Later(super().compile(schema, setting), action.removeprefix("later "))
        _do(action)
        return super().compile(schema, setting)


class _Later:
    def __init__(self, session: Session, action: str) -> None:
        self._action = action
        self.compute_mask = session.compute_mask
        self.reset = session.reset
        self.is_accepting = session.is_accepting

    def accept_token(self, token: int) -> bool:
        _do(self._action)
        return True


class SlowEngine(UnconstrainedEngine):
    """Takes a twentieth of a second for each schema, so that a run can be killed in the midst of it."""

    def compile(self, schema: Any, setting: Setting) -> Session:
        time.sleep(0.05)
        return super().compile(schema, setting)


def _do(action: str) -> None:
    if action == "abort":
        print("printed by the engine", flush=True)
        os.abort()
    if action == "say":
        print("printed by the engine", flush=True)
        raise ValueError("no such schema")
    if action == "abort in silence":
        os.abort()
    if action == "hang":
        time.sleep(3600)
    if action == "eat":
        eaten = []
        while True:
            eaten.append(bytearray(b"x" * 8 * MEBIBYTE))
    if action == "ask for too much":
        bytearray(1 << 45)
    if action == "decline":
        raise ValueError("no\nsuch schema")
    if action == "fail":
        raise KeyError("a bug of the engine")
