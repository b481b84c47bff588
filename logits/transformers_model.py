"""The law of a transformers model after a prompt, for samplers: batched, and computing nothing twice that is kept.

Not supported: encoder-decoder models. Keys and values are reused where the model's cache simply keeps every token; with
sliding windows, recurrent layers or quantized caches each prefix is computed from the prompt on.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from ..grammar.errors import MaskwrightError
from .key_values import KeyValues
from .language_model import Prefix, SamplingSettings

MEMORY = 1 << 30
_SAMPLED_WEIGHTS = 8


class TransformersModel:
    """``prompt_ids``: at least one token. ``memory``: bytes of keys and values that are kept between calls. ``batch``:
    prefixes computed at once.

    ``vocabulary_size`` is the width of the model's logits. Raises ``MaskwrightError`` for a model in training mode,
    whose dropout makes another law of each call.
    """

    def __init__(
        self,
        model: Any,
        prompt_ids: Sequence[int],
        settings: SamplingSettings | None = None,
        *,
        memory: int = MEMORY,
        batch: int = 64,
    ) -> None:
        if model.training:
            raise MaskwrightError("the model is in training mode", remedy="call model.eval()")
        if not prompt_ids:
            raise MaskwrightError("the prompt has no tokens", remedy="write a prompt")
        self._model = model
        self._prompt = list(prompt_ids)
        self._settings = settings or SamplingSettings()
        self._batch = batch
        self._only_last = (
            {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
        )
        self._warpers = _warpers(self._settings)
        output = self._run([self._prompt], None)
        self._first = self._laws(output)
        self.vocabulary_size = self._first.shape[1]
        self.fingerprint = _fingerprint(model, self._prompt, self._settings)
        self._key_values = KeyValues.of(getattr(output, "past_key_values", None), memory)

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.float64]:
        laws = np.empty((len(prefixes), self.vocabulary_size))
        groups: dict[tuple[int, int], list[int]] = {}
        for row, prefix in enumerate(prefixes):
            if prefix:
                known = self._key_values.depth(prefix) if self._key_values is not None else 0
                groups.setdefault((len(prefix), known), []).append(row)
            else:
                laws[row] = self._first[0]
        for (_, known), rows in groups.items():
            for part in _parts(rows, self._batch):
                laws[part] = self._computed([prefixes[row] for row in part], known)
        if self._key_values is not None:
            self._key_values.trim()
        return laws

    def _computed(self, prefixes: list[Prefix], known: int) -> NDArray[np.float64]:
        """The laws of prefixes of one length, of which the first ``known`` tokens are known."""
        if self._key_values is None:
            return self._laws(self._run([[*self._prompt, *prefix] for prefix in prefixes], None))
        cache = self._key_values.cache([prefix[:known] for prefix in prefixes])
        output = self._run([prefix[known:] for prefix in prefixes], cache)
        self._key_values.add(prefixes, known, output.past_key_values)
        return self._laws(output)

    def _run(self, rows: Sequence[Sequence[int]], cache: Any) -> Any:
        ids = torch.tensor([list(row) for row in rows], device=self._model.device)
        known = 0 if cache is None else cache.get_seq_length()
        seen = torch.ones((len(rows), known + ids.shape[1]), dtype=torch.int64, device=ids.device)
        with torch.inference_mode():
            return self._model(
                input_ids=ids, attention_mask=seen, past_key_values=cache, use_cache=True, **self._only_last
            )

    def _laws(self, output: Any) -> NDArray[np.float64]:
        scores = output.logits[:, -1].to(torch.float64)
        for warper in self._warpers:
            scores = warper(None, scores)
        laws: NDArray[np.float64] = torch.log_softmax(scores, dim=-1).cpu().numpy()
        return laws


def _warpers(settings: SamplingSettings) -> list[Any]:
    """Those of transformers' own ``generate``, in its order."""
    warpers: list[Any] = []
    if settings.temperature != 1:
        warpers.append(TemperatureLogitsWarper(settings.temperature))
    if settings.top_k:
        warpers.append(TopKLogitsWarper(settings.top_k))
    if settings.top_p < 1:
        warpers.append(TopPLogitsWarper(settings.top_p))
    return warpers


def _fingerprint(model: Any, prompt: Sequence[int], settings: SamplingSettings) -> str:
    """A digest of the configuration, some weights of each parameter, prompt and settings."""
    digest = hashlib.sha256(repr((model.config.to_json_string(), list(prompt), settings)).encode())
    for name, parameter in model.named_parameters():
        weights = parameter.detach().flatten()[:_SAMPLED_WEIGHTS].to(torch.float32).tolist()
        digest.update(repr((name, tuple(parameter.shape), weights)).encode())
    return digest.hexdigest()


def _parts(rows: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])
