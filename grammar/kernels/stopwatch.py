"""How long this process has waited for kernels to be compiled, which limits on time leave out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_waited = 0.0
_waiting = 0
"""How many threads, or contexts inside of each other, are waiting now; the first of them since ``_since``."""
_since = 0.0


def running_time() -> float:
    """Seconds since some moment, without those in ``waiting``; never less than before."""
    with _lock:
        return (_since if _waiting else time.monotonic()) - _waited


@contextmanager
def waiting() -> Iterator[None]:
    """What happens in this context takes no ``running_time``, of no thread, be it nested or not."""
    global _waited, _waiting, _since
    with _lock:
        if not _waiting:
            _since = time.monotonic()
        _waiting += 1
    try:
        yield
    finally:
        with _lock:
            _waiting -= 1
            if not _waiting:
                _waited += time.monotonic() - _since
