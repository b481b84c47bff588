"""Finishing within a budget of tokens: completions, the least budget, and masks that always leave room."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.generation.tiny import TINY_MODEL_PATH
from maskwright.grammar import token_budget
from maskwright.grammar.completions.judging import judge
from maskwright.grammar.completions.probe import Probe
from maskwright.grammar.matcher import Constraint, Matcher
from maskwright.grammar.token_budget import BudgetedConstraint, BudgetedMatcher
from maskwright.jsonschemabench.maskbench import cases
from maskwright.jsonschemabench.reference import CannotJudgeError, Judge
from maskwright.jsonschemabench.walks import Walker

from .applicator_strategies import applicator_schemas
from .engine_cases import FIXED, small_vocabulary
from .grammar_cases import VOCABULARY as GRAMMAR_VOCABULARY

END = 0
SMALL = mw.Vocabulary.from_tokens(
    [
        b"",
        *(bytes([byte]) for byte in b'{}[]":,01ab \\'),
        b'":',
        b'{"',
        b'"a',
        b'""',
        b"[]",
        b"ab",
        b"}}",
        b'a":',
        b",1",
    ],
    eos_token_ids=[END],
    special_token_ids=[END],
)
"""Few tokens, so that all texts up to some length can be listed."""

SMALL_CASES: list[Any] = [
    {"enum": [0, 11, "a"]},
    {"enum": ["aab", "abab"]},
    {"type": "string"},
    {"type": "string", "minLength": 3},
    {"type": "string", "pattern": "^(ab|ba)+$", "minLength": 4},
    {"type": "integer", "minimum": 2},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    {"type": "array", "items": {"enum": [0, 1, 10]}, "minItems": 3, "uniqueItems": True},
    {"type": "object"},
    {"type": "object", "required": ["a", "b"]},
    {"type": "object", "minProperties": 2},
    {"type": "object", "properties": {"a": {"type": "object", "required": ["b"]}}, "required": ["a"]},
    {"anyOf": [{"type": "object", "required": ["ab", "a"]}, {"type": "array", "minItems": 4}]},
    {"type": "object", "properties": {"a": {"const": 0}}, "anyOf": [{"required": ["a"]}, {"required": ["b", "ab"]}]},
    {"type": "object", "required": ["a"], "if": {"properties": {"a": {"const": 0}}}, "then": {"required": ["b", "ab"]}},
]


NOT_LEAST: list[Any] = [
    {"type": "string", "minLength": 3},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
]
"""Where other letters or digits than those that are chosen merge with what is around them."""


@pytest.fixture(scope="module")
def tiny() -> mw.Vocabulary:
    from transformers import AutoTokenizer

    return mw.Vocabulary.from_huggingface(AutoTokenizer.from_pretrained(TINY_MODEL_PATH, local_files_only=True))


def mask_of(matcher: Matcher | BudgetedMatcher) -> np.ndarray[Any, Any]:
    inner = matcher.matcher if isinstance(matcher, BudgetedMatcher) else matcher
    size = inner.constraint.vocabulary.size
    words = np.zeros((1, (size + 31) // 32), np.int32)
    matcher.fill_next_token_bitmask(words)
    return np.unpackbits(words.view(np.uint8), bitorder="little")[:size].astype(np.bool_)


def fewest(constraint: Constraint, most: int = 9) -> int | None:
    """The fewest tokens of any text, the end token included: all texts are tried, shortest first."""
    level: dict[bytes, list[int]] = {b"": []}
    tokens, matcher = constraint.vocabulary.tokens, constraint.matcher()
    for length in range(most):
        following: dict[bytes, list[int]] = {}
        for text, ids in level.items():
            matcher.reset()
            matcher.accept_tokens(ids)
            if matcher.is_accepting():
                return length + 1
            for token in np.flatnonzero(mask_of(matcher)).tolist():
                following.setdefault(text + tokens[token], [*ids, token])
        if len(following) > 4000:
            return None
        level = following
    return None


def least_of(constraint: Constraint) -> int:
    with pytest.raises(mw.BudgetTooSmall) as raised:
        BudgetedConstraint(constraint, 0)
    assert str(raised.value.least) in str(raised.value)
    return raised.value.least


def completes(constraint: Constraint, ids: Sequence[int], completion: Sequence[int]) -> bool:
    matcher = constraint.matcher()
    wanted = [*ids, *completion]
    return matcher.accept_tokens(wanted) == len(wanted) and matcher.is_terminated()


def walk(matcher: BudgetedMatcher, rng: random.Random, is_greedy: bool) -> list[int]:
    """Tokens up to the end: any allowed ones, or of some of them the one after which most is left to be written."""
    written: list[int] = []
    while not matcher.is_terminated():
        allowed = np.flatnonzero(mask_of(matcher)).tolist()
        assert allowed, written
        token = rng.choice(allowed)
        if is_greedy:
            token = max(rng.sample(allowed, min(len(allowed), 6)), key=lambda each: left_after(matcher.matcher, each))
        assert matcher.accept_token(token), (written, token)
        written.append(token)
    return written


def left_after(matcher: Matcher, token: int) -> int:
    assert matcher.accept_token(token)
    completion = matcher.shortest_completion()
    matcher.rollback(1)
    assert completion is not None
    return len(completion)


# --- completions


@pytest.mark.parametrize("schema", SMALL_CASES, ids=str)
@pytest.mark.parametrize("order", ["any", "schema"])
def test_the_least_completion_is_the_shortest_text(schema: Any, order: Any) -> None:
    constraint = mw.compile(mw.JsonSchema(schema, property_order=order), SMALL)
    completion = constraint.matcher().shortest_completion()
    assert completion is not None
    assert completes(constraint, [], completion)
    shortest = fewest(constraint)
    assert shortest is None or shortest <= len(completion) <= shortest + 2 * (schema in NOT_LEAST)


@given(applicator_schemas(2), st.integers(0, 2**32), st.sampled_from(["any", "schema"]))
@settings(max_examples=40)
def test_completions_from_anywhere(schema: Any, seed: int, order: Any) -> None:
    constraint = compiled(schema, order)
    matcher, rng, ids = constraint.matcher(), random.Random(seed), []
    for _ in range(8):
        completion = matcher.shortest_completion()
        assert completion is not None, ids
        assert completes(constraint, ids, completion), (ids, completion)
        token = rng.choice(np.flatnonzero(mask_of(matcher)).tolist())
        assert matcher.accept_token(token)
        ids.append(token)
        if matcher.is_terminated():
            break


def compiled(schema: Any, order: Any = "any") -> Constraint:
    try:
        return mw.compile(mw.JsonSchema(schema, property_order=order), small_vocabulary())
    except (mw.UnsupportedSchema, mw.UnsatisfiableSchema):
        assume(False)
        raise


def test_a_completion_after_the_end_is_empty() -> None:
    matcher = mw.compile({"const": 1}, SMALL).matcher()
    completion = matcher.shortest_completion()
    assert completion is not None
    assert matcher.accept_tokens(completion) == len(completion)
    assert matcher.shortest_completion() == []


# --- budgets


@given(applicator_schemas(2), st.integers(0, 2**32), st.floats(1, 2), st.booleans())
@settings(max_examples=40)
def test_every_text_is_complete_in_time(schema: Any, seed: int, factor: float, is_greedy: bool) -> None:
    constraint = compiled(schema)
    budget = int(least_of(constraint) * factor)
    written = walk(BudgetedConstraint(constraint, budget).matcher(), random.Random(seed), is_greedy)
    assert len(written) <= budget
    assert completes(constraint, [], written)


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("factor", [1, 1.5])
def test_every_text_of_a_large_vocabulary_is_complete_in_time(tiny: mw.Vocabulary, name: str, factor: float) -> None:
    constraint = mw.compile(FIXED[name], tiny)
    budget = int(least_of(constraint) * factor)
    for seed in range(2):
        written = walk(BudgetedConstraint(constraint, budget).matcher(), random.Random(seed), seed == 1)
        assert completes(constraint, [], written)


GRAMMARS: list[Any] = [
    mw.Regex("[a-z]{2,5}(-[0-9]+)?"),
    mw.Choice(["a", "list", "listen to"]),
    mw.Gbnf('root ::= "(" root ")" | "[" root "," root "]" | [0-9]+'),
    mw.Lark('start: "list" NAME ("+" NAME)* "end"\nNAME: /[a-z]+/\n%ignore " "'),
    mw.Lark('start: "a" value "b"\nvalue: %json {"type": "array", "items": {"type": "integer"}, "minItems": 2}'),
]


@pytest.mark.parametrize("grammar", GRAMMARS, ids=str)
@pytest.mark.parametrize("factor", [1, 1.5, 3])
def test_texts_of_grammars_are_complete_in_time(grammar: Any, factor: float) -> None:
    constraint = mw.compile(grammar, GRAMMAR_VOCABULARY)
    budget = int(least_of(constraint) * factor)
    for seed in range(4):
        written = walk(BudgetedConstraint(constraint, budget).matcher(), random.Random(seed), seed % 2 == 1)
        assert completes(constraint, [], written)


def test_tokens_that_lack_bytes() -> None:
    vocabulary = mw.Vocabulary.from_tokens([b"", b'"a', b"a", b'b"', b"ba"], eos_token_ids=[0], special_token_ids=[0])
    constraint = mw.compile({"type": "string"}, vocabulary)
    assert least_of(constraint) == 3
    for seed in range(5):
        written = walk(BudgetedConstraint(constraint, 6).matcher(), random.Random(seed), False)
        assert completes(constraint, [], written)
    with pytest.raises(mw.MaskwrightError, match="no text was found"):
        BudgetedConstraint(mw.compile({"type": "object"}, vocabulary), 100)


UNIQUE: list[Any] = [
    {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 4},
    {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 4},
    {"type": "array", "items": {"type": "string", "maxLength": 1}, "uniqueItems": True, "minItems": 3},
    {"type": "array", "items": {"enum": ["a", "b", "ab", "c"]}, "uniqueItems": True, "minItems": 3},
    {"type": "array", "items": {"type": "object"}, "uniqueItems": True, "minItems": 3},
]


@pytest.mark.parametrize("schema", UNIQUE, ids=str)
def test_items_that_may_not_be_repeated(tiny: mw.Vocabulary, schema: Any) -> None:
    constraint, walker = mw.compile(schema, tiny), Walker(tiny)
    least = least_of(constraint)
    for budget in range(least, least + 4):
        for seed in range(8):
            found = walker.walk(BudgetedConstraint(constraint, budget).matcher(), random.Random(seed), budget)  # type: ignore[arg-type]
            assert found.finished, found.content
            assert Judge(schema).accepts(found.content), found.content


@pytest.mark.parametrize(
    "begun",
    [b'[0e-7,"a",1900699E91,', b"[0,", b"[0,0", b"[0,-", b"[0,0.", b"[0,0.0", b"[1,0,1e", b"[10,0,1", b"[[0,0.5],[0,0"],
)
def test_numbers_that_may_not_be_repeated(begun: bytes) -> None:
    schema = {"type": "array", "uniqueItems": True, "minItems": 3}
    constraint = mw.compile(schema | {"items": {"type": ["number", "string", "array"]}}, small_vocabulary())
    matcher, tokens = constraint.matcher(), constraint.vocabulary.tokenize(begun)
    assert matcher.accept_tokens(tokens) == len(tokens)
    completion = matcher.shortest_completion()
    assert completion is not None
    assert completes(constraint, tokens, completion)
    assert Judge(schema).accepts(begun + b"".join(constraint.vocabulary.tokens[token] for token in completion))


@pytest.mark.parametrize(("items", "begun"), [
    ({"multipleOf": 0.25}, b"[-1,1,1."), ({"multipleOf": 0.25}, b"[1,1.0"), ({"type": "integer"}, b"[1,1.00"),
])  # fmt: skip
def test_multiples_that_may_not_be_repeated(items: Any, begun: bytes) -> None:
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "number", **items}}
    constraint = mw.compile(schema, small_vocabulary())
    matcher, tokens = constraint.matcher(), constraint.vocabulary.tokenize(begun)
    assert matcher.accept_tokens(tokens) == len(tokens)
    completion = matcher.shortest_completion()
    assert completion is not None
    assert completes(constraint, tokens, completion)


def test_keys_that_are_longer_than_all_short_ones() -> None:
    schema = {"type": "object", "patternProperties": {r"^\d+\.\d+\.\d+(-[a-z0-9]+)*$": {"type": "null"}}}
    constraint = mw.compile(schema | {"additionalProperties": False, "minProperties": 1}, small_vocabulary())
    completion = constraint.matcher().shortest_completion()
    assert completion is not None
    assert completes(constraint, [], completion)


# --- plenty of room


@given(applicator_schemas(2), st.integers(0, 2**32))
@settings(max_examples=30)
@example({"maxProperties": 0, "not": {"maxItems": 1}, "uniqueItems": True}, 0)
@example({"maxProperties": 0, "not": {"maxItems": 1, "type": "array"}, "uniqueItems": True}, 0)
def test_masks_with_plenty_of_room_are_the_plain_ones(schema: Any, seed: int) -> None:
    constraint = compiled(schema)
    plain, limited = constraint.matcher(), BudgetedConstraint(constraint, 5000).matcher()
    rng = random.Random(seed)
    for _ in range(6):
        allowed = mask_of(plain)
        assert (mask_of(limited) == allowed).all()
        token = rng.choice(np.flatnonzero(allowed).tolist())
        assert plain.accept_token(token)
        assert limited.accept_token(token)
        if plain.is_terminated():
            break


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "propertyNames": {"pattern": "^a"}},
        {"type": "object", "patternProperties": {"^[ab]+$": True}, "additionalProperties": False},
        {"type": "object", "patternProperties": {"^a": {"const": 1}}, "not": {"required": ["b", "c"]}},
    ],
    ids=str,
)
@pytest.mark.parametrize("rest", ["", '"', '"a', '"\\u', '"\\u00', '"aa\\'])
def test_keys_that_have_come_are_not_proposed_again(schema: Any, rest: str) -> None:
    constraint = compiled(schema)
    begun = "{" + "".join(f'"{name}":1,' for name in ("a", "aa", "ab", "aaa")) + rest
    matcher = constraint.matcher()
    tokens = constraint.vocabulary.tokenize(begun.encode())
    assert matcher.accept_tokens(tokens) == len(tokens)
    completion = matcher.shortest_completion()
    assert completion is not None
    assert completes(constraint, tokens, completion)
    limited = BudgetedConstraint(constraint, 5000).matcher()
    assert limited.accept_tokens(tokens) == len(tokens)
    assert (mask_of(limited) == mask_of(matcher)).all()


@pytest.mark.parametrize("name", ["person", "closed", "numbers", "strings", "anything"])
def test_a_token_leaves_no_more_than_its_bound(tiny: mw.Vocabulary, name: str) -> None:
    constraint = mw.compile(FIXED[name], tiny)
    reach = constraint.completer.reach
    assert reach is not None
    for seed in range(3):
        matcher, rng = constraint.matcher(), random.Random(seed)
        for _ in range(30):
            allowed = np.flatnonzero(mask_of(matcher)).tolist()
            bound = reach.tokens_after(matcher, 0)
            assert bound <= reach.tokens_after(matcher, 1 << 30)
            for token in rng.sample(allowed, min(len(allowed), 6)):
                assert left_after(matcher, token) <= bound
            assert matcher.accept_token(rng.choice(allowed))
            if matcher.is_terminated():
                break


ANYWHERE: list[Any] = [
    FIXED["person"],
    FIXED["overlapping"],
    {"anyOf": [{"type": "object", "required": ["a"], "minProperties": 3}, {"type": "array", "minItems": 2}]},
    {"type": "object", "patternProperties": {"^x": {"type": "integer"}, "y$": {"type": "string"}}, "required": ["x"]},
    mw.Lark('start: "list" NAME ("+" NAME)* "end"\nNAME: /[a-z]+/\n%ignore " "'),
    mw.Gbnf('root ::= "(" root ")" | "[" root "," root "]" | [0-9]+'),
]


@pytest.mark.parametrize("spec", ANYWHERE, ids=str)
def test_what_was_seen_holds_wherever_a_matcher_is_at_such_a_place(tiny: mw.Vocabulary, spec: Any) -> None:
    constraint = mw.compile(spec, tiny)
    foresight, seen = constraint.completer.foresight, 0
    for seed in range(4):
        judged, rng = constraint.matcher(), random.Random(seed)
        for _ in range(12):
            prospect = foresight.prospect(judged)
            allowed = np.flatnonzero(mask_of(judged)).tolist()
            for token in rng.sample(allowed, min(len(allowed), 8)) if prospect else ():
                assert judged.accept_token(token)
                assert judged.is_terminated() or any(Probe(judged).completes(plan.content) for plan in prospect.plans)
                judged.rollback(1)
                seen += 1
            found = judge(judged, 1000)
            assert found is not None
            foresight.keep(judged, found)
            assert judged.accept_token(rng.choice(allowed))
            if judged.is_terminated():
                break
    assert seen


def test_what_was_seen_spares_the_search(tiny: mw.Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    constraint = mw.compile(FIXED["overlapping"], tiny)
    limited = BudgetedConstraint(constraint, 1000)
    written = walk(limited.matcher(), random.Random(1), False)
    monkeypatch.setattr(token_budget, "judge", None)
    again = limited.matcher()
    for token in written:
        mask_of(again)
        assert again.accept_token(token)


# --- the matcher


def test_a_token_that_leaves_no_room_is_refused() -> None:
    constraint = mw.compile({"type": "array", "items": {"type": "integer"}}, SMALL)
    matcher = BudgetedConstraint(constraint, 4).matcher()
    assert matcher.accept_tokens([SMALL.tokens.index(text) for text in (b"[", b"1", b",")]) == 2
    assert matcher.left == 2
    assert [SMALL.tokens[token] for token in np.flatnonzero(mask_of(matcher))] == [b"]"]


def test_going_back_gives_the_budget_back(tiny: mw.Vocabulary) -> None:
    constraint = mw.compile(FIXED["person"], tiny)
    matcher = BudgetedConstraint(constraint, least_of(constraint) + 3).matcher()
    rng, masks, written = random.Random(3), [], []
    for _ in range(6):
        masks.append(mask_of(matcher))
        written.append(rng.choice(np.flatnonzero(masks[-1]).tolist()))
        assert matcher.accept_token(written[-1])
    fork = matcher.fork()
    for each in (matcher, fork):
        for mask in reversed(masks):
            each.rollback(1)
            assert (mask_of(each) == mask).all()
    assert matcher.accept_tokens(written) == len(written)
    assert fork.used == 0


# --- generating


def test_generate_finishes_in_time() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
    schema |= {"required": ["name", "age"], "additionalProperties": False}
    with pytest.raises(mw.BudgetTooSmall) as raised:
        mw.generate(None, "Write a person.", schema=schema, max_new_tokens=2)
    least = raised.value.least
    for tokens in (least, least + 4):
        for arguments in ({"do_sample": True}, {"num_beams": 3, "num_return_sequences": 3}):
            results = mw.generate(
                None, ["Write a person."] * 2, schema=schema, max_new_tokens=tokens, seed=1, **arguments
            )
            assert all(result.finish_reason == "stop" and set(result.value) == {"name", "age"} for result in results)
    cut = mw.generate(None, "Write a person.", schema=schema, max_new_tokens=2, finish_within_budget=False)
    assert cut.finish_reason == "length"


def test_drafts_of_prompt_lookup_stay_within_the_budget() -> None:
    schema = {"type": "array", "items": {"enum": ["red", "green"]}, "minItems": 2}
    for tokens in (8, 13):
        arguments: dict[str, Any] = {"schema": schema, "max_new_tokens": tokens, "do_sample": False}
        prompt = 'Repeat: ["red","green","red","green","red","green","red"]'
        plain = mw.generate(None, prompt, **arguments)
        looked_up = mw.generate(None, prompt, prompt_lookup_num_tokens=4, **arguments)
        assert plain.finish_reason == looked_up.finish_reason == "stop"
        assert plain.token_ids == looked_up.token_ids
        assert len(plain.token_ids) <= tokens


def test_maskbench_within_budgets(maskbench_folder: Path, tiny: mw.Vocabulary) -> None:
    walker, valid = Walker(tiny), 0
    for number, case in enumerate(cases(maskbench_folder, 300, 11)):
        try:
            constraint = mw.compile(case.schema, tiny)
        except (mw.UnsupportedSchema, mw.UnsatisfiableSchema):
            continue
        budget = int(least_of(constraint) * (1, 1.3, 2)[number % 3])
        found = walker.walk(BudgetedConstraint(constraint, budget).matcher(), random.Random(number), budget)  # type: ignore[arg-type]
        assert found.finished, f"{case.name}: {budget} tokens: {found.content!r}"
        try:
            assert Judge(case.schema).accepts(found.content), f"{case.name}: {found.content!r}"
        except CannotJudgeError:
            continue
        valid += 1
    assert valid > 15
