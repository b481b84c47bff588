"""Rules with parameters: examples, and random grammars against all the short texts that their definition derives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import permutations, product

import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.errors import LimitExceeded, UnsatisfiableGrammar
from maskwright.grammar.limits import Budget, Limits

from .grammar_cases import Pair, refusal

VOCABULARY = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)


def permuted(count: int, end: str = '""') -> str:
    """A grammar of the permutations of so many letters, and ``end``."""
    letters = "".join(f'\n  | "{chr(97 + k)}" row::set_bit({k}) %if bit_clear({k})' for k in range(count))
    return f"start: row::0x0\nrow::_: {end} %if is_ones([0:{count}]){letters}"


def accepts(text: str, member: str) -> bool:
    matcher = mw.compile(mw.Lark(text), VOCABULARY).matcher()
    tokens = [*member.encode()]
    return matcher.accept_tokens(tokens) == len(tokens) and matcher.is_accepting()


MEMBERS: dict[str, tuple[str, list[str], list[str]]] = {
    "permutations": (permuted(3), ["abc", "cab", "bca"], ["", "ab", "abca", "aab", "d"]),
    "counts": (
        'start: row::0\nrow::_: "a" row::incr([0:2]) %if lt([0:2], 3) | "b" row::incr([2:4]) %if lt([2:4], 1) | "."',
        [".", "aaa.", "aba.", "baaa."],
        ["aaaa.", "bab.", "aaab"],
    ),
    "at least once each": (
        'start: row::0\nrow::_: "" %if is_ones([0:2]) | "a" row::set_bit(0) | "b" row::set_bit(1)',
        ["ab", "ba", "aaab", "abab"],
        ["", "a", "bb"],
    ),
    "up and down": (
        'start: up::0 "!"\nup::_: "<" up::incr(_) %if lt(_, 3) | down::_\ndown::_: ">" down::decr(_) %if gt(_, 0)\n'
        "  | () %if is_zeros(_)",
        ["!", "<>!", "<<<>>>!"],
        ["<!", "<<>!", "<<<<>>>>!", "<>>!"],
    ),
    "in the middle": (
        'start: a::3 | a::4\na::_: "(" a::incr([0:3]) ")" %if lt([0:3], 6) | "x" %if ge(_, 5)',
        ["(x)", "((x))", "(((x)))"],
        ["x", "((((x))))", "((x)"],
    ),
    "repeated": (
        'start: row::0x6 "."\nrow::_: ("a" %if bit_set(0) | "b" %if bit_set(1))* ("c" %if bit_set(2)){2}',
        ["cc.", "bbcc."],
        ["acc.", "bc.", "b."],
    ),
    "called in repetitions": (
        'start: row::1\nrow::_: digit::_{2,} "," [digit::clear_bit(0)] ("d" digit::bit_or(2))?\n'
        'digit::_: "1" %if bit_set(0) | "0" %if bit_clear(0) | "2" %if bit_set(1)',
        ["11,", "111,0", "11,d1", "11,0d2"],
        ["1,", "12,", "11,1", "11,d0"],
    ),
    "in templates": (
        'start: row::5\nrow::_: "[" listed{item::bit_and(4)} "]"\nlisted{x}: x ("," x)*\n'
        'item::_: "four" %if eq(_, 4) | "five" %if eq(_, 5)',
        ["[four]", "[four,four]"],
        ["[five]", "[]"],
    ),
    "with an alias": (
        'start: row::2\nrow::_: "a" -> first %if bit_set(1) | "b" -> second %if not(bit_set(1))',
        ["a"],
        ["b"],
    ),
    "blanks and comments": (
        "start : row :: 0 // zero\n"
        'row :: _ : "a" row :: set_bit( 0 ) %if and( bit_clear(0) , true() )\n # more\n  | "b"',
        ["ab", "b"],
        ["aab"],
    ),
    "all conditions": (
        "start: row::0x16\n"
        'row::_: "a" %if eq([1:4], 3) | "b" %if ne([1:4], 3) | "c" %if le([0:3], 6) | "d" %if lt([0:3], 6)\n'
        '  | "e" %if ge([2:5], 5) | "f" %if gt([2:5], 5) | "g" %if bit_count_eq(_, 3) | "h" %if bit_count_ne(_, 3)\n'
        '  | "i" %if bit_count_lt([0:4], 2) | "j" %if bit_count_le([0:4], 2) | "k" %if bit_count_gt([1:5], 2)\n'
        '  | "l" %if bit_count_ge([1:5], 4) | "m" %if or(bit_set(0), is_ones([1:3])) | "n" %if not(is_zeros([3:4]))',
        list("acegjkm"),
        list("bdfhiln"),
    ),
    "sixty-four bits": (
        'start: row::0xffffffffffffffff\nrow::_: "a" row::incr(_) %if is_ones(_) | "b" row::decr(_) %if bit_set(0)\n'
        '  | "c" %if eq(_, 18446744073709551614)',
        ["bc", "aabc"],
        ["c", "bac"],
    ),
    "beside schemas": (
        'start: row::0 "."\nrow::_: %json {"const": 1} row::set_bit(0) %if bit_clear(0)\n'
        '  | %json {"const": "a"} row::set_bit(1) %if bit_clear(1) | "" %if bit_count_ge(_, 1)',
        ["1.", '"a".', '1"a".', '"a"1.'],
        [".", "11.", '"a"1"a".'],
    ),
    "dead ends": (
        'start: row::0\nrow::_: "a" row::set_bit(0) | "b" row::set_bit(1) %if bit_clear(0) | "c" %if bit_clear(0)',
        ["c", "bc", "bbc"],
        ["a", "ac"],
    ),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    text, members, others = MEMBERS[name]
    assert [member for member in members if not accepts(text, member)] == []
    assert [other for other in others if accepts(text, other)] == []


@pytest.mark.parametrize("name", [name for name in MEMBERS if "%json" not in MEMBERS[name][0]])
def test_interpreter(name: str) -> None:
    form = mw.Lark(MEMBERS[name][0])
    Pair(read_form(form, Budget()), mw.compile(form, VOCABULARY)).walk(random.Random(name), 10)


def test_each_once() -> None:
    constraint = mw.compile(mw.Lark(permuted(5)), VOCABULARY)
    for order in permutations(b"abcde"):
        matcher = constraint.matcher()
        assert matcher.accept_tokens([*order]) == 5
        assert matcher.is_accepting()
    assert constraint.notes == ()


ERRORS: dict[str, tuple[str, str, tuple[int, int]]] = {
    "no underscore": ('start: v::1\nv:: "a" %if bit_set(0)', "no parameter or condition", (2, 5)),
    "no parameter": ('start: v::1\nv: "a"', "the rule v has no parameter", (1, 8)),
    "none given": ('start: v\nv::_: "a" %if bit_set(0)', "none is given to it", (1, 8)),
    "none given inside": ('start: v::0\nv::_: "a" v %if bit_set(0) | "b"', "none is given to it", (2, 11)),
    "nothing depends on it": ('start: v::0\nv::_: w\nw: "a"', "that nothing in it depends on", (2, 1)),
    "nothing around": ('start: v::_\nv::_: "a" %if bit_set(0)', "the rule start has no parameter", (1, 1)),
    "start": ('start::_: "a" %if bit_set(0)', "cannot be where a text starts", (1, 1)),
    "no bits": ('start: v::0\nv::_: "a" %if eq([3:3], 0)', "the bits [3:3] are none", (2, 18)),
    "bit too high": ('start: v::0\nv::_: "a" %if eq([64:65], 0)', "64 is greater than 63", (2, 19)),
    "bits too high": ('start: v::0\nv::_: "a" %if eq([0:65], 0)', "65 is greater than 64", (2, 21)),
    "number too high": ("start: v::18446744073709551616", "is greater than", (1, 11)),
    "number of many digits": (f"start: v::{'9' * 5000}", "is greater than", (1, 11)),
    "deeply nested": (f'start: v::0\nv::_: "a" %if {"not(" * 3000}true{")" * 3000}', "conditions are nested", (2, 419)),
    "condition of a terminal": ('start: T\nT: "a" %if true', "%if cannot stand here", (2, 8)),
    "parameter of a terminal": ('start: T\nT::_: "a"', "a terminal has no parameter", (2, 1)),
    "call in a terminal": ('start: T\nT: v::0\nv::_: "a" %if bit_set(0)', "v:: cannot stand here", (2, 4)),
    "unknown condition": ('start: v::0\nv::_: "a" %if odd(_)', "no parameter or condition", (2, 15)),
    "unknown value": ('start: v::twice(_)\nv::_: "a"', "no parameter or condition", (1, 11)),
    "lazy": ("start: v::0\nv::_[lazy]: /a/", "has a parameter, and cannot be lazy", (2, 5)),
    "ended": ('start: v::0\nv::_[stop="."]: /a/', "has a parameter, and cannot be", (2, 5)),
    "unknown": ("start: v::0", "'v'", (1, 8)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    text, said, place = ERRORS[name]
    refusal(lambda: mw.compile(mw.Lark(text), VOCABULARY), said, place)


def test_limit() -> None:
    with pytest.raises(LimitExceeded, match=r"rules, such as row, .* 500 values .*line 2, column 1.*limits.states"):
        mw.compile(mw.Lark(permuted(10)), VOCABULARY, Limits(states=500))
    with pytest.raises(LimitExceeded, match="values"):
        mw.compile(mw.Lark('start: v::0\nv::_: "a" v::incr(_) | "b" v::decr(_) | "c"'), VOCABULARY)


def test_without_texts() -> None:
    with pytest.raises(UnsatisfiableGrammar, match="start, v never end"):
        mw.compile(mw.Lark('start: v::0\nv::_: "a" v::set_bit(0) | "b" %if gt(_, 1)'), VOCABULARY)


def test_notes() -> None:
    text = 'start: v::0\nv::_: "a" v::set_bit(0) | "b" w::_ | "c" %if bit_set(0)\nw::_: "d" w::incr([0:1])\nu::_: u::_'
    notes = mw.compile(mw.Lark(text), VOCABULARY).notes
    assert notes == ("the rule w derives no text", "the rule u cannot be reached from start")


# --- random grammars

Body = list[tuple[list[object], str, Callable[[int], bool]]]
VALUES: dict[str, Callable[[int], int]] = {
    "_": lambda p: p,
    "5": lambda p: 5,
    "0x2": lambda p: 2,
    "set_bit(1)": lambda p: p | 2,
    "clear_bit(2)": lambda p: p & 3,
    "bit_and(6)": lambda p: p & 6,
    "bit_or(0x1)": lambda p: p | 1,
    "incr([0:2])": lambda p: p if p % 4 == 3 else p + 1,
    "decr(_)": lambda p: max(p - 1, 0),
    "decr([1:3])": lambda p: p if p < 2 else p - 2,
}
CONDITIONS: dict[str, Callable[[int], bool]] = {
    "true": lambda p: True,
    "bit_set(0)": lambda p: p % 2 == 1,
    "bit_clear(2)": lambda p: p < 4,
    "is_ones([0:2])": lambda p: p % 4 == 3,
    "is_zeros([1:3])": lambda p: p < 2,
    "lt(_, 5)": lambda p: p < 5,
    "ne([0:2], 2)": lambda p: p % 4 != 2,
    "bit_count_ge(_, 2)": lambda p: f"{p:b}".count("1") >= 2,
    "or(eq(_, 4), not(le(_, 1)))": lambda p: p == 4 or p > 1,
}


def sampled(source: random.Random) -> dict[str, Body]:
    """Rules with a parameter: symbols are letters, or pairs of a rule and what it is given."""
    names = ["p", "q"][: source.randint(1, 2)]
    return {
        name: [
            (
                [
                    source.choice("ab") if source.random() < 0.6 else (source.choice(names), source.choice([*VALUES]))
                    for _ in range(source.choice([0, 1, 1, 2, 2, 3]))
                ],
                condition := source.choice([*CONDITIONS][number == 0 :]),
                CONDITIONS[condition],
            )
            for number in range(source.randint(2, 4))
        ]
        for name in names
    }


def written(rules: dict[str, Body]) -> str:
    lines = ['start: "a" p::6 | p::1 "b"']
    for name, body in rules.items():
        rows = [
            " ".join(f'"{s}"' if isinstance(s, str) else f"{s[0]}::{s[1]}" for s in symbols) + f" %if {condition}"
            for symbols, condition, _ in body
        ]
        lines.append(f"{name}::_: {' | '.join(rows)}")
    return "\n".join(lines)


def derived(rules: dict[str, Body], longest: int) -> set[str]:
    """The texts of the grammar, by its definition: a rule for each value from 0 to 7."""
    texts: dict[tuple[str, int], set[str]] = {(name, value): set() for name in rules for value in range(8)}
    size = -1
    while size < sum(map(len, texts.values())):
        size = sum(map(len, texts.values()))
        for (name, value), found in texts.items():
            for symbols, _, holds in rules[name]:
                parts = [{s} if isinstance(s, str) else texts[s[0], VALUES[s[1]](value)] for s in symbols]
                if holds(value):
                    found.update(text for text in map("".join, product(*parts)) if len(text) <= longest)
    return {
        text for text in {"a" + t for t in texts["p", 6]} | {t + "b" for t in texts["p", 1]} if len(text) <= longest
    }


def accepted(constraint: mw.Constraint, longest: int) -> Iterator[str]:
    def from_here(text: str) -> Iterator[str]:
        if matcher.is_accepting():
            yield text
        followed = matcher.is_accepting()
        for letter in "ab" if len(text) < longest else "":
            if matcher.accept_token(ord(letter)):
                followed = True
                yield from from_here(text + letter)
                matcher.rollback(1)
        assert followed or len(text) == longest, f"{text} is a dead end"

    matcher = constraint.matcher()
    return from_here("")


@pytest.mark.parametrize("seed", range(60))
def test_random_grammars(seed: int) -> None:
    rules = sampled(random.Random(seed))
    expected = derived(rules, 5)
    try:
        constraint = mw.compile(mw.Lark(written(rules)), VOCABULARY)
    except UnsatisfiableGrammar:
        assert expected == set()
    else:
        assert set(accepted(constraint, 5)) == expected
