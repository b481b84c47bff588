"""``whitespace=Regex(...)``: every run of blanks inside a container matches the pattern as a whole."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maskwright as mw

from .engine_cases import (
    DOCUMENTS,
    FIXED,
    UNION,
    accepts,
    check_walk,
    close_soon,
    constraint_of,
    constraint_or_assume,
    interpreter_of,
    matcher_after,
    random_tokens,
    random_walk,
    small_vocabulary,
)
from .strategies import core_schemas

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
PATTERNS = ("", " ?", " ", "[ \\t]{0,2}", "(\\r?\\n( {2})*)?", "[ \\t\\n\\r]*", "\\n +| ?", "(?! \\n)[ \\n]{1,3}")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.0-9a-zA-Z]+|[][{},:]')


def runs_of(text: str) -> list[str]:
    """What stands before, between and after the tokens of a JSON text."""
    return TOKEN.split(text)


def spaced(document: Any, runs: list[str], rng: random.Random) -> str:
    tokens = TOKEN.findall(json.dumps(document, ensure_ascii=False))
    return "".join(token + rng.choice(runs) for token in tokens[:-1]) + tokens[-1]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_runs_match_as_a_whole(pattern: str) -> None:
    constraint = constraint_of(True, whitespace=mw.Regex(pattern))
    rng, judged = random.Random(4), set()
    every = ["", " ", "  ", "\n", "\t", "\r\n  ", "\n    ", " \n", "   "]
    fitting = [run for run in every if re.fullmatch(pattern, run)]
    assert fitting
    for document in ([], {}, [1], {"a": 1}, {"a": [True, {"b": []}], "c": "x y"}, [[1.5e3, None], -2]):
        for runs in (fitting, fitting, [*fitting, rng.choice(every)]):
            text = spaced(document, runs, rng)
            valid = all(re.fullmatch(pattern, run) for run in runs_of(text)[1:-1])
            assert accepts(constraint, text) == valid, text
            judged.add(valid)
            for outside in (" " + text, text + "\n"):
                assert not accepts(constraint, outside)
    assert True in judged


@pytest.mark.parametrize("text", ["1", '"a"', "null", "-1.5"])
def test_no_blanks_around_the_document(text: str) -> None:
    constraint = constraint_of(True, whitespace=mw.Regex(" +"))
    assert accepts(constraint, text)
    assert not accepts(constraint, text + " ")
    assert not accepts(constraint, " " + text)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", FIXED)
def test_masks_along_documents(name: str, pattern: str) -> None:
    constraint = constraint_of(FIXED[name], property_order="any", whitespace=mw.Regex(pattern))
    interpreter, rng = interpreter_of(constraint), random.Random(1)
    fitting = [run for run in ("", " ", "\n  ") if re.fullmatch(pattern, run)]
    for document in DOCUMENTS[name][:2]:
        text = spaced(document, fitting, rng).encode()
        check_walk(constraint, interpreter, random_tokens(text, constraint.vocabulary, rng), rng, 20)
    check_walk(constraint, interpreter, None, rng, 15)


@settings(SLOW, max_examples=60)
@given(core_schemas(), st.sampled_from(PATTERNS), st.sampled_from(["any", "schema"]), st.integers(0, 2**32))
def test_walks_end_in_documents(schema: Any, pattern: str, property_order: str, seed: int) -> None:
    options = {"property_order": property_order, "whitespace": mw.Regex(pattern)}
    constraint = constraint_or_assume(schema, **options)
    if constraint is None:
        return
    rng = random.Random(seed)
    check_walk(constraint, interpreter_of(constraint), None, rng, 12)
    tokens, matcher = random_walk(constraint, rng, 8), constraint.matcher()
    assert matcher.accept_tokens(tokens) == len(tokens)
    rest = close_soon(matcher, rng, 150)
    if rest is not None:
        text = (b"".join(small_vocabulary().tokens[token] for token in tokens) + rest).decode()
        assert all(re.fullmatch(pattern, run) for run in runs_of(text)[1:-1]), text
        assert accepts(constraint_of(schema, property_order=property_order, whitespace="any"), text)


def test_what_a_pattern_forces() -> None:
    schema = {"type": "object", "properties": {"a": {"const": None}}, "required": ["a"], "additionalProperties": False}
    constraint = constraint_of(schema, whitespace=mw.Regex("\\n {3}"), escapes="minimal")
    assert constraint.matcher().forced_bytes() == b'{\n   "a"\n   :\n   null\n   }'
    constraint = constraint_of(UNION, whitespace=mw.Regex(""))
    assert matcher_after(constraint, b"[").forced_bytes() == b""
    assert not accepts(constraint, '["é", null]')
    assert accepts(constraint, '["é",null]')


@pytest.mark.parametrize("pattern", ["\\s*", "[^a]", "a?", " \\v", "\\u00a0", "[]", "(?=a) ", "$ ", "(", "(a)\\1", 1])
def test_patterns_that_will_not_do(pattern: Any) -> None:
    with pytest.raises(mw.MaskwrightError) as caught:
        mw.JsonSchema(True, whitespace=mw.Regex(pattern))
    assert caught.value.remedy or caught.value.problem


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(mw.MaskwrightError, match="U\\+000B"):
        mw.JsonOptions(whitespace=mw.Regex("\\s*"))
    with pytest.raises(mw.MaskwrightError, match="matches nothing"):
        mw.JsonOptions(whitespace=mw.Regex("[]"))
    with pytest.raises(mw.MaskwrightError, match="or a Regex"):
        mw.JsonOptions(whitespace=" *")  # type: ignore[arg-type]
    with pytest.raises(mw.LimitExceeded):
        mw.JsonOptions(whitespace=mw.Regex(" {400}"), limits=mw.Limits(states=100))


def test_a_regex_is_no_schema() -> None:
    with pytest.raises(mw.InvalidSchema, match="is a grammar, not a schema"):
        mw.JsonSchema(mw.Regex(" *"))


def test_a_regex_is_a_value() -> None:
    assert mw.Regex(" ?") == mw.Regex(" ?")
    assert {mw.JsonSchema(True, whitespace=mw.Regex(" ?")): 1}[mw.JsonSchema(True, whitespace=mw.Regex(" ?"))] == 1
    assert mw.JsonSchema(True, whitespace=mw.Regex(" ?")) != mw.JsonSchema(True, whitespace=mw.Regex(" *"))
