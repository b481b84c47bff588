"""Drafts for samplers: for each prefix that the model is to read, one chain of tokens that may well come next.

A sampler writes many texts side by side, throws some away and asks about prefixes in any order. Here each of these
texts is a *line*: matcher and sessions that stand at the prefix last drafted for. A prefix goes on from the line of the
longest prefix of its own; where several texts part, one keeps the line and the others begin anew from the prompt.

Not supported: trees. A sampler's law is computed row by row, and a row is a chain.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ...grammar.matcher import Constraint, Matcher
from ...logits.bitmask import word_count
from ...logits.language_model import Prefix
from .drafter import Session
from .growth import GrownTree, Growth
from .learned import Learned
from .options import Speculation
from .stats import SpeculationStats

_MOST_LINES = 512
_STALE = 64
"""A line that was not drafted for in so many passes is of a text that has ended, most probably."""


@dataclass(slots=True)
class _Line:
    prefix: Prefix
    matcher: Matcher
    sessions: list[Session]
    tree: GrownTree = field(default_factory=GrownTree)
    used: int = 0


class SamplerDrafts:
    """``Drafts`` for a model that a sampler asks, after one prompt; ``max_tokens``: the sampler's limit of length.

    ``stats`` counts as in decoding; drafted tokens are accepted if the text, when the model has to read it again, goes
    on with them. That leaves out those of a text's last draft, and those that were of use to another text.
    """

    def __init__(
        self, constraint: Constraint, prompt: Sequence[int], max_tokens: int, options: Speculation, learned: Learned
    ) -> None:
        self._constraint = constraint
        self._prompt = list(prompt)
        self._most = max_tokens - 1
        self._options = options
        self._learned = learned
        self._masks: NDArray[np.int32] = np.zeros(
            (options.budget + 1, word_count(constraint.vocabulary.size)), np.int32
        )
        self._lines: dict[Prefix, _Line] = {}
        self._clock = 0
        self._drafting = 0.0
        self.stats = SpeculationStats()

    def after(self, prefixes: Sequence[Prefix]) -> list[Prefix]:
        started = time.perf_counter()
        self._clock += 1
        share = max(self._options.budget // len(prefixes), 1)
        drafted = [self._drafted(prefix, share, len(prefixes)) for prefix in prefixes]
        self._end_lines(self._clock - _STALE)
        self._drafting = time.perf_counter() - started
        self.stats.draft_seconds += self._drafting
        return drafted

    def learn(self, tokens: NDArray[np.int64], logits: torch.Tensor, seconds: float) -> None:
        self._learned.read(tokens, logits)
        self._learned.cost.observe(len(tokens), seconds + self._drafting)
        self.stats.forward_passes += 1
        self.stats.forward_seconds += seconds

    def finish(self) -> None:
        """All texts have ended."""
        self._end_lines(self._clock + 1)

    def _drafted(self, prefix: Prefix, share: int, rows: int) -> Prefix:
        line = self._line(prefix)
        if line is None:
            return ()
        growth = Growth(line.matcher, line.sessions, self._learned.acceptance, self._masks, one_child=True)
        deepest = min(self._options.deepest, self._most - len(prefix))
        line.tree = growth.grow(share, deepest, self._learned.cost, rows)
        return tuple(line.tree.tokens[1:])

    def _line(self, prefix: Prefix) -> _Line | None:
        """A line that stands at ``prefix``; None where the language does not have it."""
        lengths = range(len(prefix), 0, -1)
        held = next((prefix[:length] for length in lengths if prefix[:length] in self._lines), None)
        line = self._new_line() if held is None else self._lines.pop(held)
        new = prefix[len(line.prefix) :]
        self._count(line, new)
        if line.matcher.accept_tokens(new) < len(new):
            return None
        for session in line.sessions:
            session.extend(new)
        line.prefix, line.used = prefix, self._clock
        self._lines[prefix] = line  # the last used comes last
        return line

    def _new_line(self) -> _Line:
        sessions = [each.session(self._prompt) for each in self._learned.drafters]
        return _Line((), self._constraint.matcher(), sessions)

    def _count(self, line: _Line, new: Prefix) -> None:
        """What became of the line's drafts, now that ``new`` follows."""
        tree, accepted = line.tree, 0
        sources = [keys[0][0] for keys in tree.keys[1:]]
        for keys, guess, token in zip(tree.keys[1:], tree.tokens[1:], new, strict=False):
            for key in keys:
                self._learned.acceptance.record(key, guess == token)
            if guess != token:
                break
            accepted += 1
        if len(line.prefix):
            self.stats.count(self._learned.names, sources, sources[:accepted])

    def _end_lines(self, before: int) -> None:
        """End the lines that were used ``before`` last, and the oldest where there are too many."""
        while self._lines:
            prefix, line = next(iter(self._lines.items()))
            if line.used >= before and len(self._lines) <= _MOST_LINES:
                return
            del self._lines[prefix]
            self._count(line, ())
            for session in line.sessions:
                session.finish(prefix)
