"""Samplers of a model's own law given a language: what masking only approximates. ``docs/samplers.md`` compares them.

The names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..language_model import CallableModel, CountingModel, LanguageModel, SamplingSettings
    from ..ngram_model import NGramModel
    from ..transformers_model import TransformersModel
    from .awrs import AWRS
    from .base import Sampler
    from .checked import Checked
    from .errors import BudgetExhausted, EmptyTarget
    from .exact import Exact
    from .exact_dp import ExactDP
    from .masking import ASAp, Mask
    from .mcmc import MCMC
    from .rejection import ARS, CARS, RS, RSFT
    from .result import Sample, SamplingResult
    from .smc import SMC
    from .target import Target
    from .trie import Trie, Tries
    from .trie_file import load_trie, save_trie

_MODULES = {
    "ARS": ".rejection",
    "ASAp": ".masking",
    "AWRS": ".awrs",
    "BudgetExhausted": ".errors",
    "CARS": ".rejection",
    "CallableModel": "..language_model",
    "Checked": ".checked",
    "CountingModel": "..language_model",
    "EmptyTarget": ".errors",
    "Exact": ".exact",
    "ExactDP": ".exact_dp",
    "LanguageModel": "..language_model",
    "MCMC": ".mcmc",
    "Mask": ".masking",
    "NGramModel": "..ngram_model",
    "RS": ".rejection",
    "RSFT": ".rejection",
    "SMC": ".smc",
    "Sample": ".result",
    "Sampler": ".base",
    "SamplingResult": ".result",
    "SamplingSettings": "..language_model",
    "Target": ".target",
    "TransformersModel": "..transformers_model",
    "Trie": ".trie",
    "Tries": ".trie",
    "load_trie": ".trie_file",
    "save_trie": ".trie_file",
}

__all__ = [
    "ARS",
    "AWRS",
    "CARS",
    "MCMC",
    "RS",
    "RSFT",
    "SMC",
    "ASAp",
    "BudgetExhausted",
    "CallableModel",
    "Checked",
    "CountingModel",
    "EmptyTarget",
    "Exact",
    "ExactDP",
    "LanguageModel",
    "Mask",
    "NGramModel",
    "Sample",
    "Sampler",
    "SamplingResult",
    "SamplingSettings",
    "Target",
    "TransformersModel",
    "Trie",
    "Tries",
    "load_trie",
    "save_trie",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
