"""What the tests of the engine share: a vocabulary that cuts JSON in awkward places, masks as arrays, walks."""

from __future__ import annotations

import functools
import json
import math
import random
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import jsonschema
import numpy as np
from hypothesis import assume
from numpy.typing import NDArray

from maskwright.grammar.errors import InvalidSchema, UnsatisfiableSchema
from maskwright.grammar.interpreter import Interpreter
from maskwright.grammar.interpreter_configuration import Configuration
from maskwright.grammar.matcher import Constraint, Matcher
from maskwright.grammar.vocabulary import Vocabulary
from maskwright.schemas.compile import compile_schema
from maskwright.schemas.options import JsonOptions

Mask = NDArray[np.bool_]

END, OTHER_END, SPECIAL, UNUSED = 0, 1, 2, 3
FIRST_BYTE = 4  # the id of the token b"\0"; the other single bytes follow

TEXTS = (
    json.dumps({"a": [1, -2.5e10, None], "ab": {"b": "", "c": "aab"}, "c": True, "x": False}, indent=2),
    json.dumps({"a": {"a": {"ab": [[], {}]}}, "b": ["ba", "ab", 0.5]}, indent="\t"),
    json.dumps([{"a": 1, "b": 2}, {"c": [1.5, 3], "é": "日本語 😀 naïve"}], ensure_ascii=False),
    json.dumps({"é": '日本語 😀 "\\/\b\f\n\r\t', "abc": "aabbab"}),
    '{"\\u0061": "\\u0061b\\u00e9\\ud83d\\ude00", "a\\u0062" : [ "" , "a" ] ,\r\n\t"c":null}',
)
AWKWARD = (b'"', b'",', b'":', b'": "', b'""', b'"}', b'"]}', b'":{', b'{"', b'[{"', b"{}", b"[]", b"}}", b"]]", b',"',
           b"\n  ", b"\n        ", b"\n\t", b",\n", b", ", b" \n", b"  ", b"\t\t", b"\r\n", b"\n\n", b"}\n", b'"\n',
           b"\\u", b"\\ud8", b"\\ud83d", b"\\ud83d\\", b"\\u006", b"\\u00", b'\\"', b"\\\\", b"\\n", b'a"', b'aab"',
           b"\xe6\x97", b"\xa5", b"\xf0\x9f", b"\x98\x80", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90",
           b"true", b"false", b"null", b"tru", b"ue,", b"1,", b"12", b".5", b"e1", b"-1", b"1]", b"0}",
           b"1.0")  # fmt: skip


