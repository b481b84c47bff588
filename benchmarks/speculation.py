"""Speculative decoding beside plain constrained decoding, unconstrained decoding and transformers' prompt lookup.

    python benchmarks/speculation.py [--data FOLDER] [--schemas 300] [--tokens 120] [--layers N --width N | --model
    MODEL] [--schema-in-prompt] [--device cuda] [--temperature 0] [--shared] [--out benchmarks/results/speculation.json]

FOLDER holds MaskBench files, evenly sampled; without it, a few schemas written here are used. The model is the
bundled tiny one, a random Llama of its vocabulary with ``--layers`` and ``--width``, or any of transformers' by name or
folder. The prompt says what the schema is about, or holds it, if it has at most 1,500 characters. For each schema one
document is written by all methods in turn, at temperature 0 or as asked; the unconstrained run writes as many tokens.
All run in torch's inference mode. Drafters begin without knowledge for every schema, unless ``--shared``. Figures:
forward passes a token, drafted tokens accepted in each pass, accepted by drafter, seconds, and the share of drafting,
masks and verification in the time of the passes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from engines import conditions
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

import maskwright as mw
from maskwright.generation.models import end_tokens, logits_width
from maskwright.generation.speculation.decoding import SpeculativeDecoding
from maskwright.generation.speculation.options import Speculation
from maskwright.generation.tiny import load_tiny_model

_LONGEST_SCHEMA = 1_500  # characters of a schema in the prompt
_OWN_SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "email": {"type": "string"}},
        "required": ["name", "age", "email"],
        "additionalProperties": False,
    },
    {
        "type": "array",
        "items": {"type": "object", "properties": {"id": {"type": "integer"}, "kind": {"enum": ["red", "blue"]}}},
        "maxItems": 5,
    },
]


def main() -> None:
    arguments = _arguments()
    model, tokenizer = load_tiny_model() if arguments.model is None else _loaded(arguments.model)
    if arguments.layers:
        model = _random_model(arguments, logits_width(model))
    model = model.to(arguments.device)
    vocabulary = mw.Vocabulary.from_huggingface(tokenizer, eos_token_ids=end_tokens(model, tokenizer))
    run = _Run(model, tokenizer, vocabulary, arguments)
    for schema in _schemas(arguments):
        if run.schemas == arguments.schemas:
            break
        run.add(schema)
    settings = vars(arguments) | {"out": None, "data": None, "model": arguments.model and Path(arguments.model).name}
    result = {"conditions": conditions(), "settings": settings, **run.summary()}
    text = json.dumps(result, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


class _Run:
    """Totals over schemas, by method: seconds, tokens, and passes of the model after the prompt was read."""

    def __init__(self, model: Any, tokenizer: Any, vocabulary: mw.Vocabulary, arguments: argparse.Namespace) -> None:
        self._model, self._tokenizer, self._vocabulary = model, tokenizer, vocabulary
        self._arguments = arguments
        self._speculation = Speculation(drafters=Speculation().drafters_for(vocabulary)) if arguments.shared else None
        self.schemas = self.differed = self.invalid = 0
        self._seconds: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._passes: Counter[str] = Counter()
        self._drafted: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._parts: Counter[str] = Counter()

    def add(self, schema: Any) -> None:
        try:
            constraint = mw.compile(schema, self._vocabulary)
        except mw.MaskwrightError:
            return
        self.schemas += 1
        text = _prompt(schema, self._arguments.schema_in_prompt)
        prompt = self._tokenizer(text, return_tensors="pt").to(self._model.device)
        prompt.pop("token_type_ids", None)
        plain = self._timed("plain", prompt, logits_processor=[mw.LogitsProcessor(constraint)])
        decoding = SpeculativeDecoding(constraint, self._speculation)
        ours = self._timed("speculative", prompt, custom_generate=decoding)
        lookup = {"prompt_lookup_num_tokens": 10, "logits_processor": [mw.LogitsProcessor(constraint)]}
        self._timed("prompt lookup of transformers", prompt, **lookup)
        self._timed("unconstrained", prompt, min_new_tokens=len(plain), max_new_tokens=len(plain))
        if self._arguments.temperature == 0.0:
            self.differed += plain != ours
        matcher = constraint.matcher()
        self.invalid += matcher.accept_tokens(ours) < len(ours)
        stats = decoding.stats
        self._drafted.update(stats.drafted)
        self._accepted.update(stats.accepted)
        self._lengths.update(stats.lengths)
        self._parts.update(
            forward=stats.forward_seconds, drafting_and_masks=stats.draft_seconds, verification=stats.verify_seconds
        )

    def _timed(self, method: str, prompt: Any, **arguments: Any) -> list[int]:
        """What was written."""
        temperature = self._arguments.temperature
        sampling = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        passes = _Passes(self._model)
        started = time.perf_counter()
        with passes, torch.inference_mode():
            output = self._model.generate(
                **prompt, **{"max_new_tokens": self._arguments.tokens, **sampling, **arguments}
            )
        self._seconds[method] += time.perf_counter() - started
        written: list[int] = output[0, prompt["input_ids"].shape[1] :].tolist()
        self._tokens[method] += len(written)
        self._passes[method] += passes.count
        return written

    def summary(self) -> dict[str, Any]:
        methods = {
            method: {
                "tokens": self._tokens[method],
                "passes_per_token": self._passes[method] / self._tokens[method],
                "tokens_per_second": self._tokens[method] / self._seconds[method],
                "times_plain": self._seconds["plain"]
                / self._tokens["plain"]
                / (self._seconds[method] / self._tokens[method]),
            }
            for method in self._seconds
        }
        return {
            "schemas": self.schemas,
            "texts_that_differed_from_plain": self.differed,
            "invalid": self.invalid,
            "methods": methods,
            "mean_accepted_length": sum(self._accepted.values()) / self._lengths.total(),
            "passes_with_so_many_accepted": dict(sorted(self._lengths.items())),
            "drafted": dict(self._drafted),
            "accepted": dict(self._accepted),
            "seconds": dict(self._parts),
            "overhead_of_forward_time": (self._parts["drafting_and_masks"] + self._parts["verification"])
            / self._parts["forward"],
        }


class _Passes:
    """Counts the forward passes of a model, the reading of the prompt included."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.count = 0

    def __enter__(self) -> None:
        self._hook = self._model.register_forward_hook(self._add)

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _add(self, *_: object) -> None:
        self.count += 1


