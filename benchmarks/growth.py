"""How the cost of a mask grows: over the length of the output, the depth of nesting, the size of the schema and of
the vocabulary.

    python benchmarks/growth.py [--out benchmarks/results/growth.json]

Each point is the mean time of mask + accept over a fixed stretch of tokens, in microseconds, the best of several rounds
in processor time of this process (other work on the machine would count otherwise). Over length and depth the stretch
is of the same kind at each point, so that a flat curve is a constant cost. Peers are not in it: these are our own laws.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from engines import conditions, tekken

import maskwright as mw

_ROUNDS = 7
_LENGTHS = (100, 1_000, 10_000, 100_000)
_DEPTHS = (1, 10, 100, 1_000, 5_000)
_PROPERTIES = (10, 100, 1_000, 10_000)

Point = tuple[int, float]


def main() -> None:
    arguments = _arguments()
    vocabulary = tekken()
    vocabularies = [_sentencepiece(), vocabulary, _doubled(vocabulary)]
    gc.collect()
    gc.disable()
    curves: dict[str, Callable[[], Iterator[Point]]] = {
        "length: array of numbers": lambda: _over_length(vocabulary, {"items": {"type": "integer"}}, "12, ", "["),
        "length: one string": lambda: _over_length(vocabulary, {"type": "string"}, "some words ", '"'),
        "length: one string of a pattern": lambda: _over_length(
            vocabulary, {"pattern": "^[a-z ]*$", "type": "string"}, "some words ", '"'
        ),
        "length: objects in an array": lambda: _over_length(
            vocabulary, {"items": _record()}, '{"name": "ab", "size": 3}, ', "["
        ),
        "length: further keys": lambda: _keys(vocabulary),
        "depth": lambda: _over_depth(vocabulary),
        "schema: properties": lambda: _over_properties(vocabulary),
        "vocabulary": lambda: (_over_vocabulary(each) for each in vocabularies),
    }
    results = {}
    for name, points in curves.items():
        if arguments.only and arguments.only not in name:
            continue
        results[name] = {str(size): round(cost, 3) for size, cost in points()}
        print(f"{name:32} {json.dumps(results[name])}", flush=True)
    if arguments.out:
        report = {**conditions(), "mask + accept, us, by size": results}
        arguments.out.write_text(json.dumps(report, indent=2) + "\n")


def _record() -> dict[str, Any]:
    properties = {"name": {"type": "string"}, "size": {"type": "integer"}}
    return {"type": "object", "properties": properties, "required": ["name", "size"], "additionalProperties": False}


def _cost(constraint: mw.Constraint, before: list[int], stretch: list[int]) -> float:
    """Microseconds of mask + accept for each token of ``stretch``, ``before`` having been read."""
    matcher = constraint.matcher()
    mask = np.zeros((1, (constraint.vocabulary.size + 31) // 32), np.int32)
    if matcher.accept_tokens(before) != len(before):
        raise AssertionError("a valid beginning is refused")
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.process_time_ns()
        for token in stretch:
            matcher.fill_next_token_bitmask(mask)
            if not matcher.accept_token(token):
                raise AssertionError("a valid token is refused")
        best = min(best, (time.process_time_ns() - start) / 1e3 / len(stretch))
        matcher.rollback(len(stretch))
    return best


def _over_length(vocabulary: mw.Vocabulary, schema: Any, unit: str, opening: str) -> Iterator[Point]:
    constraint = mw.compile(schema, vocabulary)
    repeated = vocabulary.tokenize(unit.encode())
    stretch = repeated * -(-100 // len(repeated))
    _cost(constraint, vocabulary.tokenize(opening.encode()), stretch)
    for length in _LENGTHS:
        before = vocabulary.tokenize(opening.encode()) + repeated * -(-length // len(repeated))
        yield len(before), _cost(constraint, before, stretch)


def _keys(vocabulary: mw.Vocabulary) -> Iterator[Point]:
    """An object with ever more keys that are not named: the one place where each must be compared with those before."""
    constraint = mw.compile({"type": "object", "additionalProperties": {"type": "integer"}}, vocabulary)
    for count in (10, 100, 1_000):
        before = "{" + "".join(f'"key number {i}": 1, ' for i in range(count))
        stretch = "".join(f'"key number {i}": 1, ' for i in range(count, count + 20))
        yield count, _cost(constraint, vocabulary.tokenize(before.encode()), vocabulary.tokenize(stretch.encode()))


def _over_depth(vocabulary: mw.Vocabulary) -> Iterator[Point]:
    schema = {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"type": "object", "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}}}},
    }
    constraint = mw.compile(schema, vocabulary)
    stretch = vocabulary.tokenize(b'{"name": "some words", "child": {"name": "some more words", "child": {}}}')
    for depth in _DEPTHS:
        before = vocabulary.tokenize(b'{"name": "a", "child": ' * depth)
        yield depth, _cost(constraint, before, stretch)


def _over_properties(vocabulary: mw.Vocabulary) -> Iterator[Point]:
    for count in _PROPERTIES:
        properties = {f"property_{i}": {"type": "integer"} for i in range(count)}
        schema = {"type": "object", "properties": properties, "additionalProperties": False}
        chosen = range(0, count, count // 10)
        document = json.dumps({f"property_{i}": i for i in chosen})
        yield count, _cost(mw.compile(schema, vocabulary), [], vocabulary.tokenize(document.encode()))


def _over_vocabulary(vocabulary: mw.Vocabulary) -> Point:
    schema = {
        "items": {**_record(), "properties": {**_record()["properties"], "code": {"pattern": "^[A-Z]{2}[0-9]+$"}}}
    }
    document = json.dumps([{"name": "Ada Lovelace of London", "size": 3, "code": "AB1234"}] * 8)
    return vocabulary.size, _cost(mw.compile(schema, vocabulary), [], vocabulary.tokenize(document.encode()))


def _sentencepiece() -> mw.Vocabulary:
    import mistral_common
    import sentencepiece

    path = Path(mistral_common.__file__).parent / "data" / "tokenizer.model.v1"
    return mw.Vocabulary.from_sentencepiece(sentencepiece.SentencePieceProcessor(model_file=str(path)))


def _doubled(vocabulary: mw.Vocabulary) -> mw.Vocabulary:
    """200,000 tokens: those there are, and pairs of words of them."""
    words = [token for token in vocabulary.tokens if token[:1] == b" " and token[1:].isalpha()]
    pairs = (first + second for first, second in zip(words, words[7:], strict=False))
    known = set(vocabulary.tokens)
    tokens = [*vocabulary.tokens, *(pair for pair in pairs if pair not in known)][:200_000]
    return mw.Vocabulary.from_tokens(
        tokens, eos_token_ids=list(vocabulary.eos_token_ids), special_token_ids=list(vocabulary.special_token_ids)
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only the curves with this in their name")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
