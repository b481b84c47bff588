"""The official JSON Schema Test Suite, as the benchmark reads it."""

from __future__ import annotations

from maskwright.jsonschemabench.suite import (
    DIALECTS,
    SPECIFICATIONS,
    Group,
    SuiteUnavailableError,
    fetch,
    groups,
    options,
    remotes,
)

__all__ = ["DIALECTS", "SPECIFICATIONS", "Group", "SuiteUnavailableError", "fetch", "groups", "options", "remotes"]
