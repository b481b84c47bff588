"""``escapes="minimal"``: strings as ``json.dumps(ensure_ascii=False)`` writes them, and in no other way."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .engine_cases import (
    DOCUMENTS,
    FIXED,
    accepts,
    check_walk,
    close_soon,
    constraint_of,
    constraint_or_assume,
    interpreter_of,
    mask_of,
    matcher_after,
    random_tokens,
    random_walk,
    respelled_schema,
    serialised,
)
from .strategies import core_schemas

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
LETTERS = st.sampled_from([str.maketrans("abc", letters) for letters in ("abc", '\n\v"', "\x0e\x0f\x1f", "\0\x10\b")])
CONTROLS: dict[str, Any] = {
    "newline": {"type": "string", "pattern": "^\\n*$"},
    "vertical tab": {"type": "string", "pattern": "^\\v+$", "maxLength": 3},
    "some": {"type": "string", "pattern": "^[\\x01\\x08\\x0e\\x1f\\x7f]*$"},
    "shifts": {"type": "string", "pattern": "^[\\x0e\\x0f]$"},
    "short": {"type": "string", "pattern": "^([\\b\\f\\t\\r]|a\\\\|\\x22)+$", "maxLength": 4},
    "high": {"type": "string", "pattern": "^[\\x10-\\x1e]b$"},
    "choice": {"enum": ["\n", "\v", "\x0f", "a\x10", "a\x7f", '"', "\\", "\\u", "/"]},
    "quote": {"enum": ['"', "a"]},
    "backslash": {"enum": ["\\", "a"]},
    "names": {
        "type": "object",
        "properties": {"\n": {"type": "null"}, "a\x1f": {"type": "null"}, "a\\": {"type": "null"}, "é": False},
        "additionalProperties": False,
    },
    "classes": {
        "type": "object",
        "properties": {"\v": {"type": "null"}, "\t": False},
        "patternProperties": {"^[\\x00-\\x0f]$": {"type": "null"}, "^[\\x22b]$": {"type": "null"}},
        "additionalProperties": False,
    },
    "open": {"type": "object", "properties": {"\x01": {"type": "null"}, 'a"': {"type": "null"}, "\b": False}},
}


def test_every_character_has_one_spelling() -> None:
    minimal, free = constraint_of({"type": "string"}, escapes="minimal"), constraint_of({"type": "string"})
    for code_point in [*range(0x180), 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]:
        shortest = json.dumps(chr(code_point), ensure_ascii=False)
        units = chr(code_point).encode("utf-16-be").hex()
        long = '"' + "".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4)) + '"'
        for text in {shortest, long, long.replace("\\u", "\\U").upper().replace("\\U", "\\u")}:
            assert accepts(free, text)
            assert accepts(minimal, text) == (text == shortest), text
    assert not accepts(minimal, '"\\/"')


@pytest.mark.parametrize("property_order", ["any", "schema"])
@pytest.mark.parametrize("name", CONTROLS)
def test_masks_where_few_characters_are_possible(name: str, property_order: str) -> None:
    constraint = constraint_of(CONTROLS[name], escapes="minimal", property_order=property_order)
    interpreter = interpreter_of(constraint)
    for seed in range(6):
        check_walk(constraint, interpreter, None, random.Random(seed), 12)


@pytest.mark.parametrize("name", FIXED)
def test_masks_along_documents(name: str) -> None:
    free = constraint_of(FIXED[name], property_order="any")
    constraint = constraint_of(FIXED[name], escapes="minimal", property_order="any")
    interpreter, rng = interpreter_of(constraint), random.Random(1)
    for document in DOCUMENTS[name]:
        text = json.dumps(document, ensure_ascii=False).encode()
        check_walk(constraint, interpreter, random_tokens(text, constraint.vocabulary, rng), rng, 60)
        assert accepts(constraint, text) == accepts(free, text)


@settings(SLOW, max_examples=60)
@given(core_schemas(), LETTERS, st.integers(0, 2**32))
def test_masks_along_random_walks(schema: Any, letters: dict[int, int], seed: int) -> None:
    constraint = constraint_or_assume(respelled_schema(schema, letters), escapes="minimal", property_order="any")
    if constraint is not None:
        check_walk(constraint, interpreter_of(constraint), None, random.Random(seed), 12)


@pytest.mark.parametrize("name", CONTROLS)
def test_documents_are_written_as_by_json(name: str) -> None:
    constraint, free = (
        constraint_of(CONTROLS[name], escapes=style, whitespace="compact") for style in ("minimal", "any")
    )
    written = set()
    for seed in range(20):
        rng = random.Random(seed)
        tokens = random_walk(constraint, rng, 6)
        matcher = constraint.matcher()
        assert matcher.accept_tokens(tokens) == len(tokens)
        rest = close_soon(matcher, rng, 200)
        if rest is not None:
            text = (b"".join(constraint.vocabulary.tokens[token] for token in tokens) + rest).decode()
            document = json.loads(text)
            assert text == json.dumps(document, ensure_ascii=False, separators=(",", ":"))
            assert accepts(free, serialised(document, rng))
            written.add(text)
    assert written


def test_after_a_backslash_only_what_can_be_completed() -> None:
    constraint = constraint_of(CONTROLS["newline"], escapes="minimal")
    assert matcher_after(constraint, b'"\\').forced_bytes() == b"n"
    constraint = constraint_of(CONTROLS["vertical tab"], escapes="minimal")
    assert constraint.matcher().forced_bytes() == b'"\\u000b'
    assert matcher_after(constraint, b'"\\u000b\\u000b\\u000b').forced_bytes() == b'"'
    constraint = constraint_of({"enum": ["abc"]}, escapes="minimal")
    assert constraint.matcher().forced_bytes() == b'"abc"'


def test_styles_share_a_vocabulary() -> None:
    styles = ("any", "minimal", "any", "minimal")
    masks = [mask_of(matcher_after(constraint_of(True, escapes=escapes), b'"')) for escapes in styles]
    assert (masks[0] == masks[2]).all()
    assert (masks[1] == masks[3]).all()
    assert (masks[1] <= masks[0]).all()
    assert (masks[1] != masks[0]).any()
