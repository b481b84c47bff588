"""Rules of Lark grammars, the empty text taken out, against Lark's own parser: sequences of terminals, some spoilt."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark.indenter import PythonIndenter

from maskwright.grammar.cfg.analysis import without_empty
from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.lark_grammar import read_lark
from maskwright.grammar.cfg.model import Grammar
from maskwright.grammar.limits import Budget

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
OWN = Path(lark.__file__).parent / "grammars"

CASES: dict[str, tuple[Path, str, str]] = {
    "arithmetic": (EXAMPLES / "arithmetic.lark", "start", "f(1, -x ^ 2) * (3 % y)"),
    "json": (EXAMPLES / "json.lark", "start", '{"a": [1, true, null], "b": {}, "c": "d"}'),
    "sql": (
        EXAMPLES / "sql.lark",
        "start",
        "select distinct a.b, count(*) n from s.a left join c on a.x = c.y where not x is null "
        "and y between 1 and 2 or z in (select 1) group by a order by n desc limit 10;",
    ),
    "c": (
        EXAMPLES / "c.lark",
        "start",
        "static int f(struct s *a, int b[3]) { for (int i = 0; i < b[0]; i++) if (a->x) return (int) *a; else b++; }",
    ),
    "lark": (OWN / "lark.lark", "start", 'a{b}: b~1..2 (c | "d")? -> e\n%import common.X\n%ignore X\nY.2: /z/\n'),
    "python": (
        OWN / "python.lark",
        "file_input",
        "@d\ndef f(a, *b, c=1):\n    if a: return [x for x in b if not x]\n    while x.y[0](): pass\nz = lambda: -1\n",
    ),
}


@cache
def read(name: str) -> tuple[lark.Lark, Grammar, dict[str, int], tuple[str, ...]]:
    """Lark's parser, the grammar, its terminals by Lark's names, and the terminals of the sample."""
    path, start, sample = CASES[name]
    indenter = PythonIndenter() if name == "python" else None
    parser = lark.Lark(path.read_text(), parser="lalr", start=start, postlex=indenter, source_path=str(path))
    grammar, _ = without_empty(read_lark(Lark(path, start, indenter), Budget()))
    numbers = {terminal.name: number for number, terminal in enumerate(grammar.terminals)}
    numbers.update({terminal.name: numbers[terminal.user_repr()] for terminal in parser.terminals})
    tokens = parser.parse_interactive(sample).exhaust_lexer()
    names = [token.type for token in tokens]
    assert parses(parser, names)
    return parser, grammar, numbers, tuple(names)


def derives(grammar: Grammar, text: list[int]) -> bool:
    """Earley's recogniser, for a grammar without empty rules."""
    rules = defaultdict(list)
    for rule in grammar.rules:
        rules[rule.origin].append(rule.expansion)
    columns: list[dict[tuple[int, tuple[int, ...], int, int], None]] = [{} for _ in range(len(text) + 1)]
    columns[0] = {(grammar.start, expansion, 0, 0): None for expansion in rules[grammar.start]}
    for place, column in enumerate(columns):
        queue = list(column)
        for origin, expansion, dot, first in queue:
            if dot == len(expansion):
                found = [(o, e, d + 1, f) for o, e, d, f in columns[first] if d < len(e) and e[d] == ~origin]
            elif expansion[dot] < 0:
                found = [(~expansion[dot], other, 0, place) for other in rules[~expansion[dot]]]
            else:
                if place < len(text) and text[place] == expansion[dot]:
                    columns[place + 1][origin, expansion, dot + 1, first] = None
                continue
            new = [item for item in found if item not in column]
            column.update(dict.fromkeys(new))
            queue.extend(dict.fromkeys(new))
    return any(o == grammar.start and d == len(e) and f == 0 for o, e, d, f in columns[-1])


def parses(parser: lark.Lark, text: list[str]) -> bool:
    interactive = parser.parse_interactive("")
    try:
        for name in text:
            interactive.feed_token(lark.Token(name, ""))
        interactive.feed_eof()
    except lark.exceptions.UnexpectedToken:
        return False
    return True


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=40)
@given(st.data())
def test_agrees_with_lark(name: str, data: st.DataObject) -> None:
    parser, grammar, numbers, sample = read(name)
    text = list(sample)
    names = sorted({*sample, *(terminal.name for terminal in parser.terminals)} - set(parser.ignore_tokens))
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(text) - 1))
        width = data.draw(st.integers(0, 1))
        text[place : place + width] = data.draw(st.lists(st.sampled_from(names), max_size=1))
    assert derives(grammar, [numbers[token] for token in text]) == parses(parser, text)
