"""``maskwright generate``: documents on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import torch
from tqdm import tqdm
from transformers.generation.stopping_criteria import StoppingCriteria

from .cli_input import errors_naming, quieten_transformers
from .generation.generate import generate
from .generation.models import load
from .generation.result import GenerationResult
from .schemas.specification import JsonSchema, Specification

_BATCH = 8
_SECONDS_BEFORE_PROGRESS = 2.0


@dataclass(frozen=True)
class Sampling:
    """How many documents to draw, and how."""

    count: int
    seed: int | None
    max_new_tokens: int | None
    temperature: float

    def arguments(self, first: int) -> dict[str, Any]:
        """The arguments of ``generate`` for the batch that begins with document number ``first``."""
        size = min(_BATCH, self.count - first)
        drawn: dict[str, Any] = {} if self.max_new_tokens is None else {"max_new_tokens": self.max_new_tokens}
        if self.temperature == 0:
            return {**drawn, "do_sample": False, "num_return_sequences": 1}
        seed = None if self.seed is None else self.seed + first
        pure = {"temperature": self.temperature, "top_k": 0, "top_p": 1.0}
        return {**drawn, **pure, "do_sample": True, "num_return_sequences": size, "seed": seed}


class _Progress(StoppingCriteria):
    """Counts tokens on a progress bar; stops nothing."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar = bar

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        self._bar.update(len(input_ids))
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def write_documents(path: str, schema: Specification, model: str | None, prompt: str, sampling: Sampling) -> int:
    """The exit code: 1 if a document was cut off."""
    quieten_transformers()
    loaded, tokenizer = load(model)
    bar = tqdm(
        unit=" tokens",
        delay=_SECONDS_BEFORE_PROGRESS,
        disable=None,  # shown only on a terminal
        leave=False,
    )
    drawn = complete = 0
    with bar, errors_naming(path):
        while drawn < sampling.count:
            bar.set_description(f"document {drawn + 1} of {sampling.count}", refresh=False)
            results = generate(
                loaded,
                [prompt],
                schema=schema,
                tokenizer=tokenizer,
                stopping_criteria=[_Progress(bar)],
                **sampling.arguments(drawn),
            )
            bar.clear()
            drawn += len(results)
            complete += _write(results, sampling.count > 1, isinstance(schema, JsonSchema))
    if complete < drawn:
        sys.stderr.write(
            f"maskwright: {drawn - complete} of {drawn} documents were cut off "
            "(say how long they may be: with --max-new-tokens, each is complete within it)\n"
        )
    return int(complete < drawn)


def _write(results: list[GenerationResult], on_one_line: bool, is_json: bool) -> int:
    """Writes the complete documents to stdout; how many there were."""
    texts = [result.text for result in results if result.finish_reason == "stop"]
    for text in texts:
        sys.stdout.write((_on_one_line(text, is_json) if on_one_line else text) + "\n")
    sys.stdout.flush()
    return len(texts)


def _on_one_line(text: str, is_json: bool) -> str:
    """The same document without line breaks, which in JSON are never part of a string; any other text as JSON."""
    if not is_json:
        return json.dumps(text, ensure_ascii=False)
    return "".join(line.strip(" \t\r") for line in text.split("\n"))
