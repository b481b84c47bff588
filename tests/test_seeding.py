"""Sampling with a seed: the same documents whatever the batch, from the same probabilities."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import maskwright as mw
from maskwright.generation.seeding import SeededChoice, document_seeds
from maskwright.generation.tiny import load_tiny_model

PROMPTS = ["Write a person.", "Describe somebody whom you have met on a journey.", "Write a city."]
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"enum": ["young", "old"]}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def tiny() -> Any:
    """In float64, so that batches do not show in the logits."""
    model, _ = load_tiny_model()
    return model.double()


def texts(model: Any, prompts: Any, **options: Any) -> list[str]:
    arguments = {"schema": SCHEMA, "do_sample": True, "seed": 7, "max_new_tokens": 40, **options}
    found = mw.generate(model, prompts, **arguments)
    return [result.text for result in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 1.5, "top_p": 0.9}, {"num_beams": 2}, {"stop_strings": ["young"]}], ids=str
)
def test_a_document_does_not_depend_on_its_batch(tiny: Any, options: dict[str, Any]) -> None:
    alone = [texts(tiny, prompt, **options)[0] for prompt in PROMPTS]
    assert texts(tiny, PROMPTS, **options) == alone
    assert texts(tiny, PROMPTS[::-1], **options) == alone[::-1]


def test_the_nth_document_of_a_prompt(tiny: Any) -> None:
    several = texts(tiny, PROMPTS[0], num_return_sequences=3)
    assert len(set(several)) > 1
    assert texts(tiny, PROMPTS[0])[0] == several[0]
    assert texts(tiny, [PROMPTS[0], PROMPTS[1], PROMPTS[0]])[::2] == several[:2]
    assert texts(tiny, PROMPTS[0], seed=8)[0] != several[0]


def test_seeds_of_documents() -> None:
    seeds = document_seeds(1, [[1, 2], [3], [1, 2]], 2)
    assert len(set(seeds)) == 6
    assert document_seeds(1, [[3]], 2) == seeds[2:4]
    assert document_seeds(1, [[1, 2]], 4) == [*seeds[:2], *seeds[4:]]
    assert not set(document_seeds(2, [[1, 2]], 2)) & set(seeds)


def test_tokens_are_drawn_from_the_probabilities() -> None:
    probabilities = torch.tensor([0.0, 0.5, 0.0, 0.3, 0.15, 0.05, 0.0])
    rows = 20_000
    scores = probabilities.log().repeat(rows, 1) + 3
    chosen = SeededChoice(range(rows))(torch.zeros((rows, 1)), scores)
    assert torch.equal((chosen > -torch.inf).sum(1), torch.ones(rows, dtype=torch.int64))
    shares = torch.bincount(chosen.argmax(1), minlength=7) / rows
    assert torch.equal(shares == 0, probabilities == 0)
    assert float((shares - probabilities).abs().max()) < 0.015
