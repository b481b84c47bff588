"""Drafts from the model itself with some of its layers left out, the set of layers chosen while generating.

In the manner of SWIFT (arXiv 2410.06916): no training; every ``window`` guesses the set in use is scored by what it
gains, and a set that differs from the best one in a few layers is tried next. The shortened model shares the model's
weights and has a cache of its own. The first layer always stays, and so does the last.

Not supported: models whose layers are of several kinds.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

from torch import nn

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Matcher
from .draft_model import DraftModel, DraftModelSession
from .drafter import Candidate, Cursor, Mask, Session

_LIST_NAMES = ("layers", "h")
_ASSUMED_LENGTH = 4
_REMEMBERED = 256


class LayerSkip:
    """``share``: of the layers that are left out at first; ``window``: guesses after which a set is scored.

    Raises ``MaskwrightError`` for a model whose layers cannot be told, are of several kinds, or are fewer than three.
    """

    def __init__(self, model: Any, *, share: float = 0.5, window: int = 64, prior: float = 0.5, seed: int = 0) -> None:
        self.name = "layer skip"
        self.prior = prior
        self._model = model
        self._count = len(_layers(model)[1])
        kinds = set(getattr(model.config.get_text_config(), "layer_types", None) or ())
        if self._count < 3 or len(kinds) > 1:
            raise MaskwrightError(
                f"layers of a {type(model).__name__} cannot be skipped: {self._count}, of kinds {sorted(kinds)}",
                remedy="leave LayerSkip out of the drafters",
            )
        self._window = window
        self._random = random.Random(seed)
        middle = list(range(1, self._count - 1))
        left_out = set(self._random.sample(middle, round(share * len(middle))))
        self.kept = tuple(i for i in range(self._count) if i not in left_out)
        self._best, self._best_gain = self.kept, 0.0
        self._right = self._tried = 0
        self.drafter = self._shortened()

    def session(self, prompt: Sequence[int]) -> LayerSkipSession:
        return LayerSkipSession(self, prompt)

    def score(self, right: int, tried: int) -> None:
        """Of ``tried`` guesses ``right`` were; after a window of them, go on with the best set or try another."""
        self._right += right
        self._tried += tried
        if self._tried < self._window:
            return
        gain = _gain(self._right / self._tried, len(self.kept) / self._count)
        self._right = self._tried = 0
        if self.kept == self._best:
            self._best_gain = gain
            self._use(self._neighbour())
        else:
            if gain > self._best_gain:
                self._best, self._best_gain = self.kept, gain
            self._use(self._best)

    def _use(self, kept: tuple[int, ...]) -> None:
        if kept != self.kept:
            self.kept = kept
            self.drafter = self._shortened()

    def _neighbour(self) -> tuple[int, ...]:
        """The best set with one layer put in or left out."""
        changed = self._random.randrange(1, self._count - 1)
        kept = set(self._best) ^ {changed}
        return tuple(sorted(kept))

    def _shortened(self) -> DraftModel:
        name, layers = _layers(self._model)
        inner = _with_module(self._model.get_decoder(), name, nn.ModuleList([layers[i] for i in self.kept]))
        outer = _with_module(self._model, self._model.base_model_prefix, inner)
        return DraftModel(outer, name=self.name, prior=self.prior)


class LayerSkipSession(Session):
    """A ``DraftModelSession`` that begins anew, on the last tokens of the text, when the set of layers changes."""

    def __init__(self, skip: LayerSkip, prompt: Sequence[int]) -> None:
        self._skip = skip
        self._text = list(prompt)
        self._begin()

    def root(self) -> Cursor:
        return self._inner.root()

    def candidates(self, cursor: Cursor, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        return self._inner.candidates(cursor, matcher, mask)

    def advance(self, cursor: Cursor, token: int) -> Cursor:
        return self._inner.advance(cursor, token)

    def extend(self, tokens: Sequence[int]) -> None:
        self._text += tokens
        self._skip.score(*self._inner.extend(tokens))
        if self._drafter is not self._skip.drafter:
            self._begin()

    def _begin(self) -> None:
        self._drafter = self._skip.drafter
        self._inner: DraftModelSession = self._drafter.session(self._text[-_REMEMBERED:])


def _gain(right: float, cost: float) -> float:
    """Tokens a pass for chains of ``_ASSUMED_LENGTH`` guesses, each right so often, at ``cost`` of a pass each."""
    tokens = float(sum(right**i for i in range(_ASSUMED_LENGTH + 1)))
    return tokens / (1.0 + _ASSUMED_LENGTH * cost)


def _layers(model: Any) -> tuple[str, nn.ModuleList]:
    """The list of the decoder's layers, and what it is called."""
    decoder = model.get_decoder()
    for name in _LIST_NAMES:
        layers = getattr(decoder, name, None)
        if isinstance(layers, nn.ModuleList):
            return name, layers
    raise MaskwrightError(
        f"the layers of a {type(model).__name__} are not found", remedy="leave LayerSkip out of the drafters"
    )


def _with_module(module: Any, name: str, replacement: nn.Module) -> Any:
    """A copy of ``module`` that shares everything but one part."""
    changed = copy.copy(module)
    changed._modules = {**module._modules, name: replacement}
    return changed
