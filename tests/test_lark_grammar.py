"""Lark grammars: against Lark's own lexer and rules, and the errors that a user sees."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from pathlib import Path
from time import process_time

import lark
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark.indenter import Indenter, PythonIndenter

from maskwright.grammar.cfg.analysis import without_empty
from maskwright.grammar.cfg.byte_dfa import ByteDfa, longest_match
from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.lark_grammar import read_lark
from maskwright.grammar.cfg.model import Embedded, Grammar, SpecialToken, Supplied
from maskwright.grammar.errors import InvalidGrammar, MaskwrightError, UnsatisfiableGrammar, UnsupportedPattern
from maskwright.grammar.limits import Budget

from .grammar_cases import refusal

PYTHON = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text()


def read(text: str, start: str = "start", indenter: object = None) -> Grammar:
    return read_lark(Lark(text, start, indenter), Budget())


def number_of(grammar: Grammar, name: str) -> int:
    return next(number for number, terminal in enumerate(grammar.terminals) if terminal.name == name)


def lexed(grammar: Grammar, text: str) -> list[tuple[str, str]] | None:
    """What a lexer that knows all terminals makes of ``text``; ``None`` where none matches."""
    data, place, found = text.encode(), 0, []
    everything = frozenset(range(len(grammar.terminals)))
    while place < len(data):
        for number in sorted(everything, key=lambda number: grammar.terminals[number].rank):
            terminal = grammar.terminals[number]
            if isinstance(terminal.content, ByteDfa) and not terminal.keyword_only:
                end = longest_match(terminal.content, data[place:])
                if end is not None:
                    break
        else:
            return None
        value = data[place : place + end]
        keyword = terminal.keywords.get(value)
        for other in terminal.folded_keywords if keyword is None else ():
            content = grammar.terminals[other].content
            if isinstance(content, ByteDfa) and longest_match(content, value) == len(value):
                keyword = other
                break
        if number not in grammar.ignored:
            found.append((grammar.terminals[keyword if keyword is not None else number].name, value.decode()))
        place += end
    return found


def lexed_by_lark(text: str, document: str) -> list[tuple[str, str]] | None:
    parser = lark.Lark(text, parser="lalr", lexer="basic")
    shown = {terminal.name: terminal.user_repr() for terminal in parser.terminals}
    try:
        return [(shown[token.type], str(token)) for token in parser.lex(document)]
    except lark.exceptions.UnexpectedCharacters:
        return None


LEXERS = {
    "keywords": 'start: (NAME | "if" | "in" | INT | "i")*\nNAME: /[a-z]+/\nINT: /[0-9]+/\n%ignore " "\n',
    "folded": (
        'start: (NAME | "select"i | "as"i | "AS" | NUMBER)*\n'
        "NAME: /[a-zA-Z]+/\nNUMBER: /[0-9]+(\\.[0-9]+)?/\n%ignore /\\s/\n"
    ),
    "both fold": 'start: (NAME | "if"i)*\nNAME: /[a-z]+/i\n%ignore /\\s/\n',
    "priority": 'start: (A | B | "ab")*\nA.2: /a+/\nB: /[ab]+/\n',
    "width": 'start: (A | B | C)*\nA: /a{1,3}/\nB: /[ab]{2}/\nC: "aab" | "b"\n',
    "ignored keyword": 'start: ("if" | "x1")*\n%ignore /[a-z]+/\n%ignore /[0-9 ]/\n',
    "same length": 'start: (A | B | "aa")*\nA: /a./\nB: /.a/\n',
    "shadowed": 'start: (A | "b" | "B"i)*\nA: /[ab]/\n',
}


@pytest.mark.parametrize("name", LEXERS)
@given(st.data())
def test_lexes_as_lark(name: str, data: st.DataObject) -> None:
    text = LEXERS[name]
    pieces = [
        "if",
        "in",
        "i",
        "IF",
        "If",
        "select",
        "SELECT",
        "as",
        "AS",
        "As",
        "a",
        "b",
        "aab",
        "ba",
        "x1",
        "1",
        "1.",
        ".5",
        " ",
    ]
    document = "".join(data.draw(st.lists(st.sampled_from(pieces), max_size=6)))
    assert lexed(read(text), document) == lexed_by_lark(text, document)


def test_python() -> None:
    grammar = read(PYTHON, "file_input", PythonIndenter)
    names = [terminal.name for terminal in grammar.terminals]
    reference = lark.Lark(PYTHON, parser="lalr", start="file_input", postlex=PythonIndenter(), maybe_placeholders=False)
    assert sorted([*(t.user_repr() for t in reference.terminals), "_INDENT", "_DEDENT"]) == sorted(names)
    assert len(grammar.rules) == len(reference.rules)
    assert grammar.indentation is not None
    assert names[grammar.indentation.newline] == "_NEWLINE"
    assert isinstance(grammar.terminals[grammar.indentation.dedent].content, Supplied)
    assert {names[number] for number in grammar.indentation.openers} == {"LPAR", "LSQB", "LBRACE"}
    assert grammar.indentation.tab_columns == 8
    keyword = grammar.terminals[number_of(grammar, "NAME")].keywords[b"while"]
    assert names[keyword] == "WHILE"
    assert not without_empty(grammar)[0].terminals[keyword].keywords


# --- beyond Lark

MIXED = """
start: "call" %json {
    "type": "object"   }   tail | %regex /[a-z]+!/i rest  // %json in a comment
