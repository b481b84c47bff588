"""The engines by name. ``package.module:Class`` names any other one, so that anyone's engine can be run."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import BenchError

_ENGINES = {
    "maskwright": ("maskwright:MaskwrightEngine", "maskwright"),
    "llguidance": ("llguidance:LlguidanceEngine", "llguidance"),
    "xgrammar": ("xgrammar:XgrammarEngine", "xgrammar"),
    "xgrammar-strict": ("xgrammar:StrictXgrammarEngine", "xgrammar"),
    "outlines-core": ("outlines_core:OutlinesCoreEngine", "outlines-core"),
    "lm-format-enforcer": ("lm_format_enforcer:LmFormatEnforcerEngine", "lm-format-enforcer"),
    "grid": ("grid:GridEngine", "'grid-guardrail[kernel]'"),
    "llama.cpp": ("llama_cpp:LlamaCppEngine", "llama-cpp-python"),
    "none": ("unconstrained:UnconstrainedEngine", ""),
}
"""Module in this package and class; what pip installs."""

NAMES = tuple(_ENGINES)


def engine_class(name: str) -> Any:
    """The class of an engine. Raises ``BenchError``, or ``ModuleNotFoundError`` if it is not installed."""
    check_name(name)
    place = f"{__package__}.{_ENGINES[name][0]}" if name in _ENGINES else name
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute, None)
    if found is None:
        raise BenchError(f"the module {module} has no {attribute}", "name a class of the module")
    return found


def check_name(name: str) -> None:
    """Raises ``BenchError`` unless the name can be that of an engine."""
    module, _, attribute = name.partition(":")
    if name not in _ENGINES and not (module and attribute):
        raise BenchError(f"there is no engine {name!r}", f"name some of {', '.join(NAMES)}, or package.module:Class")


def requirement_of(name: str) -> str:
    """How to get an engine that is not installed."""
    return f"pip install {_ENGINES[name][1]}" if name in _ENGINES else f"let {name.partition(':')[0]} be importable"
