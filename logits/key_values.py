"""Keys and values of prefixes after one prompt: a trie with a token's share in each node, bounded in bytes.

A prefix is put together from the nodes on its way, so that sequences which share a beginning share its memory and its
computation. When there is too much, the ends of those used longest ago are dropped; what is missing is computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

_KEPT = 0.75


class _Token:
    """``keys``, ``values``: of all layers, [layers, heads, 1, width]."""

    __slots__ = ("children", "keys", "parent", "token", "used", "values")

    def __init__(self, parent: _Token | None, token: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.parent = parent
        self.token = token
        self.keys = keys
        self.values = values
        self.children: dict[int, _Token] = {}
        self.used = 0

    @property
    def size(self) -> int:
        return self.keys.nbytes + self.values.nbytes


class KeyValues:
    """``keys``, ``values``: of the prompt, [layers, heads, tokens, width]; ``memory``: bytes for prefixes after it."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, memory: int) -> None:
        self._root = _Token(None, -1, keys, values)
        self._memory = memory
        self._clock = 0
        self.size = 0

    @classmethod
    def of(cls, cache: Any, memory: int) -> KeyValues | None:
        """From the cache that a model filled with a prompt; None for those that do more than to keep every token."""
        layers: list[Any] = list(cache.layers) if isinstance(cache, DynamicCache) else []
        if any(type(layer) is not DynamicLayer for layer in layers):
            return None
        if len({(layer.keys.shape, layer.values.shape, layer.keys.dtype) for layer in layers}) != 1:
            return None
        return cls(_stacked(cache, "keys", slice(None))[:, 0], _stacked(cache, "values", slice(None))[:, 0], memory)

    def depth(self, prefix: Sequence[int]) -> int:
        """How many tokens of ``prefix`` are known, the last one left out: its law has to be computed in any case."""
        self._clock += 1
        return len(self._way(prefix[:-1])) - 1

    def cache(self, prefixes: Sequence[Sequence[int]]) -> DynamicCache:
        """The keys and values of the prompt and of ``prefixes``, known ones of one length, a row each."""
        ways = [self._way(prefix) for prefix in prefixes]
        keys = torch.stack([torch.cat([token.keys for token in way], dim=2) for way in ways], dim=1)
        values = torch.stack([torch.cat([token.values for token in way], dim=2) for way in ways], dim=1)
        cache = DynamicCache()
        for layer, pair in enumerate(zip(keys.unbind(), values.unbind(), strict=True)):
            cache.update(*pair, layer)
        return cache

    def add(self, prefixes: Sequence[Sequence[int]], known: int, cache: Any) -> None:
        """Keep what a model computed for ``prefixes``, from their token ``known`` on; the shorter ones are padded."""
        new = slice(known - max(map(len, prefixes)), None)
        keys, values = _stacked(cache, "keys", new), _stacked(cache, "values", new)
        for row, prefix in enumerate(prefixes):
            token = self._way(prefix[:known])[-1]
            for place, token_id in enumerate(prefix[known:]):
                if token_id not in token.children:
                    kept = [part[:, row, :, place : place + 1].clone() for part in (keys, values)]
                    token.children[token_id] = _Token(token, token_id, *kept)
                    self.size += token.children[token_id].size
                token = token.children[token_id]
                token.used = self._clock

    def _way(self, prefix: Sequence[int]) -> list[_Token]:
        """The known tokens of ``prefix``, the prompt in front."""
        way = [self._root]
        for token_id in prefix:
            after = way[-1].children.get(token_id)
            if after is None:
                break
            after.used = self._clock
            way.append(after)
        return way

    def trim(self) -> None:
        """Forget what is too much; not while prefixes whose depth was asked for are still to be computed."""
        while self.size > self._memory:
            self._forget()

    def _forget(self) -> None:
        if self.size > _KEPT * self._memory:
            leaves = sorted(self._leaves(), key=lambda token: token.used)
            for leaf in leaves:
                if self.size <= _KEPT * self._memory:
                    return
                assert leaf.parent is not None
                del leaf.parent.children[leaf.token]
                self.size -= leaf.size

    def _leaves(self) -> list[_Token]:
        waiting, leaves = [self._root], []
        while waiting:
            token = waiting.pop()
            waiting.extend(token.children.values())
            if not token.children and token.parent is not None:
                leaves.append(token)
        return leaves


def _stacked(cache: Any, name: str, tokens: slice) -> torch.Tensor:
    """[layers, rows, heads, tokens, width]."""
    return torch.stack([getattr(layer, name)[:, :, tokens] for layer in cache.layers])
