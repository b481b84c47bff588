"""Token masks on logits: packed bitmasks, their application on CPU and GPU, processors for transformers, and loops that
keep masks on the device; ``samplers`` draw from laws, ``verification`` judges drafts.

The names are loaded on first use, so that importing this package imports neither torch nor transformers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bitmask import allocate_token_bitmask, apply_token_bitmask_
    from .continuous_batching import ContinuousBatchingLogitsProcessor
    from .device_automaton import DeviceAutomaton
    from .device_decoding import decode_on_device
    from .processor import LogitsProcessor

__all__ = [
    "ContinuousBatchingLogitsProcessor",
    "DeviceAutomaton",
    "LogitsProcessor",
    "allocate_token_bitmask",
    "apply_token_bitmask_",
    "decode_on_device",
]

_MODULES = {
    "ContinuousBatchingLogitsProcessor": ".continuous_batching",
    "DeviceAutomaton": ".device_automaton",
    "LogitsProcessor": ".processor",
    "allocate_token_bitmask": ".bitmask",
    "apply_token_bitmask_": ".bitmask",
    "decode_on_device": ".device_decoding",
}


def __getattr__(name: str) -> object:
    if name == "samplers":
        return import_module(".samplers", __name__)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
