"""Terminals in Python's regular expressions against ``re.match`` itself."""

from __future__ import annotations

import inspect
import io
import keyword
import re
import textwrap
import tokenize
from functools import cache
from itertools import accumulate
from math import inf
from pathlib import Path
from types import ModuleType

import interegular
import lark
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark.lexer import PatternRE
from lark.load_grammar import load_grammar

from maskwright.grammar.cfg.byte_dfa import DEAD, ByteDfa, longest_match
from maskwright.grammar.cfg.python_pattern import python_pattern_dfa
from maskwright.grammar.cfg.python_sets import category, ignoring_case
from maskwright.grammar.charset import LAST, CharSet, char_set
from maskwright.grammar.errors import InvalidPattern, LimitExceeded, UnsupportedPattern
from maskwright.grammar.limits import Budget, Limits

BUDGET = Budget(Limits(compile_seconds=inf))
GRAMMARS = Path(lark.__file__).parent / "grammars"


def compiled(pattern: str, flags: str = "") -> ByteDfa:
    return python_pattern_dfa(pattern, frozenset(flags), BUDGET)


def expected(pattern: str, flags: str, text: str) -> int | None:
    match = re.match(f"(?{flags}:{pattern})" if flags else pattern, text)
    return None if match is None else len(text[: match.end()].encode())


def assert_agrees(pattern: str, flags: str, *texts: str) -> None:
    dfa = compiled(pattern, flags)
    for text in texts:
        assert longest_match(dfa, text.encode()) == expected(pattern, flags, text), (pattern, flags, text)


def assert_sound(dfa: ByteDfa) -> None:
    """Shapes, and every state leads to a match."""
    states = len(dfa.transitions)
    assert dfa.transitions.shape == (states, 256)
    assert dfa.transitions.dtype == np.int32
    assert not dfa.transitions[DEAD].any()
    assert len(dfa.decided) == len(dfa.endings) == states
    alive = dfa.decided | np.array([bool(endings) for endings in dfa.endings])
    if dfa.decided_at_end is not None:
        alive |= dfa.decided_at_end
    for _ in range(states):
        alive |= alive[dfa.transitions].any(axis=1)
    assert alive[1:].all()
    assert not alive[DEAD]


# --- cases

CASES = [
    (r"a|ab", "", ["ab", "a", "b"]),
    (r"ab|a", "", ["ab", "ac", "a"]),
    (r"a*?b", "", ["aab", "b", "aa"]),
    (r"a+?", "", ["aaa"]),
    (r"(a|ab)(c|bcd)(d*)", "", ["abcd", "abcdd", "acd"]),
    (r"a++b|a", "", ["aab", "aa", "ab", "a"]),
    (r"(?>a|ab)c", "", ["abc", "ac"]),
    (r"(?>a+|b)c?a", "", ["aa", "aca", "ba", "bca", "aaca"]),
    (r"(?:(?>a*)b|a)+", "", ["aab", "aaba", "aa", "abaab"]),
    (r"0(?![1-9])", "", ["0", "00", "01", "0x", "0\u00e9"]),
    (r"a(?=b|$)", "", ["a", "ab", "a\n", "a\nb", "ac"]),
    (r"a$", "m", ["a", "a\n", "a\nb", "ab"]),
    (r"a\Z", "", ["a", "a\n"]),
    (r"(?!(?:if|else)\b)[a-z]+\b", "", ["if", "ifx", "if1", "else ", "elsewhere", "foo", "foo_", "foo\u00e9"]),
    (r"a\Bb\b", "", ["ab", "abc", "ab "]),
    (r"a\b.", "", ["ab", "a ", "a\u00e9"]),
    (r"a\b.", "a", ["ab", "a ", "a\u00e9"]),
    (r"a(?<!b)\n^b", "m", ["a\nb", "ab"]),
    (r"a(?<=a)b(?<=ab)", "", ["ab"]),
    (r"ab(?=$)|a", "", ["ab", "abc", "ab\n", "a"]),
    (r"ab(?!cd)|a", "", ["ab", "abc", "abcd", "abce"]),
    (r"a(?:b(?!c)|)", "", ["ab", "abc", "a"]),
    (r"a(?=(b*)c)b?", "", ["abbc", "abb", "ac"]),
    (r"a(?!(?=bc)b)b?", "", ["abc", "abd", "a"]),
    (r"a(?:|b)*c?", "", ["abbc", "ac", "a"]),
    (r"(?:a?)*?b", "", ["aab", "b"]),
    (r"(?i:stra\u00dfe)k", "", ["STRA\u1e9eEk", "stra\u00dfek", "\u017ftra\u00dfek"]),
    (r"[k-m]\u212a[^s]", "i", ["KK\u017f", "\u212akx", "lKS"]),
    (r"x[\w\u03b9]\S?", "i", ["x\u0345", "x\u1fbe", "xa\u0345"]),
    (r"x[\wA]", "i", ["x\u0345", "xa"]),
    (r"\w+(?#comment)", "", ["\u540d\u524dx1 ", "\U0001f600", "e\u0301"]),
    ("a b # c\n", "x", ["ab", "a b"]),
    (r"a.b", "s", ["a\nb", "axb"]),
    (r"[^\W\d]\w*", "", ["abc1 x", "1a", "\u00e9a\u20ac", "_"]),
    (r"a{2,3}?a{1,2}+a", "", ["aaaa", "aaaaa", "aaaaaa", "aaa"]),
    (r"(?:ab){2,}", "", ["ababab", "ab", "ababa"]),
    (r"a(?!)|b", "", ["a", "b"]),
]


