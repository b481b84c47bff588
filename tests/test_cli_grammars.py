"""The command line with grammars in place of schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .small_tokenizers import byte_level_tokenizer
from .test_cli import Command, command  # noqa: F401 - a fixture

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LARK = 'start: "answer:" NUMBER+\nNUMBER: /[0-9]+/\n%ignore " "\n'
GBNF = 'root ::= "(" root ")" | [xy]\nunused ::= "u"\n'


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.lark").write_text(LARK)
    (tmp_path / "a.gbnf").write_text(GBNF)
    (tmp_path / "a.ebnf").write_text('root ::= "a" root "b" | ""\n')
    (tmp_path / "a.txt").write_text("[ab]+c\n")
    (tmp_path / "broken.lark").write_text('start: "a\n')
    (tmp_path / "latin.gbnf").write_bytes(b'root ::= "\xe9"')
    return tmp_path


@pytest.mark.parametrize(
    ("name", "options", "document", "outcome"),
    [
        ("a.lark", (), b"answer: 12 3", "valid"),
        ("a.lark", (), b"answer: 12x", "byte 10, line 1, column 11: 'x' is not allowed; expected the end of the text"),
        ("a.gbnf", (), b"((x))", "valid"),
        ("a.gbnf", (), b"((x)", "the text ends; expected ')'"),
        ("a.ebnf", (), b"aabb", "valid"),
        ("a.ebnf", (), b"aac", "expected 'a' or 'b'"),
        ("a.txt", ("--grammar", "regex"), b"abc", "valid"),
        ("a.txt", ("--grammar", "regex"), b"abd", "expected 'a', 'b' or 'c'"),
    ],
)
def test_check(
    command: Command,  # noqa: F811
    files: Path,
    name: str,
    options: tuple[str, ...],
    document: bytes,
    outcome: str,
) -> None:
    code, out, err = command("check", "--schema", str(files / name), *options, "-", stdin=document)
    assert (code, err) == (int(outcome != "valid"), "")
    assert out.startswith("stdin: ")
    assert outcome in out


def test_check_of_a_grammar_alone(command: Command, files: Path) -> None:  # noqa: F811
    code, out, err = command("check", "--schema", str(files / "a.gbnf"))
    assert (code, err) == (0, "")
    assert "the grammar can be enforced" in out
    assert "unused cannot be reached" in out


@pytest.mark.parametrize("example", ["arithmetic", "c", "json", "sql"])
def test_examples(command: Command, example: str) -> None:  # noqa: F811
    assert command("check", "--schema", str(EXAMPLES / f"{example}.lark"))[0] == 0


def test_explain(command: Command, files: Path) -> None:  # noqa: F811
    code, out, err = command("explain", "--schema", str(files / "a.lark"), "--prefix", "answer: 1")
    assert (code, err) == (0, "")
    assert "NUMBER" in out
    assert "terminals end by Lark's lexer" in out
    assert "the end of the text" in out
    code, out, err = command("explain", "--schema", str(files / "a.gbnf"), "--prefix", "((")
    assert "wherever the rules allow" in out
    assert "note:     the rule unused cannot be reached" in out
    code, out, err = command("explain", "--schema", str(files / "a.gbnf"), "--prefix", "(z")
    assert code == 1
    assert "the prefix is invalid at byte 1" in out


def test_generate(command: Command, files: Path) -> None:  # noqa: F811
    code, out, err = command("generate", "--regex", "[ab]{3}", "--seed", "1")
    assert (code, err) == (0, "")
    assert set(out[:3]) <= {"a", "b"}
    assert len(out) == 4
    code, out, err = command("generate", "--choice", "one\ntwo", "--choice", "three", "-n", "3", "--seed", "1")
    assert {json.loads(line) for line in out.splitlines()} <= {"one\ntwo", "three"}
    assert len(out.splitlines()) == 3
    code, out, err = command("generate", "--schema", str(files / "a.txt"), "--grammar", "regex", "--temperature", "0")
    assert out == "" or out.endswith("c\n")


def test_explain_special_tokens(command: Command, tmp_path: Path) -> None:  # noqa: F811
    transformers = pytest.importorskip("transformers", reason="the tokenizer is one of its own")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=byte_level_tokenizer(), eos_token="</s>")
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    (tmp_path / "a.lark").write_text('start: "a" <|end|> "b"')
    options = ("explain", "--schema", str(tmp_path / "a.lark"), "--tokenizer", str(tmp_path / "tokenizer"))
    code, out, err = command(*options, "--prefix", "a")
    assert (code, err) == (0, "")
    assert "allowed:  1 of" in out
    assert "  <|end|>\n" in out
    code, out, err = command(*options, "--prefix", "a<|end|>")
    assert (code, err) == (0, "")
    assert "allowed:  1 of" in out
    assert "  'b'\n" in out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["check", "--schema", "latin.gbnf"], "not UTF-8"),
        (["check", "--schema", "a.txt", "--grammar", "bnf"], "no kind of grammar"),
        (["check", "--schema", "missing.lark"], "cannot read"),
        (["generate"], "give one of"),
        (["generate", "--schema", "a.lark", "--regex", "a"], "give one of"),
        (["generate", "--choice", "b", "--regex", "a"], "both"),
    ],
)
def test_wrong_input(command: Command, files: Path, arguments: list[str], problem: str) -> None:  # noqa: F811
    code, out, err = command(*[str(files / item) if "." in item else item for item in arguments])
    assert (code, out) == (2, "")
    assert problem in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["broken.lark", "broken.gbnf"])
def test_a_broken_grammar_is_shown(command: Command, files: Path, name: str) -> None:  # noqa: F811
    text = "# a comment\n\t" + {"broken.lark": 'start: "a" ! b', "broken.gbnf": 'root ::= "a" ! b'}[name]
    (files / name).write_text(text + "\n")
    for subcommand in ("check", "explain", "generate"):
        code, out, err = command(subcommand, "--schema", str(files / name))
        assert (code, out) == (2, "")
        problem, excerpt, caret, *_ = err.splitlines()
        assert problem.startswith(f"maskwright: {files / name}:2:{text.splitlines()[1].index('!') + 1}: ")
        assert excerpt == "    " + text.splitlines()[1]
        assert excerpt[caret.index("^")] == "!"
        assert caret[:5] == "    \t"
