"""Special tokens: their names in every kind of tokenizer, and that grammars alone can ask for them."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.special_tokens import with_special_tokens
from maskwright.grammar.limits import Budget
from maskwright.grammar.special_tokens import MARK, parts, spelled, spelled_tokens

from .engine_cases import check_walk, interpreter_of
from .grammar_cases import Pair, mask_of
from .small_tokenizers import SENTENCEPIECE_FILES, TEKKEN, vocabulary_of

BYTES = [bytes([byte]) for byte in range(256)]
NAMES = ["<|end|>", "<|a|>", "<|b|>", "[C]"]
VOCABULARY = mw.Vocabulary.from_tokens(
    [*BYTES, *[b""] * len(NAMES), b"ab", b'"a', b"\xff\x00", b"x\xff", b"<|", b"|>"],
    eos_token_ids=256,
    special_tokens={name: 256 + i for i, name in enumerate(NAMES)},
)
A, B, C = 257, 258, 259


def test_special_tokens_have_bytes_of_their_own() -> None:
    spellings = VOCABULARY.spelled
    assert [spellings[token] for token in (256, A, B)] == [b"", spelled(A), spelled(B)]
    assert spellings[255] == spellings[262] == spellings[263] == b"", "they hold 0xFF"
    assert spellings[0x41] == b"A"
    assert spelled_tokens([b"a", b""], [1]) == (b"a", b"\xff\x00\x00\x01")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"ab", [b"ab"]),
        (spelled(7), [7]),
        (b"ab" + spelled(7) + spelled(8) + b"c", [b"ab", 7, 8, b"c"]),
        (b"ab" + spelled(7)[:3], [b"ab"]),
    ],
)
def test_parts(content: bytes, expected: list[Any]) -> None:
    assert list(parts(content)) == expected


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("byte-level", {"<s>": 0, "</s>": 1, "<|end|>": 2}),
        ("metaspace", {"<unk>": 0, "<s>": 1, "</s>": 2}),
        ("tiktoken", {"<|endoftext|>": 270, "<|im_end|>": 272}),
        ("sentencepiece", {"<unk>": 0, "<s>": 1, "</s>": 2, "<ctrl>": 3}),
        ("bytes", {}),
        (SENTENCEPIECE_FILES[1], {"[TOOL_CALLS]": 5}),
        (TEKKEN, {"[TOOL_CALLS]": 9, "</s>": 2}),
    ],
)
def test_names_of_loaders(family: str, names: dict[str, int]) -> None:
    vocabulary = vocabulary_of(family)
    assert names.items() <= vocabulary.special_tokens.items()
    assert set(vocabulary.special_tokens.values()) <= vocabulary.special_token_ids


def test_names_make_tokens_special() -> None:
    assert VOCABULARY.special_token_ids == {256, A, B, C}
    other = mw.Vocabulary.from_tokens(VOCABULARY.tokens, eos_token_ids=256, special_token_ids=range(256, 260))
    assert other.special_tokens == {}
    assert other.fingerprint != VOCABULARY.fingerprint
    with pytest.raises(mw.MaskwrightError, match="special token 9"):
        mw.Vocabulary.from_tokens([b"a", b""], eos_token_ids=1, special_tokens={"<x>": 9})


def test_decode_writes_names_if_asked() -> None:
    ids = [0x41, A, 0x42, C, 256]
    assert VOCABULARY.decode(ids) == b"AB"
    assert VOCABULARY.decode(ids, special_tokens=True) == b"A<|a|>B[C]"


# --- where they are allowed

SCHEMAS: list[Any] = [
    {},
    {"type": "string"},
    {"type": "string", "pattern": "^[^x]*$"},
    {"type": "string", "maxLength": 4},
    {"type": "object", "patternProperties": {"^.": {"type": "integer"}}},
    {"enum": ["\u00ff", "\U0010ffff", "ab"]},
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("whitespace", ["compact", "any"])
def test_json_never_has_them(schema: Any, whitespace: Any) -> None:
    constraint = mw.compile(mw.JsonSchema(schema, whitespace=whitespace), VOCABULARY)
    forbidden = [255, A, B, C, 262, 263]
    for seed in range(4):
        rng = random.Random(seed)
        matcher = constraint.matcher()
        for _ in range(12):
            mask = mask_of(matcher)
            assert not mask[forbidden].any()
            assert not any(matcher.accept_token(token) for token in forbidden)
            allowed = np.flatnonzero(mask[:256])
            if not len(allowed):
                break
            matcher.accept_token(int(rng.choice(allowed.tolist())))


def test_the_interpreter_agrees_about_json() -> None:
    constraint = mw.compile({"type": "object", "properties": {"a": {"type": "string"}}}, VOCABULARY)
    bitmask = np.zeros((1, (VOCABULARY.size + 31) // 32), np.int32)
    matcher, interpreter = constraint.matcher(), interpreter_of(constraint)
    configuration = interpreter.start()
    for byte in b'{"a": "\xc3\xa9':
        matcher.fill_next_token_bitmask(bitmask)
        assert np.array_equal(mask_of(matcher), interpreter.mask(configuration, VOCABULARY))
        assert matcher.accept_token(byte)
        following = interpreter.read(configuration, bytes([byte]))
        assert following is not None
        configuration = following
    assert callable(check_walk)


FORMS: list[Any] = [
    mw.Lark('start: "a" <|a|> ("b" | <|b|>)* T?\nT: /[^c]+/\n%ignore " "'),
    mw.Lark("start: (<|a|> x | <|b|>)*\nx: /[a-z]+/ <|c|>"),
    mw.Gbnf('root ::= ("x" <|a|> [^y]*)+ | <|b|> root <|a|>'),
    mw.Tags([("<|a|>", mw.Regex("x+"), "<|b|>"), ("ab", mw.Choice(["ab", "b"]), "")]),
    mw.Regex(r"[\s\S]*"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(3))
def test_kernels_and_interpreter_agree_about_grammars(form: Any, seed: int) -> None:
    names = frozenset(VOCABULARY.special_tokens)
    grammar = with_special_tokens(read_form(form, Budget(), names), VOCABULARY)
    Pair(grammar, mw.compile(form, VOCABULARY)).walk(random.Random(seed), 12)


def ids_of(*items: str | int) -> list[int]:
    return [token for item in items for token in ([item] if isinstance(item, int) else item.encode())]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["a", A], True),
        (["a", A, "b", B, "bxyz"], True),
        (["a", B], False),
        (["a<|a|>"], False),
        ([A], False),
    ],
)
def test_a_grammar_asks_for_them(items: list[str | int], expected: bool) -> None:
    matcher = mw.compile(FORMS[0], VOCABULARY).matcher()
    ids = ids_of(*items)
    assert (matcher.accept_tokens(ids) == len(ids) and matcher.is_accepting()) == expected


def test_names_that_the_vocabulary_does_not_have_are_text() -> None:
    matcher = mw.compile(mw.Lark('start: "a" <|unknown|>'), VOCABULARY).matcher()
    assert matcher.accept_tokens(list(b"a<|unknown|>")) == 12
    assert matcher.is_accepting()


def test_end_tokens_are_no_part_of_a_text() -> None:
    with pytest.raises(mw.InvalidGrammar, match="end token"):  # type: ignore[attr-defined]
        mw.compile(mw.Lark('start: "a" <|end|>'), VOCABULARY)


def test_forced() -> None:
    matcher = mw.compile(mw.Lark('start: "abc" <|a|> "de" [C]\nC: "c"'), VOCABULARY).matcher()
    assert matcher.forced_bytes() == b"abc"
    assert matcher.forced_tokens() == [260, 0x63, A, 0x64, 0x65]
    matcher = mw.compile(mw.Lark("start: <|a|> (<|b|> | <|c|>)"), VOCABULARY).matcher()
    assert matcher.forced_bytes() == b""
    assert matcher.forced_tokens() == [A]


def test_text_never_has_the_mark() -> None:
    assert all(MARK not in json.dumps(text, ensure_ascii=False).encode() for text in ("é", "\U0010ffff"))
