"""A model's key-value cache to which every pass appends the nodes of draft trees, of which one path is kept.

Sequences of a batch keep paths of different lengths, so columns of the cache may be empty in some of them: ``seen``
says which are part of a text. Layers that attend within a sliding window keep all columns here, and are masked.

Not supported: models without position ids or with ALiBi, with a recurrent state, or whose attention takes no mask of
its own or has windows that it makes itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from ...grammar.errors import MaskwrightError
from ...logits.verification import TreeBatch
from .dense_cache import DenseCache
from .model_support import check_support, last_logits, window_of


def cache_for(model: Any, cache: Any, attention_mask: torch.Tensor) -> TreeCache | DenseCache:
    """A cache that goes on from ``cache``, if there is one, for texts of which ``attention_mask`` [B, n] tells padding.

    Raises ``MaskwrightError`` for models that cannot verify trees, and for caches that drop columns.
    """
    check_support(model)
    plain = _plain(cache)
    if len(attention_mask) == 1 and window_of(model) is None and bool(attention_mask.all()):
        return DenseCache(model, plain)
    return TreeCache(model, plain, attention_mask)


class TreeCache:
    """``seen``: bool[B, P]; ``positions``: int64[B, P], where in its text each column stands."""

    def __init__(self, model: Any, cache: DynamicCache, attention_mask: torch.Tensor) -> None:
        self._model = model
        self.cache = cache
        held = cache.get_seq_length()
        self.seen = attention_mask[:, :held].bool()
        self.positions = (self.seen.long().cumsum(-1) - 1).clamp(min=0)

    @property
    def held(self) -> int:
        """How many columns there are."""
        return self.seen.shape[1]

    def read(self, ids: torch.Tensor, seen: torch.Tensor) -> None:
        """Append a text, int64[B, n]; ``seen`` [B, n] is 0 for padding."""
        if ids.shape[1] == 0:
            return
        start = self.seen.sum(-1, keepdim=True)
        positions = (start + seen.long().cumsum(-1) - 1).clamp(min=0)
        self.seen = torch.cat([self.seen, seen.bool()], -1)
        self.positions = torch.cat([self.positions, positions], -1)
        later = torch.arange(self.seen.shape[1], device=ids.device)
        columns = later[-ids.shape[1] :]
        visible = self.seen[:, None, :] & (later[None, :] <= columns[:, None])[None]
        visible |= (later[None, :] == columns[:, None])[None]  # padding sees itself: no row without anything to see
        self._forward(ids, positions, visible, **last_logits(self._model))

    def run(self, trees: TreeBatch) -> torch.Tensor:
        """The logits after every node, float[B, N, V]; the trees' columns are appended."""
        starts = self.seen.sum(-1)
        positions = trees.position_ids(starts)
        before = self.seen[:, None, :].expand(-1, positions.shape[1], -1)
        visible = torch.cat([before, trees.ancestors], -1)
        self.positions = torch.cat([self.positions, positions], -1)
        return self._forward(trees.tokens, positions, visible)

    def keep(self, paths: Sequence[Sequence[int]]) -> None:
        """Of the trees' columns keep those of these nodes, in order; the root is the first of each path."""
        before = self.seen.shape[1]
        longest = max(map(len, paths))
        device = self.seen.device
        kept = torch.tensor([[*path] + [0] * (longest - len(path)) for path in paths], device=device)
        lengths = torch.tensor([len(path) for path in paths], device=device)
        seen = torch.arange(longest, device=device)[None, :] < lengths[:, None]
        self.seen = torch.cat([self.seen, seen], -1)
        self.positions = torch.cat([self.positions[:, :before], self.positions[:, before:].gather(1, kept)], -1)
        in_place = all(list(path) == list(range(len(path))) for path in paths)
        layers: list[Any] = self.cache.layers
        for layer in layers:
            if not in_place:
                index = kept[:, None, :, None]
                for tensor in (layer.keys, layer.values):
                    shape = (-1, tensor.shape[1], -1, tensor.shape[3])
                    tensor[:, :, before : before + longest] = tensor[:, :, before:].gather(2, index.expand(shape))
            layer.keys = layer.keys[:, :, : before + longest]
            layer.values = layer.values[:, :, : before + longest]

    def select(self, rows: Sequence[int]) -> None:
        """Go on with these sequences only, without the columns that none of them has."""
        index = torch.tensor(list(rows), device=self.seen.device)
        self.seen, self.positions = self.seen[index], self.positions[index]
        columns = self.seen.any(0).nonzero().flatten()
        self.seen, self.positions = self.seen[:, columns], self.positions[:, columns]
        layers: list[Any] = self.cache.layers
        for layer in layers:
            layer.keys = layer.keys[index][:, :, columns]
            layer.values = layer.values[index][:, :, columns]

    def _forward(
        self, ids: torch.Tensor, positions: torch.Tensor, visible: torch.Tensor, **arguments: Any
    ) -> torch.Tensor:
        """``visible``: bool[B, n, P + n]."""
        output = self._model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=self._masks(visible, positions),
            past_key_values=self.cache,
            use_cache=True,
            **arguments,
        )
        logits: torch.Tensor = output.logits
        return logits

    def _masks(self, visible: torch.Tensor, positions: torch.Tensor) -> Any:
        """What the model takes for a mask: one, or one for each kind of layer."""
        full = self._additive(visible)
        window = window_of(self._model)
        if window is None:
            return full
        kinds = set(getattr(self._model.config.get_text_config(), "layer_types", None) or ())
        near = positions[:, :, None] - self.positions[:, None, :] < window
        sliding = self._additive(visible & near)
        return {"full_attention": full, "sliding_attention": sliding} if len(kinds) > 1 else sliding

    def _additive(self, visible: torch.Tensor) -> torch.Tensor:
        dtype = self._model.dtype
        mask = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
        return mask.masked_fill_(~visible, torch.finfo(dtype).min)[:, None]


def _plain(cache: Any) -> DynamicCache:
    """A cache whose layers keep all columns: the one that there is, if it does."""
    if cache is not None and cache.get_seq_length():
        if not all(type(layer) is DynamicLayer for layer in cache.layers):
            raise MaskwrightError(
                f"speculation cannot go on with a filled {type(cache).__name__}", remedy="pass a plain DynamicCache"
            )
        plain: DynamicCache = cache
        return plain
    return DynamicCache()