def _loaded(name: str) -> tuple[Any, Any]:
    return AutoModelForCausalLM.from_pretrained(name).eval(), AutoTokenizer.from_pretrained(name)


def _prompt(schema: Any, with_schema: bool) -> str:
    written = json.dumps(schema)
    if with_schema and len(written) <= _LONGEST_SCHEMA:
        return f"JSON schema:\n{written}\nA document that obeys it:\n"
    about = schema.get("title") or schema.get("description") if isinstance(schema, dict) else None
    return f"Write a document: {about}"[:200] if isinstance(about, str) else "Write a document."


def _schemas(arguments: argparse.Namespace) -> Iterator[Any]:
    if arguments.data is None:
        yield from _OWN_SCHEMAS
        return
    paths = sorted(arguments.data.glob("*.json"))
    step = max(len(paths) // int(1.2 * arguments.schemas), 1)
    for path in paths[::step]:
        yield json.loads(path.read_text(encoding="utf-8"))["schema"]


def _random_model(arguments: argparse.Namespace, width: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=width,
        hidden_size=arguments.width,
        intermediate_size=4 * arguments.width,
        num_hidden_layers=arguments.layers,
        num_attention_heads=max(arguments.width // 64, 1),
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=3,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--schemas", type=int, default=300)
    parser.add_argument("--tokens", type=int, default=120)
    parser.add_argument("--layers", type=int, default=0)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--model")
    parser.add_argument("--schema-in-prompt", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--shared", action="store_true")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
