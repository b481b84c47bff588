"""The key-value cache of one text without padding: every column is part of it, so that little has to be kept.

What a pass costs besides the model: one mask and one row of positions, and nothing is moved where the path that is kept
is a beginning of the tree, as it always is in a chain. Drafting for a small model is worth what these cost less.

Not supported: several texts, padding, layers with a sliding window: see ``tree_cache``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from ...logits.verification import TreeBatch
from .model_support import last_logits


class DenseCache:
    """``held``: how many columns there are. The interface is that of ``TreeCache``."""

    def __init__(self, model: Any, cache: DynamicCache) -> None:
        self._model = model
        self.cache = cache
        self.held = int(cache.get_seq_length())
        self._dtype = model.dtype
        self._least = torch.finfo(self._dtype).min

    def read(self, ids: torch.Tensor, seen: torch.Tensor) -> None:
        """Append a text, int64[1, n]."""
        if ids.shape[1]:
            positions = torch.arange(self.held, self.held + ids.shape[1], device=ids.device)[None]
            self._forward(ids, positions, None, **last_logits(self._model))
            self.held += ids.shape[1]

    def run(self, trees: TreeBatch) -> torch.Tensor:
        """The logits after every node, float[1, N, V]; the tree's columns are appended."""
        nodes = trees.tokens.shape[1]
        mask = torch.zeros((1, 1, nodes, self.held + nodes), dtype=self._dtype, device=trees.tokens.device)
        if nodes > 1:
            mask[..., self.held :].masked_fill_(~trees.ancestors, self._least)
        return self._forward(trees.tokens, trees.position_ids(self.held), mask)

    def keep(self, paths: Sequence[Sequence[int]]) -> None:
        """Of the tree's columns keep those of these nodes, in order; the root is the first of the path."""
        [path] = paths
        before, self.held = self.held, self.held + len(path)
        moved = path[-1] >= len(path)
        columns = torch.tensor(path, device=self._model.device) + before if moved else None
        layers: list[Any] = self.cache.layers
        for layer in layers:
            if columns is not None:
                for tensor in (layer.keys, layer.values):
                    tensor[:, :, before : self.held] = tensor.index_select(2, columns)
            layer.keys = layer.keys[:, :, : self.held]
            layer.values = layer.values[:, :, : self.held]

    def select(self, rows: Sequence[int]) -> None:
        """Go on with these texts only: there is one."""

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor, mask: Any, **arguments: Any) -> torch.Tensor:
        output = self._model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=mask,
            past_key_values=self.cache,
            use_cache=True,
            **arguments,
        )
        logits: torch.Tensor = output.logits
        return logits
