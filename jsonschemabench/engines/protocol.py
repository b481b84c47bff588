"""What the benchmark asks of an engine.

An engine is made once for a vocabulary, in a process of its own, and compiles one schema after the other. What it
compiles to is a ``Session``: the state of one document at a time. A mask is ``int32[ceil(V / 32)]``; bit ``t % 32`` of
word ``t // 32`` is 1 iff token ``t`` is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

import maskwright as mw

Mask = NDArray[np.int32]


@dataclass(frozen=True)
class Setting:
    """How a schema is meant, beyond its text; engines that have no such option ignore it.

    ``dialect``: that of a schema without ``$schema``. ``formats``: ``"assert"`` or ``"annotate"``. ``remotes``:
    documents that references may name, by address.
    """

    dialect: str | None = None
    formats: str = "assert"
    remotes: tuple[tuple[str, Any], ...] = ()


class Session(Protocol):
    """One document under a compiled schema."""

    def reset(self) -> None:
        """Go to the beginning of a new document."""

    def compute_mask(self) -> Mask:
        """The tokens allowed next; the array may be reused by the next call."""

    def accept_token(self, token: int) -> bool:
        """Read a token after ``compute_mask``; False if it is not allowed."""

    def is_accepting(self) -> bool:
        """May the document end here?"""


class Engine(Protocol):
    """An engine, made by ``Engine(vocabulary)``.

    ``packages``: the distributions whose versions are recorded. ``errors``: what it raises
    for a schema that it declines; anything else ends its process, and is recorded as a crash.
    """

    packages: ClassVar[tuple[str, ...]]
    errors: ClassVar[tuple[type[BaseException], ...]]

    def __init__(self, vocabulary: mw.Vocabulary) -> None: ...

    def compile(self, schema: Any, setting: Setting) -> Session:
        """Compile a schema."""


class NoDocument:
    """The session of a schema that an engine has found no document to satisfy: it is right about every invalid one."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def reset(self) -> None: ...

    def compute_mask(self) -> Mask:
        self._mask[:] = 0
        return self._mask

    def accept_token(self, token: int) -> bool:
        return False

    def is_accepting(self) -> bool:
        return False


def empty_mask(vocabulary: mw.Vocabulary) -> Mask:
    return np.zeros((vocabulary.size + 31) // 32, np.int32)


def allows(mask: Mask, token: int) -> bool:
    return bool(mask[token >> 5] >> (token & 31) & 1)
