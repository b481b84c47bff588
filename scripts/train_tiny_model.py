"""Trains the tiny bundled language model that answers instructions with JSON documents.

The model lets examples, tests and a first try of the package run without a download. Its training data is made up by
``tiny_model_documents``.

    python scripts/train_tiny_model.py --out generation/tiny_model

The run is deterministic in this sense: the same machine, library versions, number of threads and options give the same
files. Not supported: accelerators, resuming.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tiny_model_documents import samples
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.nn import functional
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

PROMPT, DOCUMENT, END, PAD = "<|prompt|>", "<|document|>", "<|end|>", "<|pad|>"
CONTEXT = 1024
VOCABULARY_SIZE = 2048
LONGEST_SAMPLE = 480
PROMPT_LOSS_WEIGHT = 0.1
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}" + DOCUMENT + "{{ message['content'] }}" + END + "{%- else -%}"
    "{%- if loop.first or messages[loop.index0 - 1]['role'] == 'assistant' -%}"
    + PROMPT
    + "{%- else -%}{{ '\\n' }}{%- endif -%}{{ message['content'] }}{%- endif -%}"
    "{%- endfor -%}{%- if add_generation_prompt -%}" + DOCUMENT + "{%- endif -%}"
)

# --- tokenizer


def train_tokenizer(seed: int, count: int) -> Any:
    """A byte-level BPE tokenizer that can spell every byte, trained on ``count`` samples."""
    backend: Any = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[PAD, PROMPT, DOCUMENT, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (text for item in islice(samples(seed), count) for text in (item.instruction, item.document))
    backend.train_from_iterator(texts, trainer)
    special = [(token, backend.token_to_id(token)) for token in (PROMPT, DOCUMENT)]
    backend.post_processor = processors.TemplateProcessing(single=f"{PROMPT} $A {DOCUMENT}", special_tokens=special)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=PROMPT,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[DOCUMENT],
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "attention_mask"],
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


# --- training


@dataclass(frozen=True)
class Settings:
    """``tokens_per_step`` is spread over rows of ``CONTEXT // 4`` tokens, and of ``CONTEXT`` in the last fifth."""

    steps: int
    seed: int
    tokens_per_step: int = 2048
    learning_rate: float = 3e-3
    warmup: int = 80


def encoded_samples(tokenizer: Any, seed: int) -> Iterator[tuple[list[int], list[float]]]:
    """Token ids and loss weights of samples; too long ones are left out."""
    stream = samples(seed)
    while True:
        batch = list(islice(stream, 256))
        prompts = tokenizer([item.instruction for item in batch])["input_ids"]
        documents = tokenizer([item.document for item in batch], add_special_tokens=False)["input_ids"]
        for prompt, document in zip(prompts, documents, strict=True):
            ids = [*prompt, *document, tokenizer.eos_token_id]
            if len(ids) <= LONGEST_SAMPLE:
                yield ids, [PROMPT_LOSS_WEIGHT] * len(prompt) + [1.0] * (len(document) + 1)


def packed_rows(
    stream: Iterator[tuple[list[int], list[float]]], rows: int, length: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """int64[rows, length] token ids and float32[rows, length] weights; every row begins with a whole sample."""
    ids = torch.zeros(rows, length, dtype=torch.long)
    weights = torch.zeros(rows, length)
    for row in range(rows):
        filled = 0
        while filled < length:
            sample_ids, sample_weights = next(stream)
            count = min(len(sample_ids), length - filled)
            ids[row, filled : filled + count] = torch.tensor(sample_ids[:count])
            weights[row, filled : filled + count] = torch.tensor(sample_weights[:count])
            filled += count
    return ids, weights


def new_model(tokenizer: Any) -> Any:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=40,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def learning_rate_factor(step: int, settings: Settings) -> float:
    """Linear warm-up, then constant, then linear to zero over the last 60 % of the steps."""
    return min((step + 1) / settings.warmup, 1.0, (settings.steps - step) / (0.6 * settings.steps))


def train(model: Any, tokenizer: Any, settings: Settings) -> float:
    """Trains in place; returns the mean loss per document token over the last 50 steps, in nats."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, settings))
    stream = encoded_samples(tokenizer, settings.seed + 1)
    losses: list[float] = []
    started = time.perf_counter()
    model.train()
    for step in range(settings.steps):
        length = CONTEXT if step >= 0.8 * settings.steps else CONTEXT // 4
        ids, weights = packed_rows(stream, settings.tokens_per_step // length, length)
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        targets, target_weights = ids[:, 1:].flatten(), weights[:, 1:].flatten()
        token_losses = functional.cross_entropy(logits.flatten(0, 1), targets, reduction="none")
        loss = (token_losses * target_weights).sum() / target_weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(token_losses.detach()[target_weights == 1.0].mean().item())
        if step % 50 == 49:
            seconds = time.perf_counter() - started
            mean = sum(losses[-50:]) / 50
            print(f"step {step + 1}/{settings.steps}  loss {mean:.3f}  {seconds:.0f} s", file=sys.stderr, flush=True)
    return sum(losses[-50:]) / len(losses[-50:])


def save(model: Any, tokenizer: Any, out: Path) -> None:
    """Writes model (bfloat16) and tokenizer, in a form that transformers 4.57 and later read."""
    tokens = {name: getattr(model.config, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    model.generation_config = GenerationConfig(**tokens)
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    config_path = out / "tokenizer_config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config["additional_special_tokens"] = config.pop("extra_special_tokens")
    (out / "model.safetensors").chmod(0o644)
    config_path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@torch.inference_mode()
def show_samples(model: Any, tokenizer: Any, count: int, seed: int) -> None:
    """Prints unconstrained samples for unseen instructions, and how many of them are JSON."""
    torch.manual_seed(seed)
    model.eval()
    valid = 0
    for item in islice(samples(seed + 2), count):
        inputs = tokenizer(item.instruction, return_tensors="pt")
        output = model.generate(**inputs, max_new_tokens=300, do_sample=True, top_k=0, temperature=1.0)
        text = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        valid += is_json(text)
        print(f"{item.instruction[:200]!r}\n    {text[:300]!r}", file=sys.stderr)
    print(f"{valid} of {count} samples are JSON", file=sys.stderr)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the bundled tiny model.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "generation" / "tiny_model")
    parser.add_argument("--steps", type=int, default=1700)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=20, help="unconstrained samples to print at the end")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    transformers_logging.disable_progress_bar()
    tokenizer = train_tokenizer(options.seed, 20_000)
    model = new_model(tokenizer)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{parameters} parameters, {len(tokenizer)} tokens", file=sys.stderr, flush=True)
    loss = train(model, tokenizer, Settings(steps=options.steps, seed=options.seed))
    save(model, tokenizer, options.out)
    show_samples(model, tokenizer, options.samples, options.seed)
    print(f"final loss {loss:.3f} nats per document token; written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
