"""Grammars in kernels: against the slow interpreter, Lark's own parsers and a plain CYK, and what defeats others."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from time import process_time

import lark
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lark.common import ParserConf
from lark.parsers.lalr_analysis import LALR_Analyzer

import maskwright as mw
from maskwright.grammar.cfg import tables, trie_places
from maskwright.grammar.cfg.byte_dfa import DEAD, ByteDfa
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.literals import literals_dfa
from maskwright.grammar.cfg.model import Grammar, Lexing, Rule, Terminal
from maskwright.grammar.errors import LimitExceeded, UnsatisfiableGrammar
from maskwright.grammar.limits import Budget, Limits

from . import python_sources as python
from .grammar_cases import VOCABULARY, Case, Pair, cases, constraint_of, grammar_of, judged, mask_of, texts_of

ASCII = [*range(128)]
SEEDS = st.integers(0, 1 << 16)


def examples(count: int) -> settings:
    unhealthy = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(max_examples=count, deadline=None, suppress_health_check=unhealthy)


def read(case: Case, lexing: Lexing) -> Grammar:
    try:
        grammar = grammar_of(case.text, "n0", lexing=lexing)
        constraint_of(grammar)  # all texts may be cut otherwise than the rules want
        return grammar
    except UnsatisfiableGrammar:
        assume(False)
        raise


# --- the slow interpreter


@examples(60)
@given(cases(), st.sampled_from(Lexing), SEEDS)
def test_kernels_and_interpreter_agree(case: Case, lexing: Lexing, seed: int) -> None:
    Pair(read(case, lexing)).walk(random.Random(seed), 8)


@examples(20)
@given(cases(), st.sampled_from(Lexing), SEEDS)
def test_masks_of_parts_of_large_vocabularies(case: Case, lexing: Lexing, seed: int) -> None:
    large, trie_places._LARGE = trie_places._LARGE, 6
    subtree, tables._LARGE_SUBTREE = tables._LARGE_SUBTREE, 1
    try:
        Pair(read(case, lexing)).walk(random.Random(seed), 8)
    finally:
        trie_places._LARGE, tables._LARGE_SUBTREE = large, subtree


@pytest.mark.parametrize(
    "text",
    [
        'start: "x" %json {"enum": [1, 12, "a", null]} T\nT: /[0-9a]+|;/',
        'start: (%json {"type": "number"} N)+\nN: "." | ";" | "e"\n%ignore " "',
        'start: %json {"type": "array", "items": {"type": "integer"}} | "[" "1" "]" "x"',
        'start: X %json {"type": "object"} Y\nX: "x" | "x{}y"\nY: "y" | "z"',
        'start: e\ne: e "+" e | %json {"const": {"a": 1}} | %json {"const": {"a": 2}} "!"',
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_values_inside_grammars(text: str, seed: int) -> None:
    form = Lark(text)
    Pair(read_form(form, Budget(Limits())), mw.compile(form, VOCABULARY)).walk(random.Random(seed), 20)


INDENTED = r"""
start: (_NEWLINE | line)*
line: "a" _NEWLINE | "if" "a" ":" _NEWLINE _INDENT line+ _DEDENT | "(" list? ")" _NEWLINE
list: "a" list | "(" list? ")"
_NEWLINE: /(\r?\n[\t ]*|#[^\n]*)+/
%ignore /[ \f]/
%declare _INDENT _DEDENT
"""


class Indenter(lark.indenter.PythonIndenter):
    """Python's, with tabs of four columns."""

    tab_len = 4


@pytest.mark.parametrize("seed", range(12))
def test_indentation(seed: int) -> None:
    grammar = grammar_of(INDENTED, indenter=Indenter())
    pair = Pair(grammar)
    for byte in b"if a:\n a\n if a :\n  a\n"[: seed * 2]:
        assert pair.accept(byte)
    pair.walk(random.Random(seed), 25)


NO_FURTHER_FEEDS = [
    'start: "a" _NL "b" "a" | "if" _NL _INDENT "a" _DEDENT\n_NL: /\\n */\n%declare _INDENT _DEDENT',
    'start: line+\nline: "a" _NL | "b" _NL _INDENT line+ _DEDENT\n_NL: /\\r?\\n[\\t ]*/\n%declare _INDENT _DEDENT',
    'start: line+\nline: "a" _NL | "b" _NL _INDENT line+ _DEDENT\n_NL: /\\n\\t*/\n%declare _INDENT _DEDENT',
    'start: line+\nline: "a" _NL | "(" _NL? ")" _NL | "b" _NL _INDENT line+ _DEDENT\n_NL: /\\n(  )*(a)?/\n'
    "%ignore / /\n%declare _INDENT _DEDENT",
    'start: line+\nline: "a" _NL | "b" _NL _INDENT line+ _DEDENT\n_NL: /(\\n *)(#\\n *)?/\n%declare _INDENT _DEDENT',
]
"""A line is what follows one line feed, so that too many columns cannot be made good."""


class TabsOfTwo(lark.indenter.Indenter):
    NL_type, INDENT_type, DEDENT_type = "_NL", "_INDENT", "_DEDENT"
    OPEN_PAREN_types: list[str] = ["LPAR"]  # noqa: RUF012 -- as in Lark
    CLOSE_PAREN_types: list[str] = ["RPAR"]  # noqa: RUF012
    tab_len = 2


@pytest.mark.parametrize("text", NO_FURTHER_FEEDS)
@pytest.mark.parametrize("seed", range(6))
def test_lines_keep_columns_that_are_right(text: str, seed: int) -> None:
    generator = random.Random(seed)
    pair = Pair(grammar_of(text, indenter=TabsOfTwo()))
    pair.walk(generator, 25)
    assert pair.interpreter.completion(pair.configuration, ASCII, 4000) is not None


def test_columns_that_no_block_has_are_refused() -> None:
    pair = Pair(grammar_of(NO_FURTHER_FEEDS[1], indenter=TabsOfTwo()))
    for byte in b"b\n  b\n    a\n":
        assert pair.accept(byte)
    assert pair.accept(ord(" "))  # of two
    assert pair.accept(ord(" "))
    assert pair.accept(ord("\t"))
    assert not pair.accept(ord(" "))
    assert not pair.accept(ord("\t"))
    assert Pair(grammar_of(NO_FURTHER_FEEDS[0], indenter=TabsOfTwo())).matcher.accept_tokens(list(b"a\n ")) == 2


# --- no dead ends


@examples(20)
@given(cases(), SEEDS)
def test_no_dead_ends(case: Case, seed: int) -> None:
    """Where every way to cut a text counts, no byte is read that nothing can follow."""
    grammar = read(case, Lexing.EVERY)
    assume(case.text.isascii() and all(dfa.guard is None for dfa in dfas(grammar).values()))
    pair = Pair(grammar)
    generator = random.Random(seed)
    for _ in range(4):
        try:
            assert pair.interpreter.completion(pair.configuration, ASCII, most=60) is not None
        except LimitExceeded:
            return
        allowed = [token for token in pair.check().tolist() if VOCABULARY.tokens[token].isascii()]
        if not allowed or len(pair.configuration) > 4:
            return
        pair.accept(generator.choice(allowed))


# --- other recognisers

SEPARATE = {"A": '"a"', "B": '"b"', "C": '"("', "D": '")"', "E": "/[0-9]/", "F": '"+"'}
"""Terminals that never match the same text, one never the beginning of another."""


@st.composite
def separate_rules(draw: st.DrawFn) -> str:
    size = draw(st.integers(1, 4))
    symbols = [f"n{number}" for number in range(size)] + draw(
        st.lists(st.sampled_from(sorted(SEPARATE)), min_size=1, max_size=3, unique=True)
    )
    expansion = st.lists(st.sampled_from(symbols), max_size=3).map(tuple)
    lines = [
        f"n{number}: " + " | ".join(" ".join(expansion) for expansion in alternatives)
        for number, alternatives in enumerate(
            draw(st.lists(st.lists(expansion, min_size=1, max_size=3, unique=True), min_size=size, max_size=size))
        )
    ]
    return "\n".join([*lines, *(f"{name}: {pattern}" for name, pattern in SEPARATE.items())])


@examples(40)
@given(separate_rules(), SEEDS)
def test_lark_earley_agrees(text: str, seed: int) -> None:
    try:
        constraint = constraint_of(grammar_of(text, "n0"))
    except UnsatisfiableGrammar:
        assume(False)
        return
    parser = lark.Lark(text, parser="earley", lexer="basic", start="n0")
    for content in [b"", *texts_of("ab()1+", seed, 25, 8), *members(constraint, seed)]:
        assert judged(constraint, content) == accepts(parser, content.decode()), content


@examples(60)
@given(cases(), SEEDS)
def test_lark_lalr_agrees(case: Case, seed: int) -> None:
    constraint = constraint_of(read(case, Lexing.LONGEST))
    parser = without_conflicts(case.text)
    assume(parser is not None)
    for content in [b"", *texts_of("ab(+)1.*/i f\u00e9", seed, 25, 6), *members(constraint, seed)]:
        text = content.decode("utf-8", "ignore")
        assert judged(constraint, text.encode()) == accepts(parser, text), text


def without_conflicts(text: str) -> lark.Lark | None:
    """Lark resolves conflicts by shifting, where all ways are followed here."""
    try:
        parser = lark.Lark(text, parser="lalr", start="n0")
        LALR_Analyzer(ParserConf(parser.rules, {}, ["n0"]), strict=True).compute_lalr()
    except lark.exceptions.GrammarError:
        return None
    return parser


def members(constraint: mw.Constraint, seed: int) -> Iterator[bytes]:
    """Texts that random walks write, mostly complete."""
    generator = random.Random(seed)
    for _ in range(6):
        matcher, content = constraint.matcher(), bytearray()
        for _ in range(12):
            allowed = [token for token in mask_of(matcher)[:128].nonzero()[0].tolist() if 32 <= token < 127]
            if not allowed or (matcher.is_accepting() and generator.random() < 0.4):
                break
            content.append(generator.choice(allowed))
            assert matcher.accept_token(content[-1])
        yield bytes(content)


def accepts(parser: lark.Lark | None, text: str) -> bool:
    assert parser is not None
    try:
        parser.parse(text)
    except lark.exceptions.LarkError:
        return False
    return True


@examples(60)
@given(cases(), SEEDS)
def test_scannerless_grammars_are_those_of_cyk(case: Case, seed: int) -> None:
    grammar = read(replace(case, ignored=None), Lexing.EVERY)
    assume(all(dfa.guard is None for dfa in dfas(grammar).values()))
    constraint = constraint_of(grammar)
    for content in [b"", *texts_of("ab(+)1.*/if", seed, 10, 5), *members(constraint, seed)]:
        assert judged(constraint, content) == derives(grammar, content), content


def dfas(grammar: Grammar) -> dict[int, ByteDfa]:
    return {
        t: terminal.content for t, terminal in enumerate(grammar.terminals) if isinstance(terminal.content, ByteDfa)
    }


def derives(grammar: Grammar, content: bytes) -> bool:
    """Cocke, Younger and Kasami, for rules of any length: the spans of each symbol, until nothing new comes."""
    size = len(content)
    spans: dict[int, set[tuple[int, int]]] = {~number: set() for number in range(len(grammar.nonterminals))}
    for terminal, dfa in dfas(grammar).items():
        spans[terminal] = set()
        for start in range(size + 1):
            state = dfa.start
            for end in range(start, size + 1):
                if dfa.endings[state]:
                    spans[terminal].add((start, end))
                state = int(dfa.transitions[state, content[end]]) if end < size else DEAD
    changed = True
    while changed:
        changed = False
        for rule in grammar.rules:
            reached = {(start, start) for start in range(size + 1)}
            for symbol in rule.expansion:
                reached = {(a, d) for a, b in reached for c, d in spans[symbol] if b == c}
            changed |= not reached <= spans[~rule.origin]
            spans[~rule.origin] |= reached
    return (0, size) in spans[~grammar.start]


# --- what defeats others


@pytest.mark.parametrize(
    ("text", "content", "accepted"),
    [
        ('start: STEM "ed"\nSTEM: "list"|"listen"', "listed", True),
        ('start: STEM "ed"\nSTEM: "list"|"listen"', "listened", True),
        ('start: STEM "ed"\nSTEM: "list"|"listen"', "listen", False),
        ('start: s\ns: "if" s | "if" s "else" s | "x"\n%ignore " "', "if if x else x else x", True),
        ('start: s\ns: "if" s | "if" s "else" s | "x"\n%ignore " "', "if x else x else x", False),
        ("COMMENT", "a /*b", True),
        ("COMMENT", "a /*b*/", True),
        ("COMMENT", "a /*b*/ b", False),
        ("COMMENT", "a /*b*//b", True),
        ("start: NUMBER NAME\nNUMBER: /[0-9]+(\\.[0-9]*)?/\nNAME: /[a-z]+/", "1.a", True),
        ("start: NUMBER DOT NAME\nNUMBER: /[0-9]+(\\.[0-9]+)?/\nNAME: /[a-z]+/\nDOT: /\\./", "1.a", True),
        ("start: NUMBER DOT NAME\nNUMBER: /[0-9]+(\\.[0-9]*)?/\nNAME: /[a-z]+/\nDOT: /\\./", "1.a", False),
    ],
)
def test_traps(text: str, content: str, accepted: bool) -> None:
    comment = 'start: e\ne: "a" | "b" | e "/" e | "*" e\n%ignore " "\nC: /\\/\\*.*?\\*\\//\n%ignore C'
    constraint = constraint_of(grammar_of(comment if text == "COMMENT" else text))
    assert judged(constraint, content.encode()) == accepted


def test_many_alternatives() -> None:
    words = [f"word{number}" for number in range(2500)]
    terminals = tuple(Terminal(word, literals_dfa([word.encode()]), -len(word)) for word in words)
    rules = tuple(Rule(0, (number,)) for number in range(len(words)))
    constraint = constraint_of(Grammar(terminals, ("start",), rules, 0))
    assert judged(constraint, b"word2499")
    assert not judged(constraint, b"word2500")


@pytest.mark.parametrize("rule", ['l "a" | "a"', '"a" l | "a"', '"a" l "a" | "a"', 'l l "a" | "a"', '| l "a"'])
def test_deep_recursion(rule: str) -> None:
    count = 10_001 if " l l" not in f" {rule}" else 101
    constraint = constraint_of(grammar_of(f"start: l\nl: {rule}"))
    assert judged(constraint, b"a" * count)


def test_palindromes() -> None:
    constraint = constraint_of(grammar_of('start: ("a" start "a" | "b" start "b" | "a" | "b")?'))
    for length in range(8):
        for letters in itertools.product(b"ab", repeat=length):
            assert judged(constraint, bytes(letters)) == (letters == letters[::-1])
    assert judged(constraint, b"ab" * 100 + b"ba" * 100)


def test_time_and_memory_of_doubling_parses() -> None:
    """A text of n characters has as many parses as there are binary trees; it takes n ** 3 steps, and n ** 2 memory."""
    matcher = constraint_of(grammar_of('start: e\ne: e e | "a"')).matcher()
    began = process_time()
    assert matcher.accept_tokens([ord("a")] * 300) == 300
    assert matcher.is_accepting()
    assert process_time() - began < 20
    assert len(matcher._arena) < 40 * 300**2


# --- Python


def test_files_of_the_standard_library() -> None:
    """As Lark judges them; ``scripts/conformance grammars`` takes all of them."""
    files = python.files(every=40, largest=30_000)
    assert len(files) > 20
    for path in files:
        text = python.text_of(path)
        assert text is None or python.is_accepted(text) == python.lark_accepts(text), path


def test_changed_files_of_the_standard_library() -> None:
    generator = random.Random(5)
    texts = [text for path in python.files(every=9, largest=3000) if (text := python.text_of(path))]
    for _ in range(100):
        text = python.mutant(generator.choice(texts), generator)
        assert python.is_accepted(text) == python.lark_accepts(text), text
