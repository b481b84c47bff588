"""One token from every row of logits at once, and the laws of all rows: Triton kernels on CUDA, plain torch elsewhere.

``draw_rows`` agrees bit for bit between the two, because the winner of score + noise needs no sum. The laws agree to
``LAW_TOLERANCE``: the order of additions and the last bits of the exponential differ.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch

from .draws import NO_TOKEN
from .target import Target

LAW_TOLERANCE = 2e-5
"""Greatest difference of two logarithms of a probability, relative or absolute, between kernel and reference."""


def draw_rows(
    logits: torch.Tensor, masks: torch.Tensor | None, target: Target, gumbel: torch.Tensor | None
) -> torch.Tensor:
    """A token from the target's law of each row, int64[rows]; ``NO_TOKEN`` where a row allows none.

    ``logits``: float[rows, V]; ``masks``: int32[rows, ceil(V / 32)] or None; ``gumbel``: float32[rows, V], None only at
    temperature 0.
    """
    if not has_kernels(logits):
        return draw_rows_reference(logits, masks, target, gumbel)
    from .triton_sampling import draw_rows_triton

    if target.truncates:  # top-k and top-p sort, and leave logarithms of the law at temperature 1
        logits, masks, target = target.scores(logits, masks), None, Target()
    masks = masks if masks is None else masks.to(logits.device, non_blocking=True)
    return draw_rows_triton(logits, masks, 1.0 if target.is_greedy else target.temperature, _noise(target, gumbel))


def draw_rows_reference(
    logits: torch.Tensor, masks: torch.Tensor | None, target: Target, gumbel: torch.Tensor | None
) -> torch.Tensor:
    """The same in plain torch."""
    noise = _noise(target, gumbel)
    total = Target().scores(logits, masks) if noise is None else target.scores(logits, masks) + noise
    tokens = total.argmax(-1)
    return torch.where(total.gather(-1, tokens[:, None])[:, 0] == -torch.inf, NO_TOKEN, tokens)


def log_laws(logits: torch.Tensor, masks: torch.Tensor | None, target: Target) -> torch.Tensor:
    """Logarithms of the target's law for each row, float32[rows, V]; minus infinity in rows that allow nothing."""
    if target.is_greedy or target.truncates or not has_kernels(logits):
        return log_laws_reference(logits, masks, target)
    from .triton_sampling import log_softmax_triton

    masks = masks if masks is None else masks.to(logits.device, non_blocking=True)
    return log_softmax_triton(logits, masks, target.temperature)


def log_laws_reference(logits: torch.Tensor, masks: torch.Tensor | None, target: Target) -> torch.Tensor:
    """The same in plain torch."""
    scores = target.scores(logits, masks)
    return scores.log_softmax(-1).nan_to_num(nan=-torch.inf, neginf=-torch.inf)


def has_kernels(tensor: torch.Tensor) -> bool:
    return tensor.is_cuda and find_spec("triton") is not None


def _noise(target: Target, gumbel: torch.Tensor | None) -> torch.Tensor | None:
    if target.is_greedy:
        return None
    if gumbel is None:
        raise ValueError("drawing at a temperature above 0 takes random numbers: pass gumbel")
    return gumbel
