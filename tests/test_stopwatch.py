"""Compiling kernels takes time that no limit counts."""

from __future__ import annotations

import threading
import time

import pytest

from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.kernels.stopwatch import running_time, waiting
from maskwright.grammar.limits import Budget, Limits


def test_waiting_takes_no_time() -> None:
    before = running_time()
    with waiting(), waiting():
        time.sleep(0.2)
    assert 0 <= running_time() - before < 0.15


def test_threads_that_wait_at_once_are_counted_once() -> None:
    def wait(seconds: float) -> None:
        with waiting():
            time.sleep(seconds)

    before = running_time()
    threads = [threading.Thread(target=wait, args=(seconds,)) for seconds in (0.1, 0.2, 0.3)]
    for thread in threads:
        thread.start()
    seen = [before]
    while any(thread.is_alive() for thread in threads):
        seen.append(running_time())
        time.sleep(0.01)
    assert seen == sorted(seen)
    assert seen[-1] - before < 0.2


def test_budgets_leave_waiting_out() -> None:
    budget = Budget(Limits(compile_seconds=0.1))
    with waiting():
        time.sleep(0.2)
    budget.check()
    time.sleep(0.2)
    with pytest.raises(LimitExceeded, match="compile_seconds"):
        budget.check()


def test_waiting_ends_with_an_error() -> None:
    with pytest.raises(KeyError), waiting():
        raise KeyError
    before = running_time()
    time.sleep(0.02)
    assert running_time() - before >= 0.015
