"""The law of a transformers model after a prompt, for samplers: batched, and computing nothing twice that is kept.

Not supported: encoder-decoder models. Keys and values are reused where the model's cache simply keeps every token; with
sliding windows, recurrent layers or quantized caches each prefix is computed from the prompt on.
"""

from __future__ import annotations

import hashlib
import inspect
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from ..grammar.errors import MaskwrightError
from .drafted_laws import DraftedLaws, Drafts
from .key_values import KeyValues
from .language_model import Prefix, SamplingSettings

MEMORY = 1 << 30
_SAMPLED_WEIGHTS = 8


class TransformersModel:
    """``prompt_ids``: at least one token. ``memory``: bytes of keys and values that are kept between calls. ``batch``:
    prefixes computed at once. ``drafts``: guesses at how a prefix goes on, which are read with it, so that the laws
    along them are known when they are asked for.

    ``vocabulary_size`` is the width of the model's logits; ``passes`` how often the model ran after it had read the
    prompt, ``computed`` how many prefixes it ran for: those that were asked about, less the known ones. Raises
    ``MaskwrightError`` for a model in training mode, whose dropout makes another law of each call.
    """

    def __init__(
        self,
        model: Any,
        prompt_ids: Sequence[int],
        settings: SamplingSettings | None = None,
        *,
        memory: int = MEMORY,
        batch: int = 64,
        drafts: Drafts | None = None,
    ) -> None:
        if model.training:
            raise MaskwrightError("the model is in training mode", remedy="call model.eval()")
        if not prompt_ids:
            raise MaskwrightError("the prompt has no tokens", remedy="write a prompt")
        self._model = model
        self._prompt = list(prompt_ids)
        self._settings = settings or SamplingSettings()
        self._batch = batch
        self._drafts = drafts
        self._ahead = DraftedLaws()
        self._takes_keep = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._warpers = _warpers(self._settings)
        output = self._run([self._prompt], None, 1)
        self._first = self._laws(output.logits[:, -1])
        self.passes = self.computed = 0
        self.vocabulary_size = self._first.shape[1]
        self.fingerprint = _fingerprint(model, self._prompt, self._settings)
        self._key_values = KeyValues.of(getattr(output, "past_key_values", None), memory)

    def log_probabilities(self, prefixes: Sequence[Prefix]) -> NDArray[np.float64]:
        laws = np.empty((len(prefixes), self.vocabulary_size))
        groups: dict[tuple[int, int], list[int]] = {}
        for row, prefix in enumerate(prefixes):
            ahead = self._ahead.of(prefix)
            if not prefix:
                laws[row] = self._first[0]
            elif ahead is not None:
                laws[row] = self._laws(ahead[None])[0]
            else:
                known = self._key_values.depth(prefix) if self._key_values is not None else 0
                groups.setdefault((len(prefix), known), []).append(row)
        for (_, known), rows in groups.items():
            for part in _parts(rows, self._batch):
                laws[part] = self._computed([prefixes[row] for row in part], known)
        if self._key_values is not None:
            self._key_values.trim()
        return laws

    def _computed(self, prefixes: list[Prefix], known: int) -> NDArray[np.float64]:
        """The laws of prefixes of one length, of which the first ``known`` tokens are known."""
        drafted = [()] * len(prefixes) if self._drafts is None else self._drafts.after(prefixes)
        started = time.perf_counter()
        longest = max(map(len, drafted))
        texts = [prefix + guess for prefix, guess in zip(prefixes, drafted, strict=True)]
        rows = [text + text[-1:] * (longest - len(guess)) for text, guess in zip(texts, drafted, strict=True)]
        if self._key_values is None:
            output = self._run([[*self._prompt, *row] for row in rows], None, longest + 1)
        else:
            cache = self._key_values.cache([prefix[:known] for prefix in prefixes])
            output = self._run([row[known:] for row in rows], cache, longest + 1)
            self._key_values.add(texts, known, output.past_key_values)
        logits = output.logits[:, -longest - 1 :]
        laws = self._laws(logits[:, 0])
        self.passes += 1
        self.computed += len(prefixes)
        if self._drafts is not None:
            self._keep_drafted(self._drafts, texts, drafted, logits, time.perf_counter() - started)
        return laws

    def _keep_drafted(
        self,
        drafts: Drafts,
        texts: Sequence[Prefix],
        drafted: Sequence[Prefix],
        logits: torch.Tensor,
        seconds: float,
    ) -> None:
        """``logits``: float[n, longest + 1, V], from the last token of each prefix on."""
        read: list[int] = []
        for row, (text, guess) in enumerate(zip(texts, drafted, strict=True)):
            first = len(text) - len(guess)
            read += text[first - 1 :]
            for place in range(1, len(guess) + 1):
                self._ahead.keep(text[: first + place], logits[row, place])
        after = torch.cat([logits[row, : len(guess) + 1] for row, guess in enumerate(drafted)])
        drafts.learn(np.array(read, np.int64), after, seconds)

    def _run(self, rows: Sequence[Sequence[int]], cache: Any, keep: int) -> Any:
        """The model's output, with the logits after the last ``keep`` tokens at least."""
        ids = torch.tensor([list(row) for row in rows], device=self._model.device)
        known = 0 if cache is None else cache.get_seq_length()
        seen = torch.ones((len(rows), known + ids.shape[1]), dtype=torch.int64, device=ids.device)
        arguments = {"logits_to_keep": keep} if self._takes_keep else {}
        with torch.inference_mode():
            return self._model(input_ids=ids, attention_mask=seen, past_key_values=cache, use_cache=True, **arguments)

    def _laws(self, logits: torch.Tensor) -> NDArray[np.float64]:
        """The log laws for ``logits``, float[n, V]."""
        scores = logits.to(torch.float64)
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
