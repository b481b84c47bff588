"""GBNF and EBNF: against plain enumeration of what their expressions derive, and the errors that a user sees."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.cfg.analysis import without_empty
from maskwright.grammar.cfg.byte_dfa import ByteDfa
from maskwright.grammar.cfg.ebnf import Ebnf, read_ebnf
from maskwright.grammar.cfg.gbnf import Gbnf, read_gbnf
from maskwright.grammar.cfg.model import Grammar, SpecialToken
from maskwright.grammar.cfg.notation import (
    Characters,
    Choice,
    Expression,
    Literal,
    Reference,
    Repetition,
    Sequence,
)
from maskwright.grammar.charset import contains
from maskwright.grammar.errors import InvalidGrammar, LimitExceeded, UnsatisfiableGrammar
from maskwright.grammar.limits import Budget
from maskwright.grammar.regex_nodes import UNBOUNDED

LONGEST = 5
LETTERS = "ab\u00e9"


def gbnf(text: str, start: str = "root") -> Grammar:
    return read_gbnf(Gbnf(text, start), Budget())


def ebnf(text: str, start: str = "root") -> Grammar:
    return read_ebnf(Ebnf(text, start), Budget())


# --- what is derived


def joined(parts: list[set[str]]) -> set[str]:
    found = {""}
    for part in parts:
        found = {x + y for x, y in product(found, part) if len(x) + len(y) <= LONGEST}
    return found


def of_expression(expression: Expression, known: dict[str, set[str]]) -> set[str]:
    match expression:
        case Literal(text):
            return {text} if len(text) <= LONGEST else set()
        case Characters(chars):
            return {letter for letter in LETTERS if contains(chars, ord(letter))}
        case Reference(name):
            return known[name]
        case Sequence(items):
            return joined([of_expression(item, known) for item in items])
        case Choice(options):
            return set().union(*(of_expression(option, known) for option in options))
        case Repetition(body, low, high):
            one = of_expression(body, known)
            found, layer = set[str](), joined([one] * min(low, LONGEST + 1)) if low <= LONGEST or "" in one else set()
            for _ in range(min(high, LONGEST + low) - low + 1):
                found |= layer
                layer = joined([layer, one])
            return found
    raise AssertionError(expression)


def of_rules(rules: dict[str, Expression]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {name: set() for name in rules}
    grown = True
    while grown:
        grown = False
        for name, expression in rules.items():
            found = of_expression(expression, known)
            grown = grown or not found <= known[name]
            known[name] |= found
    return known


def of_automaton(dfa: ByteDfa) -> set[str]:
    found, layer = set[str](), {"": dfa.start}
    for _ in range(LONGEST + 1):
        found |= {text for text, state in layer.items() if dfa.decided[state]}
        grown: dict[str, int] = {}
        for (text, state), letter in product(layer.items(), LETTERS):
            for byte in letter.encode():
                state = int(dfa.transitions[state, byte])
            if state:
                grown[text + letter] = state
        layer = grown
    return found


def of_grammar(grammar: Grammar) -> set[str]:
    contents = [of_automaton(t.content) for t in grammar.terminals if isinstance(t.content, ByteDfa)]
    assert len(contents) == len(grammar.terminals)
    found: list[set[str]] = [set() for _ in grammar.nonterminals]
    grown = True
    while grown:
        grown = False
        for rule in grammar.rules:
            new = joined([contents[symbol] if symbol >= 0 else found[~symbol] for symbol in rule.expansion])
            grown = grown or not new <= found[rule.origin]
            found[rule.origin] |= new
    return found[grammar.start]


# --- random grammars


def written(expression: Expression) -> str:
    match expression:
        case Literal(text):
            return f'"{text}"'
        case Characters(chars):
            return f"[{''.join(f'{chr(low)}-{chr(high)}' for low, high in chars)}]"
        case Reference(name):
            return name
        case Sequence(items):
            return f"({' '.join(map(written, items))})"
        case Choice(options):
            return f"({' | '.join(map(written, options))})"
        case Repetition(body, low, high):
            return f"({written(body)}){{{low},{'' if high == UNBOUNDED else high}}}"
    raise AssertionError(expression)


NAMES = ("root", "x-1", "y", "z")
LEAVES = st.one_of(
    st.text(LETTERS, max_size=3).map(Literal),
    st.sampled_from([Characters(((97, 98),)), Characters(((98, 98), (233, 233)))]),
    st.sampled_from(NAMES).map(Reference),
)


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    bounds = st.tuples(st.integers(0, 3), st.integers(0, 7) | st.just(UNBOUNDED))
    return st.one_of(
        some.map(Sequence),
        some.map(Choice),
        st.builds(lambda body, pair: Repetition(body, pair[0], pair[0] + pair[1]), inner, bounds),
    )


RULES = st.dictionaries(st.sampled_from(NAMES), st.recursive(LEAVES, _larger, max_leaves=8), max_size=4).map(
    lambda rules: {name: rules.get(name, Literal("")) for name in NAMES}
)


def _unbounded(expression: Expression) -> Expression:
    match expression:
        case Repetition(body, low, high):
            return Repetition(_unbounded(body), low, min(high, UNBOUNDED))
        case Sequence(items):
            return Sequence(tuple(map(_unbounded, items)))
        case Choice(options):
            return Choice(tuple(map(_unbounded, options)))
    return expression


@given(RULES)
def test_language(rules: dict[str, Expression]) -> None:
    rules = {name: _unbounded(expression) for name, expression in rules.items()}
    expected = of_rules(rules)["root"]
    text = "\n".join(f"{name} ::= {written(expression)}" for name, expression in rules.items())
    for read in (gbnf, ebnf):
        try:
            grammar = read(text)
        except UnsatisfiableGrammar:
            assert not expected
            continue
        assert of_grammar(grammar) == expected
        proper, accepts_empty = without_empty(grammar)
        assert of_grammar(proper) == expected - {""}
        assert accepts_empty == ("" in expected)


@given(RULES)
def test_parts_that_stay_apart(rules: dict[str, Expression]) -> None:
    rules = {name: _unbounded(expression) for name, expression in rules.items()}
    text = "\n".join(f"{name} ::= {written(expression)}" for name, expression in rules.items())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maskwright.grammar.cfg.regular_parts.POSITIONS", 1)
        patch.setattr("maskwright.grammar.cfg.folded_rules.SHARED", 1)
        try:
            grammar = gbnf(text)
        except UnsatisfiableGrammar:
            return
    assert of_grammar(grammar) == of_rules(rules)["root"]


# --- single features

JSON = r"""
# llama.cpp's way to write JSON
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
"""


def accepts(dfa: ByteDfa, data: bytes) -> bool:
    state = dfa.start
    for byte in data:
        state = int(dfa.transitions[state, byte])
    return bool(dfa.decided[state])


def only(grammar: Grammar) -> ByteDfa:
    """The one terminal that the whole grammar is."""
    assert [(rule.origin, rule.expansion) for rule in grammar.rules] == [(grammar.start, (0,))]
    content = grammar.terminals[0].content
    assert isinstance(content, ByteDfa)
    return content


def test_json() -> None:
    grammar = gbnf(JSON)
    assert not grammar.notes
    assert len(grammar.terminals) < 20
    assert len(grammar.rules) < 20
    string = only(gbnf(JSON, "string"))
    assert accepts(string, '"\\u00e9 \\" \u00e9"'.encode())
    assert not accepts(string, b'"\\x"')


MEMBERS = {
    "escapes": (
        gbnf,
        r'root ::= "\x41\u00e9\U0001F600\n\"" [\]\-\\]',
        ['A\u00e9\U0001f600\n"]', 'A\u00e9\U0001f600\n"-'],
        ["A"],
    ),
    "negated": (gbnf, "root ::= [^a-c\\n]", ["d", "\u00e9", "\U0001f600"], ["a", "c", "\n", ""]),
    "last dash": (gbnf, "root ::= [+-]", ["+", "-"], [","]),
    "any": (gbnf, "root ::= . .", ["a\n", "\u00e9\U0001f600"], ["a"]),
    "bounds": (
        gbnf,
        'root ::= "ab"{2} | "c"{2,} | "d"{1,2} | "e"{,2}',
        ["abab", "ccc", "dd", "", "ee"],
        ["ab", "c", "ddd"],
    ),
    "lines": (gbnf, 'root ::= (\n"a"\n# x\n) |\n"b" # y\nc ::= "c"', ["a", "b"], ["c"]),
    "right linear": (gbnf, 'root ::= [a-z] root | "." | "-" (root)?', ["ab.", "-", "a-."], ["", "a", "..", "a"]),
    "left linear": (ebnf, 'root ::= "a" | root "b" | root [0-9]', ["a", "ab1b"], ["b", "aa"]),
    "W3C": (ebnf, "/* W3C */ root ::= 'a\"' | \"b'\" | [^]", ['a"', "b'", "\n"], ["aa"]),
    "dotted": (ebnf, 'root ::= a.b_c-d "\\e\\0\\x1F600"\na.b_c-d ::= "x"', ["x\x1b\0\U0001f600"], ["x"]),
    "no token": (ebnf, 'root ::= "<a>" "\\?\\/"', ["<a>?/"], []),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    read, text, members, others = MEMBERS[name]
    dfa = only(read(text))
    assert [member for member in members if not accepts(dfa, member.encode())] == []
    assert [other for other in others if accepts(dfa, other.encode())] == []


def test_tokens() -> None:
    grammar = gbnf('root ::= <think> [a-z]* </think> "!" | x\nx ::= "(" x ")"?')
    names = {terminal.content.name for terminal in grammar.terminals if isinstance(terminal.content, SpecialToken)}
    assert names == {"<think>", "</think>"}


def test_many_alternatives() -> None:
    words = " | ".join(f'"word{number * 7919 % 2500}"' for number in range(2500))
    began = process_time()
    grammar = gbnf(f'root ::= "(" root ")" | word "."\nword ::= {words}')
    assert process_time() - began < 2
    assert len(grammar.terminals) == 4
    assert accepts(only(gbnf(f"root ::= {words}")), b"word2499")


@pytest.mark.parametrize("bounds", ["{0,1000}", "{1000}", "{3,777}", "{500,}"])
def test_long_repetitions(bounds: str) -> None:
    grammar = gbnf(f'root ::= x{bounds}\nx ::= "(" x ")" | "a"')
    assert len(grammar.rules) < 80
    low, high = {"{0,1000}": (0, 1000), "{1000}": (1000, 1000), "{3,777}": (3, 777), "{500,}": (500, 10**6)}[bounds]
    counts = times(grammar, 1001)
    assert counts == {count for count in range(1002) if low <= count <= high}


def times(grammar: Grammar, most: int) -> set[int]:
    """How many ``x`` the start derives, ``x`` taken as a terminal; as bits of an integer while counting."""
    found = [0] * len(grammar.nonterminals)
    found[grammar.nonterminals.index("x")] = 2
    mask, grown = (1 << most + 1) - 1, True
    while grown:
        grown = False
        for rule in grammar.rules:
            if grammar.nonterminals[rule.origin] == "x":
                continue
            new = 1
            for symbol in rule.expansion:
                new = _sums(new, found[~symbol], most) & mask
            grown = grown or bool(new & ~found[rule.origin])
            found[rule.origin] |= new
    return {count for count in range(most + 1) if found[grammar.start] >> count & 1}


def _sums(left: int, right: int, most: int) -> int:
    found = 0
    for shift in range(most + 1):
        if right >> shift & 1:
            found |= left << shift
    return found


# --- errors

ERRORS = {
    "undefined": (gbnf, 'root ::= "a"\n  item', "item is used, but not defined", (2, 3)),
    "twice": (gbnf, 'root ::= "a"\nroot ::= "b"', "root is defined a second time", (2, 1)),
    "no root": (gbnf, 'start ::= "a"', "no rule is called 'root'; rules are start", (0, 0)),
    "nothing": (gbnf, "# nothing", "no rule is called", (0, 0)),
    "parenthesis": (gbnf, 'root ::= ("a"', "not closed", (1, 10)),
    "closing": (gbnf, 'root ::= "a")', "cannot stand here", (1, 13)),
    "text": (gbnf, 'root ::= "a', "not closed", (1, 10)),
    "characters": (gbnf, "root ::= [a", "not closed", (1, 10)),
    "range": (gbnf, "root ::= [z-a]", "ends before it begins", (1, 11)),
    "escape": (gbnf, r'root ::= "\q"', r"GBNF knows no escape \q", (1, 11)),
    "class escape": (ebnf, r"root ::= [\d]", r"EBNF knows no escape \d", (1, 11)),
    "surrogate": (gbnf, r'root ::= "\uD83D"', "surrogate", (1, 11)),
    "code point": (gbnf, r'root ::= "\UFFFFFFFF"', "names no code point", (1, 11)),
    "bounds": (gbnf, 'root ::= "a"{x}', "no bounds", (1, 13)),
    "upper": (gbnf, 'root ::= "a"{3,1}', "below the lower one", (1, 13)),
    "repeated": (gbnf, 'root ::= "a"*********', "times over", (1, 13)),
    "no rule": (gbnf, '"a" ::= "b"', "a rule was expected", (1, 1)),
    "token numbers": (gbnf, "root ::= <[x]>", "lists no numbers", (1, 10)),
    "another token": (gbnf, "root ::= !<x>", "is one token, however long", (1, 10)),
    "some other tokens": (gbnf, 'root ::= ("a" !<x>)*', "is one token, however long", (1, 15)),
    "look-ahead": (ebnf, 'root ::= "a" (= "b")', "not supported", (1, 14)),
    "macro": (ebnf, 'root ::= TagDispatch(("a", b))', "not supported", (1, 10)),
    "line end": (ebnf, 'root ::= "a\n"', "not closed", (1, 10)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    read, text, said, place = ERRORS[name]
    with pytest.raises(InvalidGrammar) as caught:
        read(text)
    assert said in str(caught.value)
    assert (caught.value.line, caught.value.column) == place


def test_expected() -> None:
    with pytest.raises(InvalidGrammar) as caught:
        gbnf('root ::= "a" }')
    assert "[characters]" in caught.value.expected


def test_depth() -> None:
    deep = 'root ::= (("a" | root)' + "(" * 90 + '"b"' + ")*" * 90 + ")"
    assert gbnf(deep).rules
    with pytest.raises(LimitExceeded):
        gbnf("root ::= " + "(" * 2000 + '"a"' + ")" * 2000)
    chain = "\n".join(f'r{number} ::= "a" r{number + 1} "b"' for number in range(2000))
    grammar = gbnf(f'{chain}\nr2000 ::= "c"', "r0")
    assert len(grammar.rules) <= 2000


def test_unsatisfiable() -> None:
    with pytest.raises(UnsatisfiableGrammar, match="root"):
        gbnf('root ::= "a" x\nx ::= "b" root | []')


def test_notes() -> None:
    notes = gbnf('root ::= "a" | "b" x\nx ::= "c" x\nlost ::= "d"').notes
    assert set(notes) == {"the rule x derives no text", "the rule lost cannot be reached from root"}


@given(st.text(alphabet='ab:=|()[]{}"/*?+-.\\^<>! \n,0x', max_size=30))
def test_hostile_texts(text: str) -> None:
    for read in (gbnf, ebnf):
        for whole in (text, f"root ::= {text}"):
            with suppress(InvalidGrammar, LimitExceeded, UnsatisfiableGrammar):
                read(whole)
