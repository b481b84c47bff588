"""The pipeline of transformers for text generation, which obeys a schema, a grammar or a pattern if one is given.

    pipeline("text-generation", pipeline_class=ConstrainedTextGenerationPipeline, model=..., schema=Person)

All arguments and outputs of ``"text-generation"`` keep their meaning, ``max_new_tokens`` and sampling by default among
them. Where a language is given, the record of each text has two more entries: ``"value"``, the value of the document
(None if it was cut off, or if its type refuses it), and ``"result"``, the ``GenerationResult``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from transformers.pipelines.text_generation import TextGenerationPipeline

from ..grammar.limits import Limits
from ..grammar.matcher import Constraint, Matcher
from ..logits.processor import LogitsProcessor
from ..schemas.specification import Specification, compile_once, vocabulary_of
from .arguments import without_padding
from .languages import take_language
from .models import end_tokens, logits_width
from .result import GenerationResult, GenerationStats
from .task import Task, document, prepare


class ConstrainedTextGenerationPipeline(TextGenerationPipeline):  # type: ignore[misc, unused-ignore]
    """``schema=``, ``grammar=`` or ``regex=`` is given when the pipeline is made, or in a call, which goes first."""

    def _sanitize_parameters(self, *args: Any, **kwargs: Any) -> Any:
        ours = {name: kwargs.pop(name) for name in ("language", "limits") if kwargs.get(name) is not None}
        language = take_language(kwargs)
        if language is not None:
            ours["language"] = language
        untyped: Any = super()
        preprocess, forward, postprocess = untyped._sanitize_parameters(*args, **kwargs)
        return preprocess, {**forward, **ours}, postprocess

    def _forward(  # type: ignore[override, unused-ignore]
        self,
        model_inputs: Any,
        language: Specification | Constraint | None = None,
        limits: Limits | None = None,
        **generate_kwargs: Any,
    ) -> Any:
        untyped: Any = super()
        if language is None:
            return untyped._forward(model_inputs, **generate_kwargs)
        task = self._task(language, limits, {**self._generate_kwargs, **generate_kwargs}.get("eos_token_id"))
        padding = getattr(self.tokenizer, "pad_token_id", None)
        processor = LogitsProcessor(task.constraint, pad_token_id=padding)
        ends = list(task.constraint.vocabulary.eos_token_ids)
        arguments = self._prepare_generate_kwargs(generate_kwargs, eos_token_id=ends)
        arguments["logits_processor"] = [*(arguments.get("logits_processor") or ()), processor]
        mask = model_inputs.get("attention_mask")
        lengths = [] if mask is None else mask.sum(dim=1).tolist()
        started = perf_counter()
        outputs = untyped._forward(model_inputs, **arguments)
        sequences, prompts = outputs["generated_sequence"], outputs["input_ids"]
        stats = GenerationStats(0, 0, perf_counter() - started, 0.0, task.compile_seconds)
        start = 1 if prompts is None else prompts.shape[1]  # an empty prompt is a token that begins a text
        found = self._results(task, processor.finish(sequences.flatten(0, 1)), sequences[:, :, start:], stats)
        for results, length in zip(found, lengths or [start] * len(found), strict=True):
            results[:] = [replace(each, stats=replace(each.stats, prompt_tokens=length)) for each in results]
        outputs["results"] = found
        return outputs

    def postprocess(self, model_outputs: Any, *args: Any, **kwargs: Any) -> Any:
        untyped: Any = super()
        results = model_outputs.pop("results", None)
        records = untyped.postprocess(model_outputs, *args, **kwargs)
        if results is None:
            return records
        if isinstance(results[0], list):  # not taken from a batch
            results = results[0]
        for record, result in zip(records, results, strict=True):
            record.update(value=result.parsed, result=result)
        return records

    def _task(self, language: Specification | Constraint, limits: Limits | None, ends: int | list[int] | None) -> Task:
        """What generating takes; ``ends`` are the end tokens that the caller names."""
        task = prepare(self.model, self.tokenizer, language, limits)
        if ends is None or isinstance(language, Constraint):
            return task
        named = (ends,) if isinstance(ends, int) else tuple(sorted(ends))
        if named == end_tokens(self.model, self.tokenizer):
            return task
        vocabulary = vocabulary_of(self.tokenizer, logits_width(self.model), named)
        return replace(task, constraint=compile_once(language, vocabulary, limits))

    def _results(
        self, task: Task, matchers: Iterable[object], written: torch.Tensor, stats: GenerationStats
    ) -> list[list[GenerationResult]]:
        """The results of ``written``, int64[prompts, sequences of one, new tokens]; ``matchers``: one for each."""
        padding = getattr(self.tokenizer, "pad_token_id", None)
        ends = task.constraint.vocabulary.eos_token_ids
        found = []
        for matcher, row in zip(matchers, written.flatten(0, 1).tolist(), strict=True):
            assert isinstance(matcher, Matcher)
            kept = without_padding(row, -1 if padding is None else padding, ends)
            found.append(document(task, matcher, kept, replace(stats, tokens=len(kept))))
        count = written.shape[1]
        return [found[start : start + count] for start in range(0, len(found), count)]
