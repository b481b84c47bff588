"""What a constraint costs ``model.generate``: tokens per second with and without one, by batch size, beside peers.

    python benchmarks/overhead.py [--batches 1 8 64] [--layers 12 --hidden 512] [--device cuda --dtype bfloat16]
                                  [--out benchmarks/results/overhead.json]

The model is a Llama of random weights, some 100 million by default, with Mistral's Tekken vocabulary. All decode
greedily the same number of tokens of an array that is too long to end. Peers: XGrammar's own processor for
transformers, and llguidance's masks, computed by its executor and applied by maskwright's kernel. Rounds of the engines
alternate, and the best of each counts. Two figures are given: by the wall clock, what ``generate`` takes more (noisy
where the machine is busy), and by itself, how long the processor's calls take beside a step of the unconstrained model.
On a GPU the latter begins when the model's work is done, so that waiting for it is not counted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from engines import Llguidance, Xgrammar, conditions, installed_peers, tekken
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessor

import maskwright as mw

_SCHEMA = {
    "type": "array",
    "minItems": 1000,
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "role": {"enum": ["admin", "user", "guest"]},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name", "age", "role", "tags"],
        "additionalProperties": False,
    },
}
_PROMPT = 16


class Timed(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Another processor, and the seconds of each of its calls."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self.seconds: list[float] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if scores.is_cuda:
            torch.cuda.synchronize()
        started = time.perf_counter()
        masked: torch.Tensor = self._processor(input_ids, scores)
        if scores.is_cuda:
            torch.cuda.synchronize()
        self.seconds.append(time.perf_counter() - started)
        return masked


class LlguidanceProcessor:
    """One matcher for each row; masks in parallel, packed."""

    def __init__(self, engine: Llguidance, size: int) -> None:
        import llguidance
        from llguidance.numpy import fill_next_token_bitmask_par

        self._engine, self._size = engine, size
        self._executor, self._fill = llguidance.LLExecutor(), fill_next_token_bitmask_par
        self._rows: list[tuple[Any, int]] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._rows:
            for (matcher, _), token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
                assert matcher.consume_token(token)
        else:
            self._rows = [(self._engine.matcher(_SCHEMA), row) for row in range(len(input_ids))]
            self._mask = np.zeros((len(input_ids), -(-self._size // 32)), np.int32)
        self._fill(self._executor, self._rows, self._mask)
        from maskwright.logits import apply_token_bitmask_

        apply_token_bitmask_(scores, self._mask)
        return scores


def _engines(vocabulary: mw.Vocabulary) -> dict[str, Callable[[], Any] | None]:
    """What makes a new processor; None is no constraint."""
    constraint = mw.compile(mw.JsonSchema(_SCHEMA, whitespace="compact"), vocabulary)
    engines: dict[str, Callable[[], Any] | None] = {
        "none": None,
        "maskwright": lambda: mw.LogitsProcessor(constraint),
        "maskwright, in place": lambda: mw.LogitsProcessor(constraint, in_place=True),
    }
    installed = {peer.name for peer in installed_peers()}
    if "xgrammar" in installed:
        import xgrammar.contrib.hf

        compiler = Xgrammar(vocabulary)._compiler
        compiled = compiler.compile_json_schema(json.dumps(_SCHEMA), any_whitespace=False, separators=(",", ":"))
        engines["xgrammar"] = lambda: xgrammar.contrib.hf.LogitsProcessor(compiled)
    if "llguidance" in installed:
        engine = Llguidance(vocabulary)
        engines["llguidance"] = lambda: LlguidanceProcessor(engine, vocabulary.size)
    return engines


def _model(arguments: argparse.Namespace, vocabulary: mw.Vocabulary) -> Any:
    config = LlamaConfig(
        vocab_size=vocabulary.size,
        hidden_size=arguments.hidden,
        intermediate_size=4 * arguments.hidden,
        num_hidden_layers=arguments.layers,
        num_attention_heads=arguments.hidden // 64,
        num_key_value_heads=arguments.hidden // 64,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model: Any = LlamaForCausalLM(config).to(device=arguments.device, dtype=getattr(torch, arguments.dtype))
    model.generation_config.eos_token_id = None
    return model.eval()


def _run(model: Any, batch: int, tokens: int, make: Callable[[], Any] | None) -> tuple[float, float]:
    """Seconds a token of the whole batch took, and how many of them were the processor's (median over steps)."""
    prompts = torch.randint(1000, 100_000, (batch, _PROMPT), generator=torch.Generator().manual_seed(1))
    inputs = {"input_ids": prompts.to(model.device), "attention_mask": torch.ones_like(prompts).to(model.device)}
    timed = None if make is None else Timed(make())
    processors = [] if timed is None else [timed]
    started = time.perf_counter()
    output = model.generate(
        **inputs, max_new_tokens=tokens, do_sample=False, pad_token_id=0, logits_processor=processors
    )
    output.cpu()
    seconds = time.perf_counter() - started
    assert output.shape[1] == _PROMPT + tokens
    return seconds / tokens, 0.0 if timed is None else float(np.median(timed.seconds))


def main() -> None:
    arguments = _arguments()
    vocabulary = tekken()
    model = _model(arguments, vocabulary)
    engines = _engines(vocabulary)
    report: dict[str, Any] = {}
    for batch in arguments.batches:
        best = {name: (float("inf"), float("inf")) for name in engines}
        for make in engines.values():
            _run(model, batch, 2, make)
        for _ in range(arguments.rounds):
            for name, make in engines.items():
                found = _run(model, batch, arguments.tokens, make)
                best[name] = (min(best[name][0], found[0]), min(best[name][1], found[1]))
        plain = best["none"][0]
        report[str(batch)] = {
            name: {
                "tokens a second": round(batch / whole, 2),
                "overhead by wall clock %": round(100 * (whole / plain - 1), 2),
                "processor us a step": round(1e6 * own, 1),
                "processor of a step %": round(100 * own / plain, 3),
            }
            for name, (whole, own) in best.items()
        }
        print(batch, json.dumps(report[str(batch)], indent=1), flush=True)
    if arguments.out:
        weights = sum(parameter.numel() for parameter in model.parameters())
        about = {**conditions(), "device": _device(arguments), "weights": weights, "tokens": arguments.tokens}
        arguments.out.write_text(json.dumps({**about, "by batch": report}, indent=2) + "\n")


def _device(arguments: argparse.Namespace) -> str:
    name = torch.cuda.get_device_name() if arguments.device == "cuda" else "CPU"
    return f"{name}, {arguments.dtype}, {torch.get_num_threads()} threads"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