@pytest.mark.parametrize(("pattern", "flags", "texts"), CASES, ids=[case[0] for case in CASES])
def test_cases(pattern: str, flags: str, texts: list[str]) -> None:
    assert_sound(compiled(pattern, flags))
    assert_agrees(pattern, flags, *texts)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (r"(a)\1", "back-reference"),
        (r"(?P<x>a)(?P=x)", "back-reference"),
        (r"(a)?b(?(1)c|d)", "condition on group 1"),
        (r"\bif\b", r"\\b"),
        (r"^a", r"\^"),
        (r"\Aa", "A in"),
        (r"(?<!\w)a", r"look-behind \(\?<!"),
        (r"a(?<=(?=b)a)", "inside a look-behind"),
        (r"a(?<=(?>ba))", "inside a look-behind"),
    ],
)
def test_what_is_not_supported(pattern: str, names: str) -> None:
    with pytest.raises(UnsupportedPattern, match=names) as raised:
        compiled(pattern)
    assert raised.value.remedy


@pytest.mark.parametrize("pattern", ["a*", "", "(?=a)", "a(", "[b-a]", "a(?<=b*)", r"(?P<x>a)(?P<x>b)"])
def test_invalid_patterns(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compiled(pattern)


def test_limits() -> None:
    with pytest.raises(LimitExceeded):
        python_pattern_dfa("(a|b)*a(a|b){12}c", frozenset(), Budget(Limits(states=1000)))
    with pytest.raises(LimitExceeded):
        compiled("(" * 5000 + "a" + ")" * 5000)
    with pytest.raises(LimitExceeded, match="look-aheads"):
        compiled("(?!" + "|".join(f"(?=.*a{i}b)(?=.*b{i}a)" for i in range(15)) + ").+")
    with pytest.raises(LimitExceeded):
        python_pattern_dfa("(a?){2000}b", frozenset(), Budget(Limits(compile_seconds=0.05)))


# --- sets


EVERYTHING = "".join(map(chr, range(LAST + 1)))


def matched(expression: str, flags: int) -> CharSet:
    """The code points that ``re`` says ``expression`` matches."""
    return char_set((match.start(), match.end() - 1) for match in re.finditer(f"(?:{expression})+", EVERYTHING, flags))


@pytest.mark.parametrize("flags", [0, re.ASCII])
@pytest.mark.parametrize("letter", list("dDwWsS"))
def test_categories(letter: str, flags: int) -> None:
    assert category(letter, bool(flags)) == matched(f"\\{letter}", flags)


@pytest.mark.parametrize("flags", [0, re.ASCII])
@pytest.mark.parametrize(
    "inside", ["a-z", "i", "s-t", "k0-9", "J-S", "\u00e5", "\u0131", "\u03c3-\u03d5", "\u1e9e\ufb05", "A\u01c5"]
)
def test_ignoring_case(inside: str, flags: int) -> None:
    chars = matched(f"[{inside}]", flags)
    assert ignoring_case(chars, bool(flags)) == matched(f"[{inside}]", flags | re.IGNORECASE)


# --- random patterns

LETTERS = st.sampled_from(
    ["a", "b", "c", "ab", ".", "[ab]", "[^a]", r"\w", r"\W", r"\s", "\u00e9", "[a-c\u00e9]", r"\n"]
)
QUANTIFIERS = st.sampled_from(["?", "*", "+", "??", "*?", "+?", "?+", "*+", "++", "{2}", "{1,2}", "{1,2}?", "{0,2}+"])
EDGES = st.sampled_from([r"\b", r"\B", "$", r"\Z", "^", "(?<=a)", "(?<!b)", "(?<=[ab]b)", "(?<!ab)"])
WRAPPERS = st.sampled_from(["(?:{})", "({})", "(?>{})", "(?={})", "(?!{})", "(?i:{})", "(?s:{})", "(?m:{})"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(WRAPPERS, inner).map(lambda pair: pair[0].format(pair[1])),
        st.tuples(inner, QUANTIFIERS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


PATTERNS = st.recursive(st.one_of(LETTERS, LETTERS, LETTERS, EDGES), larger, max_leaves=8)
TEXTS = st.lists(st.text("abc \u00e9\n", max_size=8), min_size=4, max_size=12)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(PATTERNS, PATTERNS, st.sampled_from(["", "", "i", "m", "s", "a", "ms"]), TEXTS)
def test_random_patterns(start: str, pattern: str, flags: str, texts: list[str]) -> None:
    pattern = f"(?:[abc\u00e9 ]|{start}){pattern}"
    try:
        dfa = compiled(pattern, flags)
    except (InvalidPattern, UnsupportedPattern):
        return
    assert_sound(dfa)
    for text in texts:
        assert longest_match(dfa, text.encode()) == expected(pattern, flags, text), (pattern, flags, text)


PLAIN = st.recursive(
    st.sampled_from(["a", "b", "ab", ".", "[ab]", "[^a]", "\u00e9"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(PLAIN, TEXTS)
def test_whole_texts_against_interegular(pattern: str, texts: list[str]) -> None:
    """Where every way to match counts, as it does if the end of the text is asked for."""
    try:
        dfa = compiled(f"(?:{pattern})\\Z")
    except InvalidPattern:
        return
    fsm = interegular.parse_pattern(pattern).to_fsm()
    for text in texts:
        assert (longest_match(dfa, text.encode()) is not None) == fsm.accepts(text), (pattern, text)


# --- Lark's grammars


@cache
def terminals(grammar: str) -> dict[str, tuple[str, str]]:
    """The terminals of one of Lark's grammars that are regular expressions: patterns and flags."""
    path = GRAMMARS / grammar
    loaded, _ = load_grammar(path.read_text(), str(path), [], False)
    rules = [name for name, *_ in loaded.rule_defs]
    found, _, _ = loaded.compile(rules[:1], "*")
    return {
        terminal.name: (terminal.pattern.value, "".join(sorted(terminal.pattern.flags)))
        for terminal in found
        if isinstance(terminal.pattern, PatternRE) and terminal.pattern.min_width
    }


@pytest.mark.parametrize("grammar", [path.name for path in sorted(GRAMMARS.glob("*.lark"))])
def test_terminals_of_larks_grammars(grammar: str) -> None:
    text = (GRAMMARS / grammar).read_text()
    for pattern, flags in terminals(grammar).values():
        dfa = compiled(pattern, flags)
        assert_sound(dfa)
        for place in range(0, len(text), 7):
            rest = text[place : place + 60]
            assert longest_match(dfa, rest.encode()) == expected(pattern, flags, rest), (pattern, rest)


STRING_SCRAPS = ["'", '"', "\\", "a", "\n", "'''", '"""', "r", "B", "f'", "\u00e9"]
NUMBER_SCRAPS = ["0", "1", "_", "x", "e", "E+", ".", "j", "b1", "o7", "f", "-", "00"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(STRING_SCRAPS), max_size=12).map("".join))
def test_strings_of_python(text: str) -> None:
    for name in ("STRING", "LONG_STRING", "COMMENT", "NAME", "_NEWLINE"):
        assert_agrees(*terminals("python.lark")[name], text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(NUMBER_SCRAPS), max_size=8).map("".join))
def test_numbers_of_python(text: str) -> None:
    for name, (pattern, flags) in terminals("python.lark").items():
        if name.endswith("_NUMBER"):
            assert_agrees(pattern, flags, text)


@pytest.mark.parametrize("module", [tokenize, keyword, textwrap])
def test_tokens_of_python(module: ModuleType) -> None:
    """Every terminal at every token of real files."""
    source = Path(inspect.getfile(module)).read_text()
    lines = [0, *accumulate(map(len, source.splitlines(keepends=True)))]
    found: dict[str, int] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        start = lines[token.start[0] - 1] + token.start[1]
        rest = source[start : lines[token.end[0] - 1] + token.end[1] + 12]
        for name, (pattern, flags) in terminals("python.lark").items():
            end = longest_match(compiled(pattern, flags), rest.encode())
            assert end == expected(pattern, flags, rest), (name, rest)
            found[name] = found.get(name, 0) + (end is not None)
    assert min(found["NAME"], found["STRING"] + found["LONG_STRING"]) > 10
