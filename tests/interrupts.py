"""What tests that interrupt programs share."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """For ``preexec_fn``: programs that a shell starts in the background ignore interrupts, as do those they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
