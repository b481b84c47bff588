"""``stream``: a document as it is written, piece by piece.

The model's own ``generate`` runs in a thread and hands its tokens over; what they add to the text and, where the
document is JSON, to the value is worked out where the events are taken. Closing the stream, leaving its loop or an
interrupt ends the generation at the next token. The tokens may run ahead of the events, but not beyond the budget.

Not supported: more than one document at a time, beam search, which has no tokens to show before it ends, and values
before the end where ``schema`` is a grammar or a compiled ``Constraint``.
"""

from __future__ import annotations

import atexit
import codecs
from collections.abc import Generator
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Event, Thread
from time import perf_counter
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

from ..grammar.errors import MaskwrightError
from ..grammar.limits import Limits
from ..grammar.matcher import Constraint
from ..grammar.vocabulary import Vocabulary
from ..schemas.specification import JsonSchema, compile_once, specification_of, vocabulary_of
from .arguments import check_kinds
from .generate import generate
from .json_reader import JsonReader
from .models import end_tokens, load, logits_width
from .prompts import Prompt, is_single
from .result import GenerationResult
from .sampling import MASK, sampler_of

_SEVERAL = ("num_return_sequences", "num_beams", "n")


@dataclass(frozen=True)
class StreamEvent:
    """What one token, or a few, added to a document.

    ``text``: what they added; the texts of all events make the document's.
    ``value``: what is known of the value so far, None if nothing is: of JSON schemas plain JSON, of pydantic models
    instances on which only the known fields are set. What is complete in it is shared by all events: do not change it.
    ``completed``: the fields and items that were completed, with their JSON pointers, innermost first.
    ``result``: with the last event, and only there, what ``generate`` returns; then ``value`` is the result's, unless
    that has none.
    """

    text: str
    value: object = None
    completed: tuple[tuple[str, object], ...] = ()
    result: GenerationResult | None = None


def stream(
    model: Any,
    prompt: Prompt,
    *,
    schema: object,
    tokenizer: Any = None,
    limits: Limits | None = None,
    **arguments: Any,
) -> Generator[StreamEvent, None, None]:
    """The document that ``generate`` writes, as it comes; the arguments are those of ``generate``.

    Raises what ``generate`` raises: what is wrong with schema, model or prompt at once, the rest in mid-stream.
    """
    if not is_single(prompt):
        raise MaskwrightError("a stream is of one prompt", remedy="stream each prompt by itself, or call generate()")
    check_kinds(arguments)
    several = [name for name in _SEVERAL if (arguments.get(name) or 1) > 1]
    if several:
        raise MaskwrightError("a stream is of one sequence", remedy=f"leave {' and '.join(several)} at 1")
    if sampler_of(arguments.get("sampler", MASK)) is not None:
        raise MaskwrightError(
            "a stream is written token by token, a sampler finds whole documents",
            remedy="leave sampler= out, or call generate(..., sampler=...)",
        )
    started = perf_counter()
    model, tokenizer = load(model, tokenizer)
    constraint, specification = schema, schema
    if not isinstance(schema, Constraint):
        specification = specification_of(schema)
        vocabulary = vocabulary_of(tokenizer, logits_width(model), end_tokens(model, tokenizer))
        constraint = compile_once(specification, vocabulary, limits)
    assert isinstance(constraint, Constraint)
    reader = JsonReader(specification.form) if isinstance(specification, JsonSchema) else None
    arguments |= {"schema": specification, "tokenizer": tokenizer, "limits": limits}
    run = _Run(model, prompt, arguments, perf_counter() - started)
    return _events(run, _Text(constraint.vocabulary), reader)


def _events(run: _Run, text: _Text, reader: JsonReader | None) -> Generator[StreamEvent, None, None]:
    run.start()
    try:
        while isinstance(message := run.messages.get(), list):
            if new := text.read(message):
                completed = reader.feed(new) if reader else ()
                yield StreamEvent(new, reader.value() if reader else None, tuple(completed))
        if isinstance(message, BaseException):
            raise message
        yield _last_event(message, text, reader)
    finally:
        run.stop()


def _last_event(result: GenerationResult, text: _Text, reader: JsonReader | None) -> StreamEvent:
    """The event that brings the result, and the value of the whole where there is one."""
    if result.finish_reason == "stop" and result.error is None:
        completed = () if reader is None else (("", result.value),)
        return StreamEvent("", result.value, completed, result)
    return StreamEvent("", reader.value() if reader else None, (), result)


class _Text:
    """The text of tokens; a character that is not whole is held back."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def read(self, ids: list[int]) -> str:
        return self._decoder.decode(self._vocabulary.decode(ids, special_tokens=True))


class _ClosedError(Exception):
    """Nobody wants more tokens."""


class _Tokens(BaseStreamer):
    """Takes tokens from ``generate``, hands them on, and ends the generation when it is told to."""

    def __init__(self, messages: SimpleQueue[Any], other: Any) -> None:
        self.stopped = Event()
        self._messages = messages
        self._other = other
        self._is_prompt = True

    def put(self, value: torch.Tensor) -> None:
        if self.stopped.is_set():
            raise _ClosedError
        if self._other is not None:
            self._other.put(value)
        if not self._is_prompt:
            self._messages.put(value.reshape(-1).tolist())
        self._is_prompt = False

    def end(self) -> None:
        if self._other is not None:
            self._other.end()


class _Run:
    """``generate`` in a thread. ``messages``: lists of tokens, then a result or an error."""

    def __init__(self, model: Any, prompt: Prompt, arguments: dict[str, Any], compile_seconds: float) -> None:
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self._tokens = _Tokens(self.messages, arguments.get("streamer"))
        self._arguments = {**arguments, "streamer": self._tokens}
        self._model, self._prompt, self._compile_seconds = model, prompt, compile_seconds
        self._thread = Thread(target=self._generate, name="maskwright.stream", daemon=True)

    def start(self) -> None:
        atexit.register(self.stop)  # a thread that is torn away in mid-step may crash the interpreter
        self._thread.start()

    def stop(self) -> None:
        """End the generation and wait until it has ended, which takes one step of the model at most."""
        self._tokens.stopped.set()
        self._thread.join()
        atexit.unregister(self.stop)

    def _generate(self) -> None:
        try:
            result = generate(self._model, self._prompt, **self._arguments)
        except _ClosedError:
            return
        except BaseException as error:  # whatever it is, it is raised where the events are taken
            self.messages.put(error)
        else:
            stats = replace(result.stats, compile_seconds=self._compile_seconds)
            self.messages.put(replace(result, stats=stats))
