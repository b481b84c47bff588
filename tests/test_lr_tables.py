"""The parser's automaton as kernels work it out, compared with the plain one."""

from pathlib import Path

import pytest

import maskwright as mw
from maskwright.grammar.cfg.analysis import without_empty
from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.lark_grammar import read_lark
from maskwright.grammar.cfg.lr import lr_automaton
from maskwright.grammar.cfg.lr_tables import lr_tables
from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.kernels import layout as at
from maskwright.grammar.limits import Budget, Limits

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.lark"))
TEXTS = (
    'start: "a"',
    'start: start start | "a"',
    'start: "(" start ")" | "a" | start "+" start',
    'start: x "c" | y "d"\nx: "a" "b"\ny: "a" "b"',
    "\n".join(
        ["start: " + " | ".join(f'"a{i}" x{i % 7}' for i in range(300)), *(f'x{i}: "b"~1..{i + 1}' for i in range(7))]
    ),
)


@pytest.mark.parametrize("form", [*map(Lark, TEXTS), *map(Lark, EXAMPLES)], ids=lambda form: str(form.text)[-20:])
def test_same_automaton(form: Lark) -> None:
    grammar, _ = without_empty(read_lark(form, Budget()))
    plain, tables = lr_automaton(grammar, Budget()), lr_tables(grammar, Budget())
    number = {0: 0}
    for state in number_as_met(number):
        own = number[state]
        for nonterminal, target in plain.gotos[state].items():
            assert number.setdefault(target, tables.goto(own, nonterminal)) == tables.goto(own, nonterminal)
        for terminal in range(plain.end + 1):
            shift = plain.shifts[state].get(terminal)
            found = actions(int(tables.actions[own, terminal]), tables.choices.tolist())
            assert tables.sure[own, terminal] == (shift is not None)
            if shift is not None:
                assert number.setdefault(shift, found[0] - 1) == found.pop(0) - 1
            assert [-code - 1 for code in found] == list(plain.reductions[state].get(terminal, ()))
    assert (tables.gotos != at.NONE).sum() == sum(map(len, plain.gotos))
    assert len(number) == len(plain.shifts) == len(tables.actions)


def number_as_met(number: dict[int, int]):
    done = 0
    while done < len(number):
        fresh = list(number)[done:]
        done += len(fresh)
        yield from fresh


def actions(code: int, choices: list[int]) -> list[int]:
    if code < at.MANY:
        return [code] if code else []
    place = code - at.MANY
    return choices[place + 1 : place + 1 + choices[place]]


def test_the_clock_starts_anew_for_each_context() -> None:
    """A constraint that was compiled long ago still compiles what decoding comes to."""
    vocabulary = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=256)
    constraint = mw.compile(mw.Lark('start: "a" (IF | NAME)\nIF: "if"\nNAME: /[a-z]+/'), vocabulary)
    constraint._automaton.budget._end = 0
    assert constraint.matcher().accept_tokens(list(b"aif")) == 3


def test_limit_of_states() -> None:
    grammar, _ = without_empty(read_lark(Lark('start: "a"~40'), Budget()))
    with pytest.raises(LimitExceeded, match="parser states"):
        lr_tables(grammar, Budget(Limits(states=10)))