# --- schemas, documents of theirs, and beginnings at which a large vocabulary is judged

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 5},
        "né": {"enum": ["aé", "a", "b\\", 'b"c', "日本", "日本語", "😀", 1, [True]]},
        "tags": {
            "type": "array",
            "items": {"type": "string", "pattern": "^a[bé😀]*c?$", "maxLength": 6},
            "maxItems": 3,
        },
        "a": {"type": "integer", "minimum": -5, "maximum": 12},
        "ab": {"$ref": "#"},
        "b": False,
    },
    "required": ["name", "né"],
    "additionalProperties": {"anyOf": [{"type": "null"}, {"type": "object", "additionalProperties": False}]},
}
CLOSED = {**PERSON, "additionalProperties": False}
UNION = {
    "anyOf": [
        {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind", "x"]},
        {"type": "object", "properties": {"kind": {"const": "ab"}, "x": {"type": "string"}}, "required": ["kind", "x"]},
        {"type": "array", "prefixItems": [{"const": 1}, {"type": "string"}], "items": False, "minItems": 1},
        {"type": "array", "prefixItems": [{"const": "é"}], "items": {"type": "null"}, "maxItems": 3},
    ]
}
OVERLAPPING = {
    "type": "object",
    "properties": {"né": {"type": ["string", "integer"]}, "a": {"type": "string"}, "x": {"type": "array"}},
    "anyOf": [
        {"properties": {"né": {"pattern": "^é*$"}, "a": {"minLength": 2}}, "required": ["a"]},
        {"properties": {"né": {"minimum": 3}, "x": {"items": {"enum": ["a", 1]}}}, "required": ["né", "x"]},
    ],
}
TEXT = {"type": "string", "pattern": "^(a|\\u00e9|\\ud83d\\ude00)+b?$", "minLength": 3, "maxLength": 7}
LENGTHS = {"type": "string", "minLength": 3, "maxLength": 12}
FIXED: dict[str, Any] = {
    "anything": True,
    "person": PERSON,
    "closed": CLOSED,
    "union": UNION,
    "overlapping": OVERLAPPING,
    "text": TEXT,
    "lengths": LENGTHS,
    "numbers": {"type": "array", "items": {"type": "number", "multipleOf": 0.5, "exclusiveMaximum": 20}, "minItems": 2},
    "multiples": {
        "type": "array",
        "items": {
            "anyOf": [
                {"type": "integer", "multipleOf": 0.123456789},
                {
                    "type": "number",
                    "minimum": 10,
                    "exclusiveMaximum": 4000,
                    "multipleOf": 10.1,
                    "not": {"multipleOf": 7},
                },
            ]
        },
    },
    "joint multiples": {
        "type": "object",
        "properties": {"a": {"type": "number", "maximum": 5000}, "b": {}},
        "anyOf": [
            {"properties": {"a": {"multipleOf": 1234.5}}, "required": ["a", "b"]},
            {"properties": {"a": {"not": {"multipleOf": 31}, "multipleOf": 77}, "b": {"type": "null"}}},
        ],
    },
    "strings": {"type": "array", "items": {"enum": ["", "a", "ab", "é", "日", "日本", "😀", "\ue000", "\U00100000"]}},
}
DOCUMENTS: dict[str, list[Any]] = {
    "anything": [{"a": [1, {"b": "😀é\n"}], "": None}],
    "person": [
        {"name": "日本語x", "né": "日本", "tags": ["a", "abé😀c"], "a": 12, "q": {}, "ab": {"name": "ab", "né": 1}}
    ],
    "closed": [{"a": -5, "né": 'b"c', "name": "ab", "tags": [], "ab": {"name": "ab", "né": [True]}}],
    "union": [{"kind": "ab", "x": "1"}, {"x": 3, "kind": "a", "z": 0}, [1, "s"], ["é", None, None], [1]],
    "overlapping": [{"né": "éé", "a": "xy", "x": [2]}, {"x": ["a", 1], "né": 5, "a": "z"}, {"né": "b", "x": ["a"]}],
    "text": ["aé😀b", "ééééééé", "aaab"],
    "lengths": ["aé😀b", "éé", "日本語日本語日本語日本語", "abcabc"],
    "numbers": [[1, 1.5, -2e3, 19.5], [0.5, 0]],
    "multiples": [[123456789, 0, 10.1, 3999.6, 101, 70.7], [123456789.5]],
    "joint multiples": [{"a": 2469, "b": 1}, {"a": 77, "b": None}, {"a": 1234.5, "b": True}, {"a": -77}],
    "strings": [["", "a", "ab", "é", "日", "日本", "😀", "\ue000", "\U00100000"]],
}


LARGE_STATES = {
    "person": [b'{"', b'{"name": "', b'{"name": "ab", "n\\u00e', '{"q": {}, "né": "'.encode()],
    "closed": [b"", b"{", b'{"', b'{"name"', b'{"name": "ab', b'{"name": "abc\xe6', b'{"name": "ab", "n\xc3',
               b'{"a": -', b"{\n  ", b'{"tags": [', b'{"tags": ["a', b'{"tags": ["a\\ud83d', b'{"tags": ["a"',
               b'{"tags": ["a",\n    ', b'{"a": 1'],
    "union": [b"", b"{", b'{"kind": "a', b'{"x": 1, "', b"[", b"[1", b'[1, "', b'["\\u00', '["é", null'.encode()],
    "text": [b'"', b'"a', b'"aaaaaa', '"é'.encode()],
    "numbers": [b"[", b"[1", b"[1.", b"[1, 1e", b"[\n\t", b"[1, 2"],
}  # fmt: skip
FORCED_AFTER = (b"", b"{", b'{"', b'{"n', b'{"name"', b'{"name": "ab"', b'{"name":"ab","', b'{"name":"ab","n\\u00',
                b"t", b"[1", b'"aaaaaa')  # fmt: skip

NOT_CHARACTERS = (b"\\x", b"\\u00g", b"\\udc00", b"\\ud800x", b"\\ud800\\n", b"\\ud800\\ue", b"\xed\xa0", b"\xc0",
                  b"\xc1", b"\xf5", b"\xe0\x80", b"\xf0\x80", b"\xf4\x90", b"\x80", b"\0", b"\n", b"\x1f")  # fmt: skip
NOT_JSON = (b'"\x00"', b'"\x1f"', b'"\n"', b'"\\ud800"', b'"\\udc00"', b'"\\ud800\\u0061"', b'"\\x"', b'"\xed\xa0\x80"',
            b'"\xc0\x80"', b'"\xe0\x80\x80"', b'"\xf0\x80\x80\x80"', b'"\xff"', b'"\xf4\x90\x80\x80"', b'"\x80"', b"01",
            b"+1", b"1.", b".5", b"1e", b"-", b"NaN", b"[1,]", b'{"a":1,}', b"nul", b"True", b"[1 2]", b"'a'", b"",
            b"\xef\xbb\xbf1")  # fmt: skip
UNUSUAL_JSON = (b'"\\u0000"', b'"\xed\x9f\xbf"', b'"\xee\x80\x80"', b'"\xf4\x8f\xbf\xbf"', b'"\\uD83d\\uDe00"',
                b'"\x7f"', b'"\\/"', b"-0", b"1E+5", b"0.0")  # fmt: skip


# --- tools


@functools.cache
def small_vocabulary() -> Vocabulary:
    """All bytes, awkward and random pieces of JSON texts, doubles, two end tokens, a special and an unused one."""
    rng = random.Random(7)
    pieces = [bytes([byte]) for byte in range(256)] + list(AWKWARD)
    for text in map(str.encode, TEXTS):
        for _ in range(80):
            start = rng.randrange(len(text))
            pieces.append(text[start : start + rng.choice((2, 2, 3, 4, 6, 9))])
    pieces += [*rng.sample(pieces[256:], 12), b'"', b"a"]
    return Vocabulary.from_tokens(
        [b"<end>", b"<end of turn>", b"<special>", b"", *pieces],
        eos_token_ids=[END, OTHER_END],
        special_token_ids=[SPECIAL],
    )


def constraint_of(schema: Any, vocabulary: Vocabulary | None = None, **options: Any) -> Constraint:
    return compile_schema(schema, vocabulary or small_vocabulary(), JsonOptions(**options))


def constraint_or_assume(schema: Any, **options: Any) -> Constraint | None:
    """The constraint; None if nothing satisfies the schema. Schemas that refer to themselves without end are left."""
    try:
        return constraint_of(schema, **options)
    except UnsatisfiableSchema:
        return None
    except InvalidSchema as error:
        assume("refers back" not in error.problem and "leads back" not in error.problem)
        raise


def interpreter_of(constraint: Constraint) -> Interpreter:
    return Interpreter(constraint._automaton)


def mask_of(matcher: Matcher) -> Mask:
    size = matcher.constraint.vocabulary.size
    bitmask = np.full((1, (size + 31) // 32), -1, np.int32)
    matcher.fill_next_token_bitmask(bitmask)
    bits = np.unpackbits(bitmask.view(np.uint8), bitorder="little").astype(np.bool_)
    assert not bits[size:].any()
    return bits[:size]


def ids_of(content: bytes) -> list[int]:
    """The tokens of the single bytes."""
    return [FIRST_BYTE + byte for byte in content]


def matcher_after(constraint: Constraint, content: bytes) -> Matcher:
    matcher = constraint.matcher()
    assert matcher.accept_tokens(ids_of(content)) == len(content), content
    return matcher


def accepts(constraint: Constraint, text: str | bytes) -> bool:
    content = text.encode() if isinstance(text, str) else text
    matcher = constraint.matcher()
    return matcher.accept_tokens(ids_of(content)) == len(content) and matcher.is_accepting()


def random_tokens(content: bytes, vocabulary: Vocabulary, rng: random.Random) -> list[int]:
    """One of the many ways to write ``content`` in tokens."""
    tokens, start = [], 0
    while start < len(content):
        fitting = [i for i, token in enumerate(vocabulary.tokens) if token and content.startswith(token, start)]
        tokens.append(rng.choice(fitting))
        start += len(vocabulary.tokens[tokens[-1]])
    return tokens


def random_token(allowed: Mask, vocabulary: Vocabulary, rng: random.Random) -> int:
    """An allowed token; first bytes are equally likely, so that structure is as frequent as letters."""
    by_first: dict[bytes, list[int]] = {}
    for token in np.flatnonzero(allowed).tolist():
        by_first.setdefault(vocabulary.tokens[token][:1], []).append(token)
    return rng.choice(by_first[rng.choice(sorted(by_first))])


def close_soon(matcher: Matcher, rng: random.Random, steps: int) -> bytes | None:
    """What is read until the text may end, ending it as soon as may be; None if it takes more than ``steps``."""
    content = bytearray()
    for _ in range(steps):
        if matcher.is_accepting():
            return bytes(content)
        allowed = np.flatnonzero(mask_of(matcher)[FIRST_BYTE : FIRST_BYTE + 256]).tolist()
        assert allowed, "a dead end"
        wanted = [byte for byte in b'}]"' if byte in allowed]
        byte = wanted[0] if wanted and rng.random() < 0.9 else rng.choice(allowed)
        assert matcher.accept_token(FIRST_BYTE + byte)
        content.append(byte)
    return None


def jsonschema_accepts(schema: Any, document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document))


ALPHABETS = tuple(str.maketrans("abc", letters) for letters in ("abc", 'é😀"', "日本é", "😀\U0001f601\U00100000"))
"""What to write for the letters of the random schemas: among others, letters that begin with the same bytes."""


def respelled(value: Any, alphabet: dict[int, int]) -> Any:
    """A document with its strings in other letters."""
    if isinstance(value, str):
        return value.translate(alphabet)
    if isinstance(value, list):
        return [respelled(item, alphabet) for item in value]
    if isinstance(value, dict):
        return {name.translate(alphabet): respelled(item, alphabet) for name, item in value.items()}
    return value


def respelled_schema(schema: Any, alphabet: dict[int, int]) -> Any:
    """A schema that speaks of the respelled documents."""
    if isinstance(schema, list):
        return [respelled_schema(inner, alphabet) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {}
    for keyword, value in schema.items():
        if keyword in ("enum", "const", "required", "pattern"):
            changed[keyword] = respelled(value, alphabet)
        elif keyword == "properties":
            changed[keyword] = {n.translate(alphabet): respelled_schema(v, alphabet) for n, v in value.items()}
        else:
            changed[keyword] = respelled_schema(value, alphabet)
    return changed


class InexactNumberError(ValueError):
    """A number that a float does not hold, so that ``jsonschema`` cannot judge it."""


def parsed(content: bytes) -> Any:
    """The JSON document; raises ``InexactNumberError``."""
    return json.loads(content, parse_float=_exact_float)


def _exact_float(text: str) -> float:
    number, exponent = float(text), text.lower().partition("e")[2]
    if len(exponent) > 4 or Fraction(number if math.isfinite(number) else 0) != Fraction(text):
        raise InexactNumberError(text)
    return number


def escaped(text: str, rng: random.Random) -> str:
    """A JSON string with every character written in one of its ways."""
    short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    written = []
    for character in text:
        units = character.encode("utf-16-be").hex()
        long = "".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4))
        ways = [long, long.upper().replace("\\U", "\\u"), short.get(character, long)]
        if character not in '"\\' and character >= " ":
            ways += [character] * 2
        written.append(rng.choice(ways))
    return '"' + "".join(written) + '"'


def serialised(document: Any, rng: random.Random) -> str:
    """``document`` with random escapes and compact punctuation."""
    if isinstance(document, str):
        return escaped(document, rng)
    if isinstance(document, list):
        return "[" + ",".join(serialised(item, rng) for item in document) + "]"
    if isinstance(document, dict):
        members = (escaped(name, rng) + ":" + serialised(value, rng) for name, value in document.items())
        return "{" + ",".join(members) + "}"
    return json.dumps(document)


def explain_difference(expected: Mask, found: Mask, vocabulary: Vocabulary) -> str:
    missing = [vocabulary.tokens[i] for i in np.flatnonzero(expected & ~found)[:5]]
    extra = [vocabulary.tokens[i] for i in np.flatnonzero(found & ~expected)[:5]]
    return f"the interpreter allows {missing} besides, the kernels allow {extra} besides"


def check_walk(
    constraint: Constraint, interpreter: Interpreter, tokens: Iterable[int] | None, rng: random.Random, steps: int
) -> bytes:
    """Follow ``tokens`` while they are allowed, or random ones, and compare everything at every step; what was read."""
    vocabulary = constraint.vocabulary
    matcher, content = constraint.matcher(), bytearray()
    configuration: Configuration | None = interpreter.start()
    given = None if tokens is None else iter(tokens)
    for _ in range(steps):
        assert configuration is not None
        expected, found = interpreter.mask(configuration, vocabulary), mask_of(matcher)
        assert np.array_equal(expected, found), (
            f"after {bytes(content)!r} {explain_difference(expected, found, vocabulary)}"
        )
        assert matcher.is_accepting() == interpreter.is_accepting(configuration)
        assert found.any(), f"dead end after {bytes(content)!r}"
        check_acceptance(matcher, found)
        text_tokens = found.copy()
        text_tokens[[END, OTHER_END]] = False
        if not text_tokens.any():
            break
        token = random_token(text_tokens, vocabulary, rng) if given is None else next(given, None)
        if token is None or not found[token]:
            break
        assert matcher.accept_token(token)
        configuration = interpreter.read(configuration, vocabulary.tokens[token])
        content += vocabulary.tokens[token]
    return bytes(content)


def check_acceptance(matcher: Matcher, allowed: Sequence[bool] | Mask) -> None:
    """``accept_token`` takes exactly the ``allowed`` tokens."""
    for token, is_allowed in enumerate(allowed):
        taken = matcher.accept_token(token)
        assert taken == is_allowed, matcher.constraint.vocabulary.tokens[token]
        if taken:
            matcher.rollback(1)


def random_walk(constraint: Constraint, rng: random.Random, steps: int) -> list[int]:
    matcher, tokens = constraint.matcher(), []
    for _ in range(steps):
        allowed = mask_of(matcher)
        allowed[[END, OTHER_END]] = False
        if not allowed.any():
            break
        tokens.append(random_token(allowed, constraint.vocabulary, rng))
        assert matcher.accept_token(tokens[-1])
    return tokens


def masks_along(constraint: Constraint, tokens: list[int]) -> bytes:
    matcher = constraint.matcher()
    masks = [np.packbits(mask_of(matcher)).tobytes()]
    for token in tokens:
        assert matcher.accept_token(token)
        masks.append(np.packbits(mask_of(matcher)).tobytes())
    return b"".join(masks)
