"""Grammars that are loaded without Lark's loader, compared with what it makes of them."""

import re
from collections.abc import Iterable
from pathlib import Path

import lark
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark.lexer import TerminalDef

from maskwright.grammar.cfg.lark_loader import load_with_lark
from maskwright.grammar.cfg.lark_quick import Loaded, load_quickly
from maskwright.grammar.cfg.lark_reader import UnsureError
from maskwright.grammar.cfg.lark_text import prepared
from maskwright.grammar.errors import MaskwrightError

EXAMPLES = Path(__file__).parent.parent / "examples"
LIBRARY = Path(lark.__file__).parent / "grammars"


def agree(text: str, start: str = "start") -> bool:
    """Whether ``text`` was loaded quickly; if it was, to the same as by Lark."""
    source = prepared(text)
    try:
        quick = load_quickly(source.text, start, set())
    except UnsureError:
        return False
    slow = load_with_lark(source, None, start, set())
    assert sorted(map(said, quick.terminals)) == sorted(map(said, slow.terminals))
    assert plain(quick) == plain(slow)
    assert (quick.ignored, quick.defined, quick.undefined) == (slow.ignored, slow.defined, slow.undefined)
    return True


def said(terminal: TerminalDef) -> tuple[object, ...]:
    name = "" if terminal.name.startswith("__ANON_") else terminal.name
    pattern = terminal.pattern
    return name, pattern.type, pattern.value, sorted(pattern.flags), str(pattern.raw), terminal.priority


def plain(loaded: Loaded) -> list[tuple[str, str]]:
    """The rules, with terminals and rules that have no name written out."""
    patterns = {terminal.name: str(said(terminal)) for terminal in loaded.terminals}
    by_origin: dict[str, list[tuple[str, ...]]] = {}
    for origin, symbols in loaded.rules:
        by_origin.setdefault(str(origin), []).append(tuple(map(str, symbols)))

    def written(symbol: str, inside: tuple[str, ...] = ()) -> str:
        if not (symbol.startswith("__") and symbol in by_origin):
            return re.sub(r"__ANON_\d+", lambda found: patterns.get(found[0], ""), symbol)
        if symbol in inside:
            return f"<{inside.index(symbol)}>"
        return str(sorted(sequence(symbols, (*inside, symbol)) for symbols in by_origin[symbol]))

    def sequence(symbols: Iterable[str], inside: tuple[str, ...] = ()) -> str:
        return " ".join(written(symbol, inside) for symbol in symbols)

    return sorted((written(origin), sequence(symbols)) for origin in by_origin for symbols in by_origin[origin])


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.lark")), ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    assert agree(path.read_text("utf-8"))


def test_python() -> None:
    assert agree((LIBRARY / "python.lark").read_text("utf-8"), "file_input")


