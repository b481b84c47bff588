"""Vocabularies: joining the bytes of tokens gives the text, for every family of tokenizers."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maskwright.grammar.errors import UnsupportedTokenizer
from maskwright.grammar.vocabulary import Vocabulary

from .small_tokenizers import (
    BYTE_FAMILIES,
    CORPUS,
    SENTENCEPIECE_FILES,
    SPACE_FAMILIES,
    TEKKEN,
    byte_level_tokenizer,
    metaspace_tokenizer,
    mistral_file,
    sentencepiece_model,
    small_encoding,
    unigram_tokenizer,
    vocabulary_of,
)

TEXTS = st.text(max_size=40) | st.text(alphabet=' \n\t"{}:,ab1é日😀\u0301', max_size=40)
HARD_TEXTS = [
    "",
    " ",
    "  x",
    "x  ",
    "\n\n",
    "a\u0301",
    "👩‍👩‍👧",
    "日本語",
    "\x01\x7f\x1b",
    '{"a": [1, 2]}',
    "\ufeff",
    "▁",
    "</s>",
]


def assert_round_trip(vocabulary: Vocabulary, text: str) -> None:
    ids = vocabulary.tokenize(text.encode())
    assert b"".join(vocabulary.tokens[i] for i in ids) == text.encode()
    assert vocabulary.decode(ids) == text.encode()


def assert_encodes_with_leading_space(vocabulary: Vocabulary, text: str) -> None:
    """The raw tokenisation is the text, or the text behind the one space that the tokenizer puts there."""
    assert vocabulary.encode is not None
    assert vocabulary.decode(vocabulary.encode(text)) in (text.encode(), b" " + text.encode())


# --- the law: joined bytes are the text


@pytest.mark.parametrize("family", BYTE_FAMILIES + SPACE_FAMILIES)
@settings(max_examples=80, deadline=None, database=None)
@given(text=TEXTS)
@example(text="".join(HARD_TEXTS))
def test_tokens_join_to_the_text(family: str, text: str) -> None:
    assert_round_trip(vocabulary_of(family), text)


@pytest.mark.parametrize("family", BYTE_FAMILIES + SPACE_FAMILIES)
@pytest.mark.parametrize("text", HARD_TEXTS)
def test_hard_texts(family: str, text: str) -> None:
    assert_round_trip(vocabulary_of(family), text)


@pytest.mark.parametrize("family", BYTE_FAMILIES + SPACE_FAMILIES)
@settings(max_examples=30, deadline=None, database=None)
@given(text=st.binary(max_size=20))
def test_any_bytes_can_be_written(family: str, text: bytes) -> None:
    vocabulary = vocabulary_of(family)
    assert vocabulary.decode(vocabulary.tokenize(text)) == text


@pytest.mark.parametrize("family", SPACE_FAMILIES)
@settings(max_examples=50, deadline=None, database=None)
@given(text=TEXTS.filter(lambda text: "▁" not in text and "\x00" not in text))
def test_raw_encoding_adds_at_most_one_space(family: str, text: str) -> None:
    assert_encodes_with_leading_space(vocabulary_of(family), text)


@pytest.mark.parametrize("family", BYTE_FAMILIES + SPACE_FAMILIES)
def test_which_families_add_a_leading_space(family: str) -> None:
    assert vocabulary_of(family).adds_leading_space is (family in SPACE_FAMILIES)


# --- Tekken and SentencePiece against the libraries that own them


@pytest.mark.parametrize("name", [TEKKEN, "tekken_240718.json"])
def test_tekken_agrees_with_mistral_common(name: str) -> None:
    tekken = pytest.importorskip("mistral_common.tokens.tokenizers.tekken")
    reference = tekken.Tekkenizer.from_file(mistral_file(name))
    vocabulary = Vocabulary.from_tekken(mistral_file(name))
    assert vocabulary.size == reference.n_words == 131_072
    assert vocabulary.eos_token_ids == (reference.eos_id,)
    assert vocabulary.special_token_ids == reference.special_ids
    ordinary = range(reference.num_special_tokens, reference.n_words)
    policy = tekken.SpecialTokenPolicy.IGNORE
    assert all(vocabulary.tokens[i] == reference.id_to_byte_piece(i, policy) for i in ordinary)
    for text in [*CORPUS[:3], *HARD_TEXTS]:
        assert vocabulary.tokenize(text.encode()) == reference.encode(text, bos=False, eos=False)


def test_tekken_file_with_listed_special_tokens(tmp_path: Path) -> None:
    document: dict[str, Any] = {
        "config": {"pattern": ".", "default_vocab_size": 258, "default_num_special_tokens": 4},
        "vocab": [{"rank": b, "token_bytes": base64.b64encode(bytes([b])).decode()} for b in range(256)],
        "special_tokens": [{"rank": 0, "token_str": "<s>"}, {"rank": 1, "token_str": "</s>"}],
    }
    path = tmp_path / "tekken.json"
    path.write_text(json.dumps(document))
    vocabulary = Vocabulary.from_tekken(path)
    assert vocabulary.eos_token_ids == (1,)
    assert vocabulary.tokens[4:7] == (b"\x00", b"\x01", b"\x02")
    assert vocabulary.size == 258
    document["config"]["default_vocab_size"] = 300
    path.write_text(json.dumps(document))
    with pytest.raises(UnsupportedTokenizer, match="256 of the 296 tokens"):
        Vocabulary.from_tekken(path)
    path.write_text("[]")
    with pytest.raises(UnsupportedTokenizer, match="not a Tekken file"):
        Vocabulary.from_tekken(path)


@pytest.mark.parametrize("family", SENTENCEPIECE_FILES)
def test_tokenisation_is_canonical_in_the_midst_of_a_text(family: str) -> None:
    vocabulary = vocabulary_of(family)
    assert vocabulary.encode is not None
    hello = vocabulary.encode("hello")
    assert vocabulary.decode(hello) == b" hello"
    assert vocabulary.tokenize(b" hello") == hello
    assert b" " not in vocabulary.tokens[vocabulary.tokenize(b"hello")[0]]
    assert vocabulary.tokenize(b"A") != [vocabulary.tokens.index(b"A")], "the byte piece <0x41>, which comes first"


def test_greedy_prefers_the_pieces_that_the_model_knows() -> None:
    vocabulary = vocabulary_of(SENTENCEPIECE_FILES[0])
    assert vocabulary.tokenize(b"A\xff")[0] == vocabulary.tokenize(b"A")[0]


def test_sentencepiece_sources_agree(tmp_path: Path) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    model = sentencepiece_model()
    path = tmp_path / "tokenizer.model"
    path.write_bytes(model)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    vocabularies = [Vocabulary.from_sentencepiece(source) for source in (model, path, str(path), processor)]
    assert len({vocabulary.fingerprint for vocabulary in vocabularies}) == 1
    vocabulary = vocabularies[0]
    assert vocabulary.tokens[processor.piece_to_id("<tool>")] == b"<tool>"
    assert vocabulary.tokens[processor.piece_to_id("<ctrl>")] == b""
    assert processor.piece_to_id("<ctrl>") in vocabulary.special_token_ids
    assert vocabulary.tokens[processor.piece_to_id("<0x0A>")] == b"\n"
    assert vocabulary.eos_token_ids == (processor.eos_id(),)


def test_sentencepiece_without_byte_fallback_cannot_write_everything() -> None:
    vocabulary = Vocabulary.from_sentencepiece(sentencepiece_model("bpe", byte_fallback=False))
    assert vocabulary.decode(vocabulary.tokenize(b"quick fox")) == b"quick fox"
    with pytest.raises(UnsupportedTokenizer, match="no sequence of tokens"):
        vocabulary.tokenize("ж".encode())


def test_what_is_not_a_sentencepiece_model() -> None:
    pytest.importorskip("sentencepiece")
    with pytest.raises(UnsupportedTokenizer, match="not a SentencePiece model"):
        Vocabulary.from_sentencepiece(b"nonsense")
    with pytest.raises(UnsupportedTokenizer, match="not a SentencePiece model"):
        Vocabulary.from_sentencepiece(42)


# --- tiktoken


def test_tiktoken() -> None:
    encoding = small_encoding()
    vocabulary = Vocabulary.from_tiktoken(encoding)
    assert vocabulary.size == encoding.n_vocab == 273
    assert vocabulary.eos_token_ids == (270,)
    assert vocabulary.special_token_ids == {270, 272}
    assert vocabulary.tokens[265] == vocabulary.tokens[271] == b""
    assert vocabulary.tokenize(b"hello world") == encoding.encode_ordinary("hello world")
    assert vocabulary.decode(vocabulary.tokenize(b"<|im_end|>")) == b"<|im_end|>"
    padded = Vocabulary.from_tiktoken(encoding, vocab_size=320, eos_token_ids=[272, 270])
    assert (padded.size, padded.eos_token_ids) == (320, (270, 272))


# --- Hugging Face


def test_byte_level_added_and_special_tokens() -> None:
    tokenizer = byte_level_tokenizer()
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=[2, 1])
    assert vocabulary.eos_token_ids == (1, 2)
    assert vocabulary.special_token_ids == {0, 1, 2}
    assert vocabulary.tokens[:3] == (b"", b"", b"")
    for content in ("<tool>", "  ", "né", "né 😀"):
        assert vocabulary.tokens[tokenizer.token_to_id(content)] == content.encode()
    assert vocabulary.tokens[tokenizer.token_to_id("Ġ")] == b" "
    assert set(vocabulary.tokens) >= {bytes([byte]) for byte in range(256)}
    assert vocabulary.tokenize(b'{"name": "<tool>"}') == tokenizer.encode('{"name": "<tool>"}').ids
    assert_round_trip(vocabulary, 'a special token in a text: "<|end|>"')


def test_byte_level_inside_sequences() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    pre_tokenizers, decoders = tokenizers.pre_tokenizers, tokenizers.decoders
    tokenizer = byte_level_tokenizer()
    plain = Vocabulary.from_huggingface(tokenizer, eos_token_ids=1)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(), tokenizer.pre_tokenizer])
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Fuse()])
    assert Vocabulary.from_huggingface(tokenizer, eos_token_ids=1).fingerprint == plain.fingerprint
    tokenizer.decoder = None
    assert Vocabulary.from_huggingface(tokenizer, eos_token_ids=1).fingerprint == plain.fingerprint


def test_byte_level_with_prefix_space() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = byte_level_tokenizer()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=1)
    assert vocabulary.adds_leading_space
    assert_round_trip(vocabulary, "quick")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_transformers_fast_tokenizer() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=byte_level_tokenizer(), bos_token="<s>", eos_token="</s>", pad_token="!"
    )
    vocabulary = Vocabulary.from_huggingface(tokenizer, vocab_size=512)
    assert vocabulary.size == 512
    assert vocabulary.tokens[len(tokenizer) :] == (b"",) * (512 - len(tokenizer))
    assert vocabulary.eos_token_ids == (1,)
    pad = tokenizer.pad_token_id
    assert pad in vocabulary.special_token_ids, "decoding skips it, so it cannot carry text"
    assert vocabulary.tokens[pad] == b""
    text = '{"name": "Ada"}'
    assert vocabulary.tokenize(text.encode()) == tokenizer.encode(text, add_special_tokens=False)
    tokenizer(text, truncation=True, max_length=2)
    assert vocabulary.tokenize(text.encode()) == tokenizer.encode(text, add_special_tokens=False)


@pytest.mark.parametrize("decoder", ["sequence", "metaspace"])
def test_metaspace(decoder: str) -> None:
    tokenizer = metaspace_tokenizer(decoder)
    tokenizer.add_tokens(["▁▁▁", "<tool>"])
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=2)
    assert vocabulary.special_token_ids == {0, 1, 2}
    assert vocabulary.tokens[tokenizer.token_to_id("<0x0A>")] == b"\n"
    assert vocabulary.tokens[tokenizer.token_to_id("▁▁▁")] == b"   "
    assert vocabulary.tokens[tokenizer.token_to_id("<tool>")] == b"<tool>"
    assert tokenizer.decode(vocabulary.tokenize(b" over 12")) == "over 12"
    assert_round_trip(vocabulary, "over 12 😀")


def test_metaspace_form_of_a_sentencepiece_model_is_the_same_vocabulary() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    sentencepiece = pytest.importorskip("sentencepiece")
    processor = sentencepiece.SentencePieceProcessor(model_file=str(mistral_file(SENTENCEPIECE_FILES[0])))
    pieces = {processor.id_to_piece(i): i for i in range(processor.get_piece_size())}
    merges = [
        (piece[:cut], piece[cut:])
        for piece in sorted(pieces, key=lambda piece: -processor.get_score(pieces[piece]))
        for cut in sorted(range(1, len(piece)), key=lambda cut: (pieces.get(piece[:cut], 0), cut))
        if piece[:cut] in pieces and piece[cut:] in pieces
    ]
    tokenizer = metaspace_tokenizer()
    tokenizer.model = tokenizers.models.BPE(pieces, merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=2)
    reference = Vocabulary.from_sentencepiece(processor)
    assert vocabulary.fingerprint == reference.fingerprint
    for text in CORPUS[:3]:
        assert vocabulary.tokenize(text.encode()) == reference.tokenize(text.encode())


def test_unigram() -> None:
    tokenizer = unigram_tokenizer()
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=1)
    assert vocabulary.special_token_ids == {0, 1, 2}, "the unknown token is no text, though not marked special"
    assert vocabulary.tokens[4] == b" the"
    assert vocabulary.decode(tokenizer.encode("the cat").ids) == b" the cat"
    assert_round_trip(vocabulary, '{"the": "cat"}')
    assert_round_trip(vocabulary, " the cat")


def refused_tokenizer(kind: str) -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    models, decoders = tokenizers.models, tokenizers.decoders
    words = {"[UNK]": 0, "cat": 1, "##s": 2}
    if kind == "WordPiece":
        tokenizer = tokenizers.Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
        tokenizer.decoder = decoders.WordPiece()
        return tokenizer
    options = {"end_of_word_suffix": "</w>"} if kind == "suffix" else {}
    tokenizer = tokenizers.Tokenizer(models.BPE(words, [], **options))
    strip_each = decoders.Sequence([decoders.Strip(" ", 1, 0), decoders.Fuse()])
    regex = decoders.Replace(tokenizers.Regex("c"), "k")
    tokenizer.decoder = {"strip": strip_each, "regex": regex, "ctc": decoders.CTC()}.get(kind)
    return tokenizer


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("WordPiece", "its spaces are lost"),
        ("suffix", "its spaces are lost"),
        ("none", "no decoder"),
        ("strip", "Strip step"),
        ("regex", "Replace step"),
        ("ctc", "CTC step"),
    ],
)
def test_tokenizers_that_lose_the_text_are_refused(kind: str, problem: str) -> None:
    with pytest.raises(UnsupportedTokenizer, match=problem) as caught:
        Vocabulary.from_huggingface(refused_tokenizer(kind), eos_token_ids=0)
    assert caught.value.remedy


class SlowTokenizer:
    """What ``from_huggingface`` reads of a tokenizer written in Python, ids shifted by one against the model."""

    eos_token_id = 0
    all_special_ids = (0,)

    def __init__(self, processor: Any) -> None:
        added = pytest.importorskip("tokenizers").AddedToken
        self.sp_model = processor
        self.added_tokens_decoder = {0: added("<eos>", special=True), len(self) - 1: added("▁added", special=False)}

    def __len__(self) -> int:
        return int(self.sp_model.get_piece_size()) + 2

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return ["<eos>", *(self.sp_model.id_to_piece(i - 1) for i in ids[1:-1]), "▁added"]

    def encode(self, text: str, **options: Any) -> list[int]:
        return [piece + 1 for piece in self.sp_model.encode(text)]


def test_slow_sentencepiece_tokenizer() -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    processor = sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_model())
    vocabulary = Vocabulary.from_huggingface(SlowTokenizer(processor))
    assert vocabulary.tokens[1:-1] == Vocabulary.from_sentencepiece(processor).tokens
    assert vocabulary.tokens[-1] == "▁added".encode()
    assert_round_trip(vocabulary, "quick 😀")


def test_slow_byte_level_and_unknown_slow_tokenizers() -> None:
    class Slow:
        eos_token_id = 1
        all_special_ids = (1,)
        added_tokens_decoder: dict[int, Any] = {}  # noqa: RUF012

        def __len__(self) -> int:
            return 2

        def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
            return ["Ġx", "<eos>"]

    class SlowByteLevel(Slow):
        byte_decoder: dict[str, int] = {}  # noqa: RUF012

    assert Vocabulary.from_huggingface(SlowByteLevel()).tokens == (b" x", b"")
    with pytest.raises(UnsupportedTokenizer, match="written in Python"):
        Vocabulary.from_huggingface(Slow())
    with pytest.raises(UnsupportedTokenizer, match="not a tokenizer"):
        Vocabulary.from_huggingface("gpt2")


# --- the class


def test_from_tokens() -> None:
    tokens = [b"<s>", b"<pad>", b"</s>", b"a", b"b", b"a"]
    vocabulary = Vocabulary.from_tokens(tokens, eos_token_ids=[2], special_token_ids=[0, 1])
    assert vocabulary.tokens == (b"", b"", b"", b"a", b"b", b"a")
    assert vocabulary.size == 6
    assert vocabulary.special_token_ids == {0, 1, 2}
    assert vocabulary.tokenize(b"ab") == [3, 4]
    assert vocabulary.decode([0, 3, 4, 5, 2]) == b"aba"
    assert not vocabulary.adds_leading_space
    assert repr(vocabulary) == "Vocabulary(size=6, eos_token_ids=(2,))"


def test_longest_match_never_strands_the_rest() -> None:
    vocabulary = Vocabulary.from_tokens([b"", b"ab", b"a", b"bc", b"abcd"], eos_token_ids=0)
    assert vocabulary.tokenize(b"abc") == [2, 3]
    assert vocabulary.tokenize(b"abcd") == [4]
    assert vocabulary.tokenize(b"") == []
    with pytest.raises(UnsupportedTokenizer, match="no sequence of tokens"):
        vocabulary.tokenize(b"abd")


def test_an_encoding_that_changes_the_text_is_not_used() -> None:
    vocabulary = Vocabulary.from_tokens([b"", b"A", b"a"], eos_token_ids=0, encode=lambda text: [2] * len(text))
    assert vocabulary.tokenize(b"aa") == [2, 2]
    assert vocabulary.tokenize(b"Aa") == [1, 2]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"eos_token_ids": []}, "no end token"),
        ({"eos_token_ids": 2}, "end token 2 is not among"),
        ({"eos_token_ids": [0, -1]}, "end token -1 is not among"),
        ({"eos_token_ids": 0, "special_token_ids": [7]}, "special token 7 is not among"),
    ],
)
def test_ids_out_of_range(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(UnsupportedTokenizer, match=problem):
        Vocabulary.from_tokens([b"a", b"b"], **options)


def test_wrong_inputs() -> None:
    with pytest.raises(UnsupportedTokenizer, match="token 1 is str, not bytes"):
        Vocabulary.from_tokens([b"", "a"], eos_token_ids=0)  # type: ignore[list-item]
    with pytest.raises(UnsupportedTokenizer, match="no end token"):
        Vocabulary.from_huggingface(byte_level_tokenizer())
    with pytest.raises(UnsupportedTokenizer, match="beyond vocab_size"):
        Vocabulary.from_huggingface(byte_level_tokenizer(), vocab_size=300, eos_token_ids=1)


def test_special_tokens_beyond_the_logits_are_left_out() -> None:
    encoding = small_encoding()
    vocabulary = Vocabulary.from_tiktoken(encoding, vocab_size=271)
    assert vocabulary.size == 271
    assert vocabulary.special_token_ids == {270}
    with pytest.raises(UnsupportedTokenizer, match="end token 272"):
        Vocabulary.from_tiktoken(encoding, vocab_size=271, eos_token_ids=272)


def test_fingerprint_tells_vocabularies_apart() -> None:
    def fingerprint(tokens: list[bytes], eos: int = 0, special: tuple[int, ...] = ()) -> str:
        return Vocabulary.from_tokens(tokens, eos_token_ids=eos, special_token_ids=special).fingerprint

    variants = [
        fingerprint([b"", b"ab", b"c", b""]),
        fingerprint([b"", b"a", b"bc", b""]),
        fingerprint([b"", b"ab", b"c", b"", b""]),
        fingerprint([b"", b"ab", b"c", b""], eos=3),
        fingerprint([b"", b"ab", b"c", b""], special=(3,)),
    ]
    assert len(set(variants)) == len(variants)
    assert fingerprint([b"", b"ab", b"c", b""]) == variants[0]
    assert len(variants[0]) == 64


@pytest.mark.parametrize("family", ["byte-level", "sentencepiece", TEKKEN])
def test_vocabularies_can_be_pickled_and_copied(family: str) -> None:
    vocabulary = vocabulary_of(family)
    for twin in (pickle.loads(pickle.dumps(vocabulary)), copy.deepcopy(vocabulary)):
        assert twin.fingerprint == vocabulary.fingerprint
        assert twin.tokenize(b'{"a": 1}') == vocabulary.tokenize(b'{"a": 1}')


def test_vocabulary_is_immutable() -> None:
    with pytest.raises(AttributeError):
        vocabulary_of("bytes").tokens = ()  # type: ignore[misc]


def test_importing_needs_no_tokenizer_library() -> None:
    code = (
        "import sys, maskwright.grammar.vocabulary\n"
        "heavy = {'torch', 'transformers', 'tokenizers', 'tiktoken', 'sentencepiece', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
