"""The compiled parts of speculation agree with slow and obvious ones."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import torch

import maskwright as mw
from maskwright.generation.speculation.likeliest import likeliest
from maskwright.generation.speculation.pass_cost import PassCost
from maskwright.generation.speculation.ranking import Ranking
from maskwright.generation.tiny import load_tiny_model
from maskwright.grammar.forced_branches import NO_BYTE, BlankHabits, ForcedBranches
from maskwright.logits.bitmask import apply_token_bitmask_
from maskwright.logits.verification import NO_TOKEN, DraftTree
from maskwright.logits.verification.best_path import best_path

PASSED_OVER = b" \t\n\r\\"


def plain(choices: bytes) -> bytes:
    return choices.translate(None, PASSED_OVER) or choices


def followed(matcher: mw.Matcher, habits: dict[int, bytes], last: int, start: int) -> bytes:
    """The text from ``start`` to where there is a choice, byte by byte."""
    text, choices = b"", bytes([start])
    while len(choices) == 1 and len(text) < 64:
        blanks = b""
        for blank in habits.get(last, b""):
            if not matcher.accept_byte(blank):
                break
            blanks += bytes([blank])
        if choices[0] not in matcher.next_bytes():
            matcher.rollback(len(blanks))
            blanks = b""
        if not matcher.accept_byte(choices[0]):
            break
        text, last = text + blanks + choices, choices[0]
        choices = plain(matcher.next_bytes())
    matcher.rollback(len(text))
    return text


def places(document: str) -> Iterator[tuple[bytes, int, dict[int, bytes]]]:
    """Beginnings of ``document``, the last byte but blanks, and which blanks stood after which byte last."""
    habits: dict[int, bytes] = {}
    last, blanks, content = NO_BYTE, b"", document.encode()
    for end, byte in enumerate(content):
        yield content[:end], last, dict(habits)
        if byte in b" \n":
            blanks += bytes([byte])
        else:
            habits[last] = blanks
            last, blanks = byte, b""


@pytest.mark.parametrize("indent", [None, 2, 150])
def test_branches_are_followed_as_byte_by_byte(indent: int | None) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"enum": ["Ann", "Anton", "Émile", 'a "quoted" one']},
            "parent": {"$ref": "#"},
            "tags": {"type": "array", "items": {"enum": ["red", "green", 7]}, "uniqueItems": True},
            "note": {"type": "string", "pattern": "^see (page|chapter) [0-9]+$"},
        },
        "required": ["name", "tags"],
        "additionalProperties": False,
    }
    document = {"name": "Anton", "parent": {"name": "Émile", "tags": [], "note": "see page 12"}, "tags": ["red", 7]}
    vocabulary = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
    matcher = mw.compile(mw.JsonSchema(schema, whitespace="any"), vocabulary).matcher()
    branches, habits, seen = ForcedBranches(4), BlankHabits(), 0
    for text, last, known in places(json.dumps(document, indent=indent, ensure_ascii=False)):
        for byte, blanks in known.items():
            habits.note(byte, blanks)
        assert matcher.accept_tokens(text[seen:]) == len(text) - seen
        seen = len(text)
        choices = matcher.next_bytes()
        starts = plain(choices)
        kept = {byte: blanks if len(blanks) < 128 else b"" for byte, blanks in known.items()}
        wanted = [followed(matcher, kept, last, start) for start in starts] if len(starts) <= 4 else []
        found, others = branches.after(matcher, last, habits)
        assert found == wanted
        assert others == (bool(wanted) and len(starts) < len(choices))
        assert matcher.accept_tokens([]) == 0
        assert matcher.next_bytes() == choices


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("width", [5, 64, 100])
def test_the_best_path_is_that_of_masked_logits(width: int, dtype: torch.dtype) -> None:
    random.seed(width)
    generator = torch.Generator().manual_seed(width)
    tree = DraftTree([0, 1, 2, 3, 1, 2, 0], [-1, 0, 0, 1, 2, 2, 4])
    ends = Counter[int]()
    for trial in range(200):
        logits = torch.randint(0, 4, (len(tree), width), generator=generator).to(dtype)
        words = torch.randint(-(2**31), 2**31 - 1, (len(tree), -(-width // 32)), generator=generator).to(torch.int32)
        if trial % 10 == 0:
            words[random.randrange(2)] = 0
        if trial % 10 == 1:
            logits[random.randrange(2), random.randrange(4)] = torch.nan
        masked = logits.clone()
        apply_token_bitmask_(masked, words)
        path = [0]
        while True:
            row = masked[path[-1]]
            token = int(row.argmax()) if row.max() > -torch.inf else NO_TOKEN
            child = [node for node in tree.children[path[-1]] if tree.tokens[node] == token]
            if not child:
                break
            path.append(child[0])
        assert best_path(tree, logits, words) == (path, token)
        ends[len(path)] += 1
    assert len(ends) > 2
    assert best_path(tree, torch.zeros((len(tree), width)), None) == ([0], 0)


def test_the_likeliest_tokens_are_those_of_topk() -> None:
    logits = torch.randn((6, 300), generator=torch.Generator().manual_seed(1))
    for table in (logits, logits.double(), logits.bfloat16().float()[:, :5]):
        found = likeliest(table, [0, 2, 5])
        assert np.array_equal(
            np.take_along_axis(table[[0, 2, 5]].numpy(), found, 1), table[[0, 2, 5]].topk(found.shape[1]).values.numpy()
        )


def test_a_ranking_is_in_order() -> None:
    random.seed(2)
    ranking, counts = Ranking(), Counter[int]()
    for _ in range(2000):
        token = int(random.expovariate(0.05))
        counts[token] += 1
        ranking.add(token)
    assert sorted(ranking.tokens) == sorted(counts)
    assert [counts[token] for token in ranking.tokens] == sorted(counts.values(), reverse=True)


def test_what_nodes_cost_is_found_in_noise() -> None:
    random.seed(3)
    cost = PassCost()
    for count in range(400):
        nodes = random.randint(1, 20)
        cost.observe(nodes, 2.0 + 0.1 * nodes + random.random() / 10 + 50.0 * (count % 40 == 0))
    assert cost.per_node == pytest.approx(0.1, rel=0.3)
    assert cost.pays(0.5, 1.0, 4, 1)
    assert not cost.pays(0.01, 1.0, 4, 1)


def test_transformers_tokenizers_are_asked_directly_with_the_same_answer() -> None:
    tokenizer = load_tiny_model()[1]
    vocabulary = mw.Vocabulary.from_huggingface(tokenizer)
    text = '{"name": "Zoë </s> x", "tags": [\n  1]}'
    for settings in ({}, {"truncation": True, "max_length": 3}, {"split_special_tokens": True}):
        tokenizer(text, **settings)
        assert vocabulary.encode is not None
        assert vocabulary.encode(text) == tokenizer.encode(text, add_special_tokens=False)
