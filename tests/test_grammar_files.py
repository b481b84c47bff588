"""Grammars by the names of their files: as paths, and as strings that name a file, as schemas may be given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import maskwright as mw
from maskwright.cli_check import byte_vocabulary, first_deviation

TEXTS = {
    "lark": (mw.Lark, 'start: "a" NUMBER\nNUMBER: /[0-9]+/\n'),
    "gbnf": (mw.Gbnf, 'root ::= "a" [0-9]+\n'),
    "ebnf": (mw.Ebnf, 'root ::= "a" [0-9]+\n'),
}


def accepts(form: object, text: bytes) -> bool:
    return first_deviation(mw.compile(form, byte_vocabulary()), text) is None


@pytest.mark.parametrize("kind", TEXTS)
def test_files(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form: Any
    form, text = TEXTS[kind]
    path = tmp_path / f"grammar.{kind}"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    monkeypatch.chdir(tmp_path)
    for given in (text, path, str(path), path.name):
        assert accepts(form(given), b"a12")
        assert not accepts(form(given), b"b12")
    (tmp_path / f"other.{kind}").write_text(text.replace("[0-9]+", "[0-9"))
    for wrong in (Path(f"other.{kind}"), f"other.{kind}"):
        with pytest.raises(mw.InvalidGrammar) as raised:
            mw.compile(form(wrong), byte_vocabulary())
        assert raised.value.file == f"other.{kind}"
        assert str(raised.value).startswith(f"other.{kind}:{raised.value.line}:{raised.value.column}: ")
    for missing, words in ((Path("none"), "cannot read none"), (f"a/none.{kind}", f"there is no file 'a/none.{kind}'")):
        with pytest.raises(mw.InvalidGrammar, match=words):
            mw.compile(form(missing), byte_vocabulary())


def test_a_string_finds_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "numbers.lark").write_text("NUMBER: /[0-9]+/\n")
    (tmp_path / "main.lark").write_text("%import .numbers.NUMBER\nstart: NUMBER\n")
    assert accepts(mw.Lark(str(tmp_path / "main.lark")), b"12")


def test_texts_of_one_line_are_grammars() -> None:
    assert accepts(mw.Lark('start: "a.lark"'), b"a.lark")
