"""How long this process has waited for kernels to be compiled, which limits on time leave out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_thread = threading.local()
_waited = 0.0


def running_time() -> float:
    """Seconds since some moment, without those in ``waiting``."""
    return time.monotonic() - _waited


@contextmanager
def waiting() -> Iterator[None]:
    """What happens in this context takes no ``running_time``, of no thread, be it nested or not."""
    global _waited
    if getattr(_thread, "waits", False):
        yield
        return
    _thread.waits, started = True, time.monotonic()
    try:
        yield
    finally:
        _thread.waits = False
        _waited += time.monotonic() - started
