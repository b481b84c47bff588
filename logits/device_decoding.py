"""Constrained decoding that does not come back to the host for every token.

``decode_on_device`` keeps logits, states and output in tensors with fixed places, so that on CUDA one step (mask, draw,
state, forward pass) is captured in a graph and replayed; on the CPU the same step runs eagerly. With a constraint that
is not finite-state it falls back to matchers by itself, which cost a transfer each token.

Supported: decoder-only models whose layers all attend to everything, with ``transformers.StaticCache`` and an attention
that takes 4-D masks ("eager", "sdpa").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from transformers import StaticCache

from ..grammar.batch import fill_next_token_bitmasks
from ..grammar.errors import LimitExceeded, MaskwrightError
from ..grammar.matcher import Constraint
from .bitmask import allocate_token_bitmask
from .device_automaton import DEFAULT_LIMIT_BYTES, DeviceAutomaton
from .verification.draws import NO_TOKEN
from .verification.sampling import draw_rows
from .verification.target import Target


class Rows(Protocol):
    """The constraints of a batch while it is decoded."""

    def masks(self) -> torch.Tensor:
        """int32[B, ceil(V / 32)]; of a finished row anything that allows a token."""
        ...

    def advance(self, tokens: torch.Tensor) -> None:
        """Read a token for each row."""
        ...

    def finished(self) -> torch.Tensor:
        """bool[B]"""
        ...


def decode_on_device(
    model: Any,
    input_ids: torch.Tensor,
    constraint: Constraint | DeviceAutomaton,
    *,
    max_new_tokens: int,
    attention_mask: torch.Tensor | None = None,
    target: Target | None = None,
    generator: torch.Generator | None = None,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> torch.Tensor:
    """Texts of the constraint's language after the prompts: int64[B, max_new_tokens].

    ``input_ids``: int64[B, P], padded on the left where ``attention_mask`` [B, P] is 0. ``target``: greedy by default.
    Behind its end-of-sequence token a row repeats it. ``limit_bytes``: of the tables of a constraint's automaton.
    """
    if max_new_tokens < 1:
        raise MaskwrightError(f"there is room for {max_new_tokens} new tokens", remedy="raise max_new_tokens")
    layers = getattr(model.config.get_text_config(), "layer_types", None) or ["full_attention"]
    if set(layers) != {"full_attention"}:
        raise MaskwrightError(
            f"the model has layers of the kinds {sorted(set(layers))}",
            remedy="use a model whose layers attend to everything, or decode with LogitsProcessor",
        )
    rows = _rows_of(constraint, len(input_ids), model.device, limit_bytes)
    mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
    with torch.inference_mode():
        loop = _Loop(model, input_ids, mask, rows, max_new_tokens, target or Target(temperature=0.0), generator)
        return loop.run()


class _DeviceRows:
    """States of a device automaton, in a tensor that keeps its place."""

    def __init__(self, automaton: DeviceAutomaton, batch: int) -> None:
        self._automaton = automaton
        self._states = automaton.start(batch)

    def masks(self) -> torch.Tensor:
        return self._automaton.masks_of(self._states)

    def advance(self, tokens: torch.Tensor) -> None:
        self._states.copy_(self._automaton.step(self._states, tokens))

    def finished(self) -> torch.Tensor:
        return self._automaton.are_finished(self._states)


class _HostRows:
    """One matcher for each row."""

    def __init__(self, constraint: Constraint, batch: int, device: torch.device) -> None:
        self._matchers = [constraint.matcher() for _ in range(batch)]
        self._bitmask = allocate_token_bitmask(batch, constraint.vocabulary.size)
        self._device = device

    def masks(self) -> torch.Tensor:
        fill_next_token_bitmasks(self._matchers, self._bitmask)
        return self._bitmask.to(self._device)

    def advance(self, tokens: torch.Tensor) -> None:
        for matcher, token in zip(self._matchers, tokens.tolist(), strict=True):
            if not matcher.is_terminated() and not matcher.accept_token(token):
                raise MaskwrightError(f"token {token} was drawn, which the constraint forbids")

    def finished(self) -> torch.Tensor:
        return torch.tensor([matcher.is_terminated() for matcher in self._matchers], device=self._device)


def _rows_of(constraint: Constraint | DeviceAutomaton, batch: int, device: torch.device, limit_bytes: int) -> Rows:
    if isinstance(constraint, DeviceAutomaton):
        return _DeviceRows(constraint.to(device), batch)
    try:
        automaton = DeviceAutomaton.from_constraint(constraint, limit_bytes=limit_bytes, device=device)
    except LimitExceeded:
        return _HostRows(constraint, batch, device)
    return _DeviceRows(automaton, batch)


class _Loop:
    """One batch: everything that a step reads and writes lies in tensors made here."""

    def __init__(
        self,
        model: Any,
        prompts: torch.Tensor,
        prompt_mask: torch.Tensor,
        rows: Rows,
        count: int,
        target: Target,
        generator: torch.Generator | None,
    ) -> None:
        batch, length = prompts.shape
        device = model.device
        self._model, self._rows, self._target, self._generator = model, rows, target, generator
        self._cache = StaticCache(config=model.config, max_cache_len=length + count)
        self._seen = torch.zeros((batch, length + count), dtype=torch.bool, device=device)
        self._seen[:, :length] = prompt_mask.to(device) != 0
        self._output = torch.zeros((batch, count), dtype=torch.int64, device=device)
        self._last = torch.zeros(batch, dtype=torch.int64, device=device)
        self._index = torch.zeros(1, dtype=torch.int64, device=device)
        self._column = torch.full((1,), length, dtype=torch.int64, device=device)
        self._position = prompt_mask.to(device).sum(1, keepdim=True)
        self._logits = self._prefill(prompts.to(device)).clone()
        self._noise = torch.empty_like(self._logits, dtype=torch.float32)

    def run(self) -> torch.Tensor:
        steps = self._output.shape[1]
        advance: Callable[[], object] = self._step
        for done in range(steps - 1):
            if done == 1 and self._logits.is_cuda and isinstance(self._rows, _DeviceRows):
                advance = self._captured()  # the first step ran as it is: it compiled kernels and warmed libraries up
            advance()
        self._choose()
        if bool((self._output == NO_TOKEN).any()):  # the host looks once, at the end
            raise MaskwrightError("no token that the constraint allows has a finite logit")
        return self._output

    def _captured(self) -> Callable[[], object]:
        graph = torch.cuda.CUDAGraph()
        if self._generator is not None:
            graph.register_generator_state(self._generator)
        with torch.cuda.graph(graph):
            self._step()
        return graph.replay

    def _step(self) -> None:
        self._choose()
        self._seen.index_fill_(1, self._column, True)
        self._logits.copy_(self._forward(self._last[:, None].clamp(min=0), self._position, self._seen[:, None, :]))
        self._column += 1
        self._position += 1

    def _choose(self) -> None:
        """Draw a token for each row, write it down, and let the rows read it."""
        noise = None if self._target.is_greedy else self._draw_noise()
        finished = self._rows.finished()
        tokens = draw_rows(self._logits, self._rows.masks(), self._target, noise)
        tokens = torch.where(finished, self._last, tokens)
        self._rows.advance(tokens)
        self._last.copy_(tokens)
        self._output.index_copy_(1, self._index, tokens[:, None])
        self._index += 1

    def _draw_noise(self) -> torch.Tensor:
        race = self._noise.exponential_(generator=self._generator)
        return race.clamp_(min=torch.finfo(torch.float32).tiny).log_().neg_()

    def _prefill(self, prompts: torch.Tensor) -> torch.Tensor:
        length = prompts.shape[1]
        causal = torch.ones((length, self._seen.shape[1]), dtype=torch.bool, device=prompts.device).tril()
        positions = (self._seen[:, :length].cumsum(1) - 1).clamp(min=0)
        return self._forward(prompts, positions, causal & self._seen[:, None, :])

    def _forward(self, tokens: torch.Tensor, positions: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Logits [B, V] after the last of ``tokens`` [B, n]; ``seen``: bool[B, n, columns of the cache]."""
        dtype = self._model.dtype
        zero = torch.zeros((), dtype=dtype, device=seen.device)
        mask = torch.where(seen, zero, torch.full_like(zero, torch.finfo(dtype).min))[:, None]
        output = self._model(
            tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits
