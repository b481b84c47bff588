"""How long schemas take whose alternatives can only be decided together: compiling, first mask, slowest state.

    python benchmarks/hard_cases.py [--out benchmarks/results/hard_cases.json] [--only TEXT]

Each schema comes with a document that satisfies it, which is written token by token (Mistral's Tekken): before each
token the mask is computed, in which the token must be. The slowest of these steps is the one that needs the largest
tables to be compiled. Nothing is warmed up but the kernels; the aim is that no figure is above a second, with both
property orders. Times are processor times of this process, garbage collection included, because other work on the
machine would count otherwise. A schema that is given up with ``LimitExceeded`` is reported as such, with the time
that took.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import maskwright as mw

Case = tuple[str, dict[str, Any], Any]


def cases() -> Iterator[Case]:
    """Names, schemas and documents; a document satisfies its schema."""
    for count in (50, 500):
        yield f"oneOf of {count}, const first", _tagged(count, first=True), _tagged_document(count, first=True)
        yield f"oneOf of {count}, const last", _tagged(count, first=False), _tagged_document(count, first=False)
        yield f"oneOf of {count}, shared key", _shared_key(count), {"x": {f"y{count - 1}": 1}, "kind": f"k{count - 1}"}
    yield "oneOf of 500, number const", _numbered(500), {"kind": 7 * 499, "a499": 1}
    yield "20 if/then", _conditions(20), {f"{letter}{i}": 1 for i in range(20) for letter in "cr"}
    closed = {**_conditions(20), "unevaluatedProperties": False}
    yield "20 if/then, unevaluatedProperties", closed, {f"{letter}{i}": 1 for i in range(20) for letter in "cr"}
    yield "anyOf 4 deep, in properties", _nested(4, ""), {"p4": {"p3": {"p2": {"p1": {"v2222": 1}}}}}
    yield "anyOf 4 deep, in place", _nested_in_place(4, ""), {"v2222": 1}
    yield "not over 12 objects", _negated(12), {f"a{i}": {"c": 1} for i in range(12)}
    yield (
        "unevaluatedProperties under anyOf of 12",
        _unevaluated(12),
        {f"{name}{i}": 1 for i in range(12) for name in "ab"},
    )
    yield "contains, maxContains", _contains(), [{"x": 1}, 1, {"x": 2}, {"y": 2}, {"x": 3}, {"x": 4}, {}]
    yield "12 definitions in mutual recursion", _recursion(12), _recursive_document(12)


def _tagged(count: int, *, first: bool) -> dict[str, Any]:
    """Closed objects that a constant tells apart; all have another property in common."""
    branches = []
    for i in range(count):
        tag = {"kind": {"const": f"k{i}"}}
        others = {f"a{i}": {"type": "integer"}, "common": {"type": "string", "minLength": i % 3 + 1}}
        properties = {**tag, **others} if first else {**others, **tag}
        branches.append(_closed(properties))
    return {"oneOf": branches}


def _tagged_document(count: int, *, first: bool) -> dict[str, Any]:
    tag, others = {"kind": f"k{count - 1}"}, {f"a{count - 1}": 1, "common": "abc"}
    return {**tag, **others} if first else {**others, **tag}


def _numbered(count: int) -> dict[str, Any]:
    return {"oneOf": [_closed({"kind": {"const": 7 * i}, f"a{i}": {"type": "integer"}}) for i in range(count)]}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required or properties)}


def _shared_key(count: int) -> dict[str, Any]:
    """Objects that differ in what is below a key that all have, and in a constant."""
    branches = [
        _object({"x": _object({f"y{i}": {"type": "integer"}}), "kind": {"const": f"k{i}"}}) for i in range(count)
    ]
    return {"oneOf": branches}


def _conditions(count: int) -> dict[str, Any]:
    def condition(i: int) -> dict[str, Any]:
        when = {"properties": {f"c{i}": {"const": 1}}, "required": [f"c{i}"]}
        return {"if": when, "then": {"properties": {f"r{i}": {"type": "integer"}}, "required": [f"r{i}"]}}

    return {"type": "object", "allOf": [condition(i) for i in range(count)]}


def _nested(levels: int, path: str) -> dict[str, Any]:
    if not levels:
        return _object({f"v{path}": {"type": "integer"}})
    below = [_nested(levels - 1, f"{path}{i}") for i in range(3)]
    own = [{f"p{levels}": schema, f"q{levels}{path}{i}": {"type": "string"}} for i, schema in enumerate(below)]
    return {"anyOf": [_object(properties, f"p{levels}") for properties in own]}


def _nested_in_place(levels: int, path: str) -> dict[str, Any]:
    if not levels:
        return _object({f"v{path}": {"type": "integer"}})
    return {"anyOf": [_nested_in_place(levels - 1, f"{path}{i}") for i in range(3)]}


def _negated(count: int) -> dict[str, Any]:
    refused = [_object({f"a{i}": {"type": "object", "required": [f"b{i}"]}}) for i in range(count)]
    return {"type": "object", "not": {"anyOf": refused}}


def _unevaluated(count: int) -> dict[str, Any]:
    branches = [
        {"properties": {f"a{i}": {"type": "integer"}, f"b{i}": {}}, "required": [f"a{i}"]} for i in range(count)
    ]
    return {"type": "object", "anyOf": branches, "unevaluatedProperties": False}


def _contains() -> dict[str, Any]:
    wanted = {"type": "object", "required": ["x"]}
    return {"type": "array", "contains": wanted, "minContains": 3, "maxContains": 6, "maxItems": 12}


def _recursion(count: int) -> dict[str, Any]:
    """Each definition needs some of the others, or ends in a scalar."""

    def definition(i: int) -> dict[str, Any]:
        others = [{"$ref": f"#/$defs/d{(i + step) % count}"} for step in (1, 2, 5)]
        node = _object({"l": others[0], "r": {"anyOf": others[1:]}}, "l")
        return {"anyOf": [node, {"type": "array", "items": others[2], "minItems": 1}, {"const": i}]}

    return {"$ref": "#/$defs/d0", "$defs": {f"d{i}": definition(i) for i in range(count)}}


def _recursive_document(count: int) -> Any:
    document: Any = count - 1
    for i in reversed(range(count - 1)):
        document = {"l": document, "r": (i + 2) % count}
    return document


# --- measuring


def measure(schema: dict[str, Any], document: Any, order: Any, vocabulary: mw.Vocabulary) -> dict[str, Any]:
    """Milliseconds for compiling, the first mask and the slowest later step; or the limit that was exceeded."""
    mask = np.zeros((1, (vocabulary.size + 31) // 32), np.int32)
    start = time.process_time()
    try:
        matcher = mw.compile(mw.JsonSchema(schema, property_order=order), vocabulary).matcher()
        compiled = time.process_time()
        matcher.fill_next_token_bitmask(mask)
        marks = [time.process_time()]
        for token in vocabulary.tokenize(json.dumps(document).encode()):
            matcher.fill_next_token_bitmask(mask)
            allowed = mask[0, token >> 5] >> (token & 31) & 1 and matcher.accept_token(token)
            marks.append(time.process_time())
            if not allowed:
                raise SystemExit(f"the token {vocabulary.tokens[token]!r} is not allowed, step {len(marks) - 1}")
    except mw.LimitExceeded as error:
        return {"limit exceeded": str(error), "seconds": time.process_time() - start}
    if not matcher.is_accepting():
        raise SystemExit("the document is not accepted")
    steps = np.diff(marks)
    return {
        "compile, ms": 1e3 * (compiled - start),
        "first mask, ms": 1e3 * (marks[0] - compiled),
        "slowest step, ms": 1e3 * float(steps.max()),
        "whole document, ms": 1e3 * float(steps.sum()),
        "steps": len(steps),
    }


def _tekken() -> mw.Vocabulary:
    import mistral_common

    return mw.Vocabulary.from_tekken(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only cases whose names hold this text")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    vocabulary = _tekken()
    measure({}, [{"a": "b"}], "any", vocabulary)
    report: dict[str, Any] = {
        "machine": f"{platform.processor() or platform.machine()}, CPython {platform.python_version()}",
        "maskwright": mw.__version__,
        "cases": {},
    }
    for name, schema, document in cases():
        if arguments.only not in name:
            continue
        for order in ("any", "schema"):
            result = measure(schema, document, order, vocabulary)
            report["cases"].setdefault(name, {})[order] = result
            shown = {key: round(value, 1) if isinstance(value, float) else value for key, value in result.items()}
            print(name, order, shown, flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
