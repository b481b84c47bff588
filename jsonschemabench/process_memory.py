"""The memory of a process, from Linux's ``/proc``, and a bound on it. Sizes are in bytes."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_PAGE = resource.getpagesize()
_RESET_PEAK = "5"  # see proc(5), clear_refs


def resident(process: int | str = "self") -> int:
    """The resident memory of a process; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def reset_peak() -> None:
    """Let ``peak`` count from now on, where the system allows it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK)


def peak() -> int:
    """The most resident memory that this process had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


def limit_growth(size: int) -> None:
    """Refuse this process more address space than it has now and ``size``."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
    resource.setrlimit(resource.RLIMIT_AS, (now + size, resource.getrlimit(resource.RLIMIT_AS)[1]))
