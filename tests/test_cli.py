"""The command line: documents on stdout, one line on stderr for wrong input, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers.utils import logging

from maskwright.cli import run
from maskwright.cli_places import place_after

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def schema(tmp_path: Path) -> str:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return str(path)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Runs the command: exit code, stdout, stderr. The noise level of transformers is restored afterwards."""
    logger: Any = logging
    verbosity, progress = logger.get_verbosity(), logger.is_progress_bar_enabled()

    def call(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(list(arguments))
        return code, *capsys.readouterr()

    yield call
    logger.set_verbosity(verbosity)
    if progress:
        logger.enable_progress_bar()


@pytest.mark.parametrize("arguments", [["--help"], [], ["--version"], ["check", "--help"]])
def test_help(command: Command, arguments: list[str]) -> None:
    code, out, err = command(*arguments)
    assert code == 0
    assert "maskwright" in out
    assert err == ""


def test_help_imports_little() -> None:
    program = (
        "import sys; from maskwright.cli import run; code = run(['--help']); "
        "print([name for name in ('numba', 'numpy', 'torch', 'transformers', 'pydantic') if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[] 0\n")


WRONG_AT_ONCE = [
    ["generate"],
    ["generate", "--schema", "none.json"],
    ["generate", "--schema", __file__, "--seed", "-1"],
    ["generate", "--schema", __file__, "--whitespace", "some"],
    ["generate", "--schema", __file__, "--grammar", "bnf"],
    ["check", "--schema", __file__, "--nothing"],
    ["check", "--schema", __file__, "--dialect", "draft99"],
    ["check", "--schema", __file__, "none.json"],
    ["explain", "--schema", __file__, "--property-order", "some"],
]


def test_wrong_options_are_refused_before_much_is_imported() -> None:
    program = (
        f"import sys; from maskwright.cli import run; codes = [run(each) for each in {WRONG_AT_ONCE}]; "
        "print([name for name in ('numba', 'numpy', 'torch', 'transformers') if name in sys.modules], {*codes})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[] {2}\n")
    assert done.stderr.count("\n") == len(WRONG_AT_ONCE)


def test_generate_one(command: Command, schema: str) -> None:
    arguments = "generate", "--schema", schema, "--seed", "1", "--whitespace", "compact"
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    assert json.loads(out).keys() <= SCHEMA["properties"].keys()  # type: ignore[attr-defined]
    assert command(*arguments)[1] == out


def test_generate_several_on_lines(command: Command, schema: str) -> None:
    code, out, err = command("generate", "--schema", schema, "--seed", "1", "-n", "10", "--prompt", "Write a person.")
    assert (code, err) == (0, "")
    assert len([json.loads(line) for line in out.splitlines()]) == 10


def test_documents_that_are_cut_off_are_not_shown(command: Command, schema: str) -> None:
    Path(schema).write_text('{"type": "string", "minLength": 2000}')
    code, out, err = command("generate", "--schema", schema, "--temperature", "0")
    assert (code, out) == (1, "")
    assert "1 of 1 documents were cut off" in err


def test_documents_are_complete_within_a_budget(command: Command, schema: str) -> None:
    options = "--max-new-tokens", "24", "--seed", "1"
    code, out, err = command("generate", "--schema", schema, "-n", "10", *options)
    assert (code, err) == (0, "")
    assert [json.loads(line).keys() >= {"name", "age"} for line in out.splitlines()] == [True] * 10
    code, out, err = command("generate", "--schema", schema, "--max-new-tokens", "3")
    assert (code, out) == (2, "")
    assert "allow at least" in err


def test_keywords_that_are_probably_misspelt(command: Command, schema: str) -> None:
    Path(schema).write_text('{"type": "object", "propertes": {}, "additionalProperties": {"format": "emial"}}')
    for subcommand in ("check", "explain"):
        code, out, _ = command(subcommand, "--schema", schema)
        assert code == 0
        assert "'propertes' is no keyword and says nothing (perhaps 'properties' is meant)" in out
        assert "perhaps 'email' is meant" in out


def test_check_schema(command: Command, schema: str) -> None:
    code, out, err = command("check", "--schema", schema)
    assert (code, err) == (0, "")
    assert out == f"{schema}: the schema can be enforced\n"


@pytest.mark.parametrize(
    "document", [b'{"name": "x", "age": 1}', b'\n{ "age":1 ,\r\n\t"tags":["\\u0061"], "name":"\xc3\xa9" }\n']
)
def test_check_valid_documents(command: Command, schema: str, document: bytes) -> None:
    assert command("check", "--schema", schema, "-", stdin=document) == (0, "stdin: valid\n", "")


@pytest.mark.parametrize(
    ("document", "place", "words"),
    [
        (b"", "byte 0, line 1, column 1 ", "the document ends"),
        (b"[]", "byte 0, line 1, column 1 ", "'[' is not allowed; expected an object"),
        (b'{"name":"x",\n "tags":["c"]}', "byte 23, line 2, column 11 (in a string, at /tags/0)", "'a' or 'b'"),
        (b'{"name":"\xc3\xa9","age":"1"}', "byte 19, line 1, column 19 (before a value, at /age)", "a digit"),
        (b'{"name":"x","age":1', "byte 19, line 1, column 20 (in a number", "the document ends"),
        (b'{"age":1}', "byte 8, line 1, column 9", "'}' is not allowed"),
        (b'{"name":"\xff"}', "byte 9, line 1, column 10", "the byte 0xff is not allowed"),
        (b'{"name":"x","age":1}}', "byte 20, line 1, column 21 (after the whole document", "the end of the document"),
        (b'{"name":"x","name":"y"}', "byte 13, line 1, column 14 (in a property name", "'n' is not allowed"),
    ],
)
def test_check_invalid_documents(command: Command, schema: str, document: bytes, place: str, words: str) -> None:
    code, out, err = command("check", "--schema", schema, "-", stdin=document)
    assert (code, err) == (1, "")
    assert out.startswith(f"stdin: invalid at {place}")
    assert words in out
    assert out.count("\n") == 1


def test_explain(command: Command, schema: str) -> None:
    code, out, err = command("explain", "--schema", schema, "--prefix", '{"name": "A", "age": 3')
    assert (code, err) == (0, "")
    assert "in a number or literal, at /age" in out
    assert "'}'" in out
    code, out, _ = command("explain", "--schema", schema, "--prefix", '{"name": "A", ')
    assert "allowed:  1 of 2048 tokens" in out
    code, out, _ = command("explain", "--schema", schema, "--prefix", '{"nome')
    assert code == 1
    assert out.startswith("the prefix is invalid at byte 3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "before a value, at the root"),
        ("{", "before a property name or the end of the object, at the root"),
        ('{"a', "in a property name, at the root"),
        ('{"a/b" ', "after a property name, at /a~1b"),
        ('{"a":', "before a value, at /a"),
        ('{"a":[1, {"b":"c\\"', "in a string, at /a/1/b"),
        ('{"a":[1, {"b":"c\\', "in a string, at /a/1/b"),
        ('{"a":[1, {"b":"c"}', "after a value, at /a/1"),
        ('{"a":[', "before a value or the end of the array, at /a/0"),
        ('{"a":[tru', "in a number or literal, at /a/0"),
        ('{"a":1,', "before a property name, at the root"),
        (' "{" \n', "after the whole document, at the root"),
    ],
)
def test_places(text: str, words: str) -> None:
    assert str(place_after(text)) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b'{"a": }', "line 1, column 7"),
        (b"\xff", "not UTF-8"),
        (b'{"a": 1, "a": 1}', "twice at the root (keep one of the two)"),
        (b'{"properties": {"a": {"type": "text"}}}', "at /properties/a/type"),
        (b'{"not": true}', "at "),
        (b'{"pattern": "("}', "at /pattern"),
    ],
)
def test_wrong_schemas(command: Command, tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "wrong.json"
    if content is not None:
        path.write_bytes(content)
    for subcommand in ("check", "explain", "generate"):
        code, out, err = command(subcommand, "--schema", str(path))
        assert (code, out) == (2, "")
        assert words in err
        assert "wrong.json" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["nothing"],
        ["check", "--nothing"],
        ["generate", "--schema", "SCHEMA", "-n", "0"],
        ["generate", "--schema", "SCHEMA", "--model", "no/such/model"],
        ["generate", "--schema", "SCHEMA", "--seed", "-1"],
        ["check", "--schema", "SCHEMA", "--whitespace", "some"],
        ["check", "--schema", "SCHEMA", "no-such-document"],
        ["check", "--schema", "SCHEMA", "."],
        ["check", "--schema", "."],
        ["explain", "--schema", "SCHEMA", "--tokenizer", "."],
    ],
)
def test_wrong_arguments(command: Command, schema: str, arguments: list[str]) -> None:
    code, out, err = command(*[schema if argument == "SCHEMA" else argument for argument in arguments])
    assert (code, out) == (2, "")
    assert err.startswith("maskwright: ")
    assert err.count("\n") == 1


