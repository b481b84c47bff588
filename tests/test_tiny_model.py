"""The bundled tiny model loads, speaks JSON and fits its size; its data generator is deterministic."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from maskwright.generation.tiny import TINY_MODEL_PATH, load_tiny_model

SCRIPTS = Path(__file__).parents[1] / "scripts"
PROMPTS = ["Write a person as JSON.", "Describe an order with its items.", "Give me a list of books."]


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    return load_tiny_model()


@pytest.fixture(scope="module")
def scripts() -> Iterator[None]:
    """Scripts can be imported by their names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        yield


@pytest.fixture(scope="module")
def script(scripts: None) -> ModuleType:
    return importlib.import_module("train_tiny_model")


@pytest.fixture(scope="module")
def documents(scripts: None) -> ModuleType:
    return importlib.import_module("tiny_model_documents")


@pytest.fixture
def transformers_records() -> Iterator[list[logging.LogRecord]]:
    """What transformers logs at warning level or above; its loggers do not propagate to the root."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def answer(tiny: tuple[Any, Any], prompt: str, **options: Any) -> str:
    model, tokenizer = tiny
    inputs = tokenizer(prompt, return_tensors="pt")
    output = model.generate(**inputs, max_new_tokens=300, **options)
    return str(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))


def test_loads_and_generates_without_warnings(transformers_records: list[logging.LogRecord]) -> None:
    assert answer(load_tiny_model(), PROMPTS[0], do_sample=False)
    assert [record.getMessage() for record in transformers_records] == []


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_answers_are_json(tiny: tuple[Any, Any], prompt: str) -> None:
    assert isinstance(json.loads(answer(tiny, prompt, do_sample=False)), dict | list)


def test_chat_template_frames_like_a_plain_prompt(tiny: tuple[Any, Any]) -> None:
    _, tokenizer = tiny
    messages = [{"role": "user", "content": PROMPTS[0]}]
    framed = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    assert list(framed["input_ids"]) == tokenizer(PROMPTS[0])["input_ids"]


def test_is_small() -> None:
    assert sum(path.stat().st_size for path in TINY_MODEL_PATH.iterdir()) <= 8 * 2**20


def test_vocabulary_spells_every_byte(tiny: tuple[Any, Any], script: ModuleType) -> None:
    _, tokenizer = tiny
    assert set(script.pre_tokenizers.ByteLevel.alphabet()) <= set(tokenizer.get_vocab())


@pytest.mark.parametrize(
    "text", ['{"name": "Ada", "n": [1, -2.5e3, null]}', " \n\t{ }", "héé 東京 😀 \x00\x7f", "a  b   c"]
)
def test_tokens_round_trip(tiny: tuple[Any, Any], text: str) -> None:
    _, tokenizer = tiny
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_special_tokens(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    assert len(tokenizer) == model.config.vocab_size == model.get_output_embeddings().out_features
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id
    assert len({tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}) == 3


def test_sampled_documents_end(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    torch.manual_seed(0)
    inputs = tokenizer(PROMPTS * 4, return_tensors="pt", padding=True)
    output = model.generate(**inputs, max_new_tokens=300, do_sample=True, top_k=0)
    assert sum(tokenizer.eos_token_id in row for row in output.tolist()) >= 11


def test_data_generator_is_deterministic(documents: ModuleType) -> None:
    first, again, other = (list(islice(documents.samples(seed), 200)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_data_is_json_of_its_schema(documents: ModuleType) -> None:
    from jsonschema import Draft202012Validator

    for sample in islice(documents.samples(1), 300):
        json.loads(sample.document)
    for kind in documents.RECORDS:
        shape = documents.named_record(kind)
        value = documents.sample_value(shape, documents.random.Random(kind))
        assert Draft202012Validator(documents.json_schema(shape)).is_valid(value)
