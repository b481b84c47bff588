"""Random schemas of the core keywords, and documents that satisfy them or nearly do.

Names, strings and numbers are few, so that keywords meet: documents often hit what schemas speak about.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Schema = Any
Document = Any

NAMES = ("a", "b", "c", "ab")
STRINGS = ("", "a", "b", "ab", "ba", "aab")
NUMBERS = (0, 1, 2, 3, -1, 1.0, 1.5, 0.5)
PATTERNS = ("^a", "b$", "^[ab]*$", "a|c", "^.$", "^$")

scalars = st.sampled_from([None, True, False, *STRINGS, *NUMBERS])
"""Documents without containers."""

documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
"""Any document over the few names and scalars."""


def core_schemas(depth: int = 3) -> st.SearchStrategy[Schema]:
    """2020-12 schemas of the core keywords; references go to ``#`` and ``#/$defs/x``, at times around in a circle."""
    return st.builds(
        lambda schema, definition: {**schema, "$defs": {"x": definition}},
        _schemas(depth, objects_only=True),
        _schemas(max(depth - 1, 0)),
    )


@st.composite
def _schemas(draw: st.DrawFn, depth: int, objects_only: bool = False) -> Schema:
    if depth == 0 or (not objects_only and draw(st.integers(0, 9)) == 0):
        leaves = [True, True, False, {}, {"type": "integer"}, {"type": "string"}, {"$ref": "#/$defs/x"}, {"$ref": "#"}]
        return draw(st.sampled_from(leaves if not objects_only else leaves[3:]))
    schema: dict[str, Any] = {}
    for keyword in draw(st.lists(st.sampled_from(tuple(_KEYWORDS)), min_size=1, max_size=4, unique=True)):
        schema[keyword] = draw(_KEYWORDS[keyword](depth - 1))
    return schema


def _map_of_schemas(depth: int) -> st.SearchStrategy[Schema]:
    return st.dictionaries(st.sampled_from(NAMES), _schemas(depth), min_size=1, max_size=3)


def _list_of_schemas(depth: int) -> st.SearchStrategy[Schema]:
    return st.lists(_schemas(depth), min_size=1, max_size=3)


def _types(depth: int) -> st.SearchStrategy[Schema]:
    names = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
    return st.sampled_from(["object", "array"]) | names | st.lists(names, min_size=1, max_size=3, unique=True)


def _constant(strategy: st.SearchStrategy[Any]) -> Callable[[int], st.SearchStrategy[Any]]:
    return lambda depth: strategy


_COUNTS = _constant(st.integers(0, 3))
_BOUNDS = _constant(st.sampled_from([-1, 0, 1, 2, 0.5, 1.5]))

_KEYWORDS: dict[str, Callable[[int], st.SearchStrategy[Any]]] = {
    "type": _types,
    "properties": _map_of_schemas,
    "required": _constant(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)),
    "additionalProperties": _schemas,
    "items": _schemas,
    "prefixItems": _list_of_schemas,
    "minItems": _COUNTS,
    "maxItems": _COUNTS,
    "minLength": _COUNTS,
    "maxLength": _COUNTS,
    "pattern": _constant(st.sampled_from(PATTERNS)),
    "minimum": _BOUNDS,
    "maximum": _BOUNDS,
    "exclusiveMinimum": _BOUNDS,
    "exclusiveMaximum": _BOUNDS,
    "multipleOf": _constant(st.sampled_from([1, 2, 0.5, 3])),
    "enum": _constant(st.lists(documents, min_size=1, max_size=4)),
    "const": _constant(documents),
    "anyOf": _list_of_schemas,
    "allOf": _list_of_schemas,
    "$ref": _constant(st.just("#/$defs/x")),
}


def documents_for(schema: Schema) -> st.SearchStrategy[Document]:
    """Documents built along ``schema``, often valid; some are changed in one place."""
    return st.integers(0, 2**32).map(lambda seed: _document(schema, random.Random(seed)))


def _document(schema: Schema, rng: random.Random) -> Document:
    document = _follow(schema, schema, rng, 5)
    return mutated(document, rng) if rng.random() < 0.3 else document


def mutated(document: Document, rng: random.Random) -> Document:
    """``document`` with one part changed, left out, added or replaced."""
    if isinstance(document, dict) and rng.random() < 0.8:
        copy = dict(document)
        name = rng.choice([*copy, rng.choice(NAMES)])
        if name in copy and rng.random() < 0.4:
            del copy[name]
        else:
            copy[name] = mutated(copy.get(name), rng)
        return copy
    if isinstance(document, list) and rng.random() < 0.8:
        index = rng.randint(0, len(document))
        return [*document[:index], mutated(None, rng), *document[index + rng.randint(0, 1) :]]
    return rng.choice([None, True, False, *STRINGS, *NUMBERS, [], {}, [1], {"a": 1}])


def _follow(schema: Schema, root: Schema, rng: random.Random, fuel: int) -> Document:
    """A document that obeys most of the keywords of ``schema``, each time other ones."""
    if not isinstance(schema, dict) or fuel == 0:
        return mutated(None, rng)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    for keyword in ("anyOf", "allOf"):
        if keyword in schema and rng.random() < 0.5:
            inner = rng.choice(schema[keyword])
            merged = {**schema, **inner} if isinstance(inner, dict) else schema
            return _follow(
                {name: merged[name] for name in merged if name != keyword or inner is merged}, root, rng, fuel
            )
    if "$ref" in schema and rng.random() < 0.7:
        return _follow(root if schema["$ref"] == "#" else root["$defs"]["x"], root, rng, fuel - 1)
    kinds = schema.get("type", _likely_kind(schema, rng))
    kind = kinds if isinstance(kinds, str) else rng.choice(kinds)
    if kind == "object":
        return _object(schema, root, rng, fuel)
    if kind == "array":
        return _array(schema, root, rng, fuel)
    choices = {"string": STRINGS, "number": NUMBERS, "integer": (0, 1, 2, -1, 1.0), "boolean": (True, False)}
    return rng.choice(choices.get(kind, (None,)))


def _likely_kind(schema: Schema, rng: random.Random) -> str:
    by_keyword = {
        "object": ("properties", "required", "additionalProperties"),
        "array": ("items", "prefixItems", "minItems", "maxItems"),
        "string": ("minLength", "maxLength", "pattern"),
        "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
    }
    likely = [kind for kind, keywords in by_keyword.items() if any(keyword in schema for keyword in keywords)]
    return rng.choice(likely or ["object", "array", "string", "number", "boolean", "null"])


def _object(schema: Schema, root: Schema, rng: random.Random, fuel: int) -> Document:
    properties = schema.get("properties", {})
    names = [name for name in NAMES if name in schema.get("required", ()) or rng.random() < 0.4]
    rng.shuffle(names)
    others = schema.get("additionalProperties", True)
    return {name: _follow(properties.get(name, others), root, rng, fuel - 1) for name in names}


def _array(schema: Schema, root: Schema, rng: random.Random, fuel: int) -> Document:
    prefix = schema.get("prefixItems", [])
    length = rng.randint(schema.get("minItems", 0), max(schema.get("minItems", 0), schema.get("maxItems", 3)))
    places = [prefix[index] if index < len(prefix) else schema.get("items", True) for index in range(length)]
    return [_follow(place, root, rng, fuel - 1) for place in places]
