"""Samplers of a model's own law given a language: what masking only approximates. ``docs/samplers.md`` compares them.

The names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..language_model import CallableModel, CountingModel, LanguageModel, SamplingSettings
    from ..ngram_model import NGramModel
    from .awrs import AWRS
    from .base import Sampler
    from .checked import Checked
    from .errors import BudgetExhausted, EmptyTarget
    from .exact_dp import ExactDP
    from .mcmc import MCMC
    from .result import Sample, SamplingResult
    from .smc import SMC
    from .target import Target

_MODULES = {
    "AWRS": ".awrs",
    "BudgetExhausted": ".errors",
    "CallableModel": "..language_model",
    "Checked": ".checked",
    "CountingModel": "..language_model",
    "EmptyTarget": ".errors",
    "ExactDP": ".exact_dp",
    "LanguageModel": "..language_model",
    "MCMC": ".mcmc",
    "NGramModel": "..ngram_model",
    "SMC": ".smc",
    "Sample": ".result",
    "Sampler": ".base",
    "SamplingResult": ".result",
    "SamplingSettings": "..language_model",
    "Target": ".target",
}

__all__ = [
    "AWRS",
    "MCMC",
    "SMC",
    "BudgetExhausted",
    "CallableModel",
    "Checked",
    "CountingModel",
    "EmptyTarget",
    "ExactDP",
    "LanguageModel",
    "NGramModel",
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
