"""What Lark grammars may hold beyond Lark's language: repetitions in braces, lazy rules, tokens by number."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.grammar.cfg.forms import read_form
from maskwright.grammar.cfg.special_tokens import with_special_tokens
from maskwright.grammar.errors import InvalidGrammar
from maskwright.grammar.limits import Budget

from .grammar_cases import Pair, refusal

CALL, END, PAD = 257, 258, 259
VOCABULARY = mw.Vocabulary.from_tokens(
    [bytes([byte]) for byte in range(256)] + [b""] * 4,
    eos_token_ids=256,
    special_token_ids=[PAD],
    special_tokens={"<|call|>": CALL, "<|end|>": END},
)

MEMBERS: dict[str, tuple[str, list[str], list[str]]] = {
    "from two to three": ("start: digit{2,3}\ndigit: /[0-9]/", ["12", "123"], ["1", "1234"]),
    "exactly": ('start: ("k" "m"){2}', ["kmkm"], ["km", "kmkmkm"]),
    "at least": ('start: word{2,} "."\nword: "ho" | "hey"', ["hohey.", "hohoho."], ["ho.", "."]),
    "at most": ('start: word{,2} "."\nword: "ho"', [".", "ho.", "hoho."], ["hohoho."]),
    "at least, of a group": ('start: ("<" ("a" | "b") ">"){1,}', ["<a>", "<a><b>"], ["", "<ab>"]),
    "at least, of a template": ('start: pair{"x"}{2,}\npair{p}: p "," p', ["x,xx,x", "x,xx,xx,x"], ["x,x"]),
    "at least, of a schema": ('start: (%json {"type": "null"} ";"){2,}', ["null;null;"], ["null;", "null"]),
    "in a terminal": ('start: T\nT: "q"{2} /w/{1,} "z"{,1}', ["qqw", "qqwwwz"], ["qw", "qq", "qqwzz"]),
    "nothing": ('start: "a" ("b" | "") c\nc: "" | "c"', ["a", "ab", "ac", "abc"], ["", "b", "acc"]),
    "blanks": ('start: "a"{ 1 , 2 }', ["a", "aa"], ["", "aaa"]),
    "suffix": (
        'start: "<t>" inner "!"\ninner[suffix="</t>"]: /(.|\\n)*/',
        ["<t>a\n<b</t>!", "<t></t>!"],
        ["<t></t></t>!"],
    ),
    "pattern as suffix": ('start: inner "x"\ninner[suffix=/[.;]/]: /.+/', ["ab.x", "a;x"], ["a.;x", ".x"]),
    "stop": ('start: inner*\ninner[stop="|"]: /[^,]*/', ["", "a|", "a||b|"], ["a", ",|"]),
    "lazy": ('start: inner "x"\ninner[lazy]: /[a-z]+/ "."  // the end', ["abc.x"], ["abc..x", ".x"]),
    "lazy up to a terminal": (
        'start: hidden "x"\nhidden[suffix=END]: TEXT\nTEXT: /[^,]/*\nEND: "<" ("/" | ".") ">"',
        ["a<b</>x", "<.>x"],
        ["a<x>", ",<.>x"],
    ),
    "lazy terminals": ('start: hidden "x"\nhidden[lazy]: TEXT "."\nTEXT: /[a-z]+/ /\\d/?', ["a.x", "b1.x"], ["a..x"]),
    "lazy in its first part": ("start: inner\ninner[lazy]: /a|ab/ /b?c/", ["ac", "abc", "abbc"], ["a", "abb"]),
    "flags": ('start: inner\ninner[lazy]: /x+/i "END"i', ["xXend", "XEnd"], ["xend.", "end"]),
    "intersection": ("start: T\nT: LETTERS & /.{2,3}/\nLETTERS: /[a-z]+/", ["ab", "abc"], ["a", "ABC", "abcd"]),
    "complement": ('start: T ";"\nT: /[a-z]+/ & ~("if" | "el" "se")', ["iff;", "i;", "elsei;"], ["if;", "else;"]),
    "twice turned": ("start: T\nT: ~~/a+/", ["a", "aaa"], ["b"]),
    "rows before intersections": ('start: T\nT: "x"{2} /[a-z]/* & ~/.*z/  // no z', ["xx", "xxa"], ["xxz", "x"]),
    "intersections before alternatives": (
        'start: T\nT: /[ab]+/ | /[cd]+/ & ("c" | /d{2}/)\n  | (/q/ & /[qr]/)\n',
        ["aba", "c", "dd", "q"],
        ["d", "cc", "r"],
    ),
    "may be empty": (
        'start: T "!" | "(" U? ")" T\nT: /[a-z]*/\nU: "x"? | "zz"',
        ["!", "ab!", "()", "(x)", "(zz)ab"],
        ["ab", "(xzz)"],
    ),
    "always empty": ('start: T "!"\nT: /y*?/', ["!"], ["y!"]),
    "may be empty in common": ('start: T ";"\nT: /a*/ & /(ab?)*/', [";", "aa;"], ["ab;"]),
    "nothing in common": ('start: "k" | T\nT: /ab/ & /b/', ["k"], ["ab", "b"]),
    "characters of several bytes": ('start: T "!"\nT: ~/é+/ & /[^!]+/', ["e!", "éa!", "ü!"], ["é!", "éé!", "!"]),
    "the same pattern twice": ('start: %regex /[ab]+/ "1" | %regex /[ab]+/ "2"', ["ab1", "ba2"], ["1", "c1"]),
    "the same passage twice": (
        'start: part "1" | %regex {"substring_words": "x y"} "2"\npart: %regex {"substring_words": "x y"}',
        ["x1", "x y2"],
        ["z1"],
    ),
    "the same schema twice": (
        'start: %json {"type": "null"} "1" | %json {"type": "null"} %json {"type": "null"}',
        ["null1", "nullnull"],
        ["null"],
    ),
    "the same lazy row twice": ('start: v "1" | w "2"\nv[lazy]: /a+b/\nw[lazy]: /a+b/', ["ab1", "aab2"], ["ab"]),
    "options": ('%llguidance { "no_forcing": true }\nstart: "a" "b"\n%ignore " "', ["ab", " a b"], ["a"]),
    "idle": ('start: v\nv[capture="n", temperature=0.2]: "a" w?\nw[capture]: "b"', ["a", "ab"], ["b"]),
}


def accepts(form: object, items: list[int]) -> bool:
    matcher = mw.compile(form, VOCABULARY).matcher()
    return matcher.accept_tokens(items) == len(items) and matcher.is_accepting()


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    text, members, others = MEMBERS[name]
    form = mw.Lark(text)
    assert [member for member in members if not accepts(form, [*member.encode()])] == []
    assert [other for other in others if accepts(form, [*other.encode()])] == []


@pytest.mark.parametrize("name", [name for name in MEMBERS if "%json" not in MEMBERS[name][0]])
def test_interpreter(name: str) -> None:
    form = mw.Lark(MEMBERS[name][0])
    grammar = with_special_tokens(read_form(form, Budget(), frozenset()), VOCABULARY)
    Pair(grammar, mw.compile(form, VOCABULARY)).walk(random.Random(name), 10)


@pytest.mark.parametrize(
    ("form", "members", "others"),
    [
        (mw.Lark('start: <[257]> "a" <[258-259]>'), [[CALL, 97, END], [CALL, 97, PAD]], [[END, 97, PAD], [97]]),
        (mw.Lark("start: T+\nT: <[257,259]>"), [[PAD], [CALL, PAD]], [[END], []]),
        (mw.Gbnf('root ::= <[257]> [a-c]* <[259]> | "z" <|end|>'), [[CALL, 98, PAD], [122, END]], [[122, PAD]]),
    ],
)
def test_tokens_by_number(form: object, members: list[list[int]], others: list[list[int]]) -> None:
    assert [accepts(form, items) for items in members] == [True] * len(members)
    assert [accepts(form, items) for items in others] == [False] * len(others)


def test_the_same_token_twice() -> None:
    form = mw.Lark('start: <|call|> "a" | <|call|> "b"')
    assert accepts(form, [CALL, *b"a"])
    assert accepts(form, [CALL, *b"b"])


def test_other_tokens() -> None:
    form = mw.Gbnf('root ::= <[257]> inner <|end|>\ninner ::= (!<|end|>)+ | !<[258,259]>* ";"')
    assert all(accepts(form, [CALL, *text, END]) for text in ([97], [PAD], [97, PAD, CALL, 98], [59], [CALL, 59]))
    assert not any(accepts(form, [CALL, *text, END]) for text in ([], [END], [97, END]))
    alone = mw.Vocabulary.from_tokens([b"a", b"b", b"", b""], eos_token_ids=2, special_tokens={"<|end|>": 3})
    matcher = mw.compile(mw.Gbnf("root ::= !<|end|>* <|end|>"), alone).matcher()
    assert matcher.accept_tokens([0, 1, 0, 3]) == 4
    assert matcher.is_accepting()
    with pytest.raises(InvalidGrammar, match="no special token <x>"):
        mw.compile(mw.Gbnf("root ::= !<x>+"), VOCABULARY)


def test_notes() -> None:
    notes = mw.compile(mw.Lark(MEMBERS["idle"][0]), VOCABULARY).notes
    assert [note for note in notes if note.startswith("temperature")] == [
        "temperature of the rule v is left to whoever samples"
    ]


ERRORS: dict[str, tuple[str, str, tuple[int, int]]] = {
    "budget": ('start: v\nv[max_tokens=9]: "x"', "max_new_tokens", (2, 3)),
    "no end": ('start: v\nv[lazy, stop=""]: /x/', "the end token is no text", (2, 9)),
    "end by name": ("start: v\nv[suffix=S]: /x/", "no terminal S is defined here", (2, 13)),
    "end by names": ('start: v\nv[suffix=S S]: /x/\nS: "s"', "no attribute of a rule", (2, 2)),
    "end in common": ("start: v\nv[suffix=S]: /x/\nS: /s/ & /./", "intersects or complements", (2, 13)),
    "unknown": ('start: v\nv[fast]: "x"', "the attribute fast is not supported", (2, 3)),
    "none": ('start: v\nv[ ]: "x"', "no attribute of a rule", (2, 2)),
    "lazy rules": ('start: v\nv[lazy]: v "x" | "y"', "one row of patterns and texts", (2, 9)),
    "lazy alternatives": ('start: v\nv[lazy]: "x" | "y"', "one row of patterns and texts", (2, 13)),
    "lazy lines": ('start: v\nv[lazy]: "x"\n  | "y"', "one row of patterns and texts", (2, 13)),
    "looking ahead": ("start: v\nv[lazy]: /x(?=y)/", "let the rule end with a text that is part of it", (2, 9)),
    "nothing": ('start: v\nv[lazy]: "" "x"', "leave out what is empty", (2, 9)),
    "bounds": ('start: v{3,1}\nv: "x"', "Bad Range", (2, 1)),
    "intersected rules": ('start: v & v\nv: "x"', "intersect in the definition of a terminal", (1, 10)),
    "nothing to intersect": ("start: T\nT: /a/ &", "was expected", (2, 9)),
    "unknown in sets": ('%import common.INT\nstart: T\nT: INT & "1"', "define it as a terminal in this text", (3, 4)),
    "rule in sets": ('start: T\nT: /x/ & v\nv: "x"', "was expected", (2, 10)),
    "part of itself": ("start: T\nT: /x/ & U\nU: T /y/", "without itself", (3, 4)),
    "sets in a row": ('start: T\nT: ("x" & /x/) "y"', "no part of a row", (2, 19)),
    "sets in others": ('start: T\nT: /x/ & /./\nU: T "y"', "can be no part of another", (3, 4)),
    "ahead of sets": ("start: T\nT: /x(?=y)/ & /x/", "looks ahead of its end", (2, 3)),
    "backslash at the end": ("start: <[258]>~1..3\\", "Expecting a value", (1, 21)),
    "open sets": ("start: T\nT: /x/ & (/y/", "not closed", (2, 14)),
    "unknown options": ('%llguidance {"ignore_once": true}\nstart: "a"', "ignore_once is not supported", (1, 13)),
    "option of text": ('%llguidance {"no_forcing": "no"}\nstart: "a"', "neither true nor false", (1, 13)),
    "no options": ('%llguidance []\nstart: "a"', "takes no such value", (1, 13)),
    "another grammar": ("start: @other", "write its rules here as %lark", (1, 8)),
    "numbers": ("start: <[9-7]>", "lists no numbers of tokens", (1, 8)),
    "no numbers": ("start: <[*]>", "lists no numbers of tokens", (1, 8)),
    "a text": ("start: <[97]>", "the token 97 of <[97]> is text", (0, 0)),
    "end of text": ("start: <[256]>", "end token", (0, 0)),
    "beyond": ("start: <[260]>", "a vocabulary of 260 tokens", (0, 0)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    text, said, place = ERRORS[name]
    refusal(lambda: mw.compile(mw.Lark(text), VOCABULARY), said, place)
