"""One case under one engine: compile the schema, run the documents through it, and tell of each step as it is done.

What is told are events, dictionaries with a ``"event"``; who records them is in another process, and has them even if
this one does not live to see the end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import maskwright as mw

from .data import Case
from .engines.protocol import Engine, Session, Setting
from .histogram import Histogram
from .process_memory import peak, reset_peak, resident
from .records import DocumentVerdict, Phase

Tell = Callable[[dict[str, Any]], None]
Write = Callable[[Session, Case], dict[str, Any]]

_LONGEST_ERROR = 300
_NANOSECONDS = 1e3  # in a microsecond


def exercise(engine: Engine, case: Case, setting: Setting, vocabulary: mw.Vocabulary, tell: Tell, write: Write) -> None:
    """Events: ``phase`` as one begins; ``declined``, or ``compiled``, a ``document`` for each, and
    ``done`` or ``failed``.
    """
    texts = [json.dumps(document, ensure_ascii=False).encode() for document, _ in case.documents]
    documents = [vocabulary.tokenize(text) for text in texts]
    session = _compile(engine, case, setting, tell)
    if session is None:
        return
    tell({"event": "phase", "phase": Phase.DOCUMENTS})
    for tokens, (_, valid) in zip(documents, case.documents, strict=True):
        verdict, times = _run_document(engine, session, tokens, valid)
        tell({"event": "document", "verdict": asdict(verdict), "masks": Histogram.of(times).as_json()})
    tell({"event": "phase", "phase": Phase.GENERATION})
    try:
        generated = write(session, case)
    except MemoryError:
        raise
    except engine.errors as error:
        tell({"event": "failed", "error": one_line(error)})
        return
    tell({"event": "done", "generated": generated or None})


def _compile(engine: Engine, case: Case, setting: Setting, tell: Tell) -> Session | None:
    tell({"event": "phase", "phase": Phase.COMPILE})
    before = resident()
    reset_peak()
    try:
        start = time.perf_counter_ns()
        session = engine.compile(case.schema, setting)
        compiled = time.perf_counter_ns()
        session.reset()
        session.compute_mask()
        first = time.perf_counter_ns()
    except MemoryError:
        raise
    except engine.errors as error:
        tell({"event": "declined", "error": one_line(error)})
        return None
    times = {"compile_us": (compiled - start) / _NANOSECONDS, "first_mask_us": (first - compiled) / _NANOSECONDS}
    tell({"event": "compiled", **times, "compile_memory": max(0, peak() - before)})
    return session


def _run_document(
    engine: Engine, session: Session, tokens: list[int], valid: bool
) -> tuple[DocumentVerdict, list[float]]:
    """The verdict, and the microseconds for each token until one is refused."""
    clock, times = time.perf_counter_ns, []
    try:
        session.reset()
        for index, token in enumerate(tokens):
            start = clock()
            session.compute_mask()
            accepted = session.accept_token(token)
            times.append((clock() - start) / _NANOSECONDS)
            if not accepted:
                return DocumentVerdict(valid, len(tokens), index), times
        return DocumentVerdict(valid, len(tokens), accepting=session.is_accepting()), times
    except MemoryError:
        raise
    except engine.errors as error:
        return DocumentVerdict(valid, len(tokens), error=one_line(error)), times


def one_line(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}..."
