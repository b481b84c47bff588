"""What generating takes, apart from prompts and arguments; and a document from the tokens that were written."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..grammar.errors import MaskwrightError
from ..grammar.limits import Limits
from ..grammar.matcher import Constraint, Matcher
from ..logits.checks import check_width
from ..schemas.json_text import read_document
from ..schemas.specification import compile_once, specification_of, vocabulary_of
from ..schemas.tool_calls import ToolCall
from ..schemas.tools import Tools
from .models import check_tokenizer, end_tokens, logits_width
from .result import GenerationResult, GenerationStats

_READ_DOCUMENT: Callable[[str], object] = read_document


@dataclass(frozen=True)
class Task:
    """A model, a compiled language over its vocabulary, and how a document of it is read.

    ``compile_seconds``: what it took to build vocabulary and constraint.
    """

    model: Any
    tokenizer: Any
    constraint: Constraint
    parse: Callable[[str], object]
    tool_calls: Callable[[str], tuple[ToolCall, ...]]
    compile_seconds: float


def prepare(model: Any, tokenizer: Any, schema: object, limits: Limits | None) -> Task:
    """The task of writing documents of ``schema``, whatever ``compile`` takes, or a compiled constraint."""
    started = time.perf_counter()
    width = logits_width(model)
    if isinstance(schema, Constraint):
        constraint, parse, tool_calls = schema, _READ_DOCUMENT, _no_calls
        check_width(constraint.vocabulary, width)
    else:
        check_tokenizer(tokenizer, width)
        specification = specification_of(schema)
        vocabulary = vocabulary_of(tokenizer, width, end_tokens(model, tokenizer))
        constraint, parse = compile_once(specification, vocabulary, limits), specification.parse
        tool_calls = specification.tool_calls if isinstance(specification, Tools) else _no_calls
    return Task(model, tokenizer, constraint, parse, tool_calls, time.perf_counter() - started)


def document(task: Task, matcher: Matcher, ids: list[int], stats: GenerationStats) -> GenerationResult:
    """What the tokens ``ids`` say, which ``matcher`` has read."""
    written = task.constraint.vocabulary.decode(ids, special_tokens=True)
    complete = matcher.is_terminated() or matcher.is_accepting()
    text = codecs.getincrementaldecoder("utf-8")().decode(written)  # a character that was cut off is left out
    calls = task.tool_calls(text)
    if not complete:
        return GenerationResult(text, tuple(ids), "length", stats, tool_calls=calls)
    try:
        return GenerationResult(text, tuple(ids), "stop", stats, task.parse(text), tool_calls=calls)
    except MaskwrightError as error:
        return GenerationResult(text, tuple(ids), "stop", stats, None, error, calls)


def _no_calls(text: str) -> tuple[ToolCall, ...]:
    return ()
