"""The engines that benchmarks compare, with one face: a schema, then token by token a mask and an acceptance.

All get the same vocabulary (Mistral's Tekken, 131,072 tokens) and write into the same kind of array. Peers that are not
installed are left out.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
import time
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import maskwright as mw


class Engine(Protocol):
    """What each engine does for one sequence at a time."""

    name: str
    mask: NDArray[np.int32]

    def compile(self, schema: object) -> None:
        """Compile ``schema``, begin a document and compute its first mask. Raises ``DECLINES``."""

    def reset(self) -> None: ...

    def fill(self) -> None: ...

    def accept(self, token: int) -> bool: ...

    def step(self, token: int) -> bool:
        """Mask, look ``token`` up in it, accept; in one call, so that the benchmark's own calls cost little."""

    def is_accepting(self) -> bool: ...

    def problem(self) -> str:
        """Why the engine stopped, where it says so."""


DECLINES: tuple[type[Exception], ...] = (mw.MaskwrightError, ValueError, RuntimeError)


class Maskwright:
    name = "maskwright"

    def __init__(self, vocabulary: mw.Vocabulary, property_order: str = "any", formats: str = "assert") -> None:
        self._vocabulary = vocabulary
        self._options: Any = {"property_order": property_order, "formats": formats}
        self.mask = np.zeros((1, (vocabulary.size + 31) // 32), np.int32)

    def constraint(self, schema: object) -> mw.Constraint:
        return mw.compile(mw.JsonSchema(schema, **self._options), self._vocabulary)

    def compile(self, schema: object) -> None:
        self._matcher = self.constraint(schema).matcher()
        self.fill()

    def reset(self) -> None:
        self._matcher.reset()

    def fill(self) -> None:
        self._matcher.fill_next_token_bitmask(self.mask)

    def accept(self, token: int) -> bool:
        return self._matcher.accept_token(token)

    def step(self, token: int) -> bool:
        self._matcher.fill_next_token_bitmask(self.mask)
        if not self.mask[0, token >> 5] >> (token & 31) & 1:
            return False
        return self._matcher.accept_token(token)

    def is_accepting(self) -> bool:
        return self._matcher.is_accepting()

    def problem(self) -> str:
        return ""


class Llguidance:
    name = "llguidance"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        import llguidance
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        class Tokenizer:
            eos_token_id = vocabulary.eos_token_ids[0]
            bos_token_id = None
            tokens = [  # noqa: RUF012 -- the attribute that llguidance reads
                token or b"\xff<%d>" % number for number, token in enumerate(vocabulary.tokens)
            ]
            special_token_ids = sorted(vocabulary.special_token_ids)

            def __call__(self, text: str | bytes) -> list[int]:
                return vocabulary.tokenize(text if isinstance(text, bytes) else text.encode())

        self._matcher_of = llguidance.LLMatcher
        self._fill = fill_next_token_bitmask
        self._tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tokenizer()))
        self.mask = allocate_token_bitmask(1, self._tokenizer.vocab_size)

    def matcher(self, schema: object) -> Any:
        grammar = json.dumps({"grammars": [{"json_schema": schema}]})
        matcher = self._matcher_of(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        return matcher

    def compile(self, schema: object) -> None:
        self._fresh = self.matcher(schema)
        self.reset()
        self.fill()

    def reset(self) -> None:
        self._matcher = self._fresh.deep_copy()

    def fill(self) -> None:
        self._fill(self._matcher, self.mask, 0)

    def accept(self, token: int) -> bool:
        return bool(self._matcher.consume_token(token))

    def step(self, token: int) -> bool:
        self._fill(self._matcher, self.mask, 0)
        if not self.mask[0, token >> 5] >> (token & 31) & 1:
            return False
        return bool(self._matcher.consume_token(token))

    def is_accepting(self) -> bool:
        return bool(self._matcher.is_accepting())

    def problem(self) -> str:
        return str(self._matcher.get_error())


class Xgrammar:
    """Strict: other keys than those named are refused; one form of blanks, that of ``json.dumps``."""

    name = "xgrammar"

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        import xgrammar

        tokens: list[Any] = [token or b"<special %d>" % number for number, token in enumerate(vocabulary.tokens)]
        information = xgrammar.TokenizerInfo(tokens, stop_token_ids=list(vocabulary.eos_token_ids))
        self._matcher_of = xgrammar.GrammarMatcher
        self._compiler = xgrammar.GrammarCompiler(information, cache_enabled=False)
        self._bitmask = xgrammar.allocate_token_bitmask(1, vocabulary.size)
        self.mask = self._bitmask.numpy()

    def matcher(self, schema: object) -> Any:
        text = json.dumps(schema)
        compiled = self._compiler.compile_json_schema(text, any_whitespace=False, separators=(", ", ": "))
        return self._matcher_of(compiled)

    def compile(self, schema: object) -> None:
        self._matcher = self.matcher(schema)
        self.fill()

    def reset(self) -> None:
        self._matcher.reset()

    def fill(self) -> None:
        self._matcher.fill_next_token_bitmask(self._bitmask, 0)

    def accept(self, token: int) -> bool:
        return bool(self._matcher.accept_token(token))

    def step(self, token: int) -> bool:
        self._matcher.fill_next_token_bitmask(self._bitmask, 0)
        if not self.mask[0, token >> 5] >> (token & 31) & 1:
            return False
        return bool(self._matcher.accept_token(token))

    def is_accepting(self) -> bool:
        return bool(self._matcher.is_completed())

    def problem(self) -> str:
        return ""


PEERS = (Llguidance, Xgrammar)


def installed_peers() -> list[Any]:
    """The classes of the peers that can be imported."""
    return [peer for peer in PEERS if importlib.util.find_spec(peer.name)]


def tekken() -> mw.Vocabulary:
    import mistral_common

    return mw.Vocabulary.from_tekken(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def conditions() -> dict[str, Any]:
    """What a report says of the circumstances: machine, versions, date."""
    peers = {peer.name: importlib.metadata.version(peer.name) for peer in installed_peers()}
    return {
        "machine": f"{platform.machine()}, {_cores()} cores, CPython {platform.python_version()}",
        "date": date.today().isoformat(),
        "maskwright": mw.__version__,
        **peers,
    }


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))


def microseconds_since(start: int) -> float:
    return (time.perf_counter_ns() - start) / 1e3
