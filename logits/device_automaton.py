"""A finite-state constraint as tensors of one device: masks and steps without the host.

A step is one look-up, ``state = transitions[state, classes[token]]``, a mask another; nothing waits for the device, so
both can be captured in a CUDA graph. Constraints that are not finite-state within ``limit_bytes`` (recursion, counting
without an end, keys that are not named, unique items) end in ``LimitExceeded``; ``device_decoding`` then uses matchers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..grammar.limits import Budget, Limits
from ..grammar.matcher import Constraint
from ..grammar.token_automaton import FINISHED, REFUSED, START, explore

DEFAULT_LIMIT_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class DeviceAutomaton:
    """The tables of ``grammar.token_automaton.TokenAutomaton``: ``classes`` int32[V], ``transitions`` int32[states,
    classes], ``masks`` int32[masks, ceil(V / 32)], ``mask_of`` int32[states]."""

    classes: torch.Tensor
    transitions: torch.Tensor
    masks: torch.Tensor
    mask_of: torch.Tensor

    @classmethod
    def from_constraint(
        cls,
        constraint: Constraint,
        *,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        limits: Limits | None = None,
        device: torch.device | str = "cpu",
    ) -> DeviceAutomaton:
        """Explore all states of ``constraint`` that tokens reach.

        Raises ``LimitExceeded`` where the tables need more than ``limit_bytes``, exploring takes longer than
        ``limits.compile_seconds``, or a state remembers texts in full.
        """
        tables = explore(constraint, limit_bytes, Budget(limits))
        tensors = (tables.classes, tables.transitions, tables.masks, tables.mask_of)
        return cls(*(torch.from_numpy(each).to(device) for each in tensors))

    def to(self, device: torch.device | str) -> DeviceAutomaton:
        """The same on another device."""
        tensors = (self.classes, self.transitions, self.masks, self.mask_of)
        return DeviceAutomaton(*(each.to(device) for each in tensors))

    @property
    def nbytes(self) -> int:
        tensors = (self.classes, self.transitions, self.masks, self.mask_of)
        return sum(each.numel() * each.element_size() for each in tensors)

    def start(self, batch: int) -> torch.Tensor:
        """The states of ``batch`` sequences at their beginning, int32[batch]."""
        return torch.full((batch,), START, dtype=torch.int32, device=self.mask_of.device)

    def step(self, states: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """The states int32[batch] after ``tokens`` int64[batch]; ``REFUSED`` after a forbidden one or ``NO_TOKEN``."""
        following = self.transitions[states, self.classes[tokens.clamp(min=0)]]
        return torch.where(tokens < 0, self.transitions.new_full((), REFUSED), following)

    def masks_of(self, states: torch.Tensor) -> torch.Tensor:
        """The bitmask of each state, int32[batch, ceil(V / 32)]."""
        return self.masks[self.mask_of[states]]

    def are_finished(self, states: torch.Tensor) -> torch.Tensor:
        """bool[batch]: was an end-of-sequence token read?"""
        return states == FINISHED
