"""A logits processor for transformers' continuous batching, in which requests come and go at every step.

Masks are rows of a table on the device, row 0 allowing everything; a step is given one row number for each request. So
what happens on the device is the same few tensor operations at every step, which can be captured in a CUDA graph or
compiled, and the table is all that is written from outside.

transformers builds the list of processors itself and takes none from callers, so this one is attached to a manager:

    processor = ContinuousBatchingLogitsProcessor(constraint)
    manager = processor.attach(model.init_continuous_batching(continuous_batching_config=config))
    manager.start()
    manager.add_request(ids, constraint=other)  # or none: then that of the processor holds

``generate_batch`` does all of this for a list of prompts. Not supported: asynchronous batching, which prepares a step
before the last one's tokens are known; it is refused when attaching, and should it be met later, while running.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from transformers.generation.configuration_utils import ContinuousBatchingConfig
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor as TransformersProcessor,
)

from ..grammar.errors import MaskwrightError, VocabularyMismatch
from ..grammar.matcher import Constraint
from ..grammar.vocabulary import Vocabulary
from .bitmask import BITS, allocate_token_bitmask, word_count
from .checks import check_width, dead_logits
from .processor import check_constraint, end_mask, fill
from .rows import Row

_WARMUP = "__warmup_"
_KEPT_BATCHES = 4


@dataclass
class _Request:
    """A request's row, and how many tokens its state had when a mask was last made for it; -1 before."""

    state: Any
    row: Row
    shown: int = -1


class ContinuousBatchingLogitsProcessor(TransformersProcessor):
    """Keeps each request of a manager inside the language of its constraint.

    ``constraint``: that of requests without one of their own; or a ``Vocabulary``, and those are free.

    An error while running ends the manager's loop, and the requests fail with its text; ``error`` holds it.
    """

    supported_kwargs = MappingProxyType({"constraint": Constraint})  # type: ignore[assignment, unused-ignore]
    ignored_kwargs = ()

    def __init__(self, constraint: Constraint | Vocabulary) -> None:
        if not isinstance(constraint, Vocabulary):
            check_constraint(constraint)
        self._default = constraint if isinstance(constraint, Constraint) else None
        self._vocabulary = constraint.vocabulary if isinstance(constraint, Constraint) else constraint
        self._end_mask = end_mask(self._vocabulary)
        self._requests: dict[str, _Request] = {}
        self._manager: Any = None
        self.error: MaskwrightError | None = None

    def attach(self, manager: Any) -> Any:
        """Take part in ``manager``, which must not have been started; returns it.

        Raises ``MaskwrightError`` for a manager that cannot have it.
        """
        config = manager.continuous_batching_config
        if self._manager is not None or manager.batch_processor is not None or manager.is_running():
            raise MaskwrightError(
                "a processor is attached once, to a manager that was not started nor warmed up",
                remedy="make a new processor and a new manager",
            )
        if config.use_async_batching:
            raise _asynchronous()
        width = int(manager.model.get_output_embeddings().weight.shape[0])
        check_width(self._vocabulary, width)
        self._check_ends(manager)
        self._allocate(config.max_requests_per_batch, max(width, self._vocabulary.size), manager.model.device)
        processors = manager.logit_processor
        processors.logits_processor.insert(0, self)
        processors.tensors_required += 1
        processors.supported_keys.update(self.supported_kwargs)
        processors.do_processing = True
        self._manager = manager
        return manager

    def generate_batch(
        self,
        model: Any,
        inputs: Sequence[Sequence[int]],
        *,
        constraints: Sequence[Constraint] | None = None,
        generation_config: Any = None,
        continuous_batching_config: ContinuousBatchingConfig | None = None,
        max_new_tokens: int | None = None,
    ) -> list[Any]:
        """transformers' ``GenerationOutput`` for each prompt's documents, in the order of ``inputs``.

        ``constraints``: one for each prompt. Other arguments are those of the model's ``generate_batch``.
        """
        config = copy.copy(continuous_batching_config) or ContinuousBatchingConfig()
        config.use_async_batching = bool(config.use_async_batching)
        manager = model.init_continuous_batching(generation_config, config)
        try:
            return self._run(self.attach(manager), inputs, constraints, max_new_tokens)
        finally:
            if manager.is_running():
                manager.stop(block=True)
            manager.destroy()

    def _run(
        self, manager: Any, inputs: Sequence[Sequence[int]], constraints: Sequence[Constraint] | None, most: int | None
    ) -> list[Any]:
        manager.start()
        names = []
        for index, ids in enumerate(inputs):
            own = {} if constraints is None else {"constraint": constraints[index]}
            names.append(manager.add_request(list(ids), max_new_tokens=most, **own))
        found: dict[str, Any] = {}
        while len(found) < len(inputs) * manager.num_return_sequences:
            result = manager.get_result(timeout=1)
            if result is not None and result.is_finished():
                found[result.request_id] = result
            elif result is None and not manager.is_running():
                break
        if self.error is not None:
            raise self.error
        ends = ["", *(f"__child#{child}" for child in range(manager.num_return_sequences - 1))]
        return [found[name + end] for name in names for end in ends]

    # --- what transformers asks for

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        int32_tensor.fill_(0)

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> torch.Tensor:
        """The table's row for each request, int32[requests]; writes these rows."""
        try:
            return self._prepare([future.state for future in requests_with_new_token])
        except MaskwrightError as error:
            self.error = error
            raise

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        """``scores``: float[requests, width]; ``tensor_arg``: int32[at least as many], rows of the table."""
        rows = tensor_arg[: scores.shape[0]].long()
        allowed = (self._table[rows].unsqueeze(-1) >> self._offsets) & 1
        masked = scores.masked_fill(allowed.flatten(1)[:, : scores.shape[1]] == 0, -torch.inf)
        dead = ~(masked.amax(-1) > -torch.inf) & (rows > 0)
        self._dead.logical_or_(dead.any())
        return masked

    # --- between steps

    def _prepare(self, states: list[Any]) -> torch.Tensor:
        if self._dead:
            raise dead_logits(0)
        numbers, rows = [], []
        for state in states:
            row = None if state.request_id.startswith(_WARMUP) else self._follow(state)
            if row is not None:
                rows.append(row)
            numbers.append(0 if row is None else len(rows))
        self._write(rows)
        for name in list(self._requests)[: -_KEPT_BATCHES * len(self._host)]:
            del self._requests[name]
        return torch.tensor(numbers, dtype=torch.int32)

    def _write(self, rows: list[Row]) -> None:
        """The masks of ``rows`` into the table, from its row 1 on."""
        count, words = len(rows), self._host.numpy()
        fill([row.matcher for row in rows], words[:count])
        words[:count, len(self._end_mask) :] = 0
        for index, row in enumerate(rows):
            if row.is_finished:
                words[index, : len(self._end_mask)] = self._end_mask
        self._table[1 : count + 1].copy_(self._host[:count], non_blocking=True)
        if self._table.is_cuda:
            torch.cuda.current_stream(self._table.device).synchronize()  # the step runs on another stream

    def _follow(self, state: Any) -> Row | None:
        """The request's row, brought to what it has written; None if it is free."""
        constraint = state.logit_processor_kwargs.get("constraint", self._default)
        if constraint is None:
            return None
        written = state.initial_tokens[state._true_initial_tokens :] if state._true_initial_tokens else []
        written = written + state.generated_tokens
        request = self._requests.pop(state.request_id, None)
        if request is None or request.state is not state or request.row.constraint is not constraint:
            request = _Request(state, self._fresh_row(constraint))  # new, forked, or put off and taken up again
        elif request.shown == len(written):
            raise _asynchronous()
        for token_id in written[request.row.written :]:
            if not request.row.step(token_id):
                raise MaskwrightError(
                    f"request {state.request_id}: token {token_id}, number {request.row.written}, is forbidden by its "
                    "constraint",
                    remedy="let no processor raise scores after the mask",
                )
        request.shown = len(written)
        self._requests[state.request_id] = request
        return request.row

    def _fresh_row(self, constraint: Constraint) -> Row:
        other = constraint.vocabulary
        if other is not self._vocabulary and other.fingerprint != self._vocabulary.fingerprint:
            raise VocabularyMismatch(
                "a request's constraint is for another vocabulary than the processor's",
                remedy="compile all of them for the tokenizer of the model",
            )
        return Row(constraint, constraint.matcher())

    def _allocate(self, requests: int, width: int, device: torch.device) -> None:
        self._host = allocate_token_bitmask(requests, width)
        self._table = torch.full((requests + 1, word_count(width)), -1, dtype=torch.int32, device=device)
        self._offsets = torch.arange(BITS, dtype=torch.int32, device=device)
        self._dead = torch.zeros((), dtype=torch.bool, device=device)

    def _check_ends(self, manager: Any) -> None:
        ends = manager.generation_config.eos_token_id
        ends = manager.model.config.eos_token_id if ends is None or ends == -1 else ends
        known = set(np.atleast_1d(ends).tolist()) if ends is not None else set()
        if not known & set(self._vocabulary.eos_token_ids):
            raise VocabularyMismatch(
                f"no end token can be reached: requests end with {sorted(known)}, the vocabulary's texts with "
                f"{list(self._vocabulary.eos_token_ids)}",
                remedy="give the generation configuration the vocabulary's eos_token_ids",
            )


def _asynchronous() -> MaskwrightError:
    return MaskwrightError(
        "asynchronous batching prepares a step before it knows the last tokens, so there can be no mask",
        remedy="pass ContinuousBatchingConfig(use_async_batching=False)",
    )
