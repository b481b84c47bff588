"""A model that writes a document under an engine's mask, token by token, with its key-value cache.

With the sampler ``mask`` each token is the likeliest allowed one, or is drawn from the allowed ones by the model's
probabilities; other samplers draw whole documents (``sampled``). What comes out is judged by ``jsonschema``, not by the
engine.
"""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from referencing.exceptions import Unresolvable
from transformers import AutoModelForCausalLM, AutoTokenizer

import maskwright as mw

from .data import Case
from .engines.protocol import Mask, Session
from .errors import BenchError
from .histogram import Histogram
from .messages import MASK, Generation
from .records import Generated
from .reference import CannotJudgeError, Judge
from .sampled import draw
from .vocabularies import TINY, TINY_FOLDER

_NANOSECONDS = 1e3  # in a microsecond

Written = tuple[list[int], bool, list[float], list[float], int]
"""Tokens, whether they ended, microseconds of whole steps and of masks, and forward passes."""


class Writer:
    """Writes a document for each case. Raises ``BenchError`` if the model cannot be loaded."""

    def __init__(self, generation: Generation, vocabulary: mw.Vocabulary) -> None:
        name = str(TINY_FOLDER) if generation.model == TINY else generation.model
        torch.set_num_threads(1)
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(name)
            self._tokenizer = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise BenchError(f"{name} is no model that can be loaded: {reason}", "name a folder or hub id") from error
        self._model = model.eval()
        self._options = generation
        self._vocabulary = vocabulary

    def __call__(self, session: Session, case: Case) -> dict[str, Any]:
        """A ``Generated`` in the form of a dictionary."""
        constraint = getattr(session, "constraint", None)
        if constraint is None or self._options.sampler == MASK:
            ids, finished, steps, masks, passes = self._written(session, case)
        else:
            ids, finished, steps, masks, passes = self._drawn(constraint, case)
        text = self._vocabulary.decode(ids).decode(errors="replace")
        task = case.task
        valid = _is_valid(case.schema, text) if finished else False
        agrees = _agrees(text, task.answer) if task is not None and task.has_answer else None
        generated = Generated(self._options.sampler, text, finished, valid, agrees, len(steps), passes)
        return {**asdict(generated), "step_us": Histogram.of(steps).as_json(), "mask_us": Histogram.of(masks).as_json()}

    def _drawn(self, constraint: mw.Constraint, case: Case) -> Written:
        prompt = self._options.prompt if case.task is None else case.task.prompt
        ids = self._tokenizer(prompt)["input_ids"]
        drawn = draw(constraint, self._model, ids, self._options, self._seed(case))
        ended = bool(drawn.ids) and drawn.ids[-1] in self._vocabulary.eos_token_ids
        steps = [drawn.microseconds / len(drawn.ids) for _ in drawn.ids]
        return drawn.ids[: len(drawn.ids) - ended], ended, steps, [], drawn.forward_passes

    def _seed(self, case: Case) -> int:
        return self._options.seed + zlib.crc32(case.name.encode())

    @torch.inference_mode()
    def _written(self, session: Session, case: Case) -> Written:
        options = self._options
        prompt = options.prompt if case.task is None else case.task.prompt
        chances = torch.Generator().manual_seed(self._seed(case))
        fed = self._tokenizer(prompt, return_tensors="pt")["input_ids"]
        session.reset()
        ids: list[int] = []
        steps, masks, past = [], [], None
        for _ in range(options.max_new_tokens):
            start = time.perf_counter_ns()
            answer = self._model(input_ids=fed, past_key_values=past, use_cache=True)
            past = answer.past_key_values
            begin = time.perf_counter_ns()
            logits = _masked(answer.logits[0, -1].float(), session.compute_mask())
            masked = time.perf_counter_ns()
            token = self._choice(logits, chances)
            chosen = time.perf_counter_ns()
            ended = token is None or token in self._vocabulary.eos_token_ids
            going_on = not ended and token is not None and session.accept_token(token)
            end = time.perf_counter_ns()
            steps.append((end - start) / _NANOSECONDS)
            masks.append((masked - begin + end - chosen) / _NANOSECONDS)
            if not going_on:
                return ids, ended and token is not None, steps, masks, len(steps)
            assert token is not None
            ids.append(token)
            fed = torch.tensor([[token]])
        return ids, False, steps, masks, len(steps)

    def _choice(self, logits: torch.Tensor, chances: torch.Generator) -> int | None:
        """None where nothing is allowed."""
        if bool(torch.isneginf(logits).all()):
            return None
        if self._options.temperature == 0:
            return int(logits.argmax())
        probabilities = torch.softmax(logits / self._options.temperature, -1)
        return int(torch.multinomial(probabilities, 1, generator=chances))


def _masked(logits: torch.Tensor, mask: Mask) -> torch.Tensor:
    """The logits of tokens that are not allowed, and of those beyond the vocabulary, are -inf."""
    allowed = np.zeros(len(logits), np.bool_)
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little")[: len(logits)]
    allowed[: len(bits)] = bits
    return logits.masked_fill(torch.from_numpy(~allowed), -torch.inf)


def _is_valid(schema: Any, text: str) -> bool | None:
    """Whether ``text`` is a document of the schema; None where ``jsonschema`` cannot judge."""
    try:
        json.loads(text)
    except ValueError:
        return False
    try:
        return Judge(schema).accepts(text.encode())
    except (CannotJudgeError, Unresolvable, RecursionError):
        return None


def _agrees(text: str, answer: Any) -> bool:
    try:
        return bool(json.loads(text) == answer)
    except ValueError:
        return False