@pytest.mark.parametrize(
    "text",
    [
        'start: "a"',
        '// c\nstart: "a" // c\n  # c\n  | "b"\n\n\n  | B  # c\n\nB: "b"',
        'start: "if" /if/ NAME\nNAME: /[a-z]+/i\n%ignore " "\n%ignore NAME',
        '?start: _x -> y | x\n!_x: "a"\nx: [_x] ["a"] [/b/]',
        'start: A B C D\nA.2: B+ | "a".."f"\nB: /x/i "y"\nC: (A|B)~3\nD: [A] B~1..2',
        'start: a{b} a{"x"} c{b, /y/}\na{x}: x x?\nb: "b"\nc{x, y}: a{x} | y\nunused{x}: x b',
        'start: (b | c)* (b | c)+ b~2..3 (b? c)*\nb: "b"\nc: "c"',
        'start: _A [_A] B\n_A: "a"\nB.-1: "\\"\\\\ \\n\\x41\\u00e9" | /\\/\\d\\n["\']/',
        "%import common.NUMBER\n%import common (WS, CNAME)\n%import common.INT -> N\nstart: NUMBER CNAME N\n%ignore WS",
        "%import python (file_input, _NEWLINE, _INDENT, _DEDENT, COMMENT)\nstart: file_input\n%ignore COMMENT",
        "%declare X Y\nstart: X Y z\nz: z | X",
        'start: "+" "++" "plus_" "MINUS" | "+" "++" "plus_" "MINUS"\nb: c\nc: b "x"',
        'start: x\nx: "a" | "b" -> b | ("c" | "d" "e")? -> f',
        "start: N\nN: /(?i:a)\n  b/x",
    ],
)
def test_notation(text: str) -> None:
    assert agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "start: missing",
        'start: "a"\nstart: "b"',
        'start: "if" "IF"i',
        "A: B\nB: A\nstart: A",
        'start: ("a" | "b"',
        'start: ""',
        "start: A\nA: b\nb: A",
        '_x: "a" -> b\nstart: _x',
        'start: "a"~3..2',
        'start: "a"?b',
        '__a: "a"\nstart: __a',
        '%ignore A\nstart: "a"',
        'start: a{b}\na{x, y}: x y\nb: "b"',
        "start: /a\nb/",
        "%import common.MISSING\nstart: MISSING",
        'start: "plus" "+"',
        "start: /[ab]+/ /[bc]+/",
        'start: "a"\n%override start: "b"',
        'start: (a? b? c? d? e? f?)~1..3\na: "a"\nb: "b"\nc: "c"\nd: "d"\ne: "e"\nf: "f"',
    ],
)
def test_what_lark_decides(text: str) -> None:
    with pytest.raises(UnsureError):
        load_quickly(text, "start", set())


ATOMS = st.sampled_from(['"a"', '"+"', '"if"i', "/b+/", "A", "_B", "x", "_y", '"a".."c"', "t{x}", 't{"a"}'])
PARTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["?", "*", "+", "~2", "~0..2"])).map(lambda p: f"({p[0]}){p[1]}"),
        st.tuples(ATOMS, st.sampled_from(["?", "*", "+", "~1..2"])).map("".join),
        inner.map(lambda part: f"[{part}]"),
        st.lists(inner, max_size=3).map(" ".join).map(lambda part: f"({part})"),
        st.lists(inner, min_size=1, max_size=3).map(" | ".join).map(lambda part: f"({part})"),
    ),
    max_leaves=5,
)
BODIES = st.lists(st.lists(PARTS, max_size=3).map(" ".join), min_size=1, max_size=3).map("\n  | ".join)


@given(st.lists(BODIES, min_size=4, max_size=4), st.sampled_from(["", "!", "?"]))
def test_random_rules(bodies: list[str], modifier: str) -> None:
    rules = zip((f"{modifier}start", "x", "_y", "t{p}"), bodies, strict=True)
    text = "\n".join(f"{name}: {body}" for name, body in rules) + '\nA: "a" | /c/\n_B: "b"\n%ignore " "\n'
    try:
        agree(text)
    except MaskwrightError as error:
        pytest.fail(f"Lark refuses {text!r}: {error}")


TERMINALS = st.recursive(
    st.sampled_from(['"a"', '"ab"', '"x"i', "/b+/", "/[a-c]/i", "X", "Y", '"0".."9"']),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["?", "*", "+", "~2", "~0..2"])).map(lambda p: f"({p[0]}){p[1]}"),
        inner.map(lambda part: f"[{part}]"),
        st.lists(inner, min_size=1, max_size=3).map(" ".join).map(lambda part: f"({part})"),
        st.lists(inner, min_size=1, max_size=3).map(" | ".join),
    ),
    max_leaves=6,
)


@given(TERMINALS, TERMINALS)
def test_random_terminals(first: str, second: str) -> None:
    assert agree(f'start: Z X "ab"\nZ: {first}\nY.3: {second}\nX: "x" | /yy?/') or "Y" in second
