"""llama.cpp under the benchmark: its masks are of the vocabulary's own tokens, whatever these are."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.jsonschemabench.engines.gguf import write_vocabulary
from maskwright.jsonschemabench.engines.protocol import Mask, Setting

llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

from maskwright.jsonschemabench.engines.llama_cpp import LlamaCppEngine  # noqa: E402 - it needs llama_cpp

BYTES = [bytes([byte]) for byte in range(256)]
MORE = [b"", b'{"', b'"a', b'"a', "ö".encode(), b"</s>", b""]
"""No bytes; tokens of several bytes, one of them twice; one that llama.cpp takes for an end token; the end token."""
EMPTY, OPENING, FIRST, SECOND, UMLAUT, LOOKS_LIKE_END, END = range(256, 263)
SCHEMA = {
    "type": "object",
    "properties": {"a": {"enum": ["ö", "x"]}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def vocabulary() -> mw.Vocabulary:
    return mw.Vocabulary.from_tokens([*BYTES, *MORE], eos_token_ids=[END])


@pytest.fixture(scope="module")
def engine(vocabulary: mw.Vocabulary) -> LlamaCppEngine:
    return LlamaCppEngine(vocabulary)


def allowed(mask: Mask) -> set[int]:
    return set(np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist())


def test_every_token_has_its_bytes(vocabulary: mw.Vocabulary, tmp_path: Path) -> None:
    write_vocabulary(vocabulary, tmp_path / "v.gguf")
    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(tmp_path / "v.gguf").encode(), options)
    tokens = llama_cpp.llama_model_get_vocab(model)
    found = []
    for number in range(vocabulary.size):
        piece = ctypes.create_string_buffer(64)
        length = llama_cpp.llama_token_to_piece(tokens, number, piece, 64, 0, False)
        found.append(piece.raw[:length])
    llama_cpp.llama_model_free(model)
    assert found[:256] == BYTES
    assert found[256:] == [b"", b'{"', b'"a', b"", "ö".encode(), b"", b""]


def test_masks_are_of_all_tokens_that_may_come(engine: LlamaCppEngine) -> None:
    session = engine.compile(SCHEMA, Setting())
    session.reset()
    assert allowed(session.compute_mask()) == {ord("{"), OPENING}
    assert session.accept_token(ord("{"))
    assert {ord('"'), FIRST, SECOND} <= allowed(session.compute_mask())
    assert session.accept_token(SECOND)
    for byte in b'": "':
        session.compute_mask()
        assert session.accept_token(byte)
    assert allowed(session.compute_mask()) == {"ö".encode()[0], UMLAUT, ord("x")}
    assert not session.accept_token(ord("y"))
    assert not session.is_accepting()
    for byte in b'x"}':
        session.compute_mask()
        assert session.accept_token(byte)
    assert session.is_accepting()
    found = allowed(session.compute_mask())
    assert END in found
    assert not found & {EMPTY, LOOKS_LIKE_END}
    session.reset()
    assert allowed(session.compute_mask()) == {ord("{"), OPENING}


def test_half_a_character_may_come(engine: LlamaCppEngine) -> None:
    session = engine.compile({"type": "string"}, Setting())
    for byte in '"ö'.encode():
        assert byte in allowed(session.compute_mask())
        assert session.accept_token(byte)
    assert UMLAUT in allowed(session.compute_mask())


@pytest.mark.parametrize("schema", [True, {"$ref": "http://example.com/a"}, {"type": "string", "pattern": "a"}])
def test_what_the_converter_does_not_take_is_an_error(engine: LlamaCppEngine, schema: Any) -> None:
    with pytest.raises(engine.errors):
        engine.compile(schema, Setting())


def test_a_grammar_that_llama_cpp_does_not_read_is_an_error(engine: LlamaCppEngine) -> None:
    unread = {"type": "string", "pattern": "^\\w$"}
    with pytest.raises(ValueError, match=r"llama\.cpp does not take the grammar: failed to parse grammar"):
        engine.compile(unread, Setting())