def test_a_reader_that_leaves(command: Command, schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        code, _, err = command("check", "--schema", schema)
        monkeypatch.undo()
    assert (code, err) == (1, "")


def test_interruption(command: Command, schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskwright.cli_generate.generate", interrupted)
    code, out, err = command("generate", "--schema", schema)
    assert (code, out, err.strip()) == (130, "", "")


@pytest.mark.parametrize(
    ("options", "document", "valid"),
    [
        ((), rb'{"\u0061ge": 1, "name": "x"}', True),
        (("--escapes", "minimal"), rb'{"\u0061ge": 1, "name": "x"}', False),
        (("--escapes", "minimal"), rb'{"age": 1, "name": "x\n"}', True),
        (("--whitespace", "regex: ?"), rb'{"age": 1, "name" : "x" }', True),
        (("--whitespace", "regex: ?"), rb'{"age":  1, "name": "x"}', False),
    ],
)
def test_options(command: Command, schema: str, options: tuple[str, ...], document: bytes, valid: bool) -> None:
    code, _, err = command("check", "--schema", schema, *options, "-", stdin=document)
    assert (code == 0) is valid, err


def test_dialect_option(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"minimum": 1, "exclusiveMinimum": true}')
    assert command("check", "--schema", str(path), "--dialect", "draft4", "-", stdin=b"1")[0] == 1
    assert command("check", "--schema", str(path), "-", stdin=b"1")[0] == 2


@pytest.mark.parametrize("option", [("--escapes", "none"), ("--whitespace", "regex:("), ("--dialect", "draft99")])
def test_wrong_option(command: Command, schema: str, option: tuple[str, str]) -> None:
    code, out, err = command("check", "--schema", schema, *option)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
