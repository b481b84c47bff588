"""Texts that are cut otherwise than rules want: what Lark accepts no completion of is refused, and nothing else."""

from __future__ import annotations

import itertools
import random
from contextlib import suppress

import lark
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maskwright.grammar.cfg import exact_grammar
from maskwright.grammar.cfg.interpreter import GrammarInterpreter
from maskwright.grammar.errors import LimitExceeded, UnsatisfiableGrammar
from maskwright.grammar.limits import Budget, Limits

from .grammar_cases import Case, Pair, cases, constraint_of, grammar_of, judged, mask_of
from .test_grammar_engine import ASCII, SEEDS, accepts, examples, without_conflicts

CUT_OTHERWISE = {
    "words that nothing keeps apart": ('start: WORD WORD | "1"\nWORD: /[a-z]+/', "a1"),
    "a longer match that is not wanted": ('start: "x" e "1" "23" | "y" e LONG | "z"\ne: "a"\nLONG: /1+2/', "xya12"),
    "a match that more text takes back": ('start: SHORT "bc" | "z"\nSHORT: /a(?!b)/', "abcz"),
    "a longer match some terminals later": (
        'start: "x" e "1" "1" "1" "2" | "y" e LONG | "x" e "1" "3"\ne: "a"\nLONG: /1112/',
        "xya123",
    ),
    "what only a blank keeps apart": ('start: WORD WORD "." | "1"\nWORD: /[a-z]+/\n%ignore " "', "a .1"),
    "a word that goes on": ('start: "(" WORD ")" | WORD "a"+ "1"\nWORD: /[a-z]+/', "a1()"),
    "a terminal that another one hides": ('start: "1" A "2" | "3" B "4" | "5"\nA.2: "a"\nB: /a/', "12345a"),
    "words side by side by recursion": (
        'start: item+ "!"\nitem: "(" item ")" | WORD | "[" WORD "]" WORD\nWORD: /[a-z]+/',
        "a()[]!",
    ),
    "a blank that goes on": ('start: WORD " x" | "1"\nWORD: /[a-z]+/\n%ignore / +/', "ax 1"),
    "a comment that would end": ('start: "/" "*" WORD "*/" | "1"\nWORD: "a"\n%ignore /\\/\\*.*?\\*\\// | " "', "a/* "),
    "an empty text": ('start: (WORD WORD)?\nWORD: "a"+\n%ignore " "', "a "),
}
"""Grammars, and the letters that tell."""


def agrees_with_lark(pair: Pair, parser: lark.Lark | None, letters: str, longest: int, depth: int) -> None:
    """All texts of ``letters`` that Lark accepts are, and whatever is allowed has a completion that Lark accepts."""
    for size in range(longest + 1):
        for each in itertools.product(letters, repeat=size):
            content = "".join(each)
            assert judged(pair.constraint, content.encode()) == accepts(parser, content), content
    level = [""]
    for _ in range(depth):
        longer = []
        for content in level:
            matcher = pair.constraint.matcher()
            assert matcher.accept_tokens(list(content.encode())) == len(content)
            after = pair.interpreter.read(pair.interpreter.start(), content.encode())
            assert after is not None
            with suppress(LimitExceeded):
                completion = pair.interpreter.completion(after, ASCII, 500)
                assert completion is not None, content
                assert accepts(parser, content + completion.decode()), content
            allowed = mask_of(matcher)
            longer += [content + letter for letter in letters if allowed[ord(letter)]]
        level = longer[:40]


@pytest.mark.parametrize(("text", "letters"), CUT_OTHERWISE.values(), ids=CUT_OTHERWISE)
def test_what_is_cut_otherwise(text: str, letters: str) -> None:
    longest = 6 if len(letters) < 5 else 5
    agrees_with_lark(Pair(grammar_of(text)), lark.Lark(text, parser="lalr"), letters, longest, 4)


@pytest.mark.parametrize(("text", "letters"), CUT_OTHERWISE.values(), ids=CUT_OTHERWISE)
@pytest.mark.parametrize("seed", range(3))
def test_kernels_and_interpreter_agree(text: str, letters: str, seed: int) -> None:
    Pair(grammar_of(text)).walk(random.Random(seed), 12)


@examples(15)
@given(cases(), st.sampled_from(["ab1", "a +", "ia(", "ab/*", "1.a"]))
def test_all_short_texts(case: Case, letters: str) -> None:
    parser = without_conflicts(case.text)
    assume(parser is not None)
    try:
        pair = Pair(grammar_of(case.text, "n0"))
        agrees_with_lark(pair, parser, letters, 4, 3)
    except UnsatisfiableGrammar:
        assume(False)


@examples(15)
@given(cases(), SEEDS)
def test_terminals_that_can_be_kept_apart(case: Case, seed: int) -> None:
    """Where a grammar is taken for one without dead ends, the exact interpreter refuses nothing else."""
    try:
        grammar = grammar_of(case.text, "n0")
        constraint = constraint_of(grammar)
    except UnsatisfiableGrammar:
        assume(False)
        return
    interpreter = GrammarInterpreter(grammar, Budget(Limits()), is_exact=True)
    configuration, matcher, generator = interpreter.start(), constraint.matcher(), random.Random(seed)
    for _ in range(6):
        after = {byte: interpreter.step(configuration, byte) for byte in range(256)}
        allowed = [byte for byte, reached in after.items() if reached is not None]
        assert mask_of(matcher)[:256].nonzero()[0].tolist() == allowed
        letters = [byte for byte in allowed if byte < 128]
        if not letters:
            return
        byte = generator.choice(letters)
        configuration = after[byte] or configuration
        assert matcher.accept_token(byte)
        if len(configuration) > 60:
            return


def test_texts_that_are_all_cut_otherwise() -> None:
    with pytest.raises(UnsatisfiableGrammar, match="cut into terminals"):
        constraint_of(grammar_of("start: WORD WORD\nWORD: /[a-z]+/"))


def test_large_grammars_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_grammar, "MOST_RULES", 1)
    text = 'start: "(" WORD ")" | WORD "a"+ "1" | WORD WORD\nWORD: /[a-z]+/'
    tables = constraint_of(grammar_of(text))._automaton.grammar
    assert tables is not None
    assert not tables.is_exact