tail: TAIL
TAIL.2: %json {"a":
   [1]}   # and on
WORDS: %regex {"substring_words": "to be or not"}
rest: "%json" | /%json/ | WORDS
"""


def test_embedded() -> None:
    grammar = read(MIXED)
    found = {terminal.name: terminal.content for terminal in grammar.terminals}
    assert [name for name in found if name.startswith("%")] == [
        "%json (line 2, column 15)",
        "%regex (line 3, column 35)",
    ]
    first = found["%json (line 2, column 15)"]
    assert isinstance(first, Embedded)
    assert (first.specification, first.place) == ({"type": "object"}, "line 2, column 15")
    tail = found["TAIL"]
    assert isinstance(tail, Embedded)
    assert tail.specification == {"a": [1]}
    assert grammar.terminals[number_of(grammar, "TAIL")].rank == 0
    pattern = found["%regex (line 3, column 35)"]
    assert isinstance(pattern, ByteDfa)
    assert longest_match(pattern, b"Hello!") == 6
    words = found["WORDS"]
    assert isinstance(words, ByteDfa)
    assert longest_match(words, b"be or not") == 9
    assert longest_match(words, b"to or") == 3


def test_special_tokens() -> None:
    grammar = read('start: <|call|> "(" <|end|> | END # <not>\nEND: <|end|>\n')
    tokens = [terminal.content.name for terminal in grammar.terminals if isinstance(terminal.content, SpecialToken)]
    assert sorted(tokens) == ["<|call|>", "<|end|>", "<|end|>"]
    with pytest.raises(InvalidGrammar, match="no part of one at line 2, column 8"):
        read('start: A\nA: "x" <|end|>\n')


@pytest.mark.parametrize("spaces", ["", "  "])
def test_places_stay(spaces: str) -> None:
    text = f'start: %json {{\n "type":\n  "null" {spaces}}} "x" ?? oops\n'
    with pytest.raises(InvalidGrammar) as caught:
        read(text)
    line = text.split("\n")[2]
    assert (caught.value.line, caught.value.column, caught.value.excerpt) == (3, line.index("??") + 2, line)


# --- imports


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "numbers.lark").write_text('INT: /[0-9]+/\nsum: INT (plus INT)*\nplus: PLUS\nPLUS: "+"\n')
    main = tmp_path / "main.lark"
    main.write_text('%import .numbers.sum\n%import common.WS\n%ignore WS\nstart: sum "!"\n')
    grammar = read_lark(Lark(main), Budget())
    assert [grammar.terminals[number].name for number in grammar.ignored] == ["WS"]
    assert "BANG" in {terminal.name for terminal in grammar.terminals}
    main.write_text("%import .nowhere.sum\nstart: sum\n")
    with pytest.raises(InvalidGrammar, match=r"main.lark:1:1: .*nowhere.lark cannot be imported"):
        read_lark(Lark(main), Budget())
    with pytest.raises(InvalidGrammar, match=r"cannot read .*none.lark"):
        read_lark(Lark(tmp_path / "none.lark"), Budget())
    with pytest.raises(InvalidGrammar, match="is no text"):
        read_lark(Lark(7), Budget())  # type: ignore[arg-type]
    (tmp_path / "broken.lark").write_text("\n\nsum: (\n")
    main.write_text("%import .broken.sum\nstart: sum\n")
    with pytest.raises(InvalidGrammar, match=r"^broken.lark:3:7: "):
        read_lark(Lark(main), Budget())


def test_override_and_extend() -> None:
    text = '%import common.INT\n%override INT: "7"\n%extend start: "x"\nstart: INT\n'
    with pytest.raises(InvalidGrammar, match="extend rule start"):
        read(text)
    grammar = read('%import common.INT\n%override INT: "7"\nstart: INT\n%extend start: "x"\n')
    assert {terminal.name for terminal in grammar.terminals} == {"INT", "X"}
    assert len(grammar.rules) == 2


def test_templates() -> None:
    grammar = read('start: list{"a"} list{"b"}\nlist{x}: x ("," x)*\n')
    assert {"list{A}", "list{B}"} <= set(grammar.nonterminals)


# --- errors

ERRORS = {
    "undefined rule": ('start: "a"\n  | b\n', "Rule 'b' used but not defined", (2, 5)),
    "undefined terminal": ("start: A\nA: B\n", "Terminal used but not defined: B", (2, 4)),
    "twice": ('start: "a"\nstart: "b"\n', "'start' defined more than once", (2, 1)),
    "parenthesis": ("start: (\n", "Unclosed parenthesis", (1, 9)),
    "unclosed text": ('start: "a" "b\n', "cannot stand here", (1, 12)),
    "no start": ('begin: "a"\n', "no rule is called 'start'; rules are begin", (0, 0)),
    "template": ('start: t{"a","b"}\nt{x}: x\n', "Wrong number of template arguments", (1, 8)),
    "declared rule": ("%declare x\nstart: x\n", "the rule 'x' is declared, but not defined", (1, 10)),
    "no arguments": ("start: t\nt{x}: x\n", "the template t is used without arguments", (2, 1)),
    "escapes": ('start: "\\xq"\n', "the escapes are broken", (1, 9)),
    "declared": ("%declare X\nstart: X\n", "the terminal X is declared", (1, 10)),
    "indent": ("%declare _INDENT\nstart: _INDENT\n", "pass an indenter", (1, 10)),
    "rule in terminal": ('start: A\nA: b\nb: "b"\n', "Rules aren't allowed inside terminals", (3, 1)),
    "recursive terminal": ('start: A\nA: A "b"\n', "Recursion in terminal 'A'", (2, 1)),
    "empty ignored": ('start: "x"\n%ignore A\nA: " "?\n', "may match nothing at all", (3, 1)),
    "empty before": ("start: A\nA: /a*(?=b)/\n", "nothing at all, depending on what follows", (2, 1)),
    "empty text": ('start: A\nA: ""\n', "Empty terminals are not allowed", (2, 4)),
    "broken pattern": ("start: A\nA: /(/\n", "pattern of the terminal A is broken", (2, 1)),
    "unclosed class": ("start: /[pq/\n", "/[pq/ is broken: unterminated", (1, 8)),
    "broken repetition": ('start: A\nA: "k" | /m{3,1}/\n', "/m{3,1}/ is broken: min repeat", (2, 10)),
    "broken group": ('start: A\nA: ("k" | /m(/) ~ 2\n', "/m(/ is broken: missing )", (2, 11)),
    "huge repetition": ("start: /b{99999999999}/\n", "repetition number is too large", (1, 8)),
    "flag": ("start: /q+/l\n", "there is no flag l of texts", (1, 8)),
    "flag in a row": ('start: A\nA: ("k" | /q+/l)\n', "there is no flag l of texts", (2, 11)),
    "backward range": ('start: "p".."c"\n', 'the range "p".."c" ends before it begins', (1, 8)),
    "surrogate": ('start: "\\ud800"\n', "surrogate", (1, 8)),
    "network": ("%import nowhere.X\nstart: X\n", "Lark has no grammar nowhere.lark", (1, 1)),
    "beside nothing": ("%import .nowhere.X\nstart: X\n", "beside a text that has no place", (1, 1)),
    "not in library": ("%import common.NOPE\nstart: NOPE\n", "'NOPE' used but not defined", (1, 16)),
    "broken JSON": ('start: %json {"a":\n 1,}\n', "the JSON is broken", (2, 4)),
    "no schema": ("start: %json [1]\n", "%json takes no such value", (1, 14)),
    "JSON in terminal": ('start: A\nA: "x" %json {}\n', "no part of one", (2, 8)),
    "part of terminal": ('start: A B\nA: %regex /a/\nB: A "x"\n', "can be no part of another", (3, 4)),
    "no pattern": ("start: %regex x\n", "%regex has no pattern", (1, 15)),
    "unknown flag": ("start: %regex /a/x\n", "%regex knows no such flag", (1, 18)),
    "unknown key": ('start: %regex {"substring": "a"}\n', "substring_words", (1, 8)),
    "outside": ('%json {}\nstart: "a"\n', "outside of rules and terminals", (1, 1)),
    "alias": ('start: "a" ->\n', "Alias expects lowercase name", (1, 14)),
    "override": ('start: "a"\n%override c: "x"\n', "Cannot override", (2, 11)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    text, said, place = ERRORS[name]
    error = refusal(lambda: read(text), said, place)
    if place != (0, 0):
        assert error.excerpt == text.split("\n")[place[0] - 1]
        assert str(error).split("\n")[2] == "    " + " " * (place[1] - 1) + "^"


def test_expected() -> None:
    with pytest.raises(InvalidGrammar) as caught:
        read('start "a"\n')
    assert set(caught.value.expected) >= {":", "{"}


def test_unsatisfiable() -> None:
    with pytest.raises(UnsatisfiableGrammar, match="start, x never end"):
        read('start: "a" x\nx: "b" start\n')


def test_notes() -> None:
    notes = read('start: "a"\nlost: "b" | lost2\nlost2: lost\nNEVER: "c"\n').notes
    assert "the rule lost cannot be reached from start" in notes
    assert "the terminal NEVER is not used" in notes
    notes = read('start: "a" | x\nx: "b" x\n').notes
    assert notes == ("the rule x derives no text",)


class _Own(PythonIndenter):
    def handle_NL(self, token: lark.Token):  # type: ignore[no-untyped-def]  # noqa: N802
        yield token


@pytest.mark.parametrize(
    ("indenter", "said"), [(_Own(), "handle_NL"), (_Own, "handle_NL"), (Indenter, "no "), (7, "none")]
)
def test_refused_indenters(indenter: object, said: str) -> None:
    with pytest.raises(InvalidGrammar, match=said):
        read(PYTHON, "file_input", indenter)


# --- sizes


def sequences(grammar: Grammar, longest: int) -> set[tuple[str, ...]]:
    """The short texts of terminals that the start derives."""
    found: list[set[tuple[str, ...]]] = [set() for _ in grammar.nonterminals]
    grown = True
    while grown:
        grown = False
        for rule in grammar.rules:
            derived: set[tuple[str, ...]] = {()}
            for symbol in rule.expansion:
                options = {(grammar.terminals[symbol].name,)} if symbol >= 0 else found[~symbol]
                derived = {x + y for x, y in product(derived, options) if len(x) + len(y) <= longest}
            grown = grown or not derived <= found[rule.origin]
            found[rule.origin] |= derived
    return found[grammar.start]


SMALL = [
    'start: "a"? "b"? ("c" | "d")~0..2',
    'start: ("a" | "b" "c")~2..3 "d"~1',
    'start: ["a" ("b" | "c")?] x+\nx: ("d" | "e"?)~2',
]


@pytest.mark.parametrize("text", SMALL)
def test_groups_of_their_own_change_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = read(text)
    monkeypatch.setattr("maskwright.grammar.cfg.lark_expansion.MANY", 1)
    grouped = read(text)
    assert len(grouped.nonterminals) > len(plain.nonterminals)
    assert sequences(grouped, 4) == sequences(plain, 4)


@pytest.mark.parametrize(
    "text",
    [
        "start: " + " ".join(f'"a{number}"?' for number in range(25)),
        'start: ("a" | "b")~20 ("c" | "d" | "e"~1..3)~0..1000',
        "start: " + " | ".join(f'"word{number}"' for number in range(2500)),
    ],
)
def test_no_explosion(text: str) -> None:
    began = process_time()
    proper, _ = without_empty(read(text))
    assert len(proper.rules) <= 2500
    assert process_time() - began < 5


def test_patterns_out_of_reach() -> None:
    with pytest.raises(UnsupportedPattern, match="in the terminal A"):
        read("start: A\nA: /(a|b)\\1/\n")


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(st.text(alphabet='ab:|()[]{}"/%~?*+-> \n.,jsonregx0', max_size=30))
def test_hostile_texts(text: str) -> None:
    for whole in (text, f"start: {text}", f'start: "a" {text}\n'):
        with suppress(MaskwrightError):
            read(whole)
