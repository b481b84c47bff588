"""Samplers of a model's own law given a language: what masking only approximates. ``docs/samplers.md`` compares them.

The names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..language_model import CallableModel, CountingModel, LanguageModel, SamplingSettings
    from .base import Sampler
    from .errors import BudgetExhausted, EmptyTarget
    from .result import Sample, SamplingResult
    from .target import Target

_MODULES = {
    "BudgetExhausted": ".errors",
    "CallableModel": "..language_model",
    "CountingModel": "..language_model",
    "EmptyTarget": ".errors",
    "LanguageModel": "..language_model",
    "Sample": ".result",
    "Sampler": ".base",
    "SamplingResult": ".result",
    "SamplingSettings": "..language_model",
    "Target": ".target",
}

__all__ = [
    "BudgetExhausted",
    "CallableModel",
    "CountingModel",
    "EmptyTarget",
    "LanguageModel",
    "Sample",
    "Sampler",
    "SamplingResult",
    "SamplingSettings",
    "Target",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
