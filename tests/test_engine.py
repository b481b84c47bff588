"""The engine: kernels and matcher against the slow interpreter, and both against ``jsonschema``."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.grammar.interpreter_strings import is_whole, possible_code_points
from maskwright.grammar.vocabulary import Vocabulary

from .engine_cases import (
    ALPHABETS,
    CLOSED,
    DOCUMENTS,
    END,
    FIXED,
    FORCED_AFTER,
    LARGE_STATES,
    NOT_CHARACTERS,
    NOT_JSON,
    OTHER_END,
    PERSON,
    SPECIAL,
    UNION,
    UNUSED,
    UNUSUAL_JSON,
    InexactNumberError,
    accepts,
    check_acceptance,
    check_walk,
    close_soon,
    constraint_of,
    constraint_or_assume,
    ids_of,
    interpreter_of,
    jsonschema_accepts,
    mask_of,
    masks_along,
    matcher_after,
    parsed,
    random_token,
    random_tokens,
    random_walk,
    respelled,
    respelled_schema,
    serialised,
    small_vocabulary,
)
from .strategies import core_schemas, documents_for

UNHURRIED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
)
SEEDS = st.integers(0, 2**32)
OPTIONS = st.fixed_dictionaries(
    {
        "property_order": st.sampled_from(["any", "schema"]),
        "whitespace": st.sampled_from(["formatted", "compact", "any"]),
        "escapes": st.sampled_from(["any", "minimal"]),
    }
)
STYLES: tuple[dict[str, Any], ...] = (
    {},
    {"separators": (",", ":")},
    {"indent": 2},
    {"indent": 8, "ensure_ascii": False},
    {"indent": "\t"},
    {"ensure_ascii": False},
)

# --- characters


def test_beginnings_of_characters() -> None:
    for code_point in [*range(0x20, 0x900), 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF, 0x1F600]:
        units = chr(code_point).encode("utf-16-be").hex()
        written = ["".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4)).encode()]
        if chr(code_point) not in '"\\':
            written.append(chr(code_point).encode())
        for spelling in written:
            assert possible_code_points(spelling) == ((code_point, code_point),)
            assert is_whole(spelling)
            for end in range(1, len(spelling)):
                assert any(low <= code_point <= high for low, high in possible_code_points(spelling[:end]))
                assert not is_whole(spelling[:end])


@pytest.mark.parametrize("written", NOT_CHARACTERS)
def test_what_no_character_begins_with(written: bytes) -> None:
    assert possible_code_points(written) == ()


# --- kernels and interpreter


@pytest.mark.parametrize(
    ("property_order", "whitespace"),
    [("any", "formatted"), ("schema", "formatted"), ("schema", "compact"), ("any", "any")],
)
@pytest.mark.parametrize("name", FIXED)
def test_masks_along_documents(name: str, property_order: str, whitespace: str) -> None:
    constraint = constraint_of(FIXED[name], property_order=property_order, whitespace=whitespace)
    interpreter, rng = interpreter_of(constraint), random.Random(1)
    for index, document in enumerate(DOCUMENTS[name]):
        text = json.dumps(document, **STYLES[index % len(STYLES)]) if index % 2 else serialised(document, rng)
        tokens = random_tokens(text.encode(), constraint.vocabulary, rng)
        check_walk(constraint, interpreter, tokens, rng, 60)
    check_walk(constraint, interpreter, None, rng, 30)


@settings(UNHURRIED, max_examples=100)
@given(core_schemas(), st.sampled_from(ALPHABETS), OPTIONS, SEEDS)
def test_masks_along_random_walks(schema: Any, alphabet: dict[int, int], options: dict[str, str], seed: int) -> None:
    constraint = constraint_or_assume(respelled_schema(schema, alphabet), **options)
    if constraint is not None:
        check_walk(constraint, interpreter_of(constraint), None, random.Random(seed), 16)


@settings(UNHURRIED, max_examples=80)
@given(st.data(), core_schemas(), OPTIONS, SEEDS)
def test_masks_along_random_documents(data: st.DataObject, schema: Any, options: dict[str, str], seed: int) -> None:
    rng = random.Random(seed)
    alphabet = rng.choice(ALPHABETS)
    constraint = constraint_or_assume(respelled_schema(schema, alphabet), **options)
    if constraint is None:
        return
    document = respelled(data.draw(documents_for(schema)), alphabet)
    text = json.dumps(document, **rng.choice(STYLES)) if rng.random() < 0.6 else serialised(document, rng)
    tokens = random_tokens(text.encode(), constraint.vocabulary, rng)
    check_walk(constraint, interpreter_of(constraint), tokens, rng, 25)


def test_masks_over_a_large_vocabulary() -> None:
    mistral_common = pytest.importorskip("mistral_common")
    path = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    if not path.exists():
        pytest.skip("this version of mistral_common brings no tekken_240911.json")
    vocabulary = Vocabulary.from_tekken(path)
    for name, states in LARGE_STATES.items():
        constraint = constraint_of(FIXED[name], vocabulary, property_order="any")
        interpreter = interpreter_of(constraint)
        for content in states:
            configuration = interpreter.read(interpreter.start(), content)
            assert configuration is not None, content
            matcher = constraint.matcher()
            for token in vocabulary.tokenize(content) if content else ():
                assert matcher.accept_token(token)
            assert np.array_equal(interpreter.mask(configuration, vocabulary), mask_of(matcher)), content


# --- no dead ends


@settings(UNHURRIED, max_examples=100)
@given(core_schemas(), OPTIONS, SEEDS)
def test_walks_end_in_valid_documents(schema: Any, options: dict[str, str], seed: int) -> None:
    constraint = constraint_or_assume(schema, **options)
    if constraint is None:
        return
    rng, matcher, content = random.Random(seed), constraint.matcher(), b""
    for _ in range(rng.randrange(20)):
        allowed = mask_of(matcher)
        assert allowed.any(), f"dead end after {content!r}"
        allowed[[END, OTHER_END]] = False
        if not allowed.any():
            break
        token = random_token(allowed, constraint.vocabulary, rng)
        assert matcher.accept_token(token)
        content += constraint.vocabulary.tokens[token]
    rest = close_soon(matcher, rng, 150)
    if rest is not None:
        with contextlib.suppress(InexactNumberError):
            assert jsonschema_accepts(schema, parsed(content + rest)), content + rest


# --- exactness


@settings(UNHURRIED, max_examples=200)
@given(st.data(), core_schemas(), SEEDS)
def test_accepts_what_jsonschema_accepts(data: st.DataObject, schema: Any, seed: int) -> None:
    rng = random.Random(seed)
    alphabet = rng.choice(ALPHABETS)
    constraint = constraint_or_assume(respelled_schema(schema, alphabet), property_order="any")
    for document in data.draw(st.lists(documents_for(schema), min_size=3, max_size=3)):
        valid, document = jsonschema_accepts(schema, document), respelled(document, alphabet)
        texts = [*(json.dumps(document, **style) for style in STYLES), serialised(document, rng)]
        for text in texts:
            assert (constraint is not None and accepts(constraint, text)) == valid, text


def test_whitespace_styles() -> None:
    document = {"a": [1, {"b": []}], "c": {}}
    loose = '\r\n{ "a"\t:\n[ 1 , {"b" : [ ] } ]  ,"c":{ } } \n'
    styles = {style: constraint_of(True, whitespace=style) for style in ("formatted", "compact", "any")}
    for keywords in STYLES:
        text = json.dumps(document, **keywords)
        assert accepts(styles["formatted"], text)
        assert accepts(styles["any"], text)
        assert accepts(styles["compact"], text) == (keywords.get("separators") == (",", ":"))
    assert accepts(styles["any"], loose)
    assert not accepts(styles["formatted"], loose)
    for text in (
        "[1 ]",
        "[ 1]",
        "[1,  2]",
        "[1,\n         2]",
        "[1\n,2]",
        "[1,\n\n2]",
        '{"a" :1}',
        '{"a":\n1}',
        " 1",
        "1 ",
    ):
        assert not accepts(styles["formatted"], text), text
    for text in ("[1,\n        2]", "[\n\t1,\n\t[\n\t\t2\n\t]\n]", "[1,2\n]", "{\n}", '{"a": 1, "b":1}', "[\n]"):
        assert accepts(styles["formatted"], text), text


def test_property_order() -> None:
    schema = {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"], "type": "object"}
    ordered, free = constraint_of(schema, property_order="schema"), constraint_of(schema, property_order="any")
    for names in itertools.permutations("abcx", 3):
        text = json.dumps(dict.fromkeys(names, 1))
        assert accepts(free, text) == ("b" in names)
        assert accepts(ordered, text) == ("b" in names and list(names) == sorted(names)), text


@pytest.mark.parametrize("content", NOT_JSON)
def test_text_that_is_no_json(content: bytes) -> None:
    for schema in (
        True,
        {"type": ["string", "number", "array", "object", "boolean"]},
        {"type": "string", "minLength": 1},
    ):
        constraint = constraint_of(schema, whitespace="any")
        interpreter = interpreter_of(constraint)
        assert not accepts(constraint, content)
        configuration = interpreter.read(interpreter.start(), content)
        assert configuration is None or not interpreter.is_accepting(configuration)


@pytest.mark.parametrize("content", UNUSUAL_JSON)
def test_text_that_is_json(content: bytes) -> None:
    assert accepts(constraint_of(True), content)


@pytest.mark.parametrize("property_order", ["any", "schema"])
def test_named_keys_come_once(property_order: str) -> None:
    plain = {"properties": {"a": {"type": "integer"}, "é": {"type": "integer"}}}
    for schema in (plain, {"anyOf": [plain, {"required": ["b"]}]}):
        constraint = constraint_of(schema, property_order=property_order)
        assert accepts(constraint, '{"a":1,"é":2}')
        for spellings in (('"a"', '"\\u0061"'), ('"é"', '"\\u00E9"')):
            for first, second in itertools.product(spellings, repeat=2):
                assert not accepts(constraint, "{" + first + ":1," + second + ":1}")


def test_more_code_points_before_a_quote_than_any_other_token_holds() -> None:
    tokens = [b"", *(bytes([byte]) for byte in range(256)), b'abcdef"']
    vocabulary = Vocabulary.from_tokens(tokens, eos_token_ids=0)
    matcher = constraint_of({"type": "string", "minLength": 6}, vocabulary).matcher()
    assert matcher.accept_token(1 + ord('"'))
    check_acceptance(matcher, mask_of(matcher))


# --- the matcher


@pytest.mark.parametrize("property_order", ["any", "schema"])
@pytest.mark.parametrize("schema", [PERSON, CLOSED, UNION, True])
def test_rollback_fork_and_reset_restore_masks(schema: Any, property_order: str) -> None:
    constraint, rng = constraint_of(schema, property_order=property_order), random.Random(3)
    for _ in range(5):
        tokens, matcher = random_walk(constraint, rng, 30), constraint.matcher()
        masks, forks = [mask_of(matcher)], [matcher.fork()]
        for token in tokens:
            assert matcher.accept_token(token)
            masks.append(mask_of(matcher))
            forks.append(matcher.fork())
        for index in rng.sample(range(len(forks)), len(forks)):
            assert np.array_equal(mask_of(forks[index]), masks[index])
            assert forks[index].accept_tokens(tokens[index:]) == len(tokens) - index
            assert np.array_equal(mask_of(forks[index]), masks[-1])
        position = len(tokens)
        for _ in range(20):
            back = rng.randint(0, position)
            matcher.rollback(back)
            position -= back
            assert np.array_equal(mask_of(matcher), masks[position])
            assert matcher.validate_tokens(tokens[position:]) == len(tokens) - position
            forward = rng.randint(0, len(tokens) - position)
            assert matcher.accept_tokens(tokens[position : position + forward]) == forward
            position += forward
            assert np.array_equal(mask_of(matcher), masks[position])
        matcher.reset()
        assert np.array_equal(mask_of(matcher), masks[0])


def test_a_fork_is_independent() -> None:
    constraint = constraint_of(CLOSED, property_order="any")
    matcher = matcher_after(constraint, b'{"name": "ab"')
    before, other = mask_of(matcher), matcher.fork()
    assert other.accept_tokens(ids_of(b', "a": 1, "ab": {"name"')) == 23
    assert matcher.accept_tokens(ids_of(b', "tags": []')) == 12
    inside = mask_of(other)
    matcher.rollback(12)
    assert np.array_equal(mask_of(matcher), before)
    assert np.array_equal(mask_of(other), inside)


def test_validate_counts_and_changes_nothing() -> None:
    matcher = matcher_after(constraint_of(CLOSED), b'{"name": "ab", ')
    before = mask_of(matcher)
    assert matcher.validate_tokens(ids_of('"né": 1, "b"'.encode())) == len('"né": 1, "'.encode())
    assert matcher.validate_tokens([*ids_of('"né": 1}'.encode()), END, END]) == len('"né": 1}'.encode()) + 1
    assert matcher.validate_tokens([]) == 0
    assert not matcher.is_terminated()
    assert np.array_equal(mask_of(matcher), before)


def test_tokens_that_are_never_allowed() -> None:
    matcher = matcher_after(constraint_of({"type": "string"}), b'"ab')
    before = mask_of(matcher)
    for token in (SPECIAL, UNUSED, END, OTHER_END, -1, -(2**31), small_vocabulary().size, 2**31, 2**40):
        assert not matcher.accept_token(token)
        assert np.array_equal(mask_of(matcher), before)
    assert not before[[SPECIAL, UNUSED, END, OTHER_END]].any()


@pytest.mark.parametrize("end", [END, OTHER_END])
@pytest.mark.parametrize("text", [b"[1]", b"12", b'"a"', b"null"])
def test_termination(text: bytes, end: int) -> None:
    matcher = matcher_after(constraint_of(True), text)
    assert matcher.is_accepting()
    open_mask = mask_of(matcher)
    assert open_mask[END]
    assert open_mask[OTHER_END]
    assert matcher.accept_token(end)
    assert matcher.is_terminated()
    assert not mask_of(matcher).any()
    assert not any(matcher.accept_token(token) for token in range(small_vocabulary().size))
    assert matcher.validate_tokens([END]) == 0
    fork = matcher.fork()
    assert fork.is_terminated()
    matcher.rollback(1)
    assert not matcher.is_terminated()
    assert fork.is_terminated()
    assert np.array_equal(mask_of(matcher), open_mask)
    fork.reset()
    assert not fork.is_terminated()
    assert fork.accept_tokens([*ids_of(text), end]) == len(text) + 1


def test_rollback_of_too_many_tokens() -> None:
    matcher = matcher_after(constraint_of(True), b"[1")
    for count in (3, -1):
        with pytest.raises(ValueError, match="cannot take back"):
            matcher.rollback(count)
    matcher.rollback(2)


def test_long_texts() -> None:
    constraint = constraint_of(True)
    text = b"[" * 3000 + b'{"a":' * 500
    matcher = matcher_after(constraint, text)
    mask = mask_of(matcher)
    matcher.rollback(2000)
    assert matcher.accept_tokens(ids_of(text[-2000:])) == 2000
    assert np.array_equal(mask_of(matcher), mask)
    assert accepts(constraint, text + b"1" + b"}" * 500 + b"]" * 3000)


# --- bitmasks


def words() -> int:
    return (small_vocabulary().size + 31) // 32


@pytest.mark.parametrize(
    "bitmask",
    [
        np.zeros((1, words()), np.int64),
        np.zeros((1, words()), np.uint32),
        np.zeros((1, words()), np.float32),
        np.zeros(words(), np.int32),
        np.zeros((1, 1, words()), np.int32),
        np.zeros((1, words() - 1), np.int32),
        np.zeros((0, words()), np.int32),
        np.zeros((2, 2 * words()), np.int32)[:, ::2],
        np.asfortranarray(np.zeros((2, words()), np.int32)),
        torch.zeros((1, words()), dtype=torch.int64),
        torch.zeros(words(), dtype=torch.int32),
        torch.zeros((words(), 2), dtype=torch.int32).T,
        torch.zeros((1, words()), dtype=torch.bfloat16),
        [[0] * words()],
        None,
    ],
    ids=str,
)
def test_bitmasks_that_do_not_fit(bitmask: Any) -> None:
    with pytest.raises(ValueError, match="a bitmask is"):
        constraint_of(True).matcher().fill_next_token_bitmask(bitmask)


@pytest.mark.parametrize("row", [-1, 3, 2**31])
def test_rows_that_do_not_exist(row: int) -> None:
    bitmask = np.full((3, words()), 5, np.int32)
    with pytest.raises(ValueError, match="row"):
        constraint_of(True).matcher().fill_next_token_bitmask(bitmask, row)
    assert (bitmask == 5).all()


def test_rows_and_wider_rows() -> None:
    matcher = matcher_after(constraint_of(PERSON), b'{"')
    expected = np.packbits(mask_of(matcher), bitorder="little")
    for bitmask in (np.full((3, words() + 2), -1, np.int32), torch.full((3, words() + 2), -1, dtype=torch.int32)):
        matcher.fill_next_token_bitmask(bitmask, 1)
        array = np.asarray(bitmask)
        assert (array[[0, 2]] == -1).all()
        assert (array[1, words() :] == 0).all()
        assert array[1].view(np.uint8)[: len(expected)].tolist() == expected.tolist()


# --- threads


@pytest.mark.parametrize("attempt", range(4))
def test_threads_share_a_constraint(attempt: int) -> None:
    members = {f"k{attempt}": PERSON, "z": UNION}
    schema = {"type": "object", "properties": members, "required": list(members)}
    walks = [random_walk(constraint_of(schema), random.Random(seed), 40) for seed in range(8)]
    expected = [masks_along(constraint_of(schema), walk) for walk in walks]
    shared, found = constraint_of(schema), [b""] * len(walks)
    barrier = threading.Barrier(len(walks))

    def run(index: int) -> None:
        barrier.wait()
        found[index] = masks_along(shared, walks[index])

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(walks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


# --- what the language forces


@pytest.mark.parametrize("whitespace", ["compact", "formatted"])
@pytest.mark.parametrize("name", FIXED)
def test_forced_bytes(name: str, whitespace: str) -> None:
    constraint = constraint_of(FIXED[name], whitespace=whitespace)
    interpreter, vocabulary = interpreter_of(constraint), constraint.vocabulary
    for content in FORCED_AFTER:
        configuration = interpreter.read(interpreter.start(), content)
        if configuration is None:
            continue
        matcher = matcher_after(constraint, content)
        before = mask_of(matcher)
        forced = matcher.forced_bytes()
        tokens = matcher.forced_tokens()
        assert np.array_equal(mask_of(matcher), before)
        assert forced.startswith(vocabulary.decode(tokens))
        assert matcher.validate_tokens(tokens) == len(tokens)
        for index in range(len(forced) + 1):
            assert configuration is not None
            steps = {byte: interpreter.step(configuration, byte) for byte in range(256)}
            possible = [byte for byte, after in steps.items() if after is not None]
            if interpreter.is_accepting(configuration) or len(possible) > 1:
                assert index == len(forced)
                break
            if index < len(forced):
                assert possible == [forced[index]]
                configuration = steps[forced[index]]


def test_forced_text_of_a_closed_object() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"const": 12}},
        "required": ["name"],
        "additionalProperties": False,
    }
    constraint = constraint_of(schema, whitespace="compact")
    assert constraint.matcher().forced_bytes() == b'{"'  # the letters of the key may be escaped
    assert matcher_after(constraint, b'{"\\u006').forced_bytes() == b""  # "e" or "E"
    assert matcher_after(constraint, b'{"n').forced_bytes() == b""
    assert matcher_after(constraint, b'{"name').forced_bytes() == b'":1'  # 12, 12.0, 1.2e1
    assert matcher_after(constraint, b"{").forced_tokens() == []  # '"' could be the beginning of a longer token
